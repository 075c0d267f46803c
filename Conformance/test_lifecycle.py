"""The life of a cloud on its machine: first and later starts, stops, what it opens, what it writes where."""

import json
import os
import re
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from cloud import STOP_SECONDS, STOP_TOLERANCE_SECONDS, unique


def service_of(cloud, account, key):
    return BlobServiceClient(
        cloud.blob(account), credential=key, connection_verify=cloud.ca, use_env_settings=False, retry_total=0, max_single_put_size=64 << 20)


@pytest.fixture
def stored(own_cloud):
    """A cloud of the test's own with an account and an empty container: the cloud, a client of the account, the container."""
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    service = service_of(cloud, account, cloud.make_account(group, account))
    return cloud, service, service.create_container("box")


def test_a_second_start_on_the_same_directory_is_refused_in_both_languages(own_cloud):
    cloud = own_cloud()
    before = cloud.pid
    refused = cloud.command("up", "--detach", "--port", str(cloud.port), check=False)
    assert refused.returncode != 0
    assert "déjà" in refused.stderr and "already" in refused.stderr
    assert cloud.pid == before
    foreground = cloud.command("up", "--port", str(cloud.port), check=False)
    assert foreground.returncode != 0 and cloud.pid == before


def test_a_taken_port_is_named_and_nothing_stays_behind(own_cloud, workspace):
    cloud = own_cloud()
    other = type(cloud)(workspace / unique("own"), cloud.port)
    refused = other.up(check=False)
    assert refused.returncode != 0
    assert str(cloud.port) in refused.stdout + refused.stderr
    assert other.status() == {"running": False}
    assert cloud.status()["running"]


def test_a_later_start_finds_everything(stored, own_cloud):
    cloud, service, box = stored
    content = os.urandom(3_000_000)
    box.upload_blob("kept", content)
    before, authority, session = dict(cloud.variables), Path(cloud.ca).read_bytes(), cloud.arm_session()
    cloud.command("down")
    assert cloud.status() == {"running": False}
    with pytest.raises(requests.ConnectionError):
        session.get(cloud.arm + "/tenants", timeout=5)
    cloud.up()
    assert cloud.variables == before
    assert Path(cloud.ca).read_bytes() == authority
    assert box.get_blob_client("kept").download_blob().readall() == content
    # A token of before the stop is good until it expires: its signing key was kept.
    subscriptions = session.get(cloud.arm_url("/subscriptions", "2022-12-01"), timeout=30).json()["value"]
    assert cloud.subscription in [item["subscriptionId"] for item in subscriptions]


def test_a_directory_that_moved_is_a_cloud_as_before(stored, own_cloud, workspace):
    cloud, service, box = stored
    box.upload_blob("kept", b"hello")
    tenant = cloud.tenant
    cloud.command("down")
    elsewhere = workspace / unique("own")
    cloud.data.rename(elsewhere)
    moved = own_cloud(elsewhere)
    assert moved.tenant == tenant


def test_a_stop_takes_no_longer_than_promised_though_connections_are_open(own_cloud):
    cloud = own_cloud()
    idle = cloud.session()
    assert idle.get(cloud.arm + "/metadata/endpoints?api-version=2022-09-01", timeout=30).status_code == 200
    with socket.create_connection(("127.0.0.1", cloud.port)):
        assert cloud.stop() < STOP_SECONDS + STOP_TOLERANCE_SECONDS
    idle.close()


def test_an_upload_under_way_is_served_before_the_stop(stored):
    cloud, service, box = stored
    content = os.urandom(1 << 20)
    context = ssl.create_default_context(cafile=cloud.ca)
    url = box.get_blob_client("late").url
    host = url.split("/")[2].split(":")[0]
    token = cloud.token("https://storage.azure.com")
    with context.wrap_socket(socket.create_connection(("127.0.0.1", cloud.port)), server_hostname=host) as connection:
        head = (
            f"PUT /box/late HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nx-ms-version: 2024-11-04\r\n"
            f"x-ms-blob-type: BlockBlob\r\nContent-Length: {len(content)}\r\nExpect: 100-continue\r\n\r\n")
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
        connection.sendall(content[:1000])
        pid = cloud.pid
        os.kill(pid, 15)
        # Until nobody new is taken in, the stop has not begun.
        while True:
            try:
                socket.create_connection(("127.0.0.1", cloud.port), timeout=5).close()
            except OSError:
                break
        connection.sendall(content[1000:])
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 201"), answer
    cloud.wait_gone(pid, STOP_SECONDS + STOP_TOLERANCE_SECONDS)
    cloud.up()
    assert box.get_blob_client("late").download_blob().readall() == content


