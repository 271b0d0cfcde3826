"""Journal and clock together: what a restart, a power cut and a wrong clock leave behind."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.chain import Link, follow
from attendance.moment import ClockState
from attendance.punch import CLOCK
from edge.clock import EmulatedClock
from edge.faults import StorageError
from edge.journal import Journal
from edge.journal_faults import StorageFault, storage_error
from edge.logbook import Logbook
from edge.timing import Anchor
from emulators.clock import EmulatedTime

KEY = Ed25519PrivateKey.generate()
MORNING = datetime(2017, 6, 5, 0, 28, tzinfo=UTC)


class Node:
    """A state folder with an emulated clock; `open` is a start of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = EmulatedTime(folder / "clock.json")
        self.time.start(MORNING, rate=0)
        self._open: Logbook | None = None

    def open(self, *, rtc: bool = True) -> Logbook:
        self.close()
        clock = EmulatedClock(self.folder / "clock.json")
        self._open = Logbook(self.folder, KEY, clock, epoch=1, rtc=rtc, watch=None)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def claim(self) -> Anchor:
        now = json.loads((self.folder / "clock.json").read_bytes())
        return Anchor(now["wall_ms"], 40, "server", now["boot"], now["bt_ms"], now["raw_ms"])


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.close()


def test_a_fresh_node_begins_a_journal_and_a_later_start_takes_it_up(node: Node) -> None:
    first = node.open()
    assert first.opened == "created"
    event = first.write("health", {"x": 1})
    again = node.open()
    assert again.opened == "opened"
    assert again.link == Link(event.node, 1, 1, event.leaf)
    assert follow(again.link, [again.write("health", {"x": 2})]).size == 2


def test_a_journal_that_was_there_once_is_never_begun_anew_in_silence(node: Node) -> None:
    node.open().write("health", {"x": 1})
    node.close()
    for path in (*node.folder.glob("journal.db*"), *node.folder.rglob("*.log")):
        path.unlink()
    with pytest.raises(StorageError) as caught:
        node.open()
    assert caught.value.kind == StorageFault.MISSING


def test_an_anchor_makes_events_trusted_and_survives_a_restart_in_the_same_boot(node: Node) -> None:
    book = node.open(rtc=False)
    assert not book.moment().trusted
    seq = book.anchor(node.claim())
    assert book.moment().state is ClockState.ANCHORED
    for number in range(5):
        book.write("health", {"x": number})
    again = node.open(rtc=False)
    assert (again.moment().anchor, again.moment().state) == (seq, ClockState.ANCHORED)


def test_a_kill_right_after_an_anchor_does_not_lose_it(node: Node) -> None:
    seq = node.open(rtc=False).anchor(node.claim())
    again = node.open(rtc=False)
    assert (again.moment().anchor, again.moment().state) == (seq, ClockState.ANCHORED)


def test_an_anchor_that_has_rotted_leaves_the_clock_doubtful_and_the_node_at_work(node: Node) -> None:
    book = node.open(rtc=False)
    seq = book.anchor(node.claim())
    book.write("health", {"x": 1})
    node.close()
    # The check at opening reads the newest part only; an anchor may lie far behind it.
    database = apsw.Connection(str(node.folder / "journal.db"))
    database.execute("UPDATE event SET header = x'00' WHERE place & 0xffff = ?", (seq,))
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.journal_copies.survey_database", lambda *_: [])
        patch.setattr("edge.logbook._LOOK_BACK_EVENTS", 1)
        again = node.open(rtc=False)
    assert again.moment().state is ClockState.DOUBTFUL
    assert again.write("health", {"x": 2}).seq == 3


def test_a_clock_that_was_set_while_the_process_stood_still_is_told_and_doubtful(node: Node) -> None:
    node.open().anchor(node.claim())
    node.time.reboot(off=timedelta(hours=2))
    book = node.open()
    assert book.write("health", {"x": 1}).moment.state is ClockState.RTC
    node.close()
    node.time.set(MORNING + timedelta(hours=5))
    again = node.open()
    assert again.write("start", {"x": 2}).moment.state is ClockState.DOUBTFUL
    assert [body["what"] for body in again.look_at_clock()[1]] == ["set"]


