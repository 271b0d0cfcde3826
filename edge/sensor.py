"""The fingerprint sensor at the door.

One owner thread connects and reads; a second thread is refused. Every failure comes out as a `SensorError`
that says whether to retry. After an unplug the next calls reopen the port by its path, with growing pauses,
and make sure that the module that came back is the one that went.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum

from edge.faults import SensorError
from edge.sensor_connection import Connection
from edge.sensor_faults import PORT_FAULTS, SensorFault, sensor_error
from edge.sensor_glass import Glass
from edge.sensor_identifying import (
    Held,
    Identification,
    Match,
    NoFinger,
    PoorImage,
    Rules,
    Unrecognised,
)
from edge.sensor_identity import SensorIdentity
from edge.sensor_lock import set_address, set_password
from edge.sensor_make import SensorMake, read_make
from edge.sensor_opcodes import BAUD_UNIT_BPS, Code, Op
from edge.sensor_pace import Pace
from edge.sensor_probe import Wire, which_opens
from edge.sensor_templates import TemplateShelf

__all__ = [
    "FingerprintSensor",
    "Held",
    "Identification",
    "Light",
    "Match",
    "NoFinger",
    "PoorImage",
    "SensorIdentity",
    "SensorSettings",
    "Unrecognised",
]

_BAUD_PARAMETER = 4
_BAUD_SETTLE_S = 0.3
_RESTART_S = 1.0
_UNSIGNED_32 = range(1 << 32)


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """How the sensor is reached and how sure a match must be.

    Attributes:
        path: Stable path of the serial port (`/dev/serial/by-path/...` for an adapter).
        baud: Line speed in bits per second.
        password: The module's 32-bit password; 0 is the factory's.
        address: The module's 32-bit address; 0xFFFFFFFF is the factory's.
        minimum_score: A match below this score is none.
        second_capture_below: A match below this score needs a second capture that agrees.
    """

    path: str
    baud: int
    password: int
    address: int
    minimum_score: int
    second_capture_below: int

    def __post_init__(self) -> None:
        """Refuse settings no module can have.

        Raises:
            ValueError: with the name of the wrong setting.
        """
        if not self.path:
            raise ValueError("path of the sensor is empty")
        if self.baud % BAUD_UNIT_BPS or not 1 <= self.baud // BAUD_UNIT_BPS <= 12:
            raise ValueError(f"baud {self.baud} is not 1 to 12 times {BAUD_UNIT_BPS}")
        for field in fields(self)[2:]:
            value = getattr(self, field.name)
            if not isinstance(value, int) or value not in _UNSIGNED_32:
                raise ValueError(f"{field.name} {value!r} is not a 32-bit number")


class Light(Enum):
    """What the ring tells, as colour, mode, speed and cycles of an R503's AuraLedConfig."""

    READY = (2, 1, 0x80, 0)
    WAIT = (5, 2, 0x20, 0)
    ACCEPTED = (4, 3, 0, 0)
    REFUSED = (1, 2, 0x20, 3)
    FAULT = (1, 3, 0, 0)
    OFF = (1, 4, 0, 0)


