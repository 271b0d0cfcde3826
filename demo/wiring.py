"""Central and three doors, wired together in one folder: real processes, an emulated outside."""

import fcntl
import os
import re
import shutil
import socket
from datetime import datetime
from pathlib import Path
from typing import TextIO

from demo import town
from demo.door import Door, Place
from demo.processes import DemoError, Process, run, wait_for
from emulators.clock import EmulatedTime

POLICY = "tanggamus-2017"
_MARK = ".hadir-demo"


class Town:
    """The running demo."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock_file = folder / "clock.json"
        self.clock = EmulatedTime(self.clock_file)
        self.residents = town.residents()
        self.port = _free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.data_dir = folder / "central"
        self._config = folder / "central.toml"
        self.central = Process("central", self._command("serve"), folder)
        self.doors: dict[str, Door] = {}
        self._mark: TextIO | None = None

    def prepare(self, begin: datetime) -> None:
        """Start from nothing, with the clock at `begin`; central learns offices, people, rules and slots."""
        self._clear()
        self.clock.start(begin)
        self._config.write_text(self._toml(), encoding="utf-8")
        self.tell("init")
        for deed, text in (
            ("import-units", town.units_csv()),
            ("import-people", town.people_csv()),
            ("import-slots", town.slots_csv()),
        ):
            file = self.folder / f"{deed}.csv"
            file.write_text(text, encoding="utf-8")
            self.tell(deed, str(file))
        self.tell("policy", "set", POLICY)

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

    def open(self) -> None:
        """Start central, then every door, and wait until each has its rules, its roster and the time."""
        self.start_central()
        for office in town.OFFICES:
            place = Place(
                self.folder / office.code.lower(),
                self.clock_file,
                self.url,
                self.data_dir / "ca.crt",
                _free_port(),
            )
            door = Door(office, place)
            self.doors[office.code] = door
            staff = tuple(person for person in self.residents if person.office == office)
            door.start(self.claim_token(office.code), staff)
        for door in self.doors.values():
            wait_for(f"rules, roster and time at {door.office.code}", door.ready, door.punch)

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
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
