"""Orders to install and to purge, as they stand in the table: written, taken back, and waited for."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from attendance.orders import Do
from central import audit, template_vault
from central.placement_planning import Changes, decide
from central.placement_rows import UNDONE, read_slots, slots_text
from central.purge_planning import Purge
from central.tables import node, placement
from central.template_books import read_books
from central.template_placing import Install

WITHDRAWN = "order-withdrawn"
DESTROYED = "templates-destroyed"
_ACTOR = "planning"
_NAME_BYTES = 6


@dataclass(frozen=True, slots=True)
class OutstandingPurge:
    """Fingers that should be gone from a node, which has not said yet that they are.

    Attributes:
        id: of the order.
        unit: of the node. state: of the node.
        reason: why they should be gone, or why the node refused.
        failed: it refused; it is asked again after a while.
        since_ms: when it was first ordered. last_seen_ms: when the node was last heard of, or None.
    """

    id: str
    node: str
    unit: str
    state: str
    person: str
    slots: tuple[int, ...]
    reason: str
    failed: bool
    since_ms: int
    last_seen_ms: int | None


def outstanding_purges(connection: Connection, now_ms: int) -> list[OutstandingPurge]:
    """Everything that nodes still have to erase, or to confirm, the oldest first.

    Also of nodes that are distrusted or retired: they get no orders, and hold the fingers until somebody
    goes there.
    """
    rows = connection.execute(
        select(placement, node.c.unit, node.c.state.label("node_state"), node.c.last_seen_ms)
        .join(node, node.c.id == placement.c.node)
        .where(placement.c.do == Do.PURGE, placement.c.state.in_(UNDONE), placement.c.ordered_ms <= now_ms)
        .order_by(placement.c.ordered_ms, placement.c.node, placement.c.employee, placement.c.slots)
    )
    return [
        OutstandingPurge(
            row.id,
            row.node,
            row.unit,
            row.node_state,
            row.employee,
            read_slots(row.slots),
            row.reason,
            row.state == "failed",
            row.ordered_ms,
            row.last_seen_ms,
        )
        for row in rows
    ]


def read_changes(connection: Connection, now_ms: int) -> Changes:
    """What is to be changed now; nothing is written."""
    return decide(read_books(connection, now_ms))


def is_current(connection: Connection, changes: Changes) -> bool:
    """Whether the orders are still those that this was decided upon.

    What else may have changed since does no harm: a node does no order that its own books contradict, and the
    next round takes back what nobody wants.
    """
    rows = connection.execute(select(placement.c.id, placement.c.state).where(placement.c.state.in_(UNDONE)))
    return frozenset((row.id, row.state) for row in rows) == changes.basis


def write(connection: Connection, changes: Changes, now_ms: int, limit: int) -> int:
    """Write changes, at most so many rows of each kind; return how many."""
    destroy, withdraw = changes.destroy[:limit], changes.withdraw[:limit]
    repeat, purges = changes.repeat[:limit], changes.purges[:limit]
    installs = changes.installs[: max(limit - len(purges), 0)]
    for person in destroy:
        count = template_vault.destroy_person(connection, person)
        audit.note(connection, now_ms, _ACTOR, DESTROYED, person, f"{count} templates, and the key to them")
    for each in withdraw:
        # Kept: the node may have done it before it heard, and what it tells must find its order.
        taken_back = {"state": "withdrawn", "ended_ms": now_ms}
        connection.execute(update(placement).where(placement.c.id == each.id).values(**taken_back))
        detail = f"{each.do} {each.id} at {each.node}, slots {slots_text(each.slots)}"
        audit.note(connection, now_ms, _ACTOR, WITHDRAWN, each.employee, detail)
    for each, reason in repeat:
        values = {"id": _name(Do.PURGE), "state": "open", "reason": reason, "ended_ms": None}
        connection.execute(update(placement).where(placement.c.id == each.id).values(**values))
    rows = [_purge_row(each, now_ms) for each in purges] + [_install_row(each, now_ms) for each in installs]
    if rows:
        connection.execute(insert(placement), rows)
    return len(destroy) + len(withdraw) + len(repeat) + len(rows)


def _purge_row(purge: Purge, now_ms: int) -> dict[str, Any]:
    return _row(Do.PURGE, purge.node, purge.person, purge.slots, now_ms) | {"reason": purge.reason}


def _install_row(install: Install, now_ms: int) -> dict[str, Any]:
    row = _row(Do.INSTALL, install.node, install.person, (install.slot,), now_ms)
    return row | {"finger": install.finger, "template": install.template}


def _row(do: Do, node_id: str, person: str, slots: tuple[int, ...], now_ms: int) -> dict[str, Any]:
    return {
        "id": _name(do),
        "do": do.value,
        "node": node_id,
        "employee": person,
        "finger": "",
        "template": None,
        "slots": slots_text(slots),
        "reason": "",
        "state": "open",
        "ordered_ms": now_ms,
        "ended_ms": None,
    }


def _name(do: Do) -> str:
    return f"{'i' if do is Do.INSTALL else 'p'}-{secrets.token_hex(_NAME_BYTES)}"
