"""A whole node in a temporary folder: emulated clock, sensor and camera, and the real processes of `edge`."""

import json
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attendance.chain import Event
from edge.segments import SegmentReader
from edge.server_record import ServerRecord
from emulators.clock import EmulatedTime
from emulators.fingerprint_module.client import ModuleProcess, Remote

WAIT_S = 30.0


class NodeProcess:
    """Processes by role, the screen of the punch process, and what lies in the journal."""

    def __init__(self, folder: Path, start: datetime, *, camera: bool, system_clock: bool = False) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.clock = EmulatedTime(folder / "clock.json")
        self.clock.start(start, rate=1)
        self._camera = camera
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._screen: queue.Queue[dict[str, Any]] = queue.Queue()
        # Deadlines of the sensor are those of hardware, with the emulator as fast as it can be.
        self.module = ModuleProcess(folder / "tty", folder / "module.sock", "--fast", "--speed", "inf")
        clock = "system" if system_clock else f"emulated:{folder / 'clock.json'}"
        source = f"socket:{folder / 'lens.sock'}" if camera else "none"
        (folder / "hadir.toml").write_text(
            f'[node]\nstate_dir = "{self.state}"\nplace = "Diskominfo"\nlistening_span_s = 600\n'
            f'[sensor]\npath = "{folder / "tty"}"\npoll_interval_ms = 10\n'
            f'[camera]\nsource = "{source}"\nwidth_px = 320\nheight_px = 240\n'
            f'[display]\nkind = "lines"\npage_ms = 1\n'
            f'[clock]\nsource = "{clock}"\nrtc = true\n'
        )

    def begin(self) -> Remote:
        """The sensor and, if wanted, the camera; the remote control of the sensor."""
        remote = self.module.__enter__()
        if self._camera:
            lens = ("emulators.camera", "--socket", str(self.folder / "lens.sock"), "--place", "Diskominfo")
            self._spawn("lens", *lens, "--size", "320x240")
            wait_until((self.folder / "lens.sock").exists)
            self.start("camera")
        return remote

    def claimed_by(self, public_key: str) -> None:
        """What a claim leaves behind, with one key of central for everything; the punch process runs."""
        ServerRecord(
            node=self.ask({"do": "status"})["node"],
            epoch=1,
            unit="DISKOMINFO",
            unit_name="Dinas Kominfo",
            zone="Asia/Jakarta",
            url="https://hadir.example",
            ca_file=None,
            receipt_key=public_key,
            document_key=public_key,
            code="123456",
        ).save(self.state / "server.json")

    def start(self, role: str, *options: str) -> None:
        """Start `python -m edge ROLE` and wait until it answers on its socket."""
        config = ("--config", str(self.folder / "hadir.toml"))
        self._spawn(role, "edge", role, *config, *options)
        wait_until(lambda: self._listens(role))

    def kill(self, role: str) -> None:
        """SIGKILL, as a power cut would."""
        self._running[role].kill()
        self._running.pop(role).wait(WAIT_S)

    def limit_file_size(self, role: str, most_bytes: int) -> None:
        """Let no file of a running process grow to more than this, as on a full disk; -1 takes it away."""
        resource.prlimit(self._running[role].pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def stop(self, role: str) -> int:
        """SIGTERM; the exit status."""
        process = self._running.pop(role)
        process.send_signal(signal.SIGTERM)
        return process.wait(WAIT_S)

    def ended(self, role: str) -> int:
        """The exit status of a process that ends by itself."""
        return self._running.pop(role).wait(WAIT_S)

    def end(self) -> None:
        """End what still runs."""
        for role in list(self._running):
            self.stop(role)
        self.module.stop()

    def screen(self, outcome: str = "stored") -> dict[str, Any]:
        """The next message with this outcome."""
        until = time.monotonic() + WAIT_S
        while True:
            message = self._screen.get(timeout=max(0.01, until - time.monotonic()))
            if message["outcome"] == outcome:
                return message

    def forget_screen(self) -> None:
        """What was shown so far is of no interest."""
        while not self._screen.empty():
            self._screen.get_nowait()

    def ask(self, request: dict[str, Any], name: str = "punch.sock") -> dict[str, Any]:
        """One request on a local socket of the node."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT_S)
            connection.connect(str(self.state / name))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile() as stream:
                answer: dict[str, Any] = json.loads(stream.readline())
        return answer

    def anchor(self) -> dict[str, Any]:
        """Hand in a time anchor as sync does after a receipt: the wall clock is right."""
        now = json.loads((self.folder / "clock.json").read_bytes())
        claim = {"utc_ms": now["wall_ms"], "error_ms": 40, "source": "server"}
        return self.ask({"do": "anchor", **claim, **{key: now[key] for key in ("boot", "bt_ms", "raw_ms")}})

    def events(self, epoch: int = 1) -> list[Event]:
        """All events, as sync reads them."""
        reader = SegmentReader(self.state / "segments")
        return [stored.event for stored in reader.read(epoch, 1, 100_000, 100_000_000)]

    def pass_time(self, minutes: float) -> None:
        """Let emulated time jump ahead, with the processes running."""
        self.clock.advance(timedelta(minutes=minutes))

    def _listens(self, role: str) -> bool:
        assert self._running[role].poll() is None, f"{role} has ended"
        try:
            self.ask({"do": "status"}, f"{role}.sock")
        except OSError:
            return False
        return True

    def _spawn(self, role: str, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._running[role] = process
        threading.Thread(target=self._listen_to, args=(process, role == "punch"), daemon=True).start()

    def _listen_to(self, process: subprocess.Popen[str], is_screen: bool) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            for line in stream:
                if is_screen:
                    self._screen.put(json.loads(line))


def wait_until(true: Any) -> None:
    """Look again and again until it is true; a failure after WAIT_S."""
    until = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < until, "it never became true"
        time.sleep(0.01)
