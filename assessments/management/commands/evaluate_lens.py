"""`manage.py evaluate_lens FILE --answers FILE [--json]`: the risk of every question of a lens, and the counts.

Reads two files and prints; keeps nothing. Ends with 1 when the lens or an answer cannot be used; nothing is judged then.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assessments.lens import Lens, Problem
from assessments.management.answers_file import Answers, read_answers
from assessments.management.lens_file import line, read_lens, text_of, told_problem
from assessments.risk import GivenAnswer, LensRisk, Risk, improvements, judge, rule_that_decides


class Command(BaseCommand):
    """Judge answers by a custom lens."""

    help = "Print the risk of each question of a custom lens and the counts per pillar and lens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="FILE", type=Path, help="The lens.")
        parser.add_argument(
            "--answers",
            required=True,
            metavar="FILE",
            type=Path,
            help='JSON: question id to a list of choice ids or "NOT_APPLICABLE".',
        )
        parser.add_argument("--json", action="store_true", dest="is_json", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        is_json = options["is_json"]
        reading = read_lens(options["path"])
        if reading.lens is None:
            self._refuse("The lens", options["path"], reading.problems, is_json)
            return
        answers = _answers(options["answers"], reading.lens)
        if answers.has_error:
            self._refuse("The file of answers", options["answers"], answers.problems, is_json)
        result = judge(reading.lens, answers.answers)
        if is_json:
            self.stdout.write(json.dumps(_told(reading.lens, answers, result), indent=2, ensure_ascii=False))
        else:
            self._print(reading.lens, answers, result)

    def _refuse(self, what: str, path: Path, problems: tuple[Problem, ...], is_json: bool) -> None:
        if is_json:
            told = {"file": str(path), "problems": [told_problem(problem) for problem in problems]}
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
        errors = [line("error", problem.path, problem.message) for problem in problems if problem.severity == "error"]
        raise CommandError("\n".join([f"{what} {path} cannot be used; nothing was judged.", *errors]), returncode=1)

    def _print(self, lens: Lens, answers: Answers, result: LensRisk) -> None:
        self.stdout.write(f"{lens.name}: {_spoken(result.counts)}")
        for pillar, judged in zip(lens.pillars, result.pillars, strict=True):
            self.stdout.write(f"\n{pillar.name} ({pillar.id}): {_spoken(judged.counts)}")
            for question in pillar.questions:
                self.stdout.write(f"  {result.risks[question.id]:<15} {question.id}  {question.title}")
        if answers.problems:
            self.stdout.write("")
        for problem in answers.problems:
            self.stdout.write(line(problem.severity, problem.path, problem.message))


def _answers(path: Path, lens: Lens) -> Answers:
    try:
        return read_answers(text_of(path), lens)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}. Check its name and rights."
        return Answers({}, (Problem("", message),))


def _spoken(counts: dict[Risk, int]) -> str:
    return ", ".join(f"{number} {risk}" for risk, number in counts.items() if number) or "no questions"


def _told(lens: Lens, answers: Answers, result: LensRisk) -> dict[str, Any]:
    return {
        "lens": lens.name,
        "counts": result.counts,
        "pillars": [
            {
                "id": pillar.id,
                "name": pillar.name,
                "counts": judged.counts,
                "questions": [
                    _told_question(lens, question.id, answers.answers.get(question.id, GivenAnswer()), result)
                    for question in pillar.questions
                ],
            }
            for pillar, judged in zip(lens.pillars, result.pillars, strict=True)
        ],
        "risks": result.risks,
        "warnings": [told_problem(problem) for problem in answers.problems],
    }


def _told_question(lens: Lens, question_id: str, given: GivenAnswer, result: LensRisk) -> dict[str, Any]:
    """`rule` is the index of the rule that decided, null where none did; `improvements` null where none were searched."""
    question = lens.questions[question_id]
    risk = result.risks[question_id]
    steps = improvements(question, given.selected) if given.is_applicable else ()
    return {
        "id": question_id,
        "title": question.title,
        "risk": risk,
        "selected": [choice for choice in question.choice_ids if choice in given.selected],
        "rule": rule_that_decides(question, given.selected) if given.is_applicable else None,
        "improvements": None
        if steps is None
        else [
            {
                "risk": step.risk,
                "additions": [list(addition) for addition in step.additions],
                "number": step.number,
                "given_up": list(step.given_up),
            }
            for step in steps
        ],
    }
