"""Identity and access, observed on a real cloud: weakened, seen, mended, seen again."""

import json
import uuid

import pytest
from cloud import unique
from test_roles import service_principal

REGISTER = """\
paires:
  - roles: ["Security Reader", "Contributor"]
    motif: "Qui contrôle n'administre pas."
"""


def observed(cloud, control):
    """The findings of a look at one control, now."""
    return json.loads(cloud.command("secnumcloud", "observe", control, "--json").stdout)


def verdicts(cloud, control):
    return {item: finding["verdict"] for finding in observed(cloud, control) for item in finding["items"]}


def tenants(cloud):
    return cloud.status()["tenants"]


@pytest.fixture
def house(own_cloud):
    return own_cloud()


def test_whoever_leaves_loses_everything_and_the_probe_leaves_nothing(cloud):
    before = tenants(cloud)
    found = observed(cloud, "CTL-IAM-01")
    assert {item: finding["verdict"] for finding in found for item in finding["items"]} == {
        "9.2.a": "conforme", "9.2.c": "conforme", "9.3.g": "conforme"}, found
    assert tenants(cloud) == before


def test_rights_agree_from_both_ends(cloud, az, group):
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope", scope)
    found = observed(cloud, "CTL-IAM-03")
    assert {finding["verdict"] for finding in found} == {"conforme"}, found


def test_incompatible_rights_are_refused_when_they_are_written(cloud, az, group):
    made, _ = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "User Access Administrator", "--scope", scope)
    refusal = az.refused(
        "role", "assignment", "create", "--assignee", made["appId"], "--role", "Security Admin", "--scope", f"{scope}/resourceGroups/{group}")
    assert "Conflict" in refusal and "is incompatible with the role 'User Access Administrator'" in refusal
    kept = az("role", "assignment", "list", "--assignee", made["appId"], "--all")
    assert [item["roleDefinitionName"] for item in kept] == ["User Access Administrator"]
    assert verdicts(cloud, "CTL-IAM-04") == {"9.3.f": "conforme", "6.2.a": "conforme"}


def test_a_group_gives_nobody_what_he_may_not_hold(cloud, az):
    made, principal = service_principal(az)
    scope = f"/subscriptions/{cloud.subscription}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Security Admin", "--scope", scope)
    name = unique("grp")
    group = az("ad", "group", "create", "--display-name", name, "--mail-nickname", name)["id"]
    az("ad", "group", "member", "add", "--group", group, "--member-id", principal)
    assert "is incompatible with" in az.refused(
        "role", "assignment", "create", "--assignee-object-id", group, "--assignee-principal-type", "Group", "--role", "Owner", "--scope", scope)
    az("ad", "group", "member", "remove", "--group", group, "--member-id", principal)
    az("role", "assignment", "create", "--assignee-object-id", group, "--assignee-principal-type", "Group", "--role", "Owner", "--scope", scope)
    assert "incompatible" in az.refused("ad", "group", "member", "add", "--group", group, "--member-id", principal)
    assert verdicts(cloud, "CTL-IAM-04")["6.2.a"] == "conforme"
    az("ad", "group", "delete", "--group", group)


def test_rights_that_an_operator_declares_incompatible_later_are_found_and_mended(house, workspace):
    session = house.arm_session()

    def assign(role, principal):
        url = house.arm_url(f"/subscriptions/{house.subscription}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}", "2022-04-01")
        definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
        return session.put(url, json={"properties": {"roleDefinitionId": definition, "principalId": principal}}, timeout=30)

    contributor, security_reader = "b24988ac-6180-42a0-ab88-20f7382dd24c", "39bc4728-0917-49c7-9d2c-d95423bc2eb4"
    graph = house.session()
    graph.headers["Authorization"] = "Bearer " + house.token(house.graph)
    body = {"displayName": "team", "mailNickname": "team", "mailEnabled": False, "securityEnabled": True}
    principal = graph.post(f"{house.graph}/v1.0/groups", json=body, timeout=30).json()["id"]
    first, second = assign(contributor, principal), assign(security_reader, principal)
    assert (first.status_code, second.status_code) == (201, 201), (first.text, second.text)
    assert verdicts(house, "CTL-IAM-04") == {"9.3.f": "conforme", "6.2.a": "conforme"}
    register = workspace / "droits.yaml"
    register.write_text(REGISTER)
    house.command("secnumcloud", "register", "set", "droits-incompatibles", str(register))
    assert verdicts(house, "CTL-IAM-04") == {"9.3.f": "non conforme", "6.2.a": "non conforme"}
    assert session.delete(house.arm_url(second.json()["id"], "2022-04-01"), timeout=30).status_code == 200
    assert verdicts(house, "CTL-IAM-04") == {"9.3.f": "conforme", "6.2.a": "conforme"}
    refused = assign(security_reader, principal)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "Conflict")
    # What was declared holds after a restart too.
    house.stop()
    house.up()
    session = house.arm_session()
    assert assign(security_reader, principal).status_code == 409


def test_an_account_is_locked_and_a_password_alone_still_lets_an_administrator_in(cloud):
    found = verdicts(cloud, "CTL-IAM-06")
    assert found["9.5.b"] == "conforme"
    assert {found[item] for item in ("9.5.a", "9.5.c", "9.6.f")} == {"non conforme"}


def test_a_control_socket_that_others_may_open_is_found(house):
    apart = {"9.6.a": "conforme", "9.6.b": "conforme", "9.6.c": "conforme", "9.6.g": "non évalué"}
    assert verdicts(house, "CTL-IAM-07") == apart
    socket = house.data / "control.sock"
    socket.chmod(0o666)
    weakened = verdicts(house, "CTL-IAM-07")
    assert (weakened["9.6.a"], weakened["9.6.b"], weakened["9.6.c"]) == ("non conforme", "non conforme", "conforme")
    socket.chmod(0o600)
    house.data.chmod(0o755)
    assert verdicts(house, "CTL-IAM-07")["9.6.a"] == "non conforme"
    house.data.chmod(0o700)
    assert verdicts(house, "CTL-IAM-07") == apart


def test_credentials_that_rest_in_clear_are_a_gap_until_their_file_is_gone(house):
    assert verdicts(house, "CTL-CRYPTO-04") == {
        "10.3.a": "non conforme", "10.3.b": "conforme", "10.3.c": "non conforme", "10.3.d": "conforme"}
    text = house.command("secnumcloud", "observe", "CTL-CRYPTO-04", "--json").stdout
    credentials = json.loads((house.data / "client" / "credentials.json").read_text())
    assert credentials["password"] not in text and credentials["clientSecret"] not in text
    (house.data / "client" / "credentials.json").unlink()
    assert verdicts(house, "CTL-CRYPTO-04")["10.3.a"] == "conforme"


def test_administrators_are_known_and_their_attestations_are_asked_for(house, workspace):
    assert verdicts(house, "CTL-IAM-05")["9.3.c"] == "conforme"
    assert set(verdicts(house, "CTL-RH-01").values()) == {"non évalué"}
    register = workspace / "attestations.yaml"
    register.write_text(house.command("secnumcloud", "register", "example", "attestations").stdout)
    house.command("secnumcloud", "register", "set", "attestations", str(register))
    # The example knows none of this cloud's administrators.
    assert set(verdicts(house, "CTL-RH-01").values()) == {"non conforme"}
