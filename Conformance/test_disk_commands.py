"""Disks, snapshots and images as tenants make them with `az`, and what is in the copies."""

import json
import shutil
import struct
import subprocess

import pytest

from cloud import unique
from machines import Guest, Host

# What az says of a resource that is not there.
NOT_FOUND = 3
GIBIBYTE = 1 << 30
# Sectors of the one partition of the marked image: a kernel that reads the disk's first sector tells of it.
MARK = 12345
ELSEWHERE = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"


@pytest.fixture(scope="module")
def marked_image(cloud, guest, workspace):
    """The light guest with a disk that has something to lose: a partition table."""
    folder = workspace / unique("marked")
    shutil.copytree(guest, folder)
    manifest = json.loads((folder / "manifest.json").read_text()) | {"offer": "marked"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    raw = folder / "raw"
    entry = struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", 2048, MARK)
    with open(raw, "wb") as file:
        file.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
        file.truncate(64 << 20)
    (folder / "disk.qcow2").unlink()
    subprocess.run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, folder / "disk.qcow2"], check=True)
    raw.unlink()
    cloud.command("image", "add", str(folder))
    return f"{manifest['publisher']}:marked:{manifest['sku']}:latest"


@pytest.fixture(scope="module")
def machine(az, rg, marked_image, key):
    """A machine whose OS disk bears the mark, and a shell in it."""
    made = az(
        "vm", "create", "-g", rg, "-n", "origin", "--image", marked_image, "--size", "Standard_B1ls", "--admin-username", "azureuser",
        "--ssh-key-values", f"{key}.pub")
    return Guest(made["publicIpAddress"], key).wait()


@pytest.fixture(scope="module")
def system(az, rg, machine):
    """The name of that machine's OS disk."""
    return az("vm", "show", "-g", rg, "-n", "origin")["storageProfile"]["osDisk"]["name"]


def names(resources):
    return sorted(resource["name"] for resource in resources)


