"""The real sync process between a real journal and a real central over HTTPS, and an emulated link."""

import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from attendance.chain import Event
from central import claims, commands
from central.config import load
from central.installation import initialise
from central.office import open_office
from edge import keys
from edge.clock import SystemClock
from edge.documents import DocumentShelf
from edge.local_socket import LocalSocket
from edge.logbook import Logbook
from edge.photo_store import PhotoStore
from edge.punch_requests import MAX_REQUEST_BYTES, Answers, RequestQueue
from edge.segments import SegmentReader

PATIENCE_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], Any], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, f"it never came to this: {what}"
        time.sleep(0.05)


class Child:
    """A process in a group of its own, so that SIGKILL reaches its workers too."""

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self._command = [sys.executable, "-m", *command]
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


class RealCentral:
    """An installation with one office, served by its own command."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.data_dir = folder / "central"
        self._config = folder / "central.toml"
        self._config.write_text(
            f'data_dir = "{self.data_dir}"\nport = {self.port}\n'
            f'public_url = "https://127.0.0.1:{self.port}"\nserver_names = ["127.0.0.1"]\n'
        )
        units = folder / "units.csv"
        units.write_text("kode,nama,zona\nDISKOMINFO,Dinas Kominfo,Asia/Jakarta\n")
        # By the functions behind the commands: an interpreter for each deed would cost more than the journey.
        config = load(self._config)
        initialise(config)
        office = open_office(config)
        commands.import_units(office, units)
        commands.set_policy(office, "tanggamus-2017")
        with office.database.write() as connection:
            self.token = claims.issue(connection, "DISKOMINFO", office.clock.now_ms())
        office.database.close()
        self.child = Child(folder, "central", "central.cli", "serve", "--config", str(self._config))

    def start(self) -> None:
        self.child.start()
        wait_until(self._listens, "central listens")

    def stored(self) -> list[tuple[int, str]]:
        """Number and leaf of every event, straight from the file."""
        with sqlite3.connect(f"file:{self.data_dir / 'central.db'}?mode=ro", uri=True) as books:
            rows = books.execute("select seq, header from event order by seq").fetchall()
        books.close()
        return [(seq, hashlib.sha256(b"\0" + bytes(header)).hexdigest()) for seq, header in rows]

    def photos(self) -> set[str]:
        """Hashes of the photos whose every byte is there."""
        return {path.stem for path in (self.data_dir / "photos").rglob("*.jpg")}

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Desk:
    """The punch process without its sensor: the real logbook, shelf and socket, with a pen for the test."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._queue = RequestQueue()
        self._over = threading.Event()
        self._ready = threading.Event()
        self._socket = LocalSocket(
            state / "punch.sock", self._queue.answer, max_request_bytes=MAX_REQUEST_BYTES
        )
        self._thread = threading.Thread(target=self._own)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def write(self, count: int, *, photo: Callable[[int], bytes] | None = None) -> None:
        for number in range(count):
            sha256 = PhotoStore(self.state / "photos").put(photo(number))[0] if photo else None
            reply = self._queue.answer({"do": "write", "slot": number, "photo": sha256})
            assert reply["ok"], reply

    def events(self) -> list[Event]:
        reader = SegmentReader(self.state / "segments")
        return [stored.event for stored in reader.read(1, 1, 100_000, 100_000_000)]

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _own(self) -> None:
        key = keys.load(self.state / "event.key")
        logbook = Logbook(self.state, key, SystemClock(), epoch=1, rtc=True, watch=None)
        shelf = DocumentShelf(self.state, logbook.link.node)
        answers = Answers(logbook, shelf, self.state / "server.json", lambda: {"sensor": "ok"})

        def handle(request: dict[str, Any]) -> dict[str, Any]:
            if request["do"] != "write":
                return answers.handle(request)
            event = logbook.write("punch", {"slot": request["slot"]}, photo=request["photo"])
            return {"ok": True, "seq": event.seq}

        logbook.write(
            "start", {"software": "0", "clock_source": "system", "journal": "created", "sensor": {}}
        )
        self._ready.set()
        while not self._over.is_set():
            self._queue.serve(handle, 0.05)
        logbook.close()


class Journey:
    """Everything wired together in one folder."""

    def __init__(self, folder: Path, *weather: str) -> None:
        self.folder, self.state = folder, folder / "state"
        self.central = RealCentral(folder)
        self._link_port = free_port()
        self._control = folder / "link.sock"
        self.link = Child(
            folder,
            "link",
            *("emulators.link", "--listen", f"127.0.0.1:{self._link_port}"),
            *("--to", f"127.0.0.1:{self.central.port}", "--control", str(self._control), *weather),
        )
        self.config = folder / "hadir.toml"
        self.config.write_text(
            f'[node]\nstate_dir = "{self.state}"\n'
            f'[server]\nurl = "https://127.0.0.1:{self._link_port}"\n'
            f'ca_file = "{self.central.data_dir / "ca.crt"}"\n'
            f'[sensor]\npath = "/dev/null"\n[camera]\nsource = "none"\n[display]\nkind = "none"\n'
            "[sync]\ninterval_s = 0.5\nconnect_timeout_s = 2\nread_timeout_s = 4\nbackoff_max_s = 0.5\n"
            "batch_events = 40\nphoto_piece_bytes = 4096\n"
        )
        self.sync = Child(folder, "sync", "edge", "sync", "--config", str(self.config))
        self.desk: Desk | None = None

    def __enter__(self) -> Self:
        self.central.start()
        self.link.start()
        wait_until(self._control.exists, "the link listens")
        return self

    def __exit__(self, *_: object) -> None:
        self.sync.stop()
        if self.desk is not None:
            self.desk.close()
        self.link.stop()
        self.central.child.stop()

    def claim(self, token: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "edge", "claim", token, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def tell_link(self, **order: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._control))
            connection.sendall(json.dumps(order).encode() + b"\n")
            with connection.makefile() as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
        assert answer["ok"], answer
        return answer

    def status(self) -> dict[str, Any]:
        """What sync says of itself."""
        try:
            said: dict[str, Any] = json.loads((self.state / "sync-status.json").read_bytes())
        except OSError:
            return {}
        return said

    def at_peace(self) -> bool:
        """Central holds exactly what the node wrote, and the node knows it."""
        assert self.desk is not None
        written = [(event.seq, event.leaf) for event in self.desk.events()]
        named = {event.photo for event in self.desk.events() if event.photo}
        dropped = {event.content["photo"] for event in self.desk.events() if event.type == "drop"}
        return (
            self.central.stored() == written
            and self.central.photos() == named - dropped
            and self.status().get("held") == len(written)
        )
