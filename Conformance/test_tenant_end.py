"""The end of a contract: a notice of 21 calendar days, then an erasure that begins with the tenant's keys and leaves nothing but a signed certificate.

The days pass for the cloud alone: Debian's libfaketime stands between its process and the system's clock (package `faketime`).
"""

import base64
import json
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud import LAUNCHER, START_SECONDS, clean_environment, unique
from machines import Arm, Host, wait_until

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
ERASURE_SECONDS = 120
LARGE = b"ce que le client a ecrit, ligne apres ligne\n" * 50_000
SMALL = b"petite note du client"


def day(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%d")


def add(cloud, name):
    return json.loads(cloud.command("tenant", "add", name, "--json").stdout)


def listed(cloud, tenant):
    """What `tenant list` says of a tenant; None where it says nothing."""
    tenants = json.loads(cloud.command("tenant", "list", "--json").stdout)["tenants"]
    return next((item for item in tenants if item["tenantId"] == tenant), None)


def refused(cloud, *arguments):
    done = cloud.command("tenant", *arguments, check=False)
    assert done.returncode != 0, f"tenant {' '.join(arguments)} was not refused: {done.stdout}"
    return done.stderr


def up_later(cloud, days):
    """Starts a cloud for which it is so many days later."""
    assert FAKETIME.exists(), "the Debian package faketime is not installed"
    environment = clean_environment() | {
        "LD_PRELOAD": str(FAKETIME), "FAKETIME": f"+{days}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"
    }
    # By a program that stays before it: the library changes the environment of the first, in which Swift looks for its arguments.
    subprocess.run(
        ["/usr/bin/timeout", str(START_SECONDS), LAUNCHER, "up", "--detach", "--port", str(cloud.port), "--data", cloud.data], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    cloud.variables = cloud.env()
    assert cloud.status()["startedTime"][:10] == day(days)


def upload(cloud, tenant, name):
    """A storage account of the tenant with a large and a small blob."""
    session = cloud.arm_session(client_id=tenant["clientId"], secret=tenant["clientSecret"], tenant=tenant["tenantId"])
    base = f"/subscriptions/{tenant['subscriptionId']}/resourceGroups/data"
    assert session.put(cloud.arm_url(base), json={"location": "paris"}, timeout=30).status_code == 201
    path = f"{base}/providers/Microsoft.Storage/storageAccounts/{name}"
    body = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "paris", "properties": {"allowBlobPublicAccess": True}}
    assert session.put(cloud.arm_url(path, "2025-08-01"), json=body, timeout=30).status_code in (200, 202)
    key = session.post(cloud.arm_url(path + "/listKeys", "2025-08-01"), timeout=30).json()["keys"][0]["value"]
    service = BlobServiceClient(cloud.blob(name), credential=key, connection_verify=cloud.ca)
    box = service.create_container("box", public_access="blob")
    box.upload_blob("large", LARGE)
    box.upload_blob("small", SMALL)
    lock = cloud.arm_url(base + "/providers/Microsoft.Authorization/locks/keep", "2020-05-01")
    assert session.put(lock, json={"properties": {"level": "CanNotDelete"}}, timeout=30).status_code == 201
    return session


def sign_in(cloud, tenant):
    return cloud.session().post(
        f"{cloud.authority}/{tenant['tenantId']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials", "client_id": tenant["clientId"], "client_secret": tenant["clientSecret"],
            "scope": cloud.arm + "/.default"
        }, timeout=30)


def public(cloud, account, blob):
    return cloud.session().get(f"{cloud.blob(account)}/box/{blob}", headers={"x-ms-version": "2024-11-04"}, timeout=30)


def check(certificate):
    """The statement of a certificate whose signature is good."""
    key = serialization.load_pem_public_key(certificate["publicKey"].encode())
    signature, text = base64.b64decode(certificate["signature"]), certificate["statement"].encode()
    key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signature, text + b" ", ec.ECDSA(hashes.SHA256()))
    return json.loads(text)


def await_erasure(cloud, tenant):
    try:
        wait_until(lambda: (listed(cloud, tenant) or {}).get("state") == "erased", ERASURE_SECONDS, "the end of the erasure")
    except AssertionError as error:
        log = [line for line in (cloud.data / "cocagne.log").read_text().splitlines() if '"message":"request"' not in line]
        raise AssertionError(f"{error}: {listed(cloud, tenant)}\n" + "\n".join(log[-40:])) from error


def files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]


def test_a_notice_is_of_21_days_at_least_and_can_be_taken_back(cloud):
    tenant = add(cloud, name := unique("tenant"))
    for notice in (day(-1), day(0), day(20), "tomorrow", "2025-02-30"):
        refused(cloud, "end", name, "--notice", notice)
    assert day(21) in refused(cloud, "end", name, "--notice", day(20))
    assert listed(cloud, tenant["tenantId"])["state"] == "active"
    cloud.command("tenant", "end", name, "--notice", day(22))
    assert (listed(cloud, tenant["tenantId"])["state"], listed(cloud, tenant["tenantId"])["lastDay"]) == ("notice", day(22))
    refused(cloud, "end", name, "--notice", day(30))
    assert sign_in(cloud, tenant).status_code == 200
    cloud.command("tenant", "end", name, "--cancel")
    assert listed(cloud, tenant["tenantId"])["state"] == "active"
    refused(cloud, "end", name, "--cancel")
    refused(cloud, "end", name)
    refused(cloud, "end", name, "--cancel", "--notice", day(30))


