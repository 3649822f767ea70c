"""Every page of the assessments half in Chromium: axe finds nothing, nothing is wider than the screen, on desk and phone.

A page that is added to the addresses and not to this table makes a test fail. Not here: what the pages do.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from assessments.models import Assessment, CheckResult, CheckRun, ImprovementStatus
from assessments.operations.answers import add_comment
from assessments.operations.evidence import add_evidence
from assessments.operations.improvement import ImprovementDraft, save_improvement
from assessments.operations.lenses import save_draft
from assessments.operations.milestones import record_milestone
from assessments.tests.lenses import backup, lens, pillar, question, small, text
from assessments.tests.rows import answered, next_version
from assessments.urls import urlpatterns
from portal.people.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
AXE = (Path(__file__).resolve().parents[2] / "portal" / "tests" / "vendor" / "axe.min.js").read_text()
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
TALL = 6000  # all of a page at once: what stands fixed at the edge hides nothing from axe
# What answers no page of its own: forms that only post, downloads, redirections, data, fragments.
NO_PAGES = set(
    "milestone_create check_fragment check_run_start check_plan_edit evidence_file evidence_remove evidence_create comment_create"
    " improvement_edit lens_publish lens_export question_next question_state report_file portfolio_file"
    " tool_disconnect tool_compare tool_fragment tool_push tool_pull tool_milestone tool_milestone_pull".split()
)


@pytest.fixture
def addresses(owner: User, colleague: User, assessment: Assessment) -> dict[str, str]:
    """The address of every page by the name of its url, with something to show on each."""
    version = _filled(owner, colleague, assessment)
    of_assessment = {"pk": assessment.pk}
    of_lens = {"slug": assessment.lens.slug}
    own = {
        "question_detail": of_assessment | {"question_id": "backup"},
        "milestone_detail": of_assessment | {"number": 1},
        "check_list": {"slug": assessment.service.slug},
        "lens_detail": of_lens,
        "lens_difference": of_lens,
        "lens_version": of_lens | {"number": version},
    }
    found: dict[str, str] = {}
    for pattern in urlpatterns:
        name = str(pattern.name)
        if name not in NO_PAGES:
            takes_key = "pk" in pattern.pattern.converters
            found[name] = reverse(name, kwargs=own.get(name, of_assessment if takes_key else {}))
    return found


def _filled(owner: User, colleague: User, assessment: Assessment) -> str:
    """Answers, evidence, comments, a milestone, a newer version of the lens and a draft; the newer version's number."""
    answered(owner, assessment, "backup", "backup_no")
    record_milestone(user=owner, assessment=assessment, name="Before the drill")
    answered(colleague, assessment, "backup", "tested", base=1)
    add_comment(user=colleague, assessment=assessment, question_id="backup", text="Who **restored** it last?")
    add_evidence(
        user=owner, assessment=assessment, question_id="backup", value="https://example.com/restore", note="Log"
    )
    run = CheckRun.objects.create(service=assessment.service, requested_by=owner)
    for name, outcome in {"backups_exist": "Failed", "multi_az": "Passed", "tracing_on": "Unavailable"}.items():
        is_conclusive = outcome != "Unavailable"
        CheckResult.objects.create(
            run=run,
            service=assessment.service,
            check_name=name,
            outcome=outcome,
            is_conclusive=is_conclusive,
            sentence="orders in us-west-2: seen as it is.",
        )
    draft = ImprovementDraft(
        ImprovementStatus.IN_PROGRESS.value, owner=colleague, due_on=date(2026, 1, 31), note="With the drill"
    )
    save_improvement(user=owner, assessment=assessment, question_id="backup", draft=draft, base_revision=0)
    more = question("fail_over", "manual automatic", [("automatic", "NO_RISK"), ("default", "HIGH_RISK")])
    newer = next_version(
        owner, assessment.lens_version, lens(pillar("reliability", backup(description="Reworded."), more))
    )
    save_draft(user=owner, lens=assessment.lens, text=text(small()), base_sha256=newer.sha256)
    return newer.number


def found_by_axe(page: Page) -> list[tuple[str, str]]:
    """What axe finds: the rule and the first element that breaks it."""
    found = page.evaluate(f"axe.run({RULES})")
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]


@pytest.mark.long
def test_every_page_passes_axe_and_fits_the_screen_in_both_themes(
    owner: User, addresses: dict[str, str], opened: Callable[..., Page]
) -> None:
    page = opened(owner, "/")
    page.emulate_media(reduced_motion="reduce")  # no colour is seen on its way to another
    wrong: dict[str, object] = {}
    for name, address in addresses.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": TALL})
            for theme in ("light", "dark"):
                page.evaluate(f"portalTheme.choose('{theme}')")
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wrong[f"{name}, {width}"] = "wider than the screen"
                if found := found_by_axe(page):
                    wrong[f"{name}, {width}, {theme}"] = found
    assert wrong == {}
