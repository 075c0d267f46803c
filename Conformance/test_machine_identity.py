"""What a machine is told when it is made, and who it is: user data, custom data, disks, and an identity that `az` and azure-identity log in with."""

import base64
import json
import subprocess

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from cloud import free_port, unique
from machines import Guest, wait_until

USER_DATA = "colour: red\n"
CONNECT_SECONDS = 20


@pytest.fixture(scope="module")
def az(new_az):
    """An `az` of its own, whose home has no SSH key yet."""
    az = new_az()
    az.login()
    return az


@pytest.fixture(scope="module")
def create(rg, light_image):
    return (
        "vm", "create", "-g", rg, "-n", "me", "--image", light_image, "--size", "Standard_B1ls", "--admin-username", "azureuser",
        "--generate-ssh-keys")


@pytest.fixture(scope="module")
def generated_key(az, rg, create):
    """The private key that `--generate-ssh-keys` left in az's home; the deployment was checked, and nothing was made."""
    checked = az(*create, "--validate")
    assert checked["properties"]["provisioningState"] == "Succeeded"
    assert az("resource", "list", "-g", rg) == []
    return az.home / ".ssh" / "id_rsa"


@pytest.fixture(scope="module")
def custom_data(az, generated_key):
    path = az.folder / "cloud-init.yml"
    public = generated_key.with_suffix(".pub").read_text().strip()
    path.write_text(f"#cloud-config\nusers:\n- name: chosen\n  ssh_authorized_keys:\n  - {public}\n")
    return path


@pytest.fixture(scope="module")
def created(az, create, generated_key, custom_data):
    return az(
        *create, "--zone", "1", "--assign-identity", "--custom-data", custom_data, "--user-data", USER_DATA, "--os-disk-size-gb", "3",
        "--data-disk-sizes-gb", "1", "2", "--os-disk-delete-option", "Delete", "--data-disk-delete-option", "Delete", "--nic-delete-option", "Delete")


@pytest.fixture(scope="module")
def shell(created, generated_key):
    # The light guest has the user of its custom data, and no other.
    return Guest(created["publicIpAddress"], generated_key, user="chosen").wait()


