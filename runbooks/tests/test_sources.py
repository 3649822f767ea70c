"""Numbered, coloured, escaped lines of a document."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.automation.document import Problem
from runbooks.sources import highlighted
from runbooks.tests.runbook_rows import GOOD


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@given(text=st.text(alphabet="ab:-\n \"'{}[]<&#|>*!%@\t1", max_size=120), format_=st.sampled_from(["YAML", "JSON"]))
def test_every_line_reads_as_it_was_written(text: str, format_: str) -> None:
    lines = highlighted(text, format_)
    kept = text.rstrip("\n")
    assert [plain(line.html) for line in lines] == kept.split("\n")


def test_a_document_has_as_many_lines_as_its_text() -> None:
    assert len(highlighted(GOOD, "YAML")) == len(GOOD.splitlines())


def test_keys_have_a_class_and_no_style() -> None:
    html = "".join(line.html for line in highlighted(GOOD, "YAML"))
    assert '<span class="nt">schemaVersion</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize("format_", ["YAML", "JSON"])
def test_markup_in_a_document_is_text(format_: str) -> None:
    html = "".join(line.html for line in highlighted('{"a": "<script>alert(1)</script>"}', format_))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_problems_stand_on_their_lines() -> None:
    problem = Problem("mainSteps[1].action", "Not run here.", 13, 5)
    lines = highlighted(GOOD, "YAML", (problem, Problem("", "Somewhere")))
    assert [line.number for line in lines if line.problems] == [13]
