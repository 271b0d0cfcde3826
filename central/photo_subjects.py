"""Whom a photo shows, so that a page can say who may see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from attendance.moment import from_ms
from central.tables import assignment, employee, event, node, photo_subject, unit


@dataclass(frozen=True, slots=True)
class PhotoSubject:
    """One event that names a photo which has arrived.

    Attributes:
        person, name: who punched; None for a finger that nobody knew.
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
        code = _workplace(connection, row.person, at) or row.node_unit
        name = connection.scalar(select(unit.c.name).where(unit.c.code == code))
        reference = f"{row.node}/{row.epoch}/{row.seq}"
        found.append(
            PhotoSubject(
                reference,
                row.person,
                row.name,
                code,
                name or code,
                row.kind or "",
                at,
                row.trusted,
            )
        )
    return found


def _workplace(connection: Connection, person: str | None, at: datetime) -> str | None:
    """Where the person works at that time: the newest assignment that has begun."""
    if person is None:
        return None
    query = select(assignment.c.unit).where(
        and_(assignment.c.employee == person, assignment.c.valid_from <= at.date())
    )
    return connection.scalar(query.order_by(assignment.c.valid_from.desc()).limit(1))
