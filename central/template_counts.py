"""How far the fingerprints of a regency or an office have got, as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, Integer, case, cast, func, not_, select

from central import finding_cases
from central.nodes import NodeState
from central.placement_needs import Needs
from central.placement_rows import UNDONE
from central.tables import assignment, module, node, placement, unit
from central.template_standing import (
    at_work,
    being_checked,
    one_of,
    registered,
    unproven,
    with_pin,
)
from central.template_troubles import ALARMING


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """The people of one unit; those of units below it have their own.

    Attributes:
        people: who work there today.
        registered, without: of them, those with a finger in some sensor, and those without any.
        by_pin: of those without, who punch with a PIN.
        checking: with a template that is not cleared yet.
        unproven: with a template that travelled and no live finger has proven.
        other_class: enrolled, and still to be enrolled at a sensor of another class that stands in this unit.
        without_room: for whom no sensor of this unit has room.
    """

    code: str
    name: str
    people: int
    registered: int
    without: int
    by_pin: int
    checking: int
    unproven: int
    other_class: int
    without_room: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers on top of the section.

    Attributes:
        findings: open ones.
        purges: orders to erase that no node has confirmed yet.
        alarms: sensors that are not the ones we know.
    """

    people: int
    registered: int
    without: int
    by_pin: int
    checking: int
    unproven: int
    other_class: int
    without_room: int
    findings: int
    purges: int
    alarms: int


def unit_counts(
    connection: Connection, day: date, units: frozenset[str] | None, needs: Needs
) -> list[UnitCounts]:
    """The numbers of each unit that has people, in one statement, by name."""
    none = not_(registered())
    query = (
        select(
            unit.c.code,
            unit.c.name,
            func.count().label("people"),
            _sum(registered()).label("registered"),
            _sum(none).label("without"),
            _sum(none & with_pin()).label("by_pin"),
            _sum(being_checked()).label("checking"),
            _sum(unproven()).label("unproven"),
            _sum(one_of(needs.elsewhere)).label("other_class"),
            _sum(one_of(needs.homeless(units))).label("without_room"),
        )
        .select_from(assignment.join(unit, unit.c.code == assignment.c.unit))
        .where(at_work(day, units))
        .group_by(unit.c.code, unit.c.name)
        .order_by(unit.c.name, unit.c.code)
    )
    return [UnitCounts(**row) for row in connection.execute(query).mappings()]


def read_counts(
    connection: Connection, lines: Iterable[UnitCounts], day: date, units: frozenset[str] | None
) -> Counts:
    """Add up the units, and count what belongs to nodes and findings."""
    lines = list(lines)
    return Counts(
        people=sum(line.people for line in lines),
        registered=sum(line.registered for line in lines),
        without=sum(line.without for line in lines),
        by_pin=sum(line.by_pin for line in lines),
        checking=sum(line.checking for line in lines),
        unproven=sum(line.unproven for line in lines),
        other_class=sum(line.other_class for line in lines),
        without_room=sum(line.without_room for line in lines),
        findings=finding_cases.count_open(connection, day, units),
        purges=count_purges(connection, units),
        alarms=count_alarms(connection, units),
    )


def count_purges(connection: Connection, units: frozenset[str] | None) -> int:
    """Orders to erase that are not confirmed."""
    query = select(func.count()).select_from(placement.join(node, node.c.id == placement.c.node))
    query = query.where(placement.c.do == "purge", placement.c.state.in_(UNDONE))
    return connection.scalar(query if units is None else query.where(node.c.unit.in_(units))) or 0


def count_alarms(connection: Connection, units: frozenset[str] | None) -> int:
    """Nodes in service whose sensor is not the one that we know."""
    query = select(func.count()).select_from(module.join(node, node.c.id == module.c.node))
    query = query.where(module.c.state.in_(ALARMING), node.c.state != NodeState.RETIRED)
    return connection.scalar(query if units is None else query.where(node.c.unit.in_(units))) or 0


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((condition, 1), else_=0)), 0), Integer)
