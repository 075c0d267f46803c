"""Disks under a customer's key: the key wraps their data keys, and without it no machine runs from them."""

import struct
import subprocess
import time

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.keyvault.keys import KeyClient
from azure.mgmt.compute import ComputeManagementClient
from azure.storage.blob import BlobClient

from cloud import unique
from machines import Arm, Guest, Host, wait_until
from vaults import credential, give_role, make_vault, vault_path

CRYPTO_SERVICE_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
# What the cloud promises for a withdrawn key.
WITHDRAWAL_SECONDS = 60
CUSTOMER_KEY = "EncryptionAtRestWithCustomerKey"
DISK_BYTES = 32 << 20
# Sectors of the one partition of the data disk: a kernel that reads the disk's first sector tells of it.
MARK = 23456
FIRST_SECTOR = bytes(446) + struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", 2048, MARK) + bytes(48) + b"\x55\xaa"


@pytest.fixture(scope="module")
def vault(cloud, rg):
    name = unique("kv")
    make_vault(cloud, rg, name, enablePurgeProtection=True, enableSoftDelete=True)
    return name


@pytest.fixture(scope="module")
def keys(cloud, vault):
    return KeyClient(cloud.url(f"{vault}.vault"), credential(cloud), verify_challenge_resource=False, connection_verify=cloud.ca)


@pytest.fixture(scope="module")
def disk_key(keys):
    return keys.create_rsa_key("disks", size=2048)


@pytest.fixture(scope="module")
def encryption_set(cloud, az, rg, vault, disk_key):
    made = az("disk-encryption-set", "create", "-g", rg, "-n", "des", "--key-url", disk_key.id, "--source-vault", vault)
    assert made["identity"]["type"] == "SystemAssigned" and made["provisioningState"] == "Succeeded", made
    assert made["activeKey"]["keyUrl"] == disk_key.id and made["activeKey"]["sourceVault"]["id"] == vault_path(cloud, rg, vault)
    return made


@pytest.fixture(scope="module")
def allowed(cloud, rg, vault, encryption_set):
    """The set, with the right to use its key."""
    give_role(cloud, vault_path(cloud, rg, vault), CRYPTO_SERVICE_ENCRYPTION_USER, encryption_set["identity"]["principalId"])
    return encryption_set


@pytest.fixture(scope="module")
def compute(cloud):
    client = ComputeManagementClient(
        credential(cloud), cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"], connection_verify=cloud.ca,
        polling_interval=1)
    yield client
    client.close()


def test_a_set_without_a_right_to_its_key_encrypts_nothing(az, rg, encryption_set):
    refused = az.refused("disk", "create", "-g", rg, "-n", "early", "--size-gb", "1", "--disk-encryption-set", "des")
    assert "KeyVaultAccessForbidden" in refused and "disk encryption set 'des'" in refused, refused
    assert az("disk", "list", "-g", rg) == []


def test_a_set_is_changed_shown_and_listed(az, rg, allowed, keys):
    assert [item["name"] for item in az("disk-encryption-set", "list", "-g", rg)] == ["des"]
    assert az("disk-encryption-set", "identity", "show", "-g", rg, "-n", "des")["principalId"] == allowed["identity"]["principalId"]
    again = az("disk-encryption-set", "identity", "assign", "-g", rg, "-n", "des", "--system-assigned")
    assert again["principalId"] == allowed["identity"]["principalId"]
    other = az.refused("disk-encryption-set", "create", "-g", rg, "-n", "double", "--key-url", allowed["activeKey"]["keyUrl"], "--encryption-type",
               "EncryptionAtRestWithPlatformAndCustomerKeys")
    assert "InvalidParameter" in other, other


def upload(az, rg, name, workspace):
    """A disk under the set, with a partition table in it."""
    raw, vhd = workspace / "encrypted.raw", workspace / "encrypted.vhd"
    raw.write_bytes(FIRST_SECTOR + bytes(DISK_BYTES - len(FIRST_SECTOR)))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on", raw, vhd], check=True)
    data = vhd.read_bytes()
    az("disk", "create", "-g", rg, "-n", name, "--upload-type", "Upload", "--upload-size-bytes", len(data), "--disk-encryption-set", "des")
    url = az("disk", "grant-access", "-g", rg, "-n", name, "--access-level", "Write", "--duration-in-seconds", "600")["accessSAS"]
    client = BlobClient.from_blob_url(url)
    client.upload_page(data[:512], 0, 512)
    client.upload_page(data[DISK_BYTES:], DISK_BYTES, 512)
    az("disk", "revoke-access", "-g", rg, "-n", name)


def first_sector(cloud, url):
    return requests.get(url, verify=cloud.ca, headers={"Range": "bytes=0-511"}, timeout=30)


def test_disks_and_snapshots_are_under_their_set(az, rg, allowed, compute, workspace):
    upload(az, rg, "data", workspace)
    disk = az("disk", "show", "-g", rg, "-n", "data")
    assert disk["encryption"] == {"type": CUSTOMER_KEY, "diskEncryptionSetId": allowed["id"]}, disk
    snapshot = az("snapshot", "create", "-g", rg, "-n", "shot", "--source", "data")
    assert snapshot["encryption"]["diskEncryptionSetId"] == allowed["id"], snapshot
    plain = az("disk", "create", "-g", rg, "-n", "plain", "--size-gb", "1")
    assert plain["encryption"]["type"] == "EncryptionAtRestWithPlatformKey"
    moved = az("disk", "update", "-g", rg, "-n", "plain", "--encryption-type", CUSTOMER_KEY, "--disk-encryption-set", "des")
    assert moved["encryption"]["diskEncryptionSetId"] == allowed["id"], moved
    users = {user.rsplit("/", 1)[1] for user in az("disk-encryption-set", "list-associated-resources", "-g", rg, "-n", "des")}
    assert users == {"data", "shot", "plain"}
    assert {user.rsplit("/", 1)[1] for user in compute.disk_encryption_sets.list_associated_resources(rg, "des")} == users
    with pytest.raises(HttpResponseError) as refused:
        compute.disk_encryption_sets.begin_delete(rg, "des").result()
    assert refused.value.status_code == 409 and refused.value.error.code == "OperationNotAllowed"
    back = az("disk", "update", "-g", rg, "-n", "plain", "--encryption-type", "EncryptionAtRestWithPlatformKey")
    assert back["encryption"]["type"] == "EncryptionAtRestWithPlatformKey", back
    az("disk", "delete", "-g", rg, "-n", "plain", "--yes")


