"""The finger-detect pin as a virtual GPIO: a callback with its level, and a FIFO for another process."""

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path

from emulators.fingerprint_module.module import Module

_FASTEST_MS, _SLOWEST_MS = 20.0, 120.0
"""R503: the pin follows within 120 ms."""
_PULSE_MS = 60.0


class WakePin:
    """Follows the finger with the latency, polarity and form (level or pulse) of the profile."""

    def __init__(self, module: Module) -> None:
        profile = module.device.profile
        self._module = module
        self._random = random.Random(f"wake|{module.device.tempo.seed}")
        self._active_level = not profile.wake_active_low
        self._pulse = profile.wake_pulse_only
        self.level = not self._active_level
        self.on_change: Callable[[bool], None] = lambda _level: None

    def finger_changed(self) -> None:
        """The finger came or went: the pin will follow."""
        delay_ms = self._random.uniform(_FASTEST_MS, _SLOWEST_MS)
        self._module.schedule(self._module.now_ms + delay_ms, self._follow, always=True)

    def _follow(self) -> None:
        touched = self._module.device.touch is not None
        self._set(touched)
        if touched and self._pulse:
            self._module.schedule(self._module.now_ms + _PULSE_MS, lambda: self._set(False), always=True)

    def _set(self, active: bool) -> None:
        level = self._active_level if active else not self._active_level
        if level != self.level:
            self.level = level
            self.on_change(level)


class WakeFifo:
    """Writes `0` or `1` and a line end to a FIFO at each change; nobody reading is no error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        os.mkfifo(path)
        # Read and write, so that opening needs no reader and writing never meets a closed pipe.
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def write(self, level: bool) -> None:
        """Tell the level; a full FIFO loses it, like a wire nobody watches."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._fd, b"1\n" if level else b"0\n")

    def close(self) -> None:
        """Close and remove the FIFO."""
        os.close(self._fd)
        self.path.unlink(missing_ok=True)
