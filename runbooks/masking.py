"""What may be stored: values that look like credentials are masked, and text that a database cannot hold is cleaned.

PURE. One encoder at the border for both databases: PostgreSQL refuses NUL, lone surrogates, NaN and Infinity in JSON that
SQLite takes.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MASK = "••••••"
RESPONSE_BYTES = 64 * 1024
OUTPUT_CHARACTERS = 200_000  # Systems Manager keeps at most 100 KB of a script's payload and 200 KB of a function's
_SECRET_NAME = re.compile(
    r"(password|passwd|secret|credential|privatekey|authorization|sessiontoken|accesskey|apikey)", re.I
)
# Names that contain such a word but hold a name or a reference, never the secret itself.
_HARMLESS_NAME = re.compile(
    r"(secretarn|secretid|secretname|secretsmanager|accesskeyid$|passwordlastused|credentialscope)", re.I
)
_SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|X-Amz-Signature=|X-Amz-Security-Token="
)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def storable(value: Any, name: str = "") -> Any:
    """The value as it may be written to a row: masked, cleaned, JSON only."""
    plain = name.replace("_", "").replace("-", "")
    if _SECRET_NAME.search(plain) and not _HARMLESS_NAME.search(plain) and value not in (None, "", [], {}):
        return MASK
    if isinstance(value, Mapping):
        return {text(str(key)): storable(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item, name) for item in value]
    if isinstance(value, str):
        return MASK if _SECRET_VALUE.search(value) else text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return text(str(value))


def text(value: str) -> str:
    """Text without what no database holds."""
    return _UNSTORABLE.sub("�", value)


def has_mask(value: Any) -> bool:
    """Whether something in a stored value was masked, so that it cannot be used again."""
    return MASK in json.dumps(value, ensure_ascii=False)


def shortened(value: Any) -> Any:
    """A response small enough to keep; a longer one becomes its beginning as text, and says so."""
    written = json.dumps(value, ensure_ascii=False)
    if len(written.encode()) <= RESPONSE_BYTES:
        return value
    return {"truncated": True, "bytes": len(written.encode()), "beginning": written[: RESPONSE_BYTES // 4]}


def bounded(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs small enough to keep and to hand on; one that is not becomes its beginning, marked as cut."""
    return {name: _cut(value) for name, value in outputs.items()}


def _cut(value: Any) -> Any:
    written = json.dumps(value, ensure_ascii=False)
    if len(written) <= OUTPUT_CHARACTERS:
        return value
    return f"(cut: {len(written)} characters) {written[:1000]}"


def is_shortened(value: Any) -> bool:
    """Whether this is what `shortened` made of a longer response."""
    return isinstance(value, Mapping) and value.get("truncated") is True
