"""Where the events of nodes lie: written in one statement per batch, looked up by number, never altered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from attendance.chain import leaf_of
from central.tables import event

_COLUMNS = tuple(column.name for column in event.columns)
_NAMES = ", ".join(_COLUMNS)
_INSERT_SQLITE = f"INSERT INTO event ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - names are ours
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

    One prepared statement on SQLite, one with binary arrays on PostgreSQL: the ways that were measured to be
    the fastest that still refuse a number twice.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
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
