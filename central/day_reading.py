"""Reads what a day is folded from: punches of its people, and what nodes bear witness to."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select

from attendance.coverage import NodeWitness, Span
from attendance.day import DayPunch
from attendance.moment import from_ms, to_ms
from central.event_names import event_name
from central.nodes import RETIRED_WELL, NodeState
from central.tables import event, listening, node

# From noon two days before to noon two days after in UTC: every shift of that day, in any zone.
_AROUND = timedelta(hours=36)
_LONGEST_SPAN = timedelta(hours=1)


def punches_by_person(
    connection: Connection, day: date, people: Collection[str]
) -> Mapping[str, tuple[DayPunch, ...]]:
    """The punches around a day by person; which of them belong to it is for the rules to say."""
    first, last = _around(day)
    columns = (event.c.placed_ms, event.c.trusted, event.c.node, event.c.epoch, event.c.seq, event.c.slot)
    query = (
        select(event.c.person, *columns)
        .where(
            event.c.person.in_(people),
            event.c.type == "punch",
            event.c.placed_ms >= to_ms(first),
            event.c.placed_ms < to_ms(last),
        )
        .order_by(event.c.placed_ms)
    )
    found: dict[str, tuple[DayPunch, ...]] = {}
    for row in connection.execute(query):
        reference = event_name(row.node, row.epoch, row.seq)
        punch = DayPunch(from_ms(row.placed_ms), row.trusted, reference, by_pin=row.slot is None)
        found[row.person] = (*found.get(row.person, ()), punch)
    return found


def witnesses(connection: Connection, day: date, names: Collection[str]) -> Mapping[str, NodeWitness]:
    """What each of these nodes bears witness to around a day.

    A node that was claimed only later could not hold a punch of that day and is left out.
    """
    first, last = _around(day)
    spans: dict[str, list[Span]] = {name: [] for name in names}
    rows = connection.execute(
        select(listening)
        .where(
            listening.c.node.in_(names),
            listening.c.from_ms >= to_ms(first - _LONGEST_SPAN),
            listening.c.from_ms < to_ms(last),
        )
        .order_by(listening.c.from_ms)
    )
    for row in rows:
        _extend(spans[row.node], Span(from_ms(row.from_ms), from_ms(row.to_ms)))
    watermarks = connection.execute(
        select(node.c.id, node.c.reported_until_ms, node.c.state, node.c.state_reason).where(
            node.c.id.in_(names), node.c.claimed_at_ms < to_ms(last - _AROUND)
        )
    )
    return {
        row.id: NodeWitness(
            row.id,
            from_ms(row.reported_until_ms)
            if row.reported_until_ms is not None and _believed(row.state, row.state_reason)
            else None,
            tuple(spans[row.id]),
        )
        for row in watermarks
    }


def _believed(state: str, reason: str) -> bool:
    """What a distrusted node says closes nothing: its copy may have seen what it has not."""
    return state == NodeState.ACTIVE or (state == NodeState.RETIRED and reason == RETIRED_WELL)


def _extend(spans: list[Span], span: Span) -> None:
    """Add a span, joined with the last one where they touch: a day then has a few instead of hundreds."""
    if spans and span.start <= spans[-1].end:
        spans[-1] = Span(spans[-1].start, max(spans[-1].end, span.end))
    else:
        spans.append(span)


def _around(day: date) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    return midnight - _AROUND, midnight + timedelta(days=1) + _AROUND
