"""The services of a storage account as `az` sets them up: what they keep, whom they let in from other sites, what they write down, the website."""

import json

import pytest
import requests

from cloud import unique


@pytest.fixture(scope="module")
def storage(az, rg):
    """A new account: its name, and the options that name it with its key."""
    name = unique("acct")
    az("storage", "account", "create", "-n", name, "-g", rg, "-l", "paris", "--sku", "Standard_LRS")
    key = az("storage", "account", "keys", "list", "-g", rg, "-n", name)[0]["value"]
    return name, ["--account-name", name, "--account-key", key]


def test_an_account_shows_where_each_of_its_services_is(az, rg, storage, cloud):
    endpoints = az("storage", "account", "show", "-n", storage[0], "-g", rg)["primaryEndpoints"]
    for service in ("blob", "queue", "table", "web"):
        assert endpoints[service] == cloud.url(f"{storage[0]}.{service}.core") + "/"


def test_what_the_blob_service_keeps_is_set_by_resource_manager(az, rg, storage):
    command = ("storage", "account", "blob-service-properties")
    before = az(*command, "show", "-g", rg, "--account-name", storage[0])
    assert before["isVersioningEnabled"] is False and before["deleteRetentionPolicy"]["enabled"] is False
    az(*command, "update", "-g", rg, "--account-name", storage[0], "--enable-versioning", "true", "--enable-delete-retention", "true",
       "--delete-retention-days", "5", "--enable-container-delete-retention", "true", "--container-delete-retention-days", "6")
    az(*command, "update", "-g", rg, "--account-name", storage[0], "--enable-last-access-tracking", "true")
    after = az(*command, "show", "-g", rg, "--account-name", storage[0])
    assert after["isVersioningEnabled"] is True
    assert after["deleteRetentionPolicy"]["days"] == 5 and after["containerDeleteRetentionPolicy"]["days"] == 6
    assert after["lastAccessTimeTrackingPolicy"]["enable"] is True
    assert "Point-in-time restore" in az.refused(
        *command, "update", "-g", rg, "--account-name", storage[0], "--enable-restore-policy", "true", "--restore-days", "1", "--enable-change-feed", "true")
    az(*command, "update", "-g", rg, "--account-name", storage[0], "--enable-versioning", "false", "--enable-delete-retention", "false",
       "--enable-container-delete-retention", "false", "--enable-last-access-tracking", "false")


def test_other_sites_are_let_in_by_the_rules_of_each_service(az, storage, cloud):
    name, who = storage
    az("storage", "cors", "add", "--services", "bqt", "--methods", "GET", "PUT", "--origins", "https://app.example", "--allowed-headers", "x-ms-*",
       "--exposed-headers", "x-ms-request-id", "--max-age", "60", *who)
    rules = az("storage", "cors", "list", "--services", "bqt", *who)
    assert sorted(rule["Service"] for rule in rules) == ["blob", "queue", "table"]
    for service in ("blob", "queue", "table"):
        def preflight(origin):
            return cloud.session().options(
                cloud.url(f"{name}.{service}.core") + "/thing", timeout=30,
                headers={"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-ms-date"})

        allowed = preflight("https://app.example")
        assert allowed.status_code == 200 and allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert preflight("https://other.example").status_code == 403
    az("storage", "cors", "clear", "--services", "bqt", *who)
    assert az("storage", "cors", "list", "--services", "bqt", *who) == []


def test_logging_and_metrics_are_kept_for_each_service(az, storage):
    name, who = storage
    az("storage", "logging", "update", "--services", "bqt", "--log", "rwd", "--retention", "5", *who)
    for service, logging in az("storage", "logging", "show", "--services", "bqt", *who).items():
        assert logging["read"] and logging["write"] and logging["delete"] and logging["retentionPolicy"]["days"] == 5, service
    az("storage", "metrics", "update", "--services", "bqt", "--hour", "true", "--minute", "true", "--api", "true", "--retention", "5", *who)
    for service, metrics in az("storage", "metrics", "show", "--services", "bqt", *who).items():
        for interval in ("hour", "minute"):
            assert metrics[interval]["enabled"] and metrics[interval]["retentionPolicy"]["days"] == 5, service
    az("storage", "logging", "off", *who)
    az("storage", "metrics", "update", "--services", "bqt", "--hour", "false", "--minute", "false", "--retention", "0", *who)


