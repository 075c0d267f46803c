"""Microsoft.Security, with the unmodified CLI and azure-mgmt-security: what the platform knows of its own compliance."""

import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.security import SecurityCenter

from azure_cli import AzError
from cloud import unique
from machines import wait_until

STANDARD = "SecNumCloud-3.2"
REQUIREMENTS = 92
ITEMS = 278
STATES = {"Passed", "Failed", "Skipped", "Unsupported"}
PAGE = 50
# The first looks at the platform come with its start.
FIRST_LOOK_SECONDS = 120
STILL_SECONDS = 60
NOT_FOUND_EXIT_CODE = 3
VERSION = "2019-01-01-preview"


@pytest.fixture(scope="module")
def center(cloud):
    credential = ClientSecretCredential(
        cloud.tenant, cloud.client_id, cloud.client_secret, authority=cloud.authority, disable_instance_discovery=True)
    return SecurityCenter(credential, cloud.subscription, base_url=cloud.arm, credential_scopes=[cloud.arm + "/.default"])


@pytest.fixture(scope="module")
def observed(center):
    """The standard, once something of it was observed."""
    def passes():
        return list(center.regulatory_compliance_controls.list(STANDARD, filter="properties/passedAssessments gt 0"))

    wait_until(passes, FIRST_LOOK_SECONDS, "a first look at the platform")


def combined(states):
    return next((state for state in ("Failed", "Unsupported", "Passed", "Skipped") if state in states), "Unsupported")


def test_the_standard_is_listed_and_shown(cloud, az):
    shown = az("security", "regulatory-compliance-standards", "show", "-n", STANDARD)
    path = f"/subscriptions/{cloud.subscription}/providers/Microsoft.Security/regulatoryComplianceStandards"
    assert (shown["id"], shown["name"], shown["type"]) == (f"{path}/{STANDARD}", STANDARD, "Microsoft.Security/regulatoryComplianceStandards")
    assert shown["state"] in STATES
    assert sum(shown[f"{state.lower()}Controls"] for state in STATES) == REQUIREMENTS
    listed = az("security", "regulatory-compliance-standards", "list")
    assert [item["id"] for item in listed] == [shown["id"]]


def test_the_requirements_are_its_controls(az):
    listed = az("security", "regulatory-compliance-controls", "list", "--standard-name", STANDARD)
    names = [item["name"] for item in listed]
    assert (len(names), len(set(names)), names[0]) == (REQUIREMENTS, REQUIREMENTS, "5.1")
    # In the referential's order, not in that of text.
    assert names.index("9.7") < names.index("10.1") < names.index("19.6")
    shown = az("security", "regulatory-compliance-controls", "show", "--standard-name", STANDARD, "-n", "11.1")
    assert shown["description"] == next(item for item in listed if item["name"] == "11.1")["description"] != ""
    assert shown["type"] == "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls"
    assert {"passedAssessments", "failedAssessments", "skippedAssessments"} <= set(shown)


def test_the_items_of_a_requirement_are_its_assessments(az):
    arguments = "--standard-name", STANDARD, "--control-name", "9.3"
    listed = az("security", "regulatory-compliance-assessments", "list", *arguments)
    assert "9.3.f" in [item["name"] for item in listed] and all(item["name"].startswith("9.3.") for item in listed)
    shown = az("security", "regulatory-compliance-assessments", "show", *arguments, "-n", "9.3.f")
    assert shown["id"].endswith(f"/regulatoryComplianceStandards/{STANDARD}/regulatoryComplianceControls/9.3/regulatoryComplianceAssessments/9.3.f")
    assert shown["description"] == next(item for item in listed if item["name"] == "9.3.f")["description"]
    assert (shown["state"] in STATES, shown["assessmentType"]) == (True, "Automated")
    by_a_person = az("security", "regulatory-compliance-assessments", "list", "--standard-name", STANDARD, "--control-name", "11.1")
    assert "Manual" in {item["assessmentType"] for item in by_a_person}


