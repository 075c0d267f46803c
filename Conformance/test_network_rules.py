"""Rules of the network, the connection and the signatures of an account, through `az` and the SDKs."""

import ssl
from datetime import datetime, timedelta, timezone

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas

from cloud import unique


@pytest.fixture
def shut(cloud, az, group):
    """An account, its key, and a way to change its settings."""
    name = unique("acct")
    key = cloud.make_account(group, name)
    return name, key, lambda *options: az("storage", "account", "update", "-n", name, "-g", group, *options)


def containers(cloud, name, key=None, signature=None):
    """Asked for at the IPv4 loopback: a name of the cloud may lead to the IPv6 one, which no rule can let in."""
    credential = signature or {"account_name": name, "account_key": key}
    service = BlobServiceClient(f"https://127.0.0.1:{cloud.port}/{name}", credential=credential, retry_total=0)
    return [container.name for container in service.list_containers()]


def refused(*arguments, **options):
    with pytest.raises(HttpResponseError) as refusal:
        containers(*arguments, **options)
    return refusal.value.status_code, refusal.value.error_code


def test_an_account_that_denies_by_default_lets_in_the_addresses_of_its_rules(cloud, az, group, shut):
    name, key, change = shut
    assert containers(cloud, name, key) == []
    shown = change("--default-action", "Deny")
    assert shown["networkRuleSet"]["defaultAction"] == "Deny"
    assert refused(cloud, name, key) == (403, "AuthorizationFailure")
    az("storage", "account", "network-rule", "add", "--account-name", name, "-g", group, "--ip-address", "127.0.0.0/8")
    assert containers(cloud, name, key) == []
    rules = az("storage", "account", "network-rule", "list", "--account-name", name, "-g", group)
    assert [rule["ipAddressOrRange"] for rule in rules["ipRules"]] == ["127.0.0.0/8"]
    az("storage", "account", "network-rule", "remove", "--account-name", name, "-g", group, "--ip-address", "127.0.0.0/8")
    assert refused(cloud, name, key) == (403, "AuthorizationFailure")
    change("--default-action", "Allow")
    assert containers(cloud, name, key) == []


def test_a_rule_that_could_not_be_kept_is_refused(cloud, az, group, shut):
    name = shut[0]
    subnet = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    answer = cloud.arm_session().patch(
        cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}", "2025-08-01"),
        json={"properties": {"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}}}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "FeatureNotSupportedForAccount")


def test_without_public_access_nobody_gets_in(cloud, shut):
    name, key, change = shut
    assert change("--public-network-access", "Disabled")["publicNetworkAccess"] == "Disabled"
    assert refused(cloud, name, key) == (403, "AuthorizationFailure")
    change("--public-network-access", "Enabled")
    assert containers(cloud, name, key) == []


def test_a_connection_below_the_minimum_version_of_tls_is_refused(cloud, shut):
    name, key, change = shut

    class Older(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments, **options):
            context = ssl.create_default_context(cafile=cloud.ca)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            return super().init_poolmanager(*arguments, ssl_context=context, **options)

    session = cloud.session()
    session.mount("https://", Older())
    url = f"{cloud.blob(name)}/?comp=list"
    headers = {"x-ms-version": "2025-05-05"}
    assert session.get(url, headers=headers, timeout=10).status_code == 401
    assert change("--min-tls-version", "TLS1_3")["minimumTlsVersion"] == "TLS1_3"
    answer = session.get(url, headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "TlsVersionNotPermitted")
    # Of the body of a blob too, which takes another path through the front door.
    answer = session.get(f"{cloud.blob(name)}/con/blob", headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "TlsVersionNotPermitted")
    assert containers(cloud, name, key) == []


def test_signatures_of_an_account_that_bounds_their_lives(cloud, shut):
    name, key, change = shut
    change("--sas-exp", "0.01:00:00")
    now = datetime.now(timezone.utc)

    def signature(hours):
        return generate_account_sas(
            name, key, ResourceTypes(service=True), AccountSasPermissions(list=True), now + timedelta(hours=hours) - timedelta(minutes=5),
            start=now - timedelta(minutes=5))

    # A policy that only logs refuses nothing.
    assert containers(cloud, name, signature=signature(2)) == []
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/{change('--tags', 'a=b')['resourceGroup']}"
    answer = cloud.arm_session().patch(
        cloud.arm_url(f"{path}/providers/Microsoft.Storage/storageAccounts/{name}", "2025-08-01"),
        json={"properties": {"sasPolicy": {"sasExpirationPeriod": "0.01:00:00", "expirationAction": "Block"}}}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert containers(cloud, name, signature=signature(1)) == []
    assert refused(cloud, name, signature=signature(2)) == (403, "AuthenticationFailed")


def test_keys_can_be_shut_out(cloud, shut):
    name, key, change = shut
    change("--allow-shared-key-access", "false")
    assert refused(cloud, name, key) == (403, "KeyBasedAuthenticationNotPermitted")
