"""One reading of AWS by one check: every call is noted, none is made that the check does not list.

Not here: what is looked for (`resources`) and what is concluded (`examination`).
"""

from collections.abc import Collection, Mapping
from typing import Any

from assessments.checks.context import CheckUnavailable, Context, ServiceFacts
from assessments.checks.paging import PAGES
from assessments.checks.results import CallMade, Resource

# A service with more pages than this is not looked through to the end, and that is said.
MOST_PAGES = 200

Answers = dict[tuple[str, str, str], dict[str, Any] | CheckUnavailable]


class UndeclaredCall(RuntimeError):
    """A check made a call that it does not list, so the role of its readers may lack the permission: a mistake in the check."""


class Reading:
    """`apis` are the calls the check lists. `answers` may be shared by the checks of one run, so that each is asked for once."""

    def __init__(self, context: Context, apis: Collection[str], answers: Answers | None = None) -> None:
        self.context = context
        self.calls: list[CallMade] = []
        self.not_found: list[Resource] = []
        self.looked_for: dict[str, list[str]] = {}
        self._apis = frozenset(apis)
        self._answers: Answers = {} if answers is None else answers

    @property
    def service(self) -> ServiceFacts:
        return self.context.service

    def call(self, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
        """The answer of one call. Raises `CheckUnavailable`; `UndeclaredCall` for one the check does not list."""
        if api not in self._apis:
            raise UndeclaredCall(
                f"{api} is not among the calls of this check: {', '.join(sorted(self._apis)) or 'none'}."
            )
        key = api, region, repr(sorted(parameters.items()))
        if key not in self._answers:
            self._answers[key] = self._ask(api, parameters, region)
        answer = self._answers[key]
        if isinstance(answer, CheckUnavailable):
            self.calls.append(CallMade(api, region, answer.code or "Unavailable"))
            raise answer
        self.calls.append(CallMade(api, region))
        return answer

    def call_if_there(
        self, api: str, parameters: Mapping[str, Any], region: str, absent: Collection[str]
    ) -> dict[str, Any] | None:
        """The answer, or None where AWS answers one of the codes in `absent`: what was asked about does not exist."""
        try:
            return self.call(api, parameters, region)
        except CheckUnavailable as unavailable:
            if unavailable.code in absent:
                return None
            raise

    def items(
        self, api: str, parameters: Mapping[str, Any], region: str, absent: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """The items of all pages of a listing; none where AWS answers one of the codes in `absent`."""
        paging, token = PAGES[api], ""
        found: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            asked = {**parameters, paging.input_token: token} if token else parameters
            answer = self.call_if_there(api, asked, region, absent)
            found += (answer or {}).get(paging.items) or []
            token = (answer or {}).get(paging.answer_token) or ""
            if not token:
                return found
        raise CheckUnavailable(
            f"{api} in {region} has more than {MOST_PAGES} pages. Narrow what is looked for by tag or name."
        )

    def _ask(self, api: str, parameters: Mapping[str, Any], region: str) -> dict[str, Any] | CheckUnavailable:
        service, _, operation = api.partition(":")
        try:
            return self.context.call_aws(service, operation, parameters, region)
        except CheckUnavailable as unavailable:
            return unavailable
