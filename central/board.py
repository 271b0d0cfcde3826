"""What the live board shows, read from the books in a handful of queries for all viewers at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from attendance.moment import from_ms, to_ms
from central.event_names import event_name
from central.presence import DayFacts, Tally, presence, tally_of
from central.tables import (
    assignment,
    attendance_day,
    checkpoint,
    dirty_day,
    employee,
    event,
    node,
    photo,
    policy_document,
    slot,
    unit,
)
from central.template_troubles import Troubles, read_troubles
from central.validity import in_force

QUIET_AFTER = timedelta(minutes=5)
"""A node that has not asked for anything this long counts as quiet; it reports at least once a minute."""
PUNCHES_SHOWN = 12
_PUNCHES_SINCE = timedelta(hours=24)
_CLOCK_AIR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node as the board knows it.

    Attributes:
        quiet: has not asked for anything for `QUIET_AFTER`.
        since: when a quiet node was last seen; None for one that never was, and for one that is not quiet, so
            that two boards are equal when nothing to be seen has changed.
    """

    id: str
    unit: str
    quiet: bool
    since: datetime | None
    distrusted: bool


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit with its own people (those of units below it have their own line) and its own nodes.

    Attributes:
        watched: how many of the expected people have only nodes that report.
    """

    code: str
    name: str
    parent: str | None
    tally: Tally
    nodes: tuple[NodeLine, ...]
    watched: int


@dataclass(frozen=True, slots=True)
class PunchLine:
    """One of the last punches.

    Attributes:
        reference: node/epoch/seq of the event.
        trusted: the clock could be believed.
        photo: hash of the photo, or None where none was taken.
        photo_here: the photo has arrived.
    """

    reference: str
    person: str
    name: str
    unit: str
    unit_name: str
    kind: str
    at: datetime
    trusted: bool
    photo: str | None
    photo_here: bool


@dataclass(frozen=True, slots=True)
class Board:
    """All that the board knows of one day; the same for every viewer, who then sees his part of it.

    Attributes:
        punches: the newest of all units; who sees fewer units asks for his own.
        recent, photos: how many punches and photos there are, so that a board changes with each of them, also
            where it is too old to be among the newest.
        troubles: of the fingerprints.
    """

    day: date
    units: tuple[UnitLine, ...]
    punches: tuple[PunchLine, ...]
    recent: int
    photos: int
    troubles: Troubles


def version(connection: Connection) -> tuple[int, ...]:
    """Numbers that change when a punch, a photo or a rule arrives: cheap enough to ask each second.

    What they miss (people imported, a node gone quiet) is found when the board is read again after a while.
    """
    counts = (
        select(func.coalesce(func.sum(checkpoint.c.size), 0)),
        select(func.count()).select_from(dirty_day),
        select(func.count()).select_from(photo),
        select(func.coalesce(func.max(policy_document.c.serial), 0)),
    )
    row = connection.execute(select(*(count.scalar_subquery() for count in counts))).one()
    return tuple(int(number) for number in row)


def read_board(connection: Connection, day: date, now: datetime, over: bool) -> Board:
    """Read the whole board.

    Args:
        connection: for reading.
        day: whose state to show.
        now: decides which nodes are quiet.
        over: the day is no longer in progress (`central.presence.presence`).
    """
    nodes = node_lines(connection, now)
    tallies = _tallies(connection, day, nodes, over)
    rows = connection.execute(
        select(unit.c.code, unit.c.name, unit.c.parent)
        .where(in_force(unit.c.valid_from, unit.c.valid_to, day))
        .order_by(unit.c.code)
    )
    lines = []
    for row in rows:
        tally, watched = tallies.get(row.code, (Tally(), 0))
        lines.append(UnitLine(row.code, row.name, row.parent, tally, nodes.get(row.code, ()), watched))
    recent = connection.scalar(select(func.count()).select_from(event).where(_recent(now))) or 0
    photos = connection.scalar(select(func.count()).select_from(photo)) or 0
    troubles = read_troubles(connection, day)
    return Board(day, tuple(lines), tuple(last_punches(connection, now, None)), recent, photos, troubles)


def node_lines(connection: Connection, now: datetime) -> dict[str, tuple[NodeLine, ...]]:
    """The nodes in service by unit."""
    found: dict[str, tuple[NodeLine, ...]] = {}
    query = select(node.c.id, node.c.unit, node.c.last_seen_ms, node.c.state)
    for row in connection.execute(query.where(node.c.state != "retired").order_by(node.c.id)):
        seen = from_ms(row.last_seen_ms) if row.last_seen_ms is not None else None
        quiet = is_quiet(seen, now)
        line = NodeLine(row.id, row.unit, quiet, seen if quiet else None, row.state == "distrusted")
        found[row.unit] = (*found.get(row.unit, ()), line)
    return found


def is_quiet(seen: datetime | None, now: datetime) -> bool:
    """Whether a node last seen then counts as quiet now."""
    return seen is None or now - seen > QUIET_AFTER


def silent_nodes(nodes: Mapping[str, tuple[NodeLine, ...]]) -> frozenset[str]:
    """Nodes that may hold punches which central does not know."""
    return frozenset(line.id for lines in nodes.values() for line in lines if line.quiet or line.distrusted)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _tallies(
    connection: Connection, day: date, nodes: Mapping[str, tuple[NodeLine, ...]], over: bool
) -> dict[str, tuple[Tally, int]]:
    """Sums by unit, and how many of the people are witnessed.

    People with the same facts are counted by the database and then judged once.
    """
    facts = (
        assignment.c.unit,
        attendance_day.c.code,
        _flag(attendance_day.c.check_in_ms.is_not(None)).label("checked_in"),
        _flag(attendance_day.c.check_out_ms.is_not(None)).label("checked_out"),
        _flag(attendance_day.c.late_minutes > 0).label("late"),
        _flag(attendance_day.c.early_minutes > 0).label("early"),
        _flag(attendance_day.c.present_on_day_off).label("present_on_day_off"),
        _flag(_is_witnessed(nodes)).label("witnessed"),
    )
    its_day = and_(attendance_day.c.person == assignment.c.employee, attendance_day.c.day == day)
    people = (
        select(*facts)
        .select_from(assignment.outerjoin(attendance_day, its_day))
        .where(in_force(assignment.c.valid_from, assignment.c.valid_to, day))
        .subquery()
    )
    query = select(*people.c, func.count().label("people")).group_by(*people.c)
    sums: dict[str, tuple[Tally, int]] = {}
    for row in connection.execute(query):
        known = DayFacts(
            row.code,
            bool(row.checked_in),
            bool(row.checked_out),
            bool(row.late),
            bool(row.early),
            bool(row.present_on_day_off),
        )
        state = presence(known, witnessed=bool(row.witnessed), over=over)
        part = tally_of(state, row.people, late=known.late, out=known.checked_out)
        tally, watched = sums.get(row.unit, (Tally(), 0))
        sums[row.unit] = (tally + part, watched + (part.people if row.witnessed else 0))
    return sums


def _is_witnessed(nodes: Mapping[str, tuple[NodeLine, ...]]) -> ColumnElement[bool]:
    """The condition that every node which could hold the person's punch reports, and that there is one.

    Those are the nodes of his unit and the ones that hold his finger, as in `central.serving`.
    """
    silent = silent_nodes(nodes)
    silent_units = [code for code, lines in nodes.items() if any(line.id in silent for line in lines)]
    # Not correlated, so that the database finds these few people once and not for each person.
    holders = select(slot.c.employee).join(
        node, and_(node.c.unit == slot.c.unit, or_(slot.c.node == "", slot.c.node == node.c.id))
    )
    return and_(
        or_(
            assignment.c.unit.in_(list(nodes)),
            assignment.c.employee.in_(holders.where(node.c.state != "retired")),
        ),
        assignment.c.unit.not_in(silent_units),
        assignment.c.employee.not_in(holders.where(node.c.id.in_(silent))),
    )


def last_punches(connection: Connection, now: datetime, units: frozenset[str] | None) -> list[PunchLine]:
    """The newest punches of people of these units (None: all) by the time of capture, newest first.

    A time in the future comes from a broken clock; such a punch stays off the top here.
    """
    still_there = assignment.c.valid_to.is_(None) | (assignment.c.valid_to >= now.date())
    query = (
        select(
            event.c.node,
            event.c.epoch,
            event.c.seq,
            event.c.placed_ms,
            event.c.trusted,
            event.c.kind,
            event.c.photo,
            event.c.person,
            employee.c.name,
            assignment.c.unit,
            unit.c.name.label("unit_name"),
            photo.c.sha256.label("stored"),
        )
        .select_from(
            event.join(employee, employee.c.id == event.c.person)
            .join(assignment, and_(assignment.c.employee == event.c.person, still_there))
            .join(unit, unit.c.code == assignment.c.unit)
            .outerjoin(photo, photo.c.sha256 == event.c.photo)
        )
        .where(_recent(now))
        .order_by(event.c.placed_ms.desc(), event.c.node, event.c.seq.desc())
        .limit(PUNCHES_SHOWN)
    )
    if units is not None:
        query = query.where(assignment.c.unit.in_(units))
    return [
        PunchLine(
            event_name(row.node, row.epoch, row.seq),
            row.person,
            row.name,
            row.unit,
            row.unit_name,
            row.kind or "",
            from_ms(row.placed_ms),
            row.trusted,
            row.photo,
            row.stored is not None,
        )
        for row in connection.execute(query)
    ]


def _recent(now: datetime) -> ColumnElement[bool]:
    since, until = to_ms(now - _PUNCHES_SINCE), to_ms(now + _CLOCK_AIR)
    return and_(event.c.type == "punch", event.c.placed_ms >= since, event.c.placed_ms <= until)
