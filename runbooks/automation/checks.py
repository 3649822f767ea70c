"""Whether content is an Automation document: the whole of it, and its top level.

Here: the order of the checks and the rules of the top level. Not here: parameters, steps, branches, references and
the way through the steps, each in the checks_ module of its name. Rules: Systems Manager user guide, pages
documents-syntax-data-elements and automation-actions.
"""

from collections.abc import Mapping
from typing import Any

from runbooks.automation.checks_parameters import check_declarations
from runbooks.automation.checks_references import check_references
from runbooks.automation.checks_steps import check_steps
from runbooks.automation.checks_ways import check_ways
from runbooks.automation.problems import Problems
from runbooks.automation.shapes import ActionShape

SCHEMA_VERSION = "0.3"
# The last four are what Change Manager adds to its templates.
TOP_LEVEL = (
    "schemaVersion",
    "description",
    "assumeRole",
    "parameters",
    "variables",
    "mainSteps",
    "outputs",
    "files",
    "templateInformation",
    "emergencyChange",
    "autoApprovable",
    "executableRunBooks",
)


def check(raw: Mapping[str, Any], actions: Mapping[str, ActionShape], problems: Problems) -> None:
    """Note everything that is wrong. Ways and references are looked at once the parts they join are well formed."""
    _check_top_level(raw, problems)
    check_declarations(raw, "parameters", problems)
    check_declarations(raw, "variables", problems)
    steps = raw.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        problems.error(
            ("mainSteps",), "mainSteps must be a list of at least one step. Add a step with name and action."
        )
        return
    are_clear = check_steps(steps, ("mainSteps",), actions, problems)
    check_references(raw, actions, problems)
    if are_clear:
        check_ways(steps, ("mainSteps",), problems)


def _check_top_level(raw: Mapping[str, Any], problems: Problems) -> None:
    version = raw.get("schemaVersion")
    if version is None:
        problems.error((), f'schemaVersion is missing. Write schemaVersion: "{SCHEMA_VERSION}".')
    elif str(version) != SCHEMA_VERSION:
        problems.error(
            ("schemaVersion",),
            f'schemaVersion is {version!s:.40}; Automation documents have "{SCHEMA_VERSION}". Other versions are for '
            "Command documents, which run through aws:runCommand.",
        )
    for name in ("description", "assumeRole"):
        if raw.get(name) is not None and not isinstance(raw[name], str):
            problems.error((name,), f"{name} must be a text. Put it in quotes.")
    if raw.get("files") is not None and not isinstance(raw["files"], dict):
        problems.error(("files",), "files must be a map of attachment names.")
    for name in raw:
        if name not in TOP_LEVEL:
            problems.warn((name,), f"{name!s:.60} is no part of an Automation document; it is kept and not used.")
    outputs = raw.get("outputs")
    if outputs is not None and not isinstance(outputs, list):
        problems.error(("outputs",), "outputs must be a list of texts such as StepName.OutputName.")
