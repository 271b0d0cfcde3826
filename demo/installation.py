"""A central of its own in one folder, with the emulated clock that everybody there lives by."""

import fcntl
import os
import re
import shutil
import socket
from datetime import datetime
from pathlib import Path
from typing import TextIO

from demo.door import Door, Place
from demo.processes import DemoError, Process, run, wait_for
from emulators.clock import EmulatedTime

POLICY = "tanggamus-2017"
_MARK = ".hadir-demo"


class Installation:
    """Central as a real process, told what to do by its own commands."""

    def __init__(self, folder: Path, *, plain_http: bool = False) -> None:
        """Touch nothing yet.

        Args:
            folder: where everything is kept; short, because the path of a Unix socket may be 107 bytes long.
            plain_http: without TLS, so that somebody can look at what passes.
        """
        self.folder = folder
        self._plain_http = plain_http
        self.clock_file = folder / "clock.json"
        self.clock = EmulatedTime(self.clock_file)
        self.port = free_port()
        self.url = f"{'http' if plain_http else 'https'}://127.0.0.1:{self.port}"
        self.node_url = self.url  # what nodes are told; somebody may stand in between
        self.data_dir = folder / "central"
        self._config = folder / "central.toml"
        self.central = Process("central", self._command("serve"), folder)
        self.doors: dict[str, Door] = {}
        self._mark: TextIO | None = None

    def install(self, begin: datetime, units: str, people: str, slots: str = "") -> None:
        """Start from nothing, with the clock at `begin`; central learns offices, people, rules and slots.

        Args:
            begin: where the clock starts.
            units: offices as CSV.
            people: everybody as CSV.
            slots: whose finger each place in the sensors holds already, as CSV; may be none.
        """
        self._clear()
        self.clock.start(begin)
        self._config.write_text(self._toml(), encoding="utf-8")
        self.tell("init")
        for deed, text in (("import-units", units), ("import-people", people), ("import-slots", slots)):
            if text:
                self.load(deed, text)
        self.tell("policy", "set", POLICY)

    def load(self, deed: str, text: str) -> str:
        """Import a CSV and return what the command printed."""
        file = self.folder / f"{deed}.csv"
        file.write_text(text, encoding="utf-8")
        return self.tell(deed, str(file))

    def _clear(self) -> None:
        """Empty the folder, if it is a demo's of ours and nobody plays in it.

        Raises:
            DemoError: it is not.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_uid != os.getuid():
            raise DemoError(f"{self.folder} belongs to somebody else: choose another with --folder")
        if any(self.folder.iterdir()) and not (self.folder / _MARK).exists():
            raise DemoError(
                f"{self.folder} holds other files: empty it yourself, or choose another with --folder"
            )
        self._hold()
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _MARK:
                path.unlink()

    def _hold(self) -> None:
        """Keep a second demo from clearing what this one plays in; one that was killed lets go."""
        self._mark = (self.folder / _MARK).open("a")
        try:
            fcntl.flock(self._mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(
                f"a demo is running in {self.folder}: stop it with Ctrl-C, or choose another with --folder"
            ) from error

    def place(self, name: str) -> Place:
        """Where a door of this name can live."""
        return Place(
            self.folder / name, self.clock_file, self.node_url, self.data_dir / "ca.crt", free_port()
        )

    def start_central(self) -> None:
        """Start, or start again, and wait until it listens."""
        self.central.start()
        wait_for("central", lambda: _listens(self.port), self.central)

    def close(self) -> None:
        """Stop everything: first the nodes, then what they talk to. Those of one kind stop together."""
        doors = self.doors.values()
        roles = [process for door in doors for process in door.roles]
        for group in (roles, [self.central, *(process for door in doors for process in door.surroundings)]):
            for process in group:
                process.ask_to_stop()
            for process in group:
                process.stop()
        if self._mark is not None:
            self._mark.close()

    def tell(self, *deed: str) -> str:
        """Run a `hadir-central` command and return what it printed."""
        return run("hadir-central " + " ".join(deed), self._command(*deed))

    def claim_token(self, unit: str) -> str:
        """A fresh one-time token for a node of this unit."""
        found = re.search(r'claim_token = "([^"]+)"|Token: (\S+)', self.tell("claim", unit))
        assert found, "hadir-central claim prints the token"
        return found[1] or found[2]

    def sign_in_link(self) -> str:
        """A one-time link for the person in front of the screen."""
        printed = self.tell("create-admin", "demo", "--name", "Pengguna Demo")
        found = re.search(r"https://\S+/masuk/\S+", printed)
        assert found, "hadir-central create-admin prints a sign-in link"
        return found[0]

    def _command(self, *deed: str) -> list[str]:
        return ["central.cli", *deed, "--config", str(self._config)]

    def _toml(self) -> str:
        return f"""\
data_dir = "{self.data_dir}"
port = {self.port}
public_url = "{self.url}"
clock_file = "{self.clock_file}"
accept_emulated_clocks = true
plain_http = {str(self._plain_http).lower()}
"""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
