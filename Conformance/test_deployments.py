"""Template deployments, with the unmodified CLI and with plain requests."""

import json

import pytest

from cloud import unique

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

# As people write it: with comments and a string over two lines.
TEMPLATE = """{
  "$schema": "%s",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "prefix": { "type": "string", "minLength": 2 }, // the beginning of each name
    "count": { "type": "int", "defaultValue": 2 },
    "secret": { "type": "securestring", "defaultValue": "hush" }
  },
  "variables": { "network": "[concat(parameters('prefix'), '-net')]" },
  /* a network, and groups in a loop */
  "resources": [
    {
      "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[variables('network')]", "location": "[resourceGroup().location]",
      "properties": {
        "addressSpace": { "addressPrefixes": ["10.5.0.0/16"] },
        "subnets": [{ "name": "a", "properties": {
          "addressPrefix": "[cidrSubnet('10.5.0.0/16', 24, 1)]",
          "networkSecurityGroup": { "id": "[resourceId('Microsoft.Network/networkSecurityGroups', concat(parameters('prefix'), '-0'))]" }
        } }]
      },
      "dependsOn": ["groups"]
    },
    {
      "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "[concat(parameters('prefix'), '-', copyIndex())]",
      "location": "[resourceGroup().location]", "copy": { "name": "groups", "count": "[parameters('count')]" }, "properties": {}
    },
    {
      "condition": false, "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "never",
      "location": "paris", "properties": {}
    }
  ],
  "outputs": {
    "space": { "type": "string", "value": "[reference(variables('network')).addressSpace.addressPrefixes[0]]" },
    "hidden": { "type": "securestring", "value": "[parameters('secret')]" }
  }
}
""" % SCHEMA


@pytest.fixture(scope="module")
def template(workspace):
    path = workspace / "template.json"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture(scope="module")
def arm(cloud):
    return cloud.arm_session()


def put(cloud, arm, group, name, template, parameters=None, mode="Incremental"):
    path = f"/subscriptions/{cloud.subscription}/resourceGroups/{group}/providers/Microsoft.Resources/deployments/{name}"
    body = {"properties": {"mode": mode, "template": template, "parameters": parameters or {}}}
    return arm.put(cloud.arm_url(path), json=body, timeout=30)


def plain(*resources, **more):
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources)} | more


def security_group(name, **more):
    return {
        "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": name, "location": "paris", "properties": {}
    } | more


def test_a_template_is_validated_deployed_and_listed(az, group, template):
    arguments = ("-g", group, "-n", "first", "-f", template, "-p", "prefix=ab")
    assert az("deployment", "group", "validate", *arguments)["properties"]["provisioningState"] == "Succeeded"
    made = az("deployment", "group", "create", *arguments)["properties"]
    assert made["provisioningState"] == "Succeeded"
    assert made["outputs"] == {"space": {"type": "String", "value": "10.5.0.0/16"}, "hidden": {"type": "SecureString"}}
    assert "value" not in made["parameters"]["secret"]
    assert {resource["id"].split("/")[-1] for resource in made["outputResources"]} == {"ab-net", "ab-0", "ab-1"}
    assert [item["name"] for item in az("deployment", "group", "list", "-g", group)] == ["first"]
    steps = az("deployment", "operation", "group", "list", "-g", group, "-n", "first")
    assert {step["properties"]["provisioningState"] for step in steps} == {"Succeeded"}
    assert az("deployment", "group", "show", "-g", group, "-n", "first")["name"] == "first"
    assert az("network", "vnet", "show", "-g", group, "-n", "ab-net")["subnets"][0]["addressPrefix"] == "10.5.1.0/24"


def test_what_if_tells_what_would_change(az, group, template):
    changed = az(
        "deployment", "group", "what-if", "-g", group, "-f", template, "-p", "prefix=ab", "count=3", "--no-pretty-print")["changes"]
    kinds = {change["resourceId"].split("/")[-1]: change["changeType"] for change in changed}
    assert kinds["ab-2"] == "Create"
    assert kinds["ab-0"] == "NoChange"
    assert "never" not in kinds


def test_a_refused_template_says_why(az, group, template, workspace):
    assert "prefix" in az.refused("deployment", "group", "create", "-g", group, "-n", "x", "-f", template)
    assert "minLength" in az.refused("deployment", "group", "create", "-g", group, "-n", "x", "-f", template, "-p", "prefix=a")


