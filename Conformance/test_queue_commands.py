"""Queues and messages through `az storage`, with each way to prove who asks, and what becomes of messages when the power is cut."""

import random
import threading
import time

import pytest
from azure.core.exceptions import AzureError
from azure.storage.queue import QueueServiceClient

from cloud import run_seed, unique
from proofs import data_role_fixture, proof_fixture, soon

PRODUCERS = 4
CONSUMERS = 4
ROUNDS = 3
# How long a round waits for the acknowledgements after which it cuts.
ROUND_SECONDS = 120
# Longer than the test: what was taken does not come back by itself.
HIDDEN_SECONDS = 6 * 3600


data_role = data_role_fixture("Storage Queue Data Contributor")
proof = proof_fixture("q", "rwdlacup")


@pytest.fixture
def key(account):
    return "--account-name", account[0], "--account-key", account[1]


@pytest.fixture
def queue(az, key):
    name = unique("jobs")
    az("storage", "queue", "create", "-n", name, *key)
    return name


def test_a_queue_is_created_listed_changed_and_deleted(az, proof):
    name = unique("jobs")
    assert az("storage", "queue", "create", "-n", name, "--metadata", "colour=blue", *proof) == {"created": True}
    assert az("storage", "queue", "create", "-n", name, "--metadata", "colour=red", *proof) == {"created": False}
    assert az("storage", "queue", "exists", "-n", name, *proof) == {"exists": True}
    listed = az("storage", "queue", "list", "--prefix", name, "--include-metadata", *proof)
    assert [(queue["name"], queue["metadata"]) for queue in listed] == [(name, {"colour": "blue"})]
    az("storage", "queue", "metadata", "update", "-n", name, "--metadata", "size=9", *proof)
    assert az("storage", "queue", "metadata", "show", "-n", name, *proof) == {"size": "9"}
    assert az("storage", "queue", "delete", "-n", name, *proof) == {"deleted": True}
    assert az("storage", "queue", "exists", "-n", name, *proof) == {"exists": False}
    assert az("storage", "queue", "list", "--prefix", name, *proof) == []


def test_a_message_is_put_peeked_taken_changed_and_deleted(az, proof, queue):
    where = ("-q", queue, *proof)
    text = "naïve <text> & more"
    put = az("storage", "message", "put", "--content", text, *where)
    assert put["content"] == text
    assert [message["content"] for message in az("storage", "message", "peek", *where)] == [text]
    (taken,) = az("storage", "message", "get", "--visibility-timeout", "600", *where)
    assert (taken["id"], taken["content"], taken["dequeueCount"]) == (put["id"], text, 1)
    assert az("storage", "message", "peek", *where) == []
    stale = ("--id", put["id"], "--pop-receipt", put["popReceipt"])
    assert "does not exist" in az.refused("storage", "message", "delete", *stale, *where)
    changed = az(
        "storage", "message", "update", "--id", taken["id"], "--pop-receipt", taken["popReceipt"], "--content", "other", "--visibility-timeout", "0",
        *where)
    assert [message["content"] for message in az("storage", "message", "peek", *where)] == ["other"]
    az("storage", "message", "delete", "--id", taken["id"], "--pop-receipt", changed["popReceipt"], *where)
    gone = ("--id", taken["id"], "--pop-receipt", changed["popReceipt"])
    assert "does not exist" in az.refused("storage", "message", "delete", *gone, *where)
    for number in range(3):
        az("storage", "message", "put", "--content", str(number), *where)
    assert [message["content"] for message in az("storage", "message", "peek", "--num-messages", "32", *where)] == ["0", "1", "2"]
    az("storage", "message", "clear", *where)
    assert az("storage", "message", "peek", *where) == []


def test_a_stored_policy_gives_a_signature_until_it_is_withdrawn(az, account, key, queue):
    az("storage", "queue", "policy", "create", "-q", queue, "-n", "reader", "--permissions", "r", "--expiry", soon(), *key)
    assert az("storage", "queue", "policy", "list", "-q", queue, *key)["reader"]["permission"] == "r"
    az("storage", "message", "put", "-q", queue, "--content", "text", *key)
    token = az.text("storage", "queue", "generate-sas", "-n", queue, "--policy-name", "reader", *key)
    signed = ("-q", queue, "--account-name", account[0], "--sas-token", token)
    assert [message["content"] for message in az("storage", "message", "peek", *signed)] == ["text"]
    az.refused("storage", "message", "get", *signed)
    az("storage", "queue", "policy", "update", "-q", queue, "-n", "reader", "--permissions", "rp", *key)
    assert az("storage", "queue", "policy", "show", "-q", queue, "-n", "reader", *key)["permission"] == "rp"
    assert [message["content"] for message in az("storage", "message", "get", *signed)] == ["text"]
    az("storage", "queue", "policy", "delete", "-q", queue, "-n", "reader", *key)
    az.refused("storage", "message", "peek", *signed)


