"""How a finger came into a slot: who saw it and on what basis, from the signed event of its enrolment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from attendance.chain import parse_event
from attendance.enrolment import ENROL, EnrolledFinger, Enrolment
from attendance.errors import EvidenceError
from attendance.moment import from_ms
from central.event_names import is_event
from central.finding_photos import filled_by
from central.tables import employee, event, node, photo, unit


@dataclass(frozen=True, slots=True)
class EnrolmentRecord:
    """One enrolment.

    Attributes:
        node_unit: name of the unit where the node stands.
        at: by the node's clock. trusted: whether that clock could be believed.
        witness: name of the officer whose own finger said so; None where there was none.
        witness_missing: why not.
        photo: hash of the picture of the face, if it has arrived.
    """

    node: str
    node_unit: str
    at: datetime
    trusted: bool
    finger: EnrolledFinger
    witness: str | None
    witness_missing: str | None
    legal_basis: str
    notice: str
    photo: str | None


def find_record(connection: Connection, node_id: str, person: str, slot: int) -> EnrolmentRecord | None:
    """The enrolment by which a finger of this person came into this slot, or None where none is known.

    None too where the slot was filled by hand or from another node.
    """
    reference = filled_by(connection, person, node_id, slot)
    if reference is None:
        return None
    query = (
        select(event, unit.c.name.label("unit_name"))
        .select_from(event.join(node, node.c.id == event.c.node).join(unit, unit.c.code == node.c.unit))
        .where(is_event(reference), event.c.type == ENROL, event.c.body.is_not(None))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    try:
        enrolment = Enrolment.parse(parse_event(bytes(row.header), bytes(row.body)).content)
    except EvidenceError:
        return None  # ingest has named it; it is nobody's record
    filled = [finger for finger in enrolment.fingers if finger.slot == slot]
    return _record(connection, row, enrolment, filled[0]) if filled else None


def _record(
    connection: Connection, row: Row[Any], enrolment: Enrolment, finger: EnrolledFinger
) -> EnrolmentRecord:
    witness = enrolment.witness
    if witness is not None:
        witness = connection.scalar(select(employee.c.name).where(employee.c.id == witness)) or witness
    held = connection.scalar(select(photo.c.sha256).where(photo.c.sha256 == row.photo)) if row.photo else None
    return EnrolmentRecord(
        node=row.node,
        node_unit=row.unit_name,
        at=from_ms(row.placed_ms),
        trusted=bool(row.trusted),
        finger=finger,
        witness=witness,
        witness_missing=enrolment.witness_missing,
        legal_basis=enrolment.legal_basis,
        notice=enrolment.notice,
        photo=held,
    )
