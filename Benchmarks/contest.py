"""Contestants who run in turn, in sections whose memory is watched, and the tables that come of it."""

import shutil
import sys

from Conformance.cloud import Cloud, free_port
from measure import Failure, Processes, Row, host, table

REPETITIONS, SECONDS, QUICK_SECONDS = 5, 3, 1


def require(answer, status):
    if answer.status_code != status:
        raise Failure(f"{answer.request.method} {answer.url.split('?')[0]}: {answer.status_code} instead of {status}\n{answer.text[:500]}")
    return answer


class Contest:
    """A cloud of its own, measured in sections. A subclass names them in `SECTIONS` and has a method for each."""

    SECTIONS = {}
    # What `cocagne up` is told besides.
    OPTIONS = ()

    def __init__(self, directory, options, stack):
        self.directory = directory / type(self).__name__
        self.directory.mkdir()
        self.repetitions, self.seconds = REPETITIONS, QUICK_SECONDS if options.quick else SECONDS
        self.quick = options.quick
        self.rows, self.memory, self.remarks = [], [], []
        self.cloud = Cloud(self.directory / "cloud", free_port(), options=self.OPTIONS)
        stack.callback(self.remove_cloud)
        self.cloud.up(environment=self.prepare())
        self.server = Processes([self.cloud.pid])
        self.server.pin()
        self.machine = [
            host(directory),
            f"Server and load generator on a core each. Medians of {self.repetitions} runs of {self.seconds} s, in turns."]

    def prepare(self):
        """What the cloud needs before it is started; gives what its environment has besides."""

    def remove_cloud(self):
        self.cloud.stop()
        if self.cloud.variables:
            # Where it would have had machines.
            shutil.rmtree(self.cloud.machine_folder, ignore_errors=True)

    def compete(self, discipline, clients, contestants, target=None):
        """Runs the contestants in turn; the second is the first one's rival. `target` is what the ratio of their rates is to be at least."""
        print(f"{discipline}, {clients} clients", file=sys.stderr)
        rows = [Row(discipline, clients, name, []) for name in contestants]
        for _ in range(self.repetitions):
            for row, load in zip(rows, contestants.values()):
                row.samples.append(load(clients, self.seconds))
        if len(rows) == 2:
            rows[0].rival, rows[0].target = rows[1], target
        self.rows += rows
        return sum(sample.count for sample in rows[0].samples)

    def on(self, request, server=None):
        return lambda clients, seconds: request.load(server or self.server, clients, seconds)

    def section(self, name):
        """Runs a section and keeps how much memory the server took in it."""
        self.server.rest()
        self.server.reset_peak_memory()
        before = self.server.memory("VmRSS")
        getattr(self, name)()
        self.memory.append([self.SECTIONS[name], before, self.server.memory("VmHWM")])

    def report(self, markdown):
        yield from self.machine
        yield ""
        yield from table(Row.HEAD, [row.cells() for row in self.rows], markdown, words=1)
        yield ""
        sizes = [[name, *(f"{size / (1 << 20):,.0f}" for size in values)] for name, *values in self.memory]
        yield from table(("the server's memory in MiB", "before", "peak"), sizes, markdown, words=1)
        for remark in self.remarks:
            yield ""
            yield remark
