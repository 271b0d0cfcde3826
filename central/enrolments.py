"""What nodes enrolled on their own: their slots enter the books, and what contradicts the books is a finding.

A slot that the books give to somebody else is never taken from them here: people decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from attendance.chain import Event
from attendance.enrolment import FAILED, Enrolment, FailedEnrolment
from attendance.errors import MalformedError
from central import audit
from central.nodes import Node
from central.tables import employee, slot

CONFLICT = "enrolment-conflict"
UNKNOWN_PERSON = "enrolment-unknown-person"
UNREADABLE = "enrolment-unreadable"
OF_ANOTHER = "enrolment-finger-of-another"
WITHOUT_WITNESS = "enrolment-without-witness"
ENROLLED = "slot-enrolled"
EMPTIED = "slot-emptied"


@dataclass(frozen=True, slots=True)
class _Scribe:
    """Writes for one enrolment of one node, in the transaction of its batch."""

    connection: Connection
    node: Node
    seq: int
    person: str
    now_ms: int

    def note(self, action: str, detail: str) -> None:
        audit.note(
            self.connection,
            self.now_ms,
            f"node:{self.node.id}",
            action,
            self.person,
            f"{self.node.unit}/{self.node.id}, event {self.seq}: {detail}",
        )


def record(connection: Connection, node: Node, events: Sequence[Event], now_ms: int) -> None:
    """Enter the enrolments of a batch.

    Args:
        connection: the transaction of the batch.
        node: whose batch it is.
        events: its events that tell how an enrolment ended, verified.
        now_ms: central's clock.
    """
    for event in events:
        try:
            if event.type == FAILED:
                failed = FailedEnrolment.parse(event.content)
                _take_back(_Scribe(connection, node, event.seq, failed.person, now_ms), failed)
            else:
                enrolment = Enrolment.parse(event.content)
                _enter(_Scribe(connection, node, event.seq, enrolment.person, now_ms), enrolment)
        except MalformedError as error:
            _Scribe(connection, node, event.seq, "", now_ms).note(UNREADABLE, str(error))


def _enter(scribe: _Scribe, enrolment: Enrolment) -> None:
    known = scribe.connection.scalar(select(employee.c.id).where(employee.c.id == enrolment.person))
    if known is None:
        scribe.note(UNKNOWN_PERSON, "nobody in the books has this id; no slot is entered")
        return
    if enrolment.witness is None:
        scribe.note(WITHOUT_WITNESS, enrolment.witness_missing or "no reason given")
    for finger in enrolment.fingers:
        for number in finger.replaced:
            _empty(scribe, number, "was replaced")
        _fill(scribe, finger.slot, finger.finger)


def _take_back(scribe: _Scribe, failed: FailedEnrolment) -> None:
    """Nothing of it is left at the node, whatever was entered of an enrolment that nobody confirmed."""
    for number in failed.slots:
        _empty(scribe, number, "was taken back")
    if failed.other is not None:
        scribe.note(OF_ANOTHER, f"a finger of {failed.other} in slot {failed.other_slot} was offered")


def _fill(scribe: _Scribe, number: int, finger: str) -> None:
    holders = _holders(scribe, number)
    others = {holder for holder in holders.values() if holder != scribe.person}
    if others:
        scribe.note(CONFLICT, f"slot {number} ({finger}) is held for {', '.join(sorted(others))}")
    elif not holders:
        scribe.connection.execute(
            insert(slot).values(
                unit=scribe.node.unit, node=scribe.node.id, slot=number, employee=scribe.person
            )
        )
        scribe.note(ENROLLED, f"slot {number} ({finger})")


def _empty(scribe: _Scribe, number: int, why: str) -> None:
    """A template of this person is gone. An entry for every node of the unit stays: others may hold it."""
    if _holders(scribe, number).get(scribe.node.id) == scribe.person:
        place = (slot.c.unit == scribe.node.unit) & (slot.c.node == scribe.node.id) & (slot.c.slot == number)
        scribe.connection.execute(delete(slot).where(place))
        scribe.note(EMPTIED, f"slot {number} {why}")


def _holders(scribe: _Scribe, number: int) -> dict[str, str]:
    """Who holds this slot, by node; "" stands for every node of the unit."""
    rows = scribe.connection.execute(
        select(slot.c.node, slot.c.employee).where(
            slot.c.unit == scribe.node.unit,
            slot.c.node.in_(["", scribe.node.id]),
            slot.c.slot == number,
        )
    )
    return {row.node: row.employee for row in rows}
