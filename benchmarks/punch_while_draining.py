"""E3: how much a punch is slowed down while another process brings the backlog to safety.

The reader is a process of its own, like sync: it reads batches from the segments and packs them for the wire,
as fast as it can, which is harsher than any network. The backlog is 10,000 events, read again from its
beginning when the end is reached (200,000 signed events would take longer to make than to measure). Peer: the
usual outbox, a `synced` flag in the table that the punches go into (WAL, FULL), set row by row in batches.

Punches every 10 ms. The reader pauses every other tenth of a second, so that whatever else the
machine does meets both alike; p99 over all. The floor is 1: not slowed at all.
"""

import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import exchange, seal
from attendance.chain import Link, make_event
from attendance.moment import ClockState, Moment
from edge.journal import Journal
from edge.segments import SegmentReader, StoredEvent, encode_record, epoch_folder, segment_path

_BACKLOG = 10_000
_BATCH = 500
_ROUNDS = 54
_PUNCHES = 10
_PACE_S = 0.01
_MOMENT = Moment(1_780_000_000_000, "boot-of-a-benchmark", 1, 1, 1, ClockState.ANCHORED)
_CONTENT = {"person": "p00017", "slot": 17, "score": 120, "kind": "in", "day": "2026-11-24", "minutes": 0}
_ROW = "INSERT INTO punch (body, synced) VALUES (?, 0)"


@dataclass(frozen=True, slots=True)
class _Turns:
    """Lets the other process pause between two batches, never inside one."""

    go: Event
    resting: Event

    def wait(self) -> None:
        """Called by the other process before each batch."""
        if not self.go.is_set():
            self.resting.set()
            self.go.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The other process rests during the block."""
        self.resting.clear()
        self.go.clear()
        assert self.resting.wait(30), "the other process has fallen over"
        yield
        self.go.set()


def _drain_segments(folder: Path, turns: _Turns) -> None:
    """Runs until it is killed."""
    reader = SegmentReader(folder / "segments")
    seq = 1
    while True:
        turns.wait()
        stored = reader.read(1, seq, _BATCH)
        if not stored:
            seq = 1
            continue
        exchange.deflate(exchange.encode_batch([item.event for item in stored], stored[-1].signature_hex))
        seq += len(stored)


def _drain_table(path: Path, turns: _Turns) -> None:
    """Runs until it is killed."""
    connection = _table(path)
    last, round_ = 0, 1
    while True:
        turns.wait()
        query = "SELECT id, body FROM punch WHERE id > ? ORDER BY id LIMIT ?"
        rows = connection.execute(query, (last, _BATCH)).fetchall()
        if not rows:
            last, round_ = 0, round_ + 1
            continue
        exchange.deflate(b"\n".join(body for _, body in rows))
        connection.execute("BEGIN IMMEDIATE")
        for identity, _ in rows:
            connection.execute("UPDATE punch SET synced = ? WHERE id = ?", (round_, identity))
        connection.execute("COMMIT")
        last = rows[-1][0]


def _table(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS punch (id INTEGER PRIMARY KEY, body BLOB, synced INTEGER)")
    return connection


def measure() -> dict[str, Any]:
    """Ours and the peer's slow-down of the p99; times in milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = _journal_with_backlog(folder)
        table = _table(folder / "peer.db")
        table.execute("BEGIN")
        table.executemany(_ROW, ((_body(),) for _ in range(_BACKLOG)))
        table.execute("COMMIT")
        seen: dict[str, list[float]] = {"ours": [], "ours-alone": [], "peer": [], "peer-alone": []}

        def ours() -> None:
            journal.append("punch", _MOMENT, _CONTENT)

        def peer() -> None:
            table.execute(_ROW, (_body(),))

        with _running(_drain_segments, folder) as turns:
            for _ in range(_ROUNDS):
                seen["ours"] += _paced(ours, journal.tidy)
                with turns.paused():
                    seen["ours-alone"] += _paced(ours, journal.tidy)
        with _running(_drain_table, folder / "peer.db") as turns:
            for _ in range(_ROUNDS):
                seen["peer"] += _paced(peer, _nothing)
                with turns.paused():
                    seen["peer-alone"] += _paced(peer, _nothing)
        stored = journal.link.size
        assert stored == _BACKLOG + 2 + 2 * _ROUNDS * _PUNCHES, f"{stored} events are there"
        journal.close()
        table.close()
    p99 = {label: sorted(times)[int(len(times) * 0.99)] for label, times in seen.items()}
    peer_ratio = p99["peer"] / p99["peer-alone"]
    return {
        "ratio": p99["ours"] / p99["ours-alone"],
        "floor": 1.0,
        "peer": peer_ratio,
        "peer_ratio": peer_ratio,
        "alone_p99_ms": p99["ours-alone"],
        "draining_p99_ms": p99["ours"],
        "peer_alone_p99_ms": p99["peer-alone"],
        "peer_draining_p99_ms": p99["peer"],
        "backlog_events": _BACKLOG,
    }


def _body() -> bytes:
    return seal.canonical({**_CONTENT, "salt": "0" * 32, "header": "x" * 420, "signature": "y" * 128})


def _nothing() -> None:
    pass


def _journal_with_backlog(folder: Path) -> Journal:
    """Write segments without a sync for each event; the journal makes its database from them."""
    key = Ed25519PrivateKey.generate()
    link = Link(seal.node_id(seal.public_hex(key)), 1)
    epoch = epoch_folder(folder / "segments", 1)
    epoch.mkdir(parents=True)
    with segment_path(epoch, 1).open("wb") as file:
        for _ in range(_BACKLOG):
            event = make_event(link, "punch", _MOMENT, _CONTENT, salt="0" * 32)
            signature = seal.sign(key, seal.EVENT, bytes.fromhex(event.leaf))
            file.write(encode_record(StoredEvent(event, signature)))
            link = Link(link.node, 1, event.seq, event.leaf)
    journal = Journal.open(folder, key)
    journal.append("punch", _MOMENT, _CONTENT)
    # The recovery event that tells of the missing database is in front of it.
    assert journal.link.size == _BACKLOG + 2
    return journal


def _paced(punch: Callable[[], object], between: Callable[[], object]) -> list[float]:
    """Milliseconds of each punch, one every 10 ms."""
    times = []
    for _ in range(_PUNCHES):
        begin = time.perf_counter()
        punch()
        taken = time.perf_counter() - begin
        times.append(taken * 1000)
        between()
        time.sleep(max(0.0, _PACE_S - (time.perf_counter() - begin)))
    return times


@contextmanager
def _running(drain: Callable[[Path, _Turns], None], path: Path) -> Iterator[_Turns]:
    """The other process for the time of the block, past its start."""
    context = multiprocessing.get_context("spawn")
    turns = _Turns(context.Event(), context.Event())
    process = context.Process(target=drain, args=(path, turns), daemon=True)
    process.start()
    try:
        turns.resting.wait(30)
        turns.go.set()
        yield turns
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    print(measure())
