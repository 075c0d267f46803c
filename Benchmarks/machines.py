"""The cloud's machines beside machines that are started by hand, in turns: from the request to a shell, networks' rules, twenty at once, memory.

It takes root, as machines do. Everything that it makes goes at its end.
"""

import json
import os
import shutil
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from Conformance.cloud import Cloud, free_port
from Conformance.machines import GUEST_BUILDER, Arm, Guest, Host, rule
from bare_qemu import BareMachine, BareNetwork, Namespace
from measure import TICKS_PER_SECOND, Duel, Failure, Processes, Request, host, run, table
from watching import BOOT_SECONDS, LOOK_SECONDS, Boot, moments, seldom

GROUP = "machines"
# From an accepted PUT, a machine is to be there as fast as by hand but for this factor and these seconds.
BOUND = (1.15, 0.3)
# 7 machines of 8 interfaces: the first size of it with at least 50.
RULES_MACHINES, INTERFACES_PER_MACHINE = 7, 8
PROBED_PORT = 4242
FLEET = 20
MEMORY_BOUND_KIB = 50
# Before memory is looked at, records fill the pages that the database keeps in memory: of its writer 16 MiB, of each reader 2.
FILLING_BYTES, FILLING_SECONDS, FILLING_CLIENTS, FILLING_PAGES = 32 << 20, 3, 8, 20
MEMORY_SAMPLES, MEMORY_SAMPLE_SECONDS = 15, 0.4
# An emulated guest takes some seconds of a core to boot; many at once wait for each other.
FLEET_SECONDS, FLEET_LOOK_SECONDS = 600, 0.02


