"""azure-mgmt-compute and azure-mgmt-network: a machine from its network to its end, long lists, and what is refused."""

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from cloud import unique
from machines import Arm, Guest, Host, rule

# An emulated guest takes seconds to be ready; a machine that runs other tests meanwhile is slow.
POLL_SECONDS = 120
# As many as a small tenant has.
MACHINES = 40


@pytest.fixture(scope="module")
def client(cloud):
    """Makes a management client of a class."""
    credential = ClientSecretCredential(
        cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    return lambda kind: kind(credential, cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])


@pytest.fixture(scope="module")
def compute(client):
    return client(ComputeManagementClient)


@pytest.fixture(scope="module")
def network(client):
    return client(NetworkManagementClient)


@pytest.fixture(scope="module")
def resources(client):
    return client(ResourceManagementClient)


@pytest.fixture(scope="module")
def arm(cloud, group, resources):
    """Bodies and ids of the module's group."""
    yield Arm(cloud, group)
    resources.resource_groups.begin_delete(group)


def done(poller):
    return poller.result(timeout=POLL_SECONDS)


def code(refusal):
    return refusal.value.status_code, refusal.value.error.code


@pytest.fixture(scope="module")
def interface(arm, network, group):
    """A network, and an interface in it that answers on SSH from outside."""
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/16"}}]}
    made = done(network.virtual_networks.begin_create_or_update(group, "net", {"location": "paris", "properties": space}))
    assert (made.properties.provisioning_state, made.properties.address_space.address_prefixes) == ("Succeeded", ["10.0.0.0/16"])
    (subnet,) = network.subnets.list(group, "net")
    rules = {"securityRules": [rule("ssh", 1000, "Inbound", "Allow", "Tcp", "22")]}
    guard = done(network.network_security_groups.begin_create_or_update(group, "guard", {"location": "paris", "properties": rules}))
    address = done(network.public_ip_addresses.begin_create_or_update(
        group, "door", {"location": "paris", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}))
    configuration = {"name": "main", "properties": {"subnet": {"id": subnet.id}, "publicIPAddress": {"id": address.id}}}
    properties = {"ipConfigurations": [configuration], "networkSecurityGroup": {"id": guard.id}}
    return done(network.network_interfaces.begin_create_or_update(group, "vm", {"location": "paris", "properties": properties}))


@pytest.fixture(scope="module")
def machine(arm, compute, group, interface, light_image, key):
    body = {"location": "paris", "zones": ["1"], "tags": {"team": "red"}, "properties": arm.machine_body("vm", key, data_disks=(0,))}
    return done(compute.virtual_machines.begin_create_or_update(group, "vm", body))


def power(compute, group, name="vm"):
    view = compute.virtual_machines.instance_view(group, name)
    return [status.display_status for status in view.statuses if status.code.startswith("PowerState/")]


