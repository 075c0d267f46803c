"""Networks as tenants make them with `az`: created, listed, shown, changed and deleted; no machine is needed for it."""

import ipaddress

import pytest


# What az says of a resource that is not there.
NOT_FOUND = 3
PEERING = ("network", "vnet", "peering")


@pytest.fixture(scope="module")
def net(az, rg):
    """The network that most tests use: two subnets in 10.0.0.0/16."""
    made = network(az, rg, "net", "10.0.0.0/16", "a", "10.0.0.0/24")
    az("network", "vnet", "subnet", "create", "-g", rg, "--vnet-name", "net", "-n", "b", "--address-prefixes", "10.0.1.0/24")
    return made


def network(az, rg, name, prefix, subnet, subnet_prefix):
    """A new network with one subnet."""
    return az(
        "network", "vnet", "create", "-g", rg, "-n", name, "--address-prefixes", prefix, "--subnet-name", subnet, "--subnet-prefixes", subnet_prefix
    )["newVNet"]


def interface(az, rg, name, network, subnet, *options):
    """A new interface in a subnet."""
    return az("network", "nic", "create", "-g", rg, "-n", name, "--vnet-name", network, "--subnet", subnet, *options)["NewNIC"]


def names(resources):
    return sorted(resource["name"] for resource in resources)


def within(address, prefix):
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix)


def last(id):
    return id.split("/")[-1]


# Virtual networks


def test_a_network_is_made_with_a_subnet_listed_and_shown(az, rg, net):
    assert net["provisioningState"] == "Succeeded"
    assert net["addressSpace"]["addressPrefixes"] == ["10.0.0.0/16"]
    assert [(subnet["name"], subnet["addressPrefix"]) for subnet in net["subnets"]] == [("a", "10.0.0.0/24")]
    assert "net" in names(az("network", "vnet", "list", "-g", rg))
    assert net["id"] in [item["id"] for item in az("network", "vnet", "list")]
    shown = az("network", "vnet", "show", "-g", rg, "-n", "net")
    assert (shown["id"], shown["resourceGuid"], shown["location"]) == (net["id"], net["resourceGuid"], "paris")
    assert az.run("network", "vnet", "show", "-g", rg, "-n", "nowhere").returncode == NOT_FOUND


def test_a_network_takes_further_prefixes_and_subnets_and_gives_them_back(az, rg):
    network(az, rg, "wide", "10.1.0.0/16", "one", "10.1.0.0/24")
    subnet = ("network", "vnet", "subnet")
    at = ("-g", rg, "--vnet-name", "wide")
    assert "NetcfgInvalidSubnet" in az.refused(*subnet, "create", *at, "-n", "two", "--address-prefixes", "10.2.0.0/24")
    updated = az("network", "vnet", "update", "-g", rg, "-n", "wide", "--address-prefixes", "10.1.0.0/16", "10.2.0.0/16")
    assert updated["addressSpace"]["addressPrefixes"] == ["10.1.0.0/16", "10.2.0.0/16"]
    # An update of the network leaves its subnets.
    assert names(updated["subnets"]) == ["one"]
    assert az(*subnet, "create", *at, "-n", "two", "--address-prefixes", "10.2.0.0/24")["provisioningState"] == "Succeeded"
    assert names(az(*subnet, "list", *at)) == ["one", "two"]
    assert az(*subnet, "update", *at, "-n", "two", "--address-prefixes", "10.2.4.0/23")["addressPrefix"] == "10.2.4.0/23"
    assert az(*subnet, "show", *at, "-n", "two")["addressPrefix"] == "10.2.4.0/23"
    assert "NetcfgSubnetRangesOverlap" in az.refused(*subnet, "create", *at, "-n", "three", "--address-prefixes", "10.2.5.0/24")
    # A prefix with a subnet in it does not go.
    assert "NetcfgInvalidSubnet" in az.refused("network", "vnet", "update", "-g", rg, "-n", "wide", "--address-prefixes", "10.1.0.0/16")
    az(*subnet, "delete", *at, "-n", "two")
    assert names(az(*subnet, "list", *at)) == ["one"]
    az("network", "vnet", "update", "-g", rg, "-n", "wide", "--address-prefixes", "10.1.0.0/16")
    az("network", "vnet", "delete", "-g", rg, "-n", "wide")
    assert az.run("network", "vnet", "show", "-g", rg, "-n", "wide").returncode == NOT_FOUND
    assert az.run(*subnet, "show", *at, "-n", "one").returncode == NOT_FOUND


