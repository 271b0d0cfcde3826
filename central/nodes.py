"""The nodes that central knows, and how far it trusts each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, update

from attendance.chain import GENESIS, Link
from attendance.errors import EvidenceError, HadirError
from attendance.moment import from_ms
from central import audit, dirty_days
from central.tables import checkpoint, node, slot, unit

_SEEN_EVERY_MS = 30_000
_UNKNOWN_EVERY_MS = 60_000
RETIRED_WELL = "retired"
"""Reason of a node that was trusted when it was retired; a distrusted one keeps the reason for that."""


class NodeState(StrEnum):
    """How far a node is trusted."""

    ACTIVE = "active"
    DISTRUSTED = "distrusted"
    """Two of it exist, or it broke its word: nothing more is taken from it until a person has looked."""
    RETIRED = "retired"


class UnknownNodeError(EvidenceError):
    """No node of this name was ever claimed here."""

    code = "unknown-node"


class DistrustedNodeError(EvidenceError):
    """The node is known and not trusted any more."""

    code = "node-distrusted"


class NodeStateError(HadirError):
    """What is asked does not fit the state of the node; the sentence is for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Node:
    """A claimed node, as far as its door needs to know it.

    Attributes:
        zone: of its unit.
        held: where the chain of its epoch stands here, durably.
        unproven: some template that travelled to it waits for its first live match.
    """

    id: str
    unit: str
    zone: str
    event_key: str
    transport_key: str
    epoch: int
    state: NodeState
    last_seen_ms: int | None
    reported_until_ms: int | None
    held: Link
    unproven: bool = False


# Made once: the door asks it for every request.
_FIND = (
    select(
        node.c.id,
        node.c.unit,
        unit.c.zone,
        node.c.event_key,
        node.c.transport_key,
        node.c.epoch,
        node.c.state,
        node.c.last_seen_ms,
        node.c.reported_until_ms,
        func.coalesce(checkpoint.c.size, 0),
        func.coalesce(checkpoint.c.head, GENESIS),
        # Asked along, so that a batch of a node where nothing waits pays nothing for it.
        exists().where(
            slot.c.unit == node.c.unit,
            or_(slot.c.node == "", slot.c.node == node.c.id),
            slot.c.template.is_not(None),
            slot.c.proven_ms.is_(None),
        ),
    )
    .select_from(
        node.join(unit, unit.c.code == node.c.unit).outerjoin(
            checkpoint, and_(checkpoint.c.node == node.c.id, checkpoint.c.epoch == node.c.epoch)
        )
    )
    .where(node.c.id == bindparam("name"))
)
_LOCK = select(node.c.id).where(node.c.id == bindparam("name")).with_for_update()


def find(connection: Connection, name: str, *, lock: bool = False) -> Node:
    """Look a node up.

    Args:
        connection: a transaction.
        name: the node's id.
        lock: keep others from changing it until the transaction ends (SQLite's writers are alone anyway).

    Raises:
        UnknownNodeError: never claimed.
    """
    if lock and connection.dialect.name != "sqlite":
        # A statement of its own: PostgreSQL would join the row it waited for with an older checkpoint.
        connection.execute(_LOCK, {"name": name})
    row = connection.execute(_FIND, {"name": name}).one_or_none()
    if row is None:
        raise UnknownNodeError(f"no node {name[:16]!r} was claimed here")
    return Node(
        *row[:6], NodeState(row[6]), row[7], row[8], Link(row[0], row[5], row[9], row[10]), bool(row[11])
    )


def require_trusted(found: Node) -> None:
    """Refuse a node that is distrusted or retired.

    Raises:
        DistrustedNodeError: naming its state.
    """
    if found.state is not NodeState.ACTIVE:
        raise DistrustedNodeError(f"node {found.id} is {found.state.value}: ask the administrator")


def held(connection: Connection, name: str, epoch: int) -> Link:
    """How much of a node's chain central holds durably."""
    row = connection.execute(
        select(checkpoint.c.size, checkpoint.c.head).where(
            checkpoint.c.node == name, checkpoint.c.epoch == epoch
        )
    ).one_or_none()
    return Link(name, epoch, row.size, row.head) if row is not None else Link(name, epoch)


