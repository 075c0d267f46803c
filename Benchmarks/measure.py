"""How fast something was, what it cost, and the table that shows it."""

import json
import os
import platform
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
LOAD_SCRIPT = Path(__file__).with_name("requests.lua")
# With two cores or more, what is measured has the first one and the load generator another.
PINS = {"server": "0", "client": "1"} if (os.cpu_count() or 1) >= 2 else {}
# What an answer may have beside its body.
MAXIMUM_HEAD_BYTES = 2048
# A cloud keeps blank disks ready, each of which takes seconds of a core to make: how long it may be at it, and how long not to be done with it.
REST_SECONDS, QUIET_SECONDS = 300, 2


class Failure(Exception):
    """Something did not work, so that there is no number to show."""


def run(*command, timeout=60):
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise Failure(str(error)) from error
    if done.returncode != 0:
        raise Failure(f"{command[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def host(directory):
    """The machine that all of it happens on."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    device, filesystem = run("df", "--output=source,fstype", directory).splitlines()[1].split()
    return f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, {filesystem} on {device}, load {os.getloadavg()[0]:.1f} at the start."


def pinned(who, *command):
    """A command that runs on its own core."""
    return ["taskset", "-c", PINS[who], *command] if who in PINS else list(command)


class Processes:
    """The processes of one server, through /proc."""

    def __init__(self, pids):
        self.pids = pids

    def cpu_seconds(self):
        """User and system time of all threads so far."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in self.pids]
        return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS_PER_SECOND

    def pin(self):
        """Puts them on the core of what is measured."""
        for pid in self.pids:
            if PINS:
                run("taskset", "-a", "-p", "-c", PINS["server"], pid)

    def runs(self, name):
        """Whether a child of theirs is called so."""
        def text(path):
            try:
                return path.read_text().strip()
            except OSError:
                # It has ended.
                return ""

        children = [child for pid in self.pids for file in Path(f"/proc/{pid}/task").glob("*/children") for child in text(file).split()]
        return any(text(Path(f"/proc/{child}/comm")) == name for child in children)

    def rest(self):
        """Waits until no disks are made in the background."""
        deadline, last = time.monotonic() + REST_SECONDS, time.monotonic()
        while time.monotonic() - last < QUIET_SECONDS:
            if self.runs("qemu-img"):
                last = time.monotonic()
            if time.monotonic() > deadline:
                raise Failure(f"disks are made in the background for more than {REST_SECONDS} s")
            time.sleep(0.05)

    def reset_peak_memory(self):
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def memory(self, field):
        """Bytes of a field of /proc status: VmRSS now, VmHWM at the peak. Pages that processes share count for each of them."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.pids]
        return sum(int(re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE).group(1)) << 10 for text in texts)


@dataclass(frozen=True)
class Sample:
    """One run. Rates are per second, latencies in seconds; what was not measured is None."""
    count: int
    rate: float
    p50: float | None
    p99: float | None
    bytes_rate: float
    cpu_per_thousand: float | None = None


@dataclass(frozen=True)
class Request:
    """What the load generator sends again and again. `length` is what every answer's body has at least."""
    url: str
    length: int
    method: str = "GET"
    headers: tuple = ()
    body: Path | None = None
    script: Path = LOAD_SCRIPT
    # Requests that make one of what is counted.
    steps: int = 1

    @property
    def payload(self):
        """The bytes that a request moves."""
        return self.body.stat().st_size if self.body else self.length

    def load(self, server, clients, seconds):
        """A sample of `server` under `clients` connections that are kept alive. Throws where one answer was not what it should be."""
        parts = urlsplit(self.url)
        headers = [word for header in self.headers for word in ("-H", header)]
        before = server.cpu_seconds()
        # A script with a memory needs a thread for each connection.
        threads = min(2, clients) if self.script == LOAD_SCRIPT else clients
        output = run(
            *pinned("client", "wrk"), "-t", threads, "-c", clients, "-d", f"{seconds}s", "--timeout", "20s", "-s", self.script, *headers,
            f"{parts.scheme}://{parts.netloc}/", "--", self.method, self.body or "-", f"{parts.path}?{parts.query}", timeout=seconds + 60)
        cpu = server.cpu_seconds() - before
        result = json.loads(output.splitlines()[-1])
        count, received = result["requests"], result["bytes"]
        what = f"{self.method} {parts.path} with {clients} clients"
        if result["refused"] or result["broken"] or not count:
            raise Failure(f"{what}: {result['refused']} of {count} requests refused, {result['broken']} connections broken")
        # Answers that were under way at the end are among the bytes only.
        if not count * self.length <= received <= (count + clients) * (self.length + MAXIMUM_HEAD_BYTES):
            raise Failure(f"{what}: {count} answers of {self.length} bytes cannot be {received} bytes")
        count //= self.steps
        rate = count / result["seconds"]
        return Sample(count, rate, result["p50"], result["p99"], rate * self.payload, cpu / count * 1000)


@dataclass
class Row:
    """One contestant in one discipline. `rival` is the row that ran in turn with it."""
    discipline: str
    clients: int
    contestant: str
    samples: list
    rival: "Row | None" = None
    # What the ratio of the rates is to be at least.
    target: float | None = None

    def median(self, field):
        values = [getattr(sample, field) for sample in self.samples]
        return None if None in values else median(values)

    @property
    def spread(self):
        """From the slowest run to the fastest, as a part of the median."""
        rates = [sample.rate for sample in self.samples]
        return (max(rates) - min(rates)) / median(rates)

    def ratio(self, field):
        """The median of the ratios of runs that followed each other: what the machine did meanwhile slowed both."""
        if not self.rival or self.median(field) is None or not self.rival.median(field):
            return None
        return median(getattr(own, field) / getattr(other, field) for own, other in zip(self.samples, self.rival.samples))

    HEAD = ("what", "clients", "who", "per second", "spread", "MiB/s", "p50 ms", "p99 ms", "CPU s/1000", "rate ratio", "target", "CPU ratio")

    def cells(self):
        def text(value, form, scale=1):
            return "" if value is None else format(value * scale, form)

        return (
            self.discipline, str(self.clients), self.contestant, text(self.median("rate"), ",.0f"), text(self.spread, ".0%"),
            text(self.median("bytes_rate"), ",.1f", 1 / (1 << 20)), text(self.median("p50"), ".2f", 1000), text(self.median("p99"), ".2f", 1000),
            text(self.median("cpu_per_thousand"), ".3f"), text(self.ratio("rate"), ".2f"), self.verdict, text(self.ratio("cpu_per_thousand"), ".2f"))

    @property
    def verdict(self):
        if self.target is None or self.ratio("rate") is None:
            return ""
        return f"{self.target:g} {'met' if self.ratio('rate') >= self.target else 'MISSED'}"


@dataclass
class Duel:
    """Seconds that something took the cloud and its rival, who ran in turn. `bound` is a factor of the rival's seconds, and seconds more."""
    what: str
    own: list
    rival: list
    bound: tuple | None = None

    HEAD = ("seconds", "cocagne", "spread", "by hand", "spread", "ratio", "bound")

    @property
    def excess(self):
        """Seconds above the bound; below zero where it is kept."""
        factor, more = self.bound
        return median(own - factor * rival - more for own, rival in zip(self.own, self.rival))

    def cells(self):
        def seconds(values):
            if not values:
                return ("", "")
            middle = median(values)
            return (f"{middle:.{2 if middle >= 1 else 3}f}", f"{(max(values) - min(values)) / middle:.0%}")

        ratio = f"{median(own / rival for own, rival in zip(self.own, self.rival)):.2f}" if self.rival else ""
        bound = ""
        if self.bound:
            word = f"met, {-self.excess:.2f} s to spare" if self.excess <= 0 else f"MISSED by {self.excess:.2f} s"
            bound = f"{self.bound[0]} x by hand + {self.bound[1]} s: {word}"
        return (self.what, *seconds(self.own), *seconds(self.rival), ratio, bound)


def table(head, rows, markdown, words):
    """The lines of a table whose first `words` columns hold words, the others numbers."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = [[cell.ljust(width) if column < words else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths))] for line in lines]
    if not markdown:
        return ["  ".join(line).rstrip() for line in padded]
    padded.insert(1, ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)])
    return [f"| {' | '.join(line)} |" for line in padded]
