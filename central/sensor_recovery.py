"""The way back into a module whose node is gone: password and address, which the node sealed for central."""

import json
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from attendance import sealing
from attendance.errors import EvidenceError, HadirError, MalformedError
from central import audit
from central.tables import module
from central.template_keys import TemplateKeys

_UNSIGNED_32 = range(1 << 32)


class NoRecoveryError(HadirError):
    """There is nothing to open the module with; the sentence is for the technician."""


@dataclass(frozen=True, slots=True)
class SensorSecret:
    """How a module is opened; never printed by accident.

    Attributes:
        serial: of the module, or None where it has none.
        password, address: 32 bits each.
    """

    serial: str | None
    password: int = field(repr=False)
    address: int = field(repr=False)


def recover(
    connection: Connection, keys: TemplateKeys, node: str, now_ms: int, *, actor: str
) -> SensorSecret:
    """Open the recovery copy of a node's module, and note who did.

    Raises:
        NoRecoveryError: the node never handed one in, or it does not open.
    """
    recovery = connection.scalar(select(module.c.recovery).where(module.c.node == node))
    if recovery is None:
        raise NoRecoveryError(
            f"Alat {node[:32]} belum menitipkan kata sandi sensor: sensornya masih memakai bawaan pabrik."
        )
    try:
        sealed = b64decode(recovery, validate=True)
        plain = sealing.open_sealed(keys.exchange, sealed, sealing.purpose("recovery", node))
        secret = _parse(json.loads(plain), node)
    except (EvidenceError, ValueError) as error:
        raise NoRecoveryError(
            f"Titipan kata sandi sensor {node} tidak dapat dibuka: rusak, atau disegel untuk kunci lain."
        ) from error
    audit.note(connection, now_ms, actor, "sensor-recovered", node)
    return secret


def _parse(fields: Any, node: str) -> SensorSecret:
    if not isinstance(fields, dict) or fields.get("v") != 1 or fields.get("node") != node:
        raise MalformedError("this is no secret of that node")
    serial = fields.get("serial")
    if serial is not None and not isinstance(serial, str):
        raise MalformedError("the serial number of a module is text")
    return SensorSecret(serial, _number(fields, "password"), _number(fields, "address"))


def _number(fields: dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if type(value) is not int or value not in _UNSIGNED_32:
        raise MalformedError(f"the {key} of a module has 32 bits")
    return value
