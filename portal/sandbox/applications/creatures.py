"""The service core shows creatures: the page for people, JSON for programs.

Not here: liking one (likes.py), heartbeat records (heartbeats.py).
"""

from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any

from portal.sandbox.applications import tables
from portal.sandbox.applications.answering import Answer, RefusalError, Request, Route
from portal.sandbox.tasks import TaskEnvironment

PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
CARD = Template(Path(__file__).with_name("card.html").read_text(encoding="utf-8"))
STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
PAGE_HEADERS = {"Content-Security-Policy": "default-src 'self'; img-src data:", "X-Content-Type-Options": "nosniff"}


class Creatures:
    """Reads the table of creatures in the task's Region."""

    def __init__(self, environment: TaskEnvironment) -> None:
        self.region = environment.region
        self._table = tables.creature_table(environment)
        self._dynamodb = tables.client(environment)

    def routes(self) -> list[Route]:
        """GET / (HTML), /style.css, /mysfits and /mysfits/<id> (JSON)."""
        return [
            Route("GET", "/", self.page),
            Route("GET", "/style.css", self.style),
            Route("GET", "/mysfits", self.index),
            Route("GET", "/mysfits/([A-Za-z0-9-]{1,64})", self.creature),
        ]

    def page(self, request: Request) -> Answer:
        """All creatures for people."""
        cards = [CARD.substitute({key: escape(str(value)) for key, value in row.items()}) for row in self._read_all()]
        content = PAGE.substitute(region=escape(self.region), cards="\n".join(cards))
        return Answer(content, content_type="text/html", headers=PAGE_HEADERS)

    def style(self, request: Request) -> Answer:
        """The page's style sheet."""
        return Answer(STYLE, content_type="text/css")

    def index(self, request: Request) -> Answer:
        """{"region", "mysfits": [...]} by name."""
        return Answer({"region": self.region, "mysfits": self._read_all()})

    def creature(self, request: Request) -> Answer:
        """{"region", "mysfit": {...}}."""
        key = {"MysfitId": {"S": request.match[1]}}
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None:
            raise RefusalError(HTTPStatus.NOT_FOUND, f"No creature is called {request.match[1]}.")
        return Answer({"region": self.region, "mysfit": as_creature(tables.plain(item))})

    def _read_all(self) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        rows = [as_creature(tables.plain(item)) for page in pages for item in page["Items"]]
        return sorted(rows, key=lambda row: str(row["name"]))


def as_creature(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table in the words of the JSON door; `adoption_fee` in euro, `age` in years."""
    return {
        "id": row["MysfitId"],
        "name": row.get("Name", row["MysfitId"]),
        "species": row.get("Species", ""),
        "age": row.get("Age", 0),
        "temperament": row.get("Temperament", ""),
        "description": row.get("Description", ""),
        "adoption_fee": row.get("AdoptionFee", 0),
        "likes": row.get("Likes", 0),
    }
