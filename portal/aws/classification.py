"""What recovery may do alone when a call was sent and its outcome was not recorded: a class for every AWS operation.

Read from botocore's own models: the traits `readonly` and `idempotent`, idempotency-token members, the HTTP method and the
operation's verb, in that order of a fixed list of rules; what no rule knows is `ONCE`, the strictest. Not here: what is done
with the class (the runner) and calling anything.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from portal.aws.models import operation_named, service_model


class ActionClass(StrEnum):
    """May an attempt without a recorded outcome be repeated?"""

    READ_ONLY = "read-only"  # at once
    TOKEN = "by token"  # with the same token and parameters, while the token lives
    DECLARATIVE = "declarative"  # sets an absolute value: read back, repeat if it differs
    CONVERGING = "converging"  # ends in a stated condition: "already so" means done
    ONCE = "not idempotent"  # never alone: a read-back check or a person decides


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]*|[A-Z]+|[a-z0-9]+")
_WRAPPERS = {"Batch", "Bulk", "Admin"}
_READING = set(
    "Get List Describe Head Search Lookup Count Is Scan Query Check Select View Preview Estimate Calculate Compare Suggest "
    "Autocomplete Geocode Resolve Simulate".split()
)
_SETTING = set("Put Set Update Modify Tag Enable Disable Configure Change".split())
_CONVERGING = set(
    "Delete Remove Untag Deregister Detach Disassociate Dissociate Unassign Unsubscribe Terminate Stop Cancel Abort Deactivate "
    "Revoke Release Close Archive Unarchive Attach Associate Register Subscribe Replace Suspend Resume Pause".split()
)
# Models mark some of these as readonly or idempotent although they start something; the traits are not believed for them.
_DISTRUSTED = set(
    "Start Stop Execute Run Send Publish Invoke Test Process Reboot Restart Generate Notify Promote Failover Switchover Rotate "
    "Transfer Reset Restore Create".split()
)
_APPENDING = re.compile(
    r"(Records?|Events?|Metrics?|LogEvents|Data|Messages?|Items?|Profile|Feedback|Signal|Activity|Traces?|Segments"
    r"|Job\w*Result|Callback)$"
)
_FORCING = re.compile(r"^(force\w*|reset\w*|restart\w*|reboot\w*|rotate\w*|allowdataloss)$", re.IGNORECASE)
_NAMED_TOKEN = re.compile(
    r"^(client_?request_?token|client_?token|idempoten\w*|caller_?reference|creator_?request_?id|creation_?token"
    r"|client_?request_?id|message_?deduplication_?id|request_?token)$",
    re.IGNORECASE,
)
# These carry the token trait but name something else (a session, a callback).
_NOT_A_TOKEN = {"runtimeSessionId", "associatedResourceName", "profileToken", "CallbackId", "ClientTokenId"}
_TOKEN_ONLY_ON_FIFO = {("sns", "Publish"), ("sqs", "SendMessage")}

_PURE = {("kms", name) for name in ("Encrypt", "Decrypt", "GenerateDataKey", "Sign", "Verify")} | {
    ("sts", name) for name in ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
}
_OVERRIDES = {
    ("route53", "ChangeResourceRecordSets"): ActionClass.DECLARATIVE,
    ("s3control", "SubmitMultiRegionAccessPointRoutes"): ActionClass.DECLARATIVE,
    ("autoscaling", "SuspendProcesses"): ActionClass.DECLARATIVE,
    ("autoscaling", "ResumeProcesses"): ActionClass.DECLARATIVE,
    ("ec2", "StartInstances"): ActionClass.CONVERGING,
    ("ec2", "CreateTags"): ActionClass.CONVERGING,
    ("kms", "UpdatePrimaryRegion"): ActionClass.CONVERGING,
    ("globalaccelerator", "AddEndpoints"): ActionClass.CONVERGING,
}
_READS_WITH_AN_EFFECT = {
    ("stepfunctions", "GetActivityTask"),
    ("cognito-identity", "GetId"),
    ("cognito-identity", "GetOpenIdTokenForDeveloperIdentity"),
    ("cognito-idp", "GetUserAttributeVerificationCode"),
    ("cognito-idp", "GetTokensFromRefreshToken"),
    ("cognito-idp", "GetClientToken"),
    ("sagemaker", "GetScalingConfigurationRecommendation"),
    ("appconfigdata", "GetLatestConfiguration"),
    ("importexport", "GetShippingLabel"),
    ("glue", "GetMapping"),
}


def classify(service: str, api: str, parameters: Mapping[str, Any] | None = None) -> ActionClass:
    """The class of one call. An operation nobody knows is `ONCE`.

    A parameter that forces, resets or rotates makes a declarative call `ONCE`: repeating it does it again.
    """
    operation = operation_named(service, api)
    if operation is None:
        return ActionClass.ONCE
    found = _by_model(service.lower(), operation)
    if found is ActionClass.DECLARATIVE:
        for name, value in (parameters or {}).items():
            if _FORCING.match(name) and value not in (False, "false", "False", None):
                return ActionClass.ONCE
    return found


@lru_cache(maxsize=4096)
def _by_model(service: str, operation: str) -> ActionClass:
    """The ordered rules over the raw model; the first that matches decides."""
    known = _listed((service, operation))
    if known is not None:
        return known
    model = service_model(service)
    said: dict[str, Any] = model["operations"][operation]
    verb = _verb(operation)
    method = said["http"]["method"]
    members = _members(model, said)
    has_token = any(shape.get("idempotencyToken") and name not in _NOT_A_TOKEN for name, shape in members.items())
    if said.get("readonly") and verb not in _DISTRUSTED:
        return ActionClass.READ_ONLY
    if verb in _READING and (method == "GET" or not (has_token or method in {"PUT", "PATCH", "DELETE"})):
        return ActionClass.READ_ONLY
    if has_token:
        return ActionClass.TOKEN
    if (service, operation) not in _TOKEN_ONLY_ON_FIFO and any(_NAMED_TOKEN.match(name) for name in members):
        return ActionClass.TOKEN
    if verb in _CONVERGING:
        return ActionClass.CONVERGING
    if said.get("idempotent") and verb not in _DISTRUSTED:
        return ActionClass.DECLARATIVE
    if verb in _SETTING and not _APPENDING.search(operation):
        return ActionClass.DECLARATIVE
    return ActionClass.ONCE


def _listed(name: tuple[str, str]) -> ActionClass | None:
    if name in _PURE:
        return ActionClass.READ_ONLY
    if name in _OVERRIDES:
        return _OVERRIDES[name]
    return ActionClass.ONCE if name in _READS_WITH_AN_EFFECT else None


def _verb(operation: str) -> str:
    words = _WORD.findall(operation)
    return words[1] if words[0] in _WRAPPERS and len(words) > 1 else words[0]


def _members(model: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    shape = (said.get("input") or {}).get("shape")
    return dict(model["shapes"].get(shape, {}).get("members", {})) if shape else {}


def token_member(service: str, api: str) -> str | None:
    """The input member that carries the idempotency token of an operation of class `TOKEN`, or None."""
    operation = operation_named(service, api)
    if operation is None:
        return None
    model = service_model(service)
    members = _members(model, model["operations"][operation])
    for name, shape in members.items():
        if shape.get("idempotencyToken") and name not in _NOT_A_TOKEN:
            return name
    if (service.lower(), operation) in _TOKEN_ONLY_ON_FIFO:
        return None
    return next((name for name in members if _NAMED_TOKEN.match(name)), None)