@pytest.mark.parametrize("template, code", [
    (plain(security_group("a", dependsOn=["b"]), security_group("b", dependsOn=["a"])), "InvalidTemplate"),
    (plain(security_group("a"), security_group("A")), "InvalidTemplate"),
    (plain(security_group("[nope()]")), "InvalidTemplate"),
    (plain({"type": "Nobody.Knows/things", "apiVersion": "2024-01-01", "name": "x"}), "InvalidResourceNamespace"),
    ({"resources": []}, "InvalidRequestContent"),
    (plain(parameters={"p": {"type": "string"}}), "InvalidTemplate"),
])
def test_a_wrong_template_is_refused_before_anything_is_made(cloud, arm, group, template, code):
    answer = put(cloud, arm, group, unique("d"), template)
    assert answer.status_code in (400, 404) and answer.json()["error"]["code"] == code, answer.text


def test_a_failed_resource_fails_its_deployment_and_leaves_what_stands_alone(cloud, arm, az, group):
    name = unique("d")
    wrong = security_group("wrong", properties={"securityRules": [{"name": "r", "properties": {"priority": 5}}]})
    answer = put(cloud, arm, group, name, plain(security_group("right"), wrong, security_group("later", dependsOn=["wrong"])))
    assert answer.status_code == 201
    shown = az.run("deployment", "group", "wait", "-g", group, "-n", name, "--custom", "properties.provisioningState!='Running'", "--interval", "1")
    error = az("deployment", "group", "show", "-g", group, "-n", name)["properties"]["error"]
    assert error["code"] == "DeploymentFailed", (error, shown.stderr)
    assert error["details"][0]["code"].startswith("SecurityRule")
    names = {resource["name"] for resource in az("resource", "list", "-g", group)}
    assert "right" in names and not names & {"wrong", "later"}


def test_a_complete_deployment_removes_what_it_does_not_name(cloud, arm, az):
    group = unique("rg")
    cloud.make_group(group)
    for name, template, mode in (("one", plain(security_group("a"), security_group("b")), "Incremental"), ("two", plain(security_group("b")), "Complete")):
        assert put(cloud, arm, group, name, template, mode=mode).status_code == 201
        az("deployment", "group", "wait", "-g", group, "-n", name, "--created", "--interval", "1")
    assert [resource["name"] for resource in az("resource", "list", "-g", group)] == ["b"]


def test_a_nested_template_has_its_own_scope(cloud, arm, az, group):
    inner = plain(
        security_group("[parameters('name')]"), parameters={"name": {"type": "string"}},
        outputs={"made": {"type": "string", "value": "[parameters('name')]"}})
    nested = {
        "type": "Microsoft.Resources/deployments", "apiVersion": "2024-03-01", "name": "inner", "properties": {
            "mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": inner,
            "parameters": {"name": {"value": "[parameters('outer')]"}},
        }
    }
    template = plain(
        nested, parameters={"outer": {"type": "string"}}, outputs={"made": {"type": "string", "value": "[reference('inner').outputs.made.value]"}})
    assert put(cloud, arm, group, "outer", template, {"outer": {"value": "nested-one"}}).status_code == 201
    az("deployment", "group", "wait", "-g", group, "-n", "outer", "--created", "--interval", "1")
    assert az("deployment", "group", "show", "-g", group, "-n", "outer")["properties"]["outputs"]["made"]["value"] == "nested-one"


def test_who_may_not_write_a_resource_may_not_deploy_it(cloud, az, group, new_az):
    reader = az("ad", "sp", "create-for-rbac", "-n", unique("reader"), "--role", "Reader", "--scopes", az("group", "show", "-n", group)["id"])
    session = cloud.arm_session(client_id=reader["appId"], secret=reader["password"])
    answer = put(cloud, session, group, unique("d"), plain(security_group("mine")))
    assert answer.status_code == 403, answer.text


def test_secure_parameters_are_written_nowhere_in_clear(cloud, arm, az, group):
    word = unique("verysecret")
    name = unique("d")
    template = plain(parameters={"p": {"type": "securestring"}}, outputs={"l": {"type": "int", "value": "[length(parameters('p'))]"}})
    assert put(cloud, arm, group, name, template, {"p": {"value": word}}).status_code == 201
    az("deployment", "group", "wait", "-g", group, "-n", name, "--created", "--interval", "1")
    for path in cloud.data.rglob("*"):
        if path.is_file():
            assert word.encode() not in path.read_bytes(), path
    assert json.dumps(az("deployment", "group", "show", "-g", group, "-n", name)).count(word) == 0
