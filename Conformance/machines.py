"""Machines under test: the light guest, made and driven over ARM, and what the host has of them."""

import json
import subprocess
import time
from pathlib import Path

GUEST_BUILDER = Path(__file__).resolve().parent / "guest" / "build.sh"
LIGHT_IMAGE = "Cocagne:light:1:latest"
# An emulated guest takes about four seconds; a machine that runs other tests meanwhile is slow.
READY_SECONDS = 120


def image_reference(urn=LIGHT_IMAGE):
    publisher, offer, sku, version = urn.split(":")
    return {"publisher": publisher, "offer": offer, "sku": sku, "version": version}


class Arm:
    """Resources of one group, by plain requests."""

    def __init__(self, cloud, group, session=None):
        self.cloud = cloud
        self.group = group
        self.session = session or cloud.arm_session()
        self.base = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"

    def id(self, kind, name):
        namespace = "Compute" if kind.split("/")[0] in ("virtualMachines", "disks", "snapshots", "images", "diskEncryptionSets") else "Network"
        kinds, names = kind.split("/"), name.split("/")
        return f"{self.base}/providers/Microsoft.{namespace}/" + "/".join(f"{k}/{n}" for k, n in zip(kinds, names))

    def request(self, method, path, body=None, version="2024-11-01", **query):
        url = self.cloud.arm_url(path, version) + "".join(f"&{name.replace('_', '$')}={value}" for name, value in query.items())
        return self.session.request(method, url, json=body, timeout=60)

    def put(self, kind, name, properties, location="paris", **more):
        body = {"location": location, "properties": properties} | more
        return self.request("PUT", self.id(kind, name), body)

    def get(self, kind, name, **query):
        return self.request("GET", self.id(kind, name), **query)

    def wait(self, answer, seconds=READY_SECONDS):
        """The document of an operation that has ended."""
        assert answer.status_code in (200, 201, 202, 204), answer.text
        url = answer.headers.get("Azure-AsyncOperation")
        deadline = time.monotonic() + seconds
        while url:
            document = self.session.get(url, timeout=30).json()
            if document["status"] != "InProgress":
                return document
            assert time.monotonic() < deadline, f"{document} after {seconds} s\n{self.cloud.log_tail()}"
            time.sleep(0.1)
        return {"status": "Succeeded"}

    def wait_final(self, kind, name, seconds=READY_SECONDS):
        """The state in which the work on a resource has ended."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.get(kind, name)
            state = answer.json()["properties"]["provisioningState"] if answer.status_code == 200 else None
            if state in ("Succeeded", "Failed"):
                assert state == "Succeeded", f"{answer.text}\n{self.cloud.log_tail()}"
                return
            assert time.monotonic() < deadline, f"{state} after {seconds} s\n{self.cloud.log_tail()}"
            time.sleep(0.1)

    def make(self, kind, name, properties, **more):
        answer = self.put(kind, name, properties, **more)
        document = self.wait(answer)
        assert document["status"] == "Succeeded", document
        return answer.json()

    def network(self, name="net", prefix="10.0.0.0/16", subnets=(("a", "10.0.0.0/24"),), **subnet_properties):
        return self.make("virtualNetworks", name, {
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": [{"name": n, "properties": {"addressPrefix": p} | subnet_properties} for n, p in subnets],
        })

    def open_group(self, name="open", *rules):
        """A security group that lets SSH in, and what else is asked for: (name, priority, direction, access, protocol, ports, source)."""
        return self.make("networkSecurityGroups", name, {"securityRules": [rule("ssh", 1000, "Inbound", "Allow", "Tcp", "22")] + list(rules)})

    def interface(self, name, network="net", subnet="a", public=True, group=None, address=None, **more):
        configuration = {"subnet": {"id": self.id("virtualNetworks/subnets", f"{network}/{subnet}")}}
        if address:
            configuration |= {"privateIPAllocationMethod": "Static", "privateIPAddress": address}
        if public:
            self.make("publicIPAddresses", name, {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})
            configuration["publicIPAddress"] = {"id": self.id("publicIPAddresses", name)}
        properties = {"ipConfigurations": [{"name": "main", "properties": configuration}]} | more
        if group:
            properties["networkSecurityGroup"] = {"id": self.id("networkSecurityGroups", group)}
        return self.make("networkInterfaces", name, properties)

    def machine_body(self, name, key, interface=None, size="Standard_B1ls", data_disks=(), **properties):
        return {
            "hardwareProfile": {"vmSize": size},
            "storageProfile": {
                "imageReference": image_reference(), "osDisk": {"createOption": "FromImage", "deleteOption": "Delete"},
                "dataDisks": [
                    {"lun": lun, "createOption": "Empty", "diskSizeGB": 1, "deleteOption": "Delete"} for lun in data_disks
                ],
            },
            "osProfile": {
                "computerName": name, "adminUsername": "azureuser",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {"publicKeys": [{
                        "path": "/home/azureuser/.ssh/authorized_keys", "keyData": Path(f"{key}.pub").read_text().strip()
                    }]},
                },
            },
            "networkProfile": {"networkInterfaces": [
                {"id": self.id("networkInterfaces", interface or name), "properties": {"deleteOption": "Delete"}}
            ]},
        } | properties

    def begin_machine(self, name, key, **more):
        return self.put("virtualMachines", name, self.machine_body(name, key, **more))

    def act(self, name, action, body=None):
        path, _, query = action.partition("?")
        answer = self.session.post(
            self.cloud.arm_url(f"{self.id('virtualMachines', name)}/{path}") + (f"&{query}" if query else ""), json=body or {}, timeout=60)
        return self.wait(answer)

    def delete(self, kind, name):
        document = self.wait(self.request("DELETE", self.id(kind, name)))
        assert document["status"] == "Succeeded", document

    def delete_group(self, seconds=READY_SECONDS):
        assert self.request("DELETE", self.base, version="2021-04-01").status_code == 202
        deadline = time.monotonic() + seconds
        while self.request("GET", self.base, version="2021-04-01").status_code != 404:
            assert time.monotonic() < deadline, f"the group is still there\n{self.cloud.log_tail()}"
            time.sleep(0.1)

    def power(self, name):
        view = self.get("virtualMachines", name, _expand="instanceView").json()["properties"]["instanceView"]
        return next(status for status in view["statuses"] if status["code"].startswith("PowerState/"))

    def public_address(self, name):
        return self.get("publicIPAddresses", name).json()["properties"]["ipAddress"]

    def private_address(self, name):
        return self.get("networkInterfaces", name).json()["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]


def rule(name, priority, direction, access, protocol, ports, source="*", destination="*"):
    return {"name": name, "properties": {
        "priority": priority, "direction": direction, "access": access, "protocol": protocol, "sourcePortRange": "*",
        "destinationPortRange": ports, "sourceAddressPrefix": source, "destinationAddressPrefix": destination,
    }}


class Guest:
    """A shell in a machine."""

    OPTIONS = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=3"]

    def __init__(self, address, key, user="azureuser"):
        self.target = f"{user}@{address}"
        self.key = str(key)

    def run(self, command, check=True, timeout=30):
        done = subprocess.run(
            ["ssh", "-i", self.key, *self.OPTIONS, self.target, command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def text(self, command, **more):
        return self.run(command, **more).stdout.strip()

    def reaches(self, address, port=None):
        """Whether an address answers: to an echo request, or on a TCP port."""
        probe = f"nc -w 2 {address} {port} </dev/null >/dev/null" if port else f"ping -c 1 -W 2 {address} >/dev/null"
        return self.run(probe, check=False).returncode == 0

    def wait(self, seconds=READY_SECONDS):
        deadline = time.monotonic() + seconds
        while self.run("true", check=False).returncode != 0:
            assert time.monotonic() < deadline, f"{self.target} does not answer on SSH"
            time.sleep(0.2)
        return self


class Host:
    """What this host has of one cloud's machines."""

    def __init__(self, cloud):
        self.folder = cloud.machine_folder
        self.cloud = cloud.short_name

    def domains(self):
        done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "list", "--all", "--name"], capture_output=True, text=True, check=True)
        return sorted(name for name in done.stdout.split() if name.startswith(self.cloud + "-"))

    def secrets(self):
        done = subprocess.run(["virsh", "-q", "-c", "qemu:///system", "secret-list"], capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if str(self.folder) in line]

    def namespaces(self):
        folder = Path("/run/netns")
        return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(self.cloud + "-")) if folder.exists() else []

    def links(self):
        return sorted(entry.name for entry in Path("/sys/class/net").iterdir() if entry.name.startswith(self.cloud))

    def tables(self):
        done = subprocess.run(["/usr/sbin/nft", "list", "tables"], capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if line.endswith(f"cocagne-{self.cloud}")]

    def files(self, kind):
        folder = self.folder / kind
        return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []

    def leftovers(self):
        """Everything that a cloud without machines must not have."""
        return {
            "domains": self.domains(), "secrets": self.secrets(), "namespaces": self.namespaces(), "links": self.links(), "tables": self.tables(),
            "disks": self.files("disks"), "machines": self.files("machines"), "networks": self.files("networks"),
        }

    def processes(self, words):
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if all(any(word.encode() in part for part in line) for word in words):
                found.append(int(entry.name))
        return found

    def qemu(self, vm_id):
        (pid,) = self.processes(["qemu-system", vm_id])
        return pid


NOTHING = {name: [] for name in ("domains", "secrets", "namespaces", "links", "tables", "disks", "machines", "networks")}


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)
