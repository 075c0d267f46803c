"""Role definitions and assignments, and that they decide."""

import json

from cloud import unique

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def service_principal(az):
    """A service principal without any role: its application, secret and object."""
    made = az("ad", "sp", "create-for-rbac", "-n", unique("rbac"))
    return made, az("ad", "sp", "show", "--id", made["appId"])["id"]


def test_built_in_roles_have_their_real_ids(az):
    found = az("role", "definition", "list", "-n", "Reader")
    assert [role["name"] for role in found] == [READER]
    names = {role["roleName"] for role in az("role", "definition", "list")}
    assert {"Owner", "Contributor", "Reader", "User Access Administrator", "Storage Blob Data Owner", "Storage Blob Data Reader"} <= names


def test_an_assignment_is_created_listed_and_deleted(cloud, az, group):
    made, principal = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    assigned = az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope", scope)
    assert assigned["principalId"] == principal
    assert assigned["roleDefinitionId"].endswith(READER)
    listed = az("role", "assignment", "list", "--assignee", made["appId"], "--scope", scope)
    assert [(item["id"], item["roleDefinitionName"], item["principalName"]) for item in listed] == [(assigned["id"], "Reader", made["appId"])]
    assert assigned["id"] in [item["id"] for item in az("role", "assignment", "list", "--all")]
    az("role", "assignment", "delete", "--ids", assigned["id"])
    assert az("role", "assignment", "list", "--assignee", made["appId"], "--all") == []


def test_a_reader_reads_and_does_not_write(cloud, az, new_az, group):
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope", scope)
    reader = new_az()
    reader.login(made["appId"], made["password"], made["tenant"])
    assert [item["name"] for item in reader("group", "list")] == [group]
    assert reader("group", "show", "-n", group)["name"] == group
    assert "AuthorizationFailed" in reader.refused("group", "create", "-n", unique("rg"), "-l", "paris")
    assert "AuthorizationFailed" in reader.refused(
        "storage", "account", "create", "-n", unique("acct"), "-g", group, "-l", "paris", "--sku", "Standard_LRS")


def test_a_revoked_assignment_is_refused_at_the_next_request(cloud, az, group):
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    session = cloud.arm_session(client_id=made["appId"], secret=made["password"])
    address = cloud.arm_url(scope)
    # Who has no role in a subscription does not learn that there is one.
    assert session.get(address, timeout=30).status_code == 404
    elsewhere = unique("rg")
    cloud.make_group(elsewhere)
    az(
        "role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope",
        f"/subscriptions/{cloud.subscription}/resourceGroups/{elsewhere}")
    assert session.get(address, timeout=30).status_code == 403
    assigned = az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope", scope)
    for _ in range(3):
        assert session.get(address, timeout=30).status_code == 200
    removal = cloud.arm_session().delete(cloud.arm_url(assigned["id"], "2022-04-01"), timeout=30)
    assert removal.status_code == 200
    refusal = session.get(address, timeout=30)
    assert refusal.status_code == 403
    assert refusal.json()["error"]["code"] == "AuthorizationFailed"


def test_data_need_a_data_role_and_a_revoked_one_opens_nothing(cloud, az, account, group):
    name, key = account
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Owner", "--scope", scope)
    box = unique("box")
    az("storage", "container", "create", "-n", box, "--account-name", name, "--account-key", key)
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + cloud.token("https://storage.azure.com", made["appId"], made["password"])
    session.headers["x-ms-version"] = "2026-04-06"
    address = f"{cloud.blob(name)}/{box}/note"

    def write():
        return session.put(address, data=b"hello", headers={"x-ms-blob-type": "BlockBlob"}, timeout=30)

    refusal = write()
    assert (refusal.status_code, refusal.headers["x-ms-error-code"]) == (403, "AuthorizationPermissionMismatch")
    writer = az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Storage Blob Data Contributor", "--scope", scope)
    assert write().status_code == 201
    assert session.get(address, timeout=30).content == b"hello"
    cloud.arm_session().delete(cloud.arm_url(writer["id"], "2022-04-01"), timeout=30).raise_for_status()
    assert write().status_code == 403
    assert session.get(address, timeout=30).status_code == 403


def test_a_group_s_role_is_its_members_role(cloud, az, group):
    made, principal = service_principal(az)
    team = az("ad", "group", "create", "--display-name", unique("team"), "--mail-nickname", unique("team"))
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    az(
        "role", "assignment", "create", "--assignee-object-id", team["id"], "--assignee-principal-type", "Group", "--role", "Reader", "--scope", scope)
    session = cloud.arm_session(client_id=made["appId"], secret=made["password"])
    address = cloud.arm_url(scope)
    assert session.get(address, timeout=30).status_code == 404
    az("ad", "group", "member", "add", "--group", team["id"], "--member-id", principal)
    assert session.get(address, timeout=30).status_code == 200
    az("ad", "group", "member", "remove", "--group", team["id"], "--member-id", principal)
    assert session.get(address, timeout=30).status_code == 404


def test_a_custom_role_permits_what_it_says(cloud, az, group, tmp_path):
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    role = unique("role")
    definition = {
        "Name": role, "IsCustom": True, "Description": "Reads storage accounts, but not their keys.",
        "Actions": ["Microsoft.Storage/storageAccounts/*"], "NotActions": ["Microsoft.Storage/storageAccounts/listKeys/action"],
        "AssignableScopes": [f"/subscriptions/{cloud.subscription}"]
    }
    (tmp_path / "role.json").write_text(json.dumps(definition))
    az("role", "definition", "create", "--role-definition", tmp_path / "role.json")
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", role, "--scope", scope)
    session = cloud.arm_session(client_id=made["appId"], secret=made["password"])
    name = unique("acct")
    path = f"{scope}/providers/Microsoft.Storage/storageAccounts/{name}"
    body = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "paris"}
    assert session.put(cloud.arm_url(path, "2025-08-01"), json=body, timeout=30).status_code in (200, 202)
    assert session.post(cloud.arm_url(path + "/listKeys", "2025-08-01"), timeout=30).status_code == 403
    for assignment in az("role", "assignment", "list", "--role", role, "--scope", scope):
        az("role", "assignment", "delete", "--ids", assignment["id"])
    az("role", "definition", "delete", "-n", role)
    assert az("role", "definition", "list", "-n", role) == []
