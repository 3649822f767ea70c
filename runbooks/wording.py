"""What the classes of steps and the answers to a question mean, in words that people read.

The page, the terminal and the pages of versions say the same. Not here: what a class or an answer does (`runner`, `answers`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.aws.classification import ActionClass
from runbooks.models import SignalKind


@dataclass(frozen=True)
class ClassWords:
    """An action class in words: its name, the same in brief, and what happens after a crash, in a sentence or two."""

    name: str
    brief: str
    meaning: str


CLASSES: tuple[ClassWords, ...] = (
    ClassWords(
        ActionClass.READ_ONLY,
        "changes nothing",
        "It only looks, waits or decides. After a crash it is made again at once.",
    ),
    ClassWords(
        ActionClass.TOKEN,
        "safe to repeat, by token",
        "The call carries a token, so AWS does it once however often it is sent. After a crash it is sent again with the "
        "same token, while AWS still remembers it; later a person is asked.",
    ),
    ClassWords(
        ActionClass.DECLARATIVE,
        "safe to repeat, sets a value",
        "It sets a stated value, and setting it again leaves the same. After a crash it is sent again as soon as the first "
        "call can no longer be under way.",
    ),
    ClassWords(
        ActionClass.CONVERGING,
        "safe to repeat, ends in a stated condition",
        "It leads to a stated condition, such as stopped or deleted, however often it is sent. After a crash it is sent "
        "again as soon as the first call can no longer be under way.",
    ),
    ClassWords(
        ActionClass.ONCE,
        "must not happen twice",
        "Each call does it again. After a crash it is never sent again by itself: the portal looks in AWS whether it "
        "happened, and where that cannot be seen a person decides.",
    ),
)
_BY_NAME: Mapping[str, ClassWords] = {words.name: words for words in CLASSES}

_ABOUT_FAILURE: Mapping[str, str] = {
    SignalKind.RETRY: "Make the step again, with the parameters as they are now.",
    SignalKind.MARK_DONE: "What the step should do has been done by hand: go on with the next step. Its outputs stay empty.",
    SignalKind.SKIP: "It is not needed this time: go on with the next step. Its outputs stay empty.",
    SignalKind.STOP_STEP: "Let the failure stand: the execution ends.",
}
_ABOUT_UNKNOWN: Mapping[str, str] = {
    SignalKind.RETRY: "It did not happen: make the step again.",
    SignalKind.MARK_DONE: "It happened: count the step as done and go on. Its outputs stay empty.",
    SignalKind.SKIP: "Whether it happened does not matter: go on with the next step. Its outputs stay empty.",
    SignalKind.STOP_STEP: "Count the step as failed: what the runbook says for a failure follows.",
}


def class_words(action_class: str) -> ClassWords:
    """The words for a class by its name; a name nobody knows stands for itself."""
    return _BY_NAME.get(action_class, ClassWords(action_class, action_class, ""))


def answer_words(kind: str, *, is_unknown: bool) -> str:
    """What an answer does, about an unknown outcome or about a failed step; nothing for a signal that is no answer."""
    return (_ABOUT_UNKNOWN if is_unknown else _ABOUT_FAILURE).get(kind, "")