def test_every_count_is_the_sum_of_what_is_below(center, observed):
    controls, items = {}, {}

    def stands_still():
        # The platform goes on looking: what is compared comes from between two reads that agree.
        controls.update({control.name: control for control in center.regulatory_compliance_controls.list(STANDARD)})
        items.update({name: list(center.regulatory_compliance_assessments.list(STANDARD, name)) for name in controls})
        items["standard"] = center.regulatory_compliance_standards.get(STANDARD)
        return controls == {control.name: control for control in center.regulatory_compliance_controls.list(STANDARD)}

    wait_until(stands_still, STILL_SECONDS, "a standard that stands still")
    standard = items.pop("standard")
    assert (len(controls), sum(map(len, items.values()))) == (REQUIREMENTS, ITEMS)
    for name, control in controls.items():
        states = [item.state for item in items[name]]
        assert control.state == combined(states), name
        assert [control.passed_assessments, control.failed_assessments, control.skipped_assessments] == [
            states.count(state) for state in ("Passed", "Failed", "Skipped")], name
    states = [control.state for control in controls.values()]
    assert standard.state == combined(states)
    assert [standard.passed_controls, standard.failed_controls, standard.skipped_controls, standard.unsupported_controls] == [
        states.count(state) for state in ("Passed", "Failed", "Skipped", "Unsupported")]
    everything = [item for group in items.values() for item in group]
    assert {"Passed", "Unsupported"} <= {item.state for item in everything}
    for item in everything:
        counts = item.passed_resources, item.failed_resources, item.skipped_resources, item.unsupported_resources
        # What nobody looked at, or filed, passes nowhere.
        assert sum(counts) > 0 and (item.state != "Passed" or counts[0] > 0), item.name


def test_a_list_comes_in_pages(center):
    pages = [[item.name for item in page] for page in center.regulatory_compliance_controls.list(STANDARD).by_page()]
    assert [len(page) for page in pages] == [PAGE, REQUIREMENTS - PAGE]
    assert len({name for page in pages for name in page}) == REQUIREMENTS


def test_a_filter_chooses(center, observed):
    found = list(center.regulatory_compliance_controls.list(STANDARD, filter="properties/state eq 'Unsupported'"))
    assert found and {item.state for item in found} == {"Unsupported"}
    assert [item.name for item in center.regulatory_compliance_assessments.list(STANDARD, "9.3", filter="name eq '9.3.f'")] == ["9.3.f"]
    with pytest.raises(HttpResponseError) as refusal:
        list(center.regulatory_compliance_standards.list(filter="colour eq 'red'"))
    assert (refusal.value.status_code, refusal.value.error.code) == (400, "InvalidFilterInQueryString")


def test_what_passes_leads_to_what_was_seen(cloud, center, observed):
    controls = center.regulatory_compliance_controls.list(STANDARD, filter="properties/passedAssessments gt 0")
    passed = (
        item for control in controls
        for item in center.regulatory_compliance_assessments.list(STANDARD, control.name, filter="properties/state eq 'Passed'"))
    # What passes by a document was seen by nobody.
    item = next(item for item in passed if item.assessment_details_link)
    answer = cloud.arm_session().get(item.assessment_details_link, params={"api-version": "2021-06-01"}, timeout=30)
    assert answer.status_code == 200, answer.text
    seen = answer.json()["properties"]
    assert item.name in seen["additionalData"]["items"].split(",")
    assert {"control", "observedAt", "validUntil", "evidence"} <= set(seen["additionalData"])
    assert seen["status"]["firstEvaluationDate"] <= seen["status"]["statusChangeDate"]


def test_each_control_of_the_platform_is_an_assessment(cloud, az, observed):
    listed = az("security", "assessment", "list")
    assert {item["status"]["code"] for item in listed} <= {"Healthy", "Unhealthy", "NotApplicable"}
    assert "Healthy" in {item["status"]["code"] for item in listed}
    assert {item["resourceDetails"]["id"] for item in listed} == {f"/subscriptions/{cloud.subscription}"}
    one = next(item for item in listed if item["additionalData"]["control"] == "CTL-IAM-04")
    assert str(uuid.UUID(one["name"])) == one["name"] and uuid.UUID(one["name"]).version == 5
    shown = az("security", "assessment", "show", "-n", one["name"])
    assert (shown["id"], shown["displayName"]) == (one["id"], one["displayName"])
    never = [item for item in listed if item["status"]["code"] == "NotApplicable" and item["status"]["cause"] == "NotEvaluated"]
    assert never and all(item["status"]["description"] for item in never)
    metadata = az("security", "assessment-metadata", "list")
    assert [item["name"] for item in metadata] == [item["name"] for item in listed]
    described = az("security", "assessment-metadata", "show", "-n", one["name"])
    assert (described["displayName"], described["assessmentType"]) == (one["displayName"], "BuiltIn")
    assert described["description"] and described["severity"] in {"Low", "Medium", "High"}


def test_the_sdk_expands_metadata(center):
    scope = f"subscriptions/{center._config.subscription_id}"
    name = next(iter(center.assessments.list(scope))).name
    assert center.assessments.get(scope, name).metadata is None
    assert center.assessments.get(scope, name, expand="metadata").metadata.display_name == center.assessments_metadata.get(name).display_name


def test_the_location_is_the_clouds(az):
    listed = az("security", "location", "list")
    assert [(item["name"], item["properties"]) for item in listed] == [("paris", {"homeRegionName": "paris"})]
    assert az("security", "location", "show", "-n", "paris") == listed[0]


