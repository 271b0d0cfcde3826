"""Whom a photo shows, so that a page can say who may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from attendance.chain import parse_event
from attendance.enrolment import ENROL, FAILED
from attendance.errors import EvidenceError
from attendance.moment import from_ms
from central.event_names import event_name
from central.tables import employee, event, node, photo_subject, unit
from central.workplaces import workplace_of

ENROLMENT = "enrolment"


@dataclass(frozen=True, slots=True)
class PhotoSubject:
    """One event that names a photo which has arrived.

    Attributes:
        person, name: who punched or was enrolled; None for a finger that nobody knew.
        kind: what the punch was taken for, or `ENROLMENT`.
        unit: where the person works; of an unknown finger, where the node stands.
    """

    reference: str
    person: str | None
    name: str | None
    unit: str
    unit_name: str
    kind: str
    at: datetime
    trusted: bool


def subjects(connection: Connection, sha256: str) -> list[PhotoSubject]:
    """The events that name this photo; more than one only where a node sent the same picture twice."""
    its = photo_subject.c
    named_by = and_(event.c.node == its.node, event.c.epoch == its.epoch, event.c.seq == its.seq)
    query = (
        select(event, node.c.unit.label("node_unit"), employee.c.name)
        .select_from(
            photo_subject.join(event, named_by)
            .join(node, node.c.id == event.c.node)
            .outerjoin(employee, employee.c.id == event.c.person)
        )
        .where(its.sha256 == sha256)
        .order_by(event.c.placed_ms)
    )
    found = []
    for row in connection.execute(query):
        at = from_ms(row.placed_ms)
        enrolling = row.type in (ENROL, FAILED)
        person, called = _enrolled(connection, row) if enrolling else (row.person, row.name)
        code = (workplace_of(connection, person, at.date()) if person else None) or row.node_unit
        name = connection.scalar(select(unit.c.name).where(unit.c.code == code))
        reference = event_name(row.node, row.epoch, row.seq)
        found.append(
            PhotoSubject(
                reference,
                person,
                called,
                code,
                name or code,
                ENROLMENT if enrolling else row.kind or "",
                at,
                row.trusted,
            )
        )
    return found


def _enrolled(connection: Connection, row: Row[Any]) -> tuple[str | None, str | None]:
    """Whose face an enrolment shows: punches have their person in a column, enrolments in their body."""
    if row.body is None:
        return None, None  # erased by law
    try:
        told = parse_event(bytes(row.header), bytes(row.body))
    except EvidenceError:
        return None, None
    person = told.content.get("person")
    found = select(employee.c.id, employee.c.name).where(employee.c.id == str(person))
    known = connection.execute(found).one_or_none()
    return (known.id, known.name) if known is not None else (None, None)