def distrust(connection: Connection, name: str, reason: str, now_ms: int, *, actor: str) -> None:
    """Take nothing more from a node until a person has looked."""
    connection.execute(
        update(node).where(node.c.id == name).values(state=NodeState.DISTRUSTED.value, state_reason=reason)
    )
    dirty_days.mark_served_by(connection, name)
    audit.note(connection, now_ms, actor, "node-distrusted", name, reason)


def trust_again(connection: Connection, name: str, reason: str, now_ms: int, *, actor: str) -> None:
    """Take a distrusted node back, after a person has looked.

    Raises:
        NodeStateError: never claimed here, not distrusted, or no reason is given.
    """
    found = _named(connection, name)
    if found.state is not NodeState.DISTRUSTED:
        raise NodeStateError(
            f"Alat {found.id} berstatus {found.state.value}; hanya alat distrusted dapat dipercaya lagi."
        )
    if not reason.strip():
        raise NodeStateError("Alasan kosong: tulis apa yang diperiksa dan oleh siapa.")
    before = connection.scalar(select(node.c.state_reason).where(node.c.id == found.id))
    connection.execute(
        update(node).where(node.c.id == found.id).values(state=NodeState.ACTIVE.value, state_reason="")
    )
    dirty_days.mark_served_by(connection, found.id)
    audit.note(connection, now_ms, actor, "node-trusted", found.id, f"{reason.strip()} (before: {before})")


def retire(connection: Connection, name: str, now_ms: int, *, actor: str) -> None:
    """Take a node out of service. It can't be used again without a new key.

    Days on which it was in service still need its word: it may hold punches that it never handed in.

    Raises:
        NodeStateError: never claimed here, or retired already.
    """
    found = _named(connection, name)
    if found.state is NodeState.RETIRED:
        raise NodeStateError(f"Alat {found.id} sudah diberhentikan.")
    values = {"state": NodeState.RETIRED.value, "retired_at_ms": now_ms}
    if found.state is NodeState.ACTIVE:
        values["state_reason"] = RETIRED_WELL
    connection.execute(update(node).where(node.c.id == found.id).values(**values))
    dirty_days.mark_served_by(connection, found.id)
    audit.note(connection, now_ms, actor, "node-retired", found.id, f"before: {found.state.value}")


def retirements(connection: Connection) -> dict[str, datetime]:
    """When each retired node was taken out of service."""
    query = select(node.c.id, node.c.retired_at_ms).where(node.c.retired_at_ms.is_not(None))
    return {row.id: from_ms(row.retired_at_ms) for row in connection.execute(query)}


def seen_lately(found: Node, now_ms: int) -> bool:
    """Whether noting that it was seen can wait: a write for every request would wear the disk for nothing."""
    return found.last_seen_ms is not None and abs(now_ms - found.last_seen_ms) < _SEEN_EVERY_MS


def note_seen(connection: Connection, name: str, now_ms: int) -> None:
    """The node spoke, whatever it said."""
    connection.execute(update(node).where(node.c.id == name).values(last_seen_ms=now_ms))


def note_unknown(connection: Connection, name: str, now_ms: int) -> None:
    """Name a stranger at the door; at most one entry a minute, or strangers could fill the disk."""
    audit.note_rarely(
        connection,
        now_ms,
        "stranger",
        "unknown-node",
        name[:32],
        every_ms=_UNKNOWN_EVERY_MS,
        any_subject=True,
    )


def note_status(
    connection: Connection,
    name: str,
    now_ms: int,
    *,
    backlog: int | None,
    photo_backlog: int | None,
    software: str,
) -> None:
    """Keep what a node says of itself; for display only, nothing is decided by it."""
    connection.execute(
        update(node)
        .where(node.c.id == name)
        .values(last_seen_ms=now_ms, backlog=backlog, photo_backlog=photo_backlog, software=software)
    )


def _named(connection: Connection, name: str) -> Node:
    """A node that a person names, refused in their words; `find` speaks to nodes."""
    try:
        return find(connection, name, lock=True)
    except UnknownNodeError as error:
        raise NodeStateError(f"Alat {name[:16]} tidak dikenal di sini.") from error
