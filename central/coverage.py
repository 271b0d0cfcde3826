"""How complete the books are: offices listened to, nodes gone quiet, punches that nobody owns."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select

from attendance.coverage import Span, uncovered
from attendance.moment import from_ms
from central.day_reading import witnesses
from central.event_names import event_name
from central.nodes import NodeState
from central.tables import attendance_day, event, node, unit

QUIET_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class NodeCoverage:
    """How much of a span of time one node listened through.

    Attributes:
        percent: 0 to 100, rounded down, so that 100 means all of it.
        reported_until: central holds everything of it up to here.
    """

    node: str
    percent: int
    reported_until: datetime | None


@dataclass(frozen=True, slots=True)
class UnitCoverage:
    """How complete one office's day is.

    Attributes:
        percent: of the nodes' time, rounded down; None where the office has no node.
        people: with a row for that day. settled: of them, those whose day nothing can change any more.
    """

    unit: str
    day: date
    percent: int | None
    people: int
    settled: int
    nodes: tuple[NodeCoverage, ...]


@dataclass(frozen=True, slots=True)
class QuietNode:
    """A node that should speak and does not.

    Attributes:
        since: when it last did; None if it never did.
    """

    node: str
    unit: str
    state: NodeState
    since: datetime | None


@dataclass(frozen=True, slots=True)
class NobodysPunch:
    """A stored punch that no known person owns: an unmapped slot, or somebody who was never imported."""

    event: str
    unit: str
    slot: int | None
    at: datetime
    photo: str | None


def unit_coverage(connection: Connection, day: date, window: Span) -> list[UnitCoverage]:
    """Each office's day.

    Args:
        connection: for reading.
        day: which.
        window: the time that counts; hand in no more of today than has passed.
    """
    homes: dict[str, str] = {
        row.id: row.unit
        for row in connection.execute(
            select(node.c.id, node.c.unit).where(node.c.state != NodeState.RETIRED.value)
        )
    }
    testimony = witnesses(connection, day, homes.keys())
    silences = {
        name: sum((gap.end - gap.start for gap in uncovered(window, witness.spans)), timedelta())
        for name, witness in testimony.items()
    }
    counts: dict[str, Any] = {row.unit: row for row in connection.execute(_settled_query(day))}
    whole = window.end - window.start
    result = []
    for code in connection.scalars(select(unit.c.code).order_by(unit.c.code)):
        mine = sorted(name for name in testimony if homes[name] == code)
        lines = tuple(
            NodeCoverage(name, _percent(silences[name], whole), testimony[name].reported_until)
            for name in mine
        )
        silent = sum((silences[name] for name in mine), timedelta())
        percent = _percent(silent, whole * len(mine)) if mine else None
        found = counts.get(code)
        people, settled = (found.people, int(found.settled)) if found is not None else (0, 0)
        result.append(UnitCoverage(code, day, percent, people, settled, lines))
    return result


def quiet_nodes(connection: Connection, now: datetime, after: timedelta = QUIET_AFTER) -> list[QuietNode]:
    """Nodes that have not spoken for a while, the longest silence first; distrusted ones are always named."""
    found = []
    query = select(node.c.id, node.c.unit, node.c.state, node.c.last_seen_ms)
    for row in connection.execute(query.where(node.c.state != NodeState.RETIRED.value)):
        since = from_ms(row.last_seen_ms) if row.last_seen_ms is not None else None
        if since is None or now - since > after or row.state != NodeState.ACTIVE.value:
            found.append(QuietNode(row.id, row.unit, NodeState(row.state), since))
    return sorted(found, key=lambda quiet: (quiet.since is not None, quiet.since, quiet.node))


def nobodys_punches(connection: Connection, limit: int = 200) -> list[NobodysPunch]:
    """The newest punches that belong to nobody known, for a person to sort out."""
    rows = connection.execute(
        select(
            event.c.node,
            event.c.epoch,
            event.c.seq,
            node.c.unit,
            event.c.slot,
            event.c.placed_ms,
            event.c.photo,
        )
        .join(node, node.c.id == event.c.node)
        .where(event.c.type == "punch", event.c.person.is_(None))
        .order_by(event.c.placed_ms.desc(), event.c.seq.desc())
        .limit(limit)
    )
    return [
        NobodysPunch(
            event_name(row.node, row.epoch, row.seq), row.unit, row.slot, from_ms(row.placed_ms), row.photo
        )
        for row in rows
    ]


def _settled_query(day: date) -> Any:
    settled = func.sum(case((attendance_day.c.final, 1), else_=0))
    return (
        select(attendance_day.c.unit, func.count().label("people"), settled.label("settled"))
        .where(attendance_day.c.day == day)
        .group_by(attendance_day.c.unit)
    )


def _percent(silent: timedelta, whole: timedelta) -> int:
    return 100 * (whole - silent) // whole if whole else 100
