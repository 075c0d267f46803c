"""Disks taken in and given out as VHDs: by `az`, by the storage SDK on the URLs of grants, and what is refused."""

import json
import shutil
import subprocess

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient

from cloud import unique
from machines import Arm, wait_until

DISK_BYTES = 64 << 20
PAGE_BYTES = 4 << 20
MARK = b"hello-from-a-vhd"
MARK_OFFSET = 5 << 20


@pytest.fixture(scope="module")
def vhd(workspace):
    """A fixed VHD of 64 MiB with one mark in it, as QEMU's tools make it."""
    raw, path = workspace / "disk.raw", workspace / "disk.vhd"
    with open(raw, "wb") as file:
        file.truncate(DISK_BYTES)
        file.seek(MARK_OFFSET)
        file.write(MARK)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on", raw, path], check=True)
    return path


@pytest.fixture(scope="module")
def blob(az, account, group, vhd):
    """The URL of the VHD as a blob."""
    name, key = account
    arguments = ("--account-name", name, "--account-key", key)
    az("storage", "container", "create", *arguments, "-n", "vhds")
    az("storage", "blob", "upload", *arguments, "-c", "vhds", "-n", "disk.vhd", "-f", vhd, "--type", "block")
    return az.text("storage", "blob", "url", *arguments, "-c", "vhds", "-n", "disk.vhd")


@pytest.fixture(scope="module")
def imported(az, group, blob):
    return az("disk", "create", "-g", group, "-n", "imported", "--source", blob)


@pytest.fixture(scope="module")
def arm(cloud, group):
    return Arm(cloud, group)


def same_contents(one, other):
    return subprocess.run(["qemu-img", "compare", "-f", "vpc", "-F", "vpc", one, other], capture_output=True, text=True).stdout.strip()


def grant(az, group, name, level="Read", seconds=600):
    return az("disk", "grant-access", "-g", group, "-n", name, "--access-level", level, "--duration-in-seconds", seconds)["accessSAS"]


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_blob_becomes_a_disk_and_the_disk_a_vhd_again(cloud, az, group, imported, vhd, workspace):
    assert (imported["diskSizeBytes"], imported["diskSizeGB"], imported["diskState"]) == (DISK_BYTES, 1, "Unattached")
    url = grant(az, group, "imported")
    assert grant(az, group, "imported") == url
    assert az("disk", "show", "-g", group, "-n", "imported")["diskState"] == "ActiveSAS"
    copy = workspace / "copy.vhd"
    az("storage", "blob", "download", "--blob-url", url, "-f", copy)
    assert same_contents(vhd, copy) == "Images are identical."
    client = BlobClient.from_blob_url(url)
    properties = client.get_blob_properties()
    assert (properties.size, properties.blob_type) == (DISK_BYTES + 512, "PageBlob")
    assert client.download_blob(MARK_OFFSET, len(MARK)).readall() == MARK
    # Only what was ever written is told of, and the footer.
    ranges = [(page.start, page.end) for page in client.list_page_ranges()]
    assert any(start <= MARK_OFFSET <= end for start, end in ranges)
    assert sum(end - start + 1 for start, end in ranges) <= PAGE_BYTES + 512
    assert ranges[-1] == (DISK_BYTES, DISK_BYTES + 511)
    az("disk", "revoke-access", "-g", group, "-n", "imported")
    assert az("disk", "show", "-g", group, "-n", "imported")["diskState"] == "Unattached"
    with pytest.raises(HttpResponseError) as refused:
        client.get_blob_properties()
    assert refused.value.status_code == 403