def test_a_url_to_a_disk_ends_with_the_key_and_comes_back_with_it(cloud, az, rg, allowed, keys, disk_key):
    url = az("disk", "grant-access", "-g", rg, "-n", "data", "--access-level", "Read", "--duration-in-seconds", "3600")["accessSAS"]
    assert first_sector(cloud, url).content == FIRST_SECTOR
    keys.update_key_properties("disks", enabled=False)
    begin = time.monotonic()
    wait_until(lambda: first_sector(cloud, url).status_code == 403, WITHDRAWAL_SECONDS, "the end of access")
    assert time.monotonic() - begin < WITHDRAWAL_SECONDS
    for command in (
        ("disk", "grant-access", "-g", rg, "-n", "data", "--access-level", "Read", "--duration-in-seconds", "60"),
        ("snapshot", "create", "-g", rg, "-n", "late", "--source", "data"),
    ):
        refused = az.refused(*command)
        assert "KeyVaultKeyNotEnabled" in refused and disk_key.id in refused, refused
    keys.update_key_properties("disks", enabled=True)
    wait_until(
        lambda: az("disk", "show", "-g", rg, "-n", "data")["diskState"] in ("Unattached", "ActiveSAS"), 30, "a disk that shows its state")
    url = az("disk", "grant-access", "-g", rg, "-n", "data", "--access-level", "Read", "--duration-in-seconds", "3600")["accessSAS"]
    assert first_sector(cloud, url).content == FIRST_SECTOR
    az("disk", "revoke-access", "-g", rg, "-n", "data")


def test_another_version_wraps_the_same_disks(az, rg, allowed, keys, disk_key):
    newer = keys.rotate_key("disks")
    assert newer.properties.version != disk_key.properties.version
    rotated = az("disk-encryption-set", "update", "-g", rg, "-n", "des", "--key-url", newer.id)
    assert rotated["activeKey"]["keyUrl"] == newer.id and rotated["previousKeys"] == [] and rotated["lastKeyRotationTimestamp"], rotated
    # The old version is of no use any more.
    keys.update_key_properties("disks", disk_key.properties.version, enabled=False)
    assert az("snapshot", "create", "-g", rg, "-n", "after", "--source", "data")["provisioningState"] == "Succeeded"


def test_a_machine_stops_without_its_key_and_comes_back_with_its_data(cloud, az, rg, allowed, keys, light_image, key):
    partition = "cat /sys/block/sda/sda1/size"
    arm = Arm(cloud, rg)
    arm.network()
    arm.open_group()
    arm.interface("vm", group="open")
    az(
        "vm", "create", "-g", rg, "-n", "vm", "--image", light_image, "--size", "Standard_B1ls", "--admin-username", "azureuser", "--ssh-key-values",
        f"{key}.pub", "--nics", "vm", "--os-disk-encryption-set", "des", "--attach-data-disks", "data")
    shown = az("vm", "show", "-g", rg, "-n", "vm")
    for disk in (shown["storageProfile"]["osDisk"], *shown["storageProfile"]["dataDisks"]):
        assert disk["managedDisk"]["diskEncryptionSet"]["id"] == allowed["id"], disk
    guest = Guest(arm.public_address("vm"), key).wait()
    assert guest.text(partition) == str(MARK)

    # A control plane that begins anew finds the key still allowed.
    cloud.kill()
    cloud.up()
    time.sleep(12)
    assert arm.power("vm")["code"] == "PowerState/running"
    assert guest.text("hostname") == "vm"

    keys.update_key_properties("disks", enabled=False)
    begin = time.monotonic()
    wait_until(
        lambda: not Host(cloud).processes(["qemu-system", shown["vmId"]]), WITHDRAWAL_SECONDS, "the end of the machine")
    print(f"stopped {time.monotonic() - begin:.1f} s after the key was disabled")
    power = arm.power("vm")
    assert power["code"] == "PowerState/stopped" and power["message"].startswith("KeyVaultKeyNotEnabled"), power
    entries = az("monitor", "activity-log", "list", "--resource-id", arm.id("virtualMachines", "vm"), "--offset", "1h")
    assert any(entry["caller"] == "Microsoft.Compute" for entry in entries), entries
    refused = arm.act("vm", "start")
    assert refused["status"] == "Failed" and refused["error"]["code"] == "KeyVaultKeyNotEnabled", refused
    assert arm.power("vm")["code"] == "PowerState/stopped"

    keys.update_key_properties("disks", enabled=True)
    # What was refused just now may be remembered for a moment.
    wait_until(lambda: arm.act("vm", "start")["status"] == "Succeeded", 10, "the start")
    assert Guest(arm.public_address("vm"), key).wait().text(partition) == str(MARK)
    arm.delete("virtualMachines", "vm")
