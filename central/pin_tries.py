"""Enters PINs that were tried and booked nothing into the log of deeds: the monthly report counts them there.

A right PIN without a witness is somebody who was at the door: their office may want to correct that day.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from attendance.chain import Event
from central import audit
from central.event_names import event_name
from central.nodes import Node
from central.tables import employee

UNWITNESSED, PAUSED = "pin-unwitnessed", "pin-paused"
_MOST_OF_A_BATCH = 20  # a node makes three a minute at most; one that was taken over shall not fill the log


def is_try(event: Event) -> bool:
    """Whether this `unmatched` event tells of a PIN that somebody should hear of; single slips are none."""
    return event.content.get("reason") in (UNWITNESSED, PAUSED)


def record(connection: Connection, node: Node, events: Sequence[Event], now_ms: int) -> None:
    """Enter the events of a batch for which `is_try` holds.

    Args:
        connection: the transaction of the batch.
        node: whose batch it is.
        events: verified.
        now_ms: central's clock.
    """
    for event in events[:_MOST_OF_A_BATCH]:
        person = event.content.get("person")
        known = isinstance(person, str) and connection.scalar(
            select(employee.c.id).where(employee.c.id == person)
        )
        audit.note(
            connection,
            now_ms,
            f"node:{node.id}",
            str(event.content["reason"]),
            str(person) if known else "",
            f"{event_name(event.node, event.epoch, event.seq)} at {event.moment.wall_ms} ms",
        )
