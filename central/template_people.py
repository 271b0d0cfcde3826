"""Lists of people by where their fingers stand: searched by name or NIP, narrowed to units, page by page."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, not_, or_, select, true

from attendance.moment import from_ms
from central.nodes import NodeState
from central.paging import Page, read_page
from central.placement_needs import Needs
from central.tables import assignment, employee, module, node, slot, template, unit
from central.template_standing import (
    at_work,
    being_checked,
    one_of,
    registered,
    travelled_unproven,
    unproven,
    with_pin,
)


class PeopleList(StrEnum):
    """Which people; the values stand in addresses."""

    CHECKING = "diperiksa"
    UNPROVEN = "belum-terbukti"
    OTHER_CLASS = "kelas-lain"
    WITHOUT_ROOM = "tanpa-tempat"
    WITHOUT = "belum-terdaftar"
    ALL = "semua"


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who works in the regency today.

    Attributes:
        registered: some sensor holds a finger of them.
        checking, unproven, other_class, without_room, by_pin: as in `central.template_counts.UnitCounts`.
    """

    id: str
    name: str
    nip: str | None
    unit: str
    unit_name: str
    registered: bool
    checking: bool
    unproven: bool
    other_class: bool
    without_room: bool
    by_pin: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A slot in which a travelled template waits for its first live match."""

    node: str
    unit_name: str
    slot: int
    finger: str
    since: datetime | None


def list_people(
    connection: Connection,
    which: PeopleList,
    day: date,
    units: frozenset[str] | None,
    needs: Needs,
    *,
    text: str = "",
    page: int = 1,
) -> Page[PersonLine]:
    """One page of a list, by name.

    Args:
        connection: for reading.
        which: list.
        day: who works on it.
        units: codes; None for all.
        needs: as the plan has them.
        text: a part of the name, or of the NIP with or without its spaces; empty for everybody.
        page: from 1.
    """
    query = (
        select(
            employee.c.id,
            employee.c.name,
            employee.c.nip,
            unit.c.code,
            unit.c.name.label("unit_name"),
            _flag(registered()).label("registered"),
            _flag(being_checked()).label("checking"),
            _flag(unproven()).label("unproven"),
            _flag(one_of(needs.elsewhere)).label("other_class"),
            _flag(one_of(needs.homeless(units))).label("without_room"),
            _flag(with_pin()).label("by_pin"),
        )
        .select_from(
            assignment.join(employee, employee.c.id == assignment.c.employee).join(
                unit, unit.c.code == assignment.c.unit
            )
        )
        .where(at_work(day, units), _listed(which, needs.elsewhere, needs.homeless(units)), _called(text))
        .order_by(employee.c.name, employee.c.id, unit.c.code)
    )
    rows = read_page(connection, query, page)
    lines = (
        PersonLine(
            row.id,
            row.name,
            row.nip,
            row.code,
            row.unit_name,
            registered=bool(row.registered),
            checking=bool(row.checking),
            unproven=bool(row.unproven),
            other_class=bool(row.other_class),
            without_room=bool(row.without_room),
            by_pin=bool(row.by_pin),
        )
        for row in rows.items
    )
    return Page(tuple(lines), rows.number, rows.total)


def unproven_places(connection: Connection, people: Collection[str]) -> dict[str, list[Place]]:
    """Where templates of these people wait for a live finger."""
    query = (
        travelled_unproven()
        .add_columns(slot.c.node, slot.c.slot, slot.c.finger, slot.c.since_ms, unit.c.name.label("unit_name"))
        .join(unit, unit.c.code == slot.c.unit)
        .where(slot.c.employee.in_(people))
        .order_by(unit.c.name, slot.c.node, slot.c.slot)
    )
    found: dict[str, list[Place]] = {}
    for row in connection.execute(query):
        since = from_ms(row.since_ms) if row.since_ms is not None else None
        place = Place(row.node, row.unit_name, row.slot, row.finger, since)
        found.setdefault(row.employee, []).append(place)
    return found


def enrolled_classes(connection: Connection, people: Collection[str]) -> dict[str, list[str]]:
    """The classes of sensors at which these people were enrolled."""
    query = select(template.c.employee.label("holder"), template.c.model_class).where(
        template.c.employee.in_(people)
    )
    return _grouped(connection.execute(query.distinct().order_by(template.c.model_class)))


def unit_classes(connection: Connection, units: Collection[str]) -> dict[str, list[str]]:
    """The classes of the sensors that stand in these units."""
    query = select(node.c.unit.label("holder"), module.c.model_class).join(module, module.c.node == node.c.id)
    query = query.where(node.c.unit.in_(units), node.c.state == NodeState.ACTIVE)
    return _grouped(connection.execute(query.distinct().order_by(module.c.model_class)))


def _grouped(rows: Iterable[Row[Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.holder, []).append(row.model_class)
    return found


def _listed(which: PeopleList, elsewhere: Collection[str], homeless: Collection[str]) -> ColumnElement[bool]:
    match which:
        case PeopleList.CHECKING:
            return being_checked()
        case PeopleList.UNPROVEN:
            return unproven()
        case PeopleList.OTHER_CLASS:
            return one_of(elsewhere)
        case PeopleList.WITHOUT_ROOM:
            return one_of(homeless)
        case PeopleList.WITHOUT:
            return not_(registered())
        case PeopleList.ALL:
            return true()


def _called(text: str) -> ColumnElement[bool]:
    words = text.split()
    if not words:
        return true()
    named = and_(*(func.lower(employee.c.name).contains(word.lower(), autoescape=True) for word in words))
    digits = "".join(words)
    return or_(named, employee.c.nip.contains(digits, autoescape=True)) if digits.isdigit() else named


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
