"""What the pages of enrolment show: where it can be started, for whom, and how far each request is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select

from attendance.chain import parse_event
from attendance.enrolment import Enrolment, FailedEnrolment
from attendance.errors import EvidenceError
from attendance.moment import from_ms
from central.board import is_quiet
from central.enrolment_requests import State, state_of
from central.event_names import is_event
from central.nodes import NodeState
from central.tables import assignment, employee, enrolment_request, event, module, node, photo, slot, unit
from central.validity import in_force

MOST_FOUND = 20
LATEST = 30


@dataclass(frozen=True, slots=True)
class Office:
    """A unit with at least one active node."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Door:
    """An active node of an office.

    Attributes:
        seen: when it was last heard of.
        quiet: for so long that it may not come for the request in time.
        told: whether it ever told of its sensor; without that nobody can be enrolled there.
    """

    id: str
    seen: datetime | None
    quiet: bool
    told: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who works at the office today; `fingers` are stored for them in its sensors."""

    person: str
    name: str
    nip: str | None
    fingers: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What an office wrote down the last time."""

    legal_basis: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request, for lists and for its own page."""

    id: str
    node: str
    unit: str
    unit_name: str
    person: str
    name: str
    nip: str | None
    fingers: tuple[str, ...]
    legal_basis: str
    notice: str
    requested_by: str
    state: State
    reason: str
    requested: datetime
    expires: datetime
    begun: datetime | None
    ended: datetime | None
    seen: datetime | None
    quiet: bool
    event: str | None


@dataclass(frozen=True, slots=True)
class End:
    """What the event tells that ended a request.

    Attributes:
        enrolment: what was stored, or None.
        witness: name of the supervisor, or their id where nobody knows it.
        other: name of whom a refused finger belongs to.
        photo: hash of the picture. photo_here: it has arrived.
    """

    enrolment: Enrolment | None = None
    witness: str | None = None
    other: str | None = None
    photo: str | None = None
    photo_here: bool = False


def offices(connection: Connection, units: frozenset[str] | None) -> list[Office]:
    """Units with an active node, by name; of those in `units` only, where that is not None."""
    served = exists().where(and_(node.c.unit == unit.c.code, node.c.state == NodeState.ACTIVE))
    rows = connection.execute(
        select(unit.c.code, unit.c.name).where(served).order_by(unit.c.name, unit.c.code)
    )
    return [Office(row.code, row.name) for row in rows if units is None or row.code in units]


def doors(connection: Connection, code: str, now: datetime) -> list[Door]:
    """The active nodes of an office, those that were heard of last first."""
    rows = connection.execute(
        select(node.c.id, node.c.last_seen_ms, module.c.node.label("told"))
        .outerjoin(module, module.c.node == node.c.id)
        .where(node.c.unit == code, node.c.state == NodeState.ACTIVE)
        .order_by(func.coalesce(node.c.last_seen_ms, 0).desc(), node.c.id)
    )
    found = []
    for row in rows:
        seen = _moment(row.last_seen_ms)
        found.append(Door(row.id, seen, is_quiet(seen, now), row.told is not None))
    return found


def candidates(connection: Connection, code: str, words: str, day: date) -> list[Candidate]:
    """Who works at an office on a day: those without a finger first; at most `MOST_FOUND`.

    Args:
        connection: a transaction.
        code: the office.
        words: each must be in the name; or a NIP or an id, spaces do not matter. Empty for everybody.
        day: of the office.
    """
    stored = (
        select(func.count())
        .select_from(slot)
        .where(slot.c.employee == employee.c.id, slot.c.unit == code)
        .scalar_subquery()
    )
    query = (
        select(employee.c.id, employee.c.name, employee.c.nip, stored.label("fingers"))
        .join(assignment, assignment.c.employee == employee.c.id)
        .where(assignment.c.unit == code, in_force(assignment.c.valid_from, assignment.c.valid_to, day))
        .order_by(stored > 0, employee.c.name, employee.c.id)
    )
    found = [Candidate(*row) for row in connection.execute(query)]
    wanted, number = words.casefold().split(), "".join(words.split())
    exact = [one for one in found if number and number in (one.person, one.nip)]
    named = [one for one in found if all(word in one.name.casefold() for word in wanted)]
    return (exact or named)[:MOST_FOUND]


def last_terms(connection: Connection, code: str) -> Terms:
    """Legal basis and notice of the newest request of this office."""
    row = connection.execute(
        select(enrolment_request.c.legal_basis, enrolment_request.c.notice)
        .join(node, node.c.id == enrolment_request.c.node)
        .where(node.c.unit == code)
        .order_by(enrolment_request.c.requested_ms.desc(), enrolment_request.c.id)
        .limit(1)
    ).one_or_none()
    return Terms(row.legal_basis, row.notice) if row is not None else Terms()


def latest(connection: Connection, units: frozenset[str] | None, now: datetime) -> list[RequestLine]:
    """The newest requests of these units (None: of all)."""
    query = _LINES.order_by(enrolment_request.c.requested_ms.desc(), enrolment_request.c.id).limit(LATEST)
    if units is not None:
        query = query.where(node.c.unit.in_(units))
    return [_line(row, now) for row in connection.execute(query)]


def find(connection: Connection, name: str, now: datetime) -> RequestLine | None:
    """One request."""
    row = connection.execute(_LINES.where(enrolment_request.c.id == name)).one_or_none()
    return _line(row, now) if row is not None else None


def end_of(connection: Connection, line: RequestLine) -> End:
    """What is known of how a request ended."""
    if line.event is None:
        return End()
    told_by = select(event.c.header, event.c.body, event.c.photo).where(is_event(line.event))
    row = connection.execute(told_by).one()
    here = row.photo is not None and (
        connection.scalar(select(photo.c.sha256).where(photo.c.sha256 == row.photo)) is not None
    )
    enrolment, witness, other = None, None, None
    try:
        told = parse_event(bytes(row.header), bytes(row.body) if row.body is not None else None)
        if line.state is State.ENROLLED:
            enrolment = Enrolment.parse(told.content)
            witness = _name(connection, enrolment.witness)
        else:
            other = _name(connection, FailedEnrolment.parse(told.content).other)
    except EvidenceError:
        pass  # erased by law since, or of a newer version: that it ended stands in the request itself
    return End(enrolment, witness, other, row.photo, here)


_LINES = (
    select(
        enrolment_request,
        node.c.unit,
        node.c.last_seen_ms,
        unit.c.name.label("unit_name"),
        employee.c.name,
        employee.c.nip,
    )
    .join(node, node.c.id == enrolment_request.c.node)
    .join(unit, unit.c.code == node.c.unit)
    .join(employee, employee.c.id == enrolment_request.c.employee)
)


def _line(row: Row[Any], now: datetime) -> RequestLine:
    seen = _moment(row.last_seen_ms)
    return RequestLine(
        id=row.id,
        node=row.node,
        unit=row.unit,
        unit_name=row.unit_name,
        person=row.employee,
        name=row.name,
        nip=row.nip,
        fingers=tuple(row.fingers.split()),
        legal_basis=row.legal_basis,
        notice=row.notice,
        requested_by=row.requested_by,
        state=state_of(row, int(now.timestamp() * 1000)),
        reason=row.reason,
        requested=from_ms(row.requested_ms),
        expires=from_ms(row.expires_ms),
        begun=_moment(row.begun_ms),
        ended=_moment(row.ended_ms),
        seen=seen,
        quiet=is_quiet(seen, now),
        event=row.event,
    )


def _moment(ms: int | None) -> datetime | None:
    return from_ms(ms) if ms is not None else None


def _name(connection: Connection, person: str | None) -> str | None:
    if person is None:
        return None
    return connection.scalar(select(employee.c.name).where(employee.c.id == person)) or person
