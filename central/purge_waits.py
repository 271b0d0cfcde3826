"""Nodes that have been told to erase somebody's fingers and have not confirmed it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, select

from attendance.moment import from_ms, to_ms
from central.board import is_quiet
from central.placements import OutstandingPurge, outstanding_purges
from central.tables import employee, unit


@dataclass(frozen=True, slots=True)
class PurgeWait:
    """One order to erase.

    Attributes:
        order: its id.
        reason: "left", "moved", "replaced" or "decided"; of a failed one, what the node said.
        failed: the node said that it will not do it as it stands.
    """

    order: str
    person: str
    name: str
    slots: tuple[int, ...]
    reason: str
    failed: bool
    ordered: datetime


@dataclass(frozen=True, slots=True)
class NodeWaits:
    """All that one node still has to confirm, oldest first.

    Attributes:
        state: of the node: active, distrusted or retired.
        seen: its last contact; None for never.
    """

    node: str
    unit: str
    unit_name: str
    state: str
    seen: datetime | None
    quiet: bool
    waits: tuple[PurgeWait, ...]

    @property
    def oldest(self) -> datetime:
        """Since when it owes an answer."""
        return self.waits[0].ordered

    @property
    def slots(self) -> int:
        """How many slots may still hold a finger that should be gone."""
        return sum(len(wait.slots) for wait in self.waits)


def read_waits(connection: Connection, now: datetime, units: frozenset[str] | None) -> list[NodeWaits]:
    """Every node in these units (None: all) that owes a confirmation, the oldest debt first."""
    by_node: dict[str, list[OutstandingPurge]] = {}
    for order in outstanding_purges(connection, to_ms(now)):
        if units is None or order.unit in units:
            by_node.setdefault(order.node, []).append(order)
    orders = [order for owed in by_node.values() for order in owed]
    names = _names(connection, employee.c.id, employee.c.name, {order.person for order in orders})
    unit_names = _names(connection, unit.c.code, unit.c.name, {order.unit for order in orders})
    return [_node_waits(owed, now, names, unit_names) for owed in by_node.values()]


def _names(connection: Connection, key: Column[str], name: Column[str], wanted: set[str]) -> dict[str, str]:
    rows = connection.execute(select(key.label("code"), name.label("called")).where(key.in_(wanted)))
    return {row.code: row.called for row in rows}


def _node_waits(
    owed: list[OutstandingPurge], now: datetime, names: dict[str, str], unit_names: dict[str, str]
) -> NodeWaits:
    first = owed[0]
    seen = from_ms(first.last_seen_ms) if first.last_seen_ms is not None else None
    waits = (
        PurgeWait(
            order.id,
            order.person,
            names.get(order.person, order.person),
            order.slots,
            order.reason,
            order.failed,
            from_ms(order.since_ms),
        )
        for order in owed
    )
    return NodeWaits(
        first.node,
        first.unit,
        unit_names.get(first.unit, first.unit),
        first.state,
        seen,
        is_quiet(seen, now),
        tuple(waits),
    )
