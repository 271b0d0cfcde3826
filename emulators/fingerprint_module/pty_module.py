"""Runs a module on a pty: one thread or process, one `select`, no busy waiting.

`select` is used for its microseconds: `poll` and `epoll` round the time-out up to whole milliseconds, which
would blur the pacing of the line.
"""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.commands import Commands
from emulators.fingerprint_module.control import answer_line, perform
from emulators.fingerprint_module.control_socket import ControlSocket
from emulators.fingerprint_module.profiles import profile_named
from emulators.fingerprint_module.pty_port import PtyPort
from emulators.fingerprint_module.tempo import Tempo

_CALL_TIMEOUT_S = 10.0
_SEEN_LATE_S = 0.00008
"""Bytes were written about so long before `select` tells; taken off, so that the line keeps its own pace."""
_WOKEN_LATE_S = 0.00006
"""A timer of Linux is late by its slack of 50 us; asked for so much earlier."""


class PtyModule(Commands):
    """A module on a pty with its loop; `serve` runs it here, `start` in a thread of its own."""

    def __init__(self, bench: Bench, link: Path, *, control: Path | None = None, speed: float = 1.0) -> None:
        """Open the pty; nothing runs yet.

        Args:
            bench: the module.
            link: where the host finds the port.
            control: where to listen for JSON lines, None for nowhere.
            speed: module milliseconds in a real one.
        """
        self.bench = bench
        self.link = link
        self._speed = speed
        self._started = time.monotonic()
        self._port: PtyPort | None = PtyPort(link)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._calls: deque[tuple[dict[str, Any], Future[dict[str, Any]]]] = deque()
        self._stopping = self._closed = False
        self._closing = threading.RLock()
        self._thread: threading.Thread | None = None
        self._control: ControlSocket | None = None
        if control is not None:
            self._control = ControlSocket(control, lambda line: answer_line(self.bench, line))
        bench.plug_out = self._plug_out
        bench.plug_in = self._plug_in
        bench.module.line_matches = self._line_matches

    # -- the host's side of the plug -------------------------------------------------------------------------

    def _plug_out(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def _plug_in(self, link: Path | None) -> None:
        if link is not None:
            self.link = link
        self._port = PtyPort(self.link)

    def _line_matches(self) -> bool:
        if self._port is None:
            return True
        speed, plain = self._port.host_line()
        return plain and speed == self.bench.device.flash.baud

    # -- running ---------------------------------------------------------------------------------------------

    def serve(self, until: Callable[[], bool] = lambda: False) -> None:
        """Run until `stop` or until `until` says so after a wake-up."""
        self.bench.module.advance(self._now_ms())
        self.bench.module.power_on()
        try:
            while not self._stopping and not until():
                self._turn()
        finally:
            self._close()

    def start(self) -> Self:
        """Run in a thread; returns once the module answers requests."""
        self._thread = threading.Thread(target=self.serve, name="fingerprint-module", daemon=True)
        self._thread.start()
        self.state()
        return self

    def stop(self) -> None:
        """End the loop and remove link and socket."""
        self._stopping = True
        self.wake()
        if self._thread is not None:
            self._thread.join(_CALL_TIMEOUT_S)

    def wake(self) -> None:
        """Make the loop look around; safe from a signal handler."""
        # The number of a closed descriptor may already belong to another file.
        with self._closing:
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """Perform a request in the loop's own thread, so that nothing needs a lock."""
        if threading.current_thread() is self._thread:
            return perform(self.bench, request)
        future: Future[dict[str, Any]] = Future()
        self._calls.append((request, future))
        self.wake()
        return future.result(_CALL_TIMEOUT_S)

    def _now_ms(self) -> float:
        return (time.monotonic() - self._started) * 1000.0 * self._speed

    def _timeout_s(self) -> float | None:
        due_ms = self.bench.module.next_due_ms()
        if due_ms is None:
            return None
        return max(0.0, (due_ms - self._now_ms()) / (1000.0 * self._speed) - _WOKEN_LATE_S)

    def _turn(self) -> None:
        module, port = self.bench.module, self._port
        watched = [self._wake]
        if port is not None:
            watched.append(port.master)
        if self._control is not None:
            watched += self._control.descriptors
        blocked = [port.master] if port is not None and port.wants_write else []
        readable, writable, _ = select.select(watched, blocked, [], self._timeout_s())
        now_ms = self._now_ms()
        if port is not None and writable:
            port.flush()
        if port is not None and port.master in readable:
            module.receive(port.read(), now_ms - _SEEN_LATE_S * 1000.0 * self._speed)
        module.advance(now_ms + _WOKEN_LATE_S * 1000.0 * self._speed)
        if self._wake in readable:
            self._run_calls()
        if self._control is not None:
            self._control.serve(readable)
        self._deliver()

    def _run_calls(self) -> None:
        os.eventfd_read(self._wake)
        while self._calls:
            request, future = self._calls.popleft()
            answer = perform(self.bench, request)
            self._deliver()
            future.set_result(answer)

    def _deliver(self) -> None:
        # Flash first: an acknowledgement may only be seen once what it says is kept.
        self.bench.save_flash()
        output = self.bench.module.take_output()
        if output and self._port is not None:
            self._port.write(b"".join(piece for _, piece in output))

    def _close(self) -> None:
        self._plug_out()
        if self._control is not None:
            self._control.close()
        with self._closing:
            self._closed = True
            os.close(self._wake)


def open_module(
    profile: str,
    link: Path,
    *,
    tempo: Tempo | None = None,
    speed: float = 1.0,
    flash_path: Path | None = None,
    control: Path | None = None,
) -> PtyModule:
    """A module on a pty by the name of its profile; use it as a context manager or call `start`."""
    bench = Bench(profile_named(profile), tempo or unpaced(), flash_path=flash_path)
    return PtyModule(bench, link, control=control, speed=speed)


def unpaced(seed: int = 0) -> Tempo:
    """No work time and no pacing: as fast as the machine, with all waits and stalls in real time."""
    return Tempo(seed, work_scale=0.0, paced=False)
