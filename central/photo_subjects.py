"""Whom a photo shows, so that a page can say who may see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from attendance.moment import from_ms
from central.event_store import is_photo
from central.tables import assignment, employee, event, node, photo, unit


@dataclass(frozen=True, slots=True)
class PhotoSubject:
    """One event that names the photo.

    Attributes:
        person, name: who punched; None for a finger that nobody knew.
        unit: where the person works; of an unknown finger, where the node stands.
        here: the photo has arrived.
    """

    reference: str
    person: str | None
    name: str | None
    unit: str
    unit_name: str
    kind: str
    at: datetime
    trusted: bool
    here: bool


def subjects(connection: Connection, sha256: str) -> list[PhotoSubject]:
    """The events that name this photo; more than one only where a node sent the same picture twice."""
    query = (
        select(event, node.c.unit.label("node_unit"), employee.c.name, photo.c.sha256.label("stored"))
        .select_from(
            event.join(node, node.c.id == event.c.node)
            .outerjoin(employee, employee.c.id == event.c.person)
            .outerjoin(photo, photo.c.sha256 == event.c.photo)
        )
        .where(is_photo(sha256))
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
                row.stored is not None,
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
