"""A disk without room: writes are refused in Azure's form, reads go on, nothing acknowledged is lost, and deleting helps."""

import os
import subprocess
import time

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from cloud import unique

DISK_BYTES = 512 << 20
BLOB_BYTES = 4 << 20
# Compaction comes around every half minute.
SPACE_RETURNS_SECONDS = 120


@pytest.fixture
def small_disk(workspace):
    path = workspace / unique("disk")
    path.mkdir()
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    done = subprocess.run(
        [*prefix, "mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700,uid={os.geteuid()}", "tmpfs", path], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts no file system for tests: {done.stderr.strip()}")
    yield path
    subprocess.run([*prefix, "umount", "--lazy", path], check=True)


def client(cloud, account, key):
    return BlobServiceClient(
        cloud.blob(account), credential=key, connection_verify=cloud.ca, use_env_settings=False, retry_total=0, max_single_put_size=BLOB_BYTES * 2)


def fill(box, contents, prefix):
    """Writes until the disk is full. The refusal."""
    for number in range(DISK_BYTES // BLOB_BYTES + 1):
        name, content = f"{prefix}{number}", os.urandom(BLOB_BYTES)
        try:
            box.upload_blob(name, content)
        except HttpResponseError as refusal:
            return refusal
        contents[name] = content
    raise AssertionError("the disk never filled")


def check(box, contents):
    for name, content in contents.items():
        assert box.get_blob_client(name).download_blob().readall() == content, name
    assert {blob.name for blob in box.list_blobs()} == set(contents)


@pytest.mark.timeout(600)
def test_a_full_disk_refuses_writes_and_loses_nothing(small_disk, own_cloud):
    cloud = own_cloud(small_disk / "data")
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    box = client(cloud, account, key).create_container("box")
    contents = {}
    refusal = fill(box, contents, "first")
    assert (refusal.status_code, refusal.error_code) in [(503, "ServerBusy"), (507, "InsufficientStorage")], refusal
    assert len(contents) > 10
    check(box, contents)

    # What was acknowledged is there after a cut of the power on the full disk, too.
    cloud.kill()
    cloud.up()
    check(box, contents)

    for name in sorted(contents)[: len(contents) // 2]:
        box.delete_blob(name)
        del contents[name]
    deadline = time.monotonic() + SPACE_RETURNS_SECONDS
    while True:
        try:
            box.upload_blob("again", contents.setdefault("again", os.urandom(BLOB_BYTES)), overwrite=True)
            break
        except HttpResponseError:
            assert time.monotonic() < deadline, "deleting gave no room back"
            time.sleep(0.2)
    check(box, contents)
