"""Availability sets by `az`: what is made, shown, changed and refused, and a real machine in one."""

import pytest

from cloud import unique
from machines import Arm, Guest


@pytest.fixture(scope="module")
def make(az, rg):
    """Makes an availability set, and gives its name and what `az` printed."""

    def make(*options):
        name = unique("set")
        return name, az("vm", "availability-set", "create", "-g", rg, "-n", name, *options)

    return make


@pytest.fixture(scope="module")
def member(az, rg, make, light_image, key):
    """A machine that runs in a set: the set's name and what `az vm create` printed."""
    name, _ = make("--platform-fault-domain-count", "3", "--platform-update-domain-count", "7")
    created = az(
        "vm", "create", "-g", rg, "-n", "vm1", "--image", light_image, "--size", "Standard_B1ls", "--admin-username", "azureuser",
        "--ssh-key-values", f"{key}.pub", "--availability-set", name)
    return name, created


def set_id(az, rg, name):
    return az("vm", "availability-set", "show", "-g", rg, "-n", name)["id"]


def test_a_set_is_made_shown_listed_and_deleted(az, rg, make):
    name, made = make("--tags", "team=red")
    assert made["sku"]["name"] == "Aligned"
    assert (made["platformFaultDomainCount"], made["platformUpdateDomainCount"]) == (2, 5)
    assert made["virtualMachines"] == []
    assert made["tags"] == {"team": "red"}
    assert az("vm", "availability-set", "show", "-g", rg, "-n", name) == made
    assert name in [item["name"] for item in az("vm", "availability-set", "list", "-g", rg)]
    assert name in [item["name"] for item in az("vm", "availability-set", "list")]
    az("vm", "availability-set", "delete", "-g", rg, "-n", name)
    assert name not in [item["name"] for item in az("vm", "availability-set", "list", "-g", rg)]
    # What is not there is deleted without a word.
    az("vm", "availability-set", "delete", "-g", rg, "-n", name)


def test_sizes_and_domains_that_a_set_may_have_are_listed(az, rg, make):
    name, _ = make()
    assert "Standard_B1ls" in [size["name"] for size in az("vm", "availability-set", "list-sizes", "-g", rg, "-n", name)]
    skus = az("vm", "list-skus", "-l", "paris", "--resource-type", "availabilitySets")
    assert sorted(sku["name"] for sku in skus) == ["Aligned", "Classic"]
    assert {"name": "MaximumPlatformFaultDomainCount", "value": "3"} in skus[0]["capabilities"]
    usages = {usage["name"]["value"]: int(usage["currentValue"]) for usage in az("vm", "list-usage", "-l", "paris")}
    assert usages["availabilitySets"] >= 1


def test_a_set_is_tagged_and_its_counts_stay(az, rg, make):
    name, made = make("--platform-fault-domain-count", "3", "--platform-update-domain-count", "20")
    assert (made["platformFaultDomainCount"], made["platformUpdateDomainCount"]) == (3, 20)
    assert az("vm", "availability-set", "update", "-g", rg, "-n", name, "--set", "tags.team=blue")["tags"] == {"team": "blue"}
    refused = az.refused("vm", "availability-set", "update", "-g", rg, "-n", name, "--set", "platformFaultDomainCount=2")
    assert "(PropertyChangeNotAllowed)" in refused
    assert az("vm", "availability-set", "show", "-g", rg, "-n", name)["platformFaultDomainCount"] == 3


def test_more_domains_than_there_are_are_refused(az, rg):
    for option, message in (
        ("--platform-fault-domain-count", "The specified fault domain count 21 must fall in the range 1 to 3."),
        ("--platform-update-domain-count", "The specified update domain count 21 must fall in the range 1 to 20."),
    ):
        name = unique("set")
        assert message in az.refused("vm", "availability-set", "create", "-g", rg, "-n", name, option, "21")
        assert name not in [item["name"] for item in az("vm", "availability-set", "list", "-g", rg)]