def virtual_size(cloud, file):
    done = subprocess.run(
        ["qemu-img", "info", "-U", "--output=json", Host(cloud).folder / "disks" / file], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["virtual-size"]


def test_a_disk_is_made_listed_shown_grown_and_deleted_with_its_file(cloud, az, rg):
    before = Host(cloud).files("disks")
    made = az("disk", "create", "-g", rg, "-n", "d", "--size-gb", "1", "--sku", "Standard_LRS", "--zone", "1", "--tags", "team=red")
    assert (made["provisioningState"], made["diskState"], made["diskSizeGB"], made["diskSizeBytes"]) == ("Succeeded", "Unattached", 1, GIBIBYTE)
    assert (made["sku"]["name"], made["zones"], made["tags"]) == ("Standard_LRS", ["1"], {"team": "red"})
    assert (made["creationData"]["createOption"], made["encryption"]["type"]) == ("Empty", "EncryptionAtRestWithPlatformKey")
    (file,) = set(Host(cloud).files("disks")) - set(before)
    assert virtual_size(cloud, file) == GIBIBYTE
    assert "d" in names(az("disk", "list", "-g", rg))
    assert az("disk", "update", "-g", rg, "-n", "d", "--size-gb", "2")["diskSizeGB"] == 2
    assert virtual_size(cloud, file) == 2 * GIBIBYTE
    assert "Disk size reduction is not supported" in az.refused("disk", "update", "-g", rg, "-n", "d", "--size-gb", "1")
    updated = az("disk", "update", "-g", rg, "-n", "d", "--sku", "StandardSSD_LRS", "--set", "tags.team=blue")
    assert (updated["sku"]["name"], updated["tags"], updated["diskSizeGB"]) == ("StandardSSD_LRS", {"team": "blue"}, 2)
    shown = az("disk", "show", "-g", rg, "-n", "d")
    assert (shown["uniqueId"], shown["timeCreated"], shown["diskSizeGB"]) == (made["uniqueId"], made["timeCreated"], 2)
    az("disk", "delete", "-g", rg, "-n", "d", "--yes")
    assert az.run("disk", "show", "-g", rg, "-n", "d").returncode == NOT_FOUND
    assert Host(cloud).files("disks") == before


def test_snapshots_are_made_of_disks_and_disks_of_snapshots(az, rg):
    az("disk", "create", "-g", rg, "-n", "source", "--size-gb", "1")
    snapshot = az("snapshot", "create", "-g", rg, "-n", "s", "--source", "source")
    assert (snapshot["provisioningState"], snapshot["diskSizeGB"], snapshot["incremental"]) == ("Succeeded", 1, False)
    assert snapshot["creationData"]["createOption"] == "Copy"
    assert snapshot["creationData"]["sourceResourceId"] == az("disk", "show", "-g", rg, "-n", "source")["id"]
    assert az("snapshot", "create", "-g", rg, "-n", "s2", "--source", "s", "--incremental")["incremental"] is True
    assert names(az("snapshot", "list", "-g", rg)) == ["s", "s2"]
    assert az("snapshot", "update", "-g", rg, "-n", "s", "--set", "tags.team=red")["tags"] == {"team": "red"}
    # The snapshot is a copy: it does not need what it was made of.
    az("disk", "delete", "-g", rg, "-n", "source", "--yes")
    copy = az("disk", "create", "-g", rg, "-n", "copy", "--source", "s", "--size-gb", "3")
    assert (copy["diskSizeGB"], copy["creationData"]["sourceResourceId"]) == (3, snapshot["id"])
    assert "smaller" in az.refused("disk", "create", "-g", rg, "-n", "small", "--source", "copy", "--size-gb", "1")
    for name in ("s", "s2"):
        az("snapshot", "delete", "-g", rg, "-n", name)
    assert az.run("snapshot", "show", "-g", rg, "-n", "s").returncode == NOT_FOUND
    az("disk", "delete", "-g", rg, "-n", "copy", "--yes")
    assert not {"source", "copy", "small"} & set(names(az("disk", "list", "-g", rg)))


def test_what_a_disk_holds_is_in_its_copies(az, rg, marked_image, machine, system):
    """The running machine's OS disk, its snapshot, a disk of that, a disk of the disk, and one of the image: each has the partition."""
    assert machine.text("cat /sys/block/vda/vda1/size") == str(MARK)
    shown = az("disk", "show", "-g", rg, "-n", system)
    assert (shown["diskState"], shown["osType"]) == ("Attached", "Linux")
    assert az("snapshot", "create", "-g", rg, "-n", "running", "--source", system)["osType"] == "Linux"
    az("disk", "create", "-g", rg, "-n", "first", "--source", "running")
    az("disk", "create", "-g", rg, "-n", "second", "--source", "first")
    assert az("disk", "create", "-g", rg, "-n", "pristine", "--image-reference", marked_image)["osType"] == "Linux"
    for name, device in (("second", "sda"), ("pristine", "sdb")):
        az("vm", "disk", "attach", "-g", rg, "--vm-name", "origin", "--name", name)
        assert machine.text(f"cat /sys/block/{device}/{device}1/size") == str(MARK)
    for name, device in (("second", "sda"), ("pristine", "sdb")):
        az("vm", "disk", "detach", "-g", rg, "--vm-name", "origin", "--name", name)
        assert machine.run(f"test -e /sys/block/{device}", check=False).returncode != 0
    az("snapshot", "delete", "-g", rg, "-n", "running")
    for name in ("first", "second", "pristine"):
        az("disk", "delete", "-g", rg, "-n", name, "--yes")


def test_a_machine_is_made_of_the_image_of_a_disk_and_boots(az, rg, system, key):
    image = az("image", "create", "-g", rg, "-n", "golden", "--source", system, "--os-type", "Linux")
    assert image["provisioningState"] == "Succeeded"
    disk = image["storageProfile"]["osDisk"]
    assert (disk["osType"], disk["osState"], disk["diskSizeGB"]) == ("Linux", "Generalized", 1)
    assert disk["managedDisk"]["id"].endswith(f"/disks/{system}")
    assert names(az("image", "list", "-g", rg)) == ["golden"]
    assert az("image", "show", "-g", rg, "-n", "golden")["id"] == image["id"]
    assert az("image", "update", "-g", rg, "-n", "golden", "--tags", "team=red")["tags"] == {"team": "red"}
    made = az(
        "vm", "create", "-g", rg, "-n", "copied", "--image", "golden", "--size", "Standard_B1ls", "--admin-username", "azureuser", "--ssh-key-values",
        f"{key}.pub", "--os-disk-size-gb", "2", "--os-disk-delete-option", "Delete", "--nic-delete-option", "Delete")
    assert made["powerState"] == "VM running"
    shown = az("vm", "show", "-g", rg, "-n", "copied")["storageProfile"]
    assert (shown["imageReference"]["id"], shown["osDisk"]["diskSizeGB"]) == (image["id"], 2)
    # The image is a copy: neither needs the other.
    az("image", "delete", "-g", rg, "-n", "golden")
    assert az.run("image", "show", "-g", rg, "-n", "golden").returncode == NOT_FOUND
    guest = Guest(made["publicIpAddress"], key).wait()
    assert (guest.text("hostname"), guest.text("cat /sys/block/vda/vda1/size")) == ("copied", str(MARK))
    az("vm", "delete", "-g", rg, "-n", "copied", "--yes")
    assert not [name for name in names(az("disk", "list", "-g", rg)) if name.startswith("copied")]


def test_an_image_has_all_the_disks_that_it_is_made_of_or_is_refused(az, rg, system):
    az("disk", "create", "-g", rg, "-n", "data", "--size-gb", "1")
    done = az.run("image", "create", "-g", rg, "-n", "both", "--source", system, "--os-type", "Linux", "--data-disk-sources", "data")
    try:
        if done.returncode == 0:
            (disk,) = json.loads(done.stdout)["storageProfile"]["dataDisks"]
            assert disk["managedDisk"]["id"].endswith("/disks/data")
            az("image", "delete", "-g", rg, "-n", "both")
        else:
            assert "NotImplemented" in done.stderr
    finally:
        az("disk", "delete", "-g", rg, "-n", "data", "--yes")


def test_az_knows_the_operators_images_by_an_alias_and_no_others(az, marked_image):
    """Without `--all`, `az vm image list` reads the cloud's document of aliases, and else a list of Microsoft's that it brings along."""
    def kinds(images):
        return {tuple(image["urn"].split(":")[:3]) for image in images}

    listed = az("vm", "image", "list", "-l", "paris")
    assert kinds(listed) == kinds(az("vm", "image", "list", "--all", "-l", "paris"))
    (own,) = [image for image in listed if image["urn"] == marked_image]
    assert own["urnAlias"]


@pytest.mark.parametrize("arguments, word", [
    (("disk", "create", "-n", "x", "--size-gb", "0"), "InvalidParameter"),
    (("disk", "create", "-n", "x", "--size-gb", "40000"), "InvalidParameter"),
    (("disk", "create", "-n", "x", "--source", f"{ELSEWHERE}/Microsoft.Compute/snapshots/nowhere"), "ResourceNotFound"),
    (("disk", "create", "-n", "x", "--size-gb", "1", "--zone", "9"), "InvalidAvailabilityZone"),
    (("snapshot", "create", "-n", "x", "--source", f"{ELSEWHERE}/Microsoft.Compute/disks/nowhere"), "ResourceNotFound"),
    (("image", "create", "-n", "x", "--source", f"{ELSEWHERE}/Microsoft.Compute/disks/nowhere", "--os-type", "Linux"), "ResourceNotFound"),
])
def test_a_disk_that_cannot_be_made_is_refused_and_nothing_is_left(cloud, az, rg, arguments, word):
    before = Host(cloud).files("disks")
    assert word in az.refused(*arguments, "-g", rg)
    for kind in ("disk", "snapshot", "image"):
        assert "x" not in names(az(kind, "list", "-g", rg))
    assert Host(cloud).files("disks") == before

