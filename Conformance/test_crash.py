"""The power is cut while clients write: what was acknowledged is there afterwards, what was not is whole or absent."""

import hashlib
import random
import threading
import time

import pytest
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from cloud import run_seed, unique

WRITERS = 8
ROUNDS = 4
# Beyond the largest size that goes up in one request, so that some blobs are cut between their blocks.
SIZES = [0, 1, 4096, 65_537, 1 << 20, 5_000_001]
SINGLE_PUT_BYTES = 2 << 20
BLOCK_BYTES = 1 << 20
# How long a round waits for the acknowledgements after which it cuts.
ROUND_SECONDS = 120


def content(seed, name, version):
    generator = random.Random(f"{seed}/{name}/{version}")
    return generator.randbytes(generator.choice(SIZES))


class Writer(threading.Thread):
    """Writes blobs of its own, some of them again and again, until the cloud is gone."""

    def __init__(self, service, box, number, seed, versions):
        super().__init__(daemon=True)
        self.box = service.get_container_client(box)
        self.number = number
        self.seed = seed
        # The last acknowledged version of each blob; the one under way may be there too.
        self.versions = versions
        self.under_way = {}
        self.acknowledged = 0
        self.generator = random.Random(f"{seed}/{number}")

    def run(self):
        try:
            while True:
                name = f"{self.number}/{self.generator.randrange(12)}"
                version = self.versions.get(name, 0) + 1
                self.under_way[name] = version
                self.box.upload_blob(name, content(self.seed, name, version), overwrite=True, max_concurrency=3)
                self.versions[name] = version
                del self.under_way[name]
                self.acknowledged += 1
        except AzureError:
            return


def service_of(cloud, account, key):
    return BlobServiceClient(
        cloud.blob(account), credential=key, max_single_put_size=SINGLE_PUT_BYTES, max_block_size=BLOCK_BYTES, connection_verify=cloud.ca,
        retry_total=0, use_env_settings=False, read_timeout=20)


@pytest.mark.timeout(900)
def test_an_acknowledged_write_survives_a_kill_during_parallel_uploads(own_cloud):
    seed = run_seed()
    generator = random.Random(seed)
    cloud = own_cloud()
    group, account, box = unique("rg"), unique("acct"), "box"
    cloud.make_group(group)
    key = cloud.make_account(group, account)
    service_of(cloud, account, key).create_container(box)
    session = cloud.arm_session()
    versions = {}
    for turn in range(ROUNDS):
        service = service_of(cloud, account, key)
        writers = [
            Writer(service, box, number, seed, {name: version for name, version in versions.items() if name.startswith(f"{number}/")})
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        enough = generator.randrange(20, 120)
        deadline = time.monotonic() + ROUND_SECONDS
        while sum(writer.acknowledged for writer in writers) < enough:
            assert time.monotonic() < deadline and all(writer.is_alive() for writer in writers), cloud.log_tail()
            time.sleep(0.001)
        cloud.kill()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()
        cloud.up()
        found = service_of(cloud, account, key).get_container_client(box)
        listed = {blob.name: blob.size for blob in found.list_blobs()}
        for writer in writers:
            for name in {**writer.versions, **writer.under_way}:
                least = writer.versions.get(name, 0)
                allowed = {hashlib.sha256(content(seed, name, version)).digest(): version for version in {least, writer.under_way.get(name, least)} if version}
                try:
                    data = found.download_blob(name).readall()
                except ResourceNotFoundError:
                    assert least == 0 and name not in listed, f"round {turn}: {name} version {least} was acknowledged and is lost"
                    continue
                digest = hashlib.sha256(data).digest()
                assert digest in allowed, f"round {turn}: {name} is neither version {least} nor the one under way ({len(data)} bytes)"
                assert listed[name] == len(data)
                writer.versions[name] = allowed[digest]
        versions = {name: version for writer in writers for name, version in writer.versions.items()}
        # A token of before the cut, and what it made, are as good as they were.
        answer = session.get(cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"), timeout=30)
        assert (answer.status_code, answer.json()["name"]) == (200, group)
    assert len(versions) > WRITERS


def test_an_acknowledged_resource_survives_a_kill(own_cloud):
    cloud = own_cloud()
    session = cloud.arm_session()
    names = []
    halt = threading.Event()

    def make():
        own = cloud.arm_session()
        while not halt.is_set():
            name = unique("rg")
            try:
                cloud.make_group(name, own)
            except OSError:
                return
            names.append(name)

    makers = [threading.Thread(target=make, daemon=True) for _ in range(4)]
    for maker in makers:
        maker.start()
    deadline = time.monotonic() + ROUND_SECONDS
    while len(names) < 60:
        assert time.monotonic() < deadline, cloud.log_tail()
        time.sleep(0.001)
    cloud.kill()
    halt.set()
    for maker in makers:
        maker.join(60)
    cloud.up()
    page = session.get(cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourcegroups"), timeout=30).json()
    found = {group["name"] for group in page["value"]}
    while "nextLink" in page:
        page = session.get(page["nextLink"], timeout=30).json()
        found |= {group["name"] for group in page["value"]}
    assert set(names) <= found
