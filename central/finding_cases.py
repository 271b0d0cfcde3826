"""Findings as people read them: a list, and one case with both sides. `central.findings` decides them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, or_, select, true

from attendance.moment import from_ms
from central import enrolment_records
from central.enrolment_records import EnrolmentRecord
from central.event_names import is_event
from central.paging import Page, read_page
from central.tables import employee, event, finding, node, photo, template, unit
from central.template_troubles import OPEN
from central.workplaces import workplace


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two people.

    Attributes:
        id: employee id; None where nobody knows whose slot it is.
        unit: where they work, or worked last; None where that is unknown.
    """

    id: str | None
    name: str
    nip: str | None
    unit: str | None
    unit_name: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in the list.

    Attributes:
        kind: "search" (found in another library) or "enrolment" (refused while being enrolled).
        state: "open", or how it was decided.
        employee: whose new finger it was. other: whose slot answered.
        opened: when central got to know.
    """

    id: int
    kind: str
    state: str
    employee: Party
    other: Party
    node: str
    node_unit: str
    opened: datetime
    decided: datetime | None
    decided_by: str | None

    @property
    def is_open(self) -> bool:
        """Whether people still have to decide."""
        return self.state == OPEN

    @property
    def same_unit(self) -> bool:
        """Whether the two work in one unit."""
        return self.employee.unit is not None and self.employee.unit == self.other.unit


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one person in a case.

    Attributes:
        photo: hash of a photo that is here, or None.
        enrolment: how the finger came into a sensor; None where no event tells.
    """

    party: Party
    photo: str | None
    enrolment: EnrolmentRecord | None


@dataclass(frozen=True, slots=True)
class Case:
    """One finding with all that people decide by.

    Attributes:
        happened: when the node found it, by its clock; None where its event is not here.
        score: of the match; not comparable between models.
    """

    line: FindingLine
    new: Side
    other: Side
    slot: int | None
    score: int | None
    happened: datetime | None
    note: str


_DECIDED_LAST = case((finding.c.state == OPEN, 0), else_=1)
_OLDEST_OPEN_FIRST = case((finding.c.state == OPEN, finding.c.opened_ms), else_=-finding.c.decided_ms)


def list_findings(
    connection: Connection, day: date, units: frozenset[str] | None, *, page: int = 1
) -> Page[FindingLine]:
    """One page of findings: the open ones, oldest first, then the decided ones, newest first.

    Args:
        connection: for reading.
        day: says where people work.
        units: of at least one of the two people; None for all.
        page: from 1.
    """
    query = _lines(day).where(_concerns(day, units))
    rows = read_page(connection, query.order_by(_DECIDED_LAST, _OLDEST_OPEN_FIRST, finding.c.id), page)
    return Page(tuple(_line(row) for row in rows.items), rows.number, rows.total)


def count_open(connection: Connection, day: date, units: frozenset[str] | None) -> int:
    """Open findings that concern these units."""
    query = select(func.count()).select_from(finding).where(finding.c.state == OPEN)
    return connection.scalar(query.where(_concerns(day, units))) or 0


def open_findings_of(connection: Connection, people: Sequence[str]) -> dict[str, list[int]]:
    """The open findings about new fingers of these people."""
    query = select(finding.c.employee, finding.c.id).where(
        finding.c.state == OPEN, finding.c.employee.in_(people)
    )
    found: dict[str, list[int]] = {}
    for row in connection.execute(query.order_by(finding.c.id)):
        found.setdefault(row.employee, []).append(row.id)
    return found


def read_case(connection: Connection, number: int, day: date, units: frozenset[str] | None) -> Case | None:
    """One finding; None where there is none of this number for somebody who sees these units."""
    query = _lines(day).where(finding.c.id == number, _concerns(day, units))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    line = _line(row)
    return Case(
        line,
        Side(line.employee, _here(connection, row.photo), _new_enrolment(connection, row)),
        Side(line.other, _here(connection, row.other_photo), _other_enrolment(connection, row)),
        row.slot,
        row.score,
        _happened(connection, row.event),
        row.note,
    )


def _lines(day: date) -> Select[Any]:
    new, other = employee.alias("new"), employee.alias("held_by")
    new_unit, other_unit, node_unit = (
        unit.alias("new_unit"),
        unit.alias("other_unit"),
        unit.alias("node_unit"),
    )
    matched = template.alias("matched")
    sources = (
        finding.outerjoin(new, new.c.id == finding.c.employee)
        .outerjoin(other, other.c.id == finding.c.other)
        .outerjoin(new_unit, new_unit.c.code == workplace(finding.c.employee, day))
        .outerjoin(other_unit, other_unit.c.code == workplace(finding.c.other, day))
        .outerjoin(node, node.c.id == finding.c.node)
        .outerjoin(node_unit, node_unit.c.code == node.c.unit)
        .outerjoin(template, template.c.id == finding.c.template)
        .outerjoin(matched, matched.c.id == finding.c.other_template)
    )
    return select(
        finding,
        new.c.name.label("new_name"),
        new.c.nip.label("new_nip"),
        new_unit.c.code.label("new_unit"),
        new_unit.c.name.label("new_unit_name"),
        other.c.name.label("other_name"),
        other.c.nip.label("other_nip"),
        other_unit.c.code.label("other_unit"),
        other_unit.c.name.label("other_unit_name"),
        node_unit.c.name.label("node_unit_name"),
        template.c.origin_node,
        template.c.origin_slot,
        matched.c.origin_node.label("other_node"),
        matched.c.origin_slot.label("other_slot"),
    ).select_from(sources)


def _concerns(day: date, units: frozenset[str] | None) -> ColumnElement[bool]:
    if units is None:
        return true()
    return or_(
        workplace(finding.c.employee, day).in_(units),
        workplace(finding.c.other, day).in_(units),
    )


def _line(row: Row[Any]) -> FindingLine:
    return FindingLine(
        id=row.id,
        kind=row.kind,
        state=row.state,
        employee=Party(
            row.employee, row.new_name or row.employee, row.new_nip, row.new_unit, row.new_unit_name or ""
        ),
        other=Party(
            row.other,
            row.other_name or row.other or "",
            row.other_nip,
            row.other_unit,
            row.other_unit_name or "",
        ),
        node=row.node,
        node_unit=row.node_unit_name or "",
        opened=from_ms(row.opened_ms),
        decided=from_ms(row.decided_ms) if row.decided_ms is not None else None,
        decided_by=row.decided_by,
    )


def _here(connection: Connection, sha256: str | None) -> str | None:
    return connection.scalar(select(photo.c.sha256).where(photo.c.sha256 == sha256)) if sha256 else None


def _happened(connection: Connection, reference: str) -> datetime | None:
    """When the node wrote the event that told of it."""
    placed_ms = connection.scalar(select(event.c.placed_ms).where(is_event(reference)))
    return from_ms(placed_ms) if placed_ms is not None else None


def _new_enrolment(connection: Connection, row: Row[Any]) -> EnrolmentRecord | None:
    if row.origin_node is None:
        return None
    return enrolment_records.find_record(connection, row.origin_node, row.employee, row.origin_slot)


def _other_enrolment(connection: Connection, row: Row[Any]) -> EnrolmentRecord | None:
    """How the other's finger came into the slot: enrolled where its template is from, or right there."""
    if row.other is None or row.slot is None:
        return None
    name, number = (row.node, row.slot) if row.other_node is None else (row.other_node, row.other_slot)
    return enrolment_records.find_record(connection, name, row.other, number)
