"""What happens to machines when things break: QEMU, the control plane, both."""

import os
import signal
import time

import pytest

from cloud import unique
from machines import NOTHING, Arm, Guest, Host, wait_until


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


def test_machines_outlive_the_control_plane_whose_death_at_any_moment_leaves_nothing_behind(own_cloud, guest, key, workspace):
    data = workspace / unique("own")
    data.mkdir()
    (data / "machines.json").write_text(
        f'{{"publicPool": ["198.51.100.0/24"], "memoryOvercommit": 4, "folder": "/var/lib/cocagne/test{unique("")[:6]}"}}')
    cloud = own_cloud(data)
    host = Host(cloud)
    cloud.command("image", "add", str(guest))
    cloud.make_group("rg")
    arm = Arm(cloud, "rg")
    arm.network()
    arm.open_group()
    # The control plane dies at a later moment of the work each time.
    for round, delay in enumerate((0.0, 0.1, 0.3, 0.6, 1.0, 1.6)):
        name = f"vm{round}"
        arm.interface(name, group="open")
        begun = arm.begin_machine(name, key, data_disks=(0,))
        time.sleep(delay)
        cloud.kill()
        cloud.up()
        assert arm.wait(begun)["status"] == "Succeeded", delay
        Guest(arm.public_address(name), key).wait()
        stopping = arm.request("DELETE", arm.id("virtualMachines", name))
        time.sleep(delay / 2)
        cloud.kill()
        # The machine of a dead control plane runs on or ends, and the next one knows.
        cloud.up()
        assert arm.wait(stopping)["status"] == "Succeeded", delay
        assert host.domains() == []
    arm.delete_group()
    wait_until(lambda: host.leftovers() == NOTHING, 30, f"nothing left over: {host.leftovers()}")