def test_a_machine_is_made_and_told_of(compute, network, group, interface, machine, key):
    assert (machine.properties.provisioning_state, machine.zones, machine.tags) == ("Succeeded", ["1"], {"team": "red"})
    assert machine.properties.hardware_profile.vm_size == "Standard_B1ls"
    view = compute.virtual_machines.instance_view(group, "vm")
    assert [status.code for status in view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert view.vm_agent.statuses[0].display_status == "Ready"
    assert compute.virtual_machines.get(group, "vm", expand="instanceView").properties.instance_view.computer_name == "vm"
    address = network.public_ip_addresses.get(group, "door")
    assert address.properties.ip_configuration.id == interface.properties.ip_configurations[0].id
    assert network.network_interfaces.get(group, "vm").properties.virtual_machine.id == machine.id
    assert Guest(address.properties.ip_address, key).wait().text("hostname") == "vm"
    log = compute.virtual_machines.retrieve_boot_diagnostics_data(group, "vm").serial_console_log_blob_uri
    assert "guest: userspace" in requests.get(log, timeout=30).text


def test_a_machine_goes_off_and_on(compute, network, group, machine, key):
    done(compute.virtual_machines.begin_power_off(group, "vm", skip_shutdown=True))
    assert power(compute, group) == ["VM stopped"]
    done(compute.virtual_machines.begin_start(group, "vm"))
    assert power(compute, group) == ["VM running"]
    # A guest that is up hears the power button.
    guest = Guest(network.public_ip_addresses.get(group, "door").properties.ip_address, key).wait()
    done(compute.virtual_machines.begin_deallocate(group, "vm"))
    assert power(compute, group) == ["VM deallocated"]
    done(compute.virtual_machines.begin_start(group, "vm"))
    guest.wait()


def test_a_machine_is_patched_and_its_disks_are_told_of(compute, group, machine):
    updated = done(compute.virtual_machines.begin_update(group, "vm", {"tags": {"team": "blue"}}))
    assert (updated.tags, updated.properties.vm_id) == ({"team": "blue"}, machine.properties.vm_id)
    (data,) = updated.properties.storage_profile.data_disks
    assert done(compute.disks.begin_update(group, data.name, {"properties": {"diskSizeGB": 2}})).properties.disk_size_gb == 2
    attached = {disk.name: disk.properties.disk_state for disk in compute.disks.list_by_resource_group(group)}
    assert attached == {data.name: "Attached", updated.properties.storage_profile.os_disk.name: "Attached"}
    snapshot = {"location": "paris", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": data.managed_disk.id}}}
    assert done(compute.snapshots.begin_create_or_update(group, "s", snapshot)).properties.disk_size_gb == 2
    assert [item.name for item in compute.snapshots.list_by_resource_group(group)] == ["s"]
    done(compute.snapshots.begin_delete(group, "s"))


def test_sizes_skus_usages_and_images_are_listed(compute, light_image, machine):
    assert "Standard_B1ls" in [size.name for size in compute.virtual_machine_sizes.list("paris")]
    (sku,) = [sku for sku in compute.resource_skus.list(filter="location eq 'paris'") if sku.name == "Standard_B1ls"]
    assert sku.location_info[0].zones == ["1", "2", "3"]
    usage = {item.name.value: item for item in compute.usage.list("paris")}
    assert 1 <= usage["virtualMachines"].current_value < usage["virtualMachines"].limit
    publisher, offer, kind, _ = light_image.split(":")
    (version,) = compute.virtual_machine_images.list("paris", publisher, offer, kind)
    assert compute.virtual_machine_images.get("paris", publisher, offer, kind, version.name).properties.os_disk_image.operating_system == "Linux"


@pytest.fixture
def fleet(arm, compute, network, group, interface, machine, key):
    """As many machines as make up the number: listed before they run, and deleted before they would."""
    (subnet,) = network.subnets.list(group, "net")
    names = [f"fleet{number:02}" for number in range(1, MACHINES)]
    for name in names:
        nic = {"location": "paris", "properties": {"ipConfigurations": [{"name": "main", "properties": {"subnet": {"id": subnet.id}}}]}}
        network.network_interfaces.begin_create_or_update(group, name, nic, polling=False)
    for name in names:
        compute.virtual_machines.begin_create_or_update(group, name, {"location": "paris", "properties": arm.machine_body(name, key)}, polling=False)
    yield names
    for poller in [compute.virtual_machines.begin_delete(group, name) for name in names]:
        done(poller)


def test_forty_machines_are_one_list_however_it_is_paged(compute, network, group, fleet):
    own = sorted(fleet + ["vm"])
    assert len(own) == MACHINES
    assert sorted(item.name for item in compute.virtual_machines.list_all() if f"/{group}/" in item.id) == own
    assert sorted(item.name for item in network.network_interfaces.list(group)) == own
    pages = [[item.name for item in page] for page in compute.virtual_machines.list(group, params={"$top": "7"}).by_page()]
    assert [len(page) for page in pages] == [7, 7, 7, 7, 7, 5]
    assert sorted(name for page in pages for name in page) == own


def test_disks_that_are_deleted_while_they_are_made_leave_nothing(cloud, compute, group, light_image):
    host = Host(cloud)
    before = host.files("disks")
    names = [unique("brief") for _ in range(20)]
    body = {"location": "paris", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1}}
    for name in names:
        compute.disks.begin_create_or_update(group, name, body, polling=False)
    for poller in [compute.disks.begin_delete(group, name) for name in names]:
        done(poller)
    assert not {disk.name for disk in compute.disks.list_by_resource_group(group)} & set(names)
    assert host.files("disks") == before


def test_what_is_not_there_is_not_found(compute, network, group, arm):
    for call, expected in (
        (lambda: compute.virtual_machines.get(group, "nowhere"), "ResourceNotFound"),
        (lambda: compute.virtual_machines.begin_start(group, "nowhere"), "ResourceNotFound"),
        (lambda: compute.disks.get(group, "nowhere"), "ResourceNotFound"),
        (lambda: network.subnets.get(group, "nowhere", "a"), "ResourceNotFound"),
        (lambda: network.virtual_networks.get(unique("rg"), "net"), "ResourceGroupNotFound"),
        (lambda: compute.virtual_machine_images.get("paris", "Nobody", "none", "1", "1.0.0"), "PlatformImageNotFound"),
    ):
        with pytest.raises(ResourceNotFoundError) as refusal:
            call()
        assert code(refusal) == (404, expected)


def test_what_cannot_be_is_refused_with_azures_code(compute, network, arm, group, interface, machine, key):
    def create(**change):
        properties = arm.machine_body("wrong", key, interface="vm") | change
        compute.virtual_machines.begin_create_or_update(group, "wrong", {"location": "paris", "properties": properties})

    with pytest.raises(HttpResponseError) as refusal:
        create(hardwareProfile={"vmSize": "Standard_Nope"})
    assert code(refusal) == (400, "InvalidParameter") and "Standard_B1ls" in refusal.value.message
    with pytest.raises(HttpResponseError) as refusal:
        create()
    assert code(refusal) == (400, "NicInUse")
    # A machine is in one network.
    abroad = {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}, "subnets": [{"name": "a", "properties": {"addressPrefix": "10.7.0.0/24"}}]}
    done(network.virtual_networks.begin_create_or_update(group, "abroad", {"location": "paris", "properties": abroad}))
    nics = []
    for name in ("net", "abroad"):
        (subnet,) = network.subnets.list(group, name)
        properties = {"ipConfigurations": [{"name": "main", "properties": {"subnet": {"id": subnet.id}}}]}
        made = done(network.network_interfaces.begin_create_or_update(group, f"leg-{name}", {"location": "paris", "properties": properties}))
        nics.append({"id": made.id, "properties": {"primary": not nics}})
    with pytest.raises(HttpResponseError) as refusal:
        create(networkProfile={"networkInterfaces": nics})
    assert code(refusal) == (400, "SubnetsNotInSameVnet")
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(group, "wrong")


