"""How much to send at once, how long to wait for it, and how long to stay away after a failure."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from attendance.exchange import MAX_BATCH_EVENTS

AIM = timedelta(seconds=10)
"""How long one request should keep the link busy: what is more urgent waits at most that long."""
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
MAX_PIECE_BYTES = 65_536
MIN_PIECE_BYTES = 2_048
_LONGEST_WAIT = timedelta(minutes=10)
_TLS_RECORD_BYTES = 16_384
_MEMORY = 0.3  # weight of the newest measurement


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait.

    Attributes:
        connect: for the connection, and for each TLS record of 16 kB to leave.
        answer: for the first byte of the answer, and again for the whole of it.
    """

    connect: timedelta
    answer: timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """What the link was seen to carry.

    Attributes:
        ceiling: events that one batch may hold now: halved by a failure, doubled by a success.
        piece_bytes: the same for pieces of photos.
        bytes_per_s: measured upward rate, or None before the first success.
        event_bytes: measured size of an event, packed.
        connect: shortest time to wait for a connection.
        answer: shortest time to wait for an answer.
    """

    ceiling: int = 64
    piece_bytes: int = 16_384
    bytes_per_s: float | None = None
    event_bytes: float = 200.0
    connect: timedelta = timedelta(seconds=10)
    answer: timedelta = timedelta(seconds=60)

    def batch_events(self) -> int:
        """Events to put into the next batch: no more than the link carries in `AIM`."""
        if self.bytes_per_s is None:
            return self.ceiling
        fitting = int(self.bytes_per_s * AIM.total_seconds() / self.event_bytes)
        return max(1, min(self.ceiling, fitting))

    def next_piece_bytes(self) -> int:
        """Bytes of a photo to send next."""
        if self.bytes_per_s is None:
            return self.piece_bytes
        fitting = int(self.bytes_per_s * AIM.total_seconds() / 2)
        return max(MIN_PIECE_BYTES, min(self.piece_bytes, fitting))

    def patience(self, size_bytes: int) -> Patience:
        """How long to wait for a request of this size: three times what the link should need."""
        rate = self.bytes_per_s or 2_000.0
        return Patience(
            min(
                self.connect + timedelta(seconds=3 * min(size_bytes, _TLS_RECORD_BYTES) / rate), _LONGEST_WAIT
            ),
            min(self.answer + timedelta(seconds=3 * size_bytes / rate), _LONGEST_WAIT),
        )

    def batch_held(self, events: int, size_bytes: int, took: timedelta) -> "Pace":
        """After a batch was accepted."""
        ceiling = min(MAX_BATCH_EVENTS, max(self.ceiling, 2 * events))
        event_bytes = self.event_bytes + _MEMORY * (size_bytes / events - self.event_bytes)
        return replace(self._measured(size_bytes, took), ceiling=ceiling, event_bytes=event_bytes)

    def batch_failed(self, events: int) -> "Pace":
        """After a batch of that many events timed out, was cut off or was refused as a whole."""
        return replace(self._slower(), ceiling=max(1, events // 2))

    def piece_held(self, size_bytes: int, took: timedelta) -> "Pace":
        """After a piece of a photo was accepted."""
        grown = min(MAX_PIECE_BYTES, max(self.piece_bytes, 2 * size_bytes))
        return replace(self._measured(size_bytes, took), piece_bytes=grown)

    def piece_failed(self, size_bytes: int) -> "Pace":
        """After a piece of a photo timed out or was cut off."""
        return replace(self._slower(), piece_bytes=max(MIN_PIECE_BYTES, size_bytes // 2))

    def _measured(self, size_bytes: int, took: timedelta) -> "Pace":
        """Small requests measure the delay and not the rate, so they only ever raise it."""
        seen = size_bytes / max(took.total_seconds(), 0.001)
        if self.bytes_per_s is None or (size_bytes < 8_192 and seen < self.bytes_per_s):
            return self if self.bytes_per_s is not None else replace(self, bytes_per_s=seen)
        return replace(self, bytes_per_s=self.bytes_per_s + _MEMORY * (seen - self.bytes_per_s))

    def _slower(self) -> "Pace":
        return (
            self if self.bytes_per_s is None else replace(self, bytes_per_s=max(self.bytes_per_s / 2, 20.0))
        )


def pause(failures: int, dice: random.Random, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """How long to stay away after `failures` in a row: exponential with full jitter.

    Full jitter spreads the nodes evenly when central comes back after an outage.

    Args:
        failures: in a row, from 1.
        dice: seeded by the caller.
        longest: no pause is longer.
    """
    return min(longest, FIRST_PAUSE * (1 << min(failures - 1, 20))) * dice.random()
