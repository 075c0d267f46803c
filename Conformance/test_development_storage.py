"""Applications that are written against Azurite run unchanged on the ports of development storage."""

import socket
import subprocess
import time

import pytest
import requests
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from cloud import Cloud, free_port, may_bind, unique

CONNECTION = "UseDevelopmentStorage=true"
ACCOUNT = "devstoreaccount1"
# Public: Microsoft's documentation of the emulators has it.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
PORTS = {"blob": 10000, "queue": 10001, "table": 10002}


def endpoint(service):
    return f"http://127.0.0.1:{PORTS[service]}/{ACCOUNT}"


@pytest.fixture(scope="module")
def development(workspace):
    """A cloud of its own with development storage; the ports are the same for every cloud of a host."""
    if not all(may_bind(port) for port in PORTS.values()):
        pytest.fail("another program has the ports of development storage")
    cloud = Cloud(workspace / unique("dev"), free_port())
    start(cloud)
    yield cloud
    cloud.remove_machines()
    cloud.stop()


def start(cloud, *options):
    cloud.settle()
    done = cloud.command("up", "--detach", "--port", str(cloud.port), "--development-storage", *options)
    cloud.variables = cloud.env()
    return done


def test_blobs_go_by_the_connection_string_of_the_emulators(development):
    service = BlobServiceClient.from_connection_string(CONNECTION)
    container = service.create_container(unique("con"))
    container.upload_blob("dir/é.txt", b"x" * 300_000)
    assert container.download_blob("dir/é.txt").readall() == b"x" * 300_000
    assert [blob.name for blob in container.list_blobs()] == ["dir/é.txt"]
    container.delete_container()


def test_queues_go_by_the_connection_string_of_the_emulators(development):
    queue = QueueServiceClient.from_connection_string(CONNECTION).create_queue(unique("que"))
    queue.send_message("hello")
    message = queue.receive_message()
    assert message.content == "hello"
    queue.delete_message(message)
    assert queue.receive_message() is None
    queue.delete_queue()


@pytest.mark.parametrize("connect", [
    # azure-data-tables knows no short form of the connection string.
    lambda: TableServiceClient.from_connection_string(
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint={endpoint('table')};"),
    lambda: TableServiceClient(endpoint("table"), credential=AzureNamedKeyCredential(ACCOUNT, KEY)),
], ids=["connection string", "named key"])
def test_tables_go_by_the_emulators_key(development, connect):
    name = unique("Tab")
    table = connect().create_table(name)
    table.create_entity({"PartitionKey": "p'1", "RowKey": "é r", "Number": 7})
    assert table.get_entity("p'1", "é r")["Number"] == 7
    assert [entity["Number"] for entity in table.query_entities("Number gt 5")] == [7]
    table.submit_transaction([("upsert", {"PartitionKey": "p'1", "RowKey": str(row)}) for row in range(3)])
    assert len(list(table.list_entities())) == 4
    table.delete_table()


def test_the_account_is_one_of_the_clouds_own(development):
    group = f"/subscriptions/{development.subscription}/resourceGroups/development-storage"
    answer = development.arm_session().get(
        development.arm_url(f"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}", "2025-08-01"), timeout=30)
    assert answer.status_code == 200
    assert answer.json()["properties"]["supportsHttpsTrafficOnly"] is False


def test_the_known_key_opens_nothing_at_the_front_door(development):
    hosts = BlobServiceClient(development.blob(ACCOUNT), credential={"account_name": ACCOUNT, "account_key": KEY}, connection_verify=development.ca)
    with pytest.raises(HttpResponseError) as refusal:
        list(hosts.list_containers())
    assert refusal.value.status_code == 404


def test_other_accounts_are_not_at_the_ports(development):
    group, name = unique("rg"), unique("acct")
    development.make_group(group)
    key = development.make_account(group, name)
    service = BlobServiceClient(f"http://127.0.0.1:{PORTS['blob']}/{name}", credential={"account_name": name, "account_key": key})
    with pytest.raises(HttpResponseError) as refusal:
        list(service.list_containers())
    assert refusal.value.status_code == 404


def test_another_key_and_another_name_of_the_host_are_refused(development):
    stranger = BlobServiceClient(endpoint("blob"), credential={"account_name": ACCOUNT, "account_key": "AAAA" * 22})
    with pytest.raises(ClientAuthenticationError):
        list(stranger.list_containers())
    # A page whose name leads to the loopback is not served, whatever it signs.
    assert requests.get(endpoint("blob"), headers={"Host": "pages.example:10000"}, timeout=10).status_code == 421


def test_the_ports_are_on_the_loopback_only_and_shown(development):
    listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout.split()
    for port in PORTS.values():
        assert [word for word in listening if word.endswith(f":{port}")] == [f"127.0.0.1:{port}"]
    assert endpoint("queue") in development.status()["developmentStorage"]
    text = development.command("status").stdout
    assert "Stockage de développement, en clair — development storage, in the clear: http://127.0.0.1:10000" in text


def test_they_are_off_unless_asked_for_and_what_was_stored_stays(development):
    container = BlobServiceClient.from_connection_string(CONNECTION).create_container(unique("kept"))
    container.upload_blob("b", b"1")
    development.stop()
    development.up()
    assert "developmentStorage" not in development.status()
    for port in PORTS.values():
        with socket.socket() as attempt, pytest.raises(ConnectionRefusedError):
            attempt.connect(("127.0.0.1", port))
    development.stop()
    greeting = start(development).stdout
    assert "UseDevelopmentStorage=true" in greeting and "in the clear" in greeting
    assert container.download_blob("b").readall() == b"1"


def test_a_taken_port_is_named_at_the_start(development):
    development.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", PORTS["queue"]))
        other.listen()
        development.settle()
        refused = development.command("up", "--detach", "--port", str(development.port), "--development-storage", check=False)
        assert refused.returncode != 0 and "10001" in refused.stdout + refused.stderr
    start(development)


@pytest.mark.parametrize("control, item", [("CTL-IAM-08", "13.2.e"), ("CTL-CRYPTO-02", "10.2.a")])
def test_ports_in_the_clear_are_gaps_of_the_secnumcloud_grid(development, control, item):
    deadline = time.monotonic() + 240
    while True:
        shown = development.command("secnumcloud", "observe", control, check=False, timeout=240).stdout
        # One look at a time: the cloud looks by itself after its start.
        if "n'a pas fini" not in shown or time.monotonic() > deadline:
            break
        time.sleep(5)
    assert f"✘ {item} : non conforme" in shown, shown
    assert "127.0.0.1:1000" in shown, shown


def test_what_is_no_http_gets_an_answer_and_harms_nobody(development):
    pid = development.pid
    for noise in [b"garbage\r\n\r\n", bytes.fromhex("16030100f8010000f40303") + bytes(200), b"GET / HTTP/9.9\r\n\r\n", bytes(4096)]:
        with socket.create_connection(("127.0.0.1", PORTS["table"]), timeout=10) as connection:
            connection.sendall(noise)
            assert connection.recv(200).startswith(b"HTTP/1.1 ")
    assert development.pid == pid