def test_types_and_namespaces_that_are_not_served_are_named(cloud, compute, network, resources, group):
    with pytest.raises(ResourceNotFoundError) as refusal:
        list(compute.virtual_machine_scale_sets.list_all())
    assert code(refusal) == (404, "InvalidResourceType") and "virtualMachineScaleSets" in refusal.value.message
    with pytest.raises(ResourceNotFoundError) as refusal:
        list(network.load_balancers.list(group))
    assert code(refusal) == (404, "InvalidResourceType") and "loadBalancers" in refusal.value.message
    with pytest.raises(ResourceNotFoundError) as refusal:
        resources.resources.get_by_id(
            f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Sql/servers/s", api_version="2023-08-01")
    assert code(refusal) == (404, "InvalidResourceNamespace")


def test_a_move_to_another_group_is_refused_for_what_it_is(cloud, resources, group, interface):
    body = {"resources": [interface.id], "targetResourceGroup": f"/subscriptions/{cloud.subscription}/resourceGroups/{unique('rg')}"}
    for call in (resources.resources.begin_move_resources, resources.resources.begin_validate_move_resources):
        with pytest.raises(HttpResponseError) as refusal:
            call(group, body).result(timeout=POLL_SECONDS)
        assert code(refusal) == (409, "ResourceMoveNotSupported")


def test_a_machine_is_deleted_with_what_its_options_say(compute, network, group, machine):
    done(compute.virtual_machines.begin_delete(group, "vm"))
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(group, "vm")
    with pytest.raises(ResourceNotFoundError):
        network.network_interfaces.get(group, "vm")
    assert network.public_ip_addresses.get(group, "door").properties.ip_configuration is None
