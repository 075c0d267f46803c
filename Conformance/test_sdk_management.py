"""azure-mgmt-resource, azure-mgmt-storage and azure-mgmt-authorization."""

import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from cloud import unique


@pytest.fixture(scope="module")
def client(cloud):
    """Makes a management client of a class."""
    credential = ClientSecretCredential(
        cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    return lambda kind: kind(credential, cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])


def test_groups_are_created_updated_listed_in_pages_and_deleted(client):
    groups = client(ResourceManagementClient).resource_groups
    names = [unique("rg") for _ in range(5)]
    for name in names:
        assert groups.create_or_update(name, {"location": "paris", "tags": {"batch": names[0]}}).properties.provisioning_state == "Succeeded"
    found = [group.name for group in groups.list(filter=f"tagName eq 'batch' and tagValue eq '{names[0]}'", top=2)]
    assert sorted(found) == sorted(names)
    assert groups.update(names[0], {"tags": {"batch": "other"}}).tags == {"batch": "other"}
    assert groups.check_existence(names[0]) is True
    for poller in [groups.begin_delete(name) for name in names]:
        poller.result(timeout=60)
    assert groups.check_existence(names[0]) is False
    with pytest.raises(ResourceNotFoundError) as refusal:
        groups.get(names[0])
    assert refusal.value.error.code == "ResourceGroupNotFound"


def test_a_resource_is_found_by_its_id_with_any_spelling(client, group, account):
    resources = client(ResourceManagementClient).resources
    found = next(iter(resources.list_by_resource_group(group)))
    assert found.name == account[0]
    assert resources.get_by_id(found.id.upper(), api_version="2025-08-01").id == found.id
    assert [item.id for item in resources.list(filter=f"resourceType eq 'Microsoft.Storage/storageAccounts' and name eq '{account[0]}'")] == [found.id]


def test_a_storage_account_lives_and_dies(cloud, client, group):
    accounts = client(StorageManagementClient).storage_accounts
    name = unique("acct")
    made = accounts.begin_create(
        group, name, {"location": "paris", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}).result(timeout=60)
    assert made.primary_endpoints.blob == cloud.blob(name) + "/"
    assert accounts.get_properties(group, name).provisioning_state == "Succeeded"
    keys = accounts.list_keys(group, name).keys_property
    again = accounts.regenerate_key(group, name, {"keyName": "key1"}).keys_property
    assert (keys[0].value != again[0].value, keys[1].value == again[1].value) == (True, True)
    assert accounts.update(group, name, {"tags": {"env": "test"}}).tags == {"env": "test"}
    accounts.delete(group, name)
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties(group, name)


def test_an_account_in_a_group_that_is_not_there_is_refused(client):
    with pytest.raises(HttpResponseError) as refusal:
        client(StorageManagementClient).storage_accounts.begin_create(
            unique("rg"), unique("acct"), {"location": "paris", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
    assert (refusal.value.status_code, refusal.value.error.code) == (404, "ResourceGroupNotFound")


def test_role_assignments_are_created_read_and_deleted(cloud, client, group):
    authorization = client(AuthorizationManagementClient)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    role = next(iter(authorization.role_definitions.list(scope, filter="roleName eq 'Reader'")))
    name = str(uuid.uuid4())
    graph = cloud.session()
    graph.headers["Authorization"] = "Bearer " + cloud.token(cloud.graph + "/")
    team = graph.post(
        cloud.graph + "/v1.0/groups", timeout=30,
        json={"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True})
    assert team.status_code == 201, team.text
    parameters = {"role_definition_id": role.id, "principal_id": team.json()["id"], "principal_type": "Group"}
    made = authorization.role_assignments.create(scope, name, parameters)
    assert authorization.role_assignments.get(scope, name).id == made.id
    with pytest.raises(HttpResponseError) as refusal:
        authorization.role_assignments.create(scope, str(uuid.uuid4()), parameters)
    assert (refusal.value.status_code, refusal.value.error.code) == (409, "RoleAssignmentExists")
    authorization.role_assignments.delete(scope, name)
    with pytest.raises(ResourceNotFoundError):
        authorization.role_assignments.get(scope, name)
