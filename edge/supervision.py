"""Tells systemd that the process is ready and still turns (sd_notify); without systemd it tells nobody."""

import contextlib
import os
import socket
import time


class Supervision:
    """The notify socket of a service of `Type=notify` with `WatchdogSec=`."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        """Find out whether somebody listens.

        Args:
            environment: where systemd tells of its socket; the process's own if not given.
        """
        said = os.environ if environment is None else environment
        self._address = said.get("NOTIFY_SOCKET", "")
        self._every_s = int(said.get("WATCHDOG_USEC", "0")) / 4_000_000
        self._due = 0.0

    def ready(self) -> None:
        """The process does its work from now on."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The work's loop has turned once more; call it from there and from nowhere else."""
        if self._every_s and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every_s
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The process ends on purpose."""
        self._tell("STOPPING=1")

    def _tell(self, word: str) -> None:
        if not self._address:
            return
        # An abstract address is written with an @ in the environment.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.sendto(word.encode(), address)
