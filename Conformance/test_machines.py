"""`az vm create`, and a real Linux answers on SSH: the commands that tenants use, unmodified."""

import json
import subprocess

import pytest

from machines import LIGHT_IMAGE, Guest, Host


@pytest.fixture(scope="module")
def created(az, rg, light_image, key):
    """What `az vm create` printed."""
    scope = az("group", "show", "-n", rg)["id"]
    return az(
        "vm", "create", "-g", rg, "-n", "vm1", "--image", light_image, "--size", "Standard_B1ls", "--admin-username", "azureuser",
        "--ssh-key-values", f"{key}.pub", "--zone", "1", "--assign-identity", "--role", "Reader", "--scope", scope, "--data-disk-sizes-gb", "1",
        "--tags", "team=red")


@pytest.fixture(scope="module")
def guest_shell(created, key):
    return Guest(created["publicIpAddress"], key).wait()


def test_the_catalogue_sizes_and_usage_are_listed(az, light_image):
    assert any(image["urn"].startswith("Cocagne:light:1:") for image in az("vm", "image", "list", "--all", "-l", "paris", "--publisher", "Cocagne"))
    assert az("vm", "image", "show", "-l", "paris", "--urn", LIGHT_IMAGE)["architecture"] == "x64"
    sizes = {size["name"]: size for size in az("vm", "list-sizes", "-l", "paris")}
    assert sizes["Standard_B1ls"]["memoryInMB"] == 512
    assert sizes["Standard_D2s_v5"]["numberOfCores"] == 2
    assert {"Standard_D2s_v5"} <= {sku["name"] for sku in az("vm", "list-skus", "-l", "paris")}
    assert {"cores", "virtualMachines"} <= {usage["name"]["value"] for usage in az("vm", "list-usage", "-l", "paris")}


def test_a_created_machine_runs_and_answers(az, rg, created, guest_shell):
    assert created["powerState"] == "VM running"
    assert guest_shell.text("hostname") == "vm1"
    assert guest_shell.text("whoami") == "azureuser"
    assert created["privateIpAddress"] in guest_shell.text("ip -4 -o addr show eth0")
    shown = az("vm", "show", "-d", "-g", rg, "-n", "vm1")
    assert shown["publicIps"] == created["publicIpAddress"]
    assert shown["zones"] == ["1"]
    assert shown["macAddresses"] == created["macAddress"]
    assert [machine["powerState"] for machine in az("vm", "list", "-d", "-g", rg)] == ["VM running"]
    view = az("vm", "get-instance-view", "-g", rg, "-n", "vm1")["instanceView"]
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"


def test_dhcp_gives_what_azure_gives(guest_shell):
    # 168.63.129.16, in hexadecimal.
    assert "option245=a83f8110" in guest_shell.text("cat /run/lease")
    routes = guest_shell.text("ip route")
    assert "168.63.129.16" in routes and "169.254.169.254" in routes
    assert "nameserver 168.63.129.16" in guest_shell.text("cat /etc/resolv.conf")
    assert guest_shell.text("nslookup vm1 168.63.129.16 | grep -c 'Address: 10.0.0.4'") == "1"
    assert guest_shell.text("cat /sys/class/net/eth0/mtu") == "1450"


def test_the_metadata_service_tells_the_truth(cloud, rg, created, guest_shell):
    def get(path, header="--header 'Metadata: true'", check=True):
        return guest_shell.run(f"wget -q -O - {header} 'http://169.254.169.254/metadata/{path}'", check=check)

    document = json.loads(get("instance?api-version=2021-02-01").stdout)
    compute = document["compute"]
    assert (compute["name"], compute["resourceGroupName"], compute["zone"], compute["vmSize"]) == ("vm1", rg, "1", "Standard_B1ls")
    assert compute["subscriptionId"] == cloud.subscription
    assert compute["tags"] == "team:red"
    address = document["network"]["interface"][0]["ipv4"]["ipAddress"][0]
    assert address == {"privateIpAddress": created["privateIpAddress"], "publicIpAddress": created["publicIpAddress"]}
    assert get("instance/compute/location?api-version=2021-02-01&format=text").stdout == "paris"
    # Without the header, through a proxy, or without a version, there is no answer.
    assert get("instance?api-version=2021-02-01", header="", check=False).returncode != 0
    proxied = "--header 'Metadata: true' --header 'X-Forwarded-For: 10.0.0.9'"
    assert get("instance?api-version=2021-02-01", header=proxied, check=False).returncode != 0
    assert get("instance", check=False).returncode != 0


