"""A tenant's own key over its records in the control plane: `az rest`, `az resource`, `az keyvault`, and a cut of the power in between."""

import json
import time
from pathlib import Path

import pytest

from azure_cli import Az, AzError
from cloud import unique
from vaults import give_role, make_vault, vault_path

VERSION = "2026-11-01"
CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
PLANTED = "ce-que-seul-le-client-peut-lire"
# What the cloud promises, and what the measurement may add.
WITHDRAWN_SECONDS = 60
REFUSAL = "KeyVaultEncryptionKeyNotFound"


@pytest.fixture
def story(own_cloud, workspace):
    """A cloud with a vault, a key in it, and a storage account and a deployment that say something."""
    cloud = own_cloud()
    az = Az(cloud, workspace / unique("az"))
    az.login()
    az("group", "create", "-n", "rg", "-l", "paris")
    vault = unique("kv")
    make_vault(cloud, "rg", vault, enablePurgeProtection=True, enableSoftDelete=True)
    key = az("keyvault", "key", "create", "--vault-name", vault, "-n", "records", "--kty", "RSA", "--size", "2048")["key"]["kid"]
    account = unique("st")
    az("storage", "account", "create", "-g", "rg", "-n", account, "-l", "paris", "--sku", "Standard_LRS", "--tags", f"note={PLANTED}")
    deploy(az, workspace)
    return cloud, az, vault, key.rsplit("/", 1)[0], account


def deploy(az, workspace):
    template = workspace / "said.json"
    template.write_text(json.dumps({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [],
        "parameters": {"word": {"type": "string"}}, "outputs": {"said": {"type": "string", "value": "[parameters('word')]"}}
    }))
    az("deployment", "group", "create", "-g", "rg", "-n", "said", "--template-file", template, "--parameters", f"word={PLANTED}")


def tenant_key(cloud, az, method, body=None):
    url = f"{cloud.arm}/providers/Cocagne.Sovereignty/tenantKeys/default?api-version={VERSION}"
    arguments = ["rest", "--method", method, "--url", url, "--resource", cloud.arm + "/"]
    return az(*arguments, *(["--body", json.dumps(body)] if body is not None else []))


def lies_in_the_records(cloud, text):
    """Whether a text can be read in what the records' store has on the disk."""
    return any(text.encode() in path.read_bytes() for path in Path(cloud.data).glob("records/*") if path.is_file())


def protect(cloud, az, vault, key):
    made = tenant_key(cloud, az, "put", {"identity": {"type": "SystemAssigned"}})
    # Without a right on the key nothing is put under it.
    with pytest.raises(AzError, match="KeyVaultAccessTokenCannotBeAcquired"):
        tenant_key(cloud, az, "put", {"properties": {"keyUri": key}})
    give_role(cloud, vault_path(cloud, "rg", vault), CRYPTO_SERVICE_ENCRYPTION_USER, made["identity"]["principalId"])
    return tenant_key(cloud, az, "put", {"properties": {"keyUri": key}})


def told(az, account):
    """What the tenant's records say of the account and of the deployment."""
    tags = az("resource", "show", "-g", "rg", "-n", account, "--resource-type", "Microsoft.Storage/storageAccounts")["tags"]
    outputs = az("deployment", "group", "show", "-g", "rg", "-n", "said")["properties"]["outputs"]
    return tags["note"], outputs["said"]["value"]


def wait_for(expected, ask, seconds):
    """Seconds until a request's answer is the expected one."""
    begin = time.monotonic()
    while ask() != expected:
        assert time.monotonic() - begin < seconds, f"not {expected} after {seconds} s"
        time.sleep(0.5)
    return time.monotonic() - begin


def test_a_tenant_takes_its_records_away_and_gives_them_back(story):
    cloud, az, vault, key, account = story
    assert not lies_in_the_records(cloud, PLANTED)
    assert lies_in_the_records(cloud, account), "the search finds nothing at all"
    shown = protect(cloud, az, vault, key)
    assert shown["properties"]["keyUri"] == key and shown["properties"]["currentVersionedKeyUri"].startswith(key + "/")
    assert told(az, account) == (PLANTED, PLANTED)

    session = cloud.arm_session()
    url = cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/{account}", "2025-08-01")
    ask = lambda: session.get(url, timeout=30).status_code
    az("keyvault", "key", "set-attributes", "--vault-name", vault, "-n", "records", "--enabled", "false")
    wait_for(403, ask, WITHDRAWN_SECONDS)
    for refused in (
        ("resource", "list"), ("resource", "list", "-g", "rg"), ("storage", "account", "list"), ("deployment", "group", "show", "-g", "rg", "-n", "said"),
        ("network", "vnet", "create", "-g", "rg", "-n", "net"), ("resource", "tag", "--tags", "a=b", "--ids", url.split("?")[0].removeprefix(cloud.arm)),
    ):
        assert REFUSAL in az.refused(*refused)

    # It stays so after a cut of the power, and the cloud stands up without the key.
    cloud.kill()
    cloud.up()
    assert session.get(url, timeout=30).json()["error"]["code"] == REFUSAL
    assert az("group", "show", "-n", "rg")["name"] == "rg"
    # The vault is there for who brings the key back.
    az("keyvault", "show", "-n", vault)
    az("keyvault", "key", "set-attributes", "--vault-name", vault, "-n", "records", "--enabled", "true")
    wait_for(200, ask, WITHDRAWN_SECONDS)
    assert told(az, account) == (PLANTED, PLANTED)


def test_a_deleted_key_and_a_right_taken_away_close_the_records_too(story):
    cloud, az, vault, key, account = story
    protect(cloud, az, vault, key)
    session = cloud.arm_session()
    url = cloud.arm_url(f"/subscriptions/{cloud.subscription}/resources")
    code = lambda: session.get(url, timeout=30).json().get("error", {}).get("code")
    az("keyvault", "key", "delete", "--vault-name", vault, "-n", "records")
    wait_for(REFUSAL, code, WITHDRAWN_SECONDS)
    az("keyvault", "key", "recover", "--vault-name", vault, "-n", "records")
    wait_for(None, code, WITHDRAWN_SECONDS)

    principal = tenant_key(cloud, az, "get")["identity"]["principalId"]
    given = az("role", "assignment", "list", "--assignee", principal, "--all")
    az("role", "assignment", "delete", "--ids", given[0]["id"])
    wait_for("KeyVaultAccessTokenCannotBeAcquired", code, WITHDRAWN_SECONDS)
    give_role(cloud, vault_path(cloud, "rg", vault), CRYPTO_SERVICE_ENCRYPTION_USER, principal)
    wait_for(None, code, WITHDRAWN_SECONDS)

    # A new version is followed; the records need the earlier one no longer.
    first = tenant_key(cloud, az, "get")["properties"]["currentVersionedKeyUri"]
    az("keyvault", "key", "rotate", "--vault-name", vault, "-n", "records")
    current = lambda: session.get(url, timeout=30) and tenant_key(cloud, az, "get")["properties"]["currentVersionedKeyUri"] != first
    wait_for(True, current, WITHDRAWN_SECONDS)
    az("keyvault", "key", "set-attributes", "--id", first, "--enabled", "false")
    tenant_key(cloud, az, "delete")
    az("keyvault", "key", "delete", "--vault-name", vault, "-n", "records")
    assert told(az, account) == (PLANTED, PLANTED)
