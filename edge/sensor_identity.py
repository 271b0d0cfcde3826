"""Which module this is, and whether it is still the one whose slots stand for people.

A password proves the host to the module, never the module to the host: an R503 that was replaced by another
opened a garage to the finger enrolled on the new one. So the module's serial number and its library are
compared with what was known before.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_link import CheckedLink
from edge.sensor_opcodes import Code, Op

_SERIAL_AT = slice(21, 29)  # after the code: model 16, batch 4, serial 8
_PRODUCT_ATTEMPTS = 4
_CLEAR_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class SensorIdentity:
    """What is known of a module.

    Attributes:
        model: Name of its profile.
        capacity: Slots.
        address: Its address on the line.
        serial: Serial number in hex, if the model tells one.
        template_count: Stored templates.
        index_sha256: Hash over the slots in use.
        notepad: The page of its notepad that this project uses, in hex, or None if it has no notepad.
    """

    model: str
    capacity: int
    address: int
    serial: str | None
    template_count: int
    index_sha256: str
    notepad: str | None = None


def index_sha256(slots: Iterable[int]) -> str:
    """The hash that stands for a set of slots in use."""
    return hashlib.sha256(",".join(str(slot) for slot in sorted(slots)).encode()).hexdigest()


def differences(known: SensorIdentity, found: SensorIdentity) -> tuple[str, ...]:
    """What tells the two apart, in words; empty if they are the same module with the same library."""
    names = ("model", "capacity", "address", "serial", "template_count", "index_sha256", "notepad")
    return tuple(
        f"{name} {getattr(known, name)} -> {getattr(found, name)}"
        for name in names
        if getattr(known, name) != getattr(found, name)
    )


def read_serial(link: CheckedLink) -> str | None:
    """The serial number of an R503, or None on a module that clearly refuses ReadProdInfo (0x3C).

    Asked until two answers agree: a damaged answer must not look like another module.

    Raises:
        SensorError: link-down; no-answer if there was neither a number nor a clear refusal. Modules without
            the command may be silent, but so may a bad wire.
    """
    told: list[str] = []
    refusals = 0
    for _ in range(_PRODUCT_ATTEMPTS):
        answer = link.exchange(bytes([Op.PRODUCT]))
        if answer is not None and answer[0] == Code.OK:
            number = answer[_SERIAL_AT].hex()
            if number in told:
                return number
            told.append(number)
            continue
        link.doubt()
        refusals += answer is not None
        if refusals >= _CLEAR_REFUSALS:
            return None
    raise sensor_error(SensorFault.NO_ANSWER, "the module does not tell its serial number")


def read_identity(
    commands: SensorCommands, model: str, serial: str | None, notepad: str | None
) -> SensorIdentity:
    """The module's identity as it is now; serial number and notepad as the caller has just read them.

    Raises:
        SensorError: no sound answer.
    """
    parameters = commands.link.fence()
    slots = commands.index()
    return SensorIdentity(
        model=model,
        capacity=parameters.capacity,
        address=parameters.address,
        serial=serial,
        template_count=commands.count(),
        index_sha256=index_sha256(slots),
        notepad=notepad,
    )
