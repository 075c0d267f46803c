"""What machines and networks refuse, in Azure's codes; nothing is left half made."""

import base64
import json

import pytest

from cloud import unique
from machines import Arm, Host, image_reference, rule


@pytest.fixture(scope="module")
def arm(cloud, light_image):
    group = unique("rg")
    cloud.make_group(group)
    arm = Arm(cloud, group)
    arm.network("net", subnets=(("a", "10.0.0.0/24"), ("tiny", "10.0.1.0/29")))
    arm.open_group("open")
    arm.interface("nic", public=False, group="open")
    yield arm
    arm.delete_group()


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def network(prefixes, *subnets):
    return {
        "addressSpace": {"addressPrefixes": list(prefixes)}, "subnets": [{"name": n, "properties": {"addressPrefix": p}} for n, p in subnets]
    }


@pytest.mark.parametrize("properties, expected", [
    (network(["10.0.0.0/16"], ("a", "10.0.0.0/24"), ("b", "10.0.0.128/25")), "NetcfgSubnetRangesOverlap"),
    (network(["10.0.0.0/16"], ("a", "10.1.0.0/24")), "NetcfgInvalidSubnet"),
    (network(["10.0.0.1/16"]), "InvalidCIDRNotation"),
    (network(["nonsense"]), "InvalidCIDRNotation"),
    (network([]), "MissingAddressSpace"),
    (network(["10.0.0.0/16"], ("a", "10.0.0.0/30")), "NetcfgSubnetTooSmall"),
    (network(["169.254.0.0/16"]), "AddressPrefixNotAllowed"),
    (network(["10.0.0.0/16"], ("a", "10.0.0.0/24"), ("A", "10.0.1.0/24")), "DuplicateResourceName"),
])
def test_a_wrong_network_is_refused(arm, properties, expected):
    name = unique("net")
    assert code(arm.put("virtualNetworks", name, properties)) == (400, expected)
    assert arm.get("virtualNetworks", name).status_code == 404


def rules(*items):
    return {"securityRules": list(items)}


@pytest.mark.parametrize("properties, expected", [
    (rules(rule("a", 100, "Inbound", "Allow", "Tcp", "22"), rule("b", 100, "Inbound", "Deny", "Tcp", "23")), "SecurityRuleConflict"),
    (rules(rule("a", 99, "Inbound", "Allow", "Tcp", "22")), "SecurityRuleInvalidPriority"),
    (rules(rule("a", 100, "Sideways", "Allow", "Tcp", "22")), "SecurityRuleParameterContainsUnsupportedValue"),
    (rules(rule("a", 100, "Inbound", "Allow", "Tcp", "70000")), "SecurityRuleInvalidPortRange"),
    (rules(rule("a", 100, "Inbound", "Allow", "Tcp", "22", source="Storage.Paris")), "SecurityRuleInvalidAddressPrefix"),
    (rules(rule("a", 100, "Inbound", "Allow", "Carrier pigeon", "22")), "SecurityRuleParameterContainsUnsupportedValue"),
])
def test_a_wrong_rule_is_refused(arm, properties, expected):
    assert code(arm.put("networkSecurityGroups", unique("g"), properties)) == (400, expected)


def configuration(arm, within="net/a", **more):
    return {"ipConfigurations": [{"name": "main", "properties": {"subnet": {"id": arm.id("virtualNetworks/subnets", within)}} | more}]}


