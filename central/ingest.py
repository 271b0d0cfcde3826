"""Takes in what nodes wrote: verified, stored once, and acknowledged only when it is durable.

The hot path of central. A batch is one transaction; reading and verifying happen before it, so that the lock
on the books is held for as short as can be.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Insert, String, bindparam, case, func, insert, text, update

from attendance.chain import Event, Link
from attendance.errors import EvidenceError, ForeignError, ForkError, GapError
from attendance.exchange import Batch, PackedBatch
from central import (
    audit,
    dirty_days,
    enrolment_requests,
    enrolments,
    event_store,
    nodes,
    pin_tries,
    slot_proofs,
    template_events,
)
from central.continuing import new_events
from central.database import Database, upsert
from central.event_reading import Reading, clock_sources, persons_named, read_events
from central.nodes import Node
from central.tables import checkpoint, dirty_node, fork, listening, node

_GAP_NOTED_EVERY_MS = 3_600_000
_FROM_BEFORE_MS = 60_000
# One text whatever the number of names: a list of parameters would be spelled out anew for each batch.
_KNOWN_PEOPLE = {
    "sqlite": text("SELECT id FROM employee WHERE id IN (SELECT value FROM json_each(:named))"),
    "postgresql": text("SELECT id FROM employee WHERE id IN (SELECT json_array_elements_text(:named))"),
}
_MOVE_NODE = (
    update(node)
    .where(node.c.id == bindparam("name"))
    .values(
        last_seen_ms=bindparam("seen"),
        last_event_ms=bindparam("wall"),
        reported_until_ms=bindparam("until"),
        clock_source=func.coalesce(bindparam("source", type_=String), node.c.clock_source),
    )
)


@dataclass(frozen=True, slots=True)
class _Statements:
    """Built once for each engine: building them took as long as running them."""

    move_checkpoint: Insert
    mark_node: Insert


@cache
def _statements(dialect: str) -> _Statements:
    place = upsert(dialect, checkpoint)
    span = upsert(dialect, dirty_node)
    earlier, later, new = dirty_node.c.from_ms, dirty_node.c.to_ms, span.excluded
    return _Statements(
        place.on_conflict_do_update(
            index_elements=["node", "epoch"], set_={"size": place.excluded.size, "head": place.excluded.head}
        ),
        span.on_conflict_do_update(
            index_elements=["node"],
            set_={
                "from_ms": case((earlier < new.from_ms, earlier), else_=new.from_ms),
                "to_ms": case((later > new.to_ms, later), else_=new.to_ms),
            },
        ),
    )


class EmulatedClockError(EvidenceError):
    """The node runs on an emulated clock, and this installation counts real days."""

    code = "emulated-clock"


def take_in(
    database: Database,
    known: Node,
    batch: PackedBatch,
    now_ms: int,
    *,
    accept_emulated_clocks: bool = False,
) -> Link:
    """Store what is new in a batch and say where the node's chain then stands here, durably.

    Args:
        database: the books.
        known: the node, as the door has just looked it up.
        batch: as it came; its bytes are kept where they prove a fork.
        now_ms: central's clock.
        accept_emulated_clocks: for the demo and tests.

    Raises:
        UnknownNodeError, DistrustedNodeError, ForeignError, GapError, BrokenChainError, SignatureError,
        MalformedError, OversizeError, EmulatedClockError: nothing was stored; the code names the reason.
        ForkError: nothing was added to the chain; the proof is kept and the node distrusted.
        StoreError: the database failed; nothing was stored.
    """
    while True:
        if (batch.node, batch.epoch) != (known.id, known.epoch):
            raise ForeignError(f"this is {known.id} in epoch {known.epoch}, the batch is another's")
        stored = _stored(database, batch, known.held)
        if stored.get(batch.end) == batch.last_leaf:
            return known.held
        events = _verified(database, batch, known, stored, now_ms)
        if not accept_emulated_clocks and clock_sources(events) - {"system"}:
            raise EmulatedClockError("this node says that it runs on an emulated clock")
        with database.write() as connection:
            again = nodes.find(connection, batch.node, lock=True)
            nodes.require_trusted(again)
            if again.held == known.held and again.epoch == known.epoch:
                return _store(connection, again, events, now_ms)
        # The same batch came twice at once, after a cut: the second one looks again.
        known = again


def _stored(database: Database, batch: PackedBatch, held: Link) -> dict[int, str]:
    """Leaves by number of what is held of this batch, and of the event before it."""
    if batch.start == held.size + 1:
        return {held.size: held.head}
    with database.read() as connection:
        if batch.end <= held.size:
            last = event_store.leaves(connection, held.node, held.epoch, batch.end, batch.end)
            if last[batch.end] == batch.last_leaf:
                return last
        return event_store.leaves(connection, held.node, held.epoch, batch.start - 1, batch.end)


def _verified(
    database: Database,
    packed: PackedBatch,
    known: Node,
    stored: dict[int, str],
    now_ms: int,
) -> Sequence[Event]:
    batch = Batch(packed.node, packed.epoch, packed.start, packed.events(), packed.signature)
    try:
        return new_events(batch, known.held, stored, known.event_key)
    except ForkError as error:
        _keep_fork(database, packed.data, batch, error.seq, stored[error.seq], now_ms)
        raise
    except GapError as error:
        _note_gap(database, batch, error, now_ms)
        raise


def _store(connection: Connection, known: Node, events: Sequence[Event], now_ms: int) -> Link:
    named = json.dumps(sorted(persons_named(events)))
    people = set(connection.scalars(_KNOWN_PEOPLE[connection.dialect.name], {"named": named}))
    reading = read_events(events, people, ZoneInfo(known.zone), known.reported_until_ms, now_ms)
    event_store.add(connection, reading.rows)
    _mark(connection, known, reading)
    enrolments.record(connection, known, reading.enrolments, now_ms)
    for event in reading.asked_for:
        enrolment_requests.note_event(connection, known, event, now_ms)
    template_events.record(connection, known, reading.templates, now_ms)
    pin_tries.record(connection, known, reading.pin_tries, now_ms)
    if known.unproven or reading.templates:
        slot_proofs.note_matches(connection, known, reading.rows)
    last = events[-1]
    end = Link(known.id, known.epoch, last.seq, last.leaf)
    place = {"node": end.node, "epoch": end.epoch, "size": end.size, "head": end.head}
    connection.execute(_statements(connection.dialect.name).move_checkpoint, place)
    connection.execute(
        _MOVE_NODE,
        {
            "name": known.id,
            "seen": now_ms,
            "wall": reading.last_wall_ms,
            "until": reading.reported_until_ms,
            "source": reading.clock_source,
        },
    )
    return end


def _mark(connection: Connection, known: Node, reading: Reading) -> None:
    """Say which days must be folded again; the fold itself is nobody's wait at a door.

    The node first, then the days: in the order in which the fold takes them, so that PostgreSQL never sees
    the two wait for each other.
    """
    if reading.reported_until_ms is not None:
        _mark_node(connection, known, reading)
    dirty_days.mark(connection, reading.days)
    if reading.listening:
        spans = [{"node": known.id, "from_ms": since, "to_ms": until} for since, until in reading.listening]
        connection.execute(upsert(connection.dialect.name, listening).on_conflict_do_nothing(), spans)
    for seq in reading.unreadable:
        audit.note(
            connection, reading.rows[0][-1], f"node:{known.id}", "event-unreadable", known.id, f"{seq}"
        )


def _mark_node(connection: Connection, known: Node, reading: Reading) -> None:
    """What the node now bears witness to may close days of everybody whom it serves."""
    until = reading.reported_until_ms
    assert until is not None
    starts = [since for since, _ in reading.listening]
    since = min([*starts, known.reported_until_ms or until, until]) - _FROM_BEFORE_MS
    span = {"node": known.id, "from_ms": since, "to_ms": until}
    connection.execute(_statements(connection.dialect.name).mark_node, span)


def _keep_fork(
    database: Database, data: bytes, batch: Batch, seq: int, stored_leaf: str, now_ms: int
) -> None:
    """Keep both sides: ours lies among the events, theirs as the signed bytes that prove it."""
    other = next((event.leaf for event in batch.events if event.seq == seq), batch.events[0].prev)
    reason = (
        f"two different events carry number {seq} of epoch {batch.epoch}: its card was copied or set back"
    )
    with database.write() as connection:
        connection.execute(
            insert(fork).values(
                node=batch.node,
                epoch=batch.epoch,
                seq=seq,
                leaf=other,
                stored_leaf=stored_leaf,
                batch=data,
                received_ms=now_ms,
            )
        )
        nodes.distrust(connection, batch.node, reason, now_ms, actor="central")


def _note_gap(database: Database, batch: Batch, error: GapError, now_ms: int) -> None:
    detail = f"handed in from {batch.start}, expected {error.next_seq}"
    with database.write() as connection:
        audit.note_rarely(
            connection,
            now_ms,
            f"node:{batch.node}",
            "gap",
            batch.node,
            detail,
            every_ms=_GAP_NOTED_EVERY_MS,
        )
