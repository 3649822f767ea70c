"""What an action hands back."""

import dataclasses

import pytest

from runbooks.automation.results import Failed, Result, Succeeded, Unknown, Waiting


@pytest.mark.parametrize("result", [Succeeded(), Failed("no such instance"), Waiting(), Unknown("no answer came")])
def test_a_result_cannot_be_changed(result: Result) -> None:
    field = dataclasses.fields(result)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, field, None)


def test_two_results_do_not_share_their_outputs() -> None:
    assert Succeeded().outputs is not Succeeded().outputs


def test_a_wait_without_poll_is_woken_by_signals_only() -> None:
    waiting = Waiting(for_signals=frozenset({"Resume"}))
    assert (waiting.poll_after, waiting.for_signals) == (None, frozenset({"Resume"}))
