"""What nodes enrolled on their own: their slots enter the books, and what contradicts the books is a finding.

A slot that the books give to somebody else is never taken from them here: people decide.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from attendance.chain import Event
from attendance.enrolment import FAILED, Enrolment, FailedEnrolment
from attendance.errors import MalformedError
from central import findings, slot_history
from central.csv_reading import Outcome
from central.event_scribe import Scribe
from central.findings import Suspicion
from central.nodes import Node

CONFLICT = "enrolment-conflict"
UNKNOWN_PERSON = "enrolment-unknown-person"
UNREADABLE = "enrolment-unreadable"
OF_ANOTHER = "enrolment-finger-of-another"
WITHOUT_WITNESS = "enrolment-without-witness"
ENROLLED = "slot-enrolled"
EMPTIED = "slot-emptied"


def record(connection: Connection, node: Node, events: Sequence[Event], now_ms: int) -> None:
    """Enter the enrolments of a batch.

    Args:
        connection: the transaction of the batch.
        node: whose batch it is.
        events: its events that tell how an enrolment ended, verified.
        now_ms: central's clock.
    """
    for event in events:
        scribe = Scribe(connection, node, event, now_ms)
        try:
            if event.type == FAILED:
                _take_back(scribe, FailedEnrolment.parse(event.content))
            else:
                _enter(scribe, Enrolment.parse(event.content))
        except MalformedError as error:
            scribe.note(UNREADABLE, "", str(error))


def _enter(scribe: Scribe, enrolment: Enrolment) -> None:
    person = enrolment.person
    if not scribe.knows(person):
        scribe.note(UNKNOWN_PERSON, person, "nobody in the books has this id; no slot is entered")
        return
    if enrolment.witness is None:
        scribe.note(WITHOUT_WITNESS, person, enrolment.witness_missing or "no reason given")
    for finger in enrolment.fingers:
        for number in finger.replaced:
            _empty(scribe, person, number, "was replaced")
        _fill(scribe, person, finger.slot, finger.finger)


def _take_back(scribe: Scribe, failed: FailedEnrolment) -> None:
    """Nothing of it is left at the node, whatever was entered of an enrolment that nobody confirmed."""
    for number in failed.slots:
        _empty(scribe, failed.person, number, "was taken back")
    if failed.other is not None:
        detail = f"a finger of {failed.other} in slot {failed.other_slot} was offered"
        scribe.note(OF_ANOTHER, failed.person, detail)
        _suspect(scribe, failed, failed.other)


def _suspect(scribe: Scribe, failed: FailedEnrolment, other: str) -> None:
    """Somebody's finger was offered for somebody else: that is for people to look at."""
    node, held = scribe.node, None
    if failed.other_slot is not None:
        held = slot_history.holder(scribe.connection, node.unit, node.id, failed.other_slot)
    if held is not None and held.employee != other:
        held = None
    if not scribe.knows(failed.person) or failed.person == other:
        return
    told = Suspicion(
        kind="enrolment",
        employee=failed.person,
        other=other if scribe.knows(other) else None,
        template=None,
        other_template=held.template if held is not None else None,
        node=node.id,
        slot=failed.other_slot,
        score=None,
        event=scribe.reference,
        other_event=held.event if held is not None else None,
        photo=scribe.event.photo,
    )
    findings.open_finding(scribe.connection, told, scribe.now_ms)


def _fill(scribe: Scribe, person: str, number: int, finger: str) -> None:
    node = scribe.node
    holders = slot_history.holders(scribe.connection, node.unit, node.id, number)
    others = {held.employee for held in holders.values()} - {person}
    if others:
        scribe.note(CONFLICT, person, f"slot {number} ({finger}) is held for {', '.join(sorted(others))}")
        return
    # An entry for the whole unit says already that it is theirs, and tells more nodes than this one.
    where = node.id if node.id in holders or not holders else slot_history.WHOLE_UNIT
    outcome = slot_history.fill(
        scribe.connection,
        node.unit,
        where,
        number,
        person,
        finger,
        None,
        scribe.now_ms,
        since_ms=scribe.happened_ms,
        proven_ms=scribe.now_ms,  # nothing is enrolled before live touches have matched it
        event=scribe.reference,
    )
    if outcome is Outcome.NEW:
        scribe.note(ENROLLED, person, f"slot {number} ({finger})")


def _empty(scribe: Scribe, person: str, number: int, why: str) -> None:
    """A template of this person is gone from this node."""
    node = scribe.node
    held = slot_history.holder(scribe.connection, node.unit, node.id, number)
    if held is not None and held.employee == person:
        slot_history.vacate(scribe.connection, node.unit, node.id, number, scribe.now_ms)
        scribe.note(EMPTIED, person, f"slot {number} {why}")
