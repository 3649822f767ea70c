"""Evidence: links, files within limits, drills by their address, names made harmless, removal that hides."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from assessments.models import Assessment, Evidence, EvidenceFile
from assessments.operations import evidence as module
from assessments.operations.evidence import MAXIMUM_BYTES, Upload, add_evidence, remove_evidence, safe_name
from portal.people.models import User

pytestmark = pytest.mark.django_db


def add(user: User, assessment: Assessment, **given: object) -> Evidence:
    return add_evidence(user=user, assessment=assessment, question_id="backup", **given)  # type: ignore[arg-type]


def test_a_link_is_kept_as_it_was_given(owner: User, assessment: Assessment) -> None:
    evidence = add(owner, assessment, value=" https://example.com/report?id=1 ", note="  The\nreport ")
    assert (evidence.kind, evidence.value, evidence.note) == ("link", "https://example.com/report?id=1", "The report")


@pytest.mark.parametrize("value", ["", "javascript:alert(1)", "file:///etc/passwd", "example", "https://" + "x" * 2000])
def test_what_is_no_web_address_is_refused(owner: User, assessment: Assessment, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        add(owner, assessment, value=value)
    assert list(refusal.value.message_dict) == ["value"]
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(("page", "kind"), [("drills", "drill"), ("executions", "execution")])
def test_the_address_of_a_drill_or_execution_becomes_that(
    owner: User, assessment: Assessment, page: str, kind: str
) -> None:
    key = uuid4()
    evidence = add(owner, assessment, value=f"http://127.0.0.1:8000/{page}/{key}/?tab=record")
    assert (evidence.kind, evidence.value) == (kind, str(key))


def test_a_drill_is_named_by_its_id(owner: User, assessment: Assessment) -> None:
    key = str(uuid4())
    assert add(owner, assessment, kind="drill", value=key).value == key
    for kind, value in (("drill", "the last one"), ("poem", key)):
        with pytest.raises(ValidationError):
            add(owner, assessment, kind=kind, value=value)


def test_the_same_evidence_twice_is_refused(owner: User, assessment: Assessment) -> None:
    add(owner, assessment, value="https://example.com/")
    with pytest.raises(ValidationError, match="among the evidence already"):
        add(owner, assessment, value="https://example.com/")


def test_a_file_is_kept_with_its_fingerprint(owner: User, assessment: Assessment) -> None:
    evidence = add(owner, assessment, upload=Upload("C:\\temp\\ report.pdf", b"abc"))
    kept = EvidenceFile.objects.get(evidence=evidence)
    assert (evidence.kind, evidence.value, bytes(kept.content), kept.size) == ("file", "report.pdf", b"abc", 3)
    assert kept.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("content", [b"", b"x" * (MAXIMUM_BYTES + 1)], ids=["empty", "too large"])
def test_a_file_outside_the_limits_is_refused(owner: User, assessment: Assessment, content: bytes) -> None:
    with pytest.raises(ValidationError) as refusal:
        add(owner, assessment, upload=Upload("a.txt", content))
    assert list(refusal.value.message_dict) == ["file"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie x.txt"),
        ("..", "evidence"),
        ("", "evidence"),
        ("\u202egnp.exe", "gnp.exe"),
        ('<img src=x onerror="a">.svg', "img src=x onerror=a.svg"),
        ("Grüße.pdf", "Grüße.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_of_files_are_made_harmless(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_removed_evidence_is_hidden_and_kept(owner: User, assessment: Assessment) -> None:
    evidence = add(owner, assessment, value="https://example.com/")
    removed = remove_evidence(user=owner, assessment=assessment, evidence=evidence)
    assert removed.removed_by == owner
    with pytest.raises(ValidationError, match="removed already"):
        remove_evidence(user=owner, assessment=assessment, evidence=evidence)
    add(owner, assessment, value="https://example.com/")
    assert Evidence.objects.count() == 2


def test_there_is_an_end_to_the_number(owner: User, assessment: Assessment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_EVIDENCE", 2)
    for number in range(2):
        add(owner, assessment, value=f"https://example.com/{number}")
    with pytest.raises(ValidationError, match="2 pieces"):
        add(owner, assessment, value="https://example.com/3")


def test_only_owners_add_and_remove(people: dict[str, User], assessment: Assessment) -> None:
    evidence = add(people["owner"], assessment, value="https://example.com/")
    with pytest.raises(PermissionDenied):
        add(people["viewer"], assessment, value="https://example.com/2")
    with pytest.raises(PermissionDenied):
        remove_evidence(user=people["viewer"], assessment=assessment, evidence=evidence)
