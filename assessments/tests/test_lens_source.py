"""Texts that are no lens, or hostile: refused with a reason, and soon."""

import json
import time

import pytest

from assessments.lens import export, read
from assessments.tests.lenses import codes, error_of, lens, pillar, question, small, text


@pytest.mark.parametrize(
    ("written", "code", "says"),
    [
        (b"", "empty", "empty"),
        (b"\xef\xbb\xbf \n", "empty", "empty"),
        (b"{", "not-json", "line 1, column 2"),
        (b'{\n "a": 1,\n}', "not-json", "line 3"),
        (b"\xff\xfe\x00", "not-text", "UTF-8"),
        ('{"name": "Zür'.encode("latin-1") + b'ich"}', "not-text", "UTF-8"),
        ("\ud800", "not-text", "UTF-8"),
        ("[]", "not-a-lens", "JSON object"),
        ("7", "not-a-lens", "JSON object"),
        ("null", "not-a-lens", "JSON object"),
        ("{}", "not-a-lens", "neither schemaVersion nor pillars"),
        ('{"Statement": []}', "not-a-lens", "neither schemaVersion nor pillars"),
        ("[" * 100_000, "too-deep", "nested"),
        ('{"a":' * 60 + "1" + "}" * 60, "too-deep", "nested"),
        ("x" * 2_000_001, "too-large", "2,000,000"),
        ("€" * 1_000_000, "too-large", "2,000,000"),
    ],
)
def test_a_text_that_is_no_lens_is_refused_with_the_reason(written: bytes | str, code: str, says: str) -> None:
    error = error_of(written)
    assert error.code == code
    assert says in error.message


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_json_cannot_keep_is_refused_at_its_place(number: str) -> None:
    written = text(small() | {"_note": [0, "HERE"]}).replace('"HERE"', number)
    error = error_of(written)
    assert (error.path, error.code) == ("_note[1]", "no-number")


def test_the_nan_of_an_empty_cell_is_read_as_nothing_with_a_warning_at_its_place() -> None:
    written = text(small()).replace('"How do you backup?"', "NaN")
    reading = read(written)
    assert reading.lens is not None
    assert reading.lens.questions["backup"].title == "backup"
    warned = {(problem.path, problem.code) for problem in reading.problems if problem.severity == "warning"}
    assert ("pillars[0].questions[0].title", "no-number") in warned
    assert read(export(reading.lens)).lens == reading.lens


@pytest.mark.parametrize(("wrong", "where"), [("\0", "name"), ("\ud800", "name")])
def test_characters_that_no_database_keeps_are_refused_at_their_place(wrong: str, where: str) -> None:
    error = error_of(small() | {where: f"a{wrong}b"})
    assert (error.path, error.code) == (where, "not-text")


def test_a_deciding_key_that_stands_twice_with_two_values_is_refused() -> None:
    written = text(small()).replace('"id": "backup"', '"id": "backup", "id": "other"')
    assert (error_of(written).path, error_of(written).code) == ("pillars[0].questions[0].id", "repeated-key")


@pytest.mark.parametrize(
    "twice", ['"id": "backup", "id": "backup"', '"id": "backup", "description":"a","description":"b"']
)
def test_other_keys_that_stand_twice_are_read_with_a_warning(twice: str) -> None:
    reading = read(text(small()).replace('"id": "backup"', twice))
    assert reading.lens is not None
    assert codes(reading.problems, "warning") == {"repeated-key"}


def test_fifty_megabytes_are_refused_at_once() -> None:
    huge = b"[" * 50_000_000
    began = time.process_time()
    assert error_of(huge).code == "too-large"
    assert time.process_time() - began < 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_that_editors_save_json_in_is_read(encoding: str) -> None:
    raw = small() | {"name": "Wiederherstellung — Zürich"}
    assert read(json.dumps(raw, ensure_ascii=False).encode(encoding)).raw == raw


@pytest.mark.parametrize(
    "hostile",
    [
        json.dumps(lens(pillar("one_pillar", question("asked", " ".join(f"c{n:06}" for n in range(15_000)), [])))),
        json.dumps(lens(*(pillar(f"p{n:06}", *[{"id": 1}] * 90) for n in range(999)))),
        json.dumps(lens(pillar("one_pillar", question("asked", "abc", [("zzz", "NO_RISK")] * 40_000)))),
        json.dumps(lens(pillar("one_pillar", question("asked", "abc", [("||".join(["a"] * 400_000), "NO_RISK")])))),
        json.dumps(lens(*({"id": f"p{n:06}", "questions": []} for n in range(50_000)))),
        '{"pillars":' + '{"a":1,"a":1,' * 30 + '"b":"' + "x" * 1_900_000 + '"' + "}" * 31,
        '{"pillars":[' + ",".join(["{}"] * 600_000) + "]}",
        "{" + ",".join(f'"a{n}":""' for n in range(100_000)) + ',"pillars":[]}',
        "[" * 1_999_999,
    ],
    ids=["choices", "questions", "rules", "condition", "pillars", "repeated", "empty objects", "keys", "depth"],
)
def test_hostile_texts_of_the_largest_size_are_answered_in_seconds(hostile: str) -> None:
    assert 1_000_000 < len(hostile) <= 2_000_000
    began = time.process_time()
    assert read(hostile).problems
    assert time.process_time() - began < 10
