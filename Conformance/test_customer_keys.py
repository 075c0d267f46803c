"""Storage accounts under a customer's own key: `az storage account update --encryption-key-source Microsoft.Keyvault` and its SDKs."""

import json
import time
import uuid
from datetime import datetime, timezone

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.keyvault.keys import KeyClient
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from azure_cli import Az
from cloud import unique
from vaults import credential, give_role, make_vault, vault_path

ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
STORAGE_VERSION = "2025-08-01"
# What the platform promises, and what tests wait for besides.
CLOSED_SECONDS = 60
OPEN_SECONDS = 20
PLANTED = b"a secret that nobody finds at rest: 6d1f"


def account_path(cloud, group, name):
    return f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"


class Account:
    """An account, and the key that it is under."""

    def __init__(self, cloud, az, group, vault):
        self.cloud, self.az, self.group, self.vault = cloud, az, group, vault
        self.name, self.key = unique("cmk"), unique("key")
        self.vault_url = cloud.url(f"{vault}.vault")
        self.keys = KeyClient(self.vault_url, credential(cloud), connection_verify=cloud.ca)
        self.keys.create_rsa_key(self.key, size=2048)
        made = az("storage", "account", "create", "-n", self.name, "-g", group, "-l", "paris", "--sku", "Standard_LRS", "--identity-type",
                  "SystemAssigned")
        self.principal = made["identity"]["principalId"]
        assert made["encryption"]["keySource"] == "Microsoft.Storage"
        self.secret = az("storage", "account", "keys", "list", "-n", self.name, "-g", group)[0]["value"]
        self.blobs = BlobServiceClient(cloud.blob(self.name), credential=self.credential, retry_total=0, connection_verify=cloud.ca)
        self.container = self.blobs.create_container("data")

    @property
    def credential(self):
        return {"account_name": self.name, "account_key": self.secret}

    def put_under_key(self, *more):
        return self.az("storage", "account", "update", "-n", self.name, "-g", self.group, "--encryption-key-source", "Microsoft.Keyvault",
                       "--encryption-key-vault", self.vault_url, "--encryption-key-name", self.key, *more)["encryption"]

    def encryption(self):
        return self.az("storage", "account", "show", "-n", self.name, "-g", self.group)["encryption"]

    def write(self, name, data=PLANTED):
        self.container.upload_blob(name, data, overwrite=True)

    def read(self, name):
        return self.container.download_blob(name).readall()

    def enable(self, is_enabled, version=None):
        self.keys.update_key_properties(self.key, version, enabled=is_enabled)


def code(action):
    """The error code that an action is refused with; None where it is not."""
    try:
        action()
    except HttpResponseError as error:
        return error.status_code, getattr(error, "error_code", None)
    return None


def wait(action, wanted, seconds):
    end = time.monotonic() + seconds
    while (found := code(action)) != wanted:
        assert time.monotonic() < end, f"{found} instead of {wanted} after {seconds} s"
        time.sleep(0.5)


NOT_FOUND = (403, "KeyVaultEncryptionKeyNotFound")


@pytest.fixture(scope="module")
def vault(cloud, group):
    name = unique("kv")
    make_vault(cloud, group, name, enablePurgeProtection=True)
    return name


@pytest.fixture(scope="module")
def account(cloud, az, group, vault):
    account = Account(cloud, az, group, vault)
    account.write("before")
    refusal = az.refused("storage", "account", "update", "-n", account.name, "-g", group, "--encryption-key-source", "Microsoft.Keyvault",
                         "--encryption-key-vault", account.vault_url, "--encryption-key-name", account.key)
    assert "KeyVaultAuthenticationFailure" in refusal
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, account.principal)
    encryption = account.put_under_key()
    assert encryption["keySource"] == "Microsoft.Keyvault"
    key = encryption["keyVaultProperties"]
    assert (key["keyName"], key["keyVaultUri"], key["keyVersion"]) == (account.key, account.vault_url, "")
    assert key["currentVersionedKeyIdentifier"] == account.keys.get_key(account.key).id
    assert datetime.fromisoformat(key["lastKeyRotationTimestamp"]) <= datetime.now(timezone.utc)
    return account


def test_data_from_before_and_after_are_read(account):
    account.write("after", PLANTED * 100_000)
    assert account.read("before") == PLANTED
    assert account.read("after") == PLANTED * 100_000
    assert account.az("storage", "blob", "exists", "-n", "after", "-c", "data", "--account-name", account.name, "--account-key",
                      account.secret)["exists"] is True


