"""The clocks of the node: read together, and watched for being set.

Wall time can be set, CLOCK_BOOTTIME can be bent by slewing, CLOCK_MONOTONIC_RAW by neither; so all three are
read, with the identity of the boot that the last two count from. What to believe is decided in `edge.timing`.
"""

import ctypes
import errno
import json
import os
import sys
import time
from pathlib import Path
from typing import Protocol

from edge.faults import Fault
from edge.timing import Reading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NS_PER_MS = 1_000_000
_TOGETHER_NS = 20 * _NS_PER_MS
_TRIES = 5


class ClockError(Fault):
    """A clock can't be read: an emulated one without its file, or a kernel without timerfd."""

    def __init__(self, message: str) -> None:
        super().__init__("clock-unreadable", retry=False, message=message, sentence_id="clock-unreadable")


class Clock(Protocol):
    """Whose time an event carries. Timeouts towards hardware use the real monotonic clock instead."""

    @property
    def source(self) -> str:
        """The word for the start event: "system" or "emulated"."""
        ...

    def now(self) -> Reading:
        """All clocks, read together.

        Raises:
            ClockError: they can't be read.
        """
        ...


class SystemClock:
    """The clocks of this machine."""

    source = "system"

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Reading:
        """All clocks, read together: once more after a pause in between, which would look like a set."""
        for _ in range(_TRIES):
            begun = time.monotonic_ns()
            reading = Reading(
                time.time_ns() // _NS_PER_MS,
                self._boot,
                time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NS_PER_MS,
                time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // _NS_PER_MS,
            )
            if time.monotonic_ns() - begun < _TOGETHER_NS:
                break
        return reading


class EmulatedClock:
    """A clock that a file describes (`emulators/clock.py` writes it): for demonstrations and tests only.

    A node with such a clock says so in its signed start event.
    """

    source = "emulated"

    def __init__(self, path: Path) -> None:
        """Read the file once, so that a wrong path is found at start.

        Raises:
            ClockError: no such file, or not a clock.
        """
        self._path = path
        self.now()

    def now(self) -> Reading:
        """The emulated clocks at this real instant.

        Raises:
            ClockError: the file is missing or damaged.
        """
        try:
            said = json.loads(self._path.read_bytes())
            passed_ms = (
                (time.monotonic_ns() - int(said["at_monotonic_ns"])) * float(said["rate"]) / _NS_PER_MS
            )
            return Reading(
                int(said["wall_ms"] + passed_ms),
                str(said["boot"]),
                int(said["bt_ms"] + passed_ms),
                int(said["raw_ms"] + passed_ms),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ClockError(f"{self._path} is no emulated clock: {error!r}") from error


class TimerSource(Protocol):
    """What the watch needs of a timer: reading it fails with ECANCELED after the wall clock was set."""

    def arm(self) -> None:
        """Start it, or start it again."""

    def read(self) -> None:
        """Fails with an OSError: EAGAIN while nothing happened, ECANCELED once after a set."""

    def close(self) -> None:
        """Give it back."""


class TimerFd:
    """A kernel timer on the wall clock that never fires, but is cancelled when somebody sets the clock.

    Through ctypes, since Python has its own door to timerfd only from 3.13 on.
    """

    _CANCEL_ON_SET = 1 << 1
    _ABSOLUTE = 1 << 0
    _FAR_S = 2**40 if sys.maxsize > 2**32 else 2**31 - 1

    def __init__(self) -> None:
        """Make and start the timer.

        Raises:
            ClockError: the kernel has no such timer.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.timerfd_create(time.CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise ClockError(f"no timerfd: {os.strerror(ctypes.get_errno())}")
        self.arm()

    def arm(self) -> None:
        """Let it expire in the far future."""
        setting = (ctypes.c_long * 4)(0, 0, self._FAR_S, 0)
        flags = self._ABSOLUTE | self._CANCEL_ON_SET
        if self._libc.timerfd_settime(self._descriptor, flags, ctypes.byref(setting), None) < 0:
            raise ClockError(f"timerfd can't be armed: {os.strerror(ctypes.get_errno())}")

    def read(self) -> None:
        """As TimerSource."""
        os.read(self._descriptor, 8)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)


class SetWatch:
    """Tells once after each set of the wall clock that it happened."""

    def __init__(self, timer: TimerSource | None = None) -> None:
        self._timer = timer or TimerFd()

    def was_set(self) -> bool:
        """Whether the wall clock was set since the last question. Never waits."""
        try:
            self._timer.read()
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise ClockError(f"timerfd can't be read: {error.strerror}") from error
        self._timer.arm()
        return True

    def close(self) -> None:
        """Give the timer back."""
        self._timer.close()