def test_a_disk_is_uploaded_page_by_page(cloud, az, group, vhd, workspace):
    size = vhd.stat().st_size
    made = az("disk", "create", "-g", group, "-n", "uploaded", "--upload-type", "Upload", "--upload-size-bytes", size)
    assert made["diskState"] == "ReadyToUpload"
    client = BlobClient.from_blob_url(grant(az, group, "uploaded", "Write"))
    assert az("disk", "show", "-g", group, "-n", "uploaded")["diskState"] == "ActiveUpload"
    data = vhd.read_bytes()
    # A disk without its footer is not taken for one.
    client.upload_page(data[:PAGE_BYTES], 0, PAGE_BYTES)
    assert "conectix" in az.refused("disk", "revoke-access", "-g", group, "-n", "uploaded")
    for offset in range(PAGE_BYTES, size, PAGE_BYTES):
        page = data[offset:offset + PAGE_BYTES]
        if page.strip(b"\0"):
            client.upload_page(page, offset, len(page))
    az("disk", "revoke-access", "-g", group, "-n", "uploaded")
    assert az("disk", "show", "-g", group, "-n", "uploaded")["diskState"] == "Unattached"
    copy = workspace / "uploaded.vhd"
    az("storage", "blob", "download", "--blob-url", grant(az, group, "uploaded"), "-f", copy)
    assert same_contents(vhd, copy) == "Images are identical."
    # Once filled it is written to no more.
    az("disk", "revoke-access", "-g", group, "-n", "uploaded")
    assert "OperationNotAllowed" in az.refused(
        "disk", "grant-access", "-g", group, "-n", "uploaded", "--access-level", "Write", "--duration-in-seconds", "60")


