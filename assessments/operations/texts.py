"""What people type, made fit to be kept: line ends, lengths, characters that no database keeps."""

from django.core.exceptions import ValidationError


def tidy(text: str) -> str:
    """A text without a browser's line ends and without blanks around it."""
    return text.replace("\r\n", "\n").strip()


def text_problems(text: str, noun: str, most: int) -> list[str]:
    """Why a text cannot be kept, in sentences that name it by `noun`; empty when it can."""
    found: list[str] = []
    if len(text) > most:
        found.append(f"{noun} has {len(text):,} characters; {most:,} are kept. Shorten it.")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        found.append(f"{noun} holds a character that cannot be stored. Type it again.")
    return found


def one_line(text: str, noun: str, *, least: int, most: int) -> str:
    """A name or note as one line; ValidationError with a sentence when it is too short, too long or cannot be kept."""
    line = " ".join(text.split())
    problems = text_problems(line, noun, most)
    if len(line) < least:
        problems.append(f"{noun} needs at least {least} characters.")
    if problems:
        raise ValidationError(problems)
    return line