def test_every_plan_is_free_and_stays_so(az, center, cloud):
    listed = az("security", "pricing", "list")["value"]
    assert {item["pricingTier"] for item in listed} == {"Free"}
    assert "VirtualMachines" in [item["name"] for item in listed]
    assert az("security", "pricing", "create", "-n", "VirtualMachines", "--tier", "free")["pricingTier"] == "Free"
    refusal = az.refused("security", "pricing", "create", "-n", "VirtualMachines", "--tier", "standard")
    assert "'Standard' is not available for 'VirtualMachines'" in refusal
    assert "Possible pricing bundle names" in az.refused("security", "pricing", "create", "-n", "default", "--tier", "free")
    assert az("security", "pricing", "show", "-n", "VirtualMachines")["pricingTier"] == "Free"
    assert [item.pricing_tier for item in center.pricings.list(f"subscriptions/{cloud.subscription}").value] == ["Free"] * len(listed)


@pytest.mark.parametrize("arguments", [
    ("regulatory-compliance-standards", "show", "-n", "SecNumCloud-9.9"),
    ("regulatory-compliance-controls", "list", "--standard-name", "SecNumCloud-9.9"),
    ("regulatory-compliance-controls", "show", "--standard-name", STANDARD, "-n", "1.1"),
    ("regulatory-compliance-assessments", "list", "--standard-name", STANDARD, "--control-name", "1.1"),
    ("regulatory-compliance-assessments", "show", "--standard-name", STANDARD, "--control-name", "9.3", "-n", "9.4.a"),
    ("assessment", "show", "-n", str(uuid.UUID(int=0))),
    ("assessment-metadata", "show", "-n", str(uuid.UUID(int=0))),
    ("location", "show", "-n", "centralus"),
    ("pricing", "show", "-n", "KeyVaults"),
])
def test_what_is_not_there_is_not_found(az, arguments):
    with pytest.raises(AzError) as refusal:
        az("security", *arguments)
    assert refusal.value.exit_code == NOT_FOUND_EXIT_CODE
    assert "ResourceNotFound" in refusal.value.stderr


def test_what_lies_in_the_subscription_has_no_assessment(az, center, group):
    scope = f"/subscriptions/{center._config.subscription_id}/resourceGroups/{group}"
    name = next(iter(center.assessments.list(f"subscriptions/{center._config.subscription_id}"))).name
    assert list(center.assessments.list(scope)) == []
    assert "ResourceNotFound" in az.refused("security", "assessment", "show", "-n", name, "--assessed-resource-id", scope)
    with pytest.raises(ResourceNotFoundError) as refusal:
        list(center.assessments.list(scope + "x"))
    assert refusal.value.error.code == "ResourceGroupNotFound"


def test_what_is_not_served_is_no_type(az):
    for command in (("secure-scores", "list"), ("alert", "list"), ("setting", "list")):
        assert "InvalidResourceType" in az.refused("security", *command)


def test_nothing_is_read_without_a_token(cloud):
    for path in ("regulatoryComplianceStandards", "assessments", "pricings"):
        answer = cloud.session().get(cloud.arm_url(f"/subscriptions/{cloud.subscription}/providers/Microsoft.Security/{path}", VERSION), timeout=30)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")


def test_a_role_is_needed(cloud, az, new_az, group):
    made = az("ad", "sp", "create-for-rbac", "-n", unique("rbac"))
    scope = f"/subscriptions/{cloud.subscription}"
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Reader", "--scope", f"{scope}/resourceGroups/{group}")
    other = new_az()
    other.login(made["appId"], made["password"], made["tenant"])
    refusal = other.refused("security", "regulatory-compliance-standards", "list")
    assert "AuthorizationFailed" in refusal and "Microsoft.Security/regulatoryComplianceStandards/read" in refusal
    az("role", "assignment", "create", "--assignee", made["appId"], "--role", "Security Reader", "--scope", scope)
    assert [item["name"] for item in other("security", "regulatory-compliance-standards", "list")] == [STANDARD]
    assert "AuthorizationFailed" in other.refused("security", "pricing", "create", "-n", "VirtualMachines", "--tier", "free")
    assert "AuthorizationFailed" in other.refused("group", "create", "-n", unique("rg"), "-l", "paris")


def test_a_standard_cannot_be_written(cloud):
    path = f"/subscriptions/{cloud.subscription}/providers/Microsoft.Security/regulatoryComplianceStandards/{STANDARD}"
    answer = cloud.arm_session().put(cloud.arm_url(path, VERSION), json={"properties": {"state": "Passed"}}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "MethodNotAllowed")
