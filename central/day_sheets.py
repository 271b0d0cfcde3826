"""Days as people read them: everybody of a unit on one day, one person over a month, totals of a month."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select, tuple_

from attendance.day import AttendanceDay
from attendance.moment import from_ms
from attendance.recap import RecapLine, recap
from central.event_names import event_name, read_event_name
from central.presence import DayFacts, Presence, presence
from central.serving import Serving
from central.tables import assignment, attendance_day, employee, event, photo
from central.validity import in_force

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class PersonDay:
    """One person's day on a sheet.

    Attributes:
        photo: hash of the photo that came with the punch in, or else with the punch out; None without one.
        photo_here: the photo has arrived.
        waiting_for: nodes that have not reported past this day.
    """

    person: str
    name: str
    nip: str | None
    day: date
    state: Presence
    code: str | None
    check_in: datetime | None
    check_out: datetime | None
    late_minutes: int
    early_minutes: int
    flags: frozenset[str]
    waiting_for: tuple[str, ...]
    missing_out: bool
    over: bool
    photo: str | None = None
    photo_here: bool = False

    @property
    def shown(self) -> Presence:
        """The state for the sheet: of a day that is over nobody needs to hear that people went home."""
        if self.over and self.state is Presence.OUT:
            return Presence.LATE if self.late_minutes else Presence.PRESENT
        return self.state


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """One line of a month's recap."""

    person: str
    name: str
    nip: str | None
    line: RecapLine


def unit_day(
    connection: Connection, code: str, day: date, *, silent: frozenset[str], over: bool
) -> list[PersonDay]:
    """Everybody who works in the unit on this day, by name.

    Args:
        connection: for reading.
        code: the unit.
        day: the day.
        silent: nodes that may hold punches which central does not know.
        over: the day is no longer in progress.
    """
    its_day = and_(attendance_day.c.person == assignment.c.employee, attendance_day.c.day == day)
    query = (
        select(
            employee.c.id,
            employee.c.name,
            employee.c.nip,
            assignment.c.unit.label("workplace"),
            attendance_day,
        )
        .select_from(
            assignment.join(employee, employee.c.id == assignment.c.employee).outerjoin(
                attendance_day, its_day
            )
        )
        .where(assignment.c.unit == code, in_force(assignment.c.valid_from, assignment.c.valid_to, day))
        .order_by(employee.c.name, employee.c.id)
    )
    return _sheet(connection, query, lambda _: day, silent, lambda _: over)


def person_month(
    connection: Connection, person: str, days: Iterable[date], today: date, silent: frozenset[str]
) -> list[PersonDay]:
    """One person's days that the books know, oldest first."""
    days = list(days)
    query = (
        select(
            employee.c.id,
            employee.c.name,
            employee.c.nip,
            attendance_day.c.unit.label("workplace"),
            attendance_day,
        )
        .select_from(attendance_day.join(employee, employee.c.id == attendance_day.c.person))
        .where(attendance_day.c.person == person, attendance_day.c.day.between(days[0], days[-1]))
        .order_by(attendance_day.c.day)
    )
    return _sheet(connection, query, lambda row: row.day, silent, lambda row: bool(row.day < today))


def unit_month(connection: Connection, code: str, days: Iterable[date]) -> list[PersonMonth]:
    """The recap of a month: one line for each person with a day in this unit, by name.

    Who was transferred in mid-month has a line in each unit, with the days that belong there.
    """
    days = list(days)
    query = (
        select(employee.c.name, employee.c.nip, attendance_day)
        .select_from(attendance_day.join(employee, employee.c.id == attendance_day.c.person))
        .where(attendance_day.c.unit == code, attendance_day.c.day.between(days[0], days[-1]))
    )
    people: dict[str, tuple[str, str | None]] = {}
    by_person: dict[str, list[AttendanceDay]] = {}
    for row in connection.execute(query):
        people[row.person] = (row.name, row.nip)
        by_person.setdefault(row.person, []).append(_day_of(row))
    lines = [
        PersonMonth(person, name, nip, recap(by_person[person])) for person, (name, nip) in people.items()
    ]
    return sorted(lines, key=lambda line: (line.name, line.person))


def _sheet(
    connection: Connection,
    query: Select[Any],
    day_of: Callable[[Row[Any]], date],
    silent: frozenset[str],
    is_over: Callable[[Row[Any]], bool],
) -> list[PersonDay]:
    """Read the rows of a sheet with their photos."""
    rows = connection.execute(query).all()
    references = [row.in_event or row.out_event for row in rows]
    photos = _photos(connection, [reference for reference in references if reference])
    serving = Serving(connection)
    sheet = []
    for row, reference in zip(rows, references, strict=True):
        watchers = serving.nodes_of(row.id, row.workplace)
        witnessed = bool(watchers) and not watchers & silent
        sheet.append(_person_day(row, day_of(row), photos.get(reference or ""), witnessed, is_over(row)))
    return sheet


def _person_day(
    row: Row[Any], day: date, picture: tuple[str, bool] | None, witnessed: bool, over: bool
) -> PersonDay:
    known = row.code is not None
    facts = DayFacts(
        row.code,
        row.check_in_ms is not None,
        row.check_out_ms is not None,
        bool(known and row.late_minutes > 0),
        bool(known and row.early_minutes > 0),
        bool(known and row.present_on_day_off),
    )
    return PersonDay(
        person=row.id,
        name=row.name,
        nip=row.nip,
        day=day,
        state=presence(facts, witnessed=witnessed, over=over),
        code=row.code,
        check_in=_moment(row.check_in_ms),
        check_out=_moment(row.check_out_ms),
        late_minutes=row.late_minutes or 0,
        early_minutes=row.early_minutes or 0,
        flags=frozenset((row.flags or "").split()),
        waiting_for=tuple((row.waiting_for or "").split()),
        missing_out=bool(row.missing_out),
        over=over,
        photo=picture[0] if picture else None,
        photo_here=picture[1] if picture else False,
    )


def _photos(connection: Connection, references: list[str]) -> dict[str, tuple[str, bool]]:
    """The photo of each event named as node/epoch/seq, and whether it has arrived."""
    found: dict[str, tuple[str, bool]] = {}
    for start in range(0, len(references), _CHUNK):
        keys = [read_event_name(reference) for reference in references[start : start + _CHUNK]]
        query = (
            select(event.c.node, event.c.epoch, event.c.seq, event.c.photo, photo.c.sha256)
            .select_from(event.outerjoin(photo, photo.c.sha256 == event.c.photo))
            .where(tuple_(event.c.node, event.c.epoch, event.c.seq).in_(keys), event.c.photo.is_not(None))
        )
        for row in connection.execute(query):
            found[event_name(row.node, row.epoch, row.seq)] = (row.photo, row.sha256 is not None)
    return found


def _day_of(row: Row[Any]) -> AttendanceDay:
    """A stored day as the rules know it, as far as totals need it."""
    return AttendanceDay(
        day=row.day,
        code=row.code,
        policy_id=row.policy_id,
        final=row.final,
        check_in=_moment(row.check_in_ms),
        check_out=_moment(row.check_out_ms),
        late_minutes=row.late_minutes,
        late_tier=row.late_tier,
        early_minutes=row.early_minutes,
        early_tier=row.early_tier,
        missing_in=row.missing_in,
        missing_out=row.missing_out,
        present_on_day_off=row.present_on_day_off,
        flags=frozenset(row.flags.split()),
    )


def _moment(ms: int | None) -> datetime | None:
    return from_ms(ms) if ms is not None else None
