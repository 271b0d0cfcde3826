"""Whether a day may be closed: nobody is called absent out of ignorance (promise 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from attendance.policy import DayOff, Schedule


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, `start` included and `end` not. One that ends before it starts covers nothing."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class NodeWitness:
    """What one node that could hold a person's punch can testify.

    Attributes:
        node: its id.
        reported_until: central holds all its events up to here, without a gap; None when it never reported.
        spans: signed listening spans: sensor alive, clock trusted.
        statements: spans that an approved incident statement (berita acara) answers for.
    """

    node: str
    reported_until: datetime | None
    spans: tuple[Span, ...] = ()
    statements: tuple[Span, ...] = ()


class Lack(StrEnum):
    """Why a day stays open."""

    DAY_NOT_OVER = "day-not-over"
    NO_NODE = "no-node"
    NOT_REPORTED = "not-reported"
    NOT_LISTENING = "not-listening"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One thing that the day still lacks before it can be closed; `spans` is the time nobody answers for."""

    lack: Lack
    node: str | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the day may be closed, and if not, what is missing."""

    closed: bool
    missing: tuple[Shortfall, ...]


def uncovered(whole: Span, spans: Iterable[Span]) -> tuple[Span, ...]:
    """The parts of a span that none of the others covers, in order of time."""
    gaps, reached = [], whole.start
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if span.end <= max(reached, span.start):
            continue
        if span.start >= whole.end:
            break
        if span.start > reached:
            gaps.append(Span(reached, span.start))
        reached = span.end
    if reached < whole.end:
        gaps.append(Span(reached, whole.end))
    return tuple(gaps)


def windows_of(schedule: Schedule) -> Span:
    """The time in which a punch of this day can happen."""
    return Span(schedule.in_open, schedule.out_close + timedelta(seconds=1))


def covered(schedule: Schedule, spans: Iterable[Span]) -> bool:
    """Whether somebody listened through all the day's windows, but for the silence that the rules allow."""
    return _tolerable(schedule, uncovered(windows_of(schedule), spans))


def gate(schedule: Schedule | DayOff, nodes: Sequence[NodeWitness], *, now: datetime | None = None) -> Gate:
    """Whether the day may be closed: every node has reported past its end and listened through its windows.

    A day off needs no witness, because nobody can be absent on it. No node at all closes nothing.

    Args:
        schedule: the person's day.
        nodes: every node that could hold a punch of this person.
        now: when given, a day that is not over by then stays open, whatever a node's clock claims.
    """
    if isinstance(schedule, DayOff):
        return Gate(True, ())
    missing = []
    if now is not None and now < windows_of(schedule).end:
        missing.append(Shortfall(Lack.DAY_NOT_OVER))
    if not nodes:
        missing.append(Shortfall(Lack.NO_NODE))
    for node in sorted(nodes, key=lambda node: node.node):
        missing += _shortfalls(schedule, node)
    return Gate(not missing, tuple(missing))


def _shortfalls(schedule: Schedule, node: NodeWitness) -> list[Shortfall]:
    whole, found = windows_of(schedule), []
    known_until = max(whole.start, node.reported_until or whole.start)
    unreported = uncovered(Span(known_until, whole.end), node.statements) if known_until < whole.end else ()
    if unreported:
        found.append(Shortfall(Lack.NOT_REPORTED, node.node, unreported))
    silent = uncovered(whole, [*node.spans, *node.statements])
    if not _tolerable(schedule, silent):
        found.append(Shortfall(Lack.NOT_LISTENING, node.node, silent))
    return found


def _tolerable(schedule: Schedule, gaps: Iterable[Span]) -> bool:
    """The gaps are added up: a sensor that flickers all day has not listened."""
    return sum((gap.end - gap.start for gap in gaps), timedelta()) <= schedule.rules.silence
