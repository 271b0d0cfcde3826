"""Finds out at the start what stands at the other end of the wire, and names what is wrong with it.

The library says "Failed to find sensor, check wiring!" for a wrong password, another address, another speed
and a cut wire alike. A technician needs to know which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_frames import SystemParameters
from edge.sensor_identity import SensorIdentity, read_serial
from edge.sensor_library import SensorLibrary
from edge.sensor_link import CheckedLink
from edge.sensor_models import ModelProfile, odd_parameters, profile_of
from edge.sensor_notepad import read_page
from edge.sensor_opcodes import BAUD_UNIT_BPS, Code, Op
from edge.sensor_pace import Pace
from edge.sensor_port import SensorPort
from edge.sensor_receiver import Tally

FACTORY_ADDRESS = 0xFFFFFFFF
_ATTEMPTS = 4
_ATTEMPTS_AGAIN = 2
_SCAN_CODES = (6, 12, 1, 2, 4, 3, 5, 7, 8, 9, 10, 11)


@dataclass(frozen=True, slots=True)
class Wire:
    """How a module is to be reached."""

    path: str
    baud: int
    password: int
    address: int


@dataclass(frozen=True, slots=True)
class Found:
    """A module that answers as it should."""

    commands: SensorCommands
    profile: ModelProfile
    serial: str | None
    notepad: str | None


def probe(wire: Wire, pace: Pace, tally: Tally, *, first: bool, known: SensorIdentity | None) -> Found:
    """Open the port and make sure of the module.

    Args:
        wire: Where and how.
        pace: Deadlines.
        tally: Counters that go on through every reopening.
        first: Nothing is known of the module yet: when it does not answer, also look at other speeds and at
            the factory address (some seconds), and tell a missing ReadSysPara from noise.
        known: The module that is expected: where it had a serial number or a notepad, silence is a fault.

    Raises:
        SensorError: a kind for each cause; see `edge.sensor_faults`.
    """
    link = _open(wire, wire.baud, wire.address, pace, tally)
    try:
        _greet(link, wire, _ATTEMPTS if first else _ATTEMPTS_AGAIN)
        _parameters(link, wire, first=first)
        library = _library(link, wire)
        serial = _serial(link, must_tell=known is not None and known.serial is not None)
        notepad = _notepad(link, known)
        profile = profile_of(tells_serial=serial is not None)
        assert link.parameters is not None
        return Found(SensorCommands(link, library, link.parameters.capacity), profile, serial, notepad)
    except SensorError as error:
        link.close()
        if first and error.kind == SensorFault.SILENT:
            _scan(wire, pace, tally)
        raise


def _open(wire: Wire, baud: int, address: int, pace: Pace, tally: Tally) -> CheckedLink:
    port = SensorPort(wire.path, baud, pace.read_slice_s)
    return CheckedLink(port, address, wire.password, pace, tally)


def _greeting(password: int) -> bytes:
    return bytes([Op.VERIFY_PASSWORD]) + password.to_bytes(4, "big")


def _greet(link: CheckedLink, wire: Wire, attempts: int) -> None:
    """VfyPwd until a clear answer comes.

    The first ones may be lost: a module is deaf for a while after power-up.
    """
    refusals = strangers = 0
    for _ in range(attempts):
        answer = link.exchange(_greeting(wire.password))
        link.doubt()
        if answer is None:
            continue
        if answer[0] == Code.OK:
            return
        # Said once, each of these may be a damaged answer.
        refusals += answer[0] == Code.WRONG_PASSWORD
        strangers += answer[0] == Code.BAD_ADDRESS
        if strangers > 1:
            raise sensor_error(SensorFault.OTHER_ADDRESS, f"the module does not listen to {wire.address:08X}")
        if refusals > 1:
            raise sensor_error(
                SensorFault.WRONG_PASSWORD, "the module has another password than the settings"
            )
    if link.other_address is not None:
        raise sensor_error(
            SensorFault.OTHER_ADDRESS,
            f"the module answers from {link.other_address:08X}, the settings say {wire.address:08X}",
        )
    raise sensor_error(
        SensorFault.SILENT,
        f"nothing answers on {wire.path} at {wire.baud} bps: check power, wiring and address",
    )


def _parameters(link: CheckedLink, wire: Wire, *, first: bool) -> None:
    try:
        parameters = _patient_fence(link) if first else link.fence()
    except SensorError as error:
        # A module that has answered before does have ReadSysPara: then it is noise, and worth another try.
        if error.kind != SensorFault.SILENT or not first:
            raise
        raise sensor_error(
            SensorFault.NO_PARAMETERS,
            "the module takes the password but not ReadSysPara, as R308 modules do: it cannot be used",
        ) from error
    odd = odd_parameters(parameters, wire.address)
    if odd is not None:
        raise sensor_error(SensorFault.ODD_PARAMETERS, f"the module reports {odd}")


def _patient_fence(link: CheckedLink) -> SystemParameters:
    """Two tries: "cannot be used" is not said because of some noise."""
    try:
        return link.fence()
    except SensorError as error:
        if error.kind != SensorFault.SILENT:
            raise
    return link.fence()


def _library(link: CheckedLink, wire: Wire) -> SensorLibrary:
    """The library verifies the password once more when it is made, and that answer may be damaged."""
    for _ in range(_ATTEMPTS_AGAIN):
        try:
            return SensorLibrary(link, wire.address, wire.password)
        except SensorError as error:
            if error.kind not in (SensorFault.NO_ANSWER, SensorFault.DAMAGED_ANSWER):
                raise
    return SensorLibrary(link, wire.address, wire.password)


def _serial(link: CheckedLink, *, must_tell: bool) -> str | None:
    try:
        return read_serial(link)
    except SensorError as error:
        if must_tell or error.kind != SensorFault.NO_ANSWER:
            raise
    return None


def _notepad(link: CheckedLink, known: SensorIdentity | None) -> str | None:
    expected = known.notepad if known is not None else None
    try:
        return read_page(link, () if expected is None else (expected,))
    except SensorError as error:
        if expected is not None or error.kind != SensorFault.NO_ANSWER:
            raise
    return None


def which_opens(wires: Sequence[Wire], pace: Pace, tally: Tally) -> Wire | None:
    """The first of these ways in that the module takes, or None; each password is said as rarely as can be.

    Raises:
        SensorError: port-missing, port-busy, link-down.
    """
    for wire in wires:
        link = _open(wire, wire.baud, wire.address, pace, tally)
        try:
            for _ in range(_ATTEMPTS):  # the first ones may be lost: it is deaf for a while after power-up
                answer = link.exchange(_greeting(wire.password))
                if answer is not None and answer[0] == Code.OK:
                    return wire
                if answer is not None and answer[0] == Code.WRONG_PASSWORD:
                    break
        finally:
            link.close()
    return None


def _scan(wire: Wire, pace: Pace, tally: Tally) -> None:
    """Nothing answered: look where a module might be instead.

    Raises:
        SensorError: wrong-baud or other-address; returns if nothing was found there either.
    """
    if wire.address != FACTORY_ADDRESS and _answers(wire, wire.baud, FACTORY_ADDRESS, pace, tally):
        raise sensor_error(
            SensorFault.OTHER_ADDRESS,
            f"the module has the factory address, the settings say {wire.address:08X}",
        )
    for code in _SCAN_CODES:
        baud = code * BAUD_UNIT_BPS
        if baud != wire.baud and _answers(wire, baud, wire.address, pace, tally):
            raise sensor_error(
                SensorFault.WRONG_BAUD, f"the module speaks at {baud} bps, the settings say {wire.baud}"
            )


def _answers(wire: Wire, baud: int, address: int, pace: Pace, tally: Tally) -> bool:
    link = _open(wire, baud, address, pace, tally)
    try:
        # Twice, because the bytes sent at another speed may have left the module in the middle of a packet.
        return any(link.exchange(_greeting(wire.password)) is not None for _ in range(2))
    finally:
        link.close()
