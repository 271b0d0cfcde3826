"""A node as far as its module goes: keeper and office over an emulated module, a journal in memory."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.orders import Orders
from attendance.people import Roster
from attendance.templates import MODULE, Module, ModuleState
from edge import config, template_key
from edge.faults import SensorError
from edge.module_memory import ModuleMemory
from edge.module_office import ModuleOffice
from edge.module_seal import ModuleSeal
from edge.punching import Standing
from edge.sensor import Held, Identification, Match, NoFinger, Unrecognised
from edge.sensor_keeper import SensorKeeper
from edge.technician import TechnicianWord
from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.profiles import profile_named, with_quirks
from emulators.fingerprint_module.pty_module import PtyModule, unpaced
from tests.support.door_people import roster_content

SPEED = 20.0
NODE = "abcdefghijklmnop"
DAY = datetime(2017, 6, 5, 9, 0, tzinfo=ZoneInfo("Asia/Jakarta"))
NIGHT = DAY.replace(hour=2)


class CutError(BaseException):
    """The process ends here, as by SIGKILL."""


@dataclass
class Log:
    """A logbook that keeps what was written; `fault` is raised instead where it is set."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    fault: Exception | None = None

    def write(self, type_: str, content: dict[str, Any]) -> None:
        if self.fault is not None:
            raise self.fault
        assert type_ == MODULE
        self.bodies.append(json.loads(json.dumps(content)))


class ModuleWorld:
    """`start` is a start of the punch process; files, journal and module outlive it."""

    def __init__(self, folder: Path, module: PtyModule, settings: str) -> None:
        self.folder, self.module, self._settings = folder, module, settings
        self.central = X25519PrivateKey.generate()
        self.log = Log()
        self.orders: Orders | None = None
        self.local = DAY
        self.refreshed = 0
        self.start()

    def start(self) -> None:
        text = (
            f'[node]\nstate_dir = "{self.folder}"\n[sensor]\npath = "{self.module.link}"\n'
            f"time_scale = {1 / SPEED}\n{self._settings}\n"
        )
        read = config.parse(text)
        self.key = template_key.load_or_create(self.folder / "template.key")
        self.seal = ModuleSeal.of(self.key)
        self.sensor = SensorKeeper(read.sensor, self.folder / "sensor.json", self.seal)
        shelf: Any = SimpleNamespace(standing=Standing(orders=self.orders), refresh=self._refresh)
        log: Any = self.log
        self.office = ModuleOffice(read, self.sensor, shelf, log, sealing.public_hex(self.key))

    def _refresh(self) -> None:
        self.refreshed += 1

    def named(self) -> set[int]:
        """The slots of the library by which people are booked."""
        slots = {slot: f"p{slot}" for slot in range(200)}
        roster = Roster.parse(roster_content(1, NODE) | {"slots": {}})
        laid_over = self.sensor.book.lay_over(replace(roster, slots=slots))
        assert self.memory is not None
        return set(laid_over.slots) & self.memory.slots

    def end(self) -> None:
        self.sensor.close()

    def restart(self) -> None:
        self.end()
        self.start()

    def crash(self) -> None:
        """The process is gone without having tidied up."""
        self.sensor._sensor.close()
        self.start()

    def know_central(self) -> None:
        self.orders = Orders(1, NODE, sealing.public_hex(self.central), ())
        self.restart()

    def turn(self) -> Identification | SensorError | None:
        """One turn of the loop; what it has seen."""
        self.sensor._try_at = self.office._work_at = self.sensor._seal_at = 0.0
        self.office._word_at = self.office._tell_at = 0.0
        seen: Identification | SensorError | None
        try:
            seen = self.sensor.look()
        except SensorError as error:
            seen = error
        self.office.turn(self.local, enrolling=False)
        return seen

    def settle(self, state: ModuleState = ModuleState.TRUSTED) -> ModuleMemory:
        """Turn the loop until the module is in this state and nothing is left to do about it."""
        for _ in range(2000):
            self.turn()
            memory = self.memory
            done = memory is not None and memory.state is state and (state.alarming or memory.sealed)
            if done and self.told.state is state:
                assert memory is not None
                return memory
        raise AssertionError(f"never {state}: {self.sensor.state}, {self.memory}")

    def stopped(self) -> SensorError:
        """Turn the loop until something needs a technician."""
        for _ in range(600):
            seen = self.turn()
            if isinstance(seen, SensorError) and not seen.retry:
                self.turn()
                return seen
        raise AssertionError(f"it never stops: {self.sensor.state}")

    def tap(self, person: str, finger: str = "thumb") -> int | None:
        """The slot that a finger is taken for; None if it is not recognised or nothing is booked."""
        self.module.lift()
        for _ in range(30):
            if isinstance(self.turn(), NoFinger):
                self.sensor.pace.sleep(self.sensor.pace.s(0.06))
        self.module.place(person, finger)
        try:
            for _ in range(60):
                seen = self.turn()
                if isinstance(seen, Match | Unrecognised):
                    return seen.slot if isinstance(seen, Match) else None
                assert not isinstance(seen, Held)
        finally:
            self.module.lift()
        return None

    def accept(self) -> None:
        TechnicianWord(self.folder).leave()

    @property
    def memory(self) -> ModuleMemory | None:
        return self.sensor.book.memory

    @property
    def told(self) -> Module:
        return Module.parse(self.log.bodies[-1]) if self.log.bodies else _NOTHING

    def recoveries(self) -> list[dict[str, Any]]:
        """The recovery copies in the journal, as central opens them."""
        copies = [Module.parse(body).recovery for body in self.log.bodies]
        opened = [
            sealing.open_sealed(self.central, base64.b64decode(copy), sealing.purpose("recovery", NODE))
            for copy in copies
            if copy is not None
        ]
        return [json.loads(plain) for plain in opened]

    def flash(self) -> dict[str, Any]:
        return self.module.snapshot()


_NOTHING = Module("", "", None, 0, 0, 0, "00" * 32, ModuleState.NEW)


@contextmanager
def module_world(
    folder: Path,
    profile: str = "r503_200",
    *,
    people: int = 4,
    quirks: Sequence[str] = (),
    settings: str = "harden = false",
    seed: int = 1,
) -> Iterator[ModuleWorld]:
    bench = Bench(with_quirks(profile_named(profile), quirks), unpaced(seed))
    with PtyModule(bench, folder / "ttySENSOR", speed=SPEED) as module:
        for slot in range(people):
            module.enrol(slot, f"p{slot}", "thumb")
        made = ModuleWorld(folder, module, settings)
        try:
            yield made
        finally:
            made.end()
