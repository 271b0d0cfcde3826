"""The emulator in a process of its own, driven through its control socket."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from emulators.fingerprint_module.commands import Commands, ControlError

_START_S = 20.0


class Remote(Commands):
    """A client of the control socket."""

    def __init__(self, path: Path, timeout_s: float = 30.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one line, read one line.

        Raises:
            ControlError: the emulator hung up.
        """
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ControlError("the emulator hung up")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()


class ModuleProcess:
    """`python -m emulators.fingerprint_module` as a child; as a context manager the remote control."""

    def __init__(self, link: Path, control: Path, *options: str) -> None:
        self._control = control
        command = [sys.executable, "-m", "emulators.fingerprint_module"]
        command += ["--link", str(link), "--control", str(control), *options]
        self.process = subprocess.Popen(command)  # noqa: S603 - our own module
        self.remote: Remote | None = None

    def __enter__(self) -> Remote:
        until = time.monotonic() + _START_S
        while True:
            try:
                remote = Remote(self._control)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise
                time.sleep(0.02)
        # Past the ready byte too, so that it does not precede the first answer.
        while not ((state := remote.state())["ready"] and state["quiet"]):
            time.sleep(0.005)
        self.remote = remote
        return remote

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask the child to end, and see that it did."""
        if self.remote is not None:
            self.remote.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
