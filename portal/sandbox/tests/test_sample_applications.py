"""The stand-in applications over real HTTP, reading and writing an emulated DynamoDB."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from portal.sandbox.applications import APPLICATIONS
from portal.sandbox.sample import names
from portal.sandbox.server import Sandbox
from portal.sandbox.tasks import TaskEnvironment

HEARTBEAT = {"written_at": "2026-03-01T10:00:00.250+00:00", "nonce": "abc"}


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Site:
    """One running application."""

    def __init__(self, image: str, api_url: str) -> None:
        environment = TaskEnvironment(
            region="us-west-2",
            account="123456789012",
            api_url=api_url,
            image=image,
            task_id="t1",
            container_name="app",
            port=8080,
            environment={"MYSFITS_TABLE": names.CREATURE_TABLE, "HEARTBEATS_TABLE": names.HEARTBEAT_TABLE},
        )
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), APPLICATIONS[image](environment))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def ask(self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        reply = Reply(response.status, response.msg, response.read().decode())
        connection.close()
        return reply

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def make_tables(api_url: str) -> Any:
    session = boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox")
    dynamodb = session.client("dynamodb", region_name="us-west-2", endpoint_url=api_url)
    dynamodb.create_table(
        TableName=names.CREATURE_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "MysfitId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "MysfitId", "KeyType": "HASH"}],
    )
    dynamodb.create_table(
        TableName=names.HEARTBEAT_TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "ProbeId", "AttributeType": "S"},
            {"AttributeName": "Sequence", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "ProbeId", "KeyType": "HASH"},
            {"AttributeName": "Sequence", "KeyType": "RANGE"},
        ],
    )
    for row in json.loads(names.CREATURES_FILE.read_text(encoding="utf-8")):
        item = {key: {"N" if isinstance(value, int) else "S": str(value)} for key, value in row.items()}
        dynamodb.put_item(TableName=names.CREATURE_TABLE, Item={**item, "Likes": {"N": "0"}})
    return dynamodb


@pytest.fixture(scope="module")
def api_url() -> Iterator[str]:
    with Sandbox(time_scale=0.02, transition_delay=0) as sandbox:
        yield sandbox.api_url


@pytest.fixture(scope="module")
def dynamodb(api_url: str) -> Any:
    return make_tables(api_url)


@pytest.fixture(scope="module")
def core(api_url: str, dynamodb: Any) -> Iterator[Site]:
    site = Site("mysfits-core", api_url)
    yield site
    site.close()


@pytest.fixture(scope="module")
def like(api_url: str, dynamodb: Any) -> Iterator[Site]:
    site = Site("mysfits-like", api_url)
    yield site
    site.close()


@pytest.fixture(scope="module")
def cut_off() -> Iterator[Site]:
    """The core service when nobody listens at the AWS endpoint."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        site = Site("mysfits-core", f"http://127.0.0.1:{unused.getsockname()[1]}")
        yield site
        site.close()


def test_the_page_lists_twelve_creatures_and_names_the_region(core: Site) -> None:
    reply = core.ask("GET", "/")
    assert reply.status == 200
    assert reply.text.count("<article") == 12
    assert "Served from <strong>us-west-2</strong>" in reply.text
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "style=" not in reply.text


def test_text_of_a_creature_is_escaped_on_the_page(core: Site, dynamodb: Any) -> None:
    item = {"MysfitId": {"S": "rude"}, "Name": {"S": "<script>alert(1)</script>"}}
    dynamodb.put_item(TableName=names.CREATURE_TABLE, Item=item)
    reply = core.ask("GET", "/")
    dynamodb.delete_item(TableName=names.CREATURE_TABLE, Key={"MysfitId": {"S": "rude"}})
    assert "<script>" not in reply.text
    assert "&lt;script&gt;" in reply.text


def test_the_style_sheet_is_served_for_the_pages_own_link(core: Site) -> None:
    assert '<link rel="stylesheet" href="/style.css">' in core.ask("GET", "/").text
    assert core.ask("GET", "/style.css").headers["Content-Type"].startswith("text/css")


def test_creatures_are_listed_by_name_as_json(core: Site) -> None:
    listing = core.ask("GET", "/mysfits").json
    shown = [row["name"] for row in listing["mysfits"]]
    assert listing["region"] == "us-west-2"
    assert len(shown) == 12
    assert shown == sorted(shown)


def test_one_creature_has_all_its_facts(core: Site) -> None:
    creature = core.ask("GET", "/mysfits/pockle").json["mysfit"]
    assert creature["species"] == "Pocket kraken"
    assert creature["age"] == 12
    assert creature["adoption_fee"] == 95


def test_an_unknown_creature_is_not_found(core: Site) -> None:
    reply = core.ask("GET", "/mysfits/nobody")
    assert reply.status == 404
    assert reply.json == {"error": "No creature is called nobody.", "region": "us-west-2"}


