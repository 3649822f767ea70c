"""Answers from a JSON file: question id to a list of choice ids, or "NOT_APPLICABLE".

Here: text to answers, with everything wrong at once. Not here: their risk (assessments.risk).
"""

from dataclasses import dataclass
from typing import Any

from assessments.lens import Lens, Problem, Question
from assessments.lens.problems import Grade, Notes, shorten
from assessments.lens.source import read_json
from assessments.risk import GivenAnswer, answer_problems

NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True)
class Answers:
    """Answers by question id; useless when a problem is an error. Contradictions are warnings."""

    answers: dict[str, GivenAnswer]
    problems: tuple[Problem, ...]

    @property
    def has_error(self) -> bool:
        """Whether the answers cannot be judged."""
        return any(problem.severity == "error" for problem in self.problems)


def read_answers(text: bytes | str, lens: Lens) -> Answers:
    """Read answers to the questions of a lens. Never raises."""
    source = read_json(text, "file of answers")
    notes = source.notes
    answers: dict[str, GivenAnswer] = {}
    if not notes.has_error and not isinstance(source.content, dict):
        message = f'This is not an object of answers: {{"question id": ["choice id", ...] or "{NOT_APPLICABLE}"}}.'
        notes.note(Grade.UNUSABLE, "not-answers", (), message)
    for question_id, written in source.content.items() if isinstance(source.content, dict) else ():
        question = lens.questions.get(question_id)
        if question is None:
            message = f"The lens has no question {shorten(question_id)}. Remove the answer or mend its id."
            notes.note(Grade.UNUSABLE, "unknown-question", (question_id,), message)
        else:
            answers[question_id] = _answer(question, written, notes)
    return Answers(answers, notes.when_read())


def _answer(question: Question, written: Any, notes: Notes) -> GivenAnswer:
    if written == NOT_APPLICABLE:
        return GivenAnswer(is_applicable=False)
    if not isinstance(written, list) or not all(isinstance(choice, str) for choice in written):
        message = f'An answer is a list of choice ids or "{NOT_APPLICABLE}". Write one of them.'
        notes.note(Grade.UNUSABLE, "bad-answer", (question.id,), message)
        return GivenAnswer()
    selected = frozenset(written)
    grade = Grade.ODD if selected <= set(question.choice_ids) else Grade.UNUSABLE
    for message in answer_problems(question, selected):
        notes.note(grade, "contradiction" if grade is Grade.ODD else "unknown-choice", (question.id,), message)
    return GivenAnswer(selected)
