"""S3: the same batches once more, as after a lost answer: 0 new rows, and how fast central says so.

Ours: HTTP, request signature, gunzip, comparison of the end of the chain, receipt. Floor: `INSERT OR IGNORE`
of the same rows with `executemany`, WAL and FULL. Peer: what web frameworks lead to, a query by the unique
key for every event and an insert where it is missing, through an ORM, one commit a batch (here SQLAlchemy's
on SQLite in WAL, without HTTP and without reading the events).
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, UniqueConstraint, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.node_load import BATCH, Node, SignedBatch, running_central
from benchmarks.signed_ingest import RawTable

ROUNDS = 25  # neighbours on the machine move a single round by half
BATCHES = 8


class _Base(DeclarativeBase):
    pass


class _Stored(_Base):
    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("node", "seq"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[str]
    seq: Mapped[int]
    header: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


def measure() -> dict[str, Any]:
    """Events per second of each, alternating, medians of the rounds."""
    with tempfile.TemporaryDirectory(prefix="hadir-bench-") as name:
        folder = Path(name)
        node = Node()
        batches = [node.batch() for _ in range(BATCHES)]
        floor, peer = RawTable(folder / "floor.db"), _CheckThenInsert(folder / "peer.db")
        ours_s, floor_s, peer_s = [], [], []
        floor.store(batches)
        peer.store(batches[:1])
        with running_central(folder / "central", node) as central:
            requests = [central.signed(node, batch) for batch in batches]
            central.hand_in(requests)
            for _ in range(ROUNDS):
                ours_s.append(central.hand_in(requests))
                floor_s.append(floor.store(batches, "INSERT OR IGNORE"))
                peer_s.append(peer.store(batches[:1]) * BATCHES)
            assert central.stored() == BATCHES * BATCH, "a batch that was sent again was stored again"
        assert floor.count() == BATCHES * BATCH
    ours, floor_rate, peer_rate = (
        BATCHES * BATCH / statistics.median(times) for times in (ours_s, floor_s, peer_s)
    )
    return {
        "ratio": statistics.median(f / o for f, o in zip(floor_s, ours_s, strict=True)),
        "floor": floor_rate,
        "peer": peer_rate,
        "ours": ours,
        "peer_ratio": statistics.median(p / o for p, o in zip(peer_s, ours_s, strict=True)),
        "unit": "events/s",
    }


class _CheckThenInsert:
    def __init__(self, file: Path) -> None:
        self._engine = create_engine(f"sqlite:///{file}")

        @event.listens_for(self._engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        _Base.metadata.create_all(self._engine)

    def store(self, batches: list[SignedBatch]) -> float:
        began = time.perf_counter()
        with Session(self._engine) as session:
            for batch in batches:
                for item in batch.events:
                    key = (_Stored.node == item.node, _Stored.seq == item.seq)
                    if session.scalars(select(_Stored).where(*key)).first() is None:
                        session.add(_Stored(node=item.node, seq=item.seq, header=item.header, body=item.body))
                session.commit()
        return time.perf_counter() - began
