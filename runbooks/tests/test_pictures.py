"""Steps as a graph and in words."""

from typing import Any

from runbooks.actions import registry
from runbooks.automation.document import load, read
from runbooks.operations.versions import LIBRARY
from runbooks.pictures import Ways, described, picture


def document(*steps: dict[str, Any]) -> Any:
    return load(
        {"schemaVersion": "0.3", "mainSteps": [{"action": "aws:sleep", "inputs": {}, **step} for step in steps]}
    )


def test_steps_are_nodes_in_order_and_arrows_say_why() -> None:
    graph = picture(
        document(
            {"name": "a", "onFailure": "step:c", "onCancel": "step:c"},
            {"name": "b", "isEnd": True},
            {"name": "c"},
        )
    )
    assert [node["name"] for node in graph["nodes"]] == ["a", "b", "c"]
    assert [(edge["from"], edge["to"], edge["kind"], edge["label"]) for edge in graph["edges"]] == [
        ("a", "b", "next", ""),
        ("a", "c", "failure", "on failure"),
        ("a", "c", "soft", "on cancel"),
    ]


def test_a_branch_leads_to_each_choice_once() -> None:
    choices = [{"NextStep": "c", "Variable": "x"}, {"NextStep": "c", "Variable": "y"}]
    graph = picture(
        document(
            {"name": "a", "action": "aws:branch", "inputs": {"Choices": choices, "Default": "b"}},
            {"name": "b"},
            {"name": "c"},
        )
    )
    assert {(edge["to"], edge["kind"]) for edge in graph["edges"] if edge["from"] == "a"} == {
        ("c", "choice"),
        ("b", "choice"),
    }


def test_statuses_of_a_run_stand_on_their_nodes() -> None:
    graph = picture(document({"name": "a"}, {"name": "b"}), {"a": "Success"})
    assert [node["status"] for node in graph["nodes"]] == ["Success", ""]


def test_words_say_where_a_step_leads_and_when_it_ends() -> None:
    first, last = described(document({"name": "a", "onFailure": "step:b"}, {"name": "b"}))
    assert first.ways == (Ways("then", ("b",)), Ways("on failure", ("b",)))
    assert last.ways == (Ways("then", ()),)


def test_a_loop_is_described_with_the_steps_inside_it() -> None:
    body = [{"name": "inner", "action": "aws:sleep", "inputs": {}}]
    (loop,) = described(document({"name": "again", "action": "aws:loop", "inputs": {"Steps": body}}))
    assert [inner.step.name for inner in loop.body] == ["inner"]


def test_every_shipped_document_has_a_picture_without_loose_arrows() -> None:
    for path in LIBRARY.glob("*.yaml"):
        shown = read(path.read_text(), registry.shapes()).document
        assert shown is not None, path.name
        graph = picture(shown)
        names = {node["name"] for node in graph["nodes"]}
        assert {edge[end] for edge in graph["edges"] for end in ("from", "to")} <= names