def test_nothing_is_erased_without_a_notice_that_is_over(cloud):
    tenant = add(cloud, name := unique("tenant"))
    assert "--notice" in refused(cloud, "erase", name)
    cloud.command("tenant", "end", name, "--notice", day(21))
    assert day(21) in refused(cloud, "erase", name)
    assert sign_in(cloud, tenant).status_code == 200


def test_the_platform_s_own_tenant_and_one_that_is_not_there_have_no_end(cloud):
    for name in (cloud.tenant, "cocagne", cloud.variables["COCAGNE_DOMAIN"], unique("nobody")):
        refused(cloud, "end", name, "--notice", day(30))
        refused(cloud, "erase", name)


def test_an_erased_tenant_leaves_nothing_on_the_host_but_a_certificate_and_a_kill_does_not_stop_it(own_cloud, guest, key, workspace):
    cloud = own_cloud()
    cloud.command("image", "add", str(guest))
    tenant, other = add(cloud, name := unique("acme")), add(cloud, unique("other"))
    account, kept = unique("acct"), unique("kept")
    session = upload(cloud, tenant, account)
    upload(cloud, other, kept)
    arm = Arm(cloud, "vms", session)
    arm.base = f"/subscriptions/{tenant['subscriptionId']}/resourceGroups/vms"
    assert session.put(cloud.arm_url(arm.base), json={"location": "paris"}, timeout=30).status_code == 201
    arm.network()
    arm.open_group()
    arm.interface("vm", group="open")
    machine = arm.make("virtualMachines", "vm", arm.machine_body("vm", key, data_disks=(0,)))
    process = Host(cloud).qemu(machine["properties"]["vmId"])
    disks = {path.name for path in (cloud.machine_folder / "disks").iterdir()}
    assert len(disks) == 2
    for blob, content in (("large", LARGE), ("small", SMALL)):
        assert public(cloud, account, blob).content == content
    cloud.command("tenant", "end", name, "--notice", day(21))
    assert day(21) in refused(cloud, "erase", name)

    # 22 days pass for the control plane; the machine goes on.
    cloud.stop()
    up_later(cloud, 22)
    session = cloud.arm_session(client_id=tenant["clientId"], secret=tenant["clientSecret"], tenant=tenant["tenantId"])
    assert session.get(cloud.arm_url("/subscriptions", "2022-12-01"), timeout=30).status_code == 200
    assert public(cloud, account, "large").content == LARGE
    erasing = subprocess.Popen(
        [LAUNCHER, "tenant", "erase", name, "--data", cloud.data], env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    wait_until(lambda: (listed(cloud, tenant["tenantId"]) or {}).get("state") == "erasing", START_SECONDS, "the erasure's beginning")
    # At once, whatever else is still under way: nobody signs in, and nothing opens.
    assert "AADSTS90002" in sign_in(cloud, tenant).json()["error_description"]
    assert session.get(cloud.arm_url("/subscriptions", "2022-12-01"), timeout=30).status_code == 401
    for blob in ("large", "small"):
        assert public(cloud, account, blob).status_code in (404, 500)
    cloud.kill()
    erasing.wait(START_SECONDS)
    # The clock goes back to what it was: what has begun goes on all the same.
    cloud.up()
    await_erasure(cloud, tenant["tenantId"])

    target = workspace / "certificate.json"
    cloud.command("tenant", "erase", tenant["tenantId"], "--certificate", str(target), timeout=ERASURE_SECONDS)
    statement = check(json.loads(target.read_text()))
    assert (statement["tenant"], statement["noticeLastDay"], statement["diskFiles"]) == (tenant["tenantId"], day(21), 2)
    assert statement["begun"][:10] == day(22)
    for kind in ("storage.blob", "storage.account", "extent", "identity.user", "compute.machine", "compute.disk", "network.public", "arm.resource"):
        assert statement["erased"][kind] >= 1, kind
    assert statement["tenantKeys"] == 1 and statement["dataKeys"] >= 3
    assert all(key["fingerprint"] for key in statement["destroyedKeys"])

    assert not Path(f"/proc/{process}").exists()
    assert disks.isdisjoint(path.name for path in (cloud.machine_folder / "disks").iterdir())
    for blob in ("large", "small"):
        assert public(cloud, account, blob).status_code == 404
        assert public(cloud, kept, blob).content == (LARGE if blob == "large" else SMALL)
    assert sign_in(cloud, other).status_code == 200
    observed = json.loads(cloud.command("secnumcloud", "observe", "CTL-FIN-01", "--json").stdout)
    assert {item for finding in observed for item in finding["items"]} == {"19.4.a", "19.4.b"}
    assert {finding["verdict"] for finding in observed} == {"conforme"}, observed

    # What lies on the disk once the cloud has stopped: the log alone still tells of the client.
    cloud.stop()
    words = [name.encode(), tenant["clientId"].encode()]
    for path in files(cloud.data):
        if path.name == "cocagne.log":
            continue
        content = path.read_bytes()
        for word in words:
            assert word not in content, f"{word} in {path}"
    connection = sqlite3.connect(cloud.data / "records" / "cocagne.sqlite")
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
