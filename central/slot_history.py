"""Who holds each place in a sensor, and who held it before: punches of that time stay theirs.

Every change of a holder goes through here, so that none is forgotten. Days of a former holder wait for the
node as far as it may hold punches of theirs: until it has heard that the place changed hands.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from central import dirty_days
from central.csv_reading import Outcome
from central.tables import export_refusal, slot_past
from central.tables import node as node_table
from central.tables import slot as slot_table

WHOLE_UNIT = ""
"""In place of a node: every node of the unit."""
_IN_FORCE_AFTER_MS = 300_000
"""A node that has fetched its roster goes by it after a moment; what it does meanwhile nobody knows."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a place.

    Attributes:
        template: central's id of what is in it, or None.
        event: node/epoch/seq of what filled it; None where it was given by hand.
    """

    employee: str
    finger: str
    template: str | None
    since_ms: int | None
    event: str | None


def holders(connection: Connection, unit: str, node: str, slot: int) -> dict[str, Holder]:
    """Who holds this place of a node by the books: by the node's own entry, and by that of its whole unit.

    The node's own wins where both are there.
    """
    rows = connection.execute(
        select(slot_table).where(
            slot_table.c.unit == unit,
            slot_table.c.node.in_({WHOLE_UNIT, node}),
            slot_table.c.slot == slot,
        )
    )
    return {row.node: Holder(row.employee, row.finger, row.template, row.since_ms, row.event) for row in rows}


def holder(connection: Connection, unit: str, node: str, slot: int) -> Holder | None:
    """Who holds this place of a node, or None."""
    found = holders(connection, unit, node, slot)
    return found.get(node, found.get(WHOLE_UNIT))


def fill(
    connection: Connection,
    unit: str,
    node: str,
    slot: int,
    employee: str,
    finger: str,
    template: str | None,
    now_ms: int,
    *,
    since_ms: int | None,
    proven_ms: int | None = None,
    event: str | None = None,
) -> Outcome:
    """Say who holds a place from now on. Whoever else held it goes into the history.

    Where the same person has it already, what is said of the finger takes the place of what was said before,
    and what is said by hand tells nothing new.

    Args:
        connection: the transaction.
        unit: of the place.
        node: of the place; "" for every node of the unit.
        slot: the number of the place.
        employee: who holds it now; known.
        finger: which, or "" where nobody knows.
        template: central's id of what is in it, or None.
        now_ms: central's clock.
        since_ms: before this the node had nothing of theirs in it; None where that is not known.
        proven_ms: when a live finger matched it, or None.
        event: node/epoch/seq of what filled it, or None where it was given by hand.
    """
    place = _place(unit, node, slot)
    before = connection.execute(select(slot_table).where(place).with_for_update()).one_or_none()
    held = {"finger": finger, "template": template, "proven_ms": proven_ms, "event": event}
    _ask_again(connection, node, slot)
    if before is not None and before.employee == employee:
        if event in (None, before.event):
            return Outcome.SAME
        connection.execute(update(slot_table).where(place).values(**held))
        return Outcome.CHANGED
    if before is not None:
        _end(connection, before, now_ms, learned_ms=None)
    connection.execute(
        insert(slot_table).values(
            unit=unit, node=node, slot=slot, employee=employee, since_ms=since_ms, **held
        )
    )
    dirty_days.mark_people(connection, [employee], since_ms)
    return Outcome.NEW if before is None else Outcome.CHANGED


def vacate(connection: Connection, unit: str, node: str, slot: int, now_ms: int) -> str | None:
    """The node says that a place of it is empty. An entry for its whole unit stays for the other nodes.

    Returns:
        Who held it; None where nobody did by the books.
    """
    found = holders(connection, unit, node, slot)
    if not found:
        return None
    if WHOLE_UNIT in found:
        _split(connection, unit, slot)
    query = select(slot_table).where(_place(unit, node, slot)).with_for_update()
    row = connection.execute(query).one_or_none()
    assert row is not None, "an entry for the unit was split into one for each node"
    _end(connection, row, now_ms, now_ms)
    return str(row.employee)


def unheard(connection: Connection, node: str) -> list[int]:
    """Changes of places of this node that it may not have heard of yet, as numbers in the history."""
    query = select(slot_past.c.id).where(slot_past.c.node == node, slot_past.c.learned_ms.is_(None))
    return list(connection.scalars(query))


def note_heard(connection: Connection, changes: Collection[int], now_ms: int) -> None:
    """The node goes by a roster that was made with these changes in it."""
    learned_ms = now_ms + _IN_FORCE_AFTER_MS
    heard = connection.execute(
        update(slot_past)
        .where(slot_past.c.id.in_(changes), slot_past.c.learned_ms.is_(None))
        .values(learned_ms=learned_ms)
        .returning(slot_past.c.employee, slot_past.c.until_ms)
    ).all()
    if heard:
        since_ms = min(row.until_ms for row in heard)
        dirty_days.mark_people(connection, [row.employee for row in heard], since_ms)


def _ask_again(connection: Connection, node: str, slot: int) -> None:
    """A template that could not be handed in was another one."""
    refusal = and_(export_refusal.c.node == node, export_refusal.c.slot == slot)
    connection.execute(delete(export_refusal).where(refusal))


def _end(connection: Connection, row: Row[Any], now_ms: int, learned_ms: int | None) -> None:
    """Take an entry out of the books and keep it in the history of each node that it spoke of."""
    names = [row.node] if row.node != WHOLE_UNIT else _nodes_of(connection, row.unit)
    past = [
        {
            "unit": row.unit,
            "node": name,
            "slot": row.slot,
            "employee": row.employee,
            "since_ms": row.since_ms,
            "until_ms": now_ms,
            "learned_ms": learned_ms,
            "event": row.event,
        }
        for name in names
    ]
    if past:
        connection.execute(insert(slot_past), past)
    connection.execute(delete(slot_table).where(_place(row.unit, row.node, row.slot)))
    dirty_days.mark_people(connection, [row.employee], now_ms)


def _split(connection: Connection, unit: str, slot: int) -> None:
    """Write an entry for a whole unit as one for each of its nodes that has none of its own."""
    query = select(slot_table).where(_place(unit, WHOLE_UNIT, slot)).with_for_update()
    whole = connection.execute(query).mappings().one()
    own = set(
        connection.scalars(
            select(slot_table.c.node).where(slot_table.c.unit == unit, slot_table.c.slot == slot)
        )
    )
    entries = [{**whole, "node": name} for name in _nodes_of(connection, unit) if name not in own]
    if entries:
        connection.execute(insert(slot_table), entries)
    connection.execute(delete(slot_table).where(_place(unit, WHOLE_UNIT, slot)))


def _nodes_of(connection: Connection, unit: str) -> list[str]:
    query = select(node_table.c.id).where(node_table.c.unit == unit).order_by(node_table.c.id)
    return list(connection.scalars(query))


def _place(unit: str, node: str, slot: int) -> ColumnElement[bool]:
    return and_(slot_table.c.unit == unit, slot_table.c.node == node, slot_table.c.slot == slot)
