"""Vaults through `az keyvault`, azure-mgmt-keyvault and azure-keyvault-administration: what Resource Manager does with them, and the roles at a
vault's own host."""

import json
import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.administration import KeyVaultAccessControlClient, KeyVaultPermission, KeyVaultRoleScope
from azure.mgmt.keyvault import KeyVaultManagementClient

from cloud import unique

ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"


def name_of_vault():
    return unique("kv")[:24]


def credential(cloud):
    return ClientSecretCredential(cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)


@pytest.fixture(scope="module")
def vaults(cloud):
    return KeyVaultManagementClient(credential(cloud), cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"]).vaults


def wanted(cloud, **properties):
    return {
        "location": "paris", "properties": {"tenantId": cloud.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [], **properties}}


def test_a_vault_lives_is_deleted_recovered_and_purged(az, group):
    name = name_of_vault()
    made = az("keyvault", "create", "-n", name, "-g", group, "-l", "paris", "--retention-days", "7", "--tags", "team=blue")
    properties = made["properties"]
    assert properties["vaultUri"].startswith(f"https://{name}.vault.") and properties["vaultUri"].endswith("/")
    assert (properties["enableRbacAuthorization"], properties["enableSoftDelete"], properties["softDeleteRetentionInDays"]) == (True, True, 7)
    assert "already exists" in az.refused("keyvault", "create", "-n", name, "-g", group, "-l", "paris")
    assert az("keyvault", "show", "-n", name)["id"] == made["id"]
    assert name in [vault["name"] for vault in az("keyvault", "list")]
    assert name in [vault["name"] for vault in az("keyvault", "list", "-g", group)]
    assert az("keyvault", "list", "--resource-type", "hsm") == []
    updated = az("keyvault", "update", "-n", name, "-g", group, "--enabled-for-deployment", "true", "--set", "tags.env=test")
    assert updated["properties"]["enabledForDeployment"] is True
    assert updated["tags"] == {"team": "blue", "env": "test"}
    assert "can't be modified" in az.refused("keyvault", "update", "-n", name, "-g", group, "--retention-days", "30")
    az("keyvault", "delete", "-n", name, "-g", group)
    assert "NotFound" in az.refused("keyvault", "show", "-n", name, "-g", group)
    deleted = [vault for vault in az("keyvault", "list-deleted") if vault["name"] == name]
    assert [vault["properties"]["vaultId"] for vault in deleted] == [made["id"]]
    assert az("keyvault", "show-deleted", "-n", name)["properties"]["tags"] == {"team": "blue", "env": "test"}
    assert "deleted state" in az.refused("keyvault", "create", "-n", name, "-g", group, "-l", "paris")
    recovered = az("keyvault", "recover", "-n", name)
    assert recovered["properties"]["softDeleteRetentionInDays"] == 7
    assert az("keyvault", "show", "-n", name)["tags"] == {"team": "blue", "env": "test"}
    az("keyvault", "delete", "-n", name, "-g", group)
    az("keyvault", "purge", "-n", name)
    assert name not in [vault["name"] for vault in az("keyvault", "list-deleted", "--resource-type", "vault")]
    az("keyvault", "create", "-n", name, "-g", group, "-l", "paris")
    az("keyvault", "delete", "-n", name, "-g", group)


def test_a_protected_vault_is_not_purged(az, group):
    name = name_of_vault()
    made = az("keyvault", "create", "-n", name, "-g", group, "-l", "paris", "--enable-purge-protection", "true", "--retention-days", "7")
    assert made["properties"]["enablePurgeProtection"] is True
    az("keyvault", "delete", "-n", name, "-g", group)
    assert az("keyvault", "show-deleted", "-n", name, "-l", "paris")["properties"]["purgeProtectionEnabled"] is True
    assert "Operation 'DeletedVaultPurge' is not allowed." in az.refused("keyvault", "purge", "-n", name)


def test_access_policies_are_set_and_deleted(az, group):
    name, person = name_of_vault(), str(uuid.uuid4())
    az("keyvault", "create", "-n", name, "-g", group, "-l", "paris", "--enable-rbac-authorization", "false", "--no-self-perms", "true")
    az("keyvault", "set-policy", "-n", name, "-g", group, "--object-id", person, "--secret-permissions", "get", "list", "--key-permissions", "sign")
    policies = az("keyvault", "show", "-n", name)["properties"]["accessPolicies"]
    assert [(policy["objectId"], sorted(policy["permissions"]["secrets"]), policy["permissions"]["keys"]) for policy in policies] == [
        (person, ["get", "list"], ["sign"])]
    az("keyvault", "set-policy", "-n", name, "-g", group, "--object-id", person, "--secret-permissions", "set")
    assert az("keyvault", "show", "-n", name)["properties"]["accessPolicies"][0]["permissions"]["secrets"] == ["set"]
    az("keyvault", "delete-policy", "-n", name, "-g", group, "--object-id", person)
    assert az("keyvault", "show", "-n", name)["properties"]["accessPolicies"] == []


def test_network_rules_keep_out_who_they_do_not_name(cloud, az, group):
    name = name_of_vault()
    uri = az("keyvault", "create", "-n", name, "-g", group, "-l", "paris")["properties"]["vaultUri"]
    client = KeyVaultAccessControlClient(uri, credential(cloud))
    assert list(client.list_role_definitions(KeyVaultRoleScope.GLOBAL))
    az("keyvault", "network-rule", "add", "-n", name, "-g", group, "--ip-address", "203.0.113.0/24")
    assert list(client.list_role_definitions(KeyVaultRoleScope.GLOBAL)), "the default action lets everybody in still"
    az("keyvault", "update", "-n", name, "-g", group, "--default-action", "Deny")
    with pytest.raises(HttpResponseError) as refusal:
        list(client.list_role_definitions(KeyVaultRoleScope.GLOBAL))
    assert refusal.value.status_code == 403 and "ForbiddenByFirewall" in refusal.value.response.text()
    az("keyvault", "network-rule", "add", "-n", name, "-g", group, "--ip-address", "127.0.0.1")
    rules = az("keyvault", "network-rule", "list", "-n", name, "-g", group)
    assert [rule["value"] for rule in rules["ipRules"]] == ["203.0.113.0/24", "127.0.0.1/32"]
    az("keyvault", "network-rule", "remove", "-n", name, "-g", group, "--ip-address", "203.0.113.0/24")
    assert [rule["value"] for rule in az("keyvault", "network-rule", "list", "-n", name, "-g", group)["ipRules"]] == ["127.0.0.1/32"]


def test_a_premium_vault_needs_a_security_module(az, group):
    assert "SkuNotAvailable" in az.refused("keyvault", "create", "-n", name_of_vault(), "-g", group, "-l", "paris", "--sku", "premium")


def test_names_are_checked(vaults, az):
    assert vaults.check_name_availability({"name": "no--name", "type": "Microsoft.KeyVault/vaults"}).reason == "AccountNameInvalid"
    assert vaults.check_name_availability({"name": name_of_vault(), "type": "Microsoft.KeyVault/vaults"}).name_available is True
    assert az("keyvault", "check-name", "-n", name_of_vault())["nameAvailable"] is True


def test_the_management_client_does_what_az_does(cloud, vaults, group):
    name = name_of_vault()
    made = vaults.begin_create_or_update(group, name, wanted(cloud, enableRbacAuthorization=False)).result(timeout=60)
    assert made.properties.enable_rbac_authorization is False
    assert vaults.get(group, name).properties.provisioning_state == "Succeeded"
    assert vaults.update(group, name, {"tags": {"a": "b"}, "properties": {"enabledForTemplateDeployment": True}}).tags == {"a": "b"}
    policy = {"tenantId": cloud.tenant, "objectId": str(uuid.uuid4()), "permissions": {"certificates": ["get", "import"]}}
    changed = vaults.update_access_policy(group, name, "add", {"properties": {"accessPolicies": [policy]}})
    assert changed.properties.access_policies[0].permissions.certificates == ["get", "import"]
    assert vaults.check_name_availability({"name": name, "type": "Microsoft.KeyVault/vaults"}).reason == "AlreadyExists"
    assert name in [vault.name for vault in vaults.list()] and name in [vault.name for vault in vaults.list_by_resource_group(group)]
    vaults.delete(group, name)
    with pytest.raises(ResourceNotFoundError):
        vaults.get(group, name)
    assert vaults.get_deleted(name, "paris").properties.tags == {"a": "b"}
    with pytest.raises(ResourceExistsError) as refusal:
        vaults.begin_create_or_update(group, name, wanted(cloud))
    assert refusal.value.error.code == "ConflictError"
    recovered = vaults.begin_create_or_update(group, name, wanted(cloud, createMode="recover")).result(timeout=60)
    assert recovered.properties.access_policies[0].object_id == policy["objectId"]
    vaults.delete(group, name)
    assert name in [vault.name for vault in vaults.list_deleted()]
    vaults.begin_purge_deleted(name, "paris").result(timeout=60)
    with pytest.raises(ResourceNotFoundError):
        vaults.get_deleted(name, "paris")


def test_roles_are_given_at_a_vaults_own_host(cloud, vaults, az, group):
    name = name_of_vault()
    vault = vaults.begin_create_or_update(group, name, wanted(cloud, enableRbacAuthorization=True)).result(timeout=60)
    client = KeyVaultAccessControlClient(vault.properties.vault_uri, credential(cloud))
    roles = {role.role_name: role for role in client.list_role_definitions(KeyVaultRoleScope.GLOBAL)}
    assert roles["Key Vault Administrator"].name == ADMINISTRATOR
    assert roles["Key Vault Administrator"].role_type == "AKVBuiltInRole"
    person = az("ad", "sp", "show", "--id", cloud.client_id)["id"]
    made = client.create_role_assignment("/keys/mine", roles["Key Vault Crypto User"].id, person)
    assert (made.properties.scope, made.properties.principal_id) == ("/keys/mine", person)
    assert client.get_role_assignment("/keys/mine", made.name).role_assignment_id == made.role_assignment_id
    assert [item.name for item in client.list_role_assignments(KeyVaultRoleScope.GLOBAL)] == [made.name]
    seen = az("role", "assignment", "list", "--scope", f"{vault.id}/keys/mine", "--assignee-object-id", person)
    assert CRYPTO_USER in [item["roleDefinitionId"].split("/")[-1] for item in seen]
    client.delete_role_assignment("/keys/mine", made.name)
    with pytest.raises(ResourceNotFoundError):
        client.get_role_assignment("/keys/mine", made.name)
    signing = KeyVaultPermission(data_actions=["Microsoft.KeyVault/vaults/keys/sign/action"])
    own = client.set_role_definition(KeyVaultRoleScope.GLOBAL, role_name=unique("Signers"), permissions=[signing])
    assert own.role_type == "CustomRole" and own.assignable_scopes == ["/"]
    assert client.get_role_definition(KeyVaultRoleScope.GLOBAL, own.name).permissions[0].data_actions == signing.data_actions
    with pytest.raises(HttpResponseError) as refusal:
        client.set_role_definition(
            KeyVaultRoleScope.GLOBAL, role_name="Of a managed HSM",
            permissions=[KeyVaultPermission(data_actions=["Microsoft.KeyVault/managedHsm/keys/read/action"])])
    assert refusal.value.status_code == 400
    client.delete_role_definition(KeyVaultRoleScope.GLOBAL, own.name)
    with pytest.raises(ResourceNotFoundError):
        client.get_role_definition(KeyVaultRoleScope.GLOBAL, own.name)


def test_a_template_makes_a_vault_and_names_its_address(cloud, az, group, tmp_path):
    name = name_of_vault()
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "resources": [{
            "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": name, "location": "paris",
            "properties": {
                "tenantId": "[subscription().tenantId]", "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}}],
        "outputs": {
            "uri": {"type": "string", "value": f"[reference('{name}').vaultUri]"},
            "suffix": {"type": "string", "value": "[environment().suffixes.keyvaultDns]"}}}
    path = tmp_path / "vault.json"
    path.write_text(json.dumps(template))
    outputs = az("deployment", "group", "create", "-g", group, "-f", path)["properties"]["outputs"]
    assert outputs["uri"]["value"] == f"https://{name}{outputs['suffix']['value']}/"


def test_a_deleted_vault_outlives_the_death_of_the_process(own_cloud):
    cloud, name, version = own_cloud(), name_of_vault(), "2026-02-01"
    session = cloud.arm_session()
    cloud.make_group("rg", session)
    vault = cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/{name}", version)
    deleted = cloud.arm_url(
        f"/subscriptions/{cloud.subscription}/providers/Microsoft.KeyVault/locations/paris/deletedVaults/{name}", version)
    assert session.put(vault, json=wanted(cloud, enabledForDeployment=True)).status_code == 200
    assert session.delete(vault).status_code == 200
    cloud.kill()
    cloud.up()
    session = cloud.arm_session()
    assert session.get(deleted).json()["properties"]["location"] == "paris"
    recovered = session.put(vault, json=wanted(cloud, createMode="recover"))
    assert (recovered.status_code, recovered.json()["properties"]["enabledForDeployment"]) == (200, True)
