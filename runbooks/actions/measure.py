"""The action that looks at a service as a client does: `bcdr:waitForEndpoint`. Ours, not Systems Manager's.

Status codes of an API lie; what a client gets does not. Not here: the sampling of a whole drill (`runbooks.sampler`).
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from runbooks.actions.context import Action, Context, Effect, HttpAnswer
from runbooks.automation.document import ActionShape
from runbooks.automation.results import Result, Succeeded, Waiting


def wait_for_endpoint(inputs: Mapping[str, Any], context: Context) -> Result:
    """One request a poll, until N in a row are as expected. A single failure starts the count again."""
    wanted = int(inputs.get("ConsecutiveSuccesses") or 5)
    interval = timedelta(seconds=float(inputs.get("IntervalSeconds") or 1))
    limit = timedelta(seconds=float(inputs.get("TimeoutPerRequestSeconds") or 2))
    answer = context.fetch(str(inputs["Url"]), method=str(inputs.get("Method") or "GET"), timeout=limit)
    problem = _difference(inputs, answer)
    successes = 0 if problem else int(context.state.get("successes", 0)) + 1
    if successes >= wanted:
        last = {"Status": answer.status, "Headers": dict(answer.headers), "Body": answer.body}
        return Succeeded(outputs={"Status": answer.status, "Checks": context.polls + 1}, payload=last)
    message = f"{successes} of {wanted} successes in a row at {inputs['Url']}"
    return Waiting(
        poll_after=interval,
        state={"successes": successes, "last_problem": problem or context.state.get("last_problem", "")},
        message=f"{message}; last answer: {problem}" if problem else f"{message}.",
    )


def _difference(inputs: Mapping[str, Any], answer: HttpAnswer) -> str:
    """What is wrong with an answer, or nothing."""
    if answer.status is None:
        return f"no answer ({answer.error})"
    expected = int(inputs.get("ExpectedStatus") or 200)
    if answer.status != expected:
        return f"HTTP {answer.status}, expected {expected}"
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for name, value in (inputs.get("ExpectedHeader") or {}).items():
        if headers.get(str(name).lower()) != str(value):
            return f"header {name} is {headers.get(str(name).lower())!r}, expected {value!r}"
    return ""


def _check(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    url = inputs.get("Url")
    if isinstance(url, str) and "{{" not in url and not url.startswith(("http://", "https://")):
        yield "Url", f"{url!r} is not an address that starts with http:// or https://."
    if str(inputs.get("Method", "GET")).upper() not in {"GET", "HEAD"}:
        yield "Method", "Only GET and HEAD: a check must not change what it looks at."
    if not isinstance(inputs.get("ExpectedHeader", {}), Mapping):
        yield "ExpectedHeader", "ExpectedHeader must map a header's name to its value."


WAIT_FOR_ENDPOINT = Action(
    name="bcdr:waitForEndpoint",
    summary="Requests an address, as a client would, until N answers in a row are as expected.",
    run=wait_for_endpoint,
    shape=ActionShape(
        required=frozenset({"Url"}),
        optional=frozenset(
            {
                "Method",
                "ExpectedStatus",
                "ExpectedHeader",
                "ConsecutiveSuccesses",
                "IntervalSeconds",
                "TimeoutPerRequestSeconds",
            }
        ),
        may_cancel_into=True,
        default_timeout=timedelta(minutes=10),
        maximum_timeout=None,
        check=_check,
    ),
    effect=Effect.NONE,
    outputs={"Status": "HTTP status of the last answer.", "Checks": "How many requests it took."},
)
