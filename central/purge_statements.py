"""Purges that no event will ever confirm: an administrator states what became of the sensor.

A statement is a person's word and never counts as the node's. The order stays open for the node: should it
come back, it still erases and says so, and that is entered like any other purge.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select, update

from attendance.errors import HadirError
from attendance.moment import from_ms
from attendance.orders import Do
from central import audit, search_renewal, slot_history
from central.nodes import NodeState
from central.placement_rows import STATED, UNDONE, read_slots
from central.purge_waits import NodeWaits
from central.tables import audit_log, employee, node, placement, unit

PURGE_STATED = "purge-stated"
LONGEST_CHARS = 1000
SHORTEST_CHARS = 20
MOST_SHOWN = 100


class Fate(StrEnum):
    """What became of a sensor."""

    DESTROYED = "destroyed"
    EMPTIED = "emptied"
    """By hand, outside of Hadir."""
    STOLEN = "stolen"
    """Or lost: whoever has it has the fingerprints in it."""


class StatementError(HadirError):
    """It can't be stated."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One purge that was confirmed by a statement.

    Attributes:
        fate: one of `Fate`, as it stands in the log of deeds.
        text: what the administrator wrote.
        by: who.
        confirmed: the node itself has said since that the slots are empty.
    """

    node: str
    unit_name: str
    person: str
    name: str
    slots: tuple[int, ...]
    fate: str
    text: str
    by: str
    at: datetime
    confirmed: bool


def may_be_stated(owed: NodeWaits) -> bool:
    """Whether the node can't be waited for: it is out of service or silent, or has said that it can't."""
    return owed.state != NodeState.ACTIVE or owed.quiet or any(wait.failed for wait in owed.waits)


def state(connection: Connection, owed: NodeWaits, fate: Fate, text: str, by: str, now_ms: int) -> int:
    """Confirm by a statement all that a node still has to erase; return how many orders that was.

    Args:
        connection: a transaction that may write.
        owed: what the node owed when the administrator looked at it; what came since is not covered.
        fate: what became of its sensor.
        text: what happened, who did it, where the record lies.
        by: name of the account.
        now_ms: central's clock.

    Raises:
        StatementError: the text is too short or too long, the node can be waited for, or nothing is owed.
    """
    text = " ".join(text.split())
    if not SHORTEST_CHARS <= len(text) <= LONGEST_CHARS:
        raise StatementError(f"a statement has {SHORTEST_CHARS} to {LONGEST_CHARS} characters")
    if not may_be_stated(owed):
        raise StatementError(f"the node {owed.node} answers, and confirms what it erases itself")
    named = {wait.order for wait in owed.waits}
    rows = connection.execute(
        select(placement)
        .where(placement.c.id.in_(named), placement.c.do == Do.PURGE, placement.c.state.in_(UNDONE))
        .order_by(placement.c.id)
        .with_for_update()
    ).all()
    if not rows:
        raise StatementError(f"the node {owed.node} owes nothing any more")
    for row in rows:
        this = placement.c.id == row.id
        connection.execute(update(placement).where(this).values(state=STATED, ended_ms=now_ms))
        _empty_places(connection, owed, row.employee, row.slots, now_ms)
        detail = f"{fate}, {row.employee} at {owed.node}, slots {row.slots}: {text}"
        audit.note(connection, now_ms, by, PURGE_STATED, row.id, detail)
    return len(rows)


def _empty_places(connection: Connection, owed: NodeWaits, person: str, slots: str, now_ms: int) -> None:
    """The books must not go on looking for these fingers there, or they would order the same again."""
    for number in read_slots(slots):
        held = slot_history.holder(connection, owed.unit, owed.node, number)
        if held is None or held.employee != person:
            continue
        slot_history.vacate(connection, owed.unit, owed.node, number, now_ms)
        if held.template is not None:
            search_renewal.after_move(connection, held.template, now_ms, arrived_at=None)


def read_statements(connection: Connection, units: frozenset[str] | None) -> list[Statement]:
    """The newest statements on nodes of these units (None: all)."""
    query = (
        select(
            placement,
            audit_log.c.detail,
            audit_log.c.actor,
            audit_log.c.at_ms,
            employee.c.name,
            unit.c.name.label("unit_name"),
        )
        .select_from(audit_log)
        .join(placement, placement.c.id == audit_log.c.subject)
        .join(node, node.c.id == placement.c.node)
        .join(unit, unit.c.code == node.c.unit)
        .join(employee, employee.c.id == placement.c.employee)
        .where(audit_log.c.action == PURGE_STATED)
        .order_by(audit_log.c.id.desc())
        .limit(MOST_SHOWN)
    )
    if units is not None:
        query = query.where(node.c.unit.in_(units))
    return [
        Statement(
            row.node,
            row.unit_name,
            row.employee,
            row.name,
            read_slots(row.slots),
            row.detail.partition(",")[0],
            row.detail.partition(": ")[2],
            row.actor,
            from_ms(row.at_ms),
            row.state == "done",
        )
        for row in connection.execute(query)
    ]