def test_a_set_for_unmanaged_disks_takes_no_machine_until_it_is_converted(cloud, az, rg, make, light_image, key):
    name, made = make("--unmanaged")
    assert made["sku"]["name"] == "Classic"
    arm = Arm(cloud, rg)
    arm.network("classic")
    arm.interface("classic", network="classic", public=False)
    body = arm.machine_body("refused", key, interface="classic", availabilitySet={"id": made["id"]})
    answer = arm.put("virtualMachines", "refused", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert "Please create an Availability Set with 'Aligned' SKU" in answer.json()["error"]["message"]
    assert arm.get("virtualMachines", "refused").status_code == 404
    assert az("vm", "availability-set", "convert", "-g", rg, "-n", name)["sku"]["name"] == "Aligned"


def test_a_zone_and_a_set_exclude_each_other(cloud, az, rg, make, light_image, key):
    _, made = make()
    arm = Arm(cloud, rg)
    arm.network("zonal")
    arm.interface("zonal", network="zonal", public=False)
    body = arm.machine_body("refused", key, interface="zonal", availabilitySet={"id": made["id"]})
    answer = arm.put("virtualMachines", "refused", body, zones=["1"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert "both Availability Zone and Availability Set were specified" in answer.json()["error"]["message"]
    # Nor is there a machine in a set that is not there.
    missing = arm.machine_body("refused", key, interface="zonal", availabilitySet={"id": made["id"] + "x"})
    answer = arm.put("virtualMachines", "refused", missing)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    assert arm.get("virtualMachines", "refused").status_code == 404


def test_a_machine_runs_in_its_set_and_knows_its_domains(az, rg, member, key):
    name, created = member
    shown = az("vm", "availability-set", "show", "-g", rg, "-n", name)
    machine = az("vm", "show", "-g", rg, "-n", "vm1")
    assert [item["id"].lower() for item in shown["virtualMachines"]] == [machine["id"].lower()]
    assert machine["availabilitySet"]["id"] == shown["id"]
    view = az("vm", "get-instance-view", "-g", rg, "-n", "vm1")["instanceView"]
    assert (view["platformFaultDomain"], view["platformUpdateDomain"]) == (0, 0)
    guest = Guest(created["publicIpAddress"], key).wait()
    for word in ("platformFaultDomain", "platformUpdateDomain"):
        address = f"http://169.254.169.254/metadata/instance/compute/{word}?api-version=2021-02-01&format=text"
        assert guest.text(f"wget -q -O - --header 'Metadata: true' '{address}'") == "0"


def test_a_second_machine_of_a_set_is_in_other_domains(cloud, az, rg, member, key):
    name, _ = member
    arm = Arm(cloud, rg)
    arm.network("second")
    arm.interface("second", network="second", public=False)
    body = arm.machine_body("second", key, availabilitySet={"id": set_id(az, rg, name)})
    arm.make("virtualMachines", "second", body)
    view = arm.get("virtualMachines", "second", _expand="instanceView").json()["properties"]["instanceView"]
    arm.delete("virtualMachines", "second")
    assert (view["platformFaultDomain"], view["platformUpdateDomain"]) == (1, 1)


def test_a_machine_stays_in_its_set_and_keeps_it(az, rg, make, member):
    name, _ = member
    other, made = make()
    refused = az.refused("vm", "update", "-g", rg, "-n", "vm1", "--set", f"availabilitySet.id={made['id']}")
    assert "(PropertyChangeNotAllowed)" in refused and "availabilitySet.id" in refused
    refused = az.refused("vm", "availability-set", "delete", "-g", rg, "-n", name)
    assert "(OperationNotAllowed)" in refused and "does not contain any VM" in refused
    # What is said again is no change.
    az("vm", "update", "-g", rg, "-n", "vm1", "--set", "tags.team=red")
    assert az("vm", "show", "-g", rg, "-n", "vm1")["availabilitySet"]["id"] == set_id(az, rg, name)
    az("vm", "availability-set", "delete", "-g", rg, "-n", other)


def test_a_set_goes_once_its_machines_are_gone(az, rg, member):
    name, _ = member
    az("vm", "delete", "-g", rg, "-n", "vm1", "--yes")
    assert az("vm", "availability-set", "show", "-g", rg, "-n", name)["virtualMachines"] == []
    az("vm", "availability-set", "delete", "-g", rg, "-n", name)
