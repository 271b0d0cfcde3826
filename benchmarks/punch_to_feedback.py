"""E1: from the sensor's match to the green light, against what the disk needs for two durable writes.

* ours: build the punch, hash, sign, durable in both copies, return. What the punch process does while nobody
  waits (emptying the log, preparing a segment) is not on the clock, as it is not at the door.
* floor: one 4 KiB overwrite and one 4 KiB append, each with fdatasync: the least that two durable copies cost
  without any trick. Ours may fall below it, since both copies overwrite blocks that are filled ahead.
* peer: SQLite as it comes (rollback journal, FULL) through an ORM, with the 40 kB photo in the row.

All three in turn, punch by punch, so that whatever else the machine does meets them alike; p50 is the median
of the rounds' medians, p99 is over all rounds.
"""

import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import LargeBinary, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from attendance.moment import ClockState, Moment
from attendance.punch import PUNCH, Punch
from edge.journal import Journal

_ROUNDS = 9
_PUNCHES = 60
_BLOCK = os.urandom(4096)
_PHOTO = os.urandom(40_000)
_WARM_UP = 5


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "attendance"
    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    slot: Mapped[int]
    score: Mapped[int]
    kind: Mapped[str]
    day: Mapped[date]
    wall_ms: Mapped[int]
    photo: Mapped[bytes] = mapped_column(LargeBinary)


class _Ours:
    def __init__(self, folder: Path) -> None:
        self._journal = Journal.open(folder, Ed25519PrivateKey.generate(), create=True)
        self._boot = "0b7f8a52-4f4f-4b5e-9b1e-0d6f6c9a1e55"

    def punch(self, number: int) -> None:
        wall_ms = time.time_ns() // 1_000_000
        moment = Moment(wall_ms, self._boot, wall_ms, wall_ms, 1, ClockState.ANCHORED)
        punch = Punch(f"p{number % 60:05d}", number % 60, 120, "in", date(2026, 11, 24), 0, 3, 7)
        self._journal.append(PUNCH, moment, punch.content(), photo="ab" * 32)

    def between(self) -> None:
        self._journal.tidy()

    def close(self) -> None:
        self._journal.close()


class _Floor:
    def __init__(self, folder: Path) -> None:
        self._place = os.open(folder / "overwrite", os.O_RDWR | os.O_CREAT)
        os.pwrite(self._place, bytes(1024 * 1024), 0)
        os.fsync(self._place)
        self._grown = os.open(folder / "append", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def punch(self, number: int) -> None:
        os.pwrite(self._place, _BLOCK, number % 256 * 4096)
        os.fdatasync(self._place)
        os.write(self._grown, _BLOCK)
        os.fdatasync(self._grown)

    def between(self) -> None:
        pass

    def close(self) -> None:
        os.close(self._place)
        os.close(self._grown)


class _Peer:
    def __init__(self, folder: Path) -> None:
        self._engine = create_engine(f"sqlite:///{folder / 'peer.db'}")
        _Base.metadata.create_all(self._engine)

    def punch(self, number: int) -> None:
        with Session(self._engine) as session:
            wall_ms = time.time_ns() // 1_000_000
            row = _Row(
                person=f"p{number % 60:05d}", slot=number % 60, score=120, kind="in",
                day=date(2026, 11, 24), wall_ms=wall_ms, photo=_PHOTO,
            )  # fmt: skip
            session.add(row)
            session.commit()

    def between(self) -> None:
        pass

    def close(self) -> None:
        self._engine.dispose()


def measure() -> dict[str, Any]:
    """Ratios to the floor and to the peer; times in milliseconds."""
    seen: dict[str, list[list[float]]] = {"ours": [], "floor": [], "peer": []}
    with tempfile.TemporaryDirectory() as name:
        ways: dict[str, _Ours | _Floor | _Peer] = {
            "ours": _Ours(Path(name)),
            "floor": _Floor(Path(name)),
            "peer": _Peer(Path(name)),
        }
        _round(ways, _WARM_UP)
        for _ in range(_ROUNDS):
            for label, times in _round(ways, _PUNCHES).items():
                seen[label].append(times)
        for way in ways.values():
            way.close()
    p50 = {label: statistics.median(map(statistics.median, rounds)) for label, rounds in seen.items()}
    p99 = {label: _p99([ms for round_ in rounds for ms in round_]) for label, rounds in seen.items()}
    return {
        "ratio": p50["ours"] / p50["floor"],
        "p99_ratio": p99["ours"] / p99["floor"],
        "peer_ratio": p50["peer"] / p50["ours"],
        # What two bare syncs gain over the peer: no journal with two copies can gain much more.
        "peer_to_floor": p50["peer"] / p50["floor"],
        "floor": p50["floor"],
        "peer": p50["peer"],
        "ours_ms": p50["ours"],
        "floor_ms": p50["floor"],
        "peer_ms": p50["peer"],
        "ours_p99_ms": p99["ours"],
        "floor_p99_ms": p99["floor"],
        "peer_p99_ms": p99["peer"],
    }


def _round(ways: dict[str, _Ours | _Floor | _Peer], count: int) -> dict[str, list[float]]:
    """Milliseconds of each punch, by way."""
    times: dict[str, list[float]] = {label: [] for label in ways}
    for number in range(count):
        # There and back, so that none always follows the same other one.
        for label, way in ways.items() if number % 2 else reversed(ways.items()):
            begin = time.perf_counter()
            way.punch(number)
            times[label].append((time.perf_counter() - begin) * 1000)
            way.between()
    return times


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


if __name__ == "__main__":
    print(measure())
