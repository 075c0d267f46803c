"""Who uses a resource from another one must be permitted to use it, not only to write where it is named."""

import pytest

from cloud import unique
from machines import Arm, wait_until


@pytest.fixture(scope="module")
def owned(cloud):
    """A group of somebody else's: a network, a security group, an address, a disk."""
    group = unique("theirs")
    cloud.make_group(group)
    arm = Arm(cloud, group)
    arm.network()
    arm.open_group()
    arm.make("publicIPAddresses", "door", {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})
    arm.make("disks", "secrets", {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1})
    arm.make("networkInterfaces", "nic", {"ipConfigurations": [{"name": "main", "properties": {
        "subnet": {"id": arm.id("virtualNetworks/subnets", "net/a")}}}]})
    return arm


@pytest.fixture(scope="module")
def guest_account(az, owned):
    return az("ad", "sp", "create-for-rbac", "-n", unique("guest"))


@pytest.fixture(scope="module")
def guest(cloud, az, guest_account):
    """A group whose contributor may do nothing elsewhere."""
    group = unique("own")
    cloud.make_group(group)
    az("role", "assignment", "create", "--assignee", guest_account["appId"], "--role", "Contributor",
       "--scope", f"/subscriptions/{cloud.subscription}/resourceGroups/{group}")
    return Arm(cloud, group, cloud.arm_session(client_id=guest_account["appId"], secret=guest_account["password"]))


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def interface(subnet, **more):
    return {"ipConfigurations": [{"name": "main", "properties": {"subnet": {"id": subnet}} | more}]}


def test_a_disk_is_not_copied_by_who_may_not_read_it(guest, owned):
    source = owned.id("disks", "secrets")
    for kind in ("disks", "snapshots"):
        answer = guest.put(kind, "copy", {"creationData": {"createOption": "Copy", "sourceResourceId": source}})
        assert code(answer) == (403, "LinkedAuthorizationFailed")
        assert "Microsoft.Compute/disks/beginGetAccess/action" in answer.text and source in answer.text
    image = {"storageProfile": {"osDisk": {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": source}}}}
    assert code(guest.put("images", "copy", image)) == (403, "LinkedAuthorizationFailed")
    for kind in ("disks", "snapshots", "images"):
        assert guest.get(kind, "copy").status_code == 404


def test_networks_are_joined_by_who_may_join_them(guest, owned):
    subnet = owned.id("virtualNetworks/subnets", "net/a")
    answer = guest.put("networkInterfaces", "spy", interface(subnet))
    assert code(answer) == (403, "LinkedAuthorizationFailed")
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in answer.text
    guest.network("own", prefix="10.77.0.0/16", subnets=(("a", "10.77.0.0/24"),))
    own = guest.id("virtualNetworks/subnets", "own/a")
    for name, properties in (
        ("address", interface(own, publicIPAddress={"id": owned.id("publicIPAddresses", "door")})),
        ("group", interface(own) | {"networkSecurityGroup": {"id": owned.id("networkSecurityGroups", "open")}}),
    ):
        assert code(guest.put("networkInterfaces", name, properties)) == (403, "LinkedAuthorizationFailed"), name
    peering = {"properties": {"remoteVirtualNetwork": {"id": owned.id("virtualNetworks", "net")}, "allowVirtualNetworkAccess": True}}
    path = guest.id("virtualNetworks/virtualNetworkPeerings", "own/p")
    assert code(guest.request("PUT", path, peering)) == (403, "LinkedAuthorizationFailed")
    # One's own is one's own.
    assert guest.put("networkInterfaces", "mine", interface(own)).status_code == 201


def test_a_deployment_reaches_no_further_than_who_submits_it(cloud, guest, owned):
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [{
            "type": "Microsoft.Compute/disks", "apiVersion": "2024-03-02", "name": "deployed", "location": "paris",
            "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": owned.id("disks", "secrets")}},
        }]
    }
    path = f"{guest.base}/providers/Microsoft.Resources/deployments/d"
    assert guest.request("PUT", path, {"properties": {"mode": "Incremental", "template": template}}, version="2024-11-01").status_code == 201

    def state():
        return guest.request("GET", path, version="2024-11-01").json()["properties"]

    wait_until(lambda: state()["provisioningState"] == "Failed", 30, "the refusal of the deployment")
    assert state()["error"]["details"][0]["code"] == "LinkedAuthorizationFailed"


def test_a_role_that_permits_it_is_enough(cloud, az, guest, guest_account, owned):
    az("role", "assignment", "create", "--assignee", guest_account["appId"], "--role", "Network Contributor", "--scope", owned.id("virtualNetworks", "net"))
    assert guest.put("networkInterfaces", "joined", interface(owned.id("virtualNetworks/subnets", "net/a"))).status_code == 201
    assert guest.request("DELETE", guest.id("networkInterfaces", "joined")).status_code in (200, 202)
