"""Where a person stands in a day that is still running. No verdict: that is `attendance.day`."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from attendance.coverage import windows_of
from attendance.day import DayPunch, Excuse, pick
from attendance.policy import DayOff, Schedule
from attendance.window import early_minutes, late_minutes


class Progress(StrEnum):
    """What a board says of a person at this moment."""

    DAY_OFF = "day-off"
    EXCUSED = "excused"
    NOT_OPEN = "not-open"
    """The windows have not opened."""
    NOT_YET = "not-yet"
    """The windows are open, and no punch has reached central. Not an absence."""
    IN = "in"
    LATE = "late"
    EARLY = "early"
    """The last punch is a going-home punch before its time."""
    HOME = "home"
    PENDING = "pending"
    """The day is over, and nothing is known: the gate and `settle` decide."""


def progress(
    schedule: Schedule | DayOff, punches: Iterable[DayPunch], now: datetime, *, excuse: Excuse | None = None
) -> Progress:
    """Say where a person stands now, by the trusted punches up to now."""
    if isinstance(schedule, DayOff):
        return Progress.DAY_OFF
    if excuse is not None:
        return Progress.EXCUSED
    first, last = pick(schedule, (punch for punch in punches if punch.at <= now))
    if last is not None:
        return Progress.EARLY if early_minutes(schedule, last.at) else Progress.HOME
    if first is not None:
        return Progress.LATE if late_minutes(schedule, first.at) else Progress.IN
    if now < schedule.in_open:
        return Progress.NOT_OPEN
    return Progress.NOT_YET if now < windows_of(schedule).end else Progress.PENDING
