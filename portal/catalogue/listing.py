"""The columns of the list of services and how each sorts. What is shown in them is the template's."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F


@dataclass(frozen=True)
class Column:
    """One column: its key in the address, its heading, the expression that sorts it, what its heading means."""

    key: str
    heading: str
    field: str
    meaning: str = ""


COLUMNS = [
    Column("name", "Service", "name"),
    Column("tier", "Tier", "tier"),
    Column("strategy", "Strategy", "strategy"),
    Column("region", "Regions", "primary_region"),
    Column("rto", "RTO", "strictest_rto", "The shortest RTO of all disruption scopes"),
    Column("rpo", "RPO", "strictest_rpo", "The shortest RPO of all disruption scopes"),
    Column("owner", "Owner", "owner__username"),
    Column("team", "Team", "team__name"),
]


@dataclass(frozen=True)
class Order:
    """The column sorted by and the direction. Rows without a value come last in both."""

    column: Column
    is_descending: bool

    @classmethod
    def chosen(cls, text: str) -> "Order":
        """From `?sort=rto` or `?sort=-rto`; anything else sorts by tier, the most important first."""
        by_key = {column.key: column for column in COLUMNS}
        return cls(by_key.get(text.removeprefix("-"), by_key["tier"]), text.startswith("-") and text[1:] in by_key)

    @property
    def terms(self) -> list[Any]:
        """For `order_by`: the column, then what makes the order the same every time."""
        field = F(self.column.field)
        first = field.desc(nulls_last=True) if self.is_descending else field.asc(nulls_last=True)
        return [first, "tier", "name", "pk"]
