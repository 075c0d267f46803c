"""Machines without a cloud: QEMU started by hand in a namespace with a bridge and dnsmasq, all of it prepared before the clock starts.

A machine has what the cloud's has, for its command line is the cloud's: the same kernel, accelerator, memory and devices. What differs is what a
hand would not type: descriptors that libvirt opened become files, the disk is a plain one, there is no sandbox and no pause before the start.
"""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from Conformance.cloud import free_pool
from measure import Failure, run

STOP_SECONDS = 20
# What the guest asks of 168.63.129.16 when it is up: answered, or it would go on asking while the clock runs.
GOAL_STATE = "<GoalState><ContainerId>c</ContainerId><InstanceId>i</InstanceId></GoalState>"
DROPPED = ("-S", "-sandbox", "-mon", "-add-fd")


class Namespace:
    """A network namespace that goes with everything in it."""

    def __init__(self, name):
        self.name = name

    def start(self):
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        run("ip", "-n", self.name, *words)

    def inside(self, *command):
        return ("ip", "netns", "exec", self.name, *command)

    def stop(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


class BareNetwork(Namespace):
    """A bridge with the gateway and Azure's two addresses, DHCP as the cloud gives it, and a link by which the host reaches the guests."""

    def __init__(self, directory, machines):
        super().__init__(f"bench{os.getpid()}")
        directory.mkdir()
        self.directory, self.servers = directory, []
        self.prefix = free_pool()
        self.addresses = [f"{self.prefix}.{2 + number}" for number in range(machines)]
        self.macs = [f"52:54:00:be:00:{number:02x}" for number in range(machines)]

    def start(self):
        super().start()
        prefix, host = self.prefix, self.name
        # All of it is one range, so that whoever looks for a free one sees that it is taken.
        run("ip", "link", "add", host, "type", "veth", "peer", "name", "up0", "netns", self.name)
        run("ip", "addr", "add", f"{prefix}.254/31", "dev", host)
        run("ip", "link", "set", host, "up")
        for words in (
                f"addr add {prefix}.255/31 dev up0", "link set up0 up", f"route add default via {prefix}.254",
                "link add br0 type bridge stp_state 0 forward_delay 0", f"addr add {prefix}.1/25 dev br0", "addr add 168.63.129.16/32 dev br0",
                "addr add 169.254.169.254/32 dev br0", "link set br0 mtu 1450 up"):
            self.ip(*words.split())
        run(*self.inside("sysctl", "-qw", "net.ipv4.ip_forward=1"))
        run("ip", "route", "add", f"{prefix}.0/24", "via", f"{prefix}.255")
        gateway = f"{prefix}.1"
        self.serve(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--interface=br0", "--bind-interfaces", "--except-interface=lo",
            "--no-resolv", "--no-hosts", "--leasefile-ro", "--dhcp-authoritative", "--dhcp-option=26,1450", "--dhcp-option-force=245,168.63.129.16",
            f"--dhcp-range={prefix}.0,static,255.255.255.128,3600",
            f"--dhcp-option=121,0.0.0.0/0,{gateway},168.63.129.16/32,{gateway},169.254.169.254/32,{gateway}",
            *(f"--dhcp-host={mac},{address}" for mac, address in zip(self.macs, self.addresses)))
        page = self.directory / "site" / "machine" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(GOAL_STATE)
        self.serve("busybox", "httpd", "-f", "-p", "168.63.129.16:80", "-h", self.directory / "site")

    def serve(self, *command):
        self.servers.append(subprocess.Popen(
            self.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def stop(self):
        for server in self.servers:
            end(server)
        # The kernel takes its time with a namespace; its link goes at once.
        subprocess.run(["ip", "link", "del", self.name], capture_output=True)
        super().stop()


def end(process):
    process.kill()
    process.wait(STOP_SECONDS)


class BareMachine:
    """The twin of one of the cloud's machines. `example` is that one's command line; its discs are copied, so that it may go."""

    def __init__(self, network, number, example):
        self.network, self.address, self.mac = network, network.addresses[number], network.macs[number]
        self.folder = network.directory / f"machine{number}"
        self.tap = f"tap{number}"
        self.console = self.folder / "console.log"
        # Its disk, and the image that this stands on.
        self.files, self.process = {}, None
        self.folder.mkdir()
        self.command = self.rewritten(example)

    def prepare(self):
        """Makes what is there before the clock starts: a disk and a tap."""
        for disk, image in self.files.items():
            run("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", disk)
        self.network.ip("tuntap", "add", "dev", self.tap, "mode", "tap")
        self.network.ip("link", "set", self.tap, "mtu", "1450", "master", "br0", "up")
        self.console.write_bytes(b"")

    def start(self):
        # What QEMU complains of is to be seen where the guest's own words are looked for.
        with open(self.console, "ab") as console:
            self.process = subprocess.Popen(
                self.network.inside(*self.command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=console, start_new_session=True)

    def kill(self):
        if self.process:
            self.process.kill()

    def stop(self):
        """Ends it and removes what was prepared."""
        if self.process:
            end(self.process)
            self.process = None
            self.network.ip("link", "del", self.tap)
            for disk in self.files:
                disk.unlink()

    # The command line

    def rewritten(self, example):
        """Options are followed by a value unless they are switches."""
        identity, own = example[example.index("-uuid") + 1], str(uuid.uuid4())
        images = [json.loads(word)["filename"] for word in example if word.startswith('{"driver":"file"') and "/images/" in word]
        words, result = list(example[1:]), [example[0]]
        while words:
            option = words.pop(0)
            value = words.pop(0) if words and not words[0].startswith("-") else None
            result += [word.replace(identity, own) for word in self.typed(option, value, images)]
        if left := [word for word in result if any(mark in word for mark in ("fd=", '"fd"', "/dev/fdset", "secret", identity))]:
            raise Failure(f"this of the cloud's machine cannot be typed by hand: {left}")
        return result

    def typed(self, option, value, images):
        """What a hand types where libvirt gave an option."""
        if option in DROPPED:
            return []
        given = json.loads(value) if value and value.startswith("{") else {}
        if option == "-name":
            return [option, self.folder.name]
        if option == "-object" and given["qom-type"] == "secret":
            return []
        if option == "-chardev":
            return self.character_device(value)
        if option == "-blockdev":
            return [option, self.block_device(given, images)]
        if option == "-netdev":
            return [option, f"tap,id={given['id']},ifname={self.tap},script=no,downscript=no" + (",vhost=on" if "vhostfd" in given else "")]
        if given.get("driver") == "virtio-net-pci":
            return [option, json.dumps(given | {"mac": self.mac})]
        return [option] if value is None else [option, value]

    def character_device(self, value):
        kind, name = value.split(",")[0], next(part for part in value.split(",") if part.startswith("id="))
        if name == "id=charmonitor":
            return []
        if kind == "pty":
            return ["-chardev", f"pty,{name},logfile={self.console},logappend=on"]
        return ["-chardev", f"{kind},{name},path={self.folder}/channel,server=on,wait=off"]

    def block_device(self, given, images):
        given.pop("encrypt", None)
        path = given.get("filename")
        if path and path not in images:
            own = self.folder / Path(path).name
            if path.endswith(".iso"):
                shutil.copyfile(path, own)
            else:
                (self.files[own],) = images
            given["filename"] = str(own)
        return json.dumps(given)
