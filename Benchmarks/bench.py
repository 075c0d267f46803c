"""The cloud beside nginx, the bare disk and machines started by hand, on this machine, in turns: a run of the one, a run of the other, and again.

`make bench` runs it; COCAGNE names another build. Everything happens in a directory of its own, which is removed at the end.
"""

import argparse
import base64
import os
import secrets
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

from measure import Failure, Processes, Request, Row, host, run, table
from opponents import Disk, Nginx

sys.path.append(str(Path(__file__).resolve().parent.parent))
from Conformance.cloud import Cloud, free_port  # noqa: E402
from machines import MachineBench  # noqa: E402

GROUP, ACCOUNT = "bench", "bench"
STORAGE_VERSION = "2025-08-01"
SIZES = {"4 KiB": 4 << 10, "1 MiB": 1 << 20}
CLIENTS = (1, 16, 64)
ARM_CLIENTS = (1, 16)
PUBLIC_CLIENTS = 16
UPLOAD_BYTES, BLOCK_BYTES, UPLOADERS = 1 << 30, 8 << 20, 8
MEMORY_FILESYSTEMS = ("tmpfs", "ramfs")


def require(answer, status):
    if answer.status_code != status:
        raise Failure(f"{answer.request.method} {answer.url.split('?')[0]}: {answer.status_code} instead of {status}\n{answer.text[:500]}")
    return answer


class Account:
    """A storage account, with a signature that lets its bearer do what the benchmark does."""

    def __init__(self, cloud):
        arm = cloud.arm_session()
        cloud.make_group(GROUP, arm)
        key = cloud.make_account(GROUP, ACCOUNT, arm)
        path = f"/subscriptions/{cloud.subscription}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
        require(arm.patch(cloud.arm_url(path, STORAGE_VERSION), json={"properties": {"allowBlobPublicAccess": True}}, timeout=30), 200)
        self.session = cloud.session()
        self.root = cloud.blob(ACCOUNT)
        self.signature = generate_account_sas(
            ACCOUNT, key, ResourceTypes(container=True, object=True), AccountSasPermissions(read=True, write=True, create=True, list=True),
            expiry=datetime.now(timezone.utc) + timedelta(hours=4))

    def url(self, path, query=""):
        return f"{self.root}/{path}?{query}{self.signature}"

    def put(self, path, query="", data=b"", headers=None):
        require(self.session.put(self.url(path, query), data=data, headers=headers, timeout=60), 201)

    def count(self, container):
        """Blobs of a container."""
        total, marker = 0, ""
        while True:
            text = require(self.session.get(self.url(container, f"restype=container&comp=list&marker={marker}&"), timeout=60), 200).text
            total += text.count("<Blob>")
            marker = text.partition("<NextMarker>")[2].partition("<")[0]
            if not marker:
                return total