@pytest.mark.parametrize("more, expected", [
    ({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.0.3"}, "PrivateIPAddressInReservedRange"),
    ({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.9.0.9"}, "PrivateIPAddressNotInSubnet"),
    ({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.0.4"}, "PrivateIPAddressIsAllocated"),
    ({"subnet": {"id": "/subscriptions/x"}}, "InvalidResourceReference"),
    ({"publicIPAddress": {"id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/r/providers/Microsoft.Network/publicIPAddresses/p"}},
     "InvalidResourceReference"),
])
def test_a_wrong_interface_is_refused(arm, more, expected):
    assert code(arm.put("networkInterfaces", unique("nic"), configuration(arm, **more))) == (400, expected)


def test_a_full_subnet_gives_no_address(arm):
    # Of eight addresses the platform keeps five.
    names = [unique("nic") for _ in range(3)]
    for name in names:
        assert arm.put("networkInterfaces", name, configuration(arm, "net/tiny")).status_code == 201
    assert code(arm.put("networkInterfaces", unique("nic"), configuration(arm, "net/tiny"))) == (400, "SubnetIsFull")
    assert arm.request("DELETE", arm.id("networkInterfaces", names[0])).status_code == 200
    assert arm.put("networkInterfaces", unique("nic"), configuration(arm, "net/tiny")).status_code == 201


def test_what_is_in_use_is_not_deleted(arm):
    assert code(arm.request("DELETE", arm.id("virtualNetworks/subnets", "net/a"))) == (400, "InUseSubnetCannotBeDeleted")
    assert code(arm.request("DELETE", arm.id("virtualNetworks", "net"))) == (400, "InUseSubnetCannotBeDeleted")
    assert code(arm.request("DELETE", arm.id("networkSecurityGroups", "open"))) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    arm.interface("bearer", group="open")
    assert code(arm.request("DELETE", arm.id("publicIPAddresses", "bearer"))) == (400, "PublicIPAddressCannotBeDeleted")


@pytest.mark.parametrize("change, status, expected", [
    ({"hardwareProfile": {"vmSize": "Standard_Nope"}}, 400, "InvalidParameter"),
    ({"hardwareProfile": {"vmSize": "Standard_M128s"}}, 409, "AllocationFailed"),
    ({"networkProfile": {"networkInterfaces": []}}, 400, "InvalidParameter"),
    ({"storageProfile": {"imageReference": image_reference("Nobody:none:1:latest"), "osDisk": {"createOption": "FromImage"}}}, 404, "PlatformImageNotFound"),
    ({"storageProfile": {"imageReference": image_reference(), "osDisk": {"createOption": "FromImage"}, "dataDisks": [
        {"lun": 0, "createOption": "Empty", "diskSizeGB": 1}, {"lun": 0, "createOption": "Empty", "diskSizeGB": 1}]}}, 400, "InvalidParameter"),
    ({"storageProfile": {"imageReference": image_reference(), "osDisk": {"createOption": "FromImage"}, "dataDisks": [
        {"lun": n, "createOption": "Empty", "diskSizeGB": 1} for n in range(3)]}}, 409, "OperationNotAllowed"),
    ({"osProfile": {"computerName": "x", "adminUsername": "root", "linuxConfiguration": {}}}, 400, "InvalidParameter"),
    ({"osProfile": {"computerName": "x", "adminUsername": "me", "adminPassword": "short"}}, 400, "InvalidParameter"),
    ({"osProfile": {"computerName": "x", "adminUsername": "me", "linuxConfiguration": {}}}, 400, "InvalidParameter"),
    ({"osProfile": {"computerName": "x", "adminUsername": "me", "adminPassword": "Long-enough-1", "customData": base64.b64encode(b"x" * 65537).decode()}},
     400, "InvalidParameter"),
    ({"osProfile": {"computerName": "x", "adminUsername": "me", "adminPassword": "Long-enough-1", "customData": "***"}}, 400, "InvalidParameter"),
    ({"securityProfile": {"securityType": "ConfidentialVM"}}, 400, "InvalidParameter"),
])
def test_a_wrong_machine_is_refused_and_nothing_is_made(cloud, arm, key, change, status, expected):
    name = unique("vm")
    before = Host(cloud).files("disks")
    answer = arm.put("virtualMachines", name, arm.machine_body(name, key, interface="nic") | change)
    assert code(answer) == (status, expected), answer.text
    assert arm.get("virtualMachines", name).status_code == 404
    assert Host(cloud).files("disks") == before
    names = [item["name"] for item in arm.session.get(cloud.arm_url(f"{arm.base}/resources", "2021-04-01"), timeout=30).json()["value"]]
    assert not [other for other in names if other.startswith(name)]


def test_a_disk_serves_one_machine_and_an_interface_one(cloud, arm, key):
    arm.make("disks", "shared", {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1})
    disk = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": arm.id("disks", "shared")}}
    body = arm.machine_body("first", key, interface="nic")
    body["storageProfile"]["dataDisks"] = [disk]
    arm.make("virtualMachines", "first", body)
    other = arm.machine_body("second", key, interface="nic")
    assert code(arm.put("virtualMachines", "second", other)) == (400, "NicInUse")
    arm.interface("nic2", public=False, group="open")
    other = arm.machine_body("second", key, interface="nic2")
    other["storageProfile"]["dataDisks"] = [disk]
    assert code(arm.put("virtualMachines", "second", other)) == (409, "ConflictingUserInput")
    assert code(arm.request("DELETE", arm.id("networkInterfaces", "nic"))) == (400, "NicInUse")
    assert code(arm.request("DELETE", arm.id("disks", "shared"))) == (409, "OperationNotAllowed")
    # It cannot be told to be somebody else.
    changed = arm.machine_body("first", key, interface="nic")
    changed["osProfile"]["adminUsername"] = "other"
    assert code(arm.put("virtualMachines", "first", changed)) == (409, "PropertyChangeNotAllowed")
    arm.delete("virtualMachines", "first")
    assert arm.wait(arm.request("DELETE", arm.id("disks", "shared")))["status"] == "Succeeded"


def test_another_tenants_machines_and_networks_are_not_there(cloud, arm):
    made = json.loads(cloud.command("tenant", "add", unique("tenant"), "--json").stdout)
    session = cloud.arm_session(client_id=made["clientId"], secret=made["clientSecret"], tenant=made["tenantId"])
    for kind, name in (("virtualNetworks", "net"), ("networkInterfaces", "nic"), ("networkSecurityGroups", "open")):
        assert session.get(cloud.arm_url(arm.id(kind, name)), timeout=30).status_code == 404
    body = {"location": "paris", "properties": configuration(arm)}
    group = f"/subscriptions/{made['subscriptionId']}/resourceGroups/rg"
    assert session.put(cloud.arm_url(group), json={"location": "paris"}, timeout=30).status_code == 201
    theirs = session.put(cloud.arm_url(f"{group}/providers/Microsoft.Network/networkInterfaces/n"), json=body, timeout=30)
    assert code(theirs) == (400, "InvalidResourceReference")

