"""The shared board and the stream. Nothing here asserts how long something takes."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from central import board as books
from central.accounts import Role
from central.database import StoreError
from central.pages import board, live
from tests.support.board_world import NOW, BoardWorld

from .conftest import KOMINFO_NODE


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_EVERY", timedelta(milliseconds=5))
    monkeypatch.setattr(live, "REST_FOR_READING", 0)
    monkeypatch.setattr(board, "HEARTBEAT", timedelta(milliseconds=20))


class Stream:
    """The events of a stream, as a browser reads them."""

    def __init__(self, client: FlaskClient) -> None:
        self.answer: TestResponse = client.get("/papan/aliran", headers={"Accept": "text/event-stream"})
        assert self.answer.status_code == 200
        assert self.answer.mimetype == "text/event-stream"
        self._chunks: Iterator[bytes] = iter(self.answer.response)  # type: ignore[arg-type]

    def next(self) -> tuple[str, str]:
        """The next event that a browser would hand to the page."""
        while True:
            text = next(self._chunks).decode()
            lines = [line for line in text.splitlines() if line and not line.startswith(":")]
            names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
            if names:
                return names[0], "\n".join(line[6:] for line in lines if line.startswith("data: "))

    def next_board(self) -> str:
        """The next board, however many beats come before it (a thousand would be five seconds)."""
        for _ in range(1000):
            name, data = self.next()
            if name == "board":
                return data
        raise AssertionError("no board came")

    def rest(self) -> list[str]:
        """The names of all events until the server ends the stream, which it must."""
        names: list[str] = []
        for _ in range(1000):
            try:
                names.append(self.next()[0])
            except StopIteration:
                return names
        raise AssertionError("the stream goes on")

    def close(self) -> None:
        self.answer.close()


def test_the_stream_starts_with_the_board_and_sends_it_again_when_a_punch_arrives(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    stream = Stream(client_of(Role.LEADER))
    assert "Charlie" not in stream.next_board()
    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW)
    assert "Charlie Cahyono" in stream.next_board()
    stream.close()


def test_while_nothing_changes_the_stream_beats(client_of: Callable[[Role], FlaskClient]) -> None:
    stream = Stream(client_of(Role.LEADER))
    assert [stream.next()[0] for _ in range(3)] == ["board", "beat", "beat"]
    stream.close()


def test_a_viewer_gets_only_his_part_through_the_stream(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    stream = Stream(client_of(Role.UNIT_HEAD))
    first = stream.next_board()
    assert "Alice" in first
    assert "Bob" not in first
    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW)
    later = stream.next_board()
    assert "Charlie" not in later
    assert "Kominfo" not in later
    stream.close()


def test_the_stream_ends_with_the_session(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    stream = Stream(client_of(Role.LEADER))
    stream.next_board()
    with world.office.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM session")
    assert stream.rest()[-1] == "bye"


def test_the_stream_ends_when_the_server_is_told_to_stop(
    app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    stream = Stream(client_of(Role.LEADER))
    stream.next_board()
    app.extensions["hadir-live"].still_serving = lambda: False
    assert "bye" not in stream.rest()


def test_when_all_seats_are_taken_the_board_can_still_be_fetched(
    world: BoardWorld, tmp_path_factory: pytest.TempPathFactory
) -> None:
    narrow = BoardWorld(tmp_path_factory.mktemp("narrow"), threads=1)
    account = narrow.account("leader", Role.LEADER)
    app = narrow.app()
    one, two = app.test_client(), app.test_client()
    one.get(narrow.link(account))
    two.get(narrow.link(account))
    stream = Stream(one)
    refused = two.get("/papan/aliran")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "15"
    assert two.get("/papan/isi").status_code == 200
    stream.close()
    again = Stream(two)
    again.close()
    narrow.close()


def test_many_viewers_share_one_reading_of_the_books(
    world: BoardWorld, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_EVERY", timedelta(hours=1))
    readings = []
    real = books.read_board
    monkeypatch.setattr(live, "read_board", lambda *args, **more: readings.append(1) or real(*args, **more))
    shared = live.LiveBoard(world.office)
    found: list[live.Shot] = []
    threads = [threading.Thread(target=lambda: found.append(shared.current())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readings) == 1
    assert {shot.serial for shot in found} == {1}


def test_the_books_are_read_again_only_when_something_changed(
    world: BoardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = []
    real = books.read_board
    monkeypatch.setattr(live, "read_board", lambda *args, **more: readings.append(1) or real(*args, **more))
    monkeypatch.setattr(live, "CHECK_EVERY", timedelta(0))
    monkeypatch.setattr(live, "REREAD_EVERY", timedelta(hours=1))
    shared = live.LiveBoard(world.office)
    before = shared.current()
    assert shared.current() is before
    assert len(readings) == 1
    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW)
    assert shared.current().serial == before.serial + 1
    assert len(readings) == 2


def test_a_node_that_falls_quiet_changes_the_board_without_any_event(
    world: BoardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_EVERY", timedelta(0))
    monkeypatch.setattr(live, "REREAD_EVERY", timedelta(0))
    shared = live.LiveBoard(world.office)
    before = shared.current()
    world.clock.at += timedelta(minutes=1)
    assert shared.current().serial == before.serial
    world.clock.at += timedelta(minutes=10)
    assert shared.current().serial == before.serial + 1


def test_the_same_part_is_rendered_once_for_all_who_see_it(world: BoardWorld) -> None:
    shared = live.LiveBoard(world.office)
    shot, renderings = shared.current(), []

    def render() -> str:
        renderings.append(1)
        return "html"

    for _ in range(5):
        assert shared.fragment(shot, (None, "id"), render) == "html"
    shared.fragment(shot, (frozenset({"DINKES"}), "id"), render)
    assert len(renderings) == 2


def test_a_failing_database_ends_the_stream_so_that_the_browser_says_so(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(client_of(Role.LEADER))
    stream.next_board()

    def broken(*_args: object) -> tuple[int, ...]:
        raise StoreError("disk gone")

    monkeypatch.setattr(live, "version", broken)
    assert "board" not in stream.rest()


def test_a_slow_reading_is_followed_by_a_longer_rest(
    world: BoardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_s, readings = [1000.0], []
    real, here = books.read_board, threading.current_thread()

    def slow(*args: object, **more: bool) -> books.Board:
        if threading.current_thread() is here:  # a stream of another test may not have noticed its end yet
            clock_s[0] += 3
            readings.append(1)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(live, "read_board", slow)
    monkeypatch.setattr(live, "REST_FOR_READING", 4)
    monkeypatch.setattr(live.time, "monotonic", lambda: clock_s[0])
    monkeypatch.setattr(live, "REREAD_EVERY", timedelta(0))
    shared = live.LiveBoard(world.office)
    shared.current()
    clock_s[0] += 11
    shared.current()
    assert len(readings) == 1
    clock_s[0] += 2
    shared.current()
    assert len(readings) == 2
