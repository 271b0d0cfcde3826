"""What make a module is, as far as it says so: model, template size, firmware, security level.

Templates are only ever compared inside one class of makes. So whatever tells two kinds of module apart
belongs in it, and a value that noise could change does not.
"""

import re
from dataclasses import dataclass
from typing import Any

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_link import CheckedLink
from edge.sensor_models import ModelProfile
from edge.sensor_opcodes import Code, Op

UNKNOWN_BYTES = 0
_ATTEMPTS = 4
_MODEL_AT = slice(1, 17)  # of ReadProdInfo, after the code
_TEMPLATE_BYTES_AT = slice(43, 45)
_NO_WORD = re.compile(r"[^a-z0-9.]+")
_WORK_BUFFER = 1


@dataclass(frozen=True, slots=True)
class SensorMake:
    """The make of one module.

    Attributes:
        model: what it calls itself, or profile, system id and capacity where it does not say.
        template_bytes: size of the templates that it delivers; 0 where none was seen yet.
        firmware: what it answers to GetFwVer, else to GetAlgVer; None where it has neither.
        level: security level 1 to 5.
    """

    model: str
    template_bytes: int
    firmware: str | None
    level: int

    @property
    def class_text(self) -> str:
        """`model/template bytes/firmware or -/level`: compared for equality, never taken apart."""
        return f"{self.model}/{self.template_bytes}/{self.firmware or '-'}/{self.level}"

    @classmethod
    def parse(cls, values: dict[str, Any]) -> "SensorMake":
        """From a file.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        firmware = values["firmware"]
        return cls(
            str(values["model"]),
            int(values["template_bytes"]),
            None if firmware is None else str(firmware),
            int(values["level"]),
        )


def read_make(commands: SensorCommands, profile: ModelProfile, some_slot: int | None) -> SensorMake:
    """Ask the module.

    Args:
        commands: of the connected module.
        profile: what is known of its kind.
        some_slot: one that holds a template, or None in an empty library.

    Raises:
        SensorError: no sound answer.
    """
    link = commands.link
    parameters = link.fence()
    product = _agreed(link, Op.PRODUCT) if profile.serial else None
    if profile.serial and product is None:
        raise sensor_error(SensorFault.NO_ANSWER, "the module does not tell its make")
    model = _word(product[_MODEL_AT]) if product else ""
    if not model:
        # These modules do not say what they are, and capacity and system id differ from batch to batch.
        model = f"{profile.name}-{parameters.system_id:04x}-{parameters.capacity}"
    versions = (_agreed(link, op) for op in (Op.FIRMWARE_VERSION, Op.ALGORITHM_VERSION) if profile.serial)
    firmware = next((_word(version[1:]) for version in versions if version), None)
    told = int.from_bytes(product[_TEMPLATE_BYTES_AT], "big") if product else UNKNOWN_BYTES
    size = _template_bytes(commands, profile, some_slot) or told
    return SensorMake(model, size, firmware or None, parameters.level)


def _template_bytes(commands: SensorCommands, profile: ModelProfile, some_slot: int | None) -> int:
    """The size that this very module delivers; 0 where nothing can be read from it yet.

    With an empty library the last touch still lies in the buffer, if there was one since power-up.
    """
    try:
        if some_slot is not None and not commands.load(some_slot, _WORK_BUFFER):
            return UNKNOWN_BYTES
        size = len(commands.receive_template(_WORK_BUFFER))
    except SensorError as error:
        if error.kind != SensorFault.REFUSED:
            raise
        return UNKNOWN_BYTES
    return size if size in profile.template_bytes else UNKNOWN_BYTES


def _agreed(link: CheckedLink, op: Op) -> bytes | None:
    """The answer that came twice the same, or None from a module that does not know the question."""
    told: list[bytes] = []
    for _ in range(_ATTEMPTS):
        try:
            answer = link.exchange(bytes([op]))
        except SensorError as error:
            if error.kind != SensorFault.NO_ANSWER:
                raise
            answer = None
        if answer is None or answer[0] != Code.OK:
            link.doubt()
            continue
        if answer in told:
            return answer
        told.append(answer)
    return None


def _word(raw: bytes) -> str:
    """Text of the module as one lower-case word."""
    text = raw.split(b"\x00")[0].decode("ascii", errors="replace").strip().lower()
    return _NO_WORD.sub("-", text).strip("-")
