"""Encryption at rest, keys, logs, places and backups as the platform observes them of itself: what is weakened for real is seen, and so is its mending."""

import hashlib
import json
import os
import subprocess

import pytest
from azure.storage.blob import BlobServiceClient

from cloud import LAUNCHER, Cloud, free_port, unique
from machines import wait_until

TEXT = "Le dossier médical de la patiente est en clair. ".encode() * 4000


@pytest.fixture(scope="module")
def observed(workspace):
    """A cloud of this module's own, whose files it may spoil."""
    cloud = Cloud(workspace / "observed", free_port())
    cloud.up()
    yield cloud
    cloud.remove_machines()
    cloud.stop()


@pytest.fixture(scope="module")
def blobs(observed):
    """An account with blobs of every way to rest: inside records, in one frame, in many."""
    name = unique("acct")
    group = unique("rg")
    observed.make_group(group)
    key = observed.make_account(group, name)
    service = BlobServiceClient(observed.blob(name), credential=key, connection_verify=observed.ca)
    box = service.create_container("boite")
    for size in (10, 3000, 60_000, len(TEXT)):
        box.upload_blob(str(size), TEXT[:size])
    return name


def look(cloud, control):
    return json.loads(cloud.command("secnumcloud", "observe", control, "--json").stdout)


def verdict(cloud, control, item, subject=None):
    """What one look says of an item, or of the part of it whose subject begins so."""
    found = [o for o in look(cloud, control) if item in o["items"] and (subject is None or o["subject"]["en"].startswith(subject))]
    assert found, f"{control} does not speak for {item} ({subject})"
    order = ["non conforme", "non évalué", "conforme", "sans objet"]
    worst = min(found, key=lambda o: order.index(o["verdict"]))
    return worst["verdict"], (worst.get("reason") or {}).get("fr", "")


def register(cloud, name, text, folder):
    file = folder / f"{name}.yaml"
    file.write_text(text)
    cloud.command("secnumcloud", "register", "set", name, str(file))


# Encryption at rest


def test_a_text_in_clear_among_the_segments_is_seen(observed, blobs):
    raw = "raw bytes of the segments"
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.a", raw) == ("conforme", "")
    planted = observed.data / "segments" / "00000000000fffff.segment"
    planted.write_bytes(TEXT)
    try:
        said, why = verdict(observed, "CTL-CRYPTO-01", "10.1.a", raw)
        assert said == "non conforme" and planted.name in why
    finally:
        planted.unlink()
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.a", raw)[0] == "conforme"


def test_nothing_of_a_blob_can_be_read_in_the_data_folder(observed, blobs):
    files = [path for path in observed.data.rglob("*") if path.is_file()]
    assert any(path.suffix == ".segment" for path in files)
    for path in files:
        assert TEXT[:10] not in path.read_bytes(), path


def test_every_account_has_a_data_key(observed, blobs):
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.a", "data key of every storage account")[0] == "conforme"
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.b")[0] == "conforme"
    assert verdict(observed, "CTL-CRYPTO-01", "11.9.a")[0] == "conforme"


