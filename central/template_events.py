"""Enters what nodes tell of their module and of the orders that they were given.

What can't be read, or contradicts the books, is named in the log of deeds and changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from attendance import templates
from attendance.chain import Event
from attendance.errors import MalformedError
from attendance.templates import Cleared, Installed, Module, OrderFailed, Purged, Searched
from central import module_events, order_outcomes, order_refusals
from central.event_scribe import Scribe
from central.nodes import Node

UNREADABLE = "template-event-unreadable"


def _module(scribe: Scribe, body: Mapping[str, Any]) -> None:
    module_events.enter(scribe, Module.parse(body))


def _installed(scribe: Scribe, body: Mapping[str, Any]) -> None:
    order_outcomes.installed(scribe, Installed.parse(body))


def _searched(scribe: Scribe, body: Mapping[str, Any]) -> None:
    order_outcomes.searched(scribe, Searched.parse(body))


def _purged(scribe: Scribe, body: Mapping[str, Any]) -> None:
    order_outcomes.purged(scribe, Purged.parse(body))


def _failed(scribe: Scribe, body: Mapping[str, Any]) -> None:
    order_refusals.failed(scribe, OrderFailed.parse(body))


def _cleared(scribe: Scribe, body: Mapping[str, Any]) -> None:
    order_outcomes.cleared(scribe, Cleared.parse(body))


_ENTER: Mapping[str, Callable[[Scribe, Mapping[str, Any]], None]] = {
    templates.MODULE: _module,
    templates.INSTALLED: _installed,
    templates.SEARCHED: _searched,
    templates.PURGED: _purged,
    templates.ORDER_FAILED: _failed,
    templates.CLEARED: _cleared,
}


def record(connection: Connection, node: Node, events: Sequence[Event], now_ms: int) -> None:
    """Enter the events of a batch whose types are `attendance.templates.TYPES`.

    Args:
        connection: the transaction of the batch.
        node: whose batch it is, as it stood before.
        events: verified, in their order.
        now_ms: central's clock.
    """
    for event in events:
        scribe = Scribe(connection, node, event, now_ms)
        try:
            _ENTER[event.type](scribe, event.content)
        except MalformedError as error:
            scribe.note(UNREADABLE, node.id, str(error))
