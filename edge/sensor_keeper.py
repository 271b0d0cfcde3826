"""Keeps the sensor at work: connects it, connects it again, and knows which module it has to be."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from attendance.seal import sha256_hex
from attendance.templates import ModuleState
from edge.config import SensorConfig
from edge.faults import SensorError
from edge.module_book import ModuleBook
from edge.module_judging import Finding
from edge.module_lock import ModuleLock
from edge.module_memory import MemoryFile, ModuleMemory
from edge.module_seal import ModuleSeal
from edge.module_secret import FACTORY_PASSWORD, LockFile, Secret
from edge.sensor import FingerprintSensor, Identification, Light, NoFinger, SensorIdentity, SensorSettings
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_make import SensorMake
from edge.sensor_pace import Pace
from edge.sensor_probe import FACTORY_ADDRESS
from edge.sensor_templates import TemplateShelf
from edge.wording import Outcome

_log = logging.getLogger(__name__)
QUIET_S = 3.0
_FIRST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 10.0
_SEAL_AGAIN_S = 60.0
_SILENT_MOST = 3
_STRANGERS = frozenset({SensorFault.WRONG_PASSWORD, SensorFault.OTHER_ADDRESS})
_LIGHTS = {
    Outcome.STORED: Light.ACCEPTED,
    Outcome.REFUSED: Light.REFUSED,
    Outcome.NOT_RECORDED: Light.FAULT,
    Outcome.FAULT: Light.FAULT,
    Outcome.READY: Light.READY,
}


class SensorKeeper:
    """The one owner of the sensor, with what it is known by.

    Attributes:
        pace: deadlines.
        state: "starting", "ok", or the kind of what is wrong.
        book: what is remembered of the module.
        lock: its password and address.
    """

    def __init__(self, config: SensorConfig, identity_file: Path, seal: ModuleSeal) -> None:
        """Touch nothing yet.

        Args:
            config: where the sensor is.
            identity_file: what the module is known by from before, `sensor.json`; its secret lies beside.
            seal: marks the module as this node's.
        """
        settings = SensorSettings(
            path=config.path,
            baud=config.baud_bps,
            password=config.password,
            address=config.address,
            minimum_score=config.minimum_score,
            second_capture_below=config.second_capture_below,
        )
        self.pace = Pace(scale=config.time_scale)
        self._sensor = FingerprintSensor(settings, self.pace)
        self.book = ModuleBook(MemoryFile(identity_file), seal)
        secret_file = LockFile(identity_file.with_name("sensor-secret.json"))
        self.lock = ModuleLock(secret_file, Secret(config.password, config.address), self._sensor)
        self._accepting = False
        self._connected = False
        self._pause_s = _FIRST_PAUSE_S
        self._try_at = 0.0
        self._seal_at = 0.0
        self._silent = 0
        self._touched_at = 0.0
        self._bare = False
        self.state = "starting"

    @property
    def identity(self) -> SensorIdentity | None:
        """The module as it is known, or None before the first acquaintance."""
        return self.book.memory.identity if self.book.memory else None

    @property
    def quiet(self) -> bool:
        """Whether the sensor works and nothing has lain on the glass for a while: time for other work."""
        rested = time.monotonic() - self._touched_at >= self.pace.s(QUIET_S)
        return self._connected and self._bare and rested

    def look(self) -> Identification | None:
        """Look at the glass once, connecting first where that is due; None while a pause runs.

        Raises:
            SensorError: it does not work; ask again, the pauses are kept here.
        """
        self._bare = False
        if not self.ready():
            return None
        try:
            outcome = self._read_finger()
        except SensorError as error:
            failure = self._another_there(error)
            self._failed(failure)
            if failure is not error:
                raise failure from error
            raise
        self.state = "ok"
        self._pause_s = _FIRST_PAUSE_S
        self._silent = 0
        self._bare = isinstance(outcome, NoFinger)
        if not self._bare:
            self._touched_at = time.monotonic()
        self.book.write_what_is_owed()
        return outcome

    def ready(self) -> bool:
        """Connect where that is due; False while a pause runs.

        Raises:
            SensorError: it does not work; ask again, the pauses are kept here.
        """
        if time.monotonic() < self._try_at:
            return False
        try:
            if not self._connected:
                self._connect()
        except SensorError as error:
            self._failed(error)
            raise
        return True

    def accept(self) -> None:
        """A technician says that the module that is there now is the right one, whatever it is."""
        self._accepting, self._connected = True, False
        self._sensor.close()
        self._try_at, self._pause_s = 0.0, _FIRST_PAUSE_S

    def templates(self) -> TemplateShelf:
        """The module's templates, to read. What writes or erases goes through `changing`.

        Raises:
            SensorError: the sensor is not at work.
        """
        if not self._connected:
            raise sensor_error(SensorFault.CLOSED, "the sensor is not at work")
        return self._sensor.templates()

    @contextmanager
    def changing(
        self, slots: Iterable[int], told: Mapping[int, str] | None = None
    ) -> Iterator[TemplateShelf]:
        """The module's templates, to write or erase in these slots and in no others.

        That it is going to happen is durable before, and how the module is known from then on is durable
        after it. A cut in between ends as no alarm: these slots, and only these, may then be in use or not.

        Args:
            slots: which.
            told: SHA-256 of what is going to be in some of them, where it is known already.

        Raises:
            SensorError: the sensor is not at work, no sound answer, or other slots have changed meanwhile.
            OSError: it can't be written; before the change, nothing is changed then.
        """
        shelf = self.templates()
        self.book.about_to_change(frozenset(slots))
        yield shelf
        self.keep_identity(told)

    def keep_identity(self, told: Mapping[int, str] | None = None) -> None:
        """Take the library as it is now, where it differs in unsure slots at most; durable on return.

        `changing` does so at its end. After a change that failed half way it tells what has become of it.

        Args:
            told: SHA-256 of templates that were just written, by slot.

        Raises:
            SensorError: no sound answer, or it is not the module that it was, or other slots have changed.
            OSError: it can't be written.
        """
        met = self._sensor.identity()
        slots = self.templates().slots()
        try:
            self.book.check_marks(met)
            self.book.check_library(slots)
        except SensorError as error:
            self._failed(error)
            raise
        self.book.changed(met, slots, told or {})
        self._seal_at = 0.0
        self.seal_if_owed()

    def seal_if_owed(self) -> None:
        """Write the seal that the notepad does not hold yet. A failure of that is tried again later."""
        page = self.book.page
        if page is None or not self._connected or time.monotonic() < self._seal_at:
            return
        self._seal_at = time.monotonic() + _SEAL_AGAIN_S
        try:
            self.book.sealed(self._sensor.seal(page))
        except SensorError as error:
            _log.warning("the module's notepad is not written yet: %s", error)

    def give_secret(self) -> None:
        """Give the module its own password and address, and connect it anew with what it has then.

        Raises:
            SensorError: how far it has come shows at the next look.
        """
        try:
            self.lock.tell_module()
        finally:
            self._connected = self._bare = False

    def audit(self, slot: int) -> None:
        """Compare the template of a slot with what was stored in it, or remember it where it was never read.

        Raises:
            SensorError: sensor-exchanged or sensor-emptied, and the work is stopped; or no sound answer.
        """
        memory = self.book.memory
        if memory is None or slot not in memory.slots or slot in self.book.unsure:
            return
        shelf = self.templates()
        sha256 = _sha256(shelf.one_reading(slot))
        if sha256 is not None and sha256 == memory.hashes[slot]:
            return
        # Neither believed nor remembered before it has been read once more.
        if _sha256(shelf.one_reading(slot)) != sha256:
            raise sensor_error(SensorFault.DAMAGED_ANSWER, f"two readings of slot {slot} differ")
        try:
            self.book.check_template(slot, sha256)
        except SensorError as error:
            self._failed(error)
            raise

    def learn_make(self) -> SensorMake:
        """Ask the module for its make, for the class of its templates.

        What it has once told and does not tell now is noise, and no other class.

        Raises:
            SensorError: no sound answer.
        """
        memory = self.book.memory
        assert memory is not None
        sure = sorted(memory.slots - self.book.unsure)
        make = self._sensor.make(sure[0] if sure else None)
        if memory.make is not None:
            size = make.template_bytes or memory.make.template_bytes
            make = replace(make, template_bytes=size, firmware=make.firmware or memory.make.firmware)
        if make != memory.make:
            self.book.note(replace(memory, make=make))
        return make

    def expect_lift(self) -> None:
        """What lies on the glass now has been dealt with."""
        self._sensor.expect_lift()

    def light(self, outcome: Outcome) -> None:
        """Show it on the module's ring, if it has one."""
        if self._connected:
            self._sensor.set_light(_LIGHTS[outcome])

    def facts(self) -> dict[str, Any]:
        """For health events: state, identity and counters."""
        known = asdict(self.identity) if self.identity else {}
        known.pop("notepad", None)
        return {"state": self.state, "identity": known, "counters": self._sensor.counters()}

    def close(self) -> None:
        """Give the port back, lights off."""
        if self._connected:
            self._sensor.set_light(Light.OFF)
        self._sensor.close()
        self.book.write_what_is_owed(at_once=True)

    # -- connecting

    def _read_finger(self) -> Identification:
        try:
            return self._sensor.read_finger()
        except SensorError as error:
            if error.kind != SensorFault.SWAPPED:
                raise
        # Something is not as it was. What it is has to be said before anything else.
        self._connected = False
        self._connect()
        return self._sensor.read_finger()

    def _connect(self) -> None:
        memory = None if self._accepting else self.book.open()
        address = self.lock.choose(any_way=self._accepting)
        if memory is None:
            met = self._sensor.connect(None)
            shelf = self._sensor.templates()
            slots = shelf.slots()
            self.book.begin(met, slots, self._sensor.make(min(slots, default=None)))
        else:
            known = replace(memory, identity=replace(memory.identity, address=address))
            met, slots = self._meet(known)
            self.book.met_again(met, slots)
        self.lock.opened(accepted=self._accepting)
        self._connected, self._accepting = True, False

    def _meet(self, memory: ModuleMemory) -> tuple[SensorIdentity, frozenset[int]]:
        """The module that is remembered, and its slots in use; any other one stops the work."""
        for again in (True, False):
            try:
                met = self._sensor.connect(memory.identity)
            except SensorError as error:
                if error.kind in _STRANGERS:
                    if again:
                        continue
                    raise self.book.stop(Finding(ModuleState.SWAPPED, error.message)) from error
                if error.kind != SensorFault.SWAPPED:
                    raise
                return self._meet_changed(memory)
            # Index and count are as they were, so the slots are.
            return met, memory.slots
        raise AssertionError("the second attempt returns or raises")

    def _meet_changed(self, memory: ModuleMemory) -> tuple[SensorIdentity, frozenset[int]]:
        met = self._sensor.connect(None, like=memory.identity)
        if self._sensor.identity() != met:
            raise sensor_error(SensorFault.DAMAGED_ANSWER, "the module says twice who it is, and differs")
        self.book.check_marks(met)
        slots = self._sensor.templates().slots()
        self.book.check_library(slots)
        return met, slots

    def _another_there(self, error: SensorError) -> SensorError:
        """What is really wrong with a module that has an address of its own and has fallen silent.

        One that was put in its place listens to the factory's address.
        """
        if error.kind != SensorFault.SILENT or self.lock.at_factory_address or self.book.memory is None:
            return error
        self._silent += 1
        if self._silent % _SILENT_MOST:
            return error
        try:
            another = self._sensor.way_in([(FACTORY_PASSWORD, FACTORY_ADDRESS)])
        except SensorError:
            return error
        if another is None:
            return error
        return self.book.stop(Finding(ModuleState.SWAPPED, "a module with the factory's address is there"))

    def _failed(self, error: SensorError) -> None:
        if self.state != error.kind:
            _log.warning("%s", error)
        self.state = error.kind
        if not error.retry:
            # Another module, a wrong password: only a new acquaintance can end it.
            self._connected = False
        if not self._connected:
            self._sensor.close()
        self._try_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else sha256_hex(data)