def test_a_disk_is_encrypted_under_a_key_of_its_own(observed, blobs):
    """Where this host has machines."""
    session = observed.arm_session()
    group = unique("rg")
    observed.make_group(group)
    url = observed.arm_url(f"/subscriptions/{observed.subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks/donnees", "2024-03-02")
    body = {"location": "paris", "sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 1, "creationData": {"createOption": "Empty"}}}
    answer = session.put(url, json=body)
    if answer.status_code == 404:
        pytest.skip("this host has no machines")
    assert answer.status_code in (200, 201, 202), answer.text
    wait_until(lambda: session.get(url).json()["properties"]["provisioningState"] == "Succeeded", 60, "the disk is made")
    headers = "LUKS header of every disk"
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.a", headers) == ("conforme", "")
    file = next((observed.machine_folder / "disks").glob("*.qcow2"))
    kept = file.read_bytes()
    assert b"LUKS" in kept
    # The number of the encryption method: 2 is LUKS, 0 is none.
    file.write_bytes(kept[:32] + bytes(4) + kept[36:])
    try:
        said, why = verdict(observed, "CTL-CRYPTO-01", "10.1.a", headers)
        assert said == "non conforme" and file.name in why
    finally:
        file.write_bytes(kept)
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.a", headers)[0] == "conforme"
    session.delete(url)


def test_a_root_key_that_others_may_read_is_seen(observed):
    key = observed.data / "keys" / "root.key"
    file = "file of the root key"
    assert "mode" not in verdict(observed, "CTL-CRYPTO-01", "10.1.a", file)[1]
    key.chmod(0o644)
    try:
        said, why = verdict(observed, "CTL-CRYPTO-01", "10.1.a", file)
        assert said == "non conforme" and "mode 644" in why
        assert "mode 644" in verdict(observed, "CTL-CRYPTO-06", "10.5.c")[1]
    finally:
        key.chmod(0o600)
    assert "mode" not in verdict(observed, "CTL-CRYPTO-01", "10.1.a", file)[1]


def test_a_root_key_beside_the_data_is_told_as_a_gap(observed):
    said, why = verdict(observed, "CTL-CRYPTO-01", "10.1.a", "file of the root key")
    devices = {os.stat(observed.data / name).st_dev for name in ("keys", "segments")}
    if len(devices) == 1 and "crypt" not in subprocess.run(["lsblk", "-no", "TYPE"], capture_output=True, text=True).stdout:
        assert said == "non conforme" and "même support" in why


# Signatures, keys, secrets


def test_the_signatures_of_the_day_verify(observed):
    look(observed, "CTL-CRYPTO-01")
    said, why = verdict(observed, "CTL-CRYPTO-05", "10.4.a")
    assert said == "conforme", why


def test_a_secret_in_the_log_is_seen(observed):
    log = observed.data / "cocagne.log"
    credentials = observed.data / "client" / "credentials.json"
    kept = credentials.read_text()
    secret = json.loads(kept)["password"]
    line = json.dumps({"time": "2026-01-01T00:00:00Z", "level": "info", "label": "x", "message": f"sign-in with {secret}"}) + "\n"
    said, why = verdict(observed, "CTL-CRYPTO-06", "10.5.d")
    assert said == "non conforme" and "credentials.json" in why
    with log.open("a") as file:
        file.write(line)
    try:
        said, why = verdict(observed, "CTL-CRYPTO-06", "10.5.d")
        assert said == "non conforme" and "cocagne.log" in why and secret not in why
    finally:
        os.truncate(log, log.stat().st_size - len(line)) if log.read_text().endswith(line) else log.write_text(log.read_text().replace(line, ""))
    credentials.unlink()
    try:
        said, why = verdict(observed, "CTL-CRYPTO-06", "10.5.d")
        assert "credentials.json" not in why
        assert said == "conforme" or "client/azure" in why, why
    finally:
        credentials.write_text(kept)
        credentials.chmod(0o600)


# Logs


def test_a_refusal_leaves_a_trace_with_its_request(observed):
    answer = observed.session().get(observed.arm_url("/subscriptions", "2022-12-01"))
    assert answer.status_code == 401
    lines = [json.loads(line) for line in (observed.data / "cocagne.log").read_text().splitlines() if line.startswith("{")]
    mine = [line for line in lines if line.get("request") == answer.headers["x-ms-request-id"]]
    assert [line["status"] for line in mine] == ["401"]


def test_an_export_of_one_tenant_holds_that_tenant_alone(observed, blobs):
    observed.command("tenant", "add", unique("t"))
    said, why = verdict(observed, "CTL-LOG-01", "12.6.d", "export of the activity log")
    assert said == "conforme", why


def test_a_log_that_was_cut_is_seen(observed):
    head = "beginning of the file"
    look(observed, "CTL-LOG-01")
    assert verdict(observed, "CTL-LOG-01", "12.6.c", head)[0] == "conforme"
    log = observed.data / "cocagne.log"
    kept = log.read_bytes()
    os.truncate(log, 0)
    try:
        # The process appends, so that the file begins with whatever comes next.
        observed.session().get(observed.arm_url("/subscriptions", "2022-12-01"))
        assert verdict(observed, "CTL-LOG-01", "12.6.c", head)[0] == "non conforme"
    finally:
        later = log.read_bytes()
        log.write_bytes(kept + later)
    assert verdict(observed, "CTL-LOG-01", "12.6.c", head)[0] == "conforme"


def test_a_log_that_others_may_read_is_seen(observed):
    log = observed.data / "cocagne.log"
    assert verdict(observed, "CTL-LOG-02", "12.7.a")[0] == "non évalué"
    log.chmod(0o644)
    try:
        assert verdict(observed, "CTL-LOG-02", "12.7.a")[0] == "non conforme"
    finally:
        log.chmod(0o600)
    assert verdict(observed, "CTL-LOG-02", "12.7.a")[0] == "non évalué"
    assert verdict(observed, "CTL-LOG-02", "12.7.c")[0] == "non conforme"


# Places


PLATFORM = """
site: {{nom: "Salle 1", pays: {country}, pays_exploitant: FR}}
ntp: []
reseaux_administration:
  - {{nom: "Administration", cidr: 10.20.0.0/24, pays: FR}}
hotes: {{}}
"""


def test_a_site_outside_of_the_union_is_seen(observed, blobs, tmp_path):
    register(observed, "plateforme", PLATFORM.format(country="FR"), tmp_path)
    assert verdict(observed, "CTL-LOC-01", "19.2.b") == ("conforme", "")
    register(observed, "plateforme", PLATFORM.format(country="CH"), tmp_path)
    assert verdict(observed, "CTL-LOC-01", "19.2.b")[0] == "non conforme"
    register(observed, "plateforme", PLATFORM.format(country="FR"), tmp_path)
    assert verdict(observed, "CTL-LOC-01", "19.2.b")[0] == "conforme"


def test_a_group_outside_of_the_site_is_refused(observed):
    answer = observed.arm_session().put(
        observed.arm_url(f"/subscriptions/{observed.subscription}/resourceGroups/{unique('rg')}"), json={"location": "eastus"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "LocationNotAvailableForResourceGroup"


def test_administration_from_this_host_is_located(observed, blobs, tmp_path):
    register(observed, "plateforme", PLATFORM.format(country="FR"), tmp_path)
    said, why = verdict(observed, "CTL-LOC-02", "19.2.c", "addresses of changes")
    assert said == "conforme", why


# Backups


def backup(cloud, folder):
    return json.loads(cloud.command("backup", "create", "--out", str(folder), "--json").stdout)


def test_a_backup_is_whole_encrypted_and_tried(observed, blobs, tmp_path):
    folder = tmp_path / "sauvegarde"
    made = backup(observed, folder)
    assert hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest() == made["sha256"]
    # Anybody's tools check it.
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "cle-des-preuves.pem", "-signature", "SHA256SUMS.sig", "SHA256SUMS"], cwd=folder, check=True,
        capture_output=True)
    subprocess.run([LAUNCHER, "backup", "verify", folder], check=True, capture_output=True)
    secret = json.loads((observed.data / "client" / "credentials.json").read_text())["userName"].encode()
    for path in folder.rglob("*"):
        if path.is_file():
            assert TEXT[:10] not in path.read_bytes() and secret not in path.read_bytes(), path
    assert verdict(observed, "CTL-SAUV-01", "12.5.a") == ("conforme", "")
    assert verdict(observed, "CTL-SAUV-01", "12.5.c")[0] == "non évalué"
    observed.command("backup", "test", str(folder))
    assert verdict(observed, "CTL-SAUV-01", "12.5.c")[0] == "conforme"
    assert verdict(observed, "CTL-CRYPTO-01", "10.1.d")[0] == "conforme"
    archive = folder / "records.archive"
    kept = archive.read_bytes()
    archive.write_bytes(kept[:100] + bytes([kept[100] ^ 1]) + kept[101:])
    assert verdict(observed, "CTL-SAUV-01", "12.5.a")[0] == "non conforme"
    assert subprocess.run([LAUNCHER, "backup", "verify", folder], capture_output=True).returncode != 0
    archive.write_bytes(kept)
    assert verdict(observed, "CTL-SAUV-01", "12.5.a")[0] == "conforme"


def test_a_restored_cloud_has_every_blob(observed, blobs, workspace, tmp_path):
    folder = tmp_path / "sauvegarde"
    backup(observed, folder)
    restored = Cloud(workspace / "restored", observed.port)
    key = observed.data / "keys" / "root.key"
    restored.command("backup", "restore", str(folder), "--root-key", str(key))
    # One address, one cloud: the first one rests meanwhile.
    observed.stop()
    try:
        (restored.data / "client").mkdir(mode=0o700, exist_ok=True)
        (restored.data / "client" / "credentials.json").write_text((observed.data / "client" / "credentials.json").read_text())
        restored.up()
        credential = restored.arm_session().post(
            restored.arm_url(f"{account_id(restored, blobs)}/listKeys", "2023-05-01")).json()["keys"][0]["value"]
        box = BlobServiceClient(restored.blob(blobs), credential=credential, connection_verify=restored.ca).get_container_client("boite")
        for size in (10, 3000, 60_000, len(TEXT)):
            assert box.download_blob(str(size)).readall() == TEXT[:size]
    finally:
        restored.stop()
        observed.up()


def account_id(cloud, name):
    listed = cloud.arm_session().get(
        cloud.arm_url(f"/subscriptions/{cloud.subscription}/providers/Microsoft.Storage/storageAccounts", "2023-05-01")).json()["value"]
    return next(item["id"] for item in listed if item["name"] == name)


def test_another_root_key_restores_nothing(observed, workspace, tmp_path):
    folder = tmp_path / "sauvegarde"
    backup(observed, folder)
    stranger = tmp_path / "autre.key"
    stranger.write_bytes(os.urandom(32))
    stranger.chmod(0o600)
    other = Cloud(workspace / "other", observed.port)
    done = other.command("backup", "restore", str(folder), "--root-key", str(stranger), check=False)
    assert done.returncode != 0 and "clé racine" in done.stderr
    assert not (other.data / "records" / "cocagne.sqlite").exists()
