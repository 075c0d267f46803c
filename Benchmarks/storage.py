"""Blobs, queues and tables beside what a user would otherwise install: nginx, SeaweedFS, the bare disk, a bare transaction."""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from Conformance.cloud import free_port
from contest import Contest, require
from measure import Failure, Request, Sample, median, pinned, run
from opponents import Disk, Nginx, SeaweedFS

GROUP, ACCOUNT = "bench", "bench"
STORAGE_VERSION = "2025-08-01"
# The account of development storage, and its key, which Microsoft publishes: the same blobs in plain HTTP.
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
DEVELOPMENT_PORT = 10000
CLIENTS = (1, 16, 64)
READERS = 16
SIZES = {"4 KiB": 4 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}
SMALL = "4 KiB"
BLOCK_BYTES, UPLOADERS = 4 << 20, 4
LISTED, LISTINGS, QUICK_LISTINGS = 5000, (1_000, 100_000, 1_000_000), (1_000, 20_000, 100_000)
CROWD, CROWD_BLOCK_BYTES = 64, 16 << 20
TASKS = (1, 16)
# What encryption at rest may add to a GET of this size.
ENCRYPTED, ENCRYPTION_TARGET_PERCENT = "1 MiB", 15
# Targets: the least ratio of the rates.
READ_TARGETS = {"1 MiB": 0.55, "64 MiB": 0.55}
SECURE_READ_TARGETS = {"1 MiB": 1.2, "64 MiB": 1.2}
IDLE_BYTES, CROWD_BYTES = 80 << 20, 300 << 20


class Account:
    """A storage account, with a signature that lets its bearer do what the benchmark does."""

    def __init__(self, session, name, key, roots):
        self.session, self.roots = session, roots
        self.signature = generate_account_sas(
            name, key, ResourceTypes(container=True, object=True),
            AccountSasPermissions(read=True, write=True, create=True, list=True, delete=True, add=True, update=True, process=True),
            expiry=datetime.now(timezone.utc) + timedelta(hours=8), services="bqt")

    def url(self, path, query="", service="blob"):
        return f"{self.roots[service]}/{path}?{query}{self.signature}"

    def put(self, path, query="", data=b"", headers=None):
        require(self.session.put(self.url(path, query), data=data, headers=headers, timeout=120), 201)

    def count(self, container):
        """Blobs of a container."""
        total, marker = 0, ""
        while True:
            text = require(self.session.get(self.url(container, f"restype=container&comp=list&marker={marker}&"), timeout=60), 200).text
            total += text.count("<Blob>")
            marker = text.partition("<NextMarker>")[2].partition("<")[0]
            if not marker:
                return total


