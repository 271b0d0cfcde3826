"""Which templates a live finger has proven: one that travelled is a promise until it has matched."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select, update

from attendance import punch
from central.nodes import Node
from central.tables import event, slot

_COLUMNS = [column.name for column in event.columns]
_TYPE, _PLACED, _PERSON, _SLOT = (_COLUMNS.index(name) for name in ("type", "placed_ms", "person", "slot"))


def note_matches(connection: Connection, known: Node, rows: Sequence[tuple[Any, ...]]) -> None:
    """Enter the first live match of each slot of this node whose template still waits for one.

    Args:
        connection: the transaction of the batch.
        known: whose batch it is.
        rows: its events, as they lie in the table `event`.
    """
    mine = and_(slot.c.unit == known.unit, slot.c.node.in_(["", known.id]))
    waiting = connection.execute(
        select(slot.c.slot, slot.c.employee, slot.c.since_ms).where(
            mine, slot.c.template.is_not(None), slot.c.proven_ms.is_(None)
        )
    ).all()
    since = {(row.slot, row.employee): row.since_ms or 0 for row in waiting}
    matched: dict[int, int] = {}
    for row in rows:
        if (
            row[_TYPE] == punch.PUNCH
            and since.get((row[_SLOT], row[_PERSON]), row[_PLACED] + 1) <= row[_PLACED]
        ):
            matched.setdefault(row[_SLOT], row[_PLACED])
    for number, at_ms in matched.items():
        place = and_(mine, slot.c.slot == number)
        connection.execute(update(slot).where(place).values(proven_ms=at_ms))
