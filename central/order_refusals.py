"""Orders that a node will not do as they stand, and what that means for each kind."""

import re

from sqlalchemy import select, update

from attendance.orders import Do
from attendance.templates import OrderFailed
from central import search_orders, slot_history
from central.database import upsert
from central.event_scribe import Scribe
from central.order_outcomes import FAILED, OPEN, UNEXPECTED, end
from central.placement_rows import STATED
from central.tables import export_refusal, placement, template_search

REFUSED = "order-failed"
_EXPORT = re.compile("x-([0-9]{1,5})-[0-9a-f]{8}")
_MAX_REASON_CHARS = 32


def failed(scribe: Scribe, told: OrderFailed) -> None:
    """Enter a refusal where its order stands."""
    kind = told.order.partition("-")[0]
    entered = {
        "i": _placement,
        "p": _placement,
        "s": _search,
        "x": _export,
    }.get(kind)
    if entered is None or not entered(scribe, told):
        scribe.note(UNEXPECTED, told.person, f"the order {told.order} that failed was not given here")
        return
    scribe.note(REFUSED, told.person, f"{told.order}: {told.reason} {told.detail}".rstrip())


def _placement(scribe: Scribe, told: OrderFailed) -> bool:
    order = scribe.connection.execute(
        select(placement.c.state).where(
            placement.c.id == told.order,
            placement.c.do.in_([Do.INSTALL.value, Do.PURGE.value]),
            placement.c.node == scribe.node.id,
            placement.c.employee == told.person,
        )
    ).one_or_none()
    if order is not None and order.state == OPEN:
        end(scribe, told.order, FAILED, told.reason)
    elif order is not None and order.state == STATED:
        end(scribe, told.order, "withdrawn", told.reason)  # people have answered for it; nobody asks again
    return order is not None


def _search(scribe: Scribe, told: OrderFailed) -> bool:
    row = scribe.connection.execute(
        select(template_search).where(
            template_search.c.template.in_(search_orders.named_in(told.order)),
            template_search.c.node == scribe.node.id,
        )
    ).one_or_none()
    if row is None:
        return False
    newest = told.order == search_orders.order_name(row.template, row.asked_again)
    if row.state == "waiting" and newest:
        asked = (template_search.c.template == row.template) & (template_search.c.node == scribe.node.id)
        values = {
            "state": "refused",
            "reason": told.reason[:_MAX_REASON_CHARS],
            "ended_ms": scribe.now_ms,
        }
        scribe.connection.execute(update(template_search).where(asked).values(**values))
    return True


def _export(scribe: Scribe, told: OrderFailed) -> bool:
    """Not asked for again until somebody else holds the slot, or another template is in it."""
    match = _EXPORT.fullmatch(told.order)
    if match is None:
        return False
    number, node = int(match[1]), scribe.node
    held = slot_history.holder(scribe.connection, node.unit, node.id, number)
    if held is None or held.employee != told.person:
        return False
    values = {
        "employee": told.person,
        "reason": told.reason[:_MAX_REASON_CHARS],
        "at_ms": scribe.now_ms,
    }
    scribe.connection.execute(
        upsert(scribe.connection.dialect.name, export_refusal)
        .values(node=node.id, slot=number, **values)
        .on_conflict_do_update(index_elements=["node", "slot"], set_=values)
    )
    return True
