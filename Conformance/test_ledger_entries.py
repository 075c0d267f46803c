"""What real clients do is in the ledger, each with its kind, and no secret of theirs is."""

import getpass
import json
import secrets
import shutil
import subprocess
import time

import pytest

from azure_cli import Az
from cloud import Cloud, free_port, unique

# Notes of refusals are gathered for a second; entries get their places shortly after.
SETTLE_SECONDS = 30


@pytest.fixture(scope="module")
def watched(workspace):
    """A cloud of this module's own, so that its ledger holds what this module does."""
    cloud = Cloud(workspace / "watched", free_port())
    cloud.up()
    yield cloud
    cloud.remove_machines()
    cloud.stop()


@pytest.fixture(scope="module")
def az(watched, workspace):
    az = Az(watched, workspace / "watched-az")
    az.login()
    return az


@pytest.fixture(scope="module")
def account(watched, az):
    group, name = unique("rg"), unique("acct")
    az("group", "create", "-n", group, "-l", "paris")
    az("storage", "account", "create", "-g", group, "-n", name, "--sku", "Standard_LRS", "--min-tls-version", "TLS1_2")
    return group, name


def entries(cloud, after=0):
    """Everything behind a number, as the operator reads it."""
    found = []
    while True:
        page = json.loads(cloud.command("ledger", "list", "--after", str(after), "--limit", "1000", "--json").stdout)["entries"]
        found += page
        if len(page) < 1000:
            return found
        after = page[-1]["entry"]["sequence"]


