"""What is said to the database again and again, as plain statements: Django's building of a query takes longer than running it.

Values are adapted by the model's own fields, so a row is the same as if Django had written it. Writing: rows of one table by
plain values only. Reading: a queryset whose statement is built once. Whatever is not said at every step or look is a queryset.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, DataError, connection, connections, models, transaction


@dataclass(frozen=True)
class Moment:
    """The database's clock when the statement runs, and a length after it."""

    after: timedelta = timedelta(0)


_CLOCK = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s)",
    "postgresql": "STATEMENT_TIMESTAMP() + CAST(%s AS interval)",
}

# The names under which a connection to PostgreSQL keeps statements that it has seen, by their text.
_KEPT: "WeakKeyDictionary[Any, dict[str, str]]" = WeakKeyDictionary()
_NUMBERS = count(1)


@cache
def vendor() -> str:
    """What kind of database this process has, "sqlite" or "postgresql"."""
    return connection.vendor


@cache
def _fields(model: type[models.Model]) -> "dict[str, models.Field[Any, Any]]":
    return {field.name: field for field in model._meta.concrete_fields}


class Change(NamedTuple):
    """A statement that is to change so many rows, ready to be made alone or with others."""

    text: str
    values: Sequence[Any]
    rows: int = 1
    lock: str = ""
    lock_values: Sequence[Any] = ()


def updating(model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any]) -> Change:
    """Setting columns of the row in which the columns of `where` have these values (None: are null)."""
    sets = tuple((name, isinstance(value, Moment)) for name, value in values.items())
    tests = tuple((name, value is None) for name, value in where.items())
    asked = [(name, value) for name, value in where.items() if value is not None]
    text = _update_text(model, sets, tests)
    return Change(text, _parameters(model, [*values.items(), *asked]))


def make(change: Change) -> int:
    """Make one change; how many rows it found."""
    with connection.cursor() as cursor:
        _execute(cursor, [change])
        return int(cursor.rowcount)


@cache
def _update_text(
    model: type[models.Model], sets: tuple[tuple[str, bool], ...], tests: tuple[tuple[str, bool], ...]
) -> str:
    """An update of columns, each with whether it is set to a moment; the columns asked for, each with whether it is null."""
    columns = {name: f'"{field.column}"' for name, field in _fields(model).items()}
    wanted = ", ".join(f"{columns[name]} = {_CLOCK[vendor()] if is_moment else '%s'}" for name, is_moment in sets)
    where = " AND ".join(f"{columns[name]} {'IS NULL' if is_null else '= %s'}" for name, is_null in tests)
    return f'UPDATE "{model._meta.db_table}" SET {wanted} WHERE {where}'  # noqa: S608


class Guard(NamedTuple):
    """What must hold for rows to be added: a test, and a lock that the server takes before it looks."""

    test: str
    values: Sequence[Any]
    lock: str = ""
    lock_values: Sequence[Any] = ()


def inserting(
    rows: Sequence[models.Model], moments: Mapping[str, Moment] | None = None, guard: Guard | None = None
) -> Change:
    """Adding new rows of one model, in their order, where the guard holds; it returns their keys and `moments`."""
    model, moments = type(rows[0]), moments or {}
    names = [(name, field.attname) for name, field in _fields(model).items() if not field.primary_key]
    values = [
        value
        for row in rows
        for value in _parameters(
            model, [(name, moments.get(name) or getattr(row, attribute)) for name, attribute in names]
        )
    ]
    text = _insert_text(model, len(rows), tuple(moments), guard.test if guard else "")
    if guard is None:
        return Change(text, values, len(rows))
    return Change(text, [*values, *guard.values], len(rows), guard.lock, guard.lock_values)


def insert(
    rows: Sequence[models.Model], moments: Mapping[str, Moment] | None = None, guard: Guard | None = None
) -> bool:
    """Add new rows of one model, in their order; they get their keys and, in the columns of `moments`, those times.

    False where the guard does not hold: nothing is added then.
    """
    with connection.cursor() as cursor:
        _execute(cursor, [inserting(rows, moments, guard)])
        found = cursor.fetchall()
    if guard and not found:
        return False
    are_added(rows, found, moments)
    return True


