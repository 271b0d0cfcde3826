"""Keeps the sensor at work: connects it, connects it again, and knows which module it has to be."""

import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.config import SensorConfig
from edge.durable_file import write_durably
from edge.faults import SensorError
from edge.sensor import FingerprintSensor, Identification, Light, SensorIdentity, SensorSettings
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_identity import same_but_for
from edge.sensor_pace import Pace
from edge.sensor_templates import TemplateShelf
from edge.wording import Outcome

_log = logging.getLogger(__name__)
_WRITE_AGAIN_S = 10.0
_FIRST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 10.0
_LIGHTS = {
    Outcome.STORED: Light.ACCEPTED,
    Outcome.REFUSED: Light.REFUSED,
    Outcome.NOT_RECORDED: Light.FAULT,
    Outcome.FAULT: Light.FAULT,
    Outcome.READY: Light.READY,
}


class SensorKeeper:
    """The one owner of the sensor, with what it is known by."""

    def __init__(self, config: SensorConfig, identity_file: Path, *, accept_any: bool = False) -> None:
        """Touch nothing yet.

        Args:
            config: where the sensor is.
            identity_file: what the module is known by from before, `sensor.json`.
            accept_any: a technician says that the module that is there now is the right one.
        """
        settings = SensorSettings(
            path=config.path,
            baud=config.baud_bps,
            password=config.password,
            address=config.address,
            minimum_score=config.minimum_score,
            second_capture_below=config.second_capture_below,
            poll_interval_ms=config.poll_interval_ms,
        )
        self.pace = Pace(scale=config.time_scale)
        self._sensor = FingerprintSensor(settings, self.pace)
        self._identity_file = identity_file
        self._accept_any = accept_any
        self._connected = False
        self._pause_s = _FIRST_PAUSE_S
        self._try_at = 0.0
        self.identity: SensorIdentity | None = None
        self._owed: SensorIdentity | None = None
        self._write_at = 0.0
        self.state = "starting"
        self.unsure_slots: frozenset[int] = frozenset()
        """Slots of an enrolment that was cut off: whether they are in use is not known."""

    def look(self) -> Identification | None:
        """Look at the glass once, connecting first where that is due; None while a pause runs.

        Raises:
            SensorError: it does not work; ask again, the pauses are kept here.
        """
        if not self.ready():
            return None
        try:
            outcome = self._sensor.read_finger()
        except SensorError as error:
            self._failed(error)
            raise
        self.state = "ok"
        self._pause_s = _FIRST_PAUSE_S
        self._write_what_is_owed()
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

    def templates(self) -> TemplateShelf:
        """The module's templates. Call `keep_identity` after each change.

        Raises:
            SensorError: the sensor is not at work.
        """
        if not self._connected:
            raise sensor_error(SensorFault.CLOSED, "the sensor is not at work")
        return self._sensor.templates()

    def keep_identity(self) -> None:
        """The library was changed on purpose: this is how the module is known from now on; durable on return.

        Raises:
            SensorError: no sound answer.
            OSError: it can't be written.
        """
        self._remember(self._sensor.identity())

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
        return {"state": self.state, "identity": known, "counters": self._sensor.counters()}

    def close(self) -> None:
        """Give the port back, lights off."""
        if self._connected:
            self._sensor.set_light(Light.OFF)
        self._sensor.close()

    def _connect(self) -> None:
        expected = None if self._accept_any else self._owed or self._known()
        try:
            met = self._sensor.connect(expected)
        except SensorError as error:
            if error.kind != SensorFault.SWAPPED or expected is None or not self.unsure_slots:
                raise
            met = self._connect_after_cut(expected, error)
        self._connected, self._accept_any = True, False
        if expected != met:
            self._owed, self._write_at = met, 0.0
            self._write_what_is_owed()
        self.identity = met

    def _write_what_is_owed(self) -> None:
        """A full card keeps nobody from punching: the identity is written as soon as there is room."""
        if self._owed is None or time.monotonic() < self._write_at:
            return
        try:
            self._remember(self._owed)
            self._owed = None
        except OSError as error:
            _log.warning("the sensor's identity can't be written yet: %s", error)
            self._write_at = time.monotonic() + _WRITE_AGAIN_S

    def _connect_after_cut(self, expected: SensorIdentity, swapped: SensorError) -> SensorIdentity:
        """An enrolment was cut off, so the library may differ in its slots, and in nothing else."""
        met = self._sensor.connect(None)
        if same_but_for(expected, met, self._sensor.templates().slots(), self.unsure_slots):
            return met
        self._sensor.close()
        raise swapped

    def _remember(self, identity: SensorIdentity) -> None:
        write_durably(self._identity_file, json.dumps(asdict(identity)).encode())
        self.identity = identity
        _log.info("the sensor is %s", identity)

    def _known(self) -> SensorIdentity | None:
        """What is known from before. A damaged file is no reason to take any module: a technician decides."""
        try:
            return SensorIdentity(**json.loads(self._identity_file.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise SensorError(
                "identity-unreadable",
                False,
                f"{self._identity_file} can't be read: {error!r}",
                "sensor-setting",
            ) from error

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
