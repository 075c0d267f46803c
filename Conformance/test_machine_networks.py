"""Networks, with real packets: isolation, security groups, spoofing, peering."""

import subprocess

import pytest

from cloud import unique
from machines import Arm, Guest, Host, rule, wait_until


@pytest.fixture(scope="module")
def arm(cloud, light_image):
    group = unique("rg")
    cloud.make_group(group)
    arm = Arm(cloud, group)
    yield arm
    arm.delete_group()


@pytest.fixture(scope="module")
def machines(arm, key):
    """Two machines in one network, and one with the first one's address in another."""
    ping = rule("ping", 900, "Inbound", "Allow", "Icmp", "*")
    arm.open_group("open", ping)
    arm.network("net", subnets=(("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")))
    arm.network("twin", subnets=(("a", "10.0.0.0/24"),))
    arm.network("far", prefix="10.9.0.0/16", subnets=(("a", "10.9.0.0/24"),))
    arm.interface("one", group="open", address="10.0.0.10")
    arm.interface("two", subnet="b", group="open", address="10.0.1.20")
    arm.interface("twin", network="twin", group="open", address="10.0.0.10")
    arm.interface("far", network="far", group="open", address="10.9.0.30")
    begun = [arm.begin_machine(name, key) for name in ("one", "two", "twin", "far")]
    for answer in begun:
        assert arm.wait(answer)["status"] == "Succeeded"
    return {name: Guest(arm.public_address(name), key).wait() for name in ("one", "two", "twin", "far")}


def test_machines_of_one_network_reach_each_other_by_address_and_name(machines):
    assert machines["one"].reaches("10.0.1.20")
    assert machines["two"].reaches("10.0.0.10", 22)
    assert machines["one"].reaches("two")


def test_networks_with_the_same_addresses_never_meet(cloud, machines):
    assert machines["twin"].text("hostname") == "twin"
    assert not machines["twin"].reaches("10.0.1.20")
    # Nor is another network, or the inside of the platform, to be reached by its addresses.
    assert not machines["one"].reaches("10.9.0.30")
    assert not machines["one"].reaches("100.64.0.1")
    assert not machines["two"].reaches(f"{cloud.pool}.1", 443)


def test_who_sends_in_anothers_name_is_heard_by_nobody(arm, machines, cloud):
    two = machines["two"]
    host = Host(cloud)
    # The guest takes its neighbour's address, then another hardware address.
    before = drops(host, arm, "net")
    two.run("su -c true 2>/dev/null; ip addr add 10.0.1.99/32 dev eth0 2>/dev/null; ping -c 2 -W 1 -I 10.0.1.99 10.0.0.10", check=False)
    assert two.run("ping -c 1 -W 1 -I 10.0.1.99 10.0.0.10 >/dev/null 2>&1", check=False).returncode != 0
    assert drops(host, arm, "net") >= before


def drops(host, arm, network):
    guid = arm.get("virtualNetworks", network).json()["properties"]["resourceGuid"]
    text = subprocess.run(
        ["ip", "netns", "exec", f"{host.cloud}-{guid[:8]}", "/usr/sbin/nft", "list", "table", "bridge", "cocagne"], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split("packets ")[1].split()[0]) for line in text.splitlines() if "packets" in line and "drop" in line)


def test_a_rule_change_bears_on_new_connections_and_lets_established_ones_live(arm, machines, key):
    one = machines["one"]
    # A connection that is open before the rule changes.
    control = f"/tmp/{unique('ssh')}"
    master = ["ssh", "-i", str(key), *Guest.OPTIONS, "-o", f"ControlPath={control}"]
    subprocess.run([*master, "-M", "-f", "-N", one.target], stdin=subprocess.DEVNULL, check=True, timeout=30)
    deny = rule("deny-ssh", 500, "Inbound", "Deny", "Tcp", "22")
    assert arm.request("PUT", arm.id("networkSecurityGroups/securityRules", "open/deny-ssh"), deny).status_code in (200, 201)
    try:
        wait_until(lambda: one.run("true", check=False).returncode != 0, 10, "the refusal of new connections")
        alive = subprocess.run([*master, one.target, "echo alive"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=15)
        assert alive.stdout.strip() == "alive"
    finally:
        assert arm.request("DELETE", arm.id("networkSecurityGroups/securityRules", "open/deny-ssh")).status_code == 200
        subprocess.run([*master, "-O", "exit", one.target], capture_output=True)
    one.wait(20)


def test_peered_networks_reach_each_other_once_both_say_so(arm, machines):
    def peer(near, far):
        body = {"properties": {"remoteVirtualNetwork": {"id": arm.id("virtualNetworks", far)}, "allowVirtualNetworkAccess": True}}
        return arm.request("PUT", arm.id("virtualNetworks/virtualNetworkPeerings", f"{near}/to-{far}"), body)

    assert peer("net", "far").json()["properties"]["peeringState"] == "Initiated"
    assert not machines["one"].reaches("10.9.0.30")
    assert peer("far", "net").json()["properties"]["peeringState"] == "Connected"
    wait_until(lambda: machines["one"].reaches("10.9.0.30"), 15, "reaching the peer")
    assert machines["far"].reaches("10.0.1.20", 22)
    overlap = peer("net", "twin")
    assert overlap.status_code == 400 and overlap.json()["error"]["code"] == "VnetAddressSpacesOverlap"


def test_what_somebody_changes_by_hand_is_put_right_and_counted(arm, machines, cloud):
    host = Host(cloud)
    guid = arm.get("virtualNetworks", "twin").json()["properties"]["resourceGuid"]
    namespace = f"{host.cloud}-{guid[:8]}"
    before = cloud.status()["networkRepairs"]
    subprocess.run(["ip", "netns", "exec", namespace, "/usr/sbin/nft", "flush", "ruleset"], check=True)
    (server,) = host.processes(["dnsmasq", namespace])
    subprocess.run(["kill", "-9", str(server)], check=True)
    wait_until(lambda: cloud.status()["networkRepairs"] >= before + 2, 20, "the repair")
    machines["twin"].wait(20)
    assert len(host.processes(["dnsmasq", namespace])) == 1