def are_added(
    rows: Sequence[models.Model], found: Sequence[Sequence[Any]], moments: Mapping[str, Moment] | None = None
) -> None:
    """Give rows what adding them returned: their keys, and the times in the columns of `moments`."""
    for row, (pk, *times) in zip(rows, found, strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        for name, said in zip(moments or {}, times, strict=True):
            setattr(row, name, as_time(said))


def make_all(changes: Sequence[Change]) -> list[Any] | None:
    """Make changes in a transaction of their own, and on PostgreSQL in one message; what the last one returned.

    None, and nothing is changed, where one of them does not change as many rows as it should.
    """
    try:
        if vendor() == "postgresql":
            # A message is a transaction by itself. Only tests have one around it, which a refusal must not spoil.
            spared = transaction.atomic(durable=True) if connection.in_atomic_block else nullcontext()
            with spared, connection.cursor() as cursor:
                _execute(cursor, [_required(change) for change in changes[:-1]] + [changes[-1]])
                return list(cursor.fetchall())
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            for change in changes:
                _execute(cursor, [change])
                found = list(cursor.fetchall())
                if (len(found) or cursor.rowcount) != change.rows:
                    raise _Unmatched
            return found
    except _Unmatched:
        return None
    except DataError as error:
        if getattr(error.__cause__, "pgcode", "") == _DIVISION_BY_ZERO:
            return None
        raise


_DIVISION_BY_ZERO = "22012"


class _Unmatched(Exception):
    """A change found other rows than it should."""


def _required(change: Change) -> Change:
    """The change as a statement that PostgreSQL refuses where the number of rows is another: by a division by zero."""
    is_so = f"SELECT 1 / CAST(COUNT(*) = {change.rows} AS integer) FROM made"  # noqa: S608
    returning = "" if " RETURNING " in change.text else " RETURNING 1"
    return change._replace(text=f"WITH made AS ({change.text}{returning}) {is_so}")


@cache
def _insert_text(model: type[models.Model], count: int, moments: tuple[str, ...], test: str) -> str:
    """An insert of so many rows, with these columns set to moments, where the test holds."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    marks = [_CLOCK[vendor()] if field.name in moments else "%s" for field in fields]
    if test and vendor() == "postgresql":
        # What it reads from a list of values it takes for text, unless it is told the type.
        marks = [f"CAST({mark} AS {field.db_type(connection)})" for field, mark in zip(fields, marks, strict=True)]
    source = "VALUES " + ", ".join([f"({', '.join(marks)})"] * count)
    if test:
        source = f"SELECT * FROM ({source}) AS told WHERE {test}"  # noqa: S608
    columns = ", ".join(f'"{field.column}"' for field in fields)
    wanted = ", ".join(f'"{_fields(model)[name].column}"' for name in ("id", *moments))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) {source} RETURNING {wanted}'


class StandingQuery:
    """A read that is made again and again without anything that changes in it: the statement of a queryset, built once."""

    def __init__(self, queryset: models.QuerySet[Any], *names: str) -> None:
        self._queryset = queryset.values_list(*names)
        self._statement: tuple[str, Sequence[Any]] | None = None

    def rows(self) -> list[tuple[Any, ...]]:
        """The fields that were named, of each row; no times among them, for which SQLite has no type."""
        if self._statement is None:
            self._statement = self._queryset.query.sql_with_params()
        model: type[models.Model] = self._queryset.model
        fields = [_fields(model)[name] for name in self._queryset.query.values_select]
        with connection.cursor() as cursor:
            _execute(cursor, [Change(*self._statement)])
            return [
                tuple(field.to_python(value) for field, value in zip(fields, row, strict=True))
                for row in cursor.fetchall()
            ]


def _parameters(model: type[models.Model], values: Iterable[tuple[str, Any]]) -> list[Any]:
    """Values of columns as the driver takes them."""
    fields, plain, is_sqlite = _fields(model), _plain(model), vendor() == "sqlite"
    database = connections[DEFAULT_DB_ALIAS]  # the thing itself: `connection` looks it up anew each time it is asked
    return [
        value
        if type(value) is plain.get(name)
        else (f"{value.after.total_seconds():+.3f} seconds" if is_sqlite else value.after)
        if isinstance(value, Moment)
        else fields[name].get_db_prep_save(value, database)
        for name, value in values
    ]


_PLAIN: dict[str, type] = {"CharField": str, "TextField": str, "BooleanField": bool}
_PLAIN |= dict.fromkeys(["IntegerField", "PositiveIntegerField", "PositiveBigIntegerField"], int)
_PLAIN_ON: dict[str, dict[str, type]] = {"sqlite": {}, "postgresql": {"UUIDField": UUID, "DateTimeField": datetime}}


@cache
def _plain(model: type[models.Model]) -> dict[str, type]:
    """Columns whose values of just this type the driver takes as they are: a field's own look at one takes longer than that."""
    kinds = {**_PLAIN, **_PLAIN_ON[vendor()]}
    found = {name: kinds.get(field.get_internal_type()) for name, field in _fields(model).items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _execute(cursor: Any, changes: Sequence[Change]) -> None:
    """Run statements; PostgreSQL runs them as one message and keeps each, parsed and planned, for the next time.

    Parsing and planning are 40 % of what a step costs the server. A pooler must pool by session, for cursors as for this.
    """
    if vendor() != "postgresql":
        for change in changes:
            cursor.execute(change.text, change.values)
        return
    kept = _KEPT.setdefault(connection.connection, {})
    new: dict[str, str] = {}
    message: list[str] = []
    values: list[Any] = []
    for text, own, _, lock, lock_values in changes:
        name = kept.get(text)
        if name is None:
            name = new[text] = f"kept_{next(_NUMBERS)}"
            message.append(f"PREPARE {name} AS {text % tuple(f'${number}' for number in range(1, len(own) + 1))}")
        if lock:
            message.append(lock)
        message.append(f"EXECUTE {name} ({', '.join(['%s'] * len(own))})" if own else f"EXECUTE {name}")
        values += [*lock_values, *own]
    cursor.execute("; ".join(message), values)
    kept.update(new)


def as_time(said: datetime | str) -> datetime:
    """A time as the driver hands it out: SQLite has no type for it."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC) if isinstance(said, str) else said.astimezone(UTC)
