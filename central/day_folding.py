"""Decides the row of one person's day, by asking `attendance`; touches nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from attendance.calendar import local_day
from attendance.coverage import Gate, NodeWitness, gate
from attendance.day import AttendanceDay, DayPunch, settle
from attendance.errors import PolicyError
from attendance.moment import to_ms
from attendance.people import RosterPerson
from attendance.policy import DayOff, Policy, Schedule
from attendance.window import judge


@dataclass(slots=True)
class Books:
    """Rules and time of one fold; gates are remembered, since a whole office shares one.

    Attributes:
        now: a day that is not over by then is not closed, whatever a node's clock claims.
    """

    policy: Policy
    now: datetime
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
    retired: Mapping[str, datetime],
) -> dict[str, Any] | None:
    """The row of this day, or None where no rules are in force for it.

    Args:
        books: rules and time.
        person: with the unit and group of that day.
        day: the day.
        punches: those of the person around that day; the others are left to their own days.
        nodes: every node that could hold a punch of this person.
        retired: when nodes were taken out of service; one that was before these windows holds none of them.
    """
    try:
        schedule = books.policy.schedule(person, day)
    except PolicyError:
        return None
    waiting: tuple[str, ...] = ()
    closed = True
    if isinstance(schedule, Schedule):
        opening = schedule.in_open
        there = [node for node in nodes if node.node not in retired or retired[node.node] > opening]
        passed = books.gate(schedule, there)
        closed = passed.closed
        waiting = tuple(sorted({lack.node for lack in passed.missing if lack.node is not None}))
    mine = [punch for punch in punches if _day_of(books.policy, person, schedule, punch) == day]
    return _row(person, settle(schedule, mine, closed=closed), schedule, waiting)


def _day_of(
    policy: Policy, person: RosterPerson, schedule: Schedule | DayOff, punch: DayPunch
) -> date | None:
    """The day that a punch belongs to: what its windows say, or its date where the time is doubtful."""
    if not punch.trusted:
        return local_day(punch.at, schedule.zone)
    return judge(policy, person, punch.at).day


def _row(
    person: RosterPerson, settled: AttendanceDay, schedule: Schedule | DayOff, waiting: tuple[str, ...]
) -> dict[str, Any]:
    check_in, check_out = settled.check_in, settled.check_out
    used = {punch.at: punch.event for punch in settled.used}
    return {
        "person": person.person,
        "day": settled.day,
        "unit": person.unit,
        "grp": schedule.group,
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
        "flags": " ".join(sorted(settled.flags)),
        "waiting_for": " ".join(waiting),
        "policy_id": settled.policy_id,
    }