def test_two_networks_may_have_the_same_addresses(az, rg, net):
    network(az, rg, "same", "10.0.0.0/16", "a", "10.0.0.0/24")
    for name in ("net", "same"):
        made = interface(az, rg, f"in-{name}", name, "a", "--private-ip-address", "10.0.0.200")
        assert made["ipConfigurations"][0]["privateIPAddress"] == "10.0.0.200"
    for name in ("net", "same"):
        az("network", "nic", "delete", "-g", rg, "-n", f"in-{name}")
    az("network", "vnet", "delete", "-g", rg, "-n", "same")


@pytest.fixture
def peered(az, rg, net):
    """Two networks of which each has a peering with the other: how az calls the one, and the other."""
    network(az, rg, "far", "10.9.0.0/16", "a", "10.9.0.0/24")
    near, far = ("-g", rg, "--vnet-name", "net", "-n", "to-far"), ("-g", rg, "--vnet-name", "far", "-n", "to-net")
    assert az(*PEERING, "create", *near, "--remote-vnet", "far", "--allow-vnet-access")["peeringState"] == "Initiated"
    assert az(*PEERING, "create", *far, "--remote-vnet", "net", "--allow-vnet-access")["peeringState"] == "Connected"
    yield near, far
    az(*PEERING, "delete", *near)
    az("network", "vnet", "delete", "-g", rg, "-n", "far")


def test_peerings_are_listed_changed_and_kept_by_updates_of_their_network(az, rg, peered):
    near, _ = peered
    (listed,) = az(*PEERING, "list", "-g", rg, "--vnet-name", "net")
    assert (listed["peeringState"], listed["remoteAddressSpace"]["addressPrefixes"]) == ("Connected", ["10.9.0.0/16"])
    assert az(*PEERING, "update", *near, "--set", "allowVirtualNetworkAccess=false")["allowVirtualNetworkAccess"] is False
    (kept,) = az("network", "vnet", "update", "-g", rg, "-n", "net", "--set", "tags.team=red")["virtualNetworkPeerings"]
    assert (kept["name"], kept["allowVirtualNetworkAccess"], kept["peeringState"]) == ("to-far", False, "Connected")


def test_a_peering_that_has_lost_its_other_half_says_so_until_it_is_written_again(az, peered):
    near, far = peered
    az(*PEERING, "delete", *far)
    assert az(*PEERING, "show", *near)["peeringState"] == "Disconnected"
    assert "RemotePeeringIsDisconnected" in az.refused(*PEERING, "create", *far, "--remote-vnet", "net", "--allow-vnet-access")
    assert az(*PEERING, "update", *near, "--set", "allowVirtualNetworkAccess=true")["peeringState"] == "Initiated"
    assert az(*PEERING, "create", *far, "--remote-vnet", "net", "--allow-vnet-access")["peeringState"] == "Connected"


def test_a_peering_stays_disconnected_when_only_its_network_is_written(az, rg, peered):
    near, _ = peered
    az("network", "vnet", "delete", "-g", rg, "-n", "far")
    (kept,) = az("network", "vnet", "update", "-g", rg, "-n", "net", "--set", "tags.team=blue")["virtualNetworkPeerings"]
    assert (kept["name"], kept["peeringState"]) == ("to-far", "Disconnected")
    network(az, rg, "far", "10.9.0.0/16", "a", "10.9.0.0/24")
    assert az(*PEERING, "show", *near)["peeringState"] == "Disconnected"


