"""What is written at every step, as plain statements: Django's building of a query takes longer than running it.

Values are adapted by the model's own fields, so a row is the same as if Django had written it. For rows of one table by plain
values only; whatever needs more is a queryset, and reading always is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection, models


@dataclass(frozen=True)
class Moment:
    """The database's clock when the statement runs, and a length after it."""

    after: timedelta = timedelta(0)


_CLOCK = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s)",
    "postgresql": "STATEMENT_TIMESTAMP() + %s",
}


@cache
def _fields(model: type[models.Model]) -> "dict[str, models.Field[Any, Any]]":
    return {field.name: field for field in model._meta.concrete_fields}


def update(model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Set columns of the rows in which the columns of `where` have these values (None: are null); how many there were."""
    fields = _fields(model)
    marks, parameters = _prepared([(fields[name], value) for name, value in values.items()])
    sets = ", ".join(f'"{fields[name].column}" = {mark}' for name, mark in zip(values, marks, strict=True))
    tests = " AND ".join(
        f'"{fields[name].column}" ' + ("IS NULL" if value is None else "= %s") for name, value in where.items()
    )
    _, more = _prepared([(fields[name], value) for name, value in where.items() if value is not None])
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{model._meta.db_table}" SET {sets} WHERE {tests}', [*parameters, *more])  # noqa: S608
        return cursor.rowcount


def insert(rows: Sequence[models.Model], moments: Mapping[str, Moment] | None = None) -> None:
    """Add new rows of one model, in their order; they get their keys and, in the columns of `moments`, those times."""
    model, moments = type(rows[0]), moments or {}
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    written = [
        _prepared([(field, moments.get(field.name) or getattr(row, field.attname)) for field in fields]) for row in rows
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(f"({', '.join(each)})" for each, _ in written)
    wanted = ", ".join(f'"{_fields(model)[name].column}"' for name in ("id", *moments))
    statement = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {marks} RETURNING {wanted}'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for _, values in written for value in values])
        for row, (pk, *times) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
            row._state.adding, row._state.db = False, connection.alias
            for name, said in zip(moments, times, strict=True):
                setattr(row, name, as_time(said))


def as_time(said: datetime | str) -> datetime:
    """A time as the driver hands it out: SQLite has no type for it."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC) if isinstance(said, str) else said.astimezone(UTC)


def _prepared(values: "Sequence[tuple[models.Field[Any, Any], Any]]") -> tuple[list[str], list[Any]]:
    """What stands in the statement for each value, and the values as the driver takes them."""
    marks: list[str] = []
    parameters: list[Any] = []
    for field, value in values:
        if isinstance(value, Moment):
            marks.append(_CLOCK[connection.vendor])
            is_sqlite = connection.vendor == "sqlite"
            parameters.append(f"{value.after.total_seconds():+.3f} seconds" if is_sqlite else value.after)
        else:
            marks.append("%s")
            parameters.append(field.get_db_prep_save(value, connection))
    return marks, parameters