class MachineBench:
    SECTIONS = ("starts", "rules", "fleet", "memory")

    def __init__(self, directory, options, stack):
        if os.geteuid() != 0:
            raise Failure("machines take root on the host")
        self.stack = stack
        self.repetitions, self.fleets, self.recorded = (3, 1, 20) if options.quick else (7, 3, 40)
        self.duels, self.growth = [], []
        self.first_line = host(directory)
        self.directory = directory / "machines"
        self.directory.mkdir()
        self.key = self.directory / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
        guest = self.directory / "guest"
        run(GUEST_BUILDER, guest, timeout=300)
        self.cloud = Cloud(self.directory / "cloud", free_port())
        self.arm = None
        stack.callback(self.remove_cloud)
        self.cloud.up()
        self.cloud.command("image", "add", str(guest))
        self.add_silent_image(guest)
        self.server, self.is_taught = Processes([self.cloud.pid]), False
        self.cloud.make_group(GROUP)
        self.arm = Arm(self.cloud, GROUP)
        self.host = Host(self.cloud)
        self.arm.network()
        self.arm.open_group()
        self.make_bare()

    def remove_cloud(self):
        self.say("taking the cloud off the host")
        try:
            is_at_work = self.arm is not None
            while is_at_work:
                # A machine that is being made may come up after the others were stopped.
                is_at_work = self.is_at_work()
                self.cloud.command("machines", "stop", timeout=FLEET_SECONDS)
        finally:
            self.cloud.stop()
            if self.cloud.variables:
                shutil.rmtree(self.cloud.machine_folder, ignore_errors=True)

    def is_at_work(self):
        machines = self.arm.request("GET", f"{self.arm.base}/providers/Microsoft.Compute/virtualMachines").json()["value"]
        return any(machine["properties"]["provisioningState"] not in ("Succeeded", "Failed") for machine in machines)

    def add_silent_image(self, guest):
        """The same guest as an image that nobody waits for: its machines are made once QEMU runs."""
        folder = guest.with_name("silent")
        shutil.copytree(guest, folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"offer": "silent", "reportsReady": False}))
        self.cloud.command("image", "add", str(folder))
        shutil.rmtree(folder)

    def make_bare(self):
        """The machines by hand, after the example of a machine of the cloud."""
        self.network = BareNetwork(self.directory / "bare", FLEET)
        self.stack.callback(self.network.stop)
        self.network.start()
        self.arm.interface("example", group="open")
        machine = self.arm.make("virtualMachines", "example", self.arm.machine_body("example", self.key))
        pid = self.host.qemu(machine["properties"]["vmId"])
        example = [word.decode() for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]]
        self.bare = [BareMachine(self.network, number, example) for number in range(FLEET)]
        for machine in self.bare:
            self.stack.callback(machine.stop)
        self.arm.delete("virtualMachines", "example")

    def section(self, name):
        getattr(self, name)()

    @staticmethod
    def say(text):
        print(text, file=sys.stderr)

    # One machine

    def starts(self):
        what = ("the guest's first line", "SSH answers")
        among, first = (
            [Duel(f"{name}, {where}", [], [], BOUND) for name in what] for where in ("in a network that has machines", "the first of a network"))
        process = Duel("QEMU runs, in a network that has machines", [], [])
        self.duels += [*among, process, *first]
        self.arm.interface("one", group="open")
        self.arm.interface("companion", group="open")
        self.arm.make("virtualMachines", "companion", self.arm.machine_body("companion", self.key))
        self.compete(among, process)
        self.arm.delete("virtualMachines", "companion")
        self.compete(first, Duel("", [], []))

    def compete(self, duels, process):
        for number in range(self.repetitions):
            self.say(f"start {number + 1} of {self.repetitions}, {duels[0].what.partition(', ')[2]}")
            own, rival = self.start_in_cloud(process), self.start_by_hand()
            for duel, one, other in zip(duels, own, rival):
                duel.own.append(one)
                duel.rival.append(other)

    def start_in_cloud(self, process):
        """Seconds from the answer to the PUT until the guest's first line, and until SSH answers."""
        address = self.arm.public_address("one")
        self.server.rest()
        # Its interface is there before, and stays.
        profile = {"networkInterfaces": [{"id": self.arm.id("networkInterfaces", "one")}]}
        answer = self.arm.begin_machine("one", self.key, networkProfile=profile)
        begin, clock = time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)
        identity = answer.json()["properties"]["vmId"]
        boot = Boot(self.host.folder / "machines" / identity / "console.log", address)
        seen = boot.watch()
        self.log_in(address, "one")
        ticks = Path(f"/proc/{self.host.qemu(identity)}/stat").read_text().rsplit(")", 1)[1].split()[19]
        process.own.append(int(ticks) / TICKS_PER_SECOND - clock)
        if (document := self.arm.wait(answer))["status"] != "Succeeded":
            raise Failure(f"the machine: {document}")
        self.arm.delete("virtualMachines", "one")
        return [moment - begin for moment in seen]

    def start_by_hand(self):
        machine = self.bare[0]
        machine.prepare()
        boot = Boot(machine.console, machine.address)
        begin = time.monotonic()
        machine.start()
        seen = boot.watch()
        self.log_in(machine.address, "example")
        machine.stop()
        return [moment - begin for moment in seen]

    def log_in(self, address, name):
        if (found := Guest(address, self.key).text("hostname")) != name:
            raise Failure(f"{address} is {found} instead of {name}")

    # Rules

    def rules(self):
        count = RULES_MACHINES * INTERFACES_PER_MACHINE
        self.say(f"rules of {count} interfaces")
        names = [f"rules{number}" for number in range(RULES_MACHINES)]
        self.arm.open_group("ruled")
        answers = []
        for name in names:
            interfaces = [name] + [f"{name}-{number}" for number in range(1, INTERFACES_PER_MACHINE)]
            for interface in interfaces:
                self.arm.interface(interface, public=interface == name, group="ruled")
            profile = [{"id": self.arm.id("networkInterfaces", interface), "properties": {"primary": interface == name, "deleteOption": "Delete"}}
                       for interface in interfaces]
            answers.append(self.arm.begin_machine(name, self.key, networkProfile={"networkInterfaces": profile}))
        self.succeed(answers)
        inside = Namespace(f"{self.host.cloud}-{self.arm.get('virtualNetworks', 'net').json()['properties']['resourceGuid'][:8]}")
        by_hand = Namespace(f"bench{os.getpid()}r")
        self.stack.callback(by_hand.stop)
        by_hand.start()
        duel = Duel(f"a security rule for {count} interfaces stands", [], [])
        self.duels.append(duel)
        address = self.arm.public_address(names[0])
        without = self.ruleset(inside)
        for _ in range(2 * self.repetitions + 1):
            duel.own.append(self.rule_in_cloud(address, inside, count))
            text = self.ruleset(inside)
            self.withdraw_rule(inside)
            self.load(by_hand, without)
            duel.rival.append(self.load(by_hand, text))
        for answer in [self.arm.request("DELETE", self.arm.id("virtualMachines", name)) for name in names]:
            self.arm.wait(answer)

    def rule_in_cloud(self, address, inside, count):
        """Seconds from the answer to the PUT of a rule until the first packet that it lets through."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nobody listens there: the guest's refusal is what comes back.
            probe.connect((address, PROBED_PORT))
            probe.settimeout(LOOK_SECONDS)
            if self.is_let_through(probe):
                raise Failure("the rule is obeyed before it is there")
            body = rule("probe", 900, "Inbound", "Allow", "Udp", str(PROBED_PORT))
            answer = self.arm.request("PUT", self.arm.id("networkSecurityGroups/securityRules", "ruled/probe"), body)
            begin = time.monotonic()
            if answer.status_code not in (200, 201):
                raise Failure(answer.text)
            end = moments({"the rule": lambda: self.is_let_through(probe)}, BOOT_SECONDS, look_seconds=0)["the rule"]
        if (found := self.ruleset(inside).count('comment "probe"')) != count:
            raise Failure(f"the rule stands for {found} of {count} interfaces")
        return end - begin

    @staticmethod
    def is_let_through(probe):
        try:
            probe.send(b"?")
            probe.recv(1)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
        raise Failure(f"something answers on port {PROBED_PORT}")

    def withdraw_rule(self, inside):
        answer = self.arm.request("DELETE", self.arm.id("networkSecurityGroups/securityRules", "ruled/probe"))
        self.arm.wait(answer)
        moments({"the end of the rule": lambda: 'comment "probe"' not in self.ruleset(inside)}, BOOT_SECONDS, look_seconds=0.1)

    @staticmethod
    def ruleset(namespace):
        return run(*namespace.inside("nft", "-s", "list", "ruleset"))

    def load(self, namespace, text):
        """Seconds that nft takes for a text in place of what is there."""
        path = self.directory / "rules.nft"
        tables = [line.removesuffix(" {") for line in text.splitlines() if line.startswith("table ")]
        path.write_text("".join(f"{table}\ndelete {table}\n" for table in tables) + text)
        begin = time.monotonic()
        run(*namespace.inside("nft", "-f", path))
        return time.monotonic() - begin

    # Many machines

    def fleet(self):
        self.teach()
        up, done, down = (Duel(f"{FLEET} machines at once: {what}", [], []) for what in ("all answer on SSH", "all Succeeded", "all deleted"))
        self.duels += [up, done, down]
        for number in range(self.fleets):
            self.say(f"{FLEET} machines at once, {number + 1} of {self.fleets}")
            for duel, seconds in zip((up, done, down), self.fleet_in_cloud()):
                duel.own.append(seconds)
            for duel, seconds in zip((up, down), self.fleet_by_hand()):
                duel.rival.append(seconds)

    def fleet_in_cloud(self):
        names = [f"fleet{number}" for number in range(FLEET)]
        for name in names:
            self.arm.interface(name, group="open")
        boots = {name: self.arm.public_address(name) for name in names}
        self.server.rest()
        before = self.resident()
        begin = time.monotonic()
        answers = self.at_once(lambda name: self.arm.begin_machine(name, self.key), names)
        for name, answer in answers.items():
            folder = self.host.folder / "machines" / answer.json()["properties"]["vmId"]
            boots[name] = Boot(folder / "console.log", boots[name])
        up = max(moments({name: boot.answers for name, boot in boots.items()}, FLEET_SECONDS, FLEET_LOOK_SECONDS).values()) - begin
        self.succeed(answers.values())
        done = time.monotonic() - begin
        self.remember(f"{FLEET} running machines", before, FLEET)
        begin = time.monotonic()
        self.succeed(self.at_once(lambda name: self.arm.request("DELETE", self.arm.id("virtualMachines", name)), names).values())
        return up, done, time.monotonic() - begin

    def fleet_by_hand(self):
        for machine in self.bare:
            machine.prepare()
        boots = {machine.tap: Boot(machine.console, machine.address) for machine in self.bare}
        begin = time.monotonic()
        for machine in self.bare:
            machine.start()
        up = max(moments({name: boot.answers for name, boot in boots.items()}, FLEET_SECONDS, FLEET_LOOK_SECONDS).values()) - begin
        begin = time.monotonic()
        for machine in self.bare:
            machine.kill()
        for machine in self.bare:
            machine.stop()
        return up, time.monotonic() - begin

    @staticmethod
    def at_once(request, names):
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(request, names)))

    def succeed(self, answers):
        """Waits until all of some operations have ended well."""
        pending = {}
        for answer in answers:
            if answer.status_code not in (200, 201, 202, 204):
                raise Failure(answer.text)
            if url := answer.headers.get("Azure-AsyncOperation"):
                pending[url] = seldom(lambda url=url: self.has_succeeded(url))
        moments(pending, FLEET_SECONDS, FLEET_LOOK_SECONDS)

    def has_succeeded(self, url):
        document = self.arm.session.get(url, timeout=30).json()
        if document["status"] not in ("InProgress", "Succeeded"):
            raise Failure(f"an operation: {document}")
        return document["status"] == "Succeeded"

    # Memory

    def resident(self):
        """The process's own memory and all that is resident of it, in bytes: medians over some seconds in which nothing is asked of it."""
        samples = []
        for _ in range(MEMORY_SAMPLES):
            time.sleep(MEMORY_SAMPLE_SECONDS)
            samples.append((self.server.memory("RssAnon"), self.server.memory("VmRSS")))
        return [median(values) for values in zip(*samples)]

    def remember(self, what, before, count):
        self.growth.append((what, before, self.resident(), count))

    def teach(self):
        """Fills the caches, and lets the process make and remove some machines: what this takes is no machine's."""
        if self.is_taught:
            return
        self.is_taught = True
        self.say("filling caches")
        body = self.directory / "group.json"
        body.write_text('{"location": "paris", "tags": {"purpose": "bench"}}')
        headers = (f"Authorization: {self.arm.session.headers['Authorization']}", "Content-Type: application/json")
        url = self.cloud.arm_url(f"/subscriptions/{self.cloud.subscription}/resourcegroups/filling-{{slot}}")
        while (self.cloud.data / "records" / "cocagne.sqlite").stat().st_size < FILLING_BYTES:
            Request(url, 1, "PUT", headers, body).load(self.server, FILLING_CLIENTS, FILLING_SECONDS)
        self.at_once(self.read_log, range(FILLING_CLIENTS))
        self.deallocated("teacher", self.recorded)
        self.remove("teacher", self.recorded)

    def read_log(self, _):
        """Reads of what was written more than a connection keeps in memory."""
        path = f"/subscriptions/{self.cloud.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
        session, url = self.cloud.arm_session(), self.cloud.arm_url(path, "2015-04-01")
        for _ in range(FILLING_PAGES):
            answer = session.get(url, timeout=60)
            if answer.status_code != 200:
                raise Failure(answer.text)
            url = answer.json()["nextLink"]

    def memory(self):
        """Machines that exist and do not run: made and deallocated, a few at a time."""
        self.teach()
        before = self.resident()
        self.say(f"{self.recorded} deallocated machines")
        self.deallocated("idle", self.recorded)
        self.remember(f"{self.recorded} deallocated machines", before, self.recorded)
        self.remove("idle", self.recorded)

    def deallocated(self, prefix, count, batch=5):
        for first in range(0, count, batch):
            names = [f"{prefix}{number}" for number in range(first, min(count, first + batch))]
            for name in names:
                self.arm.interface(name, public=False)
            self.succeed(self.at_once(self.begin_silent, names).values())
            for action in ("powerOff?skipShutdown=true", "deallocate"):
                self.at_once(lambda name: self.arm.act(name, action), names)

    def begin_silent(self, name):
        body = self.arm.machine_body(name, self.key)
        body["storageProfile"]["imageReference"]["offer"] = "silent"
        return self.arm.put("virtualMachines", name, body)

    def remove(self, prefix, count):
        names = [f"{prefix}{number}" for number in range(count)]
        self.succeed([self.arm.request("DELETE", self.arm.id("virtualMachines", name)) for name in names])

    # What is told

    def report(self, markdown):
        yield self.first_line
        yield (f"Machines of 512 MiB, {self.repetitions} runs of each start, in turns; by hand the disk, the disc, the tap and the network are there "
               "before the clock starts, in the cloud it starts with the answer to the PUT.")
        yield ""
        yield from table(Duel.HEAD, [duel.cells() for duel in self.duels], markdown, words=1)
        if not self.growth:
            return
        yield ""
        rows = []
        for what in dict.fromkeys(what for what, *_ in self.growth):
            found = [(before, after, count) for name, before, after, count in self.growth if name == what]
            # The first of several taught the process what such a crowd takes.
            found = found[1:] or found
            own, all_of_it = (median((after[kind] - before[kind]) / count / 1024 for before, after, count in found) for kind in (0, 1))
            own_before, own_after = (median(pair[moment][0] for pair in found) / (1 << 20) for moment in (0, 1))
            verdict = "met" if own <= MEMORY_BOUND_KIB else "MISSED"
            rows.append((what, f"{own_before:.1f}", f"{own_after:.1f}", f"{own:,.0f}", f"{all_of_it:,.0f}", verdict))
        head = ("memory of the process", "MiB before", "MiB with them", "KiB a machine", "resident", f"bound: {MEMORY_BOUND_KIB} KiB")
        yield from table(head, rows, markdown, words=1)
        yield ""
        yield (f"Memory of its own (RssAnon; 'resident' adds the pages of files), medians of {MEMORY_SAMPLES} samples over "
               f"{MEMORY_SAMPLES * MEMORY_SAMPLE_SECONDS:.0f} s with and before the machines, their difference divided by their number; after "
               f"the records had grown past the database's cache, and {self.recorded} machines had been made and removed.")
