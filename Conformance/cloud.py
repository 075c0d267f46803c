"""A cloud under test: a data directory, the process that serves it, and the shortest ways to talk to it."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parent.parent
# Another build may be put to the test.
LAUNCHER = Path(os.environ.get("COCAGNE", REPOSITORY / "cocagne"))
STANDARD_PORT = 443
FALLBACK_PORT = 8443
FIRST_EPHEMERAL_PORT = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
PORTS = range(FIRST_EPHEMERAL_PORT - 12_000, FIRST_EPHEMERAL_PORT)
GIVEN_PORTS = set()
# `up` has to load keys, open the records and bind; a machine that runs other tests meanwhile is slow.
START_SECONDS = 60
# The bound that the cloud promises for a stop, and what the measurement may add.
STOP_SECONDS = 10
STOP_TOLERANCE_SECONDS = 2


def unique(prefix):
    """A name that no other test uses: lower-case letters and digits, short enough for a storage account."""
    return prefix + uuid.uuid4().hex[:12]


def run_seed():
    """The seed of what a test draws: printed, so that `COCAGNE_SEED` repeats the run."""
    seed = int(os.environ.get("COCAGNE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"COCAGNE_SEED={seed}")
    return seed


def free_port():
    """A port that nobody has: not one of those that connections are given by themselves, or a cloud that begins again may find it taken."""
    while True:
        port = random.choice(PORTS)
        if port not in GIVEN_PORTS and may_bind(port):
            GIVEN_PORTS.add(port)
            return port


def may_bind(port):
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
        return True
    except OSError:
        return False


def free_pool():
    """The first three numbers of a /24 that no other cloud of this host has: of the addresses set aside for tests of devices (RFC 2544)."""
    taken = subprocess.run(["ip", "-4", "route", "show"], capture_output=True, text=True, check=True).stdout
    while True:
        pool = f"198.{random.choice((18, 19))}.{random.randrange(256)}"
        if f"{pool}.0/24" not in taken:
            return pool


def clean_environment():
    """The environment without what would lead a client to another cloud, another authority or a proxy."""
    foreign = re.compile(r"^(AZURE_|ARM_|COCAGNE_|RCLONE_|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|SSL_CERT_|.*_proxy$)", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if not foreign.match(name)}


class Cloud:
    def __init__(self, data, port, domain=None, options=()):
        self.data = Path(data)
        self.port = port
        # One that no other cloud looks for: those of several runs are started side by side.
        self.operators_port = free_port()
        self.domain = domain
        # What `up` is told besides.
        self.options = options
        self.variables = {}
        self.pool = None

    # The operator's commands

    def command(self, *arguments, check=True, timeout=START_SECONDS, environment=None):
        done = subprocess.run(
            [LAUNCHER, *arguments, "--data", self.data], env=clean_environment() | (environment or {}), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"cocagne {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}\n{self.log_tail()}")
        return done

    def up(self, check=True, environment=None):
        self.settle()
        ports = ["--port", str(self.port), "--operators-port", str(self.operators_port)]
        options = ports + (["--domain", self.domain] if self.domain else []) + list(self.options)
        done = self.command("up", "--detach", *options, check=check, environment=environment)
        if done.returncode == 0:
            self.variables = self.env()
        return done

    def settle(self):
        """Decides of machines as an operator would who has other clouds on this host."""
        settings = self.data / "machines.json"
        if not settings.exists():
            self.data.mkdir(mode=0o700, exist_ok=True)
            settings.write_text(json.dumps({"publicPool": [f"{free_pool()}.0/24"]}))
            settings.chmod(0o600)
            allowed = self.data / "external-keys.json"
            allowed.write_text(json.dumps({"hosts": ["keys.customer.localhost"]}))
            allowed.chmod(0o600)
        self.pool = json.loads(settings.read_text())["publicPool"][0].rsplit(".", 1)[0]

    @property
    def short_name(self):
        """By which this cloud's things on the host are called."""
        return "c" + self.tenant[:5]

    @property
    def machine_folder(self):
        return Path(f"/var/lib/cocagne/{self.short_name}")

    def env(self):
        """What `eval "$(./cocagne env)"` exports, as a shell sees it."""
        text = self.command("env").stdout
        script = f"eval {shlex.quote(text)}\nexec /usr/bin/env -0"
        shell = subprocess.run(["sh", "-euc", script], env={}, capture_output=True, text=True, check=True)
        pairs = (item.split("=", 1) for item in shell.stdout.split("\0") if item)
        return {name: value for name, value in pairs if name not in ("PWD", "SHLVL", "_", "OLDPWD")}

    def status(self):
        done = self.command("status", "--json", check=False)
        return json.loads(done.stdout)

    @property
    def pid(self):
        return self.status()["processId"]

    def kill(self):
        """Ends the process as a cut of the power would end it."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid, START_SECONDS)

    def stop(self):
        """Seconds that an orderly stop took."""
        status = self.status()
        if "processId" not in status:
            return 0.0
        begin = time.monotonic()
        os.kill(status["processId"], signal.SIGTERM)
        self.wait_gone(status["processId"], START_SECONDS)
        return time.monotonic() - begin

    def remove_machines(self):
        """Takes everything off the host that machines of this cloud left there."""
        if not self.variables:
            return
        if "processId" in self.status():
            self.command("machines", "stop", check=os.geteuid() == 0)
        shutil.rmtree(self.machine_folder, ignore_errors=True)

    @staticmethod
    def wait_gone(pid, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                # A leader that is a zombie may have threads that still hold what the process had open.
                threads = os.listdir(f"/proc/{pid}/task")
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z" and len(threads) == 1:
                return
            assert time.monotonic() < deadline, f"process {pid} is still there after {seconds} s"
            time.sleep(0.01)

    def log_tail(self, lines=12):
        log = self.data / "cocagne.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"

    # Where things are

    @property
    def authority(self):
        return self.variables["AZURE_AUTHORITY_HOST"]

    @property
    def ca(self):
        return self.variables["REQUESTS_CA_BUNDLE"]

    @property
    def tenant(self):
        return self.variables["AZURE_TENANT_ID"]

    @property
    def subscription(self):
        return self.variables["AZURE_SUBSCRIPTION_ID"]

    @property
    def client_id(self):
        return self.variables["AZURE_CLIENT_ID"]

    @property
    def client_secret(self):
        return self.variables["AZURE_CLIENT_SECRET"]

    def host(self, name):
        return f"{name}.{self.variables['COCAGNE_DOMAIN']}"

    def url(self, name):
        return f"https://{self.host(name)}" + ("" if self.port == STANDARD_PORT else f":{self.port}")

    @property
    def arm(self):
        return self.url("management")

    @property
    def graph(self):
        return self.url("graph")

    def blob(self, account):
        return self.url(f"{account}.blob.core")

    @property
    def storage_suffix(self):
        return self.url("core").removeprefix("https://")

    def environment(self):
        """What a client's process is given."""
        return clean_environment() | self.variables

    @contextmanager
    def inside(self):
        """Makes this process a client's: SDKs run inside of it."""
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    # Raw requests

    def session(self):
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca
        return session

    def token(self, resource, client_id=None, secret=None, tenant=None):
        answer = self.session().post(
            f"{self.authority}/{tenant or self.tenant}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials", "client_id": client_id or self.client_id, "client_secret": secret or self.client_secret,
                "scope": f"{resource}/.default"
            }, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def arm_session(self, **whose):
        session = self.session()
        session.headers["Authorization"] = "Bearer " + self.token(self.arm + "/", **whose)
        return session

    def arm_url(self, path, version="2024-11-01"):
        return f"{self.arm}{path}?api-version={version}"

    def make_group(self, name, session=None):
        path = f"/subscriptions/{self.subscription}/resourcegroups/{name}"
        answer = (session or self.arm_session()).put(self.arm_url(path), json={"location": "paris"}, timeout=30)
        assert answer.status_code in (200, 201), answer.text

    def make_account(self, group, name, session=None, changes=None):
        """The first key of a new storage account; `changes` are to the body of the plainest."""
        session = session or self.arm_session()
        path = f"/subscriptions/{self.subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
        body = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "paris", "properties": {}} | (changes or {})
        answer = session.put(self.arm_url(path, "2025-08-01"), json=body, timeout=30)
        assert answer.status_code in (200, 202), answer.text
        keys = session.post(self.arm_url(path + "/listKeys", "2025-08-01"), timeout=30)
        assert keys.status_code == 200, keys.text
        return keys.json()["keys"][0]["value"]

    # The process

    def reset_peak_memory(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory(self, field):
        """Bytes of a field of the server's /proc status: VmRSS now, VmHWM at its peak."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE).group(1)) << 10