def test_free_addresses_are_told(az, rg):
    network(az, rg, "free", "10.8.0.0/16", "small", "10.8.0.0/28")
    interface(az, rg, "taker", "free", "small", "--private-ip-address", "10.8.0.5")

    def check(address):
        return az("network", "vnet", "check-ip-address", "-g", rg, "-n", "free", "--ip-address", address)

    free = ["10.8.0.4", "10.8.0.6", "10.8.0.7", "10.8.0.8", "10.8.0.9"]
    assert check("10.8.0.4")["available"] is True
    taken = check("10.8.0.5")
    assert (taken["available"], taken["availableIPAddresses"], taken["isPlatformReserved"]) == (False, free, False)
    assert check("10.8.0.14")["available"] is True
    for reserved in ("10.8.0.0", "10.8.0.3", "10.8.0.15"):
        assert (check(reserved)["available"], check(reserved)["isPlatformReserved"]) == (False, True)
    assert az("network", "vnet", "subnet", "list-available-ips", "-g", rg, "--vnet-name", "free", "-n", "small") == free
    assert az("network", "vnet", "list-available-ips", "-g", rg, "-n", "free") == free
    outside = ("network", "vnet", "check-ip-address", "-g", rg, "-n", "free", "--ip-address", "10.8.1.4")
    assert "PrivateIPAddressNotInAnySubnet" in az.refused(*outside)
    az("network", "nic", "delete", "-g", rg, "-n", "taker")
    az("network", "vnet", "delete", "-g", rg, "-n", "free")


# Security groups


def test_a_security_group_has_rules_that_are_written_changed_and_deleted(az, rg):
    made = az("network", "nsg", "create", "-g", rg, "-n", "web")["NewNSG"]
    assert names(made["defaultSecurityRules"]) == sorted([
        "AllowVnetInBound", "AllowAzureLoadBalancerInBound", "DenyAllInBound", "AllowVnetOutBound", "AllowInternetOutBound", "DenyAllOutBound"
    ])
    rule = ("network", "nsg", "rule")
    at = ("-g", rg, "--nsg-name", "web")
    made = az(*rule, "create", *at, "-n", "http", "--priority", "200", "--protocol", "Tcp", "--destination-port-ranges", "80", "443", "8000-8080")
    # What az leaves out, it fills in itself.
    assert (made["access"], made["direction"], made["sourceAddressPrefix"]) == ("Allow", "Inbound", "*")
    assert made["destinationPortRanges"] == ["80", "443", "8000-8080"]
    az(*rule, "create", *at, "-n", "out", "--priority", "200", "--direction", "Outbound", "--access", "Deny", "--destination-port-ranges", "25")
    assert names(az(*rule, "list", *at)) == ["http", "out"]
    assert len(az(*rule, "list", *at, "--include-default")) == 8
    updated = az(
        *rule, "update", *at, "-n", "http", "--access", "Deny", "--priority", "300", "--source-address-prefixes", "10.0.0.0/8", "192.168.0.0/16")
    assert (updated["access"], updated["priority"], updated["sourceAddressPrefixes"]) == ("Deny", 300, ["10.0.0.0/8", "192.168.0.0/16"])
    assert updated["destinationPortRanges"] == ["80", "443", "8000-8080"]
    assert az(*rule, "show", *at, "-n", "http")["priority"] == 300
    assert "SecurityRuleConflict" in az.refused(*rule, "create", *at, "-n", "ssh", "--priority", "300", "--destination-port-ranges", "22")
    az(*rule, "delete", *at, "-n", "http")
    assert az.run(*rule, "show", *at, "-n", "http").returncode == NOT_FOUND
    assert names(az("network", "nsg", "show", "-g", rg, "-n", "web")["securityRules"]) == ["out"]
    # Tags are no reason to lose rules.
    assert names(az("network", "nsg", "update", "-g", rg, "-n", "web", "--set", "tags.team=red")["securityRules"]) == ["out"]
    assert "web" in names(az("network", "nsg", "list", "-g", rg))
    az("network", "nsg", "delete", "-g", rg, "-n", "web")
    assert az.run("network", "nsg", "show", "-g", rg, "-n", "web").returncode == NOT_FOUND