class StorageBench(Contest):
    SECTIONS = {
        "idle": "idle", "reads": "reads", "writes": "durable writes", "blocks": "writes in blocks", "listings": "lists", "messages": "queues and tables",
        "crowd": "64 parallel uploads", "encryption": "the cost of encryption"}
    OPTIONS = ("--development-storage",)

    def __init__(self, directory, options, stack):
        super().__init__(directory, options, stack)
        self.files = {name: secrets.token_bytes(size) for name, size in SIZES.items()}
        self.small = self.directory / "small"
        self.small.write_bytes(self.files[SMALL])
        arm = self.cloud.arm_session()
        self.cloud.make_group(GROUP, arm)
        key = self.cloud.make_account(GROUP, ACCOUNT, arm)
        hosts = {service: self.cloud.url(f"{ACCOUNT}.{service}.core") for service in ("blob", "queue", "table")}
        self.secure = Account(self.cloud.session(), ACCOUNT, key, hosts)
        plain = {"blob": f"http://127.0.0.1:{DEVELOPMENT_PORT}/{DEVELOPMENT_ACCOUNT}"}
        self.plain = Account(self.cloud.session(), DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, plain)
        self.nginx = Nginx(self.directory / "nginx", free_port(), free_port(), {self.name(size): data for size, data in self.files.items()})
        stack.callback(self.nginx.stop)
        self.nginx.start()
        self.nginx.pin()
        self.weed = SeaweedFS(self.directory / "seaweedfs", Path(sys.executable).with_name("weed"))
        stack.callback(self.weed.stop)
        self.disk = Disk(self.directory / "disk")

    @staticmethod
    def name(size):
        return size.replace(" ", "")

    def with_seaweed(self):
        """Starts it when it is first needed: at rest it takes a part of a core."""
        if not self.weed.process:
            self.weed.start()
            self.weed.pin()
            self.weed.put(self.name(SMALL), self.files[SMALL])
        return self.weed

    # The sections

    def idle(self):
        rss = self.server.memory("VmRSS")
        self.remarks.append(f"Idle, the server has {rss / (1 << 20):.0f} MiB (target: below {IDLE_BYTES >> 20}).")

    def reads(self):
        for account, is_secure in ((self.secure, True), (self.plain, False)):
            account.put("files", "restype=container&")
            how = "TLS" if is_secure else "plain"
            for size, data in self.files.items():
                name = self.name(size)
                account.put(f"files/{name}", data=data, headers={"x-ms-blob-type": "BlockBlob"})
                url, rival = account.url(f"files/{name}"), self.nginx.url(name, is_secure)
                for address, authority in ((url, self.cloud.ca), (rival, self.nginx.certificate)):
                    if require(account.session.get(address, verify=str(authority), timeout=60), 200).content != data:
                        raise Failure(f"{address.split('?')[0]} is not what was stored")
                target = (SECURE_READ_TARGETS if is_secure else READ_TARGETS).get(size, 0.4)
                clients = READERS if size != "64 MiB" else UPLOADERS
                self.compete(f"GET {size}, {how}", clients, {
                    "cocagne": self.on(Request(url, len(data))), "nginx": self.on(Request(rival, len(data)), self.nginx)}, target)
        weed = self.with_seaweed()
        size = len(self.files[SMALL])
        self.compete(f"GET {SMALL}, plain", READERS, {
            "cocagne": self.on(Request(self.plain.url(f"files/{self.name(SMALL)}"), size)),
            "SeaweedFS": self.on(Request(weed.url(self.name(SMALL)), size), weed)}, 4)

    def writes(self):
        weed = self.with_seaweed()
        rates = {}
        for clients in CLIENTS:
            used = []

            def put(clients, seconds):
                # Names are unique within a run only, so that runs have containers of their own.
                used.append(f"writes-{clients}-{len(used)}")
                self.plain.put(used[-1], "restype=container&")
                request = Request(self.plain.url(used[-1] + "/{unique}"), 0, "PUT", ("x-ms-blob-type: BlockBlob",), self.small)
                return request.load(self.server, clients, seconds)

            acknowledged = self.compete(f"durable PUT {SMALL}, plain", clients, {"cocagne": put, "fdatasync (fio)": self.disk.load}, 0.4 if clients == 1 else None)
            rates[clients] = self.rows[-2].median("rate")
            if (stored := sum(self.plain.count(container) for container in used)) < acknowledged:
                raise Failure(f"{acknowledged} writes were acknowledged, {stored} are there")
        rival = Request(weed.url("{unique}"), 0, "PUT", (), self.small)
        request = Request(self.plain.url("beside/{unique}"), 0, "PUT", ("x-ms-blob-type: BlockBlob",), self.small)
        self.plain.put("beside", "restype=container&")
        self.compete(f"durable PUT {SMALL}, plain", CLIENTS[-1], {"cocagne": self.on(request), "SeaweedFS, fsync": self.on(rival, weed)}, 3)
        self.remarks.append(
            f"Group commit: {CLIENTS[-1]} clients write {rates[CLIENTS[-1]] / rates[1]:.1f} times as many blobs a second as one (target: 8).")

    def blocks(self):
        body = self.directory / "block"
        body.write_bytes(secrets.token_bytes(BLOCK_BYTES))
        self.plain.put("blocks", "restype=container&")
        runs = iter(range(1 << 30))

        def put(clients, seconds):
            # Each request is a blob of its own with one block, staged and synced; the list is committed once.
            name = f"large{next(runs)}"
            request = Request(self.plain.url(f"blocks/{name}-{{slot}}", "comp=block&blockid=AAAA&"), 0, "PUT", (), body)
            sample = request.load(self.server, clients, seconds)
            self.plain.put(f"blocks/{name}-00", "comp=blocklist&", b"<BlockList><Latest>AAAA</Latest></BlockList>")
            return sample

        rival = Request(self.nginx.url("put/{slot}", is_secure=False), 0, "PUT", (), body)
        self.compete("PUT in blocks of 4 MiB, plain", UPLOADERS, {"cocagne, durable": put, "nginx WebDAV": self.on(rival, self.nginx)}, 0.7)

    def listings(self):
        rates = {}
        for count in QUICK_LISTINGS if self.quick else LISTINGS:
            container = f"list{count}"
            self.plain.put(container, "restype=container&")
            request = Request(self.plain.url(container + "/{unique}"), 0, "PUT", ("x-ms-blob-type: BlockBlob",), self.empty())
            made = 0
            while made < count:
                made += request.load(self.server, CLIENTS[-1], max(1, min(120, (count - made) // 8000))).count
                if made < count:
                    # The names of a run are those of the run before.
                    request = Request(request.url.replace("{unique}", f"{made}-{{unique}}"), 0, "PUT", request.headers, request.body)
            url = self.plain.url(container, f"restype=container&comp=list&maxresults={LISTED}&")
            page = Request(url, len(require(self.plain.session.get(url, timeout=60), 200).content))
            listed = min(made, LISTED)
            self.compete(f"list {listed:,} of {made:,} blobs", 1, {"cocagne": self.on(page)})
            rates[count] = self.rows[-1].median("rate") * listed
        slowest = min(rates.values()) / max(rates.values())
        self.remarks.append(
            "Names listed a second: " + ", ".join(f"{rate:,.0f} of {count:,}" for count, rate in rates.items())
            + f"; the slowest is at {slowest:.2f} of the fastest (target: 0.8, {'met' if slowest >= 0.8 else 'MISSED'}).")

    def empty(self):
        path = self.directory / "empty"
        path.write_bytes(b"")
        return path

    def messages(self):
        bare = {tasks: self.bare_transactions(tasks) for tasks in TASKS}
        document = self.directory / "message.xml"
        document.write_text("<QueueMessage><MessageText>" + base64.b64encode(secrets.token_bytes(300)).decode() + "</MessageText></QueueMessage>")
        session = self.secure.session
        require(session.put(self.secure.url("line", service="queue"), timeout=30), 201)
        require(session.post(
            self.secure.url("Tables", service="table"), json={"TableName": "people"}, timeout=30, headers={"Accept": "application/json;odata=nometadata"}), 201)
        entity = self.directory / "entity.json"
        entity.write_text(json.dumps({"name": "Ada", "age": 36, "note": "x" * 200}))
        headers = ("Content-Type: application/json", "Accept: application/json;odata=nometadata", "x-ms-version: 2019-02-02")
        cycle = Request(
            self.secure.url("line/messages", service="queue"), 0, body=document, script=Path(__file__).with_name("queue.lua"), steps=3)
        insert = Request(self.secure.url("people(PartitionKey='p',RowKey='{unique}')", service="table"), 0, "PUT", headers, entity)
        require(session.put(
            self.secure.url("people(PartitionKey='p',RowKey='one')", service="table"), data=entity.read_bytes(), timeout=30,
            headers={"Content-Type": "application/json"}), 204)
        read = Request(self.secure.url("people(PartitionKey='p',RowKey='one')", service="table"), 0, headers=headers)
        for tasks in TASKS:
            for name, request, steps in (("queue put, get and delete, TLS", cycle, 3), ("table insert, TLS", insert, 1)):
                self.compete(name, tasks, {"cocagne": self.on(request)})
                rate = self.rows[-1].median("rate")
                self.remarks.append(
                    f"{name}, {tasks} clients: {1000 / rate * tasks:.2f} ms each, {bare[tasks] / rate / steps:.1f} times the {steps} bare transactions "
                    f"that the same store commits for {tasks} tasks without a network (1 of them takes {1000 / bare[tasks] * tasks:.2f} ms).")
            self.compete("table read of one entity, TLS", tasks, {"cocagne": self.on(read)})

    def bare_transactions(self, tasks):
        """Transactions a second that write one record of 300 bytes, by as many tasks, on the same disk."""
        program = Path(os.environ.get("RECORD_RATE", Path(__file__).parent.parent / ".build/release/record-rate"))
        folder = self.directory / f"records-{tasks}"
        done = subprocess.run([program, folder, str(tasks), str(self.seconds)], capture_output=True, text=True, timeout=self.seconds + 60)
        if done.returncode != 0:
            raise Failure(f"{program}: {done.stderr}")
        return float(done.stdout)

    def crowd(self):
        body = self.directory / "crowd"
        body.write_bytes(secrets.token_bytes(CROWD_BLOCK_BYTES))
        self.secure.put("crowd", "restype=container&")
        request = Request(self.secure.url("crowd/{slot}", "comp=block&blockid=AAAA&"), 0, "PUT", (), body)
        self.server.reset_peak_memory()
        self.compete(f"PUT in blocks of {CROWD_BLOCK_BYTES >> 20} MiB, TLS", CROWD, {"cocagne": self.on(request)})
        peak = self.server.memory("VmHWM")
        self.remarks.append(f"{CROWD} uploads at a time: the server's memory peaks at {peak / (1 << 20):.0f} MiB (target: below {CROWD_BYTES >> 20}).")

    def encryption(self):
        """Processor time of reading an extent, sealed and as plain bytes of a file, beside that of the whole GET."""
        name, data = self.name(ENCRYPTED), self.files[ENCRYPTED]
        program = Path(os.environ.get("EXTENT_RATE", Path(__file__).parent.parent / ".build/release/extent-rate"))
        folder, seconds = self.directory / "extents", self.seconds * self.repetitions
        folder.mkdir()
        read = json.loads(run(*pinned("server", program), folder, len(data), seconds, timeout=10 * seconds + 60))
        added = read["sealed"] - read["plain"]
        self.remarks.append(
            f"Encryption at rest, {ENCRYPTED}: to read it takes {1000 * read['sealed']:.3f} ms of a processor as an extent, whose frames are authenticated and "
            f"opened, and {1000 * read['plain']:.3f} ms as the plain bytes of a file.")
        for account, how in ((self.secure, "TLS"), (self.plain, "plain")):
            discipline = f"GET {ENCRYPTED}, {how}"
            known = [row for row in self.rows if (row.discipline, row.contestant) == (discipline, "cocagne")]
            if not known:
                account.put("encrypted", "restype=container&")
                account.put(f"encrypted/{name}", data=data, headers={"x-ms-blob-type": "BlockBlob"})
                self.compete(discipline, READERS, {"cocagne": self.on(Request(account.url(f"encrypted/{name}"), len(data)))})
                known = self.rows[-1:]
            whole = known[0].median("cpu_per_thousand") / 1000
            percent = 100 * added / (whole - added)
            word = "met" if percent <= ENCRYPTION_TARGET_PERCENT else "MISSED"
            self.remarks.append(
                f"Of a {discipline} of {1000 * whole:.3f} ms of the server's processor that is {percent:.1f} % more than it would be without "
                f"(target: at most {ENCRYPTION_TARGET_PERCENT} %, {word}).")
