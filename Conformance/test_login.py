"""Who may come in, and how: each way in which `az` logs in."""

import configparser
import re

import pytest

from cloud import STANDARD_PORT, unique
from web_form import submit

ONLY_ON_STANDARD_PORT = "MSAL drops the port of the login host when it asks for the user's realm, so password login needs port 443"


def test_the_profile_has_this_cloud_registered_and_chosen_and_asks_no_other_cloud(cloud, az):
    shown = az("cloud", "show")
    assert shown["isActive"]
    assert shown["endpoints"]["resourceManager"].rstrip("/") == cloud.arm
    assert shown["suffixes"]["storageEndpoint"] == cloud.storage_suffix
    settings = configparser.ConfigParser()
    settings.read(cloud.variables["AZURE_CONFIG_DIR"] + "/config")
    assert settings["core"]["instance_discovery"] == "false"


def test_the_cloud_can_be_registered_by_hand_from_its_metadata(cloud, new_az):
    az = new_az()
    az("cloud", "register", "-n", "ByHand", "--endpoint-resource-manager", cloud.arm + "/")
    az("cloud", "set", "-n", "ByHand")
    az("config", "set", "core.instance_discovery=false")
    shown = az("cloud", "show", "-n", "ByHand")
    assert shown["endpoints"]["activeDirectory"] == cloud.authority
    assert shown["endpoints"]["microsoftGraphResourceId"].rstrip("/") == cloud.graph
    assert shown["suffixes"]["storageEndpoint"] == cloud.storage_suffix
    assert az.login()[0]["id"] == cloud.subscription


def test_a_service_principal_logs_in_with_its_secret(cloud, new_az):
    accounts = new_az().login()
    assert [account["id"] for account in accounts] == [cloud.subscription]
    assert accounts[0]["tenantId"] == cloud.tenant
    assert accounts[0]["user"] == {"name": cloud.client_id, "type": "servicePrincipal"}


def test_a_wrong_secret_is_refused_with_the_error_of_entra(cloud, new_az):
    assert "AADSTS7000215" in new_az().refused(
        "login", "--service-principal", "-u", cloud.client_id, "-p", "wrong", "--tenant", cloud.tenant)


def test_an_unknown_application_is_refused_with_the_error_of_entra(cloud, new_az):
    assert "AADSTS700016" in new_az().refused(
        "login", "--service-principal", "-u", "9f1c4a4e-6f3a-4d57-8a55-3d0a7e8a9b10", "-p", "wrong", "--tenant", cloud.tenant)


def test_a_service_principal_made_for_rbac_logs_in_with_what_was_printed(cloud, az, new_az):
    made = az("ad", "sp", "create-for-rbac", "-n", unique("rbac"), "--role", "Reader", "--scopes", f"/subscriptions/{cloud.subscription}")
    other = new_az()
    accounts = other("login", "--service-principal", "-u", made["appId"], "-p", made["password"], "--tenant", made["tenant"])
    assert [account["id"] for account in accounts] == [cloud.subscription]
    az("ad", "app", "delete", "--id", made["appId"])
    fresh = new_az()
    assert "AADSTS" in fresh.refused("login", "--service-principal", "-u", made["appId"], "-p", made["password"], "--tenant", made["tenant"])


def test_a_service_principal_logs_in_with_its_certificate(cloud, az, new_az):
    made = az(
        "ad", "sp", "create-for-rbac", "-n", unique("cert"), "--create-cert", "--role", "Reader", "--scopes",
        f"/subscriptions/{cloud.subscription}")
    pem = made["fileWithCertAndPrivateKey"]
    accounts = new_az()(
        "login", "--service-principal", "-u", made["appId"], "--certificate", pem, "--tenant", made["tenant"])
    assert [account["id"] for account in accounts] == [cloud.subscription]
    refusal = new_az().refused("login", "--service-principal", "-u", cloud.client_id, "--certificate", pem, "--tenant", cloud.tenant)
    assert "AADSTS700027" in refusal


def test_a_user_logs_in_with_a_password(cloud, new_az):
    if cloud.port != STANDARD_PORT:
        pytest.skip(ONLY_ON_STANDARD_PORT)
    az = new_az()
    name, password = cloud.variables["COCAGNE_ADMIN"], cloud.variables["COCAGNE_ADMIN_PASSWORD"]
    accounts = az("login", "-u", name, "-p", password)
    assert accounts[0]["user"] == {"name": name, "type": "user"}
    assert az("ad", "signed-in-user", "show")["userPrincipalName"] == name
    assert az("group", "list") is not None
    assert "AADSTS50126" in new_az().refused("login", "-u", name, "-p", "not" + password)


def test_a_user_logs_in_with_a_device_code(cloud, new_az):
    az = new_az()
    name, password = cloud.variables["COCAGNE_ADMIN"], cloud.variables["COCAGNE_ADMIN_PASSWORD"]
    login = az.start("login", "--use-device-code")
    try:
        asked = next(line for line in login.stderr if "code" in line)
        address = re.search(r"https://[^\s,]+", asked).group(0)
        code = re.search(r"\b[A-Z0-9]{4,}(?:-?[A-Z0-9]{4,})?\b(?=\s+to\b)", asked).group(0)
        session = cloud.session()
        page = session.get(address, timeout=30)
        assert page.status_code == 200, page.text
        wrong = submit(session, page, {"user_code": code, "username": name, "password": "not" + password})
        assert wrong.status_code in (400, 401), wrong.text
        done = submit(session, session.get(address, timeout=30), {"user_code": code, "username": name, "password": password})
        assert done.status_code == 200, done.text
        assert login.wait(timeout=60) == 0, login.stderr.read()
    finally:
        login.kill()
        login.communicate()
    shown = az("account", "show")
    assert shown["id"] == cloud.subscription
    assert shown["user"] == {"name": name, "type": "user"}


def test_a_declined_device_code_logs_nobody_in(cloud, new_az):
    login = new_az().start("login", "--use-device-code")
    try:
        asked = next(line for line in login.stderr if "code" in line)
        code = re.search(r"\b[A-Z0-9]{4,}(?:-?[A-Z0-9]{4,})?\b(?=\s+to\b)", asked).group(0)
        session = cloud.session()
        page = session.get(re.search(r"https://[^\s,]+", asked).group(0), timeout=30)
        assert submit(session, page, {"user_code": code}, button=1).status_code == 200
        assert login.wait(timeout=60) != 0
        assert "AADSTS" in login.stderr.read()
    finally:
        login.kill()
        login.communicate()


def test_the_account_and_its_locations_are_shown(cloud, az):
    shown = az("account", "show")
    assert (shown["id"], shown["tenantId"], shown["state"]) == (cloud.subscription, cloud.tenant, "Enabled")
    paris = next(location for location in az("account", "list-locations") if location["name"] == "paris")
    assert [zone["logicalZone"] for zone in paris["availabilityZoneMappings"]] == ["1", "2", "3"]


def test_an_access_token_is_handed_out_for_other_tools(cloud, az):
    token = az("account", "get-access-token", "--resource", cloud.arm)
    answer = cloud.session().get(
        cloud.arm_url("/subscriptions", "2022-12-01"), headers={"Authorization": "Bearer " + token["accessToken"]}, timeout=30)
    assert [item["subscriptionId"] for item in answer.json()["value"]] == [cloud.subscription]