def test_a_new_version_is_followed_and_the_old_one_no_longer_needed(account):
    old = account.keys.get_key(account.key).properties.version
    account.write("rotated")
    new = account.keys.rotate_key(account.key).properties.version
    assert new != old
    end = time.monotonic() + CLOSED_SECONDS
    while not account.encryption()["keyVaultProperties"]["currentVersionedKeyIdentifier"].endswith(new):
        assert time.monotonic() < end, "the new version is not followed"
        account.read("rotated")
        time.sleep(1)
    account.enable(False, old)
    time.sleep(12)
    for name in ("before", "rotated"):
        assert account.read(name) == PLANTED
    account.enable(True, old)


def test_a_disabled_key_closes_all_services_and_opening_it_brings_everything_back(cloud, account):
    queue = QueueServiceClient(cloud.blob(account.name).replace(".blob.", ".queue."), credential=account.credential, retry_total=0)
    messages = queue.create_queue("messages")
    messages.send_message("m")
    tables = TableServiceClient(cloud.blob(account.name).replace(".blob.", ".table."),
                                credential=AzureNamedKeyCredential(account.name, account.secret), retry_total=0)
    entities = tables.create_table("entities")
    entities.create_entity({"PartitionKey": "p", "RowKey": "r", "value": "v"})
    account.enable(False)
    began = time.monotonic()
    wait(lambda: account.read("before"), NOT_FOUND, CLOSED_SECONDS)
    print(f"closed after {time.monotonic() - began:.0f} s")
    assert code(lambda: account.write("new")) == NOT_FOUND
    assert code(lambda: account.container.get_blob_client("before").get_blob_properties())[0] == 403
    assert code(messages.receive_message) == NOT_FOUND
    assert code(lambda: messages.send_message("n")) == NOT_FOUND
    assert code(lambda: entities.get_entity("p", "r")) == NOT_FOUND
    assert code(lambda: entities.create_entity({"PartitionKey": "p", "RowKey": "s"}))[0] == 403
    # Names are no secret, and what is to go may go.
    assert "before" in [blob.name for blob in account.container.list_blobs()]
    account.container.get_blob_client("rotated").delete_blob()
    account.enable(True)
    wait(lambda: account.read("before"), None, OPEN_SECONDS)
    assert account.read("after") == PLANTED * 100_000
    assert messages.receive_message().content == "m"
    assert entities.get_entity("p", "r")["value"] == "v"
    account.write("new")


def test_a_deleted_key_closes_and_a_recovered_one_opens(account):
    account.keys.begin_delete_key(account.key).result()
    wait(lambda: account.read("before"), NOT_FOUND, CLOSED_SECONDS)
    account.keys.begin_recover_deleted_key(account.key).result()
    wait(lambda: account.read("before"), None, OPEN_SECONDS)


def test_an_identity_without_the_role_closes_and_with_it_opens(cloud, account):
    scope = vault_path(cloud, account.group, account.vault)
    session = cloud.arm_session()
    listed = session.get(cloud.arm_url(f"{scope}/providers/Microsoft.Authorization/roleAssignments", "2022-04-01"), timeout=30).json()["value"]
    own = [item for item in listed if item["properties"]["principalId"] == account.principal]
    assert len(own) == 1
    assert session.delete(cloud.arm_url(own[0]["id"], "2022-04-01"), timeout=30).status_code == 200
    wait(lambda: account.read("before"), NOT_FOUND, CLOSED_SECONDS)
    give_role(cloud, scope, ENCRYPTION_USER, account.principal)
    wait(lambda: account.read("before"), None, OPEN_SECONDS)


def test_a_scope_under_a_key_of_its_own_closes_alone(cloud, az, account):
    key = unique("scope")
    made = account.keys.create_rsa_key(key, size=3072)
    scope = az("storage", "account", "encryption-scope", "create", "--account-name", account.name, "-g", account.group, "-n", "own", "-s",
               "Microsoft.KeyVault", "-u", f"{account.vault_url}/keys/{key}")
    assert (scope["source"], scope["keyVaultProperties"]["currentVersionedKeyIdentifier"]) == ("Microsoft.KeyVault", made.id)
    account.container.upload_blob("scoped", PLANTED, encryption_scope="own")
    account.keys.update_key_properties(key, enabled=False)
    wait(lambda: account.read("scoped"), NOT_FOUND, CLOSED_SECONDS)
    assert account.read("before") == PLANTED
    assert code(lambda: account.container.upload_blob("other", PLANTED, encryption_scope="own")) == NOT_FOUND
    refusal = az.refused("storage", "account", "encryption-scope", "update", "--account-name", account.name, "-g", account.group, "-n", "own", "-s",
                         "Microsoft.Storage")
    assert "KeyVaultEncryptionKeyNotFound" in refusal
    account.keys.update_key_properties(key, enabled=True)
    wait(lambda: account.read("scoped"), None, OPEN_SECONDS)
    scope = az("storage", "account", "encryption-scope", "update", "--account-name", account.name, "-g", account.group, "-n", "own", "-s",
               "Microsoft.Storage")
    assert scope["source"] == "Microsoft.Storage"
    account.keys.update_key_properties(key, enabled=False)
    assert account.read("scoped") == PLANTED