def test_a_restart_under_a_clock_that_nobody_set_changes_nothing(node: Node) -> None:
    node.open().anchor(node.claim())
    node.time.reboot(off=timedelta(hours=2))
    node.open().write("health", {"x": 1})
    node.time.advance(timedelta(days=3))
    book = node.open()
    assert book.moment().state is ClockState.RTC
    assert book.look_at_clock()[1] == []


def test_the_same_anchor_again_writes_nothing(node: Node) -> None:
    book = node.open()
    seq = book.anchor(node.claim())
    assert book.anchor(node.claim()) == seq
    assert book.link.size == seq


def test_after_a_power_cut_only_a_battery_clock_is_still_trusted(node: Node) -> None:
    node.open().anchor(node.claim())
    node.time.reboot(off=timedelta(hours=2))
    assert node.open(rtc=False).moment().state is ClockState.DOUBTFUL
    book = node.open(rtc=True)
    assert book.moment().state is ClockState.RTC
    body = book.new_boot()
    assert body is not None
    assert (body["what"], body["source"]) == ("boot", "emulated")
    book.write(CLOCK, body)
    assert node.open().new_boot() is None


def test_a_clock_in_1970_is_doubtful_and_everything_is_still_written(node: Node) -> None:
    node.open().anchor(node.claim())
    node.time.reboot(wall=datetime(1970, 1, 1, tzinfo=UTC))
    book = node.open()
    event = book.write("health", {"x": 1})
    assert event.moment.utc.year == 1970
    assert event.moment.state is ClockState.DOUBTFUL
    assert follow(Link(event.node, 1, event.seq - 1, event.prev), [event]).size == event.seq
    # Central's word: the wall stays wrong and doubtful, the best time is right.
    claim = node.claim()
    right_ms = int(MORNING.timestamp() * 1000) + 9_000_000
    book.anchor(Anchor(right_ms, 40, "server", claim.boot, claim.bt_ms, claim.raw_ms))
    assert not book.moment().trusted
    assert book.best_time(book.reading()) == MORNING + timedelta(hours=2.5)


def test_a_set_back_clock_becomes_an_event(node: Node) -> None:
    book = node.open()
    book.anchor(node.claim())
    node.time.set(MORNING - timedelta(hours=1))
    reading, oddities = book.look_at_clock()
    assert [body["what"] for body in oddities] == ["set"]
    assert book.moment(reading).state is ClockState.DOUBTFUL
    assert book.look_at_clock()[1] == []


def test_an_anchor_that_could_not_be_written_is_not_believed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = node.open()

    def full(*_: object) -> None:
        raise storage_error(StorageFault.FULL, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        with pytest.raises(StorageError):
            book.anchor(node.claim())
    assert book.moment().anchor is None
    assert book.anchor(node.claim()) == 1


def test_after_a_disk_fault_the_journal_is_opened_anew_and_goes_on(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = node.open()
    first = book.write("health", {"x": 1})
    with monkeypatch.context() as patch:
        patch.setattr("edge.journal_copies.Copies.write", _broken)
        with pytest.raises(StorageError):
            book.write("health", {"x": 2})
    assert book.fault is not None
    second = book.write("health", {"x": 3})
    assert book.fault is None
    assert follow(Link(first.node, 1, 1, first.leaf), [second]).size == 2


def test_a_journal_that_stays_broken_is_not_opened_at_every_knock(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = node.open()
    opened = []

    def reopen(_journal: Journal) -> None:
        opened.append(1)
        raise storage_error(StorageFault.FAILED, "still broken")

    monkeypatch.setattr("edge.journal_copies.Copies.write", _broken)
    monkeypatch.setattr(Journal, "reopen", reopen)
    for _ in range(4):
        with pytest.raises(StorageError):
            book.write("health", {"x": 2})
    assert len(opened) == 1


def _broken(*_: object) -> None:
    raise storage_error(StorageFault.FAILED, "input/output error")
