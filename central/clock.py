"""Central's clock: the system's, or the emulated one that the demo and the tests share with their nodes."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from attendance.errors import HadirError
from attendance.moment import from_ms


class ClockError(HadirError):
    """The emulated clock's file is missing or damaged."""


class Clock(Protocol):
    """Tells the time; nothing else in central does."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""


class SystemClock:
    """The machine's own clock, which an NTP daemon keeps right."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000


class EmulatedClock:
    """The clock file of decisions/0003: a start, a rate, and the monotonic instant at which they held."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC in the emulated world.

        Raises:
            ClockError: no such file, or not a clock file.
        """
        try:
            state = json.loads(self._path.read_bytes())
            elapsed_ms = (time.monotonic_ns() - int(state["at_monotonic_ns"])) / 1_000_000
            now_ms = int(state["wall_ms"] + elapsed_ms * state["rate"])
            from_ms(now_ms)  # a moment beyond every calendar would fail much later
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else "isinya bukan jam buatan"
            raise ClockError(f"Jam buatan {self._path} tidak dapat dibaca: {why}.") from error
        return now_ms


def clock_for(clock_file: Path | None) -> Clock:
    """The system's clock, or the emulated one where the configuration names its file."""
    return EmulatedClock(clock_file) if clock_file is not None else SystemClock()


def now(clock: Clock) -> datetime:
    """The clock as an aware datetime in UTC."""
    moment = from_ms(clock.now_ms())
    assert moment.tzinfo is UTC
    return moment
