"""The embedded broker: a message is seen whole or not at all, and what is sent is received once, in order."""

import json
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from portal import celery
from portal.file_broker import Transport


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    """A channel over folders of its own, made as Celery makes it: from the address alone."""
    folders = {"data_folder_in": tmp_path, "data_folder_out": tmp_path, "control_folder": tmp_path / "control"}
    options = {name: str(folder) for name, folder in folders.items()}
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection.channel()


def test_the_address_of_the_embedded_broker_leads_here(channel: Any) -> None:
    assert celery.app.conf.broker_transport_options is not None  # the application is made: it tells kombu
    assert isinstance(channel.connection, Transport)


def test_a_message_has_its_name_only_when_it_is_whole(
    channel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker takes a file as soon as it sees its name; half a message ended it."""
    seen: list[list[str]] = []
    replace = Path.replace

    def looked_at(path: Path, target: Path) -> Path:
        seen.append([each.name for each in tmp_path.glob("*.msg")])
        assert json.loads(path.read_text()) == {"row": 1}
        with pytest.raises(Empty):
            channel._get("wake")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", looked_at)
    channel._put("wake", {"row": 1})
    assert seen == [[]]
    assert channel._get("wake") == {"row": 1}


def test_messages_come_once_in_the_order_they_were_sent_to_their_queue_only(channel: Any) -> None:
    channel._put("other.pidbox", {"row": 0})
    for number in range(1, 4):
        channel._put("wake", {"row": number})
    received = sorted(channel._get("wake")["row"] for _ in range(3))
    assert received == [1, 2, 3]
    with pytest.raises(Empty):
        channel._get("wake")
    assert channel._get("other.pidbox") == {"row": 0}


def test_a_folder_that_cannot_be_written_is_told_as_the_transport_tells_it(
    channel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(channel.connection.client.channel_errors, match="No space left"):
        channel._put("wake", {"row": 1})
    assert list(tmp_path.glob("*.msg")) == []
