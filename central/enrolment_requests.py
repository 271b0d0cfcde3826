"""Enrolments that are started from here: an officer asks, a node does them, and what it wrote ends them.

A request waits until the node takes it, runs while the node guides the people, and ends as enrolled, refused,
expired or cancelled. What the node wrote always counts: a request that was cancelled here while the node was
finishing it ends as enrolled.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update

from attendance.body_reading import MAX_TEXT_CHARS
from attendance.chain import Event
from attendance.enrolment import BEGUN, ENROL, FAILED, FINGERS, INTENT, hand_of
from attendance.moment import from_ms
from attendance.orders import Do, Order
from central import audit
from central.event_names import event_name
from central.nodes import Node, NodeState
from central.office import Office
from central.tables import assignment, employee, enrolment_request, module, node, unit

VALID_FOR = timedelta(minutes=15)
"""From the page to the first step at the node: long enough to walk there, short enough that nobody is called
to a door where no officer stands any more."""
REQUESTED = "enrolment-requested"
CANCELLED = "enrolment-cancelled"
EXPIRED = "enrolment-expired"
ENDED = "enrolment-ended"
ODD = "enrolment-of-no-request"

_its = enrolment_request.c


class State(StrEnum):
    """How far a request is."""

    WAITING = "waiting"
    RUNNING = "running"
    ENROLLED = "enrolled"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Whether the node may still do something about it."""
        return self in (State.WAITING, State.RUNNING)


class Refusal(StrEnum):
    """Why a request is not taken; the page has the words."""

    UNKNOWN_PERSON = "unknown-person"
    NOT_HERE = "not-here"
    """No assignment today at the unit that the node serves."""
    UNKNOWN_NODE = "unknown-node"
    DISTRUSTED = "distrusted"
    RETIRED = "retired"
    NO_MODULE = "no-module"
    """The node never told of its sensor."""
    BUSY = "busy"
    """Another request is open at this node."""
    NO_FINGERS = "no-fingers"
    ONE_HAND = "one-hand"
    NO_BASIS = "no-basis"
    NO_NOTICE = "no-notice"
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the officer asks for, as it was typed.

    Attributes:
        node: id.
        person: employee id.
        fingers: two, of different hands.
        legal_basis: by which the data are kept.
        notice: version of the privacy notice that the person was given.
    """

    node: str
    person: str
    fingers: tuple[str, ...]
    legal_basis: str
    notice: str


def request(connection: Connection, wanted: Wanted, actor: str, now_ms: int) -> str | Refusal:
    """Ask a node to enrol somebody.

    Args:
        connection: the transaction.
        wanted: what is asked for.
        actor: name of the officer's account.
        now_ms: central's clock.

    Returns:
        The id of the request, or why it is none; then nothing was written.
    """
    expire(connection, now_ms)
    problem = why_not(connection, wanted, now_ms)
    if problem is not None:
        return problem
    name = f"e-{secrets.token_hex(6)}"
    connection.execute(
        insert(enrolment_request).values(
            id=name,
            node=wanted.node,
            employee=wanted.person,
            fingers=" ".join(wanted.fingers),
            legal_basis=wanted.legal_basis.strip(),
            notice=wanted.notice.strip(),
            requested_by=actor,
            state=State.WAITING,
            requested_ms=now_ms,
            expires_ms=now_ms + VALID_FOR // timedelta(milliseconds=1),
        )
    )
    audit.note(connection, now_ms, actor, REQUESTED, wanted.person, f"{name} at node {wanted.node}")
    return name


def why_not(connection: Connection, wanted: Wanted, now_ms: int) -> Refusal | None:
    """Why this can't be asked for now; None if it can."""
    return (
        _problem_of_words(wanted)
        or _problem_of_node(connection, wanted.node, now_ms)
        or _problem_of_person(connection, wanted, now_ms)
    )


def cancel(connection: Connection, name: str, actor: str, now_ms: int) -> bool:
    """Take a request back; False where it had ended already.

    A node that is doing it stops at its next contact, and nothing is left of it there.
    """
    row = _row(connection, name)
    if row is None or not state_of(row, now_ms).open:
        return False
    connection.execute(update(enrolment_request).where(_its.id == name).values(_end(State.CANCELLED, now_ms)))
    audit.note(connection, now_ms, actor, CANCELLED, row.employee, f"{name} at node {row.node}")
    return True


def open_for(connection: Connection, node_id: str, now_ms: int) -> list[Order]:
    """The orders for one node: what waits and is not too old, and what it does now."""
    query = (
        select(enrolment_request, employee.c.name)
        .join(employee, employee.c.id == _its.employee)
        .where(_its.node == node_id, _is_open(now_ms))
        .order_by(_its.requested_ms, _its.id)
    )
    return [
        Order(
            row.id,
            Do.ENROL,
            row.employee,
            row.name,
            fingers=tuple(row.fingers.split()),
            legal_basis=row.legal_basis,
            notice=row.notice,
            expires_ms=row.expires_ms,
        )
        for row in connection.execute(query)
    ]


