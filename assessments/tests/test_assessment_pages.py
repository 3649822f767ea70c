"""Pages of whole assessments: list, start, overview, milestones, upgrade, closing."""

from typing import Any

import pytest
from django.test import Client

from assessments.models import Assessment
from assessments.operations.milestones import record_milestone
from assessments.tests.lenses import backup, lens, pillar, small
from assessments.tests.rows import answered, next_version, published
from portal.catalogue.models import Service
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(assessment: Assessment, rest: str = "") -> str:
    return f"/assessments/{assessment.pk}/{rest}"


def html_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_list_shows_progress_and_risks_of_ones_teams_only(
    owner: User, stranger: User, assessment: Assessment
) -> None:
    answered(owner, assessment, "backup", "backup_no")
    html = html_of(signed_in(owner).get("/assessments/"))
    assert "Checkout" in html
    assert "1 of 2" in html
    assert '<span class="count count-bad">1</span>' in html
    assert "Checkout" not in html_of(signed_in(stranger).get("/assessments/"))


def test_the_list_is_narrowed(owner: User, assessment: Assessment) -> None:
    client = signed_in(owner)
    for query, is_shown in (("q=check", True), ("q=nothing", False), ("state=closed", False), ("state=all", True)):
        assert (at(assessment) in html_of(client.get(f"/assessments/?{query}"))) is is_shown


def test_an_assessment_is_started_from_the_form(owner: User, service: Service, team: Team) -> None:
    version = published(owner, team, small())
    client = signed_in(owner)
    assert "selected" in html_of(client.get(f"/assessments/new/?service=checkout&lens={version.lens.slug}"))
    form = {"service": "checkout", "lens": version.lens.slug}
    answer = client.post("/assessments/new/", form)
    assert answer["Location"] == at(Assessment.objects.get())
    assert "is being assessed" in html_of(client.post("/assessments/new/", form), 422)


def test_who_may_not_answer_may_not_start(people: dict[str, User], service: Service) -> None:
    assert signed_in(people["viewer"]).get("/assessments/new/").status_code == 403


def test_the_overview_shows_pillars_risks_and_history(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    html = html_of(signed_in(owner).get(at(assessment)))
    for words in (
        "Pillar reliability",
        "Pillar operations",
        "1 of 2 answered",
        "How do you backup?",
        "Next unanswered",
    ):
        assert words in html


def test_a_viewer_is_offered_nothing_that_changes(people: dict[str, User], assessment: Assessment) -> None:
    html = html_of(signed_in(people["viewer"]).get(at(assessment)))
    assert "milestones/new" not in html
    assert "/close/" not in html
    assert signed_in(people["viewer"]).get(at(assessment, "close/")).status_code == 403


def test_a_milestone_is_recorded_and_read(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "backup", "tested")
    client = signed_in(owner)
    assert "at least 3 characters" in html_of(client.post(at(assessment, "milestones/new/"), {"name": " "}), 422)
    answer = client.post(at(assessment, "milestones/new/"), {"name": "First <look>"})
    html = html_of(client.get(answer["Location"]))
    assert "First &lt;look&gt;" in html
    assert "We do tested" in html
    assert "is not what was recorded" not in html
    assert client.get(at(assessment, "milestones/2/")).status_code == 404


def test_a_milestone_somebody_edited_says_so(owner: User, assessment: Assessment) -> None:
    milestone = record_milestone(user=owner, assessment=assessment, name="First")
    milestone.content["counts"]["HIGH"] = 0
    milestone.content["service"]["name"] = "Another"
    milestone.save()
    assert "is not what was recorded" in html_of(signed_in(owner).get(at(assessment, "milestones/1/")))


def test_an_upgrade_is_offered_shown_and_done(owner: User, assessment: Assessment) -> None:
    answered(owner, assessment, "restore", "timed")
    client = signed_in(owner)
    assert client.get(at(assessment, "upgrade/"))["Location"] == at(assessment)
    next_version(owner, assessment.lens_version, lens(pillar("reliability", backup())))
    assert "Version 1.1 of this lens is published" in html_of(client.get(at(assessment)))
    html = html_of(client.get(at(assessment, "upgrade/")))
    assert "1 answered question goes away" in html
    assert "Before version 1.1" in html
    assert client.post(at(assessment, "upgrade/"), {"name": "x"}).status_code == 422
    done = html_of(client.post(at(assessment, "upgrade/"), {"name": "Before 1.1"}, follow=True))
    assert "Milestone 1 is recorded; version 1.1 is in use." in done
    assert "Answers to questions that are gone" in done
    assert "<code>restore</code>" in done


def test_an_assessment_is_closed_with_its_last_milestone(owner: User, assessment: Assessment) -> None:
    client = signed_in(owner)
    assert "Closed" in html_of(client.get(at(assessment, "close/")))
    html = html_of(client.post(at(assessment, "close/"), {"name": "Closed"}, follow=True))
    assert "no longer changes" in html
    assert "milestones/new" not in html
    assessment.refresh_from_db()
    assert (assessment.is_open, assessment.milestones.count()) == (False, 1)
