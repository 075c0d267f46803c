"""Users, groups, applications and service principals through `az ad`."""

from cloud import unique

PASSWORD = "Xy7-" + unique("pw")


def test_a_user_is_created_listed_shown_and_deleted(cloud, az):
    name = unique("alice")
    principal = f"{name}@{cloud.variables['COCAGNE_DOMAIN']}"
    made = az("ad", "user", "create", "--display-name", "Alice", "--user-principal-name", principal, "--password", PASSWORD)
    assert made["userPrincipalName"] == principal
    assert "passwordProfile" not in made or not made["passwordProfile"]
    assert principal in [user["userPrincipalName"] for user in az("ad", "user", "list")]
    assert [user["id"] for user in az("ad", "user", "list", "--filter", f"userPrincipalName eq '{principal}'")] == [made["id"]]
    assert az("ad", "user", "show", "--id", principal)["id"] == made["id"]
    az("ad", "user", "update", "--id", principal, "--display-name", "Alice L.")
    assert az("ad", "user", "show", "--id", made["id"])["displayName"] == "Alice L."
    az("ad", "user", "delete", "--id", principal)
    assert "does not exist" in az.refused("ad", "user", "show", "--id", principal)


def test_a_user_needs_a_name_in_a_domain_of_the_tenant(az):
    refusal = az.refused(
        "ad", "user", "create", "--display-name", "Mallory", "--user-principal-name", "mallory@elsewhere.example", "--password", PASSWORD)
    assert "domain" in refusal.lower()


def test_a_group_has_members(cloud, az):
    principal = f"{unique('bob')}@{cloud.variables['COCAGNE_DOMAIN']}"
    user = az("ad", "user", "create", "--display-name", "Bob", "--user-principal-name", principal, "--password", PASSWORD)
    name = unique("group")
    group = az("ad", "group", "create", "--display-name", name, "--mail-nickname", name)
    az("ad", "group", "member", "add", "--group", name, "--member-id", user["id"])
    assert az("ad", "group", "member", "check", "--group", group["id"], "--member-id", user["id"]) == {"value": True}
    assert [member["id"] for member in az("ad", "group", "member", "list", "--group", name)] == [user["id"]]
    az("ad", "group", "member", "remove", "--group", name, "--member-id", user["id"])
    assert az("ad", "group", "member", "list", "--group", name) == []
    az("ad", "group", "delete", "--group", name)
    assert az("ad", "group", "list", "--display-name", name) == []
    az("ad", "user", "delete", "--id", user["id"])


def test_an_application_gets_a_service_principal(az):
    name = unique("app")
    application = az("ad", "app", "create", "--display-name", name)
    assert [item["appId"] for item in az("ad", "app", "list", "--display-name", name)] == [application["appId"]]
    principal = az("ad", "sp", "create", "--id", application["appId"])
    assert principal["appId"] == application["appId"]
    assert az("ad", "sp", "show", "--id", application["appId"])["id"] == principal["id"]
    assert [item["id"] for item in az("ad", "sp", "list", "--display-name", name)] == [principal["id"]]
    az("ad", "sp", "delete", "--id", principal["id"])
    az("ad", "app", "delete", "--id", application["appId"])
    assert az("ad", "app", "list", "--display-name", name) == []


def test_a_reset_credential_replaces_the_one_before(cloud, az, new_az):
    made = az("ad", "sp", "create-for-rbac", "-n", unique("reset"))
    again = az("ad", "app", "credential", "reset", "--id", made["appId"])
    arguments = ("login", "--service-principal", "--allow-no-subscriptions", "-u", made["appId"], "--tenant", made["tenant"], "-p")
    assert new_az()(*arguments, again["password"])[0]["tenantId"] == cloud.tenant
    assert "AADSTS7000215" in new_az().refused(*arguments, made["password"])
