"""What answers rest on, from rows: the newest conclusive result of each bound check, and the drills people named."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from assessments.evidence_age import Standing
from assessments.lens import load
from assessments.models import Assessment, CheckResult, CheckRun
from assessments.operations.answers import AnswerDraft, save_answer
from assessments.operations.evidence import add_evidence
from assessments.operations.standings import bound_checks, standings_of
from assessments.tests.lenses import lens, pillar, question
from assessments.tests.rows import answered, started
from portal.catalogue.models import Service
from portal.people.models import User
from portal.tests.test_proof import a_drill

pytestmark = pytest.mark.django_db
RULES = [("tested", "NO_RISK"), ("default", "HIGH_RISK")]


def bound() -> dict[str, Any]:
    """`tested` is bound to two checks, `copied` to none; another choice names a check that nobody has."""
    asked = question("backup", "tested copied mistaken", RULES)
    asked["choices"][0]["_check"] = ["backups_exist", "backups_recent"]
    asked["choices"][2]["_check"] = ["no_such_check"]
    return lens(pillar("ppp", asked))


@pytest.fixture
def judged(owner: User, service: Service) -> Assessment:
    return started(owner, service, bound())


def saw(service: Service, name: str, outcome: str, days: float = 0) -> None:
    run = CheckRun.objects.create(service=service, status="Success", ended_at=timezone.now())
    CheckResult.objects.create(
        run=run,
        service=service,
        check_name=name,
        outcome=outcome,
        is_conclusive=outcome in ("Passed", "Failed"),
        sentence=f"{name}: {outcome}.",
        seen_at=timezone.now() - timedelta(days=days),
    )


def standing(assessment: Assessment) -> Standing:
    return standings_of(assessment).answers["backup"].standing


def test_a_lens_binds_checks_to_choices_and_unknown_names_are_passed_over() -> None:
    assert bound_checks(load(bound())) == {("backup", "tested"): ("backups_exist", "backups_recent")}


def test_a_chosen_choice_is_proved_by_its_checks(owner: User, service: Service, judged: Assessment) -> None:
    answered(owner, judged, "backup", "tested")
    assert standing(judged) is Standing.CLAIMED
    saw(service, "backups_exist", "Passed")
    saw(service, "backups_recent", "Passed")
    assert standing(judged) is Standing.PROVED
    assert standings_of(judged).counts[Standing.PROVED] == 1


def test_a_newer_failure_contradicts_and_a_newer_pass_makes_it_good_again(
    owner: User, service: Service, judged: Assessment
) -> None:
    answered(owner, judged, "backup", "tested")
    for name in ("backups_exist", "backups_recent"):
        saw(service, name, "Passed")
    saw(service, "backups_exist", "Failed")
    assert standing(judged) is Standing.CONTRADICTED
    saw(service, "backups_exist", "Passed")
    assert standing(judged) is Standing.PROVED


def test_what_could_not_be_seen_leaves_the_older_result_standing(
    owner: User, service: Service, judged: Assessment
) -> None:
    answered(owner, judged, "backup", "tested")
    for name in ("backups_exist", "backups_recent"):
        saw(service, name, "Passed", days=100)
        saw(service, name, "Unavailable")
        saw(service, name, "Nothing to check")
    assert standing(judged) is Standing.STALE


def test_results_of_other_services_prove_nothing(owner: User, service: Service, judged: Assessment) -> None:
    answered(owner, judged, "backup", "tested")
    other = Service.objects.create(
        slug="other", name="Other", team=service.team, owner=owner, primary_region="us-east-1"
    )
    for name in ("backups_exist", "backups_recent"):
        saw(other, name, "Failed")
    assert standing(judged) is Standing.CLAIMED


def test_questions_without_a_chosen_choice_or_not_applicable_have_no_standing(owner: User, judged: Assessment) -> None:
    excused = AnswerDraft(is_applicable=False, reason="OUT_OF_SCOPE")
    save_answer(user=owner, assessment=judged, question_id="backup", draft=excused, base_revision=0)
    assert standings_of(judged).answers == {}


@pytest.mark.parametrize(
    ("verdict", "days", "expected"),
    [
        ("Met", 1, Standing.PROVED),
        ("Met", 300, Standing.STALE),
        ("Not met", 1, Standing.CONTRADICTED),
        ("Not measured", 1, Standing.CLAIMED),
    ],
)
def test_a_drill_named_as_evidence_counts_with_its_verdict_and_age(
    owner: User,
    people: dict[str, User],
    service: Service,
    judged: Assessment,
    verdict: str,
    days: int,
    expected: Standing,
) -> None:
    answered(owner, judged, "backup", "copied")
    drill = a_drill(service, people, verdict, timedelta(days=days))
    add_evidence(user=owner, assessment=judged, question_id="backup", kind="drill", value=str(drill.pk))
    assert standing(judged) is expected
    assert standings_of(judged).named[str(drill.pk)].title == "Lose the Region"


def test_a_drill_of_another_service_or_of_nobody_says_nothing(
    owner: User, people: dict[str, User], service: Service, judged: Assessment
) -> None:
    answered(owner, judged, "backup", "copied")
    other = Service.objects.create(
        slug="other", name="Other", team=service.team, owner=owner, primary_region="us-east-1"
    )
    drill = a_drill(other, people, "Met")
    for reference in (str(drill.pk), str(uuid.uuid4())):
        add_evidence(user=owner, assessment=judged, question_id="backup", kind="drill", value=reference)
    assert standing(judged) is Standing.CLAIMED
    assert standings_of(judged).named == {}


def test_an_answer_is_flagged_and_never_changed(owner: User, service: Service, judged: Assessment) -> None:
    before = answered(owner, judged, "backup", "tested")
    saw(service, "backups_exist", "Failed")
    assert standing(judged) is Standing.CONTRADICTED
    after = judged.answers.get()
    assert (after.choices, after.revision, after.changed_at) == (before.choices, before.revision, before.changed_at)


def test_any_number_of_answers_takes_the_same_queries(
    owner: User, service: Service, judged: Assessment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    answered(owner, judged, "backup", "tested")
    saw(service, "backups_exist", "Passed")
    with django_assert_max_num_queries(6):
        standings_of(judged)
