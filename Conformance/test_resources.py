"""Resource groups, tags, providers and the activity log through `az`."""

from cloud import unique


def test_a_group_is_created_listed_shown_and_deleted(cloud, az):
    name = unique("rg")
    made = az("group", "create", "-n", name, "-l", "paris", "--tags", "cost=42")
    assert made["id"] == f"/subscriptions/{cloud.subscription}/resourceGroups/{name}"
    assert (made["location"], made["properties"]["provisioningState"], made["tags"]) == ("paris", "Succeeded", {"cost": "42"})
    assert az("group", "show", "-n", name.upper()) == made
    assert name in [group["name"] for group in az("group", "list")]
    assert [group["name"] for group in az("group", "list", "--tag", "cost=42") if group["name"] == name] == [name]
    assert az("group", "exists", "-n", name) is True
    az("group", "delete", "-n", name, "--yes")
    assert az("group", "exists", "-n", name) is False
    assert "ResourceGroupNotFound" in az.refused("group", "show", "-n", name)


def test_a_group_is_deleted_with_what_is_in_it_while_nobody_waits(cloud, az):
    name, account = unique("rg"), unique("acct")
    cloud.make_group(name)
    cloud.make_account(name, account)
    az("group", "delete", "-n", name, "--yes", "--no-wait")
    az("group", "wait", "-n", name, "--deleted", "--interval", "1", "--timeout", "60")
    assert az("storage", "account", "check-name", "-n", account)["nameAvailable"] is True


def test_a_group_in_an_unknown_location_is_refused(az):
    assert "LocationNotAvailableForResourceGroup" in az.refused("group", "create", "-n", unique("rg"), "-l", "westus")


def test_tags_are_set_merged_and_removed_at_a_scope(cloud, az, group):
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    assert az("tag", "create", "--resource-id", scope, "--tags", "team=blue", "env=test")["properties"]["tags"] == {"team": "blue", "env": "test"}
    az("tag", "update", "--resource-id", scope, "--operation", "merge", "--tags", "team=red")
    assert az("tag", "list", "--resource-id", scope)["properties"]["tags"] == {"team": "red", "env": "test"}
    az("tag", "update", "--resource-id", scope, "--operation", "delete", "--tags", "env=test")
    assert az("group", "show", "-n", group)["tags"] == {"team": "red"}
    assert "team" in [tag["tagName"] for tag in az("tag", "list")]
    az("tag", "delete", "--resource-id", scope, "--yes")
    assert not az("group", "show", "-n", group)["tags"]


def test_a_tag_name_is_declared_in_the_subscription(az):
    name = unique("tag")
    az("tag", "create", "-n", name)
    az("tag", "add-value", "-n", name, "--value", "one")
    declared = next(tag for tag in az("tag", "list") if tag["tagName"] == name)
    assert [value["tagValue"] for value in declared["values"]] == ["one"]
    az("tag", "remove-value", "-n", name, "--value", "one")
    az("tag", "delete", "-n", name, "--yes")
    assert name not in [tag["tagName"] for tag in az("tag", "list")]


def test_providers_and_their_types_are_listed(az):
    namespaces = [provider["namespace"] for provider in az("provider", "list")]
    assert {"Microsoft.Storage", "Microsoft.Resources", "Microsoft.Authorization"} <= set(namespaces)
    storage = az("provider", "show", "-n", "Microsoft.Storage")
    accounts = next(kind for kind in storage["resourceTypes"] if kind["resourceType"] == "storageAccounts")
    assert accounts["apiVersions"]
    az("provider", "register", "-n", "Microsoft.Storage")
    assert az("provider", "show", "-n", "Microsoft.Storage")["registrationState"] == "Registered"


def test_resources_are_listed_by_type_group_and_tag(cloud, az, group, account):
    name, _ = account
    assert [item["name"] for item in az("resource", "list", "-g", group)] == [name]
    assert name in [item["name"] for item in az("resource", "list", "--resource-type", "Microsoft.Storage/storageAccounts")]
    assert az("resource", "list", "-g", group, "--resource-type", "Microsoft.KeyVault/vaults") == []
    identifier = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
    assert az("resource", "show", "--ids", identifier)["id"] == identifier


def test_the_activity_log_says_who_did_what(cloud, az):
    name = unique("rg")
    az("group", "create", "-n", name, "-l", "paris")
    events = az("monitor", "activity-log", "list", "--resource-group", name, "--offset", "1h")
    event = next(event for event in events if event["operationName"]["value"].lower() == "microsoft.resources/subscriptions/resourcegroups/write")
    assert event["status"]["value"] == "Succeeded"
    assert event["resourceId"].lower() == f"/subscriptions/{cloud.subscription}/resourcegroups/{name}".lower()
    assert event["caller"]
    assert event["correlationId"]
    az("group", "delete", "-n", name, "--yes", "--no-wait")


def test_rest_calls_reach_a_provider_s_operations(cloud, az):
    answer = az("rest", "--method", "get", "--url", f"{cloud.arm}/providers/Microsoft.Storage/operations?api-version=2025-08-01")
    names = [operation["name"] for operation in answer["value"]]
    assert "Microsoft.Storage/storageAccounts/write" in names
    assert "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read" in names
