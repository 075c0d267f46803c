"""Two tenants on one cloud: for each, the other's resources do not exist."""

import json

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from cloud import unique


@pytest.fixture(scope="module")
def other(cloud):
    """A second tenant: its ids and its administrator's secrets."""
    return json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)


@pytest.fixture(scope="module")
def stranger(cloud, other):
    return cloud.arm_session(client_id=other["clientId"], secret=other["clientSecret"], tenant=other["tenantId"])


def test_the_second_administrator_logs_in_and_works(cloud, new_az, other):
    az = new_az()
    az.login(other["clientId"], other["clientSecret"], other["tenantId"])
    assert [item["id"] for item in az("account", "list")] == [other["subscriptionId"]]
    assert az("group", "create", "-n", "rg", "-l", "paris")["id"].startswith(f"/subscriptions/{other['subscriptionId']}/")
    user = new_az()
    user("login", "-u", other["userName"], "-p", other["password"])
    assert user.text("ad", "signed-in-user", "show", "--query", "userPrincipalName") == other["userName"]


def test_the_same_name_of_a_group_is_free_in_each_tenant(cloud, stranger, other, group):
    assert stranger.get(cloud.arm_url(f"/subscriptions/{other['subscriptionId']}/resourcegroups/{group}"), timeout=30).status_code == 404
    answer = stranger.put(cloud.arm_url(f"/subscriptions/{other['subscriptionId']}/resourcegroups/{group}"), json={"location": "paris"}, timeout=30)
    assert answer.status_code == 201


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_a_foreign_subscription_answers_as_one_that_does_not_exist(cloud, stranger, group, method):
    body = {"json": {"location": "paris"}} if method in ("put", "patch") else {}
    foreign, missing = [
        stranger.request(method, cloud.arm_url(f"/subscriptions/{subscription}/resourcegroups/{group}"), timeout=30, **body)
        for subscription in (cloud.subscription, "00000000-0000-4000-8000-000000000000")
    ]
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace(cloud.subscription, "") == missing.text.replace("00000000-0000-4000-8000-000000000000", "")
    if method != "head":
        assert foreign.json()["error"]["code"] == "SubscriptionNotFound"


def test_no_foreign_subscription_tenant_or_resource_is_listed(cloud, stranger, other, account):
    subscriptions = stranger.get(cloud.arm_url("/subscriptions", "2022-12-01"), timeout=30).json()["value"]
    assert [item["subscriptionId"] for item in subscriptions] == [other["subscriptionId"]]
    tenants = stranger.get(cloud.arm_url("/tenants", "2022-12-01"), timeout=30).json()["value"]
    assert [item["tenantId"] for item in tenants] == [other["tenantId"]]
    resources = stranger.get(cloud.arm_url(f"/subscriptions/{other['subscriptionId']}/resources", "2021-04-01"), timeout=30).json()["value"]
    assert account[0] not in [item["name"] for item in resources]


def test_a_foreign_tenant_s_directory_is_out_of_sight(cloud, az, other):
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + cloud.token(cloud.graph, other["clientId"], other["clientSecret"], other["tenantId"])
    mine = {item["id"] for item in session.get(f"{cloud.graph}/v1.0/users", timeout=30).json()["value"]}
    theirs = {item["id"] for item in az("ad", "user", "list")}
    assert mine and theirs and not mine & theirs
    for foreign in theirs:
        answer = session.get(f"{cloud.graph}/v1.0/users/{foreign}", timeout=30)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_a_foreign_token_does_not_open_an_account(cloud, account, other):
    name, key = account
    BlobServiceClient(cloud.blob(name), credential=key, connection_verify=cloud.ca).create_container(box := unique("box"))
    token = cloud.token("https://storage.azure.com", other["clientId"], other["clientSecret"], other["tenantId"])
    answer = cloud.session().get(
        f"{cloud.blob(name)}/{box}?restype=container&comp=list",
        headers={"Authorization": "Bearer " + token, "x-ms-version": "2024-11-04"}, timeout=30)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (401, "InvalidAuthenticationInfo")


def test_a_name_of_an_account_that_a_tenant_has_is_taken_for_the_others(cloud, stranger, other, account):
    path = f"/subscriptions/{other['subscriptionId']}/providers/Microsoft.Storage/checkNameAvailability"
    answer = stranger.post(cloud.arm_url(path, "2025-08-01"), json={"name": account[0], "type": "Microsoft.Storage/storageAccounts"}, timeout=30).json()
    assert (answer["nameAvailable"], answer["reason"]) == (False, "AlreadyExists")


def test_an_application_of_one_tenant_gets_no_token_of_the_other(cloud, other):
    for tenant, code in [(other["tenantId"], "AADSTS700016"), ("00000000-0000-4000-8000-000000000000", "AADSTS90002")]:
        answer = cloud.session().post(
            f"{cloud.authority}/{tenant}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials", "client_id": cloud.client_id, "client_secret": cloud.client_secret,
                "scope": cloud.arm + "/.default"
            }, timeout=30)
        assert answer.status_code in (400, 401)
        assert code in answer.json()["error_description"]


def test_a_tenant_s_name_is_checked_and_taken_once(cloud, other):
    for name in ("", "UPPER", "with space", "edge-", "é"):
        assert cloud.command("tenant", "add", name, check=False).returncode != 0
    name = unique("tenant")
    cloud.command("tenant", "add", name)
    refused = cloud.command("tenant", "add", name, check=False)
    assert refused.returncode != 0 and name in refused.stderr