@pytest.fixture(scope="module")
def metadata(shell):
    """The machine's metadata service: requests to this address leave the machine itself."""
    port = free_port()
    tunnel = subprocess.Popen(
        ["ssh", "-i", shell.key, *Guest.OPTIONS, "-o", "ExitOnForwardFailure=yes", "-N", "-L", f"127.0.0.1:{port}:169.254.169.254:80", shell.target],
        stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"

    def answers():
        assert tunnel.poll() is None, "ssh has ended"
        try:
            return get(address, "versions").status_code == 200
        except requests.ConnectionError:
            return False

    wait_until(answers, CONNECT_SECONDS, "an answer of the metadata service")
    yield address
    tunnel.terminate()
    tunnel.wait()


def get(address, path, **query):
    session = requests.Session()
    session.trust_env = False
    return session.get(f"{address}/metadata/{path}", headers={"Metadata": "true"}, params=query, timeout=10)


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture(scope="module")
def machine_az(new_az, metadata):
    """`az` as it runs in the machine; nobody is logged in."""
    az = new_az()
    az.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = metadata
    return az


# What it was made with


def test_generated_keys_and_custom_data_reach_the_guest_and_custom_data_nobody_else(az, rg, created, shell, metadata):
    assert created["powerState"] == "VM running"
    assert (shell.text("whoami"), shell.text("hostname")) == ("chosen", "me")
    assert "customData" not in json.dumps(az("vm", "show", "-g", rg, "-n", "me"))
    assert get(metadata, "instance/compute", **{"api-version": "2021-02-01"}).json()["customData"] == ""


def test_user_data_is_shown_to_the_machine_and_to_who_asks_for_it(az, rg, created, metadata):
    def seen():
        return base64.b64decode(get(metadata, "instance/compute/userData", **{"api-version": "2021-01-01", "format": "text"}).text).decode()

    assert seen() == USER_DATA
    assert az("vm", "show", "-g", rg, "-n", "me").get("userData") is None
    assert base64.b64decode(az("vm", "show", "-g", rg, "-n", "me", "--include-user-data")["userData"]).decode() == USER_DATA
    # It changes while the machine runs.
    az("vm", "update", "-g", rg, "-n", "me", "--user-data", "colour: blue\n")
    assert seen() == "colour: blue\n"


def test_disks_have_the_sizes_that_were_asked_for(az, rg, created, shell, metadata):
    profile = az("vm", "show", "-g", rg, "-n", "me")["storageProfile"]
    assert profile["osDisk"]["diskSizeGB"] == 3
    assert [(disk["lun"], disk["diskSizeGB"]) for disk in profile["dataDisks"]] == [(0, 1), (1, 2)]
    # In sectors, as the guest sees them.
    assert shell.text("cat /sys/block/vda/size /sys/block/sda/size /sys/block/sdb/size").split() == [str(gibibytes << 21) for gibibytes in (3, 1, 2)]
    shown = get(metadata, "instance/compute/storageProfile", **{"api-version": "2021-02-01"}).json()
    assert shown["osDisk"]["diskSizeGB"] == "3"
    assert [disk["diskSizeGB"] for disk in shown["dataDisks"]] == ["1", "2"]


# Who it is


def test_a_machine_without_a_role_sees_no_subscription(machine_az, created):
    assert "No access was configured for the managed identity" in machine_az.refused("login", "--identity")


@pytest.fixture(scope="module")
def reader(az, rg, created):
    """The machine is made a reader of its group: its principal's id."""
    principal = az("vm", "identity", "show", "-g", rg, "-n", "me")["principalId"]
    scope = az("group", "show", "-n", rg)["id"]
    made = az("role", "assignment", "create", "--assignee", principal, "--role", "Reader", "--scope", scope)
    assert made["principalType"] == "ServicePrincipal"
    return principal


def test_az_logs_in_as_the_machine_and_may_do_what_its_role_allows(cloud, az, machine_az, rg, reader):
    (account,) = machine_az("login", "--identity")
    assert (account["id"], account["tenantId"]) == (cloud.subscription, cloud.tenant)
    assert account["user"] == {"assignedIdentityInfo": "MSI", "name": "systemAssignedIdentity", "type": "servicePrincipal"}
    other = unique("rg")
    az("group", "create", "-n", other, "-l", "paris")
    assert [group["name"] for group in machine_az("group", "list")] == [rg]
    assert machine_az("vm", "show", "-g", rg, "-n", "me")["name"] == "me"
    for refused in (("tag", "create", "--resource-id", az("group", "show", "-n", rg)["id"], "--tags", "a=b"), ("vm", "stop", "-g", rg, "-n", "me"),
                    ("group", "show", "-n", other)):
        assert "AuthorizationFailed" in machine_az.refused(*refused)
    az("group", "delete", "-n", other, "--yes", "--no-wait")


def test_azure_identity_has_the_machines_token(cloud, rg, metadata, reader, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata)
    credential = ManagedIdentityCredential()
    claims = claims_of(credential.get_token(cloud.arm + "/.default").token)
    assert (claims["oid"], claims["tid"]) == (reader, cloud.tenant)
    client = ResourceManagementClient(credential, cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])
    assert [group.name for group in client.resource_groups.list()] == [rg]
    with pytest.raises(HttpResponseError) as refusal:
        client.resource_groups.create_or_update(rg, {"location": "paris"})
    assert (refusal.value.status_code, refusal.value.error.code) == (403, "AuthorizationFailed")
    # It has one identity, and knows of no other.
    own = ManagedIdentityCredential(client_id=claims["appid"]).get_token(cloud.arm + "/.default")
    assert claims_of(own.token)["oid"] == reader
    with pytest.raises(CredentialUnavailableError, match="Identity not found"):
        ManagedIdentityCredential(client_id=cloud.client_id).get_token(cloud.arm + "/.default")


def test_an_identity_that_is_taken_away_is_gone_and_the_next_is_another(cloud, az, rg, machine_az, metadata, reader):
    token = {"api-version": "2018-02-01", "resource": cloud.arm + "/"}
    session = cloud.session()
    session.headers["Authorization"] = "Bearer " + get(metadata, "identity/oauth2/token", **token).json()["access_token"]
    path = cloud.arm_url(f"/subscriptions/{cloud.subscription}/resourceGroups/{rg}")
    assert session.get(path, timeout=30).status_code == 200
    az("vm", "identity", "remove", "-g", rg, "-n", "me")
    answer = get(metadata, "identity/oauth2/token", **token)
    assert (answer.status_code, answer.json()["error_description"]) == (400, "Identity not found")
    # A token that was handed out before is of no use any longer.
    assert session.get(path, timeout=30).status_code == 401
    assert not az("vm", "identity", "show", "-g", rg, "-n", "me")
    scope = az("group", "show", "-n", rg)["id"]
    again = az("vm", "identity", "assign", "-g", rg, "-n", "me", "--role", "Reader", "--scope", scope)
    assert again["systemAssignedIdentity"] not in ("", reader)
    (account,) = machine_az("login", "--identity")
    assert account["id"] == cloud.subscription


def test_a_deleted_machine_takes_with_it_what_its_options_say(az, rg, created, reader):
    az("vm", "delete", "-g", rg, "-n", "me", "--yes")
    kinds = {resource["type"].split("/")[1] for resource in az("resource", "list", "-g", rg)}
    assert not kinds & {"virtualMachines", "disks", "networkInterfaces"}
    assert {"virtualNetworks", "networkSecurityGroups", "publicIPAddresses"} <= kinds
