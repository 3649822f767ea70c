"""The one window through which this half sees what the other half proved: drills and runbooks, as plain values.

This half imports nothing of runbooks; the site names who answers (`settings.PROOF_SOURCE`), because only the site knows both.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from assessments.checks.context import DrillFact, RunbookFact
from portal.catalogue.models import Service


@dataclass(frozen=True)
class NamedProof:
    """A drill or execution that somebody named as evidence. `is_met` is None where it says neither yes nor no.

    `says` is a clause for people, `address` a path of the site.
    """

    reference: str
    title: str
    says: str
    address: str
    ended_at: datetime | None
    is_met: bool | None


class ProofSource(Protocol):
    """What the site answers about one service."""

    def drills_of(self, service: Service) -> tuple[DrillFact, ...]:
        """The newest drill of each scope that has a verdict."""
        ...

    def runbooks_of(self, service: Service) -> tuple[RunbookFact, ...]:
        """The runbooks of the service with a published version."""
        ...

    def recent(self, service: Service) -> tuple[NamedProof, ...]:
        """The last drills and executions of the service that ended, the newest first: what somebody may choose as evidence."""
        ...

    def named(self, service: Service, references: Collection[UUID]) -> Mapping[str, NamedProof]:
        """The drills and executions of the service with these ids, by id; those of other services are not there."""
        ...


@cache
def _loaded(path: str) -> ProofSource:
    return cast(ProofSource, import_string(path))


def proof_source() -> ProofSource:
    """The site's answerer."""
    return _loaded(settings.PROOF_SOURCE)