def update(cloud, account, **key):
    """Asks for a key over the account, and gives the refusal."""
    properties = {"keyvaulturi": account.vault_url, "keyname": account.key} | key
    body = {"properties": {"encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": properties}}}
    answer = cloud.arm_session().patch(cloud.arm_url(account_path(cloud, account.group, account.name), STORAGE_VERSION), json=body, timeout=30)
    return (200, None) if answer.status_code == 200 else (answer.status_code, answer.json()["error"]["code"])


def test_what_cannot_protect_an_account_is_refused(cloud, account):
    other = unique("other")
    account.keys.create_ec_key(other)
    assert update(cloud, account, keyname=other) == (400, "InvalidValuesForRequestParameters")
    assert update(cloud, account, keyname=unique("none")) == NOT_FOUND
    assert update(cloud, account, keyversion=uuid.uuid4().hex) == NOT_FOUND
    assert update(cloud, account, keyvaulturi=cloud.url(f"{unique('none')}.vault")) == (403, "KeyVaultVaultNotFound")
    assert update(cloud, account, keyvaulturi="https://vault.example.org") == (403, "KeyVaultVaultNotFound")
    assert update(cloud, account, keyvaulturi="ftp://nowhere") == (400, "InvalidValuesForRequestParameters")
    assert update(cloud, account, keyname="") == (400, "InvalidValuesForRequestParameters")
    unprotected = unique("kv")
    make_vault(cloud, account.group, unprotected)
    give_role(cloud, vault_path(cloud, account.group, unprotected), ENCRYPTION_USER, account.principal)
    KeyClient(cloud.url(f"{unprotected}.vault"), credential(cloud)).create_rsa_key("key")
    assert update(cloud, account, keyvaulturi=cloud.url(f"{unprotected}.vault"), keyname="key") == (400, "KeyVaultPolicyError")
    disabled = unique("disabled")
    account.keys.create_rsa_key(disabled, enabled=False)
    assert update(cloud, account, keyname=disabled) == NOT_FOUND
    assert account.read("before") == PLANTED


def test_a_key_of_another_tenant_is_refused(cloud, account):
    other = json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)
    whose = {"client_id": other["clientId"], "secret": other["clientSecret"], "tenant": other["tenantId"]}
    session, name = cloud.arm_session(**whose), unique("kv")
    group = f"/subscriptions/{other['subscriptionId']}/resourcegroups/rg"
    assert session.put(cloud.arm_url(group), json={"location": "paris"}, timeout=30).status_code == 201
    path = f"{group}/providers/Microsoft.KeyVault/vaults/{name}"
    body = {"location": "paris", "properties": {
        "tenantId": other["tenantId"], "sku": {"family": "A", "name": "standard"}, "enablePurgeProtection": True, "enableRbacAuthorization": False,
        "accessPolicies": [{"tenantId": other["tenantId"], "objectId": other["objectId"], "permissions": {"keys": ["all"]}}] if "objectId" in other
        else []}}
    assert session.put(cloud.arm_url(path, "2026-02-01"), json=body, timeout=30).status_code in (200, 201)
    assert update(cloud, account, keyvaulturi=cloud.url(f"{name}.vault")) == (403, "KeyVaultAuthenticationFailure")
    assert account.read("before") == PLANTED


def test_the_management_sdk_puts_an_account_under_a_version_and_back(cloud, az, group, vault):
    account = Account(cloud, az, group, vault)
    account.write("blob")
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, account.principal)
    version = account.keys.get_key(account.key).properties.version
    client = StorageManagementClient(credential(cloud), cloud.subscription, base_url=cloud.arm, credential_scopes=[f"{cloud.arm}/.default"])
    updated = client.storage_accounts.update(group, account.name, {"properties": {"encryption": {
        "keySource": "Microsoft.Keyvault",
        "keyvaultproperties": {"keyname": account.key, "keyvaulturi": account.vault_url, "keyversion": version}}}})
    assert updated.encryption.key_vault_properties.key_version == version
    newer = account.keys.rotate_key(account.key).properties.version
    time.sleep(12)
    shown = client.storage_accounts.get_properties(group, account.name).encryption.key_vault_properties
    assert shown.current_versioned_key_identifier.endswith(version) and not shown.current_versioned_key_identifier.endswith(newer)
    back = az("storage", "account", "update", "-n", account.name, "-g", group, "--encryption-key-source", "Microsoft.Storage")["encryption"]
    assert back["keySource"] == "Microsoft.Storage" and not back["keyVaultProperties"]
    account.enable(False, version)
    account.enable(False, newer)
    assert account.read("blob") == PLANTED


