"""Adding and removing evidence and comments on a question's page, and what a file is served as."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from assessments.models import Assessment, Comment, Evidence
from assessments.operations.evidence import MAXIMUM_BYTES, Upload, add_evidence
from assessments.operations.milestones import record_milestone
from assessments.tests.lenses import small
from assessments.tests.rows import started
from portal.catalogue.models import Service
from portal.people.models import User
from portal.tests.test_proof import a_drill
from runbooks.models import Drill
from runbooks.tests.rows import an_execution

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(assessment: Assessment, rest: str) -> str:
    return f"/assessments/{assessment.pk}/{rest}"


def file(name: str = "report.html", content: bytes = b"<script>alert(1)</script>") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def test_a_link_and_a_file_are_added_and_shown(owner: User, assessment: Assessment) -> None:
    client = signed_in(owner)
    link = client.post(at(assessment, "evidence-of/backup"), {"value": "https://example.com/a?b=1&c"}, headers=HTMX)
    assert 'href="https://example.com/a?b=1&amp;c" rel="noopener noreferrer nofollow"' in link.content.decode()
    added = client.post(at(assessment, "evidence-of/backup"), {"file": file(), "note": "May"}, follow=True)
    assert added.redirect_chain
    assert "report.html" in added.content.decode()
    assert list(Evidence.objects.values_list("kind", flat=True)) == ["link", "file"]


def test_a_drill_of_the_service_is_chosen_from_a_list(
    owner: User, people: dict[str, User], assessment: Assessment
) -> None:
    drill = a_drill(assessment.service, people, "Met")
    client = signed_in(owner)
    assert (
        f"Lose the Region: drill, met, {drill.ended_at:%Y-%m-%d %H:%M} UTC"
        in client.get(at(assessment, "question/backup")).content.decode()
    )
    client.post(at(assessment, "evidence-of/backup"), {"proof": f"/drills/{drill.pk}/"}, headers=HTMX)
    assert list(Evidence.objects.values_list("kind", "value")) == [("drill", str(drill.pk))]


def test_two_things_at_once_are_refused(owner: User, people: dict[str, User], assessment: Assessment) -> None:
    drill = a_drill(assessment.service, people, "Met")
    both = {"proof": f"/drills/{drill.pk}/", "value": "https://example.com/"}
    answer = signed_in(owner).post(at(assessment, "evidence-of/backup"), both, headers=HTMX)
    assert answer.status_code == 422
    assert "one thing at a time" in answer.content.decode()
    assert not Evidence.objects.exists()


def test_a_file_is_a_download_that_no_browser_runs(owner: User, assessment: Assessment) -> None:
    upload = Upload('a"b\r\nSet-Cookie: x.html', b"<script>alert(1)</script>")
    evidence = add_evidence(user=owner, assessment=assessment, question_id="backup", upload=upload)
    answer = signed_in(owner).get(at(assessment, f"evidence/{evidence.pk}/"))
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"value": "javascript:alert(1)"}, "Give one that begins with"),
        ({}, "The address is missing"),
        ({"value": "https://example.com/", "file": file()}, "a link or a file"),
        ({"file": file(content=b"x" * (MAXIMUM_BYTES + 1))}, "more than 5,000,000 bytes"),
        ({"value": "https://example.com/", "note": "x" * 301}, "301 characters"),
    ],
)
def test_what_is_refused_says_why_beside_the_field(
    owner: User, assessment: Assessment, sent: dict[str, Any], words: str
) -> None:
    client = signed_in(owner)
    answer = client.post(at(assessment, "evidence-of/backup"), sent, headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Evidence.objects.exists()


def test_without_scripts_a_refusal_shows_the_whole_page(owner: User, assessment: Assessment) -> None:
    answer = signed_in(owner).post(at(assessment, "evidence-of/backup"), {"value": "nothing"})
    assert answer.status_code == 422
    assert "How do you backup?" in answer.content.decode()


def test_evidence_is_removed_from_the_page_and_its_file_stays(owner: User, assessment: Assessment) -> None:
    evidence = add_evidence(
        user=owner, assessment=assessment, question_id="backup", upload=Upload("report.txt", b"All well")
    )
    client = signed_in(owner)
    answer = client.post(at(assessment, f"evidence/{evidence.pk}/remove/"), headers=HTMX)
    assert "report.txt" not in answer.content.decode()
    assert client.get(at(assessment, f"evidence/{evidence.pk}/")).content == b"All well"


def test_evidence_is_found_only_in_its_own_assessment_and_team(
    owner: User, stranger: User, service: Service, assessment: Assessment
) -> None:
    evidence = add_evidence(user=owner, assessment=assessment, question_id="backup", upload=Upload("a.txt", b"a"))
    link = add_evidence(user=owner, assessment=assessment, question_id="backup", value="https://example.com/")
    other = started(owner, service, {**small(), "name": "Other"})
    assert signed_in(owner).get(at(other, f"evidence/{evidence.pk}/")).status_code == 404
    assert signed_in(owner).post(at(other, f"evidence/{evidence.pk}/remove/")).status_code == 404
    assert signed_in(owner).get(at(assessment, f"evidence/{link.pk}/")).status_code == 404
    assert signed_in(stranger).get(at(assessment, f"evidence/{evidence.pk}/")).status_code == 404


def test_a_comment_is_shown_as_text_and_never_as_markup(people: dict[str, User], assessment: Assessment) -> None:
    client = signed_in(people["viewer"])
    answer = client.post(at(assessment, "comments-of/backup"), {"text": "<img src=x> *Ask* Rob"}, headers=HTMX)
    html = answer.content.decode()
    assert "<em>Ask</em> Rob" in html
    assert "<img" not in html
    assert client.post(at(assessment, "comments-of/backup"), {"text": " "}, headers=HTMX).status_code == 422
    assert Comment.objects.count() == 1


def test_a_viewer_adds_no_evidence(people: dict[str, User], assessment: Assessment) -> None:
    client = signed_in(people["viewer"])
    answer = client.post(at(assessment, "evidence-of/backup"), {"value": "https://example.com/"})
    assert answer.status_code == 403
    assert not Evidence.objects.exists()


class TestDrillsAndExecutions:
    """What somebody named by its address is shown by its name, with what it said and when."""

    @pytest.fixture
    def named(self, owner: User, assessment: Assessment, service: Service, people: dict[str, User]) -> Drill:
        """A drill and an execution of the service, and an execution of another, as evidence of one answer."""
        drill = a_drill(service, people, "Met")
        own = an_execution(people, service.team, service=service, status="Success")
        foreign = an_execution(people, service.team)
        for page, row in (("drills", drill), ("executions", own), ("executions", foreign)):
            value = f"https://portal.example/{page}/{row.pk}/"
            add_evidence(user=owner, assessment=assessment, question_id="backup", value=value)
        return drill

    def test_they_are_shown_by_name_with_a_link_and_what_they_said(
        self, owner: User, assessment: Assessment, named: Drill
    ) -> None:
        page = " ".join(signed_in(owner).get(at(assessment, "question/backup")).content.decode().split())
        assert f'<a href="/drills/{named.pk}/">Lose the Region</a> <span class="text-secondary">drill, met, ' in page
        own, foreign = Evidence.objects.filter(kind="execution").order_by("pk").values_list("value", flat=True)
        assert f'<a href="/executions/{own}/">' in page
        assert "execution, success" in page
        assert f"Execution <code>{foreign}</code>" in page
        assert "not one of this service" in page

    def test_a_milestone_shows_them_by_name_too(self, owner: User, assessment: Assessment, named: Drill) -> None:
        record_milestone(user=owner, assessment=assessment, name="Before")
        page = signed_in(owner).get(at(assessment, "milestones/1/")).content.decode()
        assert f'<a href="/drills/{named.pk}/">Lose the Region</a>' in page
        assert "not one of this service" in page
