"""Containers and blobs through `az storage`, with each way to prove who asks."""

import hashlib
import os
import subprocess

import pytest

from cloud import unique
from proofs import data_role_fixture, proof_fixture, soon

# The server holds buffers for the blocks in flight and nothing that grows with the blob.
PEAK_MEMORY_BYTES = 256 << 20
LARGE_BYTES = 1 << 30


data_role = data_role_fixture("Storage Blob Data Owner")
proof = proof_fixture("b", "rwdlacu")


def test_a_container_is_created_listed_shown_and_deleted(az, proof):
    name = unique("box")
    assert az("storage", "container", "create", "-n", name, *proof) == {"created": True}
    assert az("storage", "container", "create", "-n", name, *proof) == {"created": False}
    assert name in [container["name"] for container in az("storage", "container", "list", *proof)]
    shown = az("storage", "container", "show", "-n", name, *proof)
    assert shown["name"] == name
    assert shown["properties"]["publicAccess"] is None
    assert az("storage", "container", "exists", "-n", name, *proof) == {"exists": True}
    assert az("storage", "container", "delete", "-n", name, *proof) == {"deleted": True}
    assert az("storage", "container", "exists", "-n", name, *proof) == {"exists": False}


def test_a_blob_is_uploaded_listed_shown_downloaded_and_deleted(az, proof, tmp_path):
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    content = os.urandom(300_000)
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(content)
    name = "a folder/naïve ünïcode & + % #1.bin"
    az("storage", "blob", "upload", "-c", box, "-n", name, "-f", source, "--metadata", "colour=blue", *proof)
    assert "already exists" in az.refused("storage", "blob", "upload", "-c", box, "-n", name, "-f", source, *proof)
    listed = az("storage", "blob", "list", "-c", box, *proof)
    assert [(blob["name"], blob["properties"]["contentLength"]) for blob in listed] == [(name, len(content))]
    shown = az("storage", "blob", "show", "-c", box, "-n", name, *proof)
    assert shown["metadata"] == {"colour": "blue"}
    assert shown["properties"]["blobType"] == "BlockBlob"
    az("storage", "blob", "download", "-c", box, "-n", name, "-f", copy, *proof)
    assert copy.read_bytes() == content
    az("storage", "blob", "delete", "-c", box, "-n", name, *proof)
    assert az("storage", "blob", "exists", "-c", box, "-n", name, *proof) == {"exists": False}
    assert az("storage", "blob", "list", "-c", box, *proof) == []


def test_an_empty_blob_is_uploaded_and_downloaded(az, account, tmp_path):
    proof = ("--account-name", account[0], "--account-key", account[1])
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    (tmp_path / "empty").touch()
    az("storage", "blob", "upload", "-c", box, "-n", "empty", "-f", tmp_path / "empty", *proof)
    az("storage", "blob", "download", "-c", box, "-n", "empty", "-f", tmp_path / "copy", *proof)
    assert (tmp_path / "copy").read_bytes() == b""


@pytest.mark.timeout(600)
def test_a_gigabyte_goes_up_in_parallel_blocks_while_the_memory_of_the_server_stays_flat(cloud, az, account, tmp_path):
    proof = ("--account-name", account[0], "--account-key", account[1])
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    source, copy = tmp_path / "1GiB.bin", tmp_path / "copy.bin"
    digest = hashlib.sha256()
    with source.open("wb") as file:
        for _ in range(LARGE_BYTES >> 24):
            piece = os.urandom(1 << 24)
            digest.update(piece)
            file.write(piece)
    cloud.reset_peak_memory()
    az("storage", "blob", "upload", "-c", box, "-n", "large", "-f", source, "--max-connections", "8", "--no-progress", *proof)
    uploading = cloud.memory("VmHWM")
    source.unlink()
    az("storage", "blob", "download", "-c", box, "-n", "large", "-f", copy, "--max-connections", "8", "--no-progress", *proof)
    downloading = cloud.memory("VmHWM")
    with copy.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == digest.digest()
    print(f"peak memory of the server: {uploading >> 20} MiB after the upload, {downloading >> 20} MiB after the download")
    assert downloading < PEAK_MEMORY_BYTES
    az("storage", "container", "delete", "-n", box, *proof)


def curl(cloud, *arguments):
    """The status and the body of what curl gets."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", cloud.ca, "--write-out", "\n%{http_code}", *arguments], capture_output=True, text=True,
        timeout=60, env=cloud.environment())
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_a_container_s_signature_lets_curl_write_read_and_list_and_no_more(cloud, az, account):
    proof = ("--account-name", account[0], "--account-key", account[1])
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    token = az.text("storage", "container", "generate-sas", "-n", box, "--permissions", "rwl", "--expiry", soon(), "--https-only", *proof)
    blob = f"{cloud.blob(account[0])}/{box}/note"
    assert curl(cloud, "-X", "PUT", "-H", "x-ms-blob-type: BlockBlob", "--data-binary", "hello", f"{blob}?{token}")[0] == 201
    assert curl(cloud, f"{blob}?{token}") == (200, "hello")
    status, listed = curl(cloud, f"{cloud.blob(account[0])}/{box}?restype=container&comp=list&{token}")
    assert status == 200
    assert "<Name>note</Name>" in listed
    status, refusal = curl(cloud, "-X", "DELETE", f"{blob}?{token}")
    assert status == 403
    assert "AuthorizationPermissionMismatch" in refusal
    assert curl(cloud, blob)[0] in (401, 404, 409)
    elsewhere = f"{cloud.blob(account[0])}/{unique('box')}/note?{token}"
    assert curl(cloud, elsewhere)[0] == 403


def test_a_blob_s_signature_lets_curl_read_that_blob_alone(cloud, az, account, data_role, tmp_path):
    proof = ("--account-name", account[0], "--account-key", account[1])
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    (tmp_path / "note").write_text("hello")
    for name in ("one", "two"):
        az("storage", "blob", "upload", "-c", box, "-n", name, "-f", tmp_path / "note", *proof)
    by_key = az.text("storage", "blob", "generate-sas", "-c", box, "-n", "one", "--permissions", "r", "--expiry", soon(), *proof)
    by_user = az.text(
        "storage", "blob", "generate-sas", "-c", box, "-n", "one", "--permissions", "r", "--expiry", soon(), "--as-user", "--auth-mode", "login",
        "--account-name", account[0])
    assert "skoid=" in by_user
    for token in (by_key, by_user):
        assert curl(cloud, f"{cloud.blob(account[0])}/{box}/one?{token}") == (200, "hello")
        assert curl(cloud, f"{cloud.blob(account[0])}/{box}/two?{token}")[0] == 403
        assert curl(cloud, "-X", "DELETE", f"{cloud.blob(account[0])}/{box}/one?{token}")[0] == 403


def test_a_stored_access_policy_can_be_withdrawn(cloud, az, account):
    proof = ("--account-name", account[0], "--account-key", account[1])
    box = unique("box")
    az("storage", "container", "create", "-n", box, *proof)
    az("storage", "container", "policy", "create", "-c", box, "-n", "readers", "--permissions", "rl", "--expiry", soon(), *proof)
    assert list(az("storage", "container", "policy", "list", "-c", box, *proof)) == ["readers"]
    token = az.text("storage", "container", "generate-sas", "-n", box, "--policy-name", "readers", *proof)
    address = f"{cloud.blob(account[0])}/{box}?restype=container&comp=list&{token}"
    assert curl(cloud, address)[0] == 200
    az("storage", "container", "policy", "delete", "-c", box, "-n", "readers", *proof)
    assert curl(cloud, address)[0] == 403
