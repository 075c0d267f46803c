"""What happens to machines when things break: QEMU, the control plane, both."""

import itertools
import os
import signal
import time
from pathlib import Path

import pytest
import requests

from cloud import unique
from machines import NOTHING, Arm, Guest, Host, wait_until

# Each step takes a machine or two, and two starts of the cloud.
SURVIVAL_SECONDS = 1200


@pytest.fixture
def arm(cloud, light_image):
    group = unique("rg")
    cloud.make_group(group)
    arm = Arm(cloud, group)
    yield arm
    arm.delete_group()


def test_a_killed_qemu_is_noticed_told_of_and_started_again(cloud, az, arm, key):
    arm.network()
    arm.open_group()
    arm.interface("vm", group="open")
    machine = arm.make("virtualMachines", "vm", arm.machine_body("vm", key))
    os.kill(Host(cloud).qemu(machine["properties"]["vmId"]), signal.SIGKILL)
    begin = time.monotonic()
    wait_until(lambda: arm.power("vm")["code"] == "PowerState/stopped", 5, "the state 'stopped'")
    assert time.monotonic() - begin < 5
    assert "unexpectedly" in arm.power("vm")["message"]
    entries = az("monitor", "activity-log", "list", "--resource-id", arm.id("virtualMachines", "vm"), "--offset", "1h")
    assert any(entry["caller"] == "Microsoft.Compute" for entry in entries), entries
    assert arm.act("vm", "start")["status"] == "Succeeded"
    Guest(arm.public_address("vm"), key).wait()


@pytest.fixture
def own(own_cloud, guest):
    """A cloud of the test's own, with a network and a security group."""
    cloud = own_cloud()
    cloud.command("image", "add", str(guest))
    cloud.make_group("rg")
    arm = Arm(cloud, "rg")
    arm.network()
    arm.open_group()
    return cloud, arm


def survive(cloud, arm, what, check, prepare=lambda: None):
    """Does `what` again and again, each time under a control plane that dies before a later one of its steps, until one outlives them all.

    `what` begins an operation and gives its answer. After each death the next control plane ends what was begun, and `check` looks. Gives the number
    of steps.
    """
    for step in itertools.count(1):
        prepare()
        cloud.stop()
        cloud.up(environment={"COCAGNE_KILLED_BEFORE_STEP": str(step)})
        pid = cloud.pid
        try:
            assert arm.wait(what())["status"] == "Succeeded", step
            is_over = True
            cloud.stop()
        except requests.ConnectionError:
            # The answer itself may be lost with the process.
            is_over = False
            cloud.wait_gone(pid, 30)
        cloud.up()
        check(step)
        if is_over:
            return step


@pytest.mark.timeout(SURVIVAL_SECONDS)
def test_machines_outlive_the_control_plane_and_its_death_before_any_step_leaves_nothing_behind(own, key):
    cloud, arm = own
    host = Host(cloud)

    def create():
        return arm.begin_machine("vm", key, data_disks=(0,))

    def created(step):
        arm.wait_final("virtualMachines", "vm")
        machine = arm.get("virtualMachines", "vm").json()["properties"]
        Guest(arm.public_address("vm"), key).wait()
        assert host.domains() == [f"{host.cloud}-{machine['vmId']}"], step
        assert (len(host.files("disks")), host.secrets(), len(host.files("machines"))) == (2, [], 1), step
        assert [name for name in host.links() if name.startswith(f"{host.cloud}i")] == [], step

    def clear():
        if arm.get("virtualMachines", "vm").status_code == 200:
            arm.delete("virtualMachines", "vm")
        wait_until(lambda: host.leftovers() == NOTHING, 60, f"nothing left over: {host.leftovers()}")
        arm.interface("vm", group="open")

    def delete():
        return arm.request("DELETE", arm.id("virtualMachines", "vm"))

    def deleted(step):
        wait_until(lambda: arm.get("virtualMachines", "vm").status_code == 404, 60, f"the deletion that died before step {step}")
        # Its interface and disks go with it.
        wait_until(lambda: host.leftovers() == NOTHING, 60, f"nothing left over after step {step}: {host.leftovers()}")

    def make():
        clear()
        arm.make("virtualMachines", "vm", arm.machine_body("vm", key, data_disks=(0,)))

    assert survive(cloud, arm, create, created, prepare=clear) > 10
    assert survive(cloud, arm, delete, deleted, prepare=make) > 4
    arm.delete_group()
    wait_until(lambda: host.leftovers() == NOTHING, 30, f"nothing left over: {host.leftovers()}")


@pytest.mark.timeout(SURVIVAL_SECONDS)
def test_the_death_of_the_control_plane_before_any_step_of_a_change_is_survived(own, key):
    cloud, arm = own
    host = Host(cloud)
    arm.interface("vm", group="open")
    arm.make("virtualMachines", "vm", arm.machine_body("vm", key))
    arm.make("disks", "extra", {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1})
    guest = Guest(arm.public_address("vm"), key).wait()

    def change(disks, size="Standard_B1ls"):
        body = arm.machine_body("vm", key, size=size)
        body["storageProfile"]["dataDisks"] = [{"lun": 3, "createOption": "Attach", "managedDisk": {"id": arm.id("disks", "extra")}}][:disks]
        return arm.put("virtualMachines", "vm", body)

    def has_disks(count):
        def look(step):
            arm.wait_final("virtualMachines", "vm")
            wait_until(lambda: guest.text("ls /dev/sd? 2>/dev/null | wc -l") == str(count), 30, f"{count} data disks, step {step}")
        return look

    assert survive(cloud, arm, lambda: change(1), has_disks(1), prepare=lambda: arm.wait(change(0))) > 3
    assert survive(cloud, arm, lambda: change(0), has_disks(0), prepare=lambda: arm.wait(change(1))) > 3
    sizes = itertools.cycle([("Standard_B1s", 1024), ("Standard_B1ls", 512)])
    state = {}

    def resize():
        state["size"], state["memory"] = next(sizes)
        return change(0, state["size"])

    def resized(step):
        arm.wait_final("virtualMachines", "vm")
        machine = arm.get("virtualMachines", "vm").json()["properties"]
        assert machine["hardwareProfile"]["vmSize"] == state["size"], step
        guest.wait()
        total = int(guest.text("sed -n 's/MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo")) / 1024
        assert 0.7 * state["memory"] < total <= state["memory"], (step, total)
        assert len(host.domains()) == 1

    assert survive(cloud, arm, resize, resized) > 8


def test_libvirts_daemons_that_were_killed_are_started_again(own, key):
    cloud, arm = own
    arm.interface("vm", group="open")
    machine = arm.make("virtualMachines", "vm", arm.machine_body("vm", key))
    cloud.stop()
    host = Host(cloud)
    for name in ("virtlogd", "libvirtd"):
        for pid in host.processes([f"/usr/sbin/{name}"]) + host.processes([name, "--daemon"]):
            os.kill(pid, signal.SIGKILL)
    cloud.up()
    # What ran runs on, and what is new starts.
    assert host.qemu(machine["properties"]["vmId"])
    Guest(arm.public_address("vm"), key).wait()
    arm.interface("new", group="open")
    arm.make("virtualMachines", "new", arm.machine_body("new", key))
