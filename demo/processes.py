"""Real processes of the demo: their output kept in files, killed the hard way when the play says so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LEASH = ("setpriv", "--pdeathsig", "KILL", "--")
_PARENT = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parent")
"""Starts every child: the leash is tied to the thread that did it, and this one lasts as long as we do."""


class DemoError(Exception):
    """The demo can't go on; the sentence says which part failed and where its log is."""


class Process:
    """One child process with a log file of its own."""

    def __init__(self, name: str, module: Sequence[str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [*_LEASH, sys.executable, "-u", "-m", *module]
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start, or start again; the log is continued. It dies with us, also when we are killed."""
        self._child = _PARENT.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL for it and its workers: no goodbye, as in a power cut of this one process."""
        if self._child is not None and self.alive:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def ask_to_stop(self) -> None:
        """SIGTERM; returns at once."""
        if self.alive and self._child is not None:
            self._child.terminate()

    def stop(self, patience_s: float = 10) -> None:
        """SIGTERM, and SIGKILL when that is not heard within `patience_s`."""
        self.ask_to_stop()
        try:
            if self._child is not None:
                self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self, lines: int = 15) -> str:
        """The end of the log, for an error message."""
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""
        )


def run(name: str, module: Sequence[str]) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        DemoError: it failed; its output is in the message.
    """
    done = subprocess.run(
        [sys.executable, "-m", *module],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"{name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(
    what: str, condition: Callable[[], bool], process: Process | None = None, patience_s: float = 60
) -> None:
    """Wait until the condition holds.

    Raises:
        DemoError: it did not within `patience_s`, or the process that should bring it about has ended.
    """
    end = time.monotonic() + patience_s
    while not condition():
        if process is not None and not process.alive:
            raise DemoError(f"{process.name} ended while waiting for {what}:\n{process.tail()}")
        if time.monotonic() > end:
            raise DemoError(f"gave up waiting for {what}" + (f":\n{process.tail()}" if process else ""))
        time.sleep(0.05)
