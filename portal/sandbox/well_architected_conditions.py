"""The risk of an answer by a custom lens's rules, and their grammar, as the sandbox reads them.

Here: `!`, `&&`, `||`, brackets and `default`, turned into the set of names and a postfix program (shunting-yard). Not
here: lenses (well_architected_format.py). Written apart from the product's own reading, so that each checks the other.
Source: https://docs.aws.amazon.com/wellarchitected/latest/userguide/lenses-format-specification.html
"""

import re
from collections.abc import Collection, Sequence

_TOKENS = re.compile(r"\s*(?:(\w+)|(&&|\|\||[!()]))")
_STRENGTH = {"||": 1, "&&": 2, "!": 3}
RISK_NAMES = {"HIGH_RISK": "HIGH", "MEDIUM_RISK": "MEDIUM", "NO_RISK": "NONE"}
Program = tuple[str, ...]


class BadCondition(ValueError):
    """A condition that is not of the grammar."""


def compiled(condition: str) -> Program:
    """The condition in postfix order; an empty program is `default`."""
    if condition.strip() == "default":
        return ()
    output: list[str] = []
    waiting: list[str] = []
    wants_operand = True
    for token, is_name in _tokens(condition):
        if (is_name or token in "!(") is not wants_operand:
            raise BadCondition(f"{token} stands in the wrong place of {condition}")
        if is_name:
            output.append(token)
            wants_operand = False
        elif token in "!(":
            waiting.append(token)
        elif token == ")":
            while waiting and waiting[-1] != "(":
                output.append(waiting.pop())
            if not waiting:
                raise BadCondition(f"a ) closes nothing in {condition}")
            waiting.pop()
        else:
            while waiting and _STRENGTH.get(waiting[-1], 0) >= _STRENGTH[token]:
                output.append(waiting.pop())
            waiting.append(token)
            wants_operand = True
    if wants_operand or "(" in waiting:
        raise BadCondition(f"{condition} is not complete")
    return (*output, *reversed(waiting))


def _tokens(condition: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    position = 0
    text = condition.rstrip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise BadCondition(f"{text[position:].strip()[:20]} is not understood in {condition}")
        found.append((match[1] or match[2], match[1] is not None))
        position = match.end()
    return found


def names_in(program: Program) -> set[str]:
    """The choices that a program asks for."""
    return {token for token in program if token not in _STRENGTH}


def holds(program: Program, chosen: Collection[str]) -> bool:
    stack: list[bool] = []
    for token in program:
        if token == "!":
            stack.append(not stack.pop())
        elif token in _STRENGTH:
            right, left = stack.pop(), stack.pop()
            stack.append(left and right if token == "&&" else left or right)
        else:
            stack.append(token in chosen)
    return stack.pop() if stack else True


def risk_of(rules: Sequence[tuple[Program, str]], chosen: Collection[str], is_applicable: bool) -> str:
    """The risk by the first rule that holds; HIGH when none does. `chosen` includes choices marked not applicable."""
    if not is_applicable:
        return "NOT_APPLICABLE"
    if not chosen:
        return "UNANSWERED"
    return next((RISK_NAMES[risk] for program, risk in rules if holds(program, chosen)), "HIGH")
