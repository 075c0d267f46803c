"""Secrets: `az keyvault secret …`, azure-keyvault-secrets, and what they do not reach."""

import asyncio
import json
import os
from datetime import datetime, timedelta, timezone

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets.aio import SecretClient as AsyncSecretClient

from cloud import unique
from vaults import credential, give_role, make_vault, object_id, vault_path, vault_session

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"


@pytest.fixture
def client(cloud, vault):
    return SecretClient(cloud.url(f"{vault}.vault"), credential(cloud))


@pytest.fixture(scope="module")
def other_tenant(cloud):
    return json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)


def inner_code(refusal):
    return refusal.value.error.innererror["code"] if refusal.value.error.innererror else None


# az


def test_az_takes_a_secret_through_its_life(az, vault, other_vault, tmp_path):
    name = unique("secret")
    where = ("--vault-name", vault, "-n", name)
    made = az("keyvault", "secret", "set", *where, "--value", "one", "--description", "text/plain", "--tags", "a=1")
    assert made["value"] == "one" and made["name"] == name and made["contentType"] == "text/plain" and made["tags"]["a"] == "1"
    second = az("keyvault", "secret", "set", *where, "--value", "two")
    assert az("keyvault", "secret", "show", *where)["value"] == "two"
    assert az("keyvault", "secret", "show", "--id", made["id"])["value"] == "one"
    assert name in [item["name"] for item in az("keyvault", "secret", "list", "--vault-name", vault)]
    versions = az("keyvault", "secret", "list-versions", *where)
    assert {item["id"] for item in versions} == {made["id"], second["id"]}

    az("keyvault", "secret", "set-attributes", "--id", made["id"], "--enabled", "false", "--expires", "2030-01-01T00:00:00Z")
    assert "Operation get is not allowed on a disabled secret" in az.refused("keyvault", "secret", "show", "--id", made["id"])
    changed = az("keyvault", "secret", "set-attributes", "--id", made["id"], "--enabled", "true")
    assert changed["attributes"]["enabled"] and changed["attributes"]["expires"].startswith("2030-01-01T00:00:00")

    az("keyvault", "secret", "download", *where, "--file", tmp_path / "value")
    assert (tmp_path / "value").read_text() == "two"
    az("keyvault", "secret", "backup", *where, "--file", tmp_path / "backup")
    assert b"two" not in (tmp_path / "backup").read_bytes()
    restored = az("keyvault", "secret", "restore", "--vault-name", other_vault, "--file", tmp_path / "backup")
    assert restored["id"].rsplit("/", 1)[1] == second["id"].rsplit("/", 1)[1]
    assert az("keyvault", "secret", "show", "--vault-name", other_vault, "-n", name)["value"] == "two"

    deleted = az("keyvault", "secret", "delete", *where)
    assert deleted["recoveryId"].endswith(f"/deletedsecrets/{name}")
    assert name in [item["name"] for item in az("keyvault", "secret", "list-deleted", "--vault-name", vault)]
    assert "ObjectIsDeletedButRecoverable" in az.refused("keyvault", "secret", "set", *where, "--value", "three")
    az("keyvault", "secret", "recover", *where)
    assert az("keyvault", "secret", "show", *where)["value"] == "two"
    az("keyvault", "secret", "delete", *where)
    az("keyvault", "secret", "purge", *where)
    assert "SecretNotFound" in az.refused("keyvault", "secret", "show-deleted", *where)