def awaited(look, what):
    """What `look` gives, once that is something."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come within {SETTLE_SECONDS} s"
        time.sleep(0.2)
    return found


def mark(cloud):
    """The number of the newest entry."""
    return json.loads(cloud.command("ledger", "publish", "--json").stdout)["size"]


def find(cloud, after, kind, **facts):
    """The entry of a kind with these facts that came behind a number; waits for it."""
    subject = facts.pop("subject", "")

    def look():
        for item in entries(cloud, after):
            entry = item["entry"]
            if entry["kind"] == kind and subject.lower() in entry["subject"].lower() and all(
                    entry.get("facts", {}).get(name, "").lower() == value.lower() for name, value in facts.items()):
                return item
        return None

    return awaited(look, f"an entry {kind} {facts} about {subject}")


def curl(cloud, url, *arguments):
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", cloud.ca, *arguments, url], capture_output=True, text=True, timeout=30, check=False)
    return int(done.stdout)


def test_what_az_creates_and_deletes_is_a_change_in_its_tenants_name(watched, az, account):
    group = unique("rg")
    before = mark(watched)
    az("group", "create", "-n", group, "-l", "paris")
    made = find(watched, before, "control.write", operation="Microsoft.Resources/subscriptions/resourceGroups/write", subject=f"/resourceGroups/{group}")
    assert made["entry"]["tenant"] == watched.tenant and made["entry"]["outcome"] == "succeeded"
    assert made["personal"]["caller"] == watched.client_id and made["personal"]["address"]
    # In the log itself are commitments alone.
    assert all(len(value) == 64 for value in made["entry"]["personal"].values())
    az("group", "delete", "-n", group, "--yes")
    gone = [item["entry"] for item in entries(watched, before) if item["entry"]["subject"].endswith(group) and item["entry"]["kind"] == "control.write"]
    assert [entry["facts"]["status"] for entry in gone] == ["Succeeded", "Accepted", "Succeeded"]


def test_keys_and_signatures_that_are_given_out_are_reads_of_a_secret(watched, az, account):
    group, name = account
    before = mark(watched)
    keys = az("storage", "account", "keys", "list", "-g", group, "-n", name)
    find(watched, before, "secret.read", operation="Microsoft.Storage/storageAccounts/listkeys/action", subject=name)
    az("storage", "account", "keys", "renew", "-g", group, "-n", name, "--key", "secondary")
    find(watched, before, "secret.read", operation="Microsoft.Storage/storageAccounts/regeneratekey/action", subject=name)
    assert_absent(watched, keys[0]["value"])


def test_a_user_and_a_credential_of_the_directory_are_changes_without_secrets(watched, az):
    before = mark(watched)
    name, password = unique("user"), "Planted-" + secrets.token_hex(12)
    domain = az("rest", "--method", "get", "--url", watched.url("graph") + "/v1.0/domains", "--resource", watched.url("graph"))["value"][0]["id"]
    user = az("ad", "user", "create", "--display-name", name, "--password", password, "--user-principal-name", f"{name}@{domain}")
    item = find(watched, before, "control.write", operation="microsoft.directory/users/create")
    assert item["entry"]["subject"] == "/users" and item["personal"]["object"] == user["id"]
    assert user["id"] not in json.dumps(item["entry"])
    application = az("ad", "app", "create", "--display-name", name)
    given = az("ad", "app", "credential", "reset", "--id", application["appId"], "--append")
    item = find(watched, before, "control.write", operation="microsoft.directory/applications/credentials/update", subject=application["id"])
    shown = az("ad", "app", "credential", "list", "--id", application["appId"])
    assert item["entry"]["facts"]["credentials"] in [credential["keyId"] for credential in shown]
    az("ad", "user", "delete", "--id", user["id"])
    find(watched, before, "control.write", operation="microsoft.directory/users/delete")
    assert_absent(watched, password)
    assert_absent(watched, given["password"])


def test_who_may_not_is_a_refusal_and_who_is_not_who_he_says_a_failure(watched, az, account, workspace):
    group, name = account
    before = mark(watched)
    # A wrong key.
    key = "cGxhbnRlZC1rZXktcGxhbnRlZC1rZXktcGxhbnRlZC1rZXktcGxhbnRlZC1rZXktcGxhbnRlZC1rZXktcGxhbnRlZA=="
    az.refused("storage", "container", "create", "-n", "box", "--account-name", name, "--account-key", key)
    item = find(watched, before, "authentication.failure", service="blob", code="AuthenticationFailed", subject=name)
    assert item["entry"]["tenant"] == watched.tenant and item["entry"]["outcome"] == "refused"
    # A wrong token, for Resource Manager, for Graph and for blobs.
    token = "eyJhbGciOiJSUzI1NiJ9.planted." + secrets.token_hex(20)
    bearer = ("-H", f"Authorization: Bearer {token}")
    assert curl(watched, watched.arm_url(f"/subscriptions/{watched.subscription}/resourcegroups"), *bearer) == 401
    assert curl(watched, watched.url("graph") + "/v1.0/users", *bearer) == 401
    assert curl(watched, watched.blob(name) + "/box?restype=container&comp=list", *bearer, "-H", "x-ms-version: 2025-05-05") == 401
    find(watched, before, "authentication.failure", service="management")
    find(watched, before, "authentication.failure", service="graph")
    find(watched, before, "authentication.failure", service="blob", code="InvalidAuthenticationInfo")
    # A wrong secret.
    secret = "planted-" + secrets.token_hex(12)
    # A profile of its own: another's token would be taken from its cache.
    Az(watched, workspace / "watched-wrong").refused("login", "--service-principal", "-u", watched.client_id, "-p", secret, "--tenant", watched.tenant)
    find(watched, before, "authentication.failure", service="login", client=watched.client_id)
    # A principal without a role.
    principal = az("ad", "sp", "create-for-rbac", "-n", unique("sp"), "--skip-assignment")
    other = Az(watched, workspace / "watched-other")
    other.login(principal["appId"], principal["password"], watched.tenant, "--allow-no-subscriptions")
    url = watched.arm_url(f"/subscriptions/{watched.subscription}/resourcegroups/{group}")
    session = watched.arm_session(client_id=principal["appId"], secret=principal["password"])
    # Who holds nothing in a subscription does not learn that it is there.
    assert session.put(url, json={"location": "paris"}, timeout=30).status_code == 404
    item = find(watched, before, "policy.refusal", operation="Microsoft.Resources/subscriptions/resourceGroups/write")
    assert item["personal"]["caller"] == principal["appId"]
    other.refused("storage", "blob", "list", "-c", "box", "--account-name", name, "--auth-mode", "login")
    find(watched, before, "policy.refusal", service="blob", subject=name)
    # The network's rules.
    az("storage", "account", "update", "-g", group, "-n", name, "--default-action", "Deny")
    assert curl(watched, watched.blob(name) + "/?comp=list", *bearer, "-H", "x-ms-version: 2025-05-05") == 403
    find(watched, before, "policy.refusal", service="blob", code="AuthorizationFailure")
    az("storage", "account", "update", "-g", group, "-n", name, "--default-action", "Allow")
    # No credential at all is how a challenge begins.
    unnoted = mark(watched)
    assert curl(watched, watched.arm_url(f"/subscriptions/{watched.subscription}/resourcegroups")) == 401
    # What is noted is noted in its order: once this is there, nothing else comes.
    assert curl(watched, watched.arm_url(f"/subscriptions/{watched.subscription}/resourcegroups"), "-H", "Authorization: Bearer planted.bad.token") == 401
    find(watched, unnoted, "authentication.failure")
    assert len([item for item in entries(watched, unnoted) if item["entry"]["kind"] == "authentication.failure"]) == 1
    for planted in (key, token, secret, principal["password"]):
        assert_absent(watched, planted)


def test_what_the_operator_does_is_entered_with_who_it_was(watched, workspace):
    before = mark(watched)
    name = "t" + unique("")[:10]
    made = json.loads(watched.command("tenant", "add", name, "--json").stdout)
    item = find(watched, before, "operator.action", operation="tenant add")
    assert item["entry"]["outcome"] == "succeeded" and item["personal"]["caller"] == getpass.getuser()
    # The name of a client may have to be forgotten.
    assert item["entry"]["subject"] == "tenant add" and item["personal"]["client"] == name
    assert watched.command("tenant", "add", name, check=False).returncode != 0
    failed = awaited(lambda: [item for item in entries(watched, before) if item["entry"]["outcome"] == "failed"], "the command that failed")
    assert [(item["entry"]["kind"], item["personal"]["client"]) for item in failed] == [("operator.action", name)]
    backup = workspace / unique("backup")
    watched.command("backup", "create", "--out", str(backup))
    find(watched, before, "operator.action", operation="backup create", subject=backup.name)
    shutil.rmtree(backup)
    # The new tenant's first entry is its own.
    own = find(watched, before, "control.write", operation="tenant add", subject=made["tenantId"])
    assert own["entry"]["tenant"] == made["tenantId"]
    for secret in (made["clientSecret"], made["password"]):
        assert_absent(watched, secret)


def test_a_look_of_secnumcloud_is_entered_with_its_verdicts_and_its_statements_digest(watched):
    watched.command("secnumcloud", "observe", "CTL-CRYPTO-02", "--json")
    item = find(watched, 0, "secnumcloud.observation", subject="CTL-CRYPTO-02")
    facts = item["entry"]["facts"]
    assert any(name.startswith("verdict: ") for name in facts) and len(facts["statements"].split()[0]) == 64
    assert "personal" not in item["entry"]


def test_an_orderly_stop_writes_what_was_noted_and_tells_who_stopped_it(watched, az, account):
    before = mark(watched)
    token = "planted." + secrets.token_hex(8)
    assert curl(watched, watched.url("graph") + "/v1.0/me", "-H", f"Authorization: Bearer {token}") == 401
    watched.command("down")
    watched.up()
    find(watched, before, "authentication.failure", service="graph")
    item = find(watched, before, "operator.action", operation="down")
    assert item["personal"]["caller"] == getpass.getuser()
    assert_absent(watched, token)


def assert_absent(cloud, secret):
    """Neither the ledger, as an operator sees it and as it leaves the house, nor the log has it."""
    assert len(secret) > 8
    assert secret not in json.dumps(entries(cloud)), "in the ledger"
    folder = cloud.data.parent / unique("ledger")
    cloud.command("ledger", "export", "--out", str(folder))
    try:
        for path in [*folder.rglob("*"), cloud.data / "cocagne.log"]:
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path.name
    finally:
        shutil.rmtree(folder)
