"""The power is cut while clients take leases, make versions and snapshots, stage blocks and set tags: each of these that was acknowledged is there
afterwards, as it was."""

import random
import threading
import time

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobBlock, BlobLeaseClient, BlobServiceClient

from cloud import run_seed, unique

WORKERS, ROUNDS = 6, 3
ROUND_SECONDS = 120
# What a round of all of them has done at least before it is cut: one of them has then been through everything.
LEAST = 20


class Worker(threading.Thread):
    """Does one after the other what a blob can go through, each time with a new blob, and keeps what was acknowledged."""

    def __init__(self, service, box, number, seed):
        super().__init__(daemon=True)
        self.box = service.get_container_client(box)
        self.number = number
        self.generator = random.Random(f"{seed}/{number}")
        self.leases, self.states, self.staged, self.tags = {}, [], {}, {}
        self.done = 0
        self.failure = None

    def run(self):
        try:
            while True:
                kind = (self.lease, self.keep, self.stage, self.tag)[(self.number + self.done) % 4]
                kind(f"{self.number}-{self.done}-{kind.__name__}")
                self.done += 1
        except HttpResponseError as error:
            self.failure = error
        except AzureError:
            # The cut.
            return

    def lease(self, name):
        blob = self.box.get_blob_client(name)
        blob.upload_blob(b"first")
        lease = BlobLeaseClient(blob)
        lease.acquire(lease_duration=-1)
        self.leases[name] = lease.id
        if self.generator.random() < 0.5:
            proposed = f"{self.generator.getrandbits(128):032x}"
            lease.change(f"{proposed[:8]}-{proposed[8:12]}-{proposed[12:16]}-{proposed[16:20]}-{proposed[20:]}")
            self.leases[name] = lease.id

    def keep(self, name):
        blob = self.box.get_blob_client(name)
        for turn in range(3):
            data = f"{name} {turn}".encode()
            version = blob.upload_blob(data, overwrite=True)["version_id"]
            self.states.append((name, {"version_id": version}, data))
            snapshot = blob.create_snapshot()["snapshot"]
            self.states.append((name, {"snapshot": snapshot}, data))

    def stage(self, name):
        blob = self.box.get_blob_client(name)
        self.staged[name] = []
        for number in range(3):
            block = f"{number:08}"
            blob.stage_block(block, f"{name} {number}".encode())
            self.staged[name].append(block)

    def tag(self, name):
        blob = self.box.get_blob_client(name)
        blob.upload_blob(b"tagged")
        tags = {"turn": str(self.done)}
        blob.set_blob_tags(tags)
        self.tags[name] = tags

    def check(self, box):
        for name, lease in self.leases.items():
            blob = box.get_blob_client(name)
            assert blob.get_blob_properties().lease.state == "leased", name
            with pytest.raises(HttpResponseError) as refusal:
                blob.upload_blob(b"other", overwrite=True)
            assert refusal.value.error_code == "LeaseIdMissing", name
            # A change that was under way when the power went may have been made.
            try:
                blob.upload_blob(b"second", overwrite=True, lease=lease)
            except HttpResponseError as error:
                assert error.error_code == "LeaseIdMismatchWithBlobOperation" and name == self.under_way("lease"), (name, error)
        for name, state, data in self.states:
            assert box.get_blob_client(name, **state).download_blob().readall() == data, (name, state)
        for name, blocks in self.staged.items():
            blob = box.get_blob_client(name)
            if not blocks:
                continue
            uncommitted = [block.id for block in blob.get_block_list("uncommitted")[1]]
            assert uncommitted[: len(blocks)] == blocks, (name, uncommitted)
            blob.commit_block_list([BlobBlock(block) for block in blocks])
            assert blob.download_blob().readall() == b"".join(f"{name} {number}".encode() for number in range(len(blocks)))
        for name, tags in self.tags.items():
            assert box.get_blob_client(name).get_blob_tags() == tags, name
            assert name in [found.name for found in box.find_blobs_by_tags(f"\"turn\"='{tags['turn']}'")], name

    def under_way(self, kind):
        return f"{self.number}-{self.done}-{kind}"


@pytest.mark.timeout(600)
def test_what_a_blob_went_through_survives_a_kill(own_cloud):
    seed = run_seed()
    generator = random.Random(seed)
    cloud = own_cloud()
    group, account = unique("rg"), unique("acct")
    cloud.make_group(group)
    session = cloud.arm_session()
    key = cloud.make_account(group, account, session)
    url = cloud.arm_url(
        f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default",
        "2025-08-01")
    answer = session.put(url, json={"properties": {"isVersioningEnabled": True}}, timeout=30)
    assert answer.status_code == 200, answer.text

    def service():
        return BlobServiceClient(
            cloud.blob(account), credential=key, connection_verify=cloud.ca, retry_total=0, use_env_settings=False, read_timeout=20)

    for turn in range(ROUNDS):
        box = f"box{turn}"
        service().create_container(box)
        workers = [Worker(service(), box, number, f"{seed}/{turn}") for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        enough = generator.randrange(LEAST, 3 * LEAST)
        deadline = time.monotonic() + ROUND_SECONDS
        while sum(worker.done for worker in workers) < enough:
            assert time.monotonic() < deadline and all(worker.is_alive() for worker in workers), [worker.failure for worker in workers]
            time.sleep(0.001)
        cloud.kill()
        for worker in workers:
            worker.join(60)
            assert not worker.is_alive() and worker.failure is None, worker.failure
        cloud.up()
        found = service().get_container_client(box)
        for worker in workers:
            worker.check(found)
        for kind in ("leases", "states", "staged", "tags"):
            assert any(getattr(worker, kind) for worker in workers), kind
