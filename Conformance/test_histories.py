"""Many clients at once, a cut of the power among them, and one order that must explain all that they saw."""

import os
import random
import threading
import time

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableServiceClient, UpdateMode
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from cloud import run_seed, unique
from histories import ABSENT, NEVER, Operation, check, check_queue

CLIENTS = 6
REGISTERS = 3
# `make soak` sets it to an hour.
SOAK_SECONDS = float(os.environ.get("COCAGNE_SOAK_SECONDS", 0))
# Each of them takes its part of the time: three kinds of registers and a queue.
SOAKED_TESTS = 4
ROUND_OPERATIONS = 40
HIDDEN_SECONDS = 3


# The checker itself


def operation(kind, called, answered, value=ABSENT, took_effect=True, expected=ABSENT):
    return Operation(kind, called, answered, value, expected, took_effect)


LINEARIZABLE = {
    "a read beside a write sees either": [operation("write", 0, 5, 1), operation("read", 1, 2, ABSENT), operation("read", 3, 4, 1)],
    "a write without an answer may have happened": [operation("write", 0, NEVER, 1, None), operation("read", 9, 10, 1)],
    "or not": [operation("write", 0, NEVER, 1, None), operation("read", 9, 10, ABSENT)],
    "of two replacements one holds": [
        operation("write", 0, 1, 1), operation("replace", 2, 5, 2, True, 1), operation("replace", 2, 5, 3, False, 1), operation("read", 6, 7, 2)],
    "a removal finds what was there": [operation("write", 0, 1, 1), operation("remove", 2, 3), operation("remove", 4, 5, took_effect=False)],
}
NOT_LINEARIZABLE = {
    "a read after the answer sees the write": [operation("write", 0, 1, 1), operation("read", 2, 3, ABSENT)],
    "what was read stays": [operation("write", 0, 9, 1), operation("read", 1, 2, 1), operation("read", 3, 4, ABSENT)],
    "both replacements held": [operation("write", 0, 1, 1), operation("replace", 2, 5, 2, True, 1), operation("replace", 2, 5, 3, True, 1)],
    "a value that nobody wrote": [operation("write", 0, 1, 1), operation("read", 2, 3, 7)],
    "a write came back": [operation("write", 0, 1, 1), operation("write", 2, 3, 2), operation("read", 4, 5, 2), operation("read", 6, 7, 1)],
}


