"""Tables and entities through `az storage`, and what becomes of group transactions when the power is cut."""

import random
import threading
import time

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient

from cloud import run_seed, unique
from proofs import data_role_fixture, proof_fixture, soon

BATCH_ROWS = 20
WRITERS = 4
ROUNDS = 3
# How long a round waits for the acknowledgements after which it cuts.
ROUND_SECONDS = 120


data_role = data_role_fixture("Storage Table Data Contributor")
proof = proof_fixture("t", "rwdlacu")


@pytest.fixture
def table(az, account):
    name = unique("people")
    az("storage", "table", "create", "-n", name, "--account-name", account[0], "--account-key", account[1])
    return name


def test_a_table_is_created_listed_and_deleted(az, proof):
    name = unique("people")
    assert az("storage", "table", "create", "-n", name, *proof) == {"created": True}
    assert "TableAlreadyExists" in az.refused("storage", "table", "create", "-n", name, "--fail-on-exist", *proof)
    assert az("storage", "table", "exists", "-n", name, *proof) == {"exists": True}
    assert name in [table["name"] for table in az("storage", "table", "list", *proof)]
    assert az("storage", "table", "delete", "-n", name, *proof) == {"deleted": True}
    assert az("storage", "table", "exists", "-n", name, *proof) == {"exists": False}


def test_an_entity_is_inserted_shown_changed_queried_and_deleted(az, proof, table):
    where = ("-t", table, *proof)
    keys = ("--partition-key", "p", "--row-key", "r'1")
    az("storage", "entity", "insert", *where, "-e", "PartitionKey=p", "RowKey=r'1", "Name=Ann", "Age=42", "Age@odata.type=Edm.Int32")
    shown = az("storage", "entity", "show", *where, *keys)
    assert (shown["Name"], shown["Age"]) == ("Ann", 42)
    assert "already exists" in az.refused("storage", "entity", "insert", *where, "-e", "PartitionKey=p", "RowKey=r'1")
    az("storage", "entity", "merge", *where, "-e", "PartitionKey=p", "RowKey=r'1", "Town=Lyon")
    assert az("storage", "entity", "show", *where, *keys)["Name"] == "Ann"
    az("storage", "entity", "replace", *where, "-e", "PartitionKey=p", "RowKey=r'1", "Town=Nantes")
    assert "Name" not in az("storage", "entity", "show", *where, *keys)
    for number in range(5):
        az("storage", "entity", "insert", *where, "-e", "PartitionKey=q", f"RowKey={number}", f"Even={number % 2 == 0}")
    found = az("storage", "entity", "query", *where, "--filter", "PartitionKey eq 'q' and RowKey lt '3'")
    assert [entity["RowKey"] for entity in found["items"]] == ["0", "1", "2"]
    page = az("storage", "entity", "query", *where, "--num-results", "2")
    assert len(page["items"]) == 2 and page["nextMarker"]
    az("storage", "entity", "delete", *where, *keys)
    assert "ResourceNotFound" in az.refused("storage", "entity", "show", *where, *keys)


def test_a_stored_policy_is_kept_and_gives_a_signature(az, account, table):
    key = ("--account-name", account[0], "--account-key", account[1])
    az("storage", "table", "policy", "create", "-t", table, "-n", "reader", "--permissions", "r", "--expiry", soon(), *key)
    assert az("storage", "table", "policy", "list", "-t", table, *key)["reader"]["permission"] == "r"
    az("storage", "entity", "insert", "-t", table, *key, "-e", "PartitionKey=p", "RowKey=r")
    token = az.text("storage", "table", "generate-sas", "-n", table, "--policy-name", "reader", *key)
    signed = ("-t", table, "--account-name", account[0], "--sas-token", token)
    assert az("storage", "entity", "show", *signed, "--partition-key", "p", "--row-key", "r")["RowKey"] == "r"
    az.refused("storage", "entity", "insert", *signed, "-e", "PartitionKey=p", "RowKey=other")
    az("storage", "table", "policy", "delete", "-t", table, "-n", "reader", *key)
    az.refused("storage", "entity", "show", *signed, "--partition-key", "p", "--row-key", "r")


def test_a_signature_reaches_the_keys_that_it_names(az, account, table):
    key = ("--account-name", account[0], "--account-key", account[1])
    for row in ("a", "b", "c"):
        az("storage", "entity", "insert", "-t", table, *key, "-e", "PartitionKey=p", f"RowKey={row}")
    token = az.text(
        "storage", "table", "generate-sas", "-n", table, "--permissions", "r", "--expiry", soon(), "--start-pk", "p", "--start-rk", "b", "--end-pk", "p",
        "--end-rk", "b", *key)
    signed = ("-t", table, "--account-name", account[0], "--sas-token", token)
    assert [entity["RowKey"] for entity in az("storage", "entity", "query", *signed)["items"]] == ["b"]
    assert az("storage", "entity", "show", *signed, "--partition-key", "p", "--row-key", "b")["RowKey"] == "b"
    az.refused("storage", "entity", "show", *signed, "--partition-key", "p", "--row-key", "a")


def service_of(cloud, account, key):
    return TableServiceClient(
        cloud.blob(account).replace(".blob.", ".table."), credential=AzureNamedKeyCredential(account, key), connection_verify=cloud.ca, retry_total=0,
        use_env_settings=False, read_timeout=20)


class Writer(threading.Thread):
    """Writes one partition as a whole, again and again, until the cloud is gone."""

    def __init__(self, table, partition, version):
        super().__init__(daemon=True)
        self.table = table
        self.partition = partition
        # The last acknowledged version; the next one may be there too.
        self.version = version
        self.acknowledged = 0

    def run(self):
        try:
            while True:
                entities = [{"PartitionKey": self.partition, "RowKey": f"{row:02}", "Version": self.version + 1} for row in range(BATCH_ROWS)]
                self.table.submit_transaction([("upsert", entity, {"mode": "replace"}) for entity in entities])
                self.version += 1
                self.acknowledged += 1
        except AzureError:
            return


@pytest.mark.timeout(900)
def test_a_group_transaction_is_whole_or_absent_after_a_kill(own_cloud):
    generator = random.Random(run_seed())
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    service_of(cloud, account, key).create_table("people")
    versions = dict.fromkeys((f"p{number}" for number in range(WRITERS)), 0)
    for turn in range(ROUNDS):
        writers = [
            Writer(service_of(cloud, account, key).get_table_client("people"), partition, version) for partition, version in versions.items()
        ]
        for writer in writers:
            writer.start()
        enough = generator.randrange(10, 60)
        deadline = time.monotonic() + ROUND_SECONDS
        while sum(writer.acknowledged for writer in writers) < enough:
            assert time.monotonic() < deadline and all(writer.is_alive() for writer in writers), cloud.log_tail()
            time.sleep(0.001)
        cloud.kill()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()
        cloud.up()
        table = service_of(cloud, account, key).get_table_client("people")
        for writer in writers:
            found = [entity["Version"] for entity in table.query_entities("PartitionKey eq @p", parameters={"p": writer.partition})]
            if found or writer.version:
                assert len(found) == BATCH_ROWS and len(set(found)) == 1, f"round {turn}: {writer.partition} is {found}"
                assert found[0] in (writer.version, writer.version + 1), f"round {turn}: {writer.version} was acknowledged, {found[0]} is there"
                versions[writer.partition] = found[0]
    assert all(versions.values())
