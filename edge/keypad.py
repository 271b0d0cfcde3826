"""The number pad on USB: opened, grabbed, read without waiting, and found again after it was unplugged.

It is grabbed so that what people type reaches nothing else on this machine, a login prompt for one.
"""

import contextlib
import errno
import fcntl
import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from edge.keypad_decoding import NATIVE_BYTES, Key, KeyDecoder, NotAKeypadError

_log = logging.getLogger(__name__)
_EVIOCGRAB = 0x40044590
_MOST_EVENTS_AT_ONCE = 64
_MOST_DRAINED = 64
_REOPEN_S = 2.0
_INPUT_MAJOR = 13  # Linux gives this number to all input devices
STARTING, OK, AWAY, BUSY, DAMAGED = "starting", "ok", "away", "busy", "damaged"


class Keypad:
    """One device, or a FIFO or pty that carries the same bytes."""

    def __init__(
        self,
        path: Path,
        *,
        event_bytes: int = NATIVE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet.

        Args:
            path: of the device; one below /dev/input/by-id/ stays the same after a replug.
            event_bytes: size of an input event, 24 or 16.
            clock: monotonic seconds.
        """
        self._path = path
        self._event_bytes = event_bytes
        self._clock = clock
        self._fd: int | None = None
        self._decoder = KeyDecoder(event_bytes)
        self._open_at = float("-inf")
        self.state = STARTING
        """ "starting", "ok", or why nobody can type: "away", "busy" (somebody else holds it), "damaged"."""

    def keys(self) -> list[Key]:
        """What was pressed since the last call, at most a handful. Never waits, never raises.

        After an unplug what was typed before is not to be believed: the first thing told is CLEAR.
        """
        if self._fd is None and not self._opened():
            return []
        assert self._fd is not None
        try:
            data = os.read(self._fd, self._event_bytes * _MOST_EVENTS_AT_ONCE)
            if not data and self._replaced(self._fd):
                return self._lost(AWAY, "it was replaced")
            return self._decoder.feed(data)
        except BlockingIOError:
            return []
        except OSError as error:
            return self._lost(AWAY, str(error))
        except NotAKeypadError as error:
            return self._lost(DAMAGED, str(error))

    def close(self) -> None:
        """Give it back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> bool:
        now = self._clock()
        if now < self._open_at:
            return False
        self._open_at = now + _REOPEN_S
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            if _is_input_device(self._fd):
                fcntl.ioctl(self._fd, _EVIOCGRAB, 1)
            else:
                self._drain(self._fd)
        except OSError as error:
            self._lost(BUSY if error.errno == errno.EBUSY else AWAY, str(error))
            return False
        self._decoder = KeyDecoder(self._event_bytes)
        self.state = OK
        _log.info("the keypad %s is there", self._path)
        return True

    def _drain(self, fd: int) -> None:
        """Whoever opens a real device hears what is pressed from then on; a FIFO keeps what came before."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_DRAINED):
                if not os.read(fd, self._event_bytes * _MOST_EVENTS_AT_ONCE):
                    return

    def _replaced(self, fd: int) -> bool:
        """A FIFO without a writer reads as empty for ever, also when its name now leads elsewhere."""
        try:
            return not os.path.samestat(os.fstat(fd), self._path.stat())
        except OSError:
            return True

    def _lost(self, state: str, why: str) -> list[Key]:
        if self.state != state or self._fd is not None:
            _log.warning("the keypad %s can't be used: %s", self._path, why)
        self.close()
        self.state = state
        self._open_at = self._clock() + _REOPEN_S
        return [Key.CLEAR]


def _is_input_device(fd: int) -> bool:
    """A pty is a character device too, and nothing can be grabbed there."""
    found = os.fstat(fd)
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) == _INPUT_MAJOR
