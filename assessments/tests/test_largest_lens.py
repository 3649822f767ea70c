"""The largest lens that is measured with (`portal.benchmark.assessments`): really the largest, and measured to the end."""

import json
from pathlib import Path

import pytest

from assessments.lens import read
from assessments.lens.export import export_problems
from portal.benchmark.assessments import CHOICES, PILLARS, QUESTIONS, largest_lens, measure
from portal.benchmark.figures import Options


def test_it_is_as_large_as_the_format_allows_and_aws_takes_it() -> None:
    text = json.dumps(largest_lens())
    reading = read(text)
    assert reading.lens is not None
    assert export_problems(reading.raw) == ()
    assert (len(reading.lens.pillars), len(reading.lens.questions)) == (PILLARS, PILLARS * QUESTIONS)
    assert {len(question.choices) for question in reading.lens.questions.values()} == {CHOICES}
    assert 400_000 < len(text) < 500_000


@pytest.mark.long
@pytest.mark.django_db
def test_every_page_of_it_is_measured(tmp_path: Path) -> None:
    figures = measure(Options(scale=0.01, repetitions=1, folder=tmp_path))
    assert [figure.goal for figure in figures] == [None, 100, 100, 100, 100, 100, 200, 200, 200]
    assert all(figure.value for figure in figures)