def listening(pid):
    """The addresses on which a process listens, as the kernel knows them."""
    inodes = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    found = set()
    for table, family in [("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)]:
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                words = bytes.fromhex(address)
                packed = b"".join(words[i:i + 4][::-1] for i in range(0, len(words), 4))
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def test_it_listens_on_this_machine_alone(own_cloud):
    cloud = own_cloud()
    doors = {(address, port) for address in ("127.0.0.1", "::1") for port in (cloud.port, cloud.operators_port)}
    assert listening(cloud.pid) <= doors
    assert {("127.0.0.1", cloud.port), ("127.0.0.1", cloud.operators_port)} <= listening(cloud.pid)


def test_what_it_writes_is_for_its_owner_alone(own_cloud):
    cloud = own_cloud()
    assert stat.S_IMODE(cloud.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((cloud.data / "keys/root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((cloud.data / "client/credentials.json").stat().st_mode) == 0o600
    for path in cloud.data.rglob("*"):
        if path.is_file():
            # The authority's certificate is for everybody to trust.
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077 or path == cloud.data / "client/ca.pem", path


def test_no_secret_reaches_the_log_nor_lies_open_in_the_data(stored):
    cloud, service, box = stored
    marker = os.urandom(32).hex()
    box.upload_blob("plain", f"find me: {marker}" * 4000)
    box.get_blob_client("plain").download_blob().readall()
    token = cloud.token(cloud.arm + "/")
    for headers in ({"Authorization": "Bearer " + token[:-4] + "AAAA"}, {"Authorization": "Bearer " + token}):
        cloud.session().get(cloud.arm_url("/subscriptions", "2022-12-01"), headers=headers, timeout=30)
    secrets = {
        "account key": service.credential.account_key, "client secret": cloud.client_secret, "token": token,
        "password": re.search(r'"password":\s*"([^"]+)"', (cloud.data / "client/credentials.json").read_text()).group(1)
    }
    log = (cloud.data / "cocagne.log").read_text()
    for what, secret in secrets.items():
        assert secret not in log, f"{what} is in the log"
    for folder in ("records", "segments"):
        for path in (cloud.data / folder).rglob("*"):
            data = path.read_bytes()
            assert marker.encode() not in data, f"a blob's content lies open in {path}"
            for what, secret in secrets.items():
                assert secret.encode() not in data, f"{what} lies open in {path}"


def test_every_line_of_the_log_is_an_event(own_cloud):
    cloud = own_cloud()
    cloud.command("down")
    for line in (cloud.data / "cocagne.log").read_text().splitlines():
        assert {"time", "level", "message"} <= json.loads(line).keys()
        assert json.loads(line)["level"] not in ("error", "critical"), line


def handshake(cloud, *options):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{cloud.port}", "-servername", cloud.host("management"), "-CAfile", cloud.ca,
         "-verify_return_error", *options], input="", capture_output=True, text=True, timeout=30)
    return done.returncode == 0, done.stdout


def test_only_modern_tls_is_spoken(own_cloud):
    cloud = own_cloud()
    for options in (["-tls1_3"], ["-tls1_2"], ["-tls1_2", "-cipher", "ECDHE+AESGCM"]):
        done, text = handshake(cloud, *options)
        assert done, text
    for options in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA"],
                    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"], ["-tls1_2", "-cipher", "AES128-GCM-SHA256"]):
        done, text = handshake(cloud, *options)
        assert not done, options


def test_the_certificate_names_each_service_and_is_trusted_through_the_exported_authority(own_cloud):
    cloud = own_cloud()
    for name in ("management", "login", "graph", "someaccount.blob.core"):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{cloud.port}", "-servername", cloud.host(name), "-CAfile", cloud.ca, "-verify_return_error",
             "-verify_hostname", cloud.host(name)], input="", capture_output=True, text=True, timeout=30)
        assert "Verify return code: 0 (ok)" in done.stdout, name


def test_a_flipped_byte_fails_its_blob_alone_and_is_named_in_the_log(stored):
    cloud, service, box = stored
    contents = {f"blob{number}": os.urandom(1_500_000) for number in range(6)}
    for name, content in contents.items():
        box.upload_blob(name, content)
    cloud.command("down")
    segment = max((cloud.data / "segments").iterdir(), key=lambda path: path.stat().st_size)
    with segment.open("r+b") as file:
        file.seek(segment.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))
    cloud.up()
    broken = []
    for name, content in contents.items():
        try:
            found = box.get_blob_client(name).download_blob().readall()
        except AzureError as error:
            # Where the answer had begun, the connection ends before the announced length.
            assert getattr(error, "status_code", None) == 500 or "ncomplete" in repr(error) or "losed" in repr(error) or "roken" in repr(error), error
            broken.append(name)
        else:
            assert found == content, name
    assert len(broken) == 1
    log = (cloud.data / "cocagne.log").read_text()
    assert any(broken[0] in line and '"error"' in line for line in log.splitlines()), cloud.log_tail()


def test_doctor_finds_this_machine_fit(own_cloud):
    cloud = own_cloud()
    done = cloud.command("doctor")
    assert done.returncode == 0
