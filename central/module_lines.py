"""The sensor of each node: its class, how full it is, and whether it still is the one that we know."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from attendance.moment import from_ms
from attendance.templates import ModuleState
from central.nodes import NodeState
from central.tables import module, node, placement, slot, unit
from central.template_standing import travelled_unproven

PLANNED_PERCENT = 60
"""Up to here a sensor is filled by plan, so that there is room for people who come and for second fingers."""
FULL_PERCENT = 90
"""From here it is called nearly full."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the newest `module` event of a node says.

    Attributes:
        usable: slots that may hold a template. used: of them, those in use.
        arriving, leaving: slots that open orders will fill or empty.
        unproven: templates that travelled here and no live finger has matched.
        detail: an English sentence of the node.
    """

    model: str
    model_class: str
    serial: str | None
    usable: int
    used: int
    arriving: int
    leaving: int
    unproven: int
    state: ModuleState
    detail: str
    told: datetime

    @property
    def planned(self) -> int:
        """How many slots will be in use when all orders are done."""
        return max(0, self.used + self.arriving - self.leaving)

    @property
    def planned_percent(self) -> int:
        """The same as a share of the usable ones, rounded up; an unusable sensor is full."""
        return min(100, -(-self.planned * 100 // self.usable)) if self.usable else 100

    @property
    def fullness(self) -> str:
        """ "full", "nearly-full", "above-plan" or "room"."""
        if self.planned >= self.usable:
            return "full"
        if self.planned_percent >= FULL_PERCENT:
            return "nearly-full"
        return "above-plan" if self.planned_percent > PLANNED_PERCENT else "room"


@dataclass(frozen=True, slots=True)
class ModuleLine:
    """One node in service; `sensor` is None until it has told of its sensor."""

    node: str
    unit: str
    unit_name: str
    sensor: Sensor | None

    @property
    def alarming(self) -> bool:
        """Whether this sensor must be looked at by a person before it books again."""
        return self.sensor is not None and self.sensor.state.alarming


def read_modules(connection: Connection, units: frozenset[str] | None) -> list[ModuleLine]:
    """The sensors of the nodes in these units (None: all): alarms first, then the fullest."""
    query = (
        select(module, node.c.id, node.c.unit, unit.c.name.label("unit_name"))
        .select_from(
            node.join(unit, unit.c.code == node.c.unit).outerjoin(module, module.c.node == node.c.id)
        )
        .where(node.c.state != NodeState.RETIRED)
        .order_by(unit.c.name, node.c.id)
    )
    if units is not None:
        query = query.where(node.c.unit.in_(units))
    arriving, leaving = _ordered(connection)
    unproven = _unproven(connection)
    lines = [
        ModuleLine(
            row.id,
            row.unit,
            row.unit_name,
            _sensor(row, arriving[row.id], leaving[row.id], unproven[row.id]) if row.model else None,
        )
        for row in connection.execute(query)
    ]
    return sorted(lines, key=_urgency)


def _sensor(row: Row[Any], arriving: int, leaving: int, unproven: int) -> Sensor:
    return Sensor(
        row.model,
        row.model_class,
        row.serial,
        row.usable,
        row.used,
        arriving,
        leaving,
        unproven,
        ModuleState(row.state),
        row.detail,
        from_ms(row.at_ms),
    )


def _ordered(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    """Slots that open orders will fill, and those that they will empty, by node."""
    arriving: Counter[str] = Counter()
    leaving: Counter[str] = Counter()
    query = select(placement.c.node, placement.c.do, placement.c.slots).where(placement.c.state == "open")
    for row in connection.execute(query):
        target = leaving if row.do == "purge" else arriving
        target[row.node] += len(row.slots.split())
    return arriving, leaving


def _unproven(connection: Connection) -> Counter[str]:
    entries = travelled_unproven().add_columns(slot.c.node.label("held_by")).subquery()
    query = select(entries.c.held_by, func.count().label("entries")).group_by(entries.c.held_by)
    return Counter({row.held_by: row.entries for row in connection.execute(query)})


def _urgency(line: ModuleLine) -> tuple[int, int]:
    if line.alarming:
        return 0, 0
    return (1, -line.sensor.planned_percent) if line.sensor else (2, 0)