def test_a_security_group_serves_subnets_and_interfaces_and_stays_while_it_does(az, rg, net):
    az("network", "nsg", "create", "-g", rg, "-n", "guard")
    subnet = ("network", "vnet", "subnet", "update", "-g", rg, "--vnet-name", "net", "-n", "b", "--network-security-group")
    assert last(az(*subnet, "guard")["networkSecurityGroup"]["id"]) == "guard"
    interface(az, rg, "guarded", "net", "b", "--network-security-group", "guard")
    shown = az("network", "nsg", "show", "-g", rg, "-n", "guard")
    assert [last(user["id"]) for user in shown["subnets"] + shown["networkInterfaces"]] == ["b", "guarded"]
    assert "InUseNetworkSecurityGroupCannotBeDeleted" in az.refused("network", "nsg", "delete", "-g", rg, "-n", "guard")
    assert az(*subnet, "null").get("networkSecurityGroup") is None
    assert "InUseNetworkSecurityGroupCannotBeDeleted" in az.refused("network", "nsg", "delete", "-g", rg, "-n", "guard")
    assert az("network", "nic", "update", "-g", rg, "-n", "guarded", "--network-security-group", "null").get("networkSecurityGroup") is None
    az("network", "nsg", "delete", "-g", rg, "-n", "guard")
    az("network", "nic", "delete", "-g", rg, "-n", "guarded")


def test_an_application_security_group_stands_for_interfaces_in_rules(az, rg, net):
    for name in ("front", "back"):
        assert az("network", "asg", "create", "-g", rg, "-n", name)["provisioningState"] == "Succeeded"
    assert names(az("network", "asg", "list", "-g", rg)) == ["back", "front"]
    assert az("network", "asg", "update", "-g", rg, "-n", "front", "--tags", "team=red")["tags"] == {"team": "red"}
    assert az("network", "asg", "show", "-g", rg, "-n", "front")["tags"] == {"team": "red"}
    az("network", "nsg", "create", "-g", rg, "-n", "tiers")
    made = az(
        "network", "nsg", "rule", "create", "-g", rg, "--nsg-name", "tiers", "-n", "sql", "--priority", "100", "--source-asgs", "front",
        "--destination-asgs", "back", "--destination-port-ranges", "5432")
    assert last(made["sourceApplicationSecurityGroups"][0]["id"]) == "front"
    assert last(made["destinationApplicationSecurityGroups"][0]["id"]) == "back"
    nic = interface(az, rg, "db", "net", "a", "--application-security-groups", "back", "--network-security-group", "tiers")
    assert last(nic["ipConfigurations"][0]["applicationSecurityGroups"][0]["id"]) == "back"
    for name in ("front", "back"):
        assert "InUseApplicationSecurityGroupCannotBeDeleted" in az.refused("network", "asg", "delete", "-g", rg, "-n", name)
    az("network", "nic", "delete", "-g", rg, "-n", "db")
    az("network", "nsg", "delete", "-g", rg, "-n", "tiers")
    for name in ("front", "back"):
        az("network", "asg", "delete", "-g", rg, "-n", name)
    assert az("network", "asg", "list", "-g", rg) == []


# Addresses and interfaces


def test_a_public_address_is_there_at_once_and_stays_with_its_resource(cloud, az, rg, net):
    made = az("network", "public-ip", "create", "-g", rg, "-n", "door", "--zone", "2")["publicIp"]
    assert (made["publicIPAllocationMethod"], made["sku"]["name"], made["zones"]) == ("Static", "Standard", ["2"])
    assert within(made["ipAddress"], f"{cloud.pool}.0/24")
    other = az("network", "public-ip", "create", "-g", rg, "-n", "other")["publicIp"]
    assert other["ipAddress"] != made["ipAddress"]
    assert names(az("network", "public-ip", "list", "-g", rg)) == ["door", "other"]
    updated = az("network", "public-ip", "update", "-g", rg, "-n", "door", "--idle-timeout", "10")
    assert (updated["idleTimeoutInMinutes"], updated["ipAddress"]) == (10, made["ipAddress"])
    assert "InvalidIdleTimeoutInMinutes" in az.refused("network", "public-ip", "update", "-g", rg, "-n", "door", "--idle-timeout", "3")
    nic = interface(az, rg, "hall", "net", "a", "--public-ip-address", "door")
    shown = az("network", "public-ip", "show", "-g", rg, "-n", "door")
    assert shown["ipConfiguration"]["id"] == nic["ipConfigurations"][0]["id"]
    second = ("network", "nic", "create", "-g", rg, "-n", "second", "--vnet-name", "net", "--subnet", "a", "--public-ip-address", "door")
    assert "PublicIPAddressInUse" in az.refused(*second)
    assert "PublicIPAddressCannotBeDeleted" in az.refused("network", "public-ip", "delete", "-g", rg, "-n", "door")
    # Without its interface's configuration it is free again, with the same address.
    az("network", "nic", "ip-config", "update", "-g", rg, "--nic-name", "hall", "-n", "ipconfig1", "--public-ip-address", "null")
    shown = az("network", "public-ip", "show", "-g", rg, "-n", "door")
    assert (shown.get("ipConfiguration"), shown["ipAddress"]) == (None, made["ipAddress"])
    for name in ("door", "other"):
        az("network", "public-ip", "delete", "-g", rg, "-n", name)
    az("network", "nic", "delete", "-g", rg, "-n", "hall")
    assert az("network", "public-ip", "list", "-g", rg) == []