def test_an_account_is_born_under_a_key_that_an_identity_of_its_own_choice_uses(cloud, az, group, vault):
    name, key, account = unique("id"), unique("key"), unique("born")
    made = az("identity", "create", "-n", name, "-g", group, "-l", "paris")
    assert az("identity", "show", "-n", name, "-g", group)["principalId"] == made["principalId"]
    assert name in [item["name"] for item in az("identity", "list", "-g", group)]
    keys = KeyClient(cloud.url(f"{vault}.vault"), credential(cloud))
    keys.create_rsa_key(key, size=4096)
    create = ("storage", "account", "create", "-n", account, "-g", group, "-l", "paris", "--sku", "Standard_LRS", "--identity-type", "UserAssigned",
              "--user-identity-id", made["id"], "--key-vault-user-identity-id", made["id"], "--encryption-key-source", "Microsoft.Keyvault",
              "--encryption-key-vault", cloud.url(f"{vault}.vault"), "--encryption-key-name", key)
    assert "KeyVaultAuthenticationFailure" in az.refused(*create)
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, made["principalId"])
    born = az(*create)
    assert born["encryption"]["encryptionIdentity"]["encryptionUserAssignedIdentity"] == made["id"]
    assert born["identity"]["userAssignedIdentities"][made["id"]]["principalId"] == made["principalId"]
    secret = az("storage", "account", "keys", "list", "-n", account, "-g", group)[0]["value"]
    client = BlobServiceClient(cloud.blob(account), credential={"account_name": account, "account_key": secret}, retry_total=0)
    container = client.create_container("data")
    container.upload_blob("blob", PLANTED)
    az("identity", "delete", "-n", name, "-g", group)
    wait(lambda: container.download_blob("blob").readall(), (403, "KeyVaultAccessTokenCannotBeAcquired"), CLOSED_SECONDS)
    heir = az("identity", "create", "-n", unique("heir"), "-g", group, "-l", "paris")
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, heir["principalId"])
    az("storage", "account", "update", "-n", account, "-g", group, "--identity-type", "UserAssigned", "--user-identity-id", heir["id"],
       "--key-vault-user-identity-id", heir["id"])
    assert container.download_blob("blob").readall() == PLANTED


def test_an_account_whose_key_is_closed_can_be_deleted(cloud, az, group, vault):
    account = Account(cloud, az, group, vault)
    account.write("blob")
    give_role(cloud, vault_path(cloud, group, vault), ENCRYPTION_USER, account.principal)
    account.put_under_key()
    account.enable(False)
    wait(lambda: account.read("blob"), NOT_FOUND, CLOSED_SECONDS)
    assert NOT_FOUND[1] in az.refused("storage", "account", "update", "-n", account.name, "-g", group, "--encryption-key-source",
                                      "Microsoft.Storage")
    account.blobs.delete_container("data")
    az("storage", "account", "delete", "-n", account.name, "-g", group, "--yes")


def test_a_crash_opens_nothing_and_loses_nothing(own_cloud, workspace):
    cloud = own_cloud()
    az = Az(cloud, workspace / unique("az"))
    az.login()
    cloud.make_group("rg")
    make_vault(cloud, "rg", "crashvault", enablePurgeProtection=True)
    account = Account(cloud, az, "rg", "crashvault")
    give_role(cloud, vault_path(cloud, "rg", "crashvault"), ENCRYPTION_USER, account.principal)
    account.put_under_key()
    account.write("small")
    account.write("large", PLANTED * 100_000)
    cloud.kill()
    cloud.up()
    assert (account.read("small"), account.read("large")) == (PLANTED, PLANTED * 100_000)
    account.enable(False)
    cloud.kill()
    cloud.up()
    assert code(lambda: account.read("small")) == NOT_FOUND
    uses = [item["entry"] for item in json.loads(cloud.command("ledger", "list", "--after", "0", "--limit", "1000", "--json").stdout)["entries"]]
    unwraps = [entry for entry in uses if entry["kind"] == "key.use" and entry["facts"].get("reason") == "storageData"]
    assert {entry["facts"]["use"] for entry in unwraps} == {"wrapKey", "unwrapKey"}
    assert all(entry["facts"]["resource"].endswith(account.name) and account.key in entry["subject"] for entry in unwraps)
    account.enable(True)
    wait(lambda: account.read("large"), None, OPEN_SECONDS)
    cloud.stop()
    for path in cloud.data.rglob("*"):
        if path.is_file():
            assert PLANTED not in path.read_bytes(), path
