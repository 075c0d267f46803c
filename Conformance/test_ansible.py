"""Ansible's azure.azcollection, unmodified: a playbook makes a machine, finds nothing to change the second time, and removes it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cloud import REPOSITORY, unique
from machines import Guest, Host

ANSIBLE_PLAYBOOK = os.environ.get("ANSIBLE_PLAYBOOK", REPOSITORY / ".venv/ansible/bin/ansible-playbook")
PLAYBOOK = Path(__file__).resolve().parent / "playbooks" / "machine.yml"
PLAYBOOK_SECONDS = 240


class Run:
    """What a run of the playbook did, task by task."""

    def __init__(self, report):
        self.results = {task["task"]["name"]: task["hosts"]["localhost"] for play in report["plays"] for task in play["tasks"]}

    @property
    def changed(self):
        return [name for name, result in self.results.items() if result["changed"]]


@pytest.fixture(scope="module")
def play(cloud, key, light_image, tmp_path_factory):
    """Runs the playbook against the cloud, for a group of its own."""
    home = tmp_path_factory.mktemp("ansible")
    variables = {
        "resource_group": unique("rg"), "location": "paris", "storage_account": unique("acct"),
        "ssh_public_key": Path(f"{key}.pub").read_text().strip(),
    }
    environment = cloud.environment() | {
        # The collection's own names for the principal, beside those that it shares with the SDKs.
        "AZURE_SECRET": cloud.client_secret, "AZURE_TENANT": cloud.tenant,
        # It looks the cloud up by its Resource Manager among those that azure-cli-core reads from this list.
        "AZURE_CLOUD_ENVIRONMENT": cloud.arm, "ARM_CLOUD_METADATA_URL": cloud.arm + "/metadata/endpoints?api-version=2019-05-01",
        "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "AZURE_CONFIG_DIR": str(home / "azure"), "HOME": str(home), "LC_ALL": "C.UTF-8",
    }

    def run(*options):
        done = subprocess.run(
            [ANSIBLE_PLAYBOOK, PLAYBOOK, "--extra-vars", json.dumps(variables), *options], env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PLAYBOOK_SECONDS, cwd=home)
        assert done.returncode == 0, f"ansible-playbook: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return Run(json.loads(done.stdout))

    return run


@pytest.fixture(scope="module")
def made(play):
    """The first run, which had everything to make."""
    return play()


def test_a_playbook_makes_a_machine_that_answers(made, key):
    assert made.changed == [name for name in made.results if name != "What the cloud says of the machine"]
    (machine,) = made.results["What the cloud says of the machine"]["vms"]
    assert (machine["power_state"], machine["vm_size"], machine["admin_username"]) == ("running", "Standard_B1ls", "azureuser")
    assert machine["network_interface_names"] == ["vm1"] and machine["tags"] == {"team": "red"}
    guest = Guest(made.results["Public address"]["state"]["ip_address"], key).wait()
    assert guest.text("hostname") == "vm1"
    assert guest.text("whoami") == "azureuser"


def test_its_blob_is_uploaded(made):
    assert made.results["Blob"]["blob"]["content_length"] == PLAYBOOK.stat().st_size


def test_a_second_run_finds_nothing_to_change(made, play):
    assert play().changed == []


def test_it_removes_everything_and_finds_nothing_to_remove_afterwards(cloud, made, play):
    before = Host(cloud).domains()
    removed = play("--tags", "absent")
    assert removed.changed == ["No virtual machine, nor its disk, interface and address", "No resource group"]
    assert removed.results["No virtual machine, nor its disk, interface and address"]["deleted_network_interfaces"]
    group = made.results["Resource group"]["state"]["id"]
    assert cloud.arm_session().get(cloud.arm_url(group), timeout=30).status_code == 404
    assert len(before) - len(Host(cloud).domains()) == 1
    assert play("--tags", "absent").changed == []