def test_an_interface_takes_the_address_that_is_free_or_the_one_that_is_asked_for(az, rg, net):
    dynamic = interface(az, rg, "dynamic", "net", "a")
    assert dynamic["enableIPForwarding"] is False
    configuration = dynamic["ipConfigurations"][0]
    assert (configuration["privateIPAllocationMethod"], configuration["primary"]) == ("Dynamic", True)
    # The first four addresses of a subnet and its last are the platform's.
    assert ipaddress.ip_address("10.0.0.4") <= ipaddress.ip_address(configuration["privateIPAddress"]) <= ipaddress.ip_address("10.0.0.254")
    fixed = interface(az, rg, "fixed", "net", "a", "--private-ip-address", "10.0.0.77")["ipConfigurations"][0]
    assert (fixed["privateIPAllocationMethod"], fixed["privateIPAddress"]) == ("Static", "10.0.0.77")
    third = ("network", "nic", "create", "-g", rg, "-n", "third", "--vnet-name", "net", "--subnet", "a", "--private-ip-address", "10.0.0.77")
    assert "PrivateIPAddressIsAllocated" in az.refused(*third)
    assert {"dynamic", "fixed"} <= set(names(az("network", "nic", "list", "-g", rg)))
    assert az("network", "nic", "show", "-g", rg, "-n", "dynamic")["resourceGuid"] == dynamic["resourceGuid"]
    # The subnet knows who is in it, and stays for them.
    shown = az("network", "vnet", "subnet", "show", "-g", rg, "--vnet-name", "net", "-n", "a")
    assert {configuration["id"], fixed["id"]} <= {user["id"] for user in shown["ipConfigurations"]}
    assert "InUseSubnetCannotBeDeleted" in az.refused("network", "vnet", "subnet", "delete", "-g", rg, "--vnet-name", "net", "-n", "a")
    for name in ("dynamic", "fixed"):
        az("network", "nic", "delete", "-g", rg, "-n", name)
    assert az.run("network", "nic", "show", "-g", rg, "-n", "fixed").returncode == NOT_FOUND


def test_an_interface_moves_to_another_subnet_and_changes_its_address(az, rg, net):
    made = interface(az, rg, "mover", "net", "a")
    update = ("network", "nic", "ip-config", "update", "-g", rg, "--nic-name", "mover", "-n", "ipconfig1")
    moved = az(*update, "--vnet-name", "net", "--subnet", "b")
    assert last(moved["subnet"]["id"]) == "b" and within(moved["privateIPAddress"], "10.0.1.0/24")
    subnets = {subnet["name"]: subnet for subnet in az("network", "vnet", "subnet", "list", "-g", rg, "--vnet-name", "net")}
    assert moved["id"] not in [user["id"] for user in subnets["a"].get("ipConfigurations") or []]
    assert moved["id"] in [user["id"] for user in subnets["b"]["ipConfigurations"]]
    fixed = az(*update, "--private-ip-address", "10.0.1.99")
    assert (fixed["privateIPAllocationMethod"], fixed["privateIPAddress"]) == ("Static", "10.0.1.99")
    assert "PrivateIPAddressNotInSubnet" in az.refused(*update, "--private-ip-address", "10.0.0.99")
    freed = az(*update, "--private-ip-address", "")
    assert freed["privateIPAllocationMethod"] == "Dynamic" and within(freed["privateIPAddress"], "10.0.1.0/24")
    shown = az("network", "nic", "show", "-g", rg, "-n", "mover")
    assert (shown["macAddress"], shown["resourceGuid"]) == (made["macAddress"], made["resourceGuid"])
    # To another network it does not move.
    network(az, rg, "abroad", "10.5.0.0/16", "a", "10.5.0.0/24")
    az.refused(*update, "--vnet-name", "abroad", "--subnet", "a")
    assert last(az("network", "nic", "ip-config", "show", "-g", rg, "--nic-name", "mover", "-n", "ipconfig1")["subnet"]["id"]) == "b"
    az("network", "vnet", "delete", "-g", rg, "-n", "abroad")
    az("network", "nic", "delete", "-g", rg, "-n", "mover")


