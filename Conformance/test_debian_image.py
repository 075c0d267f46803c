"""The image that an operator builds: a whole Debian, provisioned the way Azure does it."""

import base64
import json
from pathlib import Path

import pytest

from cloud import REPOSITORY, unique
from machines import Arm, Guest, image_reference

# mmdebstrap fetches and installs some 250 packages.
BUILD_SECONDS = 900
# An emulated Debian takes a minute to be ready, more where other tests run beside it.
BOOT_SECONDS = 600
CUSTOM_DATA = "#cloud-config\nwrite_files:\n- path: /etc/marker\n  content: hello-from-custom-data\n"


@pytest.fixture(scope="module")
def debian(cloud):
    done = cloud.command("image", "build", "debian-12", "--recipes", str(REPOSITORY / "Images"), timeout=BUILD_SECONDS)
    assert "Debian:debian-12:12:12.0." in done.stdout, done.stdout
    return "Debian:debian-12:12:latest"


@pytest.mark.timeout(BUILD_SECONDS + 2 * BOOT_SECONDS)
def test_a_whole_debian_is_built_booted_and_provisioned(cloud, az, debian, key):
    group = unique("rg")
    cloud.make_group(group)
    arm = Arm(cloud, group)
    arm.network()
    arm.open_group()
    arm.interface("deb", group="open")
    body = arm.machine_body("deb", key, size="Standard_B1ms")
    body["storageProfile"]["imageReference"] = image_reference(debian)
    body["storageProfile"]["osDisk"]["diskSizeGB"] = 4
    body["osProfile"]["customData"] = base64.b64encode(CUSTOM_DATA.encode()).decode()
    # Beside it one that starts by UEFI, with secure boot and a TPM.
    arm.interface("trusted", group="open")
    trusted = arm.machine_body("trusted", key, size="Standard_B1ms")
    trusted["storageProfile"]["imageReference"] = image_reference(debian)
    trusted["securityProfile"] = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}
    begun = [arm.put("virtualMachines", "deb", body), arm.put("virtualMachines", "trusted", trusted)]
    for answer in begun:
        document = arm.wait(answer, BOOT_SECONDS)
        assert document["status"] == "Succeeded", document
    guest = Guest(arm.public_address("deb"), key).wait(BOOT_SECONDS)
    guest.run("cloud-init status --wait", timeout=BOOT_SECONDS)
    assert guest.text("hostname") == "deb"
    assert guest.text("cat /etc/marker") == "hello-from-custom-data"
    assert guest.text("cloud-id") == "azure"
    assert guest.text("sudo -n whoami") == "root"
    # The root file system has grown to its disk.
    assert int(guest.text("df --output=size -BM / | tail -1").rstrip("M")) > 3000
    metadata = json.loads(guest.text("curl -s -H Metadata:true 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'"))
    assert (metadata["compute"]["publisher"], metadata["compute"]["offer"]) == ("Debian", "debian-12")
    ran = az("vm", "run-command", "invoke", "-g", group, "-n", "deb", "--command-id", "RunShellScript", "--scripts", "echo from-$1", "--parameters", "inside")
    assert "from-inside" in ran["value"][0]["message"]
    trusted_shell = Guest(arm.public_address("trusted"), key).wait(BOOT_SECONDS)
    assert "Secure boot enabled" in trusted_shell.text("sudo -n dmesg | grep -i 'secure boot'")
    assert trusted_shell.text("cat /sys/class/tpm/tpm0/tpm_version_major") == "2"
    # The TPM's state is encrypted, and goes with its machine.
    state = Path("/var/lib/libvirt/swtpm") / arm.get("virtualMachines", "trusted").json()["properties"]["vmId"]
    assert state.exists()
    arm.delete_group()
    assert not state.exists()
