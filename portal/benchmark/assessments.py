"""What the server takes for pages of assessments: a question of the largest lens, saving an answer, a portfolio of 500 services.

Requests go through the whole site in this process, without a socket or a browser. The portfolio is made by
`manage.py seed_portfolio`, with all its answers. Not here: what a browser takes to show a page.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from assessments.models import Answer, Assessment
from assessments.operations.answers import AnswerDraft, ChoiceAnswer, save_answer
from assessments.operations.assessments import start_assessment
from assessments.operations.lenses import create_lens, publish_version
from portal.benchmark.figures import Figure, Options
from portal.catalogue.models import Service
from portal.people.models import Membership, Role, Team, User

SERVICES = 500
PILLARS, QUESTIONS, CHOICES = 10, 20, 15
REQUESTS = 15
"""Measured requests of each address in each repetition."""
PAGE_GOAL, PORTFOLIO_GOAL = 100.0, 200.0
_WORDS = "restore copies of every data store from another Region within the objective and time each step of it ".split()

Call = Callable[[], HttpResponseBase]


@dataclass(frozen=True)
class _Pages:
    """The signed-in owner, and the assessment by the largest lens with every question answered."""

    client: Client
    assessment: Assessment

    def open(self, name: str, *arguments: object, query: str = "") -> HttpResponseBase:
        return self.client.get(reverse(name, args=arguments) + query, headers={"host": "127.0.0.1"})

    def save(self) -> HttpResponseBase:
        """One more word in the notes of a question in the middle, as the page sends it by itself."""
        kept = Answer.objects.get(assessment=self.assessment, question_id="p05_q10")
        fields = {"choice": ["p05_q10_c01"], "notes": f"after {kept.revision}", "base_revision": kept.revision}
        address = reverse("question_detail", args=[self.assessment.pk, "p05_q10"])
        return self.client.post(address, fields, headers={"host": "127.0.0.1", "x-autosave": "1"})


def measure(options: Options) -> list[Figure]:
    """The figures of the largest lens, then those of the portfolio."""
    owner = User.objects.create_user("measurer", "measurer@example.test")
    client = Client()
    began = time.monotonic()
    services = options.sized(SERVICES, 4)
    _admin_of_something(owner)
    call_command("seed_portfolio", services=services, user=owner.username, verbosity=0)
    made = time.monotonic() - began
    client.force_login(owner)
    pages = _Pages(client, _largest(owner))
    key = pages.assessment.pk
    of_lens: dict[str, Call] = {
        "overview": lambda: pages.open("assessment_detail", key),
        "one question": lambda: pages.open("question_detail", key, "p05_q10"),
        "all questions": lambda: pages.open("question_list", key),
        "results": lambda: pages.open("assessment_results", key),
        "save an answer": pages.save,
    }
    of_services: dict[str, Call] = {
        "by tier": lambda: pages.open("portfolio"),
        "worst first": lambda: pages.open("portfolio", query="?order=worst"),
        "by one lens": lambda: pages.open("portfolio", query="?lens=reliability"),
    }
    figures = [Figure(f"making {services} services with answers", made, "s", how="manage.py seed_portfolio")]
    size = f"{PILLARS} x {QUESTIONS} questions"
    figures += [_figure(f"{name}, {size}", call, PAGE_GOAL, options) for name, call in of_lens.items()]
    name = f"portfolio of {services} services"
    return figures + [_figure(f"{name}, {way}", call, PORTFOLIO_GOAL, options) for way, call in of_services.items()]


def _figure(name: str, call: Call, goal: float, options: Options) -> Figure:
    """The median of many requests after one that is not counted; beside it what this process computed for it."""
    _milliseconds(call)
    taken = [_milliseconds(call) for _ in range(options.sized(REQUESTS, 3) * options.repetitions)]
    whole, computed = (sorted(column) for column in zip(*taken, strict=True))
    how = f"median of {len(taken)}, {statistics.median(computed):.0f} ms of it CPU; p95 {whole[int(len(whole) * 0.95)]:.0f} ms"
    return Figure(name, statistics.median(whole), "ms", goal, how=how)


def _milliseconds(call: Call) -> tuple[float, float]:
    """(how long a request took, what this process computed in that time)."""
    began, computed = time.perf_counter(), time.process_time()
    answer = call()
    taken = ((time.perf_counter() - began) * 1000, (time.process_time() - computed) * 1000)
    if answer.status_code != 200:
        raise RuntimeError(f"A page answered {answer.status_code}; nothing can be measured by it.")
    return taken


def _admin_of_something(user: User) -> None:
    team = Team.objects.create(slug="measured", name="Measured")
    Membership.objects.create(user=user, team=team, role=Role.ADMIN)


def _largest(owner: User) -> Assessment:
    """An assessment by the largest lens that the format allows, answered here and there as an owner would."""
    service = Service.objects.filter(owner=owner).order_by("pk")[0]
    draft = create_lens(user=owner, team=service.team, text=json.dumps(largest_lens()))
    version = publish_version(user=owner, version=draft, sha256=draft.sha256, is_major=True)
    assessment = start_assessment(user=owner, service=service, lens=version.lens)
    said = {"status": "SELECTED", "reason": "", "notes": "Shown in the last drill."}
    Answer.objects.bulk_create(
        Answer(
            assessment=assessment,
            question_id=f"p{number // QUESTIONS:02}_q{number % QUESTIONS:02}",
            choices={_choice_id(number, place): said for place in range(1 + number % (CHOICES - 1))},
            notes="Agreed with the business; look again in a quarter.",
            revision=1,
            changed_by=owner,
        )
        for number in range(PILLARS * QUESTIONS)
        if number != 0
    )
    first = AnswerDraft(choices={"p00_q00_c00": ChoiceAnswer(status="SELECTED")})
    save_answer(user=owner, assessment=assessment, question_id="p00_q00", draft=first, base_revision=0)
    return assessment


def _choice_id(number: int, place: int) -> str:
    return f"p{number // QUESTIONS:02}_q{number % QUESTIONS:02}_c{place:02}"


def largest_lens() -> dict[str, Any]:
    """Ten pillars of twenty questions of fifteen choices with texts, below the 500 KB that AWS takes."""
    pillars = [
        {
            "id": f"p{pillar:02}",
            "name": f"Pillar {pillar + 1}",
            "questions": [_question(pillar * QUESTIONS + place) for place in range(QUESTIONS)],
        }
        for pillar in range(PILLARS)
    ]
    return {"schemaVersion": "2021-11-01", "name": "The largest lens", "description": _text(0), "pillars": pillars}


def _question(number: int) -> dict[str, Any]:
    ids = [_choice_id(number, place) for place in range(CHOICES - 1)]
    none = f"{ids[0][:-4]}_no"
    choices: list[dict[str, Any]] = [
        {
            "id": each,
            "title": _text(number + place)[:44],
            "improvementPlan": {"displayText": _text(number * place)[:18]},
        }
        for place, each in enumerate(ids)
    ]
    return {
        "id": ids[0][:-4],
        "title": f"How do you {_text(number)[:44]}?",
        "description": _text(number + 5),
        "choices": [*choices, {"id": none, "title": "None of these"}],
        "riskRules": [
            {"condition": " && ".join(ids[:6]), "risk": "NO_RISK"},
            {"condition": f"{ids[0]} && ({ids[1]} || {ids[2]}) && !{none}", "risk": "MEDIUM_RISK"},
            {"condition": "default", "risk": "HIGH_RISK"},
        ],
    }


def _text(turn: int) -> str:
    """Words in an order of their own for each number."""
    place = turn % len(_WORDS)
    return " ".join(_WORDS[place:] + _WORDS[:place])
