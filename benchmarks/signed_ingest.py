"""S1: signed batches of 500 through the real central, against what SQLite alone can store durably.

Ours: HTTP, request signature, gunzip, chain, one Ed25519 signature a batch, person resolution, marking of
days, commit with synchronous=FULL, signed receipt. Floor: the same bytes with `executemany` of 500 rows into
a table with a unique (node, seq), WAL and FULL, in a loop that does nothing else. Peer: one signature for
each event instead of one a batch, with the cheapest possible rest (no HTTP, the floor's own insert).
"""

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from attendance import exchange, seal
from attendance.chain import Event
from benchmarks.node_load import BATCH, Node, SignedBatch, running_central

ROUNDS = 25  # neighbours on the machine move a single round by half
BATCHES_PER_ROUND = 8


def measure() -> dict[str, Any]:
    """Events per second of each, alternating, medians of the rounds."""
    with tempfile.TemporaryDirectory(prefix="hadir-bench-") as name:
        folder = Path(name)
        node = Node()
        floor, peer = RawTable(folder / "floor.db"), RawTable(folder / "peer.db")
        ours_s, floor_s, peer_s = [], [], []
        with running_central(folder / "central", node) as central:
            central.hand_in([central.signed(node, node.batch())])  # connections and caches are warm after it
            for _ in range(ROUNDS):
                batches = [node.batch() for _ in range(BATCHES_PER_ROUND)]
                ours_s.append(central.hand_in([central.signed(node, batch) for batch in batches]))
                floor_s.append(floor.store(batches))
                peer_s.append(_signature_per_event(peer, node, batches[:1]) * BATCHES_PER_ROUND)
            sent = (1 + ROUNDS * BATCHES_PER_ROUND) * BATCH
            assert central.stored() == sent, f"{central.stored()} of {sent} events are stored"
        assert floor.count() == sent - BATCH
        return _told(ours_s, floor_s, peer_s)


class RawTable:
    """The least that stores events durably."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE event (node TEXT, seq INTEGER, header BLOB, body BLOB, UNIQUE (node, seq))"
        )

    def store(self, batches: list[SignedBatch], verb: str = "INSERT") -> float:
        """Store batches, a transaction each; the seconds that it took."""
        rows = [[(e.node, e.seq, e.header, e.body) for e in batch.events] for batch in batches]
        began = time.perf_counter()
        for batch in rows:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(f"{verb} INTO event VALUES (?, ?, ?, ?)", batch)
            self._connection.execute("COMMIT")
        return time.perf_counter() - began

    def count(self) -> int:
        """Rows in it."""
        return int(self._connection.execute("SELECT count(*) FROM event").fetchone()[0])


def _signature_per_event(table: RawTable, node: Node, batches: list[SignedBatch]) -> float:
    """Read, verify every event by a signature of its own, store."""
    public = seal.public_hex(node.event_key)
    signed = [
        [(event, seal.sign(node.event_key, seal.EVENT, bytes.fromhex(event.leaf))) for event in batch.events]
        for batch in batches
    ]
    began = time.perf_counter()
    for batch, pairs in zip(batches, signed, strict=True):
        events: tuple[Event, ...] = exchange.decode_batch(exchange.inflate(batch.packed)).events
        for event, (_, signature) in zip(events, pairs, strict=True):
            seal.verify(public, seal.EVENT, bytes.fromhex(event.leaf), signature)
    verifying_s = time.perf_counter() - began
    return verifying_s + table.store(batches)


def _told(ours_s: list[float], floor_s: list[float], peer_s: list[float]) -> dict[str, Any]:
    events = BATCHES_PER_ROUND * BATCH
    ours, floor, peer = (events / statistics.median(times) for times in (ours_s, floor_s, peer_s))
    ratio = statistics.median(f / o for f, o in zip(floor_s, ours_s, strict=True))
    return {
        "ratio": ratio,
        "floor": floor,
        "peer": peer,
        "ours": ours,
        "peer_ratio": statistics.median(p / o for p, o in zip(peer_s, ours_s, strict=True)),
        "unit": "events/s",
    }