def test_an_interface_has_several_addresses_and_forwards_only_when_told(az, rg, net):
    interface(az, rg, "many", "net", "a")
    configuration = ("network", "nic", "ip-config")
    at = ("-g", rg, "--nic-name", "many")
    assert az(*configuration, "create", *at, "-n", "second", "--private-ip-address", "10.0.0.150")["primary"] is False
    assert names(az(*configuration, "list", *at)) == ["ipconfig1", "second"]
    az(*configuration, "update", *at, "-n", "second", "--make-primary")
    shown = az("network", "nic", "show", "-g", rg, "-n", "many")
    assert [item["name"] for item in shown["ipConfigurations"] if item["primary"]] == ["second"]
    az(*configuration, "update", *at, "-n", "ipconfig1", "--make-primary")
    az(*configuration, "delete", *at, "-n", "second")
    assert names(az(*configuration, "list", *at)) == ["ipconfig1"]
    assert az("network", "nic", "update", "-g", rg, "-n", "many", "--ip-forwarding", "true")["enableIPForwarding"] is True
    assert az("network", "nic", "update", "-g", rg, "-n", "many", "--ip-forwarding", "false")["enableIPForwarding"] is False
    az("network", "nic", "delete", "-g", rg, "-n", "many")


def test_all_addresses_of_an_interface_are_in_one_subnet(az, rg, net):
    interface(az, rg, "torn", "net", "a")
    second = ("network", "nic", "ip-config", "create", "-g", rg, "--nic-name", "torn", "-n", "second", "--vnet-name", "net", "--subnet", "b")
    try:
        assert "IpConfigurationsOnSameNicCannotUseDifferentSubnets" in az.refused(*second)
    finally:
        az("network", "nic", "delete", "-g", rg, "-n", "torn")


# What there is and what there is not


def test_usages_count_what_there_is(az, rg, net):
    def usage():
        # az shows the numbers as text.
        return {item["name"]["value"]: (int(item["currentValue"]), int(item["limit"])) for item in az("network", "list-usages", "-l", "paris")}

    before = usage()
    az("network", "nsg", "create", "-g", rg, "-n", "counted")
    after = usage()
    assert after["NetworkSecurityGroups"][0] == before["NetworkSecurityGroups"][0] + 1
    assert after["VirtualNetworks"][0] == len(az("network", "vnet", "list"))
    assert all(value <= limit for value, limit in after.values())
    az("network", "nsg", "delete", "-g", rg, "-n", "counted")


@pytest.mark.parametrize("arguments, code", [
    (("route-table", "create", "-n", "routes"), "InvalidResourceType"),
    (("nat", "gateway", "create", "-n", "nat"), "InvalidResourceType"),
    (("public-ip", "create", "-n", "six", "--version", "IPv6"), "IPv6NotSupported"),
    (("public-ip", "create", "-n", "basic", "--sku", "Standard", "--allocation-method", "Dynamic"), "PublicIPAddressAllocationMethodNotSupported"),
    (("vnet", "create", "-n", "six", "--address-prefixes", "fd00::/48"), "IPv6NotSupported"),
    (("vnet", "subnet", "update", "--vnet-name", "net", "-n", "b", "--route-table", "routes"), "FeatureNotSupported"),
])
def test_what_is_not_served_is_refused_by_name(az, rg, net, arguments, code):
    before = names(az("resource", "list", "-g", rg))
    assert code in az.refused("network", *arguments, "-g", rg)
    assert names(az("resource", "list", "-g", rg)) == before
