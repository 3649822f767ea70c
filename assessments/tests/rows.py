"""Rows that more than one test needs: a published lens, an assessment, drafts in few words."""

from typing import Any

from assessments.models import Assessment, LensVersion
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, save_answer
from assessments.operations.assessments import start_assessment
from assessments.operations.lenses import create_lens, publish_version, save_draft
from assessments.tests.lenses import text
from portal.catalogue.models import Service
from portal.people.models import Team, User


def published(user: User, team: Team, raw: dict[str, Any]) -> LensVersion:
    """The first version of a new lens."""
    draft = create_lens(user=user, team=team, text=text(raw))
    return publish_version(user=user, version=draft, sha256=draft.sha256, is_major=False)


def next_version(user: User, before: LensVersion, raw: dict[str, Any], *, is_major: bool = False) -> LensVersion:
    """The next published version of a lens."""
    draft = save_draft(user=user, lens=before.lens, text=text(raw), base_sha256=before.sha256)
    return publish_version(user=user, version=draft, sha256=draft.sha256, is_major=is_major)


def started(user: User, service: Service, raw: dict[str, Any]) -> Assessment:
    """An open assessment of a service by a lens of its team."""
    return start_assessment(user=user, service=service, lens=published(user, service.team, raw).lens)


def chosen(*choices: str, **more: Any) -> AnswerDraft:
    """A draft in which these choices are chosen."""
    return AnswerDraft({each: ChoiceAnswer("SELECTED") for each in choices}, **more)


def answered(user: User, assessment: Assessment, question_id: str, *choices: str, base: int = 0) -> Any:
    """A saved answer."""
    return save_answer(
        user=user, assessment=assessment, question_id=question_id, draft=chosen(*choices), base_revision=base
    )