def test_likes_of_many_visitors_at_once_are_all_counted(like: Site, core: Site) -> None:
    before = core.ask("GET", "/mysfits/odderly").json["mysfit"]["likes"]
    visitors = [threading.Thread(target=like.ask, args=("POST", "/mysfits/odderly/like")) for _ in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=60)
    assert core.ask("GET", "/mysfits/odderly").json["mysfit"]["likes"] == before + 12


def test_a_like_answers_the_new_count(like: Site) -> None:
    first = like.ask("POST", "/mysfits/quillow/like").json
    second = like.ask("POST", "/mysfits/quillow/like").json
    assert second == {"region": "us-west-2", "id": "quillow", "likes": first["likes"] + 1}


def test_liking_nobody_creates_nobody(like: Site, core: Site) -> None:
    assert like.ask("POST", "/mysfits/nobody/like").status == 404
    assert core.ask("GET", "/mysfits/nobody").status == 404


def test_a_browser_that_likes_goes_back_to_the_page(like: Site) -> None:
    reply = like.ask("POST", "/mysfits/quillow/like", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (reply.status, reply.headers["Location"]) == (303, "/")


def test_a_heartbeat_is_written_and_read_back(core: Site) -> None:
    for sequence in (10, 9, 11):
        reply = core.ask("PUT", f"/heartbeats/read-back/{sequence}", {**HEARTBEAT, "nonce": f"n{sequence}"})
        assert reply.status == 201
        assert reply.json == {"region": "us-west-2", "sequence": sequence}
    listing = core.ask("GET", "/heartbeats/read-back").json
    assert [row["sequence"] for row in listing["heartbeats"]] == [9, 10, 11]
    expected = {"sequence": 9, "written_at": HEARTBEAT["written_at"], "region": "us-west-2", "nonce": "n9"}
    assert listing["heartbeats"][0] == expected


def test_heartbeats_are_read_from_a_sequence_number_on(core: Site) -> None:
    for sequence in (1, 2, 3):
        core.ask("PUT", f"/heartbeats/from-two/{sequence}", HEARTBEAT)
    listing = core.ask("GET", "/heartbeats/from-two?after=2").json
    assert [row["sequence"] for row in listing["heartbeats"]] == [3]


def test_the_same_heartbeat_twice_is_acknowledged_twice(core: Site) -> None:
    assert core.ask("PUT", "/heartbeats/twice/1", HEARTBEAT).status == 201
    assert core.ask("PUT", "/heartbeats/twice/1", HEARTBEAT).status == 201


def test_another_writers_heartbeat_with_a_taken_number_is_refused(core: Site) -> None:
    core.ask("PUT", "/heartbeats/taken/1", HEARTBEAT)
    reply = core.ask("PUT", "/heartbeats/taken/1", {**HEARTBEAT, "nonce": "other"})
    assert reply.status == 409
    assert core.ask("GET", "/heartbeats/taken").json["heartbeats"][0]["nonce"] == "abc"


def test_a_wrong_heartbeat_is_refused_with_all_its_problems(core: Site) -> None:
    reply = core.ask("PUT", "/heartbeats/wrong/1", {"written_at": "2026-03-01T10:00:00"})
    assert reply.status == 400
    assert "written_at" in reply.json["error"]
    assert "nonce" in reply.json["error"]
    assert core.ask("GET", "/heartbeats/wrong").json["heartbeats"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/heartbeats/p/1", b"{not json", 400),
        ("PUT", "/heartbeats/p/1", b"[" * 60_000, 400),
        ("PUT", "/heartbeats/p/one", HEARTBEAT, 404),
        ("GET", "/heartbeats/p?after=yesterday", None, 400),
        ("GET", "/heartbeats/p?after=%EF%BC%91", None, 400),
        ("DELETE", "/mysfits", None, 405),
        ("GET", "/nowhere", None, 404),
        ("BREW", "/", None, 501),
    ],
)
def test_rubbish_is_refused_as_json_with_the_region(core: Site, method: str, path: str, body: Any, status: int) -> None:
    reply = core.ask(method, path, body)
    assert reply.status == status
    assert reply.headers["X-Region"] == "us-west-2"
    assert reply.json["error"]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(core: Site) -> None:
    assert core.ask("PUT", "/heartbeats/p/1", headers={"Content-Length": "70000"}).status == 413


@pytest.mark.parametrize("image", ["core", "like"])
def test_health_is_good_while_the_table_answers(image: str, request: pytest.FixtureRequest) -> None:
    reply = request.getfixturevalue(image).ask("GET", "/health")
    assert (reply.status, reply.json) == (200, {"region": "us-west-2", "status": "healthy"})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/health", None),
        ("GET", "/", None),
        ("GET", "/mysfits", None),
        ("PUT", "/heartbeats/p/1", HEARTBEAT),
    ],
)
def test_without_its_table_every_answer_is_an_error_in_json(cut_off: Site, method: str, path: str, body: Any) -> None:
    reply = cut_off.ask(method, path, body)
    assert reply.status == 503
    assert reply.headers["X-Region"] == "us-west-2"
    assert reply.json["region"] == "us-west-2"
