"""What a punch means at the door: direction by window, never by toggle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from attendance.calendar import local_day, to_minute
from attendance.errors import PolicyError
from attendance.people import RosterPerson
from attendance.policy import DayOff, Policy, Schedule

_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


class Kind(StrEnum):
    """What one punch is taken for. All kinds are stored."""

    IN = "in"
    LATE = "late"
    EARLY = "early"
    """In the going-home window, before going home is on time."""
    OUT = "out"
    OUTSIDE = "outside"
    DAY_OFF = "day-off"


COMING = (Kind.IN, Kind.LATE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules make of one punch.

    Attributes:
        kind: the meaning.
        day: the attendance day it belongs to; None only where no rules are in force at all.
        minutes: late minutes of LATE, missing minutes of EARLY, else 0.
        when: the punch.
        schedule: the windows that it fell into, or None.
    """

    kind: Kind
    day: date | None
    minutes: int
    when: datetime
    schedule: Schedule | None


@dataclass(frozen=True, slots=True)
class EarlierPunch:
    """A punch of the same person that came before."""

    kind: Kind
    when: datetime


def judge(policy: Policy, person: RosterPerson, when: datetime) -> Judgement:
    """Say what a punch is. Never refuses: where no window fits, the punch is OUTSIDE, and it is stored.

    Where the windows of two shifts overlap, the punch goes to the nearer of "come" and "go".
    """
    assert when.tzinfo is not None, "a punch needs an aware time"
    near = (_scheduled(policy, person, when.date() + _ONE_DAY * shift) for shift in (0, 1, -1))
    home = next((plan for plan in near if plan is not None), None)
    if home is None:
        return Judgement(Kind.OUTSIDE, None, 0, when, None)
    today = local_day(when, home.zone)
    plans = [_scheduled(policy, person, today + _ONE_DAY * shift) for shift in (-2, -1, 0, 1)]
    fitting = [plan for plan in plans if isinstance(plan, Schedule) and within(plan, when)]
    if fitting:
        return _in_schedule(min(fitting, key=lambda plan: _distance(plan, when)), when)
    kind = Kind.DAY_OFF if isinstance(plans[2], DayOff) else Kind.OUTSIDE
    return Judgement(kind, today, 0, when, None)


def within(schedule: Schedule, when: datetime) -> bool:
    """Whether a moment lies in the day's windows; their last second counts in full."""
    return schedule.in_open <= when < schedule.out_close + timedelta(seconds=1)


def late_minutes(schedule: Schedule, when: datetime) -> int:
    """Whole minutes after the cut-off, both times truncated to the minute; never below 0."""
    return max(0, (to_minute(when) - to_minute(schedule.on_time_until)) // _ONE_MINUTE)


def early_minutes(schedule: Schedule, when: datetime) -> int:
    """Whole minutes before going home is on time, both times truncated to the minute; never below 0."""
    return max(0, (to_minute(schedule.out_earliest) - to_minute(when)) // _ONE_MINUTE)


def repeat_of(judgement: Judgement, earlier: Sequence[EarlierPunch]) -> EarlierPunch | None:
    """The punch for which the display answers "Sudah absen". Only the display cares: this one is stored too.

    A coming punch repeats the day's first coming punch, however long ago: the first one counts. A going-home
    punch repeats one of a few minutes ago. Too early to go home is answered as such, however often.
    """
    schedule, when = judgement.schedule, judgement.when
    before = sorted((punch for punch in earlier if punch.when <= when), key=lambda punch: punch.when)
    if schedule is not None and judgement.kind in COMING:
        return next((p for p in before if p.kind in COMING and p.when >= schedule.in_open), None)
    if schedule is not None and judgement.kind is Kind.OUT:
        since = when - schedule.rules.repeat
        return next((p for p in reversed(before) if p.kind is Kind.OUT and p.when >= since), None)
    return None


def _in_schedule(schedule: Schedule, when: datetime) -> Judgement:
    if when < schedule.split:
        minutes = late_minutes(schedule, when)
        return Judgement(Kind.LATE if minutes else Kind.IN, schedule.day, minutes, when, schedule)
    minutes = early_minutes(schedule, when)
    return Judgement(Kind.EARLY if minutes else Kind.OUT, schedule.day, minutes, when, schedule)


def _distance(schedule: Schedule, when: datetime) -> tuple[timedelta, date]:
    mark = schedule.on_time_until if when < schedule.split else schedule.out_earliest
    return abs(when - mark), schedule.day


def _scheduled(policy: Policy, person: RosterPerson, day: date) -> Schedule | DayOff | None:
    try:
        return policy.schedule(person, day)
    except PolicyError:
        return None