def test_a_website_is_shown_to_the_world(az, storage, cloud, tmp_path):
    name, who = storage
    az("storage", "blob", "service-properties", "update", "--static-website", "--index-document", "index.html", "--404-document", "404.html", *who)
    for page, text in (("index.html", "<h1>welcome</h1>"), ("404.html", "<h1>nothing here</h1>")):
        (tmp_path / page).write_text(text)
    az("storage", "blob", "upload-batch", "-s", tmp_path, "-d", "$web", *who)
    site = cloud.url(f"{name}.web.core")

    def get(path):
        return requests.get(site + path, verify=cloud.ca, timeout=30)

    home = get("/")
    assert (home.status_code, home.text, home.headers["Content-Type"]) == (200, "<h1>welcome</h1>", "text/html")
    missing = get("/no/such/page")
    assert (missing.status_code, missing.text) == (404, "<h1>nothing here</h1>")
    assert requests.put(site + "/index.html", data="x", verify=cloud.ca, timeout=30).status_code == 405
    az("storage", "blob", "service-properties", "update", "--static-website", "false", *who)
    assert get("/").status_code == 404


def test_statistics_tell_that_there_is_no_second_place(az, storage):
    for service in ("queue", "table"):
        assert az("storage", service, "stats", *storage[1])["geoReplication"]["status"] == "unavailable"


RULE = {
    "enabled": True, "name": "logs", "type": "Lifecycle", "definition": {
        "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["logs/old"]},
        "actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}, "delete": {"daysAfterModificationGreaterThan": 365}}}}
}


def test_a_management_policy_is_kept_and_checked(az, rg, storage, tmp_path):
    def policy(rule):
        path = tmp_path / f"{unique('policy')}.json"
        path.write_text(json.dumps({"rules": [rule]}))
        return f"@{path}"

    command = ("storage", "account", "management-policy")
    whose = ("-g", rg, "--account-name", storage[0])
    az(*command, "create", *whose, "--policy", policy(RULE))
    rule = az(*command, "show", *whose)["policy"]["rules"][0]
    assert rule["name"] == "logs" and rule["definition"]["filters"]["prefixMatch"] == ["logs/old"]
    assert rule["definition"]["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"] == 365
    nothing = RULE | {"definition": {"filters": {"blobTypes": ["blockBlob"]}, "actions": {}}}
    assert "InvalidValuesForRequestParameters" in az.refused(*command, "create", *whose, "--policy", policy(nothing))
    az(*command, "delete", *whose)
    assert "ManagementPolicy" in az.refused(*command, "show", *whose) or "not found" in az.refused(*command, "show", *whose)


def test_replication_to_another_place_is_refused(az, rg, storage):
    whose = ("-g", rg, "--account-name", storage[0])
    assert az("storage", "account", "or-policy", "list", *whose) == []
    assert "FeatureNotSupportedForAccount" in az.refused(
        "storage", "account", "or-policy", "create", *whose, "--source-account", storage[0], "--destination-account", storage[0],
        "--destination-container", "a", "--source-container", "b")


def test_queues_and_tables_are_made_by_resource_manager_and_seen_by_the_data_plane(az, rg, storage):
    name, who = storage
    queue, table = unique("queue"), unique("table")
    az("storage", "queue", "create", "-n", queue, *who)
    assert [it["name"] for it in az("storage", "queue", "list", *who)] == [queue]
    az("storage", "table", "create", "-n", table, *who)
    assert [it["name"] for it in az("storage", "table", "list", *who)] == [table]
    account = f"/subscriptions/{az.cloud.subscription}/resourceGroups/{rg}/providers/Microsoft.Storage/storageAccounts/{name}"
    for path, item in (("queueServices/default/queues", queue), ("tableServices/default/tables", table)):
        listed = az("rest", "--method", "get", "--url", f"{az.cloud.arm}{account}/{path}?api-version=2023-05-01")
        assert [it["name"] for it in listed["value"]] == [item]
