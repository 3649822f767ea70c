"""Every class and every answer has words of its own, and a class nobody knows still shows."""

import pytest

from portal.aws.classification import ActionClass
from runbooks.operations.signals import ANSWER_ORDER
from runbooks.wording import CLASSES, answer_words, class_words


def test_every_class_is_explained_once_in_the_order_of_the_classes() -> None:
    assert [words.name for words in CLASSES] == [str(one) for one in ActionClass]
    assert len({words.brief for words in CLASSES}) == len({words.meaning for words in CLASSES}) == len(CLASSES)


def test_a_class_nobody_knows_stands_for_itself() -> None:
    words = class_words("no effect")
    assert (words.name, words.brief, words.meaning) == ("no effect", "no effect", "")


@pytest.mark.parametrize("is_unknown", [True, False])
def test_every_answer_says_what_it_does(is_unknown: bool) -> None:
    said = [answer_words(kind, is_unknown=is_unknown) for kind in ANSWER_ORDER]
    assert all(said)
    assert len(set(said)) == len(ANSWER_ORDER)


def test_the_answers_differ_between_a_failure_and_an_unknown_outcome() -> None:
    assert all(answer_words(kind, is_unknown=True) != answer_words(kind, is_unknown=False) for kind in ANSWER_ORDER)


def test_a_signal_that_is_no_answer_has_no_words() -> None:
    assert answer_words("Pause", is_unknown=False) == ""