def test_a_machine_has_a_token_of_its_own(cloud, created, guest_shell):
    resource = f"{cloud.arm}/"
    path = f"metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"
    answer = json.loads(guest_shell.text(f"wget -q -O - --header 'Metadata: true' 'http://169.254.169.254/{path}'"))
    assert answer["token_type"] == "Bearer" and answer["resource"] == resource
    session = cloud.session()
    session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    group = created["resourceGroup"]
    base = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    # It was made a reader of its group, and of nothing else.
    assert session.get(cloud.arm_url(base), timeout=30).status_code == 200
    assert session.put(cloud.arm_url(base), json={"location": "paris"}, timeout=30).status_code == 403


def test_the_console_log_is_handed_out(az, rg, created):
    log = az.run("vm", "boot-diagnostics", "get-boot-log", "-g", rg, "-n", "vm1").stdout
    assert "guest: userspace" in log and "guest: ready" in log


def test_disks_are_encrypted_and_no_key_is_on_a_command_line(cloud, az, rg, created):
    host = Host(cloud)
    machine = az("vm", "show", "-g", rg, "-n", "vm1")
    pid = host.qemu(machine["vmId"])
    line = open(f"/proc/{pid}/cmdline", "rb").read()
    assert b"sandbox" in line and b"on" in line
    assert f"{host.folder}/disks".encode() in line
    for name in host.files("disks"):
        information = json.loads(subprocess.run(
            ["qemu-img", "info", "-U", "--output=json", host.folder / "disks" / name], capture_output=True, text=True, check=True).stdout)
        assert information["encrypted"] is True
        assert information["format-specific"]["data"]["encrypt"]["format"] == "luks"
    assert host.secrets() == []


def test_disks_are_attached_grown_snapshotted_and_detached(az, rg, guest_shell, created):
    assert guest_shell.text("ls /dev/sd? | wc -l") == "1"
    az("disk", "create", "-g", rg, "-n", "d1", "--size-gb", "1")
    az("vm", "disk", "attach", "-g", rg, "--vm-name", "vm1", "--name", "d1")
    assert guest_shell.text("ls /dev/sd? | wc -l") == "2"
    assert "is attached to VM" in az.refused("disk", "delete", "-g", rg, "-n", "d1", "--yes")
    guest_shell.run("echo kept-words > /tmp/w; su -c 'dd if=/tmp/w of=/dev/sdb conv=fsync' 2>/dev/null || dd if=/tmp/w of=/dev/sdb conv=fsync", check=False)
    az("snapshot", "create", "-g", rg, "-n", "s1", "--source", "d1")
    az("disk", "create", "-g", rg, "-n", "d2", "--source", "s1")
    assert az("disk", "update", "-g", rg, "-n", "d1", "--size-gb", "2")["diskSizeGB"] == 2
    assert guest_shell.text("cat /sys/block/sdb/size") == str(2 << 21)
    az("vm", "disk", "detach", "-g", rg, "--vm-name", "vm1", "--name", "d1")
    assert guest_shell.text("ls /dev/sd? | wc -l") == "1"
    assert "Disk size reduction is not supported" in az.refused("disk", "update", "-g", rg, "-n", "d1", "--size-gb", "1")
    for name in ("d1", "d2"):
        az("disk", "delete", "-g", rg, "-n", name, "--yes")
    az("snapshot", "delete", "-g", rg, "-n", "s1")


def test_a_machine_is_stopped_started_resized_and_made_an_image_of(az, rg, created, guest_shell, key):
    az("vm", "restart", "-g", rg, "-n", "vm1")
    guest_shell.wait()
    az("vm", "stop", "-g", rg, "-n", "vm1")
    assert az("vm", "show", "-d", "-g", rg, "-n", "vm1")["powerState"] == "VM stopped"
    az("vm", "start", "-g", rg, "-n", "vm1")
    guest_shell.wait()
    az("vm", "deallocate", "-g", rg, "-n", "vm1")
    assert az("vm", "show", "-d", "-g", rg, "-n", "vm1")["powerState"] == "VM deallocated"
    image = az("image", "create", "-g", rg, "-n", "img1", "--source", "vm1")
    assert image["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert az("vm", "resize", "-g", rg, "-n", "vm1", "--size", "Standard_B1s")["hardwareProfile"]["vmSize"] == "Standard_B1s"
    az("vm", "start", "-g", rg, "-n", "vm1")
    guest_shell.wait()
    assert int(guest_shell.text("sed -n 's/MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo")) > 800_000
    az("vm", "redeploy", "-g", rg, "-n", "vm1")
    guest_shell.wait()


def test_a_deleted_machine_leaves_what_its_options_say(az, rg, created):
    az("vm", "delete", "-g", rg, "-n", "vm1", "--yes")
    kinds = {resource["type"].split("/")[1] for resource in az("resource", "list", "-g", rg)}
    assert "virtualMachines" not in kinds
    assert {"networkInterfaces", "disks", "virtualNetworks"} <= kinds