def note_event(connection: Connection, known: Node, event: Event, now_ms: int) -> None:
    """Follow what a node wrote about a request. Those of other nodes and other people are not touched.

    Args:
        connection: the transaction of the batch.
        known: whose event it is.
        event: of one of `attendance.enrolment.TYPES` and with a request, verified; its body may be anything.
        now_ms: central's clock.
    """
    name = event.content.get("request")
    row = _row(connection, str(name)[:64])
    person = event.content.get("person")
    if row is None or (row.node, row.employee) != (known.id, person):
        detail = f"event {event.seq} names {str(name)[:64]!r} for {str(person)[:32]!r}"
        audit.note(connection, now_ms, f"node:{known.id}", ODD, known.id, detail)
        return
    values = _moved(State(row.state), event, now_ms)
    if values:
        connection.execute(update(enrolment_request).where(_its.id == row.id).values(values))
    if "event" in values:
        detail = f"{row.id} at node {known.id}: {values['state']} {values.get('reason', '')}".rstrip()
        audit.note(connection, now_ms, f"node:{known.id}", ENDED, row.employee, detail)


def expire(connection: Connection, now_ms: int) -> None:
    """Write down which requests were never taken in time."""
    for row in connection.execute(select(enrolment_request).where(_is_over(now_ms))).all():
        connection.execute(
            update(enrolment_request).where(_its.id == row.id).values(_end(State.EXPIRED, row.expires_ms))
        )
        audit.note(connection, now_ms, "central", EXPIRED, row.employee, f"{row.id} at node {row.node}")


def expire_due(office: Office) -> None:
    """The same, without a transaction where there is nothing to do.

    Raises:
        StoreError: the database failed.
    """
    now_ms = office.clock.now_ms()
    with office.database.read() as connection:
        due = connection.scalar(select(_its.id).where(_is_over(now_ms)).limit(1)) is not None
    if due:
        with office.database.write() as connection:
            expire(connection, now_ms)


def state_of(row: Row[tuple[object, ...]], now_ms: int) -> State:
    """The state of a request at this moment, also where nobody has written down yet that it expired."""
    state = State(row.state)
    return State.EXPIRED if state is State.WAITING and row.expires_ms < now_ms else state


def _moved(state: State, event: Event, now_ms: int) -> dict[str, object]:
    """What an event changes of a request in this state."""
    told = event_name(event.node, event.epoch, event.seq)
    if event.type in (BEGUN, INTENT):
        # One that had expired here was begun in time by the node's clock, which is trusted for that. One that
        # was cancelled stays so, or the order would go out to the node once more.
        late = state in (State.WAITING, State.EXPIRED)
        return {"state": State.RUNNING, "begun_ms": now_ms, "ended_ms": None} if late else {}
    if event.type == ENROL:
        return {**_end(State.ENROLLED, now_ms), "reason": "", "event": told}
    if event.type != FAILED or state in (State.ENROLLED, State.REFUSED):
        return {}
    reason = str(event.content.get("reason"))[:32]
    ended = State.EXPIRED if reason == "expired" else State.REFUSED
    if state is State.CANCELLED:
        ended = State.CANCELLED
    return {**_end(ended, now_ms), "reason": reason, "event": told}


def _problem_of_words(wanted: Wanted) -> Refusal | None:
    if len(wanted.fingers) != 2 or any(finger not in FINGERS for finger in wanted.fingers):
        return Refusal.NO_FINGERS
    if hand_of(wanted.fingers[0]) == hand_of(wanted.fingers[1]):
        return Refusal.ONE_HAND
    for text, missing in ((wanted.legal_basis, Refusal.NO_BASIS), (wanted.notice, Refusal.NO_NOTICE)):
        if not text.strip() or not text.isprintable():
            return missing
        if len(text.strip()) > MAX_TEXT_CHARS:
            return Refusal.TOO_LONG
    return None


def _problem_of_node(connection: Connection, name: str, now_ms: int) -> Refusal | None:
    row = connection.execute(
        select(node.c.state, module.c.node.label("told"))
        .outerjoin(module, module.c.node == node.c.id)
        .where(node.c.id == name)
        .with_for_update(of=node)
    ).one_or_none()
    if row is None:
        return Refusal.UNKNOWN_NODE
    if row.state != NodeState.ACTIVE:
        return Refusal.RETIRED if row.state == NodeState.RETIRED else Refusal.DISTRUSTED
    if row.told is None:
        return Refusal.NO_MODULE
    others = select(_its.id).where(_its.node == name, _is_open(now_ms)).limit(1)
    return Refusal.BUSY if connection.scalar(others) is not None else None


def _problem_of_person(connection: Connection, wanted: Wanted, now_ms: int) -> Refusal | None:
    known = select(employee.c.id).where(employee.c.id == wanted.person)
    if connection.scalar(known) is None:
        return Refusal.UNKNOWN_PERSON
    home = connection.execute(
        select(unit.c.code, unit.c.zone)
        .join(node, node.c.unit == unit.c.code)
        .where(node.c.id == wanted.node)
    ).one()
    today = from_ms(now_ms).astimezone(ZoneInfo(home.zone)).date()
    works_here = select(assignment.c.employee).where(
        assignment.c.employee == wanted.person,
        assignment.c.unit == home.code,
        assignment.c.valid_from <= today,
        assignment.c.valid_to.is_(None) | (assignment.c.valid_to >= today),
    )
    return Refusal.NOT_HERE if connection.scalar(works_here.limit(1)) is None else None


def _is_open(now_ms: int) -> ColumnElement[bool]:
    return or_(_its.state == State.RUNNING, (_its.state == State.WAITING) & (_its.expires_ms >= now_ms))


def _is_over(now_ms: int) -> ColumnElement[bool]:
    return (_its.state == State.WAITING) & (_its.expires_ms < now_ms)


def _row(connection: Connection, name: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(enrolment_request).where(_its.id == name)).one_or_none()


def _end(state: State, at_ms: int) -> dict[str, object]:
    return {"state": state, "ended_ms": at_ms}
