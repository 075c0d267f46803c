"""What the cloud is measured against: nginx, SeaweedFS, OpenBao and the bare disk."""

import grp
import json
import os
import pwd
import random
import socket
import string
import subprocess
import time
from pathlib import Path

import requests

from measure import Failure, Processes, Sample, run

START_SECONDS = 20


class Nginx(Processes):
    """Static files, and files put by WebDAV: in plain HTTP, and over TLS 1.3 with a certificate of the same kind as the cloud's (ECDSA with P-256)."""

    host = "static.localhost"

    def __init__(self, directory, port, plain_port, files):
        """Serves `files`, by name, once `start` was called."""
        super().__init__([])
        self.directory, self.port, self.plain_port = directory, port, plain_port
        (directory / "files").mkdir(parents=True)
        for name, data in files.items():
            (directory / "files" / name).write_bytes(data)
        self.certificate = directory / "certificate.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={self.host}",
            "-addext", f"subjectAltName=DNS:{self.host}", "-keyout", directory / "key.pem", "-out", self.certificate)
        values = {
            "directory": directory, "port": port, "plain_port": plain_port, "host": self.host, "user": pwd.getpwuid(os.getuid()).pw_name,
            "group": grp.getgrgid(os.getgid()).gr_name
        }
        template = string.Template(Path(__file__).with_name("nginx.conf").read_text())
        (directory / "nginx.conf").write_text(template.substitute(values))
        self.master = None

    def start(self):
        log = self.directory / "error.log"
        self.master = subprocess.Popen(["nginx", "-e", log, "-c", self.directory / "nginx.conf"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                if self.master.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"nginx does not start\n{log.read_text()}") from None
                time.sleep(0.05)
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text()
        self.pids = [self.master.pid, *map(int, children.split())]

    def stop(self):
        if self.master:
            self.master.terminate()
            self.master.wait(START_SECONDS)

    def url(self, name, is_secure=True):
        return f"https://{self.host}:{self.port}/{name}" if is_secure else f"http://{self.host}:{self.plain_port}/{name}"


class SeaweedFS(Processes):
    """All of SeaweedFS in one process, with its S3 gateway: what somebody would install who wants objects on a machine of his own."""

    bucket = "bench"
    # Each of its servers also listens, for its own, at a port so much above the one it is told.
    second_port_distance = 10_000

    def __init__(self, directory, program):
        super().__init__([])
        self.directory, self.program = directory, program
        directory.mkdir()
        pairs = self.free_pairs()
        self.port = next(pairs)
        self.ports = {name: next(pairs) for name in ("master", "volume", "filer")}
        self.process = None

    def free_pairs(self):
        """Ports that are free, as their second ones are."""
        for port in random.sample(range(20_000, 30_000), 1000):
            try:
                for number in (port, port + self.second_port_distance):
                    socket.create_server(("127.0.0.1", number)).close()
            except OSError:
                continue
            yield port

    def start(self):
        options = [f"-{name}.port={port}" for name, port in self.ports.items()]
        self.process = subprocess.Popen(
            [self.program, "server", f"-dir={self.directory}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *options, "-filer", "-s3", f"-s3.port={self.port}",
             "-master.telemetry=false"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pids = [self.process.pid]
        deadline = time.monotonic() + 3 * START_SECONDS
        session = requests.Session()
        while True:
            try:
                if session.put(f"http://127.0.0.1:{self.port}/{self.bucket}", timeout=10).status_code in (200, 409):
                    break
            except requests.ConnectionError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure("SeaweedFS does not start")
            time.sleep(0.2)
        # Each file is synced before it is acknowledged, as everybody's who asks for durable writes.
        self.shell("fs.configure -locationPrefix=/buckets/ -fsync -apply")

    def shell(self, command):
        done = subprocess.run(
            [self.program, "shell", f"-master=127.0.0.1:{self.ports['master']}", f"-filer=127.0.0.1:{self.ports['filer']}"], input=command + "\n",
            capture_output=True, text=True, timeout=60)
        if '"fsync":  true' not in done.stdout:
            raise Failure(f"SeaweedFS does not sync\n{done.stdout}{done.stderr}")

    def put(self, name, data):
        answer = requests.put(self.url(name), data=data, timeout=30)
        if answer.status_code != 200:
            raise Failure(f"SeaweedFS: {answer.status_code}")

    def stop(self):
        if self.process:
            # It takes its time to end, and nothing of it is kept.
            self.process.kill()
            self.process.wait(START_SECONDS)

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{self.bucket}/{name}"


class OpenBao(Processes):
    """One node of OpenBao with raft storage and TLS 1.3, as its documentation sets it up, and a file as audit device: of each use there is a record."""

    host = "bao.localhost"

    def __init__(self, directory, program, port, cluster_port):
        super().__init__([])
        self.directory, self.program, self.port, self.cluster_port = directory, program, port, cluster_port
        (directory / "data").mkdir(parents=True)
        self.certificate = directory / "certificate.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={self.host}",
            "-addext", f"subjectAltName=DNS:{self.host}", "-keyout", directory / "key.pem", "-out", self.certificate)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(self.certificate)
        self.process = None

    @property
    def configuration(self):
        return f"""
            storage "raft" {{
              path = "{self.directory / 'data'}"
              node_id = "bench"
            }}
            listener "tcp" {{
              address = "127.0.0.1:{self.port}"
              tls_cert_file = "{self.certificate}"
              tls_key_file = "{self.directory / 'key.pem'}"
            }}
            audit "file" "file" {{
              options {{
                file_path = "{self.directory / 'audit.log'}"
              }}
            }}
            api_addr = "https://{self.host}:{self.port}"
            cluster_addr = "https://127.0.0.1:{self.cluster_port}"
            log_level = "warn"
            """

    def start(self):
        (self.directory / "openbao.hcl").write_text(self.configuration)
        log = self.directory / "openbao.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "server", f"-config={self.directory / 'openbao.hcl'}"], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.pids = [self.process.pid]
        deadline = time.monotonic() + 3 * START_SECONDS

        def until(action, *wanted):
            while True:
                try:
                    answer = action()
                    if answer.status_code in wanted:
                        return answer
                except requests.ConnectionError:
                    pass
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"OpenBao does not start\n{log.read_text()[-2000:]}")
                time.sleep(0.1)

        keys = until(lambda: self.send("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}), 200).json()
        until(lambda: self.send("PUT", "sys/unseal", {"key": keys["keys"][0]}), 200)
        self.session.headers["X-Vault-Token"] = keys["root_token"]
        until(lambda: self.send("POST", "sys/mounts/transit", {"type": "transit"}), 204)
        until(lambda: self.send("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}), 200, 204)
        # The second version of kv upgrades itself first.
        until(lambda: self.send("POST", "kv/data/first", {"data": {}}), 200)

    def send(self, method, path, body=None):
        return self.session.request(method, self.url(path), json=body, timeout=30)

    @property
    def token(self):
        return self.session.headers["X-Vault-Token"]

    def url(self, path):
        return f"https://{self.host}:{self.port}/v1/{path}"

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(START_SECONDS)


class Disk:
    """4 KiB written into a file of its own and made durable, by each of some jobs: what the disk gives where nobody shares a sync."""

    block_bytes = 4096
    # Laid out before the first run, so that no sync has a file's growth to write besides.
    file_bytes = 4 << 20

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()

    def load(self, jobs, seconds):
        report = run(
            "fio", "--name=sync", f"--directory={self.directory}", f"--bs={self.block_bytes}", f"--size={self.file_bytes}", "--rw=write", "--overwrite=1",
            "--fdatasync=1", "--ioengine=psync", f"--numjobs={jobs}", "--time_based", f"--runtime={seconds}", "--group_reporting",
            "--output-format=json", timeout=seconds + 120)
        result = json.loads(report[report.index("{"):])["jobs"][0]
        if result["error"]:
            raise Failure(f"fio: error {result['error']}")
        written = result["write"]
        percentile = {name: value / 1e9 for name, value in result["sync"]["lat_ns"]["percentile"].items()}
        return Sample(written["total_ios"], written["iops"], percentile["50.000000"], percentile["99.000000"], written["bw_bytes"])
