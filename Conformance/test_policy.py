"""Policy, with the unmodified CLI: what is denied is not made, what is audited is told of."""

import json

import pytest

from cloud import unique


@pytest.fixture
def assign(az, rg):
    """Assigns a policy to the group until the test ends."""
    scope = az("group", "show", "-n", rg)["id"]
    names = []

    def make(policy, parameters=None):
        name = unique("pa")
        arguments = ["--params", json.dumps({key: {"value": value} for key, value in parameters.items()})] if parameters else []
        made = az("policy", "assignment", "create", "-n", name, "--policy", policy, "--scope", scope, *arguments)
        names.append(name)
        return made

    yield make
    for name in names:
        az("policy", "assignment", "delete", "-n", name, "--scope", scope)


def define(az, rule, parameters=None):
    name = unique("pd")
    arguments = ["--params", json.dumps(parameters)] if parameters else []
    az("policy", "definition", "create", "-n", name, "--rules", json.dumps(rule), "--mode", "Indexed", *arguments)
    return name


def test_a_required_tag_is_required(az, rg, assign):
    # Azure's own "Require a tag on resources".
    made = assign("871b6d14-10aa-478d-b590-94f262ecfa99", {"tagName": "team"})
    assert made["enforcementMode"] == "Default"
    refusal = az.refused("network", "nsg", "create", "-g", rg, "-n", "untagged")
    assert "RequestDisallowedByPolicy" in refusal and made["name"] in refusal
    assert az("resource", "list", "-g", rg) == []
    az("network", "nsg", "create", "-g", rg, "-n", "tagged", "--tags", "Team=red")
    az("network", "nsg", "delete", "-g", rg, "-n", "tagged")
    scope = az("group", "show", "-n", rg)["id"]
    assert [item["name"] for item in az("policy", "assignment", "list", "--scope", scope)] == [made["name"]]


def test_sizes_and_locations_are_kept_to_what_is_allowed(az, rg, assign, light_image):
    assign("cccc23c7-8427-4f53-ad12-b6a63eb452b3", {"listOfAllowedSKUs": ["Standard_B1s"]})
    assign("e56962a6-4747-49cd-b67b-bf8b01975c4c", {"listOfAllowedLocations": ["paris"]})
    az("network", "nsg", "create", "-g", rg, "-n", "here")
    refusal = az.refused(
        "vm", "create", "-g", rg, "-n", "vm", "--image", light_image, "--size", "Standard_B1ls", "--admin-username", "me",
        "--admin-password", "Long-enough-1", "--nsg", "here")
    assert "RequestDisallowedByPolicy" in refusal
    assert az("vm", "list", "-g", rg) == []


def test_a_policy_of_ones_own_audits_and_appends(az, rg, assign):
    audit = define(az, {"if": {"field": "name", "like": "odd*"}, "then": {"effect": "audit"}})
    append = define(az, {
        "if": {"allOf": [{"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"}, {"field": "tags['owner']", "exists": False}]},
        "then": {"effect": "append", "details": [{"field": "tags['owner']", "value": "[parameters('owner')]"}]},
    }, {"owner": {"type": "String", "defaultValue": "nobody"}})
    assign(audit)
    assign(append, {"owner": "red"})
    made = az("network", "nsg", "create", "-g", rg, "-n", "odd1")["NewNSG"]
    assert made["tags"] == {"owner": "red"}
    log = az("monitor", "activity-log", "list", "--resource-id", made["id"], "--offset", "1h")
    assert "Microsoft.Authorization/policies/audit/action" in [entry["operationName"]["value"] for entry in log]
    for name in (audit, append):
        az("policy", "definition", "delete", "-n", name)


def test_a_wrong_rule_is_refused(az):
    for rule in ({"if": {"field": "name"}, "then": {"effect": "deny"}}, {"if": {"field": "name", "equals": "x"}, "then": {"effect": "explode"}}):
        assert "InvalidPolicyRule" in az.refused("policy", "definition", "create", "-n", unique("pd"), "--rules", json.dumps(rule))