def test_what_is_exported_or_waits_for_its_upload_serves_no_machine(cloud, az, group, arm, imported, light_image, key):
    arm.network()
    arm.open_group()
    arm.interface("vm", public=False, group="open")
    body = arm.machine_body("vm", key)
    body["storageProfile"]["dataDisks"] = [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": imported["id"]}}]
    grant(az, group, "imported")
    assert code(arm.put("virtualMachines", "vm", body)) == (409, "Conflict")
    az("disk", "revoke-access", "-g", group, "-n", "imported")
    arm.make("virtualMachines", "vm", body)
    answer = arm.session.post(cloud.arm_url(f"{imported['id']}/beginGetAccess"), json={"access": "Read", "durationInSeconds": 60}, timeout=30)
    assert code(answer) == (409, "Conflict") and "attached to running VM" in answer.text
    # A machine that does not run does not hinder the export, and an export hinders its start.
    assert arm.act("vm", "deallocate")["status"] == "Succeeded"
    assert BlobClient.from_blob_url(grant(az, group, "imported")).download_blob(MARK_OFFSET, len(MARK)).readall() == MARK
    start = arm.session.post(cloud.arm_url(f"{arm.id('virtualMachines', 'vm')}/start"), json={}, timeout=30)
    assert code(start) == (409, "Conflict")
    az("disk", "revoke-access", "-g", group, "-n", "imported")
    assert arm.act("vm", "start")["status"] == "Succeeded"
    arm.delete("virtualMachines", "vm")


def test_a_wrong_url_opens_nothing(cloud, az, group, imported):
    url = grant(az, group, "imported")
    session = cloud.session()
    wrong = [
        url.replace("sig=", "sig=A"), url.split("&sig=")[0], url.replace("&si=", "&si=0"), url.replace("/abcd?", "/other?"),
        url.split("?")[0],
    ]
    for address in wrong:
        answer = session.get(address, timeout=30)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed"), address
    # A grant to read is none to write.
    page = {"x-ms-page-write": "update", "x-ms-range": "bytes=0-511"}
    refused = session.put(url + "&comp=page", headers=page, data=b"x" * 512, timeout=30)
    assert (refused.status_code, refused.headers["x-ms-error-code"]) == (403, "AuthorizationPermissionMismatch")
    for hostile in ("bytes=9223372036854775807-9223372036854775807", "bytes=99999999999999999999-"):
        assert session.get(url, headers={"x-ms-range": hostile}, timeout=30).status_code == 416
    assert session.get(url, headers={"x-ms-range": f"bytes={DISK_BYTES}-99999999999999999999"}, timeout=30).content[:8] == b"conectix"
    beyond = session.get(url, headers={"x-ms-range": f"bytes={DISK_BYTES + 512}-"}, timeout=30)
    assert (beyond.status_code, beyond.headers["x-ms-error-code"]) == (416, "InvalidRange")
    assert session.delete(url, timeout=30).status_code == 405
    az("disk", "revoke-access", "-g", group, "-n", "imported")


def test_a_disk_that_must_not_be_reached_is_not(cloud, az, group, arm):
    arm.make("disks", "hidden", {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1, "networkAccessPolicy": "DenyAll"})
    assert "networkAccessPolicy" in az.refused("disk", "grant-access", "-g", group, "-n", "hidden", "--duration-in-seconds", "60")
    az("disk", "update", "-g", group, "-n", "hidden", "--network-access-policy", "AllowAll")
    url = grant(az, group, "hidden")
    assert cloud.session().head(url, timeout=30).status_code == 200
    # A disk does not change under who reads it; and once it is closed to all, it is to whoever had an URL.
    assert "ActiveSAS" in az.refused("disk", "update", "-g", group, "-n", "hidden", "--size-gb", "2")
    az("disk", "update", "-g", group, "-n", "hidden", "--public-network-access", "Disabled")
    assert cloud.session().head(url, timeout=30).status_code == 403


def test_an_image_is_made_of_disks_alone(cloud, az, group, arm, imported):
    image = {"storageProfile": {
        "osDisk": {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": imported["id"]}},
        "dataDisks": [{"lun": 0, "managedDisk": {"id": imported["id"]}}],
    }}
    arm.make("images", "whole", image)
    shown = az("image", "show", "-g", group, "-n", "whole")["storageProfile"]["dataDisks"]
    assert [disk["lun"] for disk in shown] == [0]
    # What an image is made of lies below its id, and is nobody's to copy.
    inner = {"storageProfile": {"osDisk": {"osType": "Linux", "managedDisk": {"id": arm.id("images", "whole") + "/dataDisks/0"}}}}
    assert code(arm.put("images", "inner", inner)) == (404, "ResourceNotFound")
    az("image", "delete", "-g", group, "-n", "whole")


def test_a_grant_ends_by_itself(cloud, az, group, imported):
    url = grant(az, group, "imported", seconds=2)
    wait_until(lambda: cloud.session().head(url, timeout=30).status_code == 403, 10, "the end of the grant")
    wait_until(lambda: az("disk", "show", "-g", group, "-n", "imported")["diskState"] == "Unattached", 10, "the end of the state ActiveSAS")


@pytest.mark.parametrize("range, length, kind", [
    ("bytes=0-510", 511, "update"), ("bytes=1-512", 512, "update"), ("bytes=0-1023", 512, "update"), (f"bytes={DISK_BYTES}-{DISK_BYTES + 1023}", 1024, "update"),
    ("bytes=0-99999999999999999999", 512, "update"), ("bytes=0-9223372036854775807", 512, "clear"), ("bytes=9223372036854775807-", 512, "update"),
    ("bytes=0-511", 512, "sideways"), (f"bytes=0-{PAGE_BYTES + 511}", PAGE_BYTES + 512, "update"), (None, 512, "update"),
])
def test_a_wrong_page_is_refused(cloud, arm, page_target, range, length, kind):
    headers = {"x-ms-page-write": kind} | ({"x-ms-range": range} if range else {})
    answer = cloud.session().put(page_target + "&comp=page", headers=headers, data=b"x" * length, timeout=30)
    assert answer.status_code in (400, 413, 416), answer.text
    assert answer.headers["x-ms-error-code"] in ("InvalidPageRange", "InvalidHeaderValue", "RequestBodyTooLarge")


@pytest.fixture(scope="module")
def page_target(cloud, az, group):
    az("disk", "create", "-g", group, "-n", "target", "--upload-type", "Upload", "--upload-size-bytes", DISK_BYTES + 512)
    return grant(az, group, "target", "Write")


@pytest.mark.parametrize("creation, expected", [
    ({"createOption": "Upload"}, "InvalidParameter"),
    ({"createOption": "Upload", "uploadSizeBytes": 512}, "InvalidParameter"),
    ({"createOption": "Upload", "uploadSizeBytes": DISK_BYTES + 513}, "InvalidParameter"),
    ({"createOption": "Import"}, "InvalidParameter"),
])
def test_a_wrong_creation_is_refused(arm, creation, expected):
    name = unique("d")
    assert code(arm.put("disks", name, {"creationData": creation})) == (400, expected)
    assert arm.get("disks", name).status_code == 404


def ended(arm, name, properties):
    """The error with which the creation of a disk ends."""
    document = arm.wait(arm.put("disks", name, properties))
    assert document["status"] == "Failed", document
    return document["error"]["code"]


def test_what_is_no_vhd_or_not_ones_own_is_not_imported(cloud, az, arm, group, account, blob, workspace):
    name, key = account
    arguments = ("--account-name", name, "--account-key", key, "-c", "vhds")
    junk = workspace / "junk.vhd"
    junk.write_bytes(b"\0" * 4096)
    az("storage", "blob", "upload", *arguments, "-n", "junk.vhd", "-f", junk, "--type", "block")
    # A qcow2 that stands on a file of the host is no VHD either: nothing of the host is ever opened for it.
    escape = workspace / "escape.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", escape, "1M"], check=True)
    az("storage", "blob", "upload", *arguments, "-n", "escape.vhd", "-f", escape, "--type", "block")

    def importing(url):
        return {"creationData": {"createOption": "Import", "sourceUri": url}}

    for other, expected in (("junk.vhd", "InvalidVhd"), ("escape.vhd", "InvalidVhd"), ("none.vhd", "BlobNotFound")):
        assert ended(arm, unique("d"), importing(blob.replace("disk.vhd", other))) == expected
    assert ended(arm, unique("d"), importing("https://nobody.blob.core.example/c/b.vhd")) == "ResourceNotFound"
    # Whoever may make disks and not read the blob does not get it as a disk.
    limited = az("ad", "sp", "create-for-rbac", "-n", unique("disks"), "--role", "Reader", "--scopes", az("group", "show", "-n", group)["id"])
    role = {
        "Name": unique("disk-maker"), "Actions": ["Microsoft.Compute/disks/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
        "AssignableScopes": [f"/subscriptions/{cloud.subscription}"],
    }
    az("role", "definition", "create", "--role-definition", json.dumps(role))
    az("role", "assignment", "create", "--assignee", limited["appId"], "--role", role["Name"], "--scope", az("group", "show", "-n", group)["id"])
    theirs = Arm(cloud, group, cloud.arm_session(client_id=limited["appId"], secret=limited["password"]))
    assert ended(theirs, unique("d"), importing(blob)) == "AuthorizationPermissionMismatch"


def test_an_image_is_made_of_a_blob(az, group, blob):
    image = az("image", "create", "-g", group, "-n", "fromblob", "--source", blob, "--os-type", "Linux")
    assert image["storageProfile"]["osDisk"]["blobUri"] == blob
    assert image["storageProfile"]["osDisk"]["diskSizeGB"] == 1
    az("image", "delete", "-g", group, "-n", "fromblob")


def test_an_image_that_stands_on_another_file_is_not_entered(cloud, workspace, guest):
    folder = workspace / "escape-image"
    shutil.copytree(guest, folder)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"1.0.0"', '"6.6.6"'))
    disk = folder / "disk.qcow2"
    for make in (
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", disk, "1M"],
        ["qemu-img", "create", "-q", "-f", "qcow2", "-o", f"data_file={workspace}/elsewhere.raw,data_file_raw=on", disk, "1M"],
        ["dd", "if=/dev/zero", f"of={disk}", "bs=1M", "count=1", "status=none"],
    ):
        disk.unlink()
        subprocess.run(make, check=True)
        done = cloud.command("image", "add", str(folder), check=False)
        assert done.returncode != 0 and "6.6.6" not in cloud.command("image", "list").stdout
