"""One node of the demo: its processes, its emulated sensor, camera and link, and what its display says."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import DemoError, Process, run, wait_for
from demo.town import FINGER, Office, Resident

_TOWER = ["--rate-bps", "256000", "--delay-ms", "120", "--loss", "0.02"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a door lives and whom it talks to."""

    folder: Path
    clock_file: Path
    server_url: str
    ca_file: Path
    link_port: int


@dataclass(frozen=True, slots=True)
class SensorKind:
    """Which module is emulated, and how fast its time runs.

    Attributes:
        speed: of the module's time; 1 is real time.
        time_scale: factor on the node's own deadlines for it.
    """

    profile: str = "r503_200"
    quirks: tuple[str, ...] = ()
    serial: str = "EMU00001"
    speed: float = 8
    time_scale: float = 1.0


class Door:
    """A door with a finger sensor. `start` brings up everything; the punch process can be killed alone."""

    def __init__(self, office: Office, place: Place, kind: SensorKind | None = None) -> None:
        self.office = office
        self._kind = kind or SensorKind()
        self._place = place
        self.folder = place.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sensor_control = self.folder / "sensor.sock"
        self._link_control = self.folder / "link.sock"
        self._config = self.folder / "hadir.toml"
        self.sensor = self._process("sensor", ["emulators.fingerprint_module", *self._sensor_options()])
        self.eye = self._process(
            "eye",
            [
                "emulators.camera",
                *("--socket", str(self.folder / "eye.sock")),
                *("--place", office.name),
                *("--clock", str(place.clock_file)),
            ],
        )
        self.camera = self._role("camera")
        self.punch = self._role("punch")
        self.sync = self._role("sync")
        self.link = self._process("link", ["emulators.link", *self._link_options()]) if office.tower else None

    def start(self, claim_token: str, residents: tuple[Resident, ...]) -> None:
        """Write the configuration, put the templates into the sensor, claim the node, start every process."""
        self._config.write_text(self._toml(), encoding="utf-8")
        for emulator, proof in (
            (self.sensor, self._sensor_control),
            (self.eye, self.folder / "eye.sock"),
            (self.link, self._link_control),
        ):
            if emulator is not None:
                emulator.start()
                wait_for(f"{emulator.name} of {self.office.code}", proof.exists, emulator)
        for person in residents:
            self.finger("enrol", slot=person.slot, person=person.key, finger=FINGER, captures=3, quality=0.9)
        claim = ["edge", "claim", claim_token, "--config", str(self._config)]
        run(f"claim of {self.office.code}", claim)
        for role in (self.camera, self.punch, self.sync):
            role.start()

    def ready(self) -> bool:
        """Whether the node has its rules, its roster and a time that it can believe."""
        try:
            status = ask(self.folder / "state/punch.sock", {"do": "status"})
        except OSError:
            return False
        return bool(status["clock"] == "anchored" and status["policy"] and status["roster"])

    def node_id(self) -> str:
        """What central calls this node, by the record of its claim."""
        record: dict[str, Any] = json.loads((self.folder / "state/server.json").read_bytes())
        return str(record["node"])

    @property
    def roles(self) -> tuple[Process, ...]:
        """The processes of the node itself."""
        return (self.sync, self.punch, self.camera)

    @property
    def surroundings(self) -> tuple[Process, ...]:
        """The emulators around it."""
        return (self.eye, self.sensor, *([self.link] if self.link else []))

    def finger(self, deed: str, **details: Any) -> dict[str, Any]:
        """Tell the sensor emulator what happens on its glass.

        Raises:
            DemoError: it refuses.
        """
        return ask(self._sensor_control, {"do": deed, **details})

    def cut(self) -> None:
        """Cut the tower's link."""
        ask(self._link_control, {"do": "cut"})

    def heal(self) -> None:
        """The tower works again."""
        ask(self._link_control, {"do": "heal"})

    def shown(self) -> list[dict[str, Any]]:
        """Everything that the display said so far, oldest first."""
        return list(_json_lines(self.punch.log))

    def _process(self, name: str, module: list[str]) -> Process:
        return Process(name, module, self.folder)

    def _role(self, role: str) -> Process:
        return self._process(role, ["edge", role, "--config", str(self._config)])

    def _sensor_options(self) -> list[str]:
        kind = self._kind
        clock = ["--realtime"] if kind.speed == 1 else ["--fast", "--speed", str(kind.speed)]
        clock += ["--host-pace", str(1 / kind.time_scale)]
        return [
            *("--profile", kind.profile, "--serial", kind.serial, "--seed", "1", *clock),
            *(option for quirk in kind.quirks for option in ("--quirk", quirk)),
            *("--flash", str(self.folder / "flash.json")),
            *("--link", str(self.folder / "tty")),
            *("--control", str(self._sensor_control)),
        ]

    def _link_options(self) -> list[str]:
        listen = f"127.0.0.1:{self._place.link_port}"
        server = self._place.server_url.rpartition("/")[2]
        return ["--listen", listen, "--to", server, *_TOWER, "--control", str(self._link_control)]

    def _toml(self) -> str:
        place = self._place
        url = f"https://127.0.0.1:{place.link_port}" if self.office.tower else place.server_url
        authority = f'ca_file = "{place.ca_file}"\n' if url.startswith("https") else ""
        return f"""\
[node]
state_dir = "{self.folder / "state"}"
place = "{self.office.name}"
[server]
url = "{url}"
{authority}[sensor]
path = "{self.folder / "tty"}"
baud_bps = 57600
time_scale = {self._kind.time_scale}
[camera]
source = "socket:{self.folder / "eye.sock"}"
[display]
kind = "lines"
page_ms = 100
[clock]
source = "emulated:{place.clock_file}"
rtc = true
[sync]
interval_s = 1
connect_timeout_s = 4
read_timeout_s = 15
backoff_max_s = 4
"""


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """One request to an emulator over its control socket, as JSON lines.

    Raises:
        DemoError: the emulator refuses. OSError: it is not there.
    """
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(20)
        channel.connect(str(path))
        channel.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(channel.makefile("rb").readline())
    if not answer.get("ok"):
        raise DemoError(f"{path.name} refuses {request}: {answer.get('error')}")
    return answer


def _json_lines(log: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log that are JSON objects; others are for people."""
    if not log.exists():
        return
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue  # cut off by a SIGKILL
