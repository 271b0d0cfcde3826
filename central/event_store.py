"""Where the events of nodes lie: written in one statement per batch, looked up by number, never altered."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, select

from attendance.chain import leaf_of
from attendance.exchange import MAX_BATCH_EVENTS
from central.tables import event

_COLUMNS = tuple(column.name for column in event.columns)
_NAMES = ", ".join(_COLUMNS)
_ROW = f"({', '.join('?' * len(_COLUMNS))})"
_INSERT_SQLITE = f"INSERT INTO event ({_NAMES}) VALUES {_ROW}"  # noqa: S608 - names are ours
_INSERT_FULL_BATCH_SQLITE = _INSERT_SQLITE + f", {_ROW}" * (MAX_BATCH_EVENTS - 1)
_ARRAYS = {"epoch": "int", "seq": "bigint", "wall_ms": "bigint", "placed_ms": "bigint", "trusted": "int"}
_ARRAYS |= {"slot": "int", "header": "bytea", "body": "bytea", "received_ms": "bigint"}
_INSERT_POSTGRESQL = (
    f"INSERT INTO event ({_NAMES}) SELECT {_NAMES.replace('trusted', 'trusted::boolean')} FROM unnest("  # noqa: S608 - names are ours
    + ", ".join(f"%b::{_ARRAYS.get(name, 'text')}[]" for name in _COLUMNS)
    + f") AS new ({_NAMES})"
)

_HEADERS = select(event.c.seq, event.c.header).where(
    event.c.node == bindparam("node"),
    event.c.epoch == bindparam("epoch"),
    event.c.seq.between(bindparam("first"), bindparam("last")),
)


def add(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Store events, each row in the order of the table's columns.

    The ways that were measured to be the fastest that still refuse a number twice. PostgreSQL: one statement
    with binary arrays. SQLite: one statement for all rows of a full batch, which takes two thirds of the time
    that it takes row by row; a backlog comes in full batches.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite" and len(rows) == MAX_BATCH_EVENTS:
        connection.exec_driver_sql(_INSERT_FULL_BATCH_SQLITE, tuple(chain.from_iterable(rows)))
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT_SQLITE, list(rows))
    else:
        connection.exec_driver_sql(
            _INSERT_POSTGRESQL, tuple(list(column) for column in zip(*rows, strict=True))
        )


def leaves(connection: Connection, node: str, epoch: int, first: int, last: int) -> dict[int, str]:
    """The leaves of stored events by number, both ends included."""
    rows = connection.execute(_HEADERS, {"node": node, "epoch": epoch, "first": first, "last": last})
    return {row.seq: leaf_of(row.header) for row in rows}


def photo_named(connection: Connection, node: str, epoch: int, seq: int) -> str | None:
    """The hash of the photo that a stored event names; None without a photo or an event."""
    return connection.scalar(
        select(event.c.photo).where(event.c.node == node, event.c.epoch == epoch, event.c.seq == seq)
    )