class FingerprintSensor:
    """The sensor as the punch loop sees it."""

    def __init__(self, settings: SensorSettings, pace: Pace | None = None) -> None:
        """Touch nothing yet; `connect` does.

        Args:
            settings: Where it is and how sure a match must be.
            pace: Deadlines; only an emulator in fast time needs another than the default.
        """
        self._settings = settings
        self._pace = pace or Pace()
        self._glass = Glass(Rules(settings.minimum_score, settings.second_capture_below), self._pace)
        self._light: Light | None = None
        wire = self._wire(settings.password, settings.address)
        self._connection = Connection(wire, self._pace, self._forget_module)

    def _forget_module(self) -> None:
        self._glass.forget_features()
        self._light = None

    def connect(
        self, expected: SensorIdentity | None = None, like: SensorIdentity | None = None
    ) -> SensorIdentity:
        """Open the port, find out what answers, and take it as the module to work with.

        Args:
            expected: The identity known from before; another one is refused.
            like: Where this one has a serial number or a notepad, silence about it is a fault.

        Raises:
            SensorError: of a kind for each cause: port-missing, port-busy, link-down, sensor-silent,
                wrong-password, other-address, wrong-baud, no-parameters, odd-parameters, sensor-swapped.
        """
        return self._connection.connect(expected, like)

    def read_finger(self) -> Identification:
        """Look at the glass once; identify a finger that has just come.

        Blocks 0.1 s, or up to about 4 s with a finger. After a definite answer (`Match`, `Unrecognised`) the
        same touch is only `Held` until the finger is lifted.

        Raises:
            SensorError: the caller may call again after a moment if `retry` is true.
        """
        with self._connection.module() as found:
            answer = self._glass.read(found.commands)
            # A library that was emptied must not pass for fingers that nobody knows, and a module that came
            # during the reading must not name anybody before it is known.
            unsure = isinstance(answer, Match) and found.commands.link.interrupted
            if unsure or isinstance(answer, Unrecognised):
                self._glass.withdraw_answer()
                self._connection.recheck()
                self._glass.confirm_answer()
            if isinstance(answer, NoFinger):
                self._connection.audit_if_due()
            return answer

    def identity(self) -> SensorIdentity:
        """The module's identity as it is now; after an enrolment, this is the one to keep.

        Raises:
            SensorError: no sound answer, or the port is not open.
        """
        with self._connection.module():
            identity = self._connection.read_afresh()
            self._connection.take(identity)
            return identity

    def templates(self) -> TemplateShelf:
        """The module's templates, to read, write and erase. Call `identity` when the work is done.

        Raises:
            SensorError: the port is not open.
        """
        with self._connection.module() as found:
            self._glass.forget_features()
            return TemplateShelf(found.commands, found.profile, self._pace, self._connection.expect)

    def make(self, some_slot: int | None) -> SensorMake:
        """What make the module is; `some_slot` is one that holds a template.

        Raises:
            SensorError: no sound answer.
        """
        with self._connection.module() as found:
            self._glass.forget_features()
            return read_make(found.commands, found.profile, some_slot)

    def seal(self, page: bytes) -> SensorIdentity:
        """Write the notepad of a module that has one; the identity from then on.

        Raises:
            SensorError: flash-error, not-stored, or no sound answer.
        """
        with self._connection.module():
            return self._connection.seal(page)

    def lock(self, password: int, address: int) -> None:
        """Give the module this password, then this address. Closes: it is to be connected anew with both.

        Raises:
            SensorError: the caller finds out by connecting how far it has come.
        """
        with self._connection.module() as found:
            try:
                set_password(found.commands, password)
                if address != self._settings.address:
                    set_address(found.commands, address)
            finally:
                self.close()

    def speak_as(self, password: int, address: int) -> None:
        """Close; from the next `connect` on, the module is opened like this."""
        self._settings = replace(self._settings, password=password, address=address)
        self._connection.speak_as(self._wire(password, address))

    def way_in(self, ways: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
        """The first of these passwords and addresses that the module takes, or None. Drops the port.

        Raises:
            SensorError: port-missing, port-busy, link-down.
        """
        self._connection.drop()
        wires = [self._wire(password, address) for password, address in ways]
        wire = which_opens(wires, self._pace, self._connection.tally)
        return None if wire is None else (wire.password, wire.address)

    def _wire(self, password: int, address: int) -> Wire:
        return Wire(self._settings.path, self._settings.baud, password, address)

    def expect_lift(self) -> None:
        """What lies on the glass now has been dealt with: it is only held until it is lifted."""
        self._glass.confirm_answer()

    def set_light(self, light: Light) -> None:
        """Show a state on the ring, if the module has one. Never fails: a dead lamp must not stop a punch.

        Raises:
            SensorError: wrong-thread only.
        """
        self._connection.check_thread()
        found = self._connection.found
        if found is None or not found.profile.ring or light is self._light:
            return
        try:
            code = found.commands.library.set_light(*light.value)
            self._light = light if code == Code.OK else None
        except SensorError as error:
            # What is wrong with the wire is told by the next reading, which also mends it.
            self._light = None
            if error.kind in PORT_FAULTS:
                self._connection.drop()

    def align_baud(self, baud: int) -> None:
        """Move the module from the settings' speed to another one.

        One flash write, and none if it is there already.

        The settings must be changed by the caller: this object closes afterwards.

        Raises:
            SensorError: refused; wrong-baud if the module is not heard at the new speed.
        """
        with self._connection.module() as found:
            code = baud // BAUD_UNIT_BPS
            if baud % BAUD_UNIT_BPS or code not in found.profile.baud_codes:
                raise sensor_error(SensorFault.WRONG_BAUD, f"a {found.profile.name} has no {baud} bps")
            if found.commands.link.fence().baud_code != code:
                found.commands.once(
                    lambda: found.commands.library.set_parameter(_BAUD_PARAMETER, code), frozenset({Code.OK})
                )
                self._pace.sleep(self._pace.s(_BAUD_SETTLE_S))
        self.close()

    def restart(self) -> None:
        """Let the module start anew, where it has a command for that, and make sure of it again.

        Raises:
            SensorError: refused on other models; sensor-silent if it does not come back.
        """
        with self._connection.module() as found:
            link = found.commands.link
            if not found.profile.ring:
                raise sensor_error(SensorFault.REFUSED, f"a {found.profile.name} module has no restart")
            link.fence()
            link.exchange(bytes([Op.SOFT_RESET]))
            self._forget_module()
            end = self._pace.clock() + self._pace.s(_RESTART_S)
            # Its ready byte is worth waiting for, but some modules send none.
            while not link.rebooted and self._pace.clock() < end:
                link.stray_codes()
            link.doubt()
            found.commands.library.verify_password()
            self._connection.recheck()

    def counters(self) -> dict[str, int]:
        """Counts since the start, by name: badsum, noise, stale, timeout, fence, reboot, swap and more."""
        return asdict(self._connection.tally)

    def close(self) -> None:
        """Give the port back."""
        self._connection.close()
