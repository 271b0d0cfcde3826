"""Nodes that have been told to erase somebody's fingers and have not confirmed it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from attendance.moment import from_ms
from central.board import is_quiet
from central.tables import employee, node, placement, unit


@dataclass(frozen=True, slots=True)
class PurgeWait:
    """One order to erase.

    Attributes:
        reason: "left", "moved", "replaced" or "decided"; of a failed one, what the node said.
        failed: the node said that it will not do it as it stands.
    """

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
    query = (
        select(
            placement,
            employee.c.name,
            node.c.unit,
            node.c.state.label("node_state"),
            node.c.last_seen_ms,
            unit.c.name.label("unit_name"),
        )
        .select_from(
            placement.join(employee, employee.c.id == placement.c.employee)
            .join(node, node.c.id == placement.c.node)
            .join(unit, unit.c.code == node.c.unit)
        )
        .where(placement.c.do == "purge", placement.c.state != "done")
        .order_by(placement.c.ordered_ms, placement.c.id)
    )
    if units is not None:
        query = query.where(node.c.unit.in_(units))
    by_node: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        by_node.setdefault(row.node, []).append(row)
    return [_node_waits(rows, now) for rows in by_node.values()]


def _node_waits(rows: list[Row[Any]], now: datetime) -> NodeWaits:
    first = rows[0]
    seen = from_ms(first.last_seen_ms) if first.last_seen_ms is not None else None
    return NodeWaits(
        first.node,
        first.unit,
        first.unit_name,
        first.node_state,
        seen,
        is_quiet(seen, now),
        tuple(_waits(rows)),
    )


def _waits(rows: Iterable[Row[Any]]) -> Iterable[PurgeWait]:
    for row in rows:
        numbers = tuple(int(number) for number in row.slots.split())
        failed = row.state == "failed"
        yield PurgeWait(row.employee, row.name, numbers, row.reason, failed, from_ms(row.ordered_ms))