def test_a_signature_permits_what_it_names_and_no_more(az, account, key, queue):
    token = az.text("storage", "queue", "generate-sas", "-n", queue, "--permissions", "a", "--expiry", soon(), *key)
    signed = ("-q", queue, "--account-name", account[0], "--sas-token", token)
    az("storage", "message", "put", "--content", "added", *signed)
    for verb in ("peek", "get", "clear"):
        az.refused("storage", "message", verb, *signed)
    assert [message["content"] for message in az("storage", "message", "get", "-q", queue, *key)] == ["added"]


def test_the_statistics_of_replication_are_shown(az, key):
    assert az("storage", "queue", "stats", *key)["geoReplication"]["status"] in ("live", "bootstrap", "unavailable")


def queue_of(cloud, account, key):
    service = QueueServiceClient(
        cloud.blob(account).replace(".blob.", ".queue."), credential=key, connection_verify=cloud.ca, retry_total=0, use_env_settings=False,
        read_timeout=20)
    return service.get_queue_client("jobs")


class Producer(threading.Thread):
    """Puts messages until the cloud is gone."""

    def __init__(self, queue, name):
        super().__init__(daemon=True)
        self.queue = queue
        self.name = name
        self.put = []

    def run(self):
        try:
            while True:
                text = f"{self.name}-{len(self.put)}"
                self.queue.send_message(text)
                self.put.append(text)
        except AzureError:
            return


class Consumer(threading.Thread):
    """Takes messages and deletes every other one until the cloud is gone."""

    def __init__(self, queue):
        super().__init__(daemon=True)
        self.queue = queue
        self.taken = []
        self.deleted = set()
        # Whether the one under way was deleted is not known.
        self.under_way = None

    def run(self):
        try:
            while True:
                message = self.queue.receive_message(visibility_timeout=HIDDEN_SECONDS)
                if message is None:
                    continue
                self.taken.append(message)
                if len(self.taken) % 2:
                    self.under_way = message.content
                    self.queue.delete_message(message)
                    self.under_way = None
                    self.deleted.add(message.content)
        except AzureError:
            return


@pytest.mark.timeout(900)
def test_what_was_acknowledged_of_messages_survives_a_kill(own_cloud):
    generator = random.Random(run_seed())
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    for turn in range(ROUNDS):
        queue_of(cloud, account, key).create_queue()
        producers = [Producer(queue_of(cloud, account, key), f"{turn}-{number}") for number in range(PRODUCERS)]
        consumers = [Consumer(queue_of(cloud, account, key)) for _ in range(CONSUMERS)]
        for thread in producers + consumers:
            thread.start()
        enough = generator.randrange(20, 200)
        deadline = time.monotonic() + ROUND_SECONDS
        while sum(len(consumer.taken) for consumer in consumers) < enough:
            assert time.monotonic() < deadline and all(thread.is_alive() for thread in producers + consumers), cloud.log_tail()
            time.sleep(0.001)
        cloud.kill()
        for thread in producers + consumers:
            thread.join(60)
            assert not thread.is_alive()
        cloud.up()
        queue = queue_of(cloud, account, key)
        count = queue.get_queue_properties().approximate_message_count
        taken = [message.content for consumer in consumers for message in consumer.taken]
        assert len(set(taken)) == len(taken), f"round {turn}: a message that was hidden was given again"
        deleted = set().union(*(consumer.deleted for consumer in consumers))
        unsure = {consumer.under_way for consumer in consumers} - {None}
        left = [message.content for message in queue.receive_messages(messages_per_page=32, visibility_timeout=HIDDEN_SECONDS)]
        assert len(set(left)) == len(left) and not set(left) & set(taken), f"round {turn}: a message was given twice"
        # Those whose taking the kill cut off may be hidden now, and those whose putting it cut off may be there.
        put = {text for producer in producers for text in producer.put}
        missing = put - set(taken) - set(left)
        assert len(missing) <= CONSUMERS, f"round {turn}: lost {missing}"
        assert len(set(taken + left) - put) <= PRODUCERS, f"round {turn}: nobody put {set(taken + left) - put}"
        # What was taken and not deleted is there still, under the pop receipt that was given.
        for consumer in consumers:
            for message in consumer.taken:
                if message.content not in deleted | unsure:
                    queue.delete_message(message)
        rest = queue.get_queue_properties().approximate_message_count
        assert len(left) <= rest <= len(left) + CONSUMERS + len(unsure) and count >= rest
        queue.delete_queue()