@pytest.mark.parametrize("history", LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_the_checker_finds_the_order(history):
    assert check(history).is_linearizable


@pytest.mark.parametrize("history", NOT_LINEARIZABLE.values(), ids=NOT_LINEARIZABLE)
def test_the_checker_finds_that_there_is_none(history):
    verdict = check(history)
    assert not verdict.is_linearizable and "No order" in str(verdict)


# What the clients do


class BlobRegister:
    """A blob whose text is the value."""

    # Whether a removal says nothing of what was there.
    REMOVES_WHAT_IS_ABSENT = False

    def __init__(self, cloud, account, key, name):
        service = BlobServiceClient(cloud.blob(account), credential=key, connection_verify=cloud.ca, retry_total=0, use_env_settings=False, read_timeout=20)
        self.blob = service.get_blob_client("registers", name)

    @staticmethod
    def prepare(cloud, account, key):
        BlobServiceClient(cloud.blob(account), credential=key, connection_verify=cloud.ca, use_env_settings=False).create_container("registers")

    def read(self):
        try:
            found = self.blob.download_blob()
            return found.readall().decode(), found.properties.etag
        except ResourceNotFoundError:
            return ABSENT, None

    def write(self, value):
        self.blob.upload_blob(value.encode(), overwrite=True)

    def replace(self, value, mark):
        self.blob.upload_blob(value.encode(), overwrite=True, etag=mark, match_condition=MatchConditions.IfNotModified)

    def remove(self):
        self.blob.delete_blob()


class BlockRegister(BlobRegister):
    """The same, written in blocks that a list commits."""

    def write(self, value):
        block = f"{value:>32}"
        self.blob.stage_block(block, value.encode())
        self.blob.commit_block_list([block])

    def replace(self, value, mark):
        block = f"{value:>32}"
        self.blob.stage_block(block, value.encode())
        self.blob.commit_block_list([block], etag=mark, match_condition=MatchConditions.IfNotModified)


class EntityRegister:
    """An entity of a table."""

    REMOVES_WHAT_IS_ABSENT = True

    def __init__(self, cloud, account, key, name):
        self.table = self.service(cloud, account, key, retry_total=0).get_table_client("registers")
        self.name = name

    @staticmethod
    def service(cloud, account, key, **options):
        return TableServiceClient(
            cloud.url(f"{account}.table.core"), credential=AzureNamedKeyCredential(account, key), connection_verify=cloud.ca, use_env_settings=False,
            read_timeout=20, **options)

    @classmethod
    def prepare(cls, cloud, account, key):
        cls.service(cloud, account, key).create_table("registers")

    def read(self):
        try:
            entity = self.table.get_entity("p", self.name)
            return entity["value"], entity.metadata["etag"]
        except ResourceNotFoundError:
            return ABSENT, None

    def entity(self, value):
        return {"PartitionKey": "p", "RowKey": self.name, "value": value}

    def write(self, value):
        self.table.upsert_entity(self.entity(value), mode=UpdateMode.REPLACE)

    def replace(self, value, mark):
        self.table.update_entity(self.entity(value), mode=UpdateMode.REPLACE, etag=mark, match_condition=MatchConditions.IfNotModified)

    def remove(self):
        # The SDK takes a 404 for success: nothing is there then either.
        self.table.delete_entity("p", self.name)


class Client(threading.Thread):
    """Does one thing after the other until it has done enough or the cloud is gone."""

    KINDS = ["read", "read", "write", "replace", "remove"]

    def __init__(self, number, registers, generator):
        super().__init__(daemon=True)
        self.number = number
        self.registers = registers
        self.generator = generator
        self.histories = {name: [] for name in registers}
        self.done = 0
        self.failure = None

    def run(self):
        try:
            while self.done < ROUND_OPERATIONS:
                self.act()
                self.done += 1
        except (ResourceExistsError, ResourceNotFoundError, HttpResponseError) as error:
            self.failure = error
        except AzureError:
            # The cut: what was under way stands in the history without an answer.
            return

    def act(self):
        name = self.generator.choice(list(self.registers))
        register, history = self.registers[name], self.histories[name]
        kind = self.generator.choice(self.KINDS)
        value = f"{self.number}-{self.done}-{self.generator.randrange(1 << 30)}"
        mark = None
        if kind == "replace":
            look = Operation("read", time.monotonic(), client=self.number)
            history.append(look)
            look.value, mark = register.read()
            look.answered, look.took_effect = time.monotonic(), True
            if mark is None:
                kind = "write"
        operation = Operation(kind, time.monotonic(), client=self.number)
        if kind != "read":
            operation.value = value
        if kind == "replace":
            operation.expected = look.value
        if kind == "remove":
            operation.value = ABSENT
            if register.REMOVES_WHAT_IS_ABSENT:
                operation.kind = "write"
        history.append(operation)
        took_effect = True
        try:
            if kind == "read":
                operation.value, _ = register.read()
            elif kind == "write":
                register.write(value)
            elif kind == "replace":
                register.replace(value, mark)
            else:
                register.remove()
        except (ResourceModifiedError, ResourceNotFoundError):
            if kind not in ("replace", "remove"):
                raise
            took_effect = False
        except HttpResponseError as error:
            # Who commits a list drops what others have staged for it: then nothing was done.
            if error.error_code != "InvalidBlockList":
                raise
            history.remove(operation)
            return
        operation.answered, operation.took_effect = time.monotonic(), took_effect


def run_round(cloud, kind, account, key, generator, prefix, cuts):
    """A round of all clients on registers of their own; the histories of the registers."""
    names = [f"{prefix}-{number}" for number in range(REGISTERS)]
    clients = [
        Client(number, {name: kind(cloud, account, key, name) for name in names}, random.Random(generator.random())) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    if cuts:
        enough = generator.randrange(CLIENTS * ROUND_OPERATIONS // 4, CLIENTS * ROUND_OPERATIONS * 3 // 4)
        deadline = time.monotonic() + 120
        while sum(client.done for client in clients) < enough and any(client.is_alive() for client in clients):
            assert time.monotonic() < deadline, cloud.log_tail()
            time.sleep(0.001)
        cloud.kill()
    for client in clients:
        client.join(120)
        assert not client.is_alive()
        assert client.failure is None, client.failure
    if cuts:
        cloud.up()
    histories = {name: [operation for client in clients for operation in client.histories[name]] for name in names}
    # What is there in the end belongs to the history.
    for name in names:
        last = Operation("read", time.monotonic(), client=-1)
        last.value, _ = kind(cloud, account, key, name).read()
        last.answered, last.took_effect = time.monotonic(), True
        histories[name].append(last)
    return histories


@pytest.mark.timeout(max(900, SOAK_SECONDS * 2))
@pytest.mark.parametrize("kind", [BlobRegister, BlockRegister, EntityRegister], ids=["blobs", "block lists", "entities"])
def test_one_order_explains_what_all_clients_saw(own_cloud, kind):
    generator = random.Random(run_seed())
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    kind.prepare(cloud, account, key)
    end = time.monotonic() + SOAK_SECONDS / SOAKED_TESTS
    number = 0
    while number < 3 or time.monotonic() < end:
        for name, history in run_round(cloud, kind, account, key, generator, f"r{number}", cuts=number % 3 != 0).items():
            verdict = check(history)
            assert verdict.is_linearizable, f"{name}: {verdict}"
            assert sum(operation.is_answered for operation in history) > CLIENTS
        number += 1


class Worker(threading.Thread):
    """Puts messages, takes them, removes some."""

    def __init__(self, cloud, account, key, number, generator):
        super().__init__(daemon=True)
        service = QueueServiceClient(
            cloud.url(f"{account}.queue.core"), credential=key, connection_verify=cloud.ca, retry_total=0, use_env_settings=False, read_timeout=20)
        self.queue = service.get_queue_client("line")
        self.number, self.generator = number, generator
        self.puts, self.removals, self.deliveries = {}, {}, []
        self.done = 0
        self.failure = None

    def run(self):
        try:
            while self.done < ROUND_OPERATIONS:
                self.act()
                self.done += 1
        except HttpResponseError as error:
            self.failure = error
        except AzureError:
            return

    def act(self):
        if self.generator.random() < 0.5:
            message = f"{self.number}-{self.done}-{self.generator.randrange(1 << 30)}"
            self.puts[message] = (time.monotonic(), NEVER)
            self.queue.send_message(message)
            self.puts[message] = (self.puts[message][0], time.monotonic())
            return
        called = time.monotonic()
        for message in self.queue.receive_messages(max_messages=2, visibility_timeout=HIDDEN_SECONDS):
            self.deliveries.append((message.content, called, time.monotonic(), HIDDEN_SECONDS))
            if self.generator.random() < 0.7:
                self.removals[message.content] = (time.monotonic(), NEVER)
                try:
                    self.queue.delete_message(message)
                except HttpResponseError as error:
                    # It was hidden for too short a time: somebody else has it.
                    if error.status_code not in (400, 404):
                        raise
                    del self.removals[message.content]
                    continue
                self.removals[message.content] = (self.removals[message.content][0], time.monotonic())
            called = time.monotonic()


@pytest.mark.timeout(max(600, SOAK_SECONDS * 2))
def test_a_queue_loses_nothing_and_delivers_nothing_twice_while_it_is_hidden(own_cloud):
    generator = random.Random(run_seed())
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    service = QueueServiceClient(cloud.url(f"{account}.queue.core"), credential=key, connection_verify=cloud.ca, use_env_settings=False)
    service.create_queue("line")
    puts, removals, deliveries = {}, {}, []
    end = time.monotonic() + SOAK_SECONDS / SOAKED_TESTS
    turn = 0
    while turn < 3 or time.monotonic() < end:
        is_cut = turn % 3 == 1
        workers = [Worker(cloud, account, key, f"{turn}.{number}", random.Random(generator.random())) for number in range(CLIENTS)]
        for worker in workers:
            worker.start()
        if is_cut:
            deadline = time.monotonic() + 120
            while sum(worker.done for worker in workers) < CLIENTS * ROUND_OPERATIONS // 2 and any(worker.is_alive() for worker in workers):
                assert time.monotonic() < deadline, cloud.log_tail()
                time.sleep(0.001)
            cloud.kill()
        for worker in workers:
            worker.join(120)
            assert not worker.is_alive() and worker.failure is None, worker.failure
            puts |= worker.puts
            removals |= worker.removals
            deliveries += worker.deliveries
        if is_cut:
            cloud.up()
        turn += 1
    remaining = []
    deadline = time.monotonic() + 60
    queue = service.get_queue_client("line")
    while time.monotonic() < deadline:
        found = [message for message in queue.receive_messages(max_messages=32, messages_per_page=32, visibility_timeout=600)]
        remaining += [message.content for message in found]
        if not found and queue.get_queue_properties().approximate_message_count == len(remaining):
            break
        time.sleep(0.2)
    assert not check_queue(puts, deliveries, removals, remaining)
    assert len(puts) > CLIENTS and deliveries and remaining