class Bench:
    SECTIONS = {"reads": "reads", "writes": "durable writes", "management": "resource manager", "upload": "upload of 1 GiB"}

    def __init__(self, directory, options, stack):
        self.directory = directory
        self.repetitions, self.seconds = (5, 1) if options.quick else (5, 3)
        self.rows, self.memory, self.uploaded = [], [], ""
        self.files = {name: secrets.token_bytes(size) for name, size in SIZES.items()}
        self.cloud = Cloud(directory / "cloud", free_port())
        stack.callback(self.remove_cloud)
        self.cloud.up()
        self.server = Processes([self.cloud.pid])
        self.account = Account(self.cloud)
        self.nginx = Nginx(directory / "nginx", free_port(), {self.name(size): data for size, data in self.files.items()})
        stack.callback(self.nginx.stop)
        self.nginx.start()
        self.disk = Disk(directory / "disk")
        self.machine = [
            host(directory),
            f"{self.negotiated()}, ECDSA P-256. The load generator shares the cores. "
            f"Medians of {self.repetitions} runs of {self.seconds} s, in turns."]

    def remove_cloud(self):
        self.cloud.stop()
        if self.cloud.variables:
            # Where it would have had machines.
            shutil.rmtree(self.cloud.machine_folder, ignore_errors=True)

    @staticmethod
    def name(size):
        return size.replace(" ", "")

    # What every discipline does

    def compete(self, discipline, clients, contestants):
        """Runs the contestants in turn; the second is the first one's rival."""
        print(f"{discipline}, {clients} clients", file=sys.stderr)
        rows = [Row(discipline, clients, name, []) for name in contestants]
        for _ in range(self.repetitions):
            for row, load in zip(rows, contestants.values()):
                row.samples.append(load(clients, self.seconds))
        if len(rows) == 2:
            rows[0].rival = rows[1]
        self.rows += rows
        return sum(sample.count for sample in rows[0].samples)

    def section(self, name):
        """Runs a section and keeps how much memory the servers took in it."""
        servers = [self.server, self.nginx] if name == "reads" else [self.server]
        self.server.rest()
        for server in servers:
            server.reset_peak_memory()
        before = self.server.memory("VmRSS")
        getattr(self, name)()
        self.memory.append(
            [self.SECTIONS[name], before, self.server.memory("VmHWM"), self.nginx.memory("VmHWM") if self.nginx in servers else None])

    def on_cloud(self, request):
        return lambda clients, seconds: request.load(self.server, clients, seconds)

    def read(self, discipline, size, all_clients, url):
        data, path = self.files[size], self.name(size)
        for session, address, verify in ((self.account.session, url, self.cloud.ca), (self.account.session, self.nginx.url(path), self.nginx.certificate)):
            if require(session.get(address, verify=str(verify), timeout=30), 200).content != data:
                raise Failure(f"{address.split('?')[0]} is not what was stored")
        cloud, nginx = Request(url, len(data)), Request(self.nginx.url(path), len(data))
        for clients in all_clients:
            self.compete(discipline, clients, {
                "cocagne": self.on_cloud(cloud), "nginx": lambda clients, seconds: nginx.load(self.nginx, clients, seconds)})

    # The disciplines

    def reads(self):
        headers = {"x-ms-blob-type": "BlockBlob"}
        self.account.put("files", "restype=container&")
        self.account.put("public", "restype=container&", headers={"x-ms-blob-public-access": "blob"})
        for size, data in self.files.items():
            self.account.put(f"files/{self.name(size)}", data=data, headers=headers)
            self.account.put(f"public/{self.name(size)}", data=data, headers=headers)
            self.read(f"GET {size}, signed", size, CLIENTS, self.account.url(f"files/{self.name(size)}"))
        small = next(iter(self.files))
        self.read(f"GET {small}, public", small, (PUBLIC_CLIENTS,), f"{self.account.root}/public/{self.name(small)}")

    def writes(self):
        size, data = next(iter(self.files.items()))
        body = self.directory / "body"
        body.write_bytes(data)
        for clients in CLIENTS:
            # Names are unique within a run only, so that runs have containers of their own.
            containers = iter(f"writes-{clients}-{run}" for run in range(self.repetitions))
            used = []

            def put(clients, seconds):
                used.append(next(containers))
                self.account.put(used[-1], "restype=container&")
                request = Request(self.account.url(used[-1] + "/{unique}"), 0, "PUT", ("x-ms-blob-type: BlockBlob",), body)
                return request.load(self.server, clients, seconds)

            acknowledged = self.compete(f"durable PUT {size}", clients, {"cocagne": put, "fdatasync (fio)": self.disk.load})
            stored = sum(self.account.count(container) for container in used)
            if stored < acknowledged:
                raise Failure(f"{acknowledged} writes were acknowledged, {stored} are there")

    def management(self):
        session = self.cloud.arm_session()
        authorization = f"Authorization: {session.headers['Authorization']}"
        body = self.directory / "body.json"
        body.write_text('{"location": "paris", "tags": {"purpose": "bench"}}')
        group = self.cloud.arm_url(f"/subscriptions/{self.cloud.subscription}/resourcegroups/{GROUP}-{{slot}}")
        first = group.replace("{slot}", "00")
        headers = {"Content-Type": "application/json"}
        answer = require(session.put(first, data=body.read_bytes(), headers=headers, timeout=30), 201)
        get = Request(first, len(answer.content), headers=(authorization,))
        put = Request(group, len(answer.content), "PUT", (authorization, "Content-Type: application/json"), body)
        for clients in ARM_CLIENTS:
            self.compete("ARM GET group", clients, {"cocagne": self.on_cloud(get)})
        for clients in ARM_CLIENTS:
            self.compete("ARM PUT group with tags", clients, {"cocagne": self.on_cloud(put)})

    def upload(self):
        self.account.put("uploads", "restype=container&")
        block = secrets.token_bytes(BLOCK_BYTES)
        identifiers = [base64.b64encode(b"%08d" % number).decode() for number in range(UPLOAD_BYTES // BLOCK_BYTES)]
        cpu, begin = self.server.cpu_seconds(), time.monotonic()
        with ThreadPoolExecutor(UPLOADERS) as pool:
            list(pool.map(lambda identifier: self.account.put("uploads/large", f"comp=block&blockid={identifier}&", block), identifiers))
        listed = "".join(f"<Latest>{identifier}</Latest>" for identifier in identifiers)
        self.account.put("uploads/large", "comp=blocklist&", f"<BlockList>{listed}</BlockList>")
        seconds, cpu = time.monotonic() - begin, self.server.cpu_seconds() - cpu
        length = int(require(self.account.session.head(self.account.url("uploads/large"), timeout=30), 200).headers["Content-Length"])
        if length != UPLOAD_BYTES:
            raise Failure(f"the large blob has {length} bytes instead of {UPLOAD_BYTES}")
        self.uploaded = (f"Upload of 1 GiB in blocks of {BLOCK_BYTES >> 20} MiB, {UPLOADERS} at a time, once: "
                         f"{UPLOAD_BYTES / seconds / (1 << 20):,.0f} MiB/s, {cpu:.2f} s of CPU.")

    # What is told

    def negotiated(self):
        """What a client of OpenSSL's defaults gets, for each server."""
        found = {}
        context = ssl.create_default_context()
        context.load_verify_locations(self.cloud.ca)
        context.load_verify_locations(self.nginx.certificate)
        for name, host, port in (("cocagne", self.cloud.host(f"{ACCOUNT}.blob.core"), self.cloud.port), ("nginx", Nginx.host, self.nginx.port)):
            with socket.create_connection(("127.0.0.1", port)) as raw, context.wrap_socket(raw, server_hostname=host) as connection:
                found[name] = f"{connection.version()} {connection.cipher()[0]}"
        if found["cocagne"] != found["nginx"]:
            raise Failure(f"the servers do not speak the same TLS: {found}")
        return found["cocagne"]

    def report(self, markdown):
        yield from self.machine
        yield ""
        yield from table(Row.HEAD, [row.cells() for row in self.rows], markdown, words=1)
        yield ""
        sizes = [[name, *("" if size is None else f"{size / (1 << 20):,.0f}" for size in values)] for name, *values in self.memory]
        yield from table(("memory in MiB", "before", "peak", "peak of nginx"), sizes, markdown, words=1)
        yield ""
        yield self.uploaded


def choice(options):
    """The benches, each with the sections that are to be run."""
    machines = options.only == "machines" or options.only in MachineBench.SECTIONS
    for bench in (Bench, MachineBench):
        sections = [name for name in bench.SECTIONS if options.only in (None, name) or options.only == "machines" and bench is MachineBench]
        if bench is MachineBench and os.geteuid() != 0 and not machines:
            print("Machines are left out: they take root on the host.", file=sys.stderr)
        elif sections:
            yield bench, sections


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short runs, and few of machines: to see that it works")
    parser.add_argument("--only", choices=[*Bench.SECTIONS, "machines", *MachineBench.SECTIONS], help="one section, or all of machines")
    parser.add_argument("--markdown", action="store_true", help="print the tables for README.md")
    parser.add_argument("--directory", default="/var/tmp", help="where the temporary directory is made: on a disk")
    options = parser.parse_args()
    # An end from outside cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="cocagne-bench-", dir=options.directory))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        if (kind := run("df", "--output=fstype", directory).split()[1]) in MEMORY_FILESYSTEMS:
            raise Failure(f"{directory} is in memory ({kind}): name a directory on a disk with --directory")
        for chosen, sections in choice(options):
            with ExitStack() as of_bench:
                bench = chosen(directory, options, of_bench)
                for section in sections:
                    bench.section(section)
                print("\n".join(bench.report(options.markdown)), end="\n\n", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failure, AssertionError) as error:
        sys.exit(f"bench: {error}")
