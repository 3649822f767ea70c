"""Rows made by the database itself: `INSERT ... SELECT`, written for the two databases the portal runs on.

Not here: which rows (`made_history.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models


@dataclass(frozen=True)
class Sql:
    """How this database writes what the two write differently; everything here is SQL."""

    is_postgres: bool

    def uuid(self) -> str:
        return "gen_random_uuid()" if self.is_postgres else "lower(hex(randomblob(16)))"

    def json(self, value: object) -> str:
        text = "'" + json.dumps(value).replace("'", "''") + "'"
        return f"CAST({text} AS jsonb)" if self.is_postgres else text

    def after(self, moment: str, seconds: str) -> str:
        """The moment that lies so many seconds (an SQL expression) after another one."""
        if self.is_postgres:
            return f"({moment} + ({seconds}) * interval '1 second')"
        return f"strftime('%Y-%m-%d %H:%M:%f', {moment}, ({seconds}) || ' seconds')"

    def moment(self, text: str) -> str:
        return f"CAST('{text}' AS timestamptz)" if self.is_postgres else f"'{text}'"

    def truth(self, expression: str) -> str:
        return f"({expression})" if self.is_postgres else f"CASE WHEN {expression} THEN 1 ELSE 0 END"

    def duration(self, length: timedelta) -> str:
        microseconds = round(length.total_seconds() * 1_000_000)
        return f"({microseconds} * interval '1 microsecond')" if self.is_postgres else str(microseconds)

    def dashed(self, key: str) -> str:
        """A UUID as text with dashes."""
        if self.is_postgres:
            return f"CAST({key} AS text)"
        ends = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        return " || '-' || ".join(f"substr({key}, {first}, {length})" for first, length in ends)


def fill(model: type[models.Model], source: str, columns: Mapping[str, str], sql: Sql) -> None:
    """Make rows of a model from a source of rows: `columns` are SQL expressions, what is left out has its default."""
    names, values = [], []
    for field in model._meta.concrete_fields:
        column = field.column or field.name
        if column in columns:
            values.append(columns[column])
        elif field.primary_key or field.has_db_default() or (field.null and not field.has_default()):
            continue
        else:
            values.append(_default(field, sql))
        names.append(f'"{column}"')
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{table}" ({", ".join(names)}) SELECT {", ".join(values)} {source}')


def _default(field: "models.Field[Any, Any]", sql: Sql) -> str:
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return sql.json(value)
    if isinstance(field, models.UUIDField):
        return sql.uuid()
    if isinstance(value, bool):
        return sql.truth("1 = 1" if value else "1 = 0")
    return str(value) if isinstance(value, int | float) else f"'{value or ''}'"