def test_az_takes_a_binary_file_as_a_secret(az, vault, tmp_path):
    content = os.urandom(4000)
    (tmp_path / "in").write_bytes(content)
    name = unique("file")
    az("keyvault", "secret", "set", "--vault-name", vault, "-n", name, "--file", tmp_path / "in", "--encoding", "base64")
    az("keyvault", "secret", "download", "--vault-name", vault, "-n", name, "--file", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


# azure-keyvault-secrets


def test_the_sdk_sets_reads_changes_and_lists(client):
    name = unique("secret")
    expires = datetime(2031, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    made = client.set_secret(name, "välue", content_type="text/x", tags={"a": "1"}, expires_on=expires, not_before=expires - timedelta(days=1))
    assert made.value == "välue" and len(made.properties.version) == 32
    got = client.get_secret(name)
    assert got.value == "välue" and got.properties.expires_on == expires and got.properties.tags == {"a": "1"}
    assert got.properties.recovery_level == "Recoverable+Purgeable" and got.properties.recoverable_days == 90
    assert got.properties.vault_url == client.vault_url and got.properties.version == made.properties.version
    changed = client.update_secret_properties(name, made.properties.version, content_type="text/y", tags={})
    assert changed.content_type == "text/y" and changed.tags == {} and changed.expires_on == expires
    newer = client.set_secret(name, "newer", enabled=False)
    assert {item.version for item in client.list_properties_of_secret_versions(name)} == {made.properties.version, newer.properties.version}
    with pytest.raises(HttpResponseError) as refusal:
        client.get_secret(name)
    assert refusal.value.status_code == 403 and inner_code(refusal) == "SecretDisabled"
    assert client.get_secret(name, made.properties.version).value == "välue"
    assert name in [item.name for item in client.list_properties_of_secrets()]


def test_the_sdk_goes_through_all_pages(cloud, group):
    url = make_vault(cloud, group, unique("kv"))
    client = SecretClient(url, credential(cloud))
    names = {f"s{number}" for number in range(30)}
    for name in names:
        client.set_secret(name, "x")
    assert {item.name for item in client.list_properties_of_secrets()} == names
    pages = [[item.name for item in page] for page in client.list_properties_of_secrets(max_page_size=9).by_page()]
    assert [len(page) for page in pages] == [9, 9, 9, 3]
    for number in range(27):
        client.set_secret("many", str(number))
    assert len(list(client.list_properties_of_secret_versions("many"))) == 27
    with pytest.raises(HttpResponseError) as refusal:
        list(client.list_properties_of_secrets(max_page_size=26))
    assert refusal.value.status_code == 400
    for name in names:
        client.begin_delete_secret(name).wait()
    assert {item.name for item in client.list_deleted_secrets()} == names


def test_the_sdk_deletes_recovers_and_purges(client):
    name = unique("secret")
    client.set_secret(name, "one")
    deleted = client.begin_delete_secret(name).result()
    assert deleted.recovery_id.endswith(name) and deleted.scheduled_purge_date - deleted.deleted_date == timedelta(days=90)
    with pytest.raises(ResourceNotFoundError):
        client.get_secret(name)
    with pytest.raises(ResourceExistsError):
        client.set_secret(name, "two")
    assert client.get_deleted_secret(name).id == deleted.id
    client.begin_recover_deleted_secret(name).wait()
    assert client.get_secret(name).value == "one"
    client.begin_delete_secret(name).wait()
    client.purge_deleted_secret(name)
    with pytest.raises(ResourceNotFoundError):
        client.get_deleted_secret(name)
    client.set_secret(name, "anew")
    assert len(list(client.list_properties_of_secret_versions(name))) == 1


def test_the_sdk_backs_up_and_restores(cloud, client, other_vault):
    name = unique("secret")
    old = client.set_secret(name, "one").properties.version
    client.set_secret(name, "two")
    blob = client.backup_secret(name)
    with pytest.raises(ResourceExistsError):
        client.restore_secret_backup(blob)
    other = SecretClient(cloud.url(f"{other_vault}.vault"), credential(cloud))
    assert other.restore_secret_backup(blob).name == name
    assert other.get_secret(name).value == "two" and other.get_secret(name, old).value == "one"
    for broken in (blob[:-1], bytes([blob[0] ^ 1]) + blob[1:], os.urandom(4728)):
        with pytest.raises(HttpResponseError) as refusal:
            other.restore_secret_backup(broken)
        assert refusal.value.status_code == 400 and refusal.value.error.code == "BadParameter"


def test_the_asynchronous_sdk_does_the_same(cloud, vault):
    async def run():
        identity = AsyncClientSecretCredential(
            cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True, connection_verify=cloud.ca)
        async with identity, AsyncSecretClient(cloud.url(f"{vault}.vault"), identity, connection_verify=cloud.ca) as client:
            name = unique("secret")
            made = await asyncio.gather(*(client.set_secret(name, str(number)) for number in range(8)))
            assert len({item.properties.version for item in made}) == 8
            for item in made:
                assert (await client.get_secret(name, item.properties.version)).value == item.value
            assert [item.version async for item in client.list_properties_of_secret_versions(name)]
            await client.delete_secret(name)
            await client.recover_deleted_secret(name)
            assert (await client.get_secret(name)).value in {str(number) for number in range(8)}
            await client.delete_secret(name)
            await client.purge_deleted_secret(name)

    asyncio.run(run())


# Who may


def test_a_request_without_a_token_is_challenged(cloud, vault):
    answer = cloud.session().get(f"{cloud.url(f'{vault}.vault')}/secrets/x?api-version=7.4", timeout=30)
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "Unauthorized"
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer authorization="{cloud.url("login")}/{cloud.tenant}", resource="{cloud.url("vault")}"')
    elsewhere = cloud.session()
    elsewhere.headers["Authorization"] = "Bearer " + cloud.token(cloud.arm + "/")
    answer = elsewhere.get(f"{cloud.url(f'{vault}.vault')}/secrets/x?api-version=7.4", timeout=30)
    assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers


def test_a_role_on_one_secret_opens_that_secret_alone(cloud, az, vault, client):
    mine, theirs = unique("secret"), unique("secret")
    client.set_secret(mine, "mine")
    client.set_secret(theirs, "theirs")
    application = az("ad", "sp", "create-for-rbac", "-n", unique("app"))
    whose = {"client_id": application["appId"], "secret": application["password"]}
    reader = SecretClient(cloud.url(f"{vault}.vault"), credential(cloud, **whose))
    with pytest.raises(HttpResponseError) as refusal:
        reader.get_secret(mine)
    assert refusal.value.status_code == 403 and inner_code(refusal) == "ForbiddenByRbac"
    principal = object_id(cloud.token(cloud.url("vault"), **whose))
    give_role(cloud, f"{vault_path(cloud, group_of(az, vault), vault)}/secrets/{mine}", SECRETS_USER, principal)
    assert reader.get_secret(mine).value == "mine"
    for refused in (lambda: reader.get_secret(theirs), lambda: reader.set_secret(mine, "x"), lambda: list(reader.list_properties_of_secrets())):
        with pytest.raises(HttpResponseError) as refusal:
            refused()
        assert refusal.value.status_code == 403


def group_of(az, vault):
    return az.text("keyvault", "show", "-n", vault, "--query", "resourceGroup")


def test_access_policies_decide_where_a_vault_goes_by_them(cloud, group, az):
    name = unique("kv")
    url = make_vault(cloud, group, name, role=None, enableRbacAuthorization=False, accessPolicies=[])
    client = SecretClient(url, credential(cloud))
    with pytest.raises(HttpResponseError) as refusal:
        client.set_secret("s", "one")
    assert refusal.value.status_code == 403 and inner_code(refusal) == "AccessDenied"
    az("keyvault", "set-policy", "-n", name, "--spn", cloud.client_id, "--secret-permissions", "get", "set")
    client.set_secret("s", "one")
    assert client.get_secret("s").value == "one"
    for refused in (lambda: list(client.list_properties_of_secrets()), lambda: client.begin_delete_secret("s"), lambda: client.backup_secret("s")):
        with pytest.raises(HttpResponseError) as refusal:
            refused()
        assert refusal.value.status_code == 403 and inner_code(refusal) == "AccessDenied"


def test_another_tenant_finds_no_way_in(cloud, vault, client, other_tenant, other_vault):
    name = unique("secret")
    client.set_secret(name, "one")
    whose = {"client_id": other_tenant["clientId"], "secret": other_tenant["clientSecret"], "tenant": other_tenant["tenantId"]}
    answer = vault_session(cloud, **whose).get(f"{client.vault_url}/secrets/{name}?api-version=7.4", timeout=30)
    assert answer.status_code == 401 and "one" not in answer.text
    with pytest.raises((ClientAuthenticationError, HttpResponseError)):
        SecretClient(client.vault_url, credential(cloud, **whose)).get_secret(name)


def test_a_vault_that_is_not_there_answers_nobody(cloud, client):
    answer = vault_session(cloud).get(f"{cloud.url(unique('kv') + '.vault')}/secrets/x?api-version=7.4", timeout=30)
    assert answer.status_code == 404 and answer.json()["error"]["code"] == "VaultNotFound"


def test_purge_protection_holds_against_its_owner(cloud, group):
    url = make_vault(cloud, group, unique("kv"), enablePurgeProtection=True, softDeleteRetentionInDays=7)
    client = SecretClient(url, credential(cloud))
    client.set_secret("s", "one")
    assert client.get_secret("s").properties.recovery_level == "CustomizedRecoverable"
    client.begin_delete_secret("s").wait()
    with pytest.raises(HttpResponseError) as refusal:
        client.purge_deleted_secret("s")
    assert refusal.value.status_code == 403
    client.begin_recover_deleted_secret("s").wait()
    assert client.get_secret("s").value == "one"


# What is not to happen


def test_a_version_that_was_acknowledged_survives_a_kill(own_cloud):
    cloud = own_cloud()
    group, name = unique("rg"), unique("kv")
    cloud.make_group(group)
    url = make_vault(cloud, group, name)
    session = vault_session(cloud)
    made = []
    for turn in range(3):
        for number in range(5):
            answer = session.put(f"{url}/secrets/s?api-version=7.4", json={"value": f"{turn} {number}"}, timeout=30)
            assert answer.status_code == 200, answer.text
            made.append((answer.json()["id"], f"{turn} {number}"))
        cloud.kill()
        cloud.up()
        session = vault_session(cloud)
        for id, value in made:
            answer = session.get(f"{id}?api-version=7.4", timeout=30)
            assert (answer.status_code, answer.json().get("value")) == (200, value)
        assert session.get(f"{url}/secrets/s/?api-version=7.4", timeout=30).json()["value"] == made[-1][1]


def test_a_planted_secret_is_in_no_file_of_the_cloud(cloud, client):
    planted = unique("planted")
    name = unique("secret")
    client.set_secret(name, planted)
    client.get_secret(name)
    client.backup_secret(name)
    vault_session(cloud).put(f"{client.vault_url}/secrets/{name}?api-version=7.4", data='{"value": "' + planted, timeout=30)
    vault_session(cloud).put(f"{client.vault_url}/secrets/{name}?api-version=7.4", json={"value": planted * 3000}, timeout=30)
    files = [path for path in cloud.data.rglob("*") if path.is_file()]
    assert any(path.name == "cocagne.log" for path in files)
    for path in files:
        assert planted.encode() not in path.read_bytes(), path
