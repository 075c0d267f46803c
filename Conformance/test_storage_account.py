"""Storage accounts through `az storage account`."""

import base64

from azure.storage.blob import BlobServiceClient

from cloud import unique


def test_an_account_is_created_shown_listed_updated_and_deleted(cloud, az, group):
    name = unique("acct")
    assert az("storage", "account", "check-name", "-n", name)["nameAvailable"] is True
    made = az("storage", "account", "create", "-n", name, "-g", group, "-l", "paris", "--sku", "Standard_LRS")
    assert (made["name"], made["location"], made["sku"]["name"], made["provisioningState"]) == (name, "paris", "Standard_LRS", "Succeeded")
    assert made["primaryEndpoints"]["blob"] == cloud.blob(name) + "/"
    assert made["allowBlobPublicAccess"] is False
    assert az("storage", "account", "check-name", "-n", name)["reason"] == "AlreadyExists"
    assert az("storage", "account", "show", "-n", name, "-g", group)["id"] == made["id"]
    assert name in [account["name"] for account in az("storage", "account", "list")]
    assert name in [account["name"] for account in az("storage", "account", "list", "-g", group)]
    updated = az("storage", "account", "update", "-n", name, "-g", group, "--tags", "env=test", "--min-tls-version", "TLS1_2")
    assert (updated["tags"], updated["minimumTlsVersion"]) == ({"env": "test"}, "TLS1_2")
    az("storage", "account", "delete", "-n", name, "-g", group, "--yes")
    assert "ResourceNotFound" in az.refused("storage", "account", "show", "-n", name, "-g", group)


def test_a_bad_account_name_is_refused(az, group):
    assert "AccountNameInvalid" in str(az("storage", "account", "check-name", "-n", "Not-A-Name"))
    assert "AccountNameInvalid" in az.refused("storage", "account", "create", "-n", "no_such-name", "-g", group, "-l", "paris")


def test_an_unknown_sku_is_refused(az, group):
    refusal = az.refused(
        "rest", "--method", "put", "--url",
        f"/subscriptions/{az.cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{unique('acct')}"
        "?api-version=2025-08-01", "--body", '{"sku":{"name":"Nonsense_LRS"},"kind":"StorageV2","location":"paris"}')
    assert "Bad Request" in refusal


def test_a_renewed_key_replaces_the_one_before_at_once(cloud, az, group):
    name = unique("acct")
    az("storage", "account", "create", "-n", name, "-g", group, "-l", "paris", "--sku", "Standard_LRS")
    keys = az("storage", "account", "keys", "list", "-n", name, "-g", group)
    assert [key["keyName"] for key in keys] == ["key1", "key2"]
    assert all(len(base64.b64decode(key["value"])) == 64 for key in keys)
    renewed = az("storage", "account", "keys", "renew", "-n", name, "-g", group, "--key", "primary")
    assert renewed[0]["value"] != keys[0]["value"]
    assert renewed[1]["value"] == keys[1]["value"]

    def containers(key):
        return list(BlobServiceClient(cloud.blob(name), credential={"account_name": name, "account_key": key}).list_containers())

    assert containers(renewed[0]["value"]) == containers(keys[1]["value"]) == []
    try:
        containers(keys[0]["value"])
    except Exception as error:
        assert error.error_code == "AuthenticationFailed"
    else:
        raise AssertionError("the key before the renewal still opens the account")
    string = az("storage", "account", "show-connection-string", "-n", name, "-g", group)["connectionString"]
    assert f"AccountKey={renewed[0]['value']}" in string
    assert list(BlobServiceClient.from_connection_string(string).list_containers()) == []
