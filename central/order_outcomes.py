"""How orders ended that a node did: templates that came, went, or were looked for.

What a node tells of an order that nobody gave it, or of a place that the books give to somebody else, is for
people to look at: it stands in the log of deeds and changes nothing else.
"""

from typing import Any

from sqlalchemy import Row, select, update

from attendance.enrolment import FINGERS
from attendance.errors import MalformedError
from attendance.orders import Do
from attendance.templates import Cleared, Installed, Purged, Searched, SearchHit
from central import findings, search_orders, search_renewal, slot_history
from central.event_scribe import Scribe
from central.findings import Suspicion
from central.placement_rows import read_slots
from central.tables import placement, template, template_search

UNEXPECTED = "template-event-unexpected"
CONFLICT = "template-conflict"
INSTALLED = "template-installed"
PURGED = "template-purged"
CLEARED = "slots-cleared"

OPEN, DONE, FAILED = "open", "done", "failed"
_MAX_COUNT = 2**31 - 1


def installed(scribe: Scribe, told: Installed) -> None:
    """The template is in its slot; no finger has proven it yet."""
    order = _order(scribe, Do.INSTALL, told.order, told.person)
    if order is None:
        return
    if (order.template, order.slots) != (told.template, str(told.slot)):
        scribe.note(
            UNEXPECTED,
            told.person,
            f"{told.order} was for template {order.template} in slot {order.slots},"
            f" not {told.template} in slot {told.slot}",
        )
        return
    node = scribe.node
    held = slot_history.holders(scribe.connection, node.unit, node.id, told.slot)
    others = {holder.employee for holder in held.values()} - {told.person}
    if others:
        scribe.note(
            CONFLICT,
            told.person,
            f"{told.order} filled slot {told.slot}, held for {', '.join(sorted(others))}",
        )
        end(scribe, told.order, FAILED, "slot-in-use")
        return
    slot_history.fill(
        scribe.connection,
        node.unit,
        node.id,
        told.slot,
        told.person,
        told.finger if told.finger in FINGERS else order.finger,
        told.template,
        scribe.now_ms,
        since_ms=scribe.happened_ms,
        event=scribe.reference,
    )
    if all(holder.template != told.template for holder in held.values()):
        place = (node.id, told.slot)
        search_renewal.after_move(scribe.connection, told.template, scribe.now_ms, arrived_at=place)
    end(scribe, told.order, DONE)
    scribe.note(INSTALLED, told.person, f"template {told.template} in slot {told.slot} by {told.order}")


def purged(scribe: Scribe, told: Purged) -> None:
    """The slots are empty. An order ends when all of its slots are."""
    order = _order(scribe, Do.PURGE, told.order, told.person)
    if order is None:
        return
    ordered = set(read_slots(order.slots))
    strange = sorted(set(told.slots) - ordered)
    if strange:
        scribe.note(UNEXPECTED, told.person, f"{told.order} did not speak of the slots {strange}")
    node, connection = scribe.node, scribe.connection
    for number in sorted(ordered & set(told.slots)):
        held = slot_history.holder(connection, node.unit, node.id, number)
        if held is not None and held.employee != told.person:
            scribe.note(
                CONFLICT, told.person, f"{told.order} emptied slot {number}, held for {held.employee}"
            )
        elif held is not None:
            slot_history.vacate(connection, node.unit, node.id, number, scribe.now_ms)
            if held.template is not None:
                search_renewal.after_move(connection, held.template, scribe.now_ms, arrived_at=None)
    if ordered <= set(told.slots):
        end(scribe, told.order, DONE, order.reason)
    scribe.note(PURGED, told.person, f"slots {sorted(ordered & set(told.slots))} by {told.order}")


def cleared(scribe: Scribe, told: Cleared) -> None:
    """Slots are empty after a technician took the module; what belongs in them is planned anew."""
    node, connection = scribe.node, scribe.connection
    for number, person in sorted(told.slots.items()):
        held = slot_history.holder(connection, node.unit, node.id, number)
        if held is None:
            continue
        if held.event is None and held.employee != person:
            # Given by hand: the node may not have heard of it when it looked.
            scribe.note(CONFLICT, held.employee, f"slot {number} is empty, and was {person or 'nobody'}'s")
            continue
        slot_history.vacate(connection, node.unit, node.id, number, scribe.now_ms)
        if held.template is not None:
            search_renewal.after_move(connection, held.template, scribe.now_ms, arrived_at=None)
    emptied = ", ".join(f"{number}: {person or 'nobody'}" for number, person in sorted(told.slots.items()))
    scribe.note(CLEARED, node.id, f"empty after a technician's word: {emptied}")


def searched(scribe: Scribe, told: Searched) -> None:
    """The library was looked through. A hit on somebody else is a finding."""
    if told.library > _MAX_COUNT or any(hit.score > _MAX_COUNT for hit in told.hits):
        raise MalformedError("a search tells of impossible numbers")
    asked = (template_search.c.template == told.template) & (template_search.c.node == scribe.node.id)
    row = scribe.connection.execute(
        select(template_search.c.state, template_search.c.asked_again, template.c.employee)
        .join(template, template.c.id == template_search.c.template)
        .where(asked)
    ).one_or_none()
    given = told.template in search_orders.named_in(told.order)
    if row is None or not given or row.employee != told.person:
        scribe.note(UNEXPECTED, told.person, f"no search {told.order} for {told.template} was ordered here")
        return
    suspicions = [found for hit in told.hits if (found := _suspicion(scribe, told, hit)) is not None]
    if told.order == search_orders.order_name(told.template, row.asked_again):
        # A node may answer twice; what it once found is not taken back by a later look.
        state = "hit" if suspicions or row.state == "hit" else "clear"
        values = {"state": state, "library": told.library, "reason": "", "ended_ms": scribe.now_ms}
        scribe.connection.execute(update(template_search).where(asked).values(**values))
    for suspicion in suspicions:
        findings.open_finding(scribe.connection, suspicion, scribe.now_ms)


def end(scribe: Scribe, order: str, state: str, reason: str = "") -> None:
    """Enter how an order of `placement` ended."""
    values = {"state": state, "reason": reason[:32], "ended_ms": scribe.now_ms}
    scribe.connection.execute(update(placement).where(placement.c.id == order).values(**values))


def _order(scribe: Scribe, do: Do, name: str, person: str) -> Row[Any] | None:
    """The order that an event names, if this node was given it for this person; else it is told."""
    row = scribe.connection.execute(
        select(placement).where(
            placement.c.id == name,
            placement.c.do == do.value,
            placement.c.node == scribe.node.id,
            placement.c.employee == person,
        )
    ).one_or_none()
    if row is None:
        scribe.note(UNEXPECTED, person, f"no order {name} to {do.value} was given for this person here")
    return row


def _suspicion(scribe: Scribe, told: Searched, hit: SearchHit) -> Suspicion | None:
    """What a hit comes to: nothing where the slot that answered is the person's own after all."""
    node = scribe.node
    held = slot_history.holder(scribe.connection, node.unit, node.id, hit.slot)
    other = hit.person if hit.person is not None and scribe.knows(hit.person) else None
    if other is None and held is not None:
        other = held.employee
    if other == told.person:
        return None
    same = held is not None and held.employee == other
    return Suspicion(
        kind="search",
        employee=told.person,
        other=other,
        template=told.template,
        other_template=held.template if held is not None and same else None,
        node=node.id,
        slot=hit.slot,
        score=hit.score,
        event=scribe.reference,
        other_event=held.event if held is not None and same else None,
    )
