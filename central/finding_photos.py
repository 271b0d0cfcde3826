"""The two faces of a finding: of the enrolment that put a finger into its slot, else of the newest punch."""

from datetime import timedelta

from sqlalchemy import Connection, and_, select

from central.event_names import is_event
from central.tables import event, node, slot, slot_past, template

_PUNCHES_BACK_MS = timedelta(days=31) // timedelta(milliseconds=1)


def face_of_template(connection: Connection, template_id: str, now_ms: int) -> str | None:
    """The photo of the enrolment that a template is from, else of the newest punch of its person.

    Returns:
        The hash of the photo, which may still be on its way; None where there is none.
    """
    row = connection.execute(
        select(template.c.employee, template.c.origin_node, template.c.origin_slot).where(
            template.c.id == template_id
        )
    ).one_or_none()
    if row is None:
        return None
    filled = filled_by(connection, row.employee, row.origin_node, row.origin_slot)
    return _photo_named(connection, filled) or _newest_punch(connection, row.employee, now_ms)


def face_in_slot(
    connection: Connection, person: str, filled_by: str | None, template_id: str | None, now_ms: int
) -> str | None:
    """The photo of whoever holds a slot.

    Args:
        connection: for reading.
        person: who holds it.
        filled_by: node/epoch/seq of what filled it, or None.
        template_id: what is in it, or None.
        now_ms: central's clock; a punch of long ago shows nobody's face of today.
    """
    found = _photo_named(connection, filled_by)
    if found is None and template_id is not None:
        return face_of_template(connection, template_id, now_ms)
    return found or _newest_punch(connection, person, now_ms)


def filled_by(connection: Connection, person: str, node_id: str, number: int) -> str | None:
    """The event that filled a place with a finger of this person, also where the place is another's now."""
    of_node = slot.join(node, node.c.unit == slot.c.unit)
    mine = and_(
        node.c.id == node_id,
        slot.c.node.in_(["", node_id]),
        slot.c.slot == number,
        slot.c.employee == person,
        slot.c.event.is_not(None),
    )
    past = and_(
        slot_past.c.node == node_id,
        slot_past.c.slot == number,
        slot_past.c.employee == person,
        slot_past.c.event.is_not(None),
    )
    found: str | None = connection.scalar(select(slot.c.event).select_from(of_node).where(mine).limit(1))
    if found is None:
        earlier = select(slot_past.c.event).where(past).order_by(slot_past.c.id.desc())
        found = connection.scalar(earlier.limit(1))
    return found


def _photo_named(connection: Connection, reference: str | None) -> str | None:
    """The photo that an event names; that of an installation names none."""
    if reference is None:
        return None
    return connection.scalar(select(event.c.photo).where(is_event(reference)))


def _newest_punch(connection: Connection, person: str, now_ms: int) -> str | None:
    query = (
        select(event.c.photo)
        .where(
            event.c.type == "punch",
            event.c.placed_ms >= now_ms - _PUNCHES_BACK_MS,
            event.c.person == person,
            event.c.photo.is_not(None),
        )
        .order_by(event.c.placed_ms.desc())
    )
    return connection.scalar(query.limit(1))
