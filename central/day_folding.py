"""Decides the row of one person's day, by asking `attendance`; touches nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from attendance.calendar import local_day
from attendance.coverage import Gate, NodeWitness, gate
from attendance.day import AttendanceDay, DayPunch, settle, unjudged
from attendance.errors import PolicyError
from attendance.moment import to_ms
from attendance.people import RosterPerson
from attendance.policy import DayOff, Policy, Schedule
from attendance.window import judge
from central.serving import Watch

FINDING_OPEN = "finding-open"
"""Flag of a day of somebody about whose finger people have still to decide."""


@dataclass(slots=True)
class Books:
    """Rules, time, and what else is known in one fold; gates are remembered, since a whole office shares one.

    Attributes:
        now: a day that is not over by then is not closed, whatever a node's clock claims.
        retired: when nodes were taken out of service; one that was before a day's windows holds none of it.
        suspected: since when people have to decide about the finger of a person.
    """

    policy: Policy
    now: datetime
    retired: Mapping[str, datetime] = field(default_factory=dict)
    suspected: Mapping[str, datetime] = field(default_factory=dict)
    _gates: dict[tuple[Any, ...], Gate] = field(default_factory=dict)

    def gate(self, schedule: Schedule, nodes: Sequence[NodeWitness]) -> Gate:
        """The completeness gate for everybody with these windows and these nodes."""
        windows = (schedule.in_open, schedule.out_close, schedule.rules.silence)
        key = (*windows, *(node.node for node in nodes))
        if key not in self._gates:
            self._gates[key] = gate(schedule, nodes, now=self.now)
        return self._gates[key]


def fold_day(
    books: Books,
    person: RosterPerson,
    day: date,
    punches: Iterable[DayPunch],
    nodes: Sequence[NodeWitness],
    watch: Watch,
) -> dict[str, Any] | None:
    """The row of this day, or None where no rules are in force for it.

    Args:
        books: rules, time, and what else is known.
        person: with the unit and group of that day.
        day: the day.
        punches: those of the person around that day; the others are left to their own days.
        nodes: every node that could hold a punch of this person at some time.
        watch: which of them could when.
    """
    try:
        schedule = books.policy.schedule(person, day)
    except PolicyError:
        return _without_windows(books, person, day, punches)
    waiting: tuple[str, ...] = ()
    closed = True
    if isinstance(schedule, Schedule):
        opening = schedule.in_open
        could = watch.during(opening, schedule.out_close)
        there = [
            node
            for node in nodes
            if node.node in could and not (node.node in books.retired and books.retired[node.node] <= opening)
        ]
        passed = books.gate(schedule, there)
        closed = passed.closed
        waiting = tuple(sorted({lack.node for lack in passed.missing if lack.node is not None}))
    mine = [punch for punch in punches if _day_of(books.policy, person, schedule, punch) == day]
    settled = settle(schedule, mine, closed=closed)
    return _row(books, person, settled, schedule.group, schedule.zone, waiting)


def _without_windows(
    books: Books, person: RosterPerson, day: date, punches: Iterable[DayPunch]
) -> dict[str, Any] | None:
    """A day of which the rules name no windows though they are in force: its shift is unknown to them."""
    try:
        version = books.policy.version(person, day)
    except PolicyError:
        return None
    mine = [punch for punch in punches if local_day(punch.at, version.zone) == day]
    settled = unjudged(day, version.id, mine)
    return _row(books, person, settled, version.group_of(person), version.zone, ())


def _day_of(
    policy: Policy, person: RosterPerson, schedule: Schedule | DayOff, punch: DayPunch
) -> date | None:
    """The day that a punch belongs to: what its windows say, or its date where the time is doubtful."""
    if not punch.trusted:
        return local_day(punch.at, schedule.zone)
    return judge(policy, person, punch.at).day


def _row(
    books: Books,
    person: RosterPerson,
    settled: AttendanceDay,
    group: str,
    zone: ZoneInfo,
    waiting: tuple[str, ...],
) -> dict[str, Any]:
    flags = set(settled.flags)
    since = books.suspected.get(person.person)
    if since is not None and local_day(since, zone) <= settled.day:
        flags.add(FINDING_OPEN)
    check_in, check_out = settled.check_in, settled.check_out
    used = {punch.at: punch.event for punch in settled.used}
    return {
        "person": person.person,
        "day": settled.day,
        "unit": person.unit,
        "grp": group,
        "code": settled.code,
        "final": settled.final,
        "check_in_ms": to_ms(check_in) if check_in is not None else None,
        "check_out_ms": to_ms(check_out) if check_out is not None else None,
        "in_event": used.get(check_in) if check_in is not None else None,
        "out_event": used.get(check_out) if check_out is not None else None,
        "late_minutes": settled.late_minutes,
        "late_tier": settled.late_tier,
        "early_minutes": settled.early_minutes,
        "early_tier": settled.early_tier,
        "missing_in": settled.missing_in,
        "missing_out": settled.missing_out,
        "present_on_day_off": settled.present_on_day_off,
        "flags": " ".join(sorted(flags)),
        "waiting_for": " ".join(waiting),
        "policy_id": settled.policy_id,
    }
