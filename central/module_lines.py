"""The sensor of each node: its class, how full it is, and whether it still is the one that we know."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, exists, func, not_, select

from attendance.moment import from_ms
from attendance.templates import ModuleState
from central.nodes import NodeState
from central.placement_rows import read_slots
from central.tables import module, node, placement, slot, template, unit
from central.template_room import NEAR_PERCENT
from central.template_room import Sensor as Room
from central.template_standing import travelled_unproven


class Fullness(StrEnum):
    """How full a sensor will be when all orders are done."""

    ROOM = "room"
    NEAR_PLAN = "near-plan"
    """Somebody should see to another sensor."""
    ABOVE_PLAN = "above-plan"
    """Nobody new is placed here."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the newest `module` event of a node says.

    Attributes:
        capacity: slots. usable: of them, those that may hold a template. used: those in use.
        arriving, leaving: slots that open orders will fill or empty.
        unproven: templates that travelled here and no live finger has matched.
        failing: templates that would not go in, tried again now and then; `failing_for` why, the last time.
        detail: an English sentence of the node.
    """

    model: str
    model_class: str
    serial: str | None
    capacity: int
    usable: int
    used: int
    arriving: int
    leaving: int
    unproven: int
    state: ModuleState
    detail: str
    told: datetime
    failing: int = 0
    failing_for: str = ""

    @property
    def planned(self) -> int:
        """How many slots will be in use when all orders are done."""
        return max(0, self.used + self.arriving - self.leaving)

    @property
    def plan(self) -> int:
        """How many may be in use by plan."""
        return Room(self.model, self.model_class, self.capacity, self.usable).plan

    @property
    def fullness(self) -> Fullness:
        """How near it is to its plan and to its end."""
        if self.planned >= self.usable:
            return Fullness.FULL
        if self.planned > self.plan:
            return Fullness.ABOVE_PLAN
        near = self.planned * 100 >= self.plan * NEAR_PERCENT
        return Fullness.NEAR_PLAN if near else Fullness.ROOM


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
    unproven, failing = _unproven(connection), _failing(connection)
    lines = [
        ModuleLine(
            row.id,
            row.unit,
            row.unit_name,
            _sensor(row, arriving[row.id], leaving[row.id], unproven[row.id], failing.get(row.id, {}))
            if row.model
            else None,
        )
        for row in connection.execute(query)
    ]
    return sorted(lines, key=_urgency)


def _sensor(row: Row[Any], arriving: int, leaving: int, unproven: int, failing: Mapping[str, str]) -> Sensor:
    return Sensor(
        row.model,
        row.model_class,
        row.serial,
        row.capacity,
        row.usable,
        row.used,
        arriving,
        leaving,
        unproven,
        ModuleState(row.state),
        row.detail,
        from_ms(row.at_ms),
        len(failing),
        list(failing.values())[-1] if failing else "",
    )


def _ordered(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    """Slots that open orders will fill, and those that they will empty, by node."""
    arriving: Counter[str] = Counter()
    leaving: Counter[str] = Counter()
    query = select(placement.c.node, placement.c.do, placement.c.slots).where(placement.c.state == "open")
    for row in connection.execute(query):
        target = leaving if row.do == "purge" else arriving
        target[row.node] += len(read_slots(row.slots))
    return arriving, leaving


def _failing(connection: Connection) -> dict[str, dict[str, str]]:
    """By node the templates that are not in it although they were sent, and why; the newest failure last."""
    failed = (placement.c.do == "install") & (placement.c.state == "failed")
    arrived = exists().where(slot.c.node == placement.c.node, slot.c.template == placement.c.template)
    query = (
        select(placement.c.node, placement.c.template, placement.c.reason)
        .where(failed, not_(arrived), placement.c.template.in_(select(template.c.id)))
        .order_by(placement.c.ended_ms)
    )
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(query):
        theirs = found.setdefault(row.node, {})
        theirs.pop(row.template, None)
        theirs[row.template] = row.reason
    return found


def _unproven(connection: Connection) -> Counter[str]:
    entries = travelled_unproven().add_columns(slot.c.node.label("held_by")).subquery()
    query = select(entries.c.held_by, func.count().label("entries")).group_by(entries.c.held_by)
    return Counter({row.held_by: row.entries for row in connection.execute(query)})


def _urgency(line: ModuleLine) -> tuple[int, int]:
    if line.alarming:
        return 0, 0
    if line.sensor is None:
        return 2, 0
    return 1, -line.sensor.planned * 1000 // max(1, line.sensor.usable)
