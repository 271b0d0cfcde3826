"""Totals of a person over days: the figures of one line of the monthly recap."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from attendance.day import OFF, PENDING, PRESENT, UNEXCUSED, AttendanceDay
from attendance.errors import PersonError


@dataclass(frozen=True, slots=True)
class RecapLine:
    """One line. Working days always equal present + excused + unexcused + pending.

    Attributes:
        late_days, early_days: days in each tier.
        excused: days by excuse code.
        open_days: working days whose figures may still change; 0 means that the line is complete.
    """

    working_days: int
    present: int
    late_days: Mapping[str, int] = field(hash=False)
    late_minutes: int
    early_days: Mapping[str, int] = field(hash=False)
    early_minutes: int
    missing_in: int
    missing_out: int
    excused: Mapping[str, int] = field(hash=False)
    unexcused: int
    pending: int
    open_days: int
    present_on_days_off: int
    conflicts: int

    @property
    def complete(self) -> bool:
        """Whether every day in it is final."""
        return self.open_days == 0


def recap(days: Iterable[AttendanceDay]) -> RecapLine:
    """Add up days. Their order does not matter.

    Raises:
        PersonError: the same day comes twice, so that it would count twice.
    """
    ordered = sorted(days, key=lambda day: day.day)
    _refuse_twins(ordered)
    working = [day for day in ordered if day.code != OFF]
    excused = [day for day in working if day.code not in (PRESENT, UNEXCUSED, PENDING)]
    return RecapLine(
        working_days=len(working),
        present=sum(day.code == PRESENT for day in working),
        late_days=_count(day.late_tier for day in working),
        late_minutes=sum(day.late_minutes for day in working),
        early_days=_count(day.early_tier for day in working),
        early_minutes=sum(day.early_minutes for day in working),
        missing_in=sum(day.missing_in for day in working),
        missing_out=sum(day.missing_out for day in working),
        excused=_count(day.code for day in excused),
        unexcused=sum(day.code == UNEXCUSED for day in working),
        pending=sum(day.code == PENDING for day in working),
        open_days=sum(not day.final for day in working),
        present_on_days_off=sum(day.present_on_day_off for day in ordered),
        conflicts=sum("conflict" in day.flags for day in ordered),
    )


def month_days(year: int, month: int) -> tuple[date, ...]:
    """Every day of a calendar month."""
    first = date(year, month, 1)
    return tuple(first + timedelta(days=number) for number in range(monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a person works, from a date (TMT) to a date or until further notice."""

    unit: str
    group: str
    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the person works there on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def assignment_on(assignments: Sequence[Assignment], day: date) -> Assignment | None:
    """Where the person works on this day, or None where nowhere.

    Raises:
        PersonError: two assignments hold on this day.
    """
    holding = [assignment for assignment in assignments if assignment.holds_on(day)]
    if len(holding) > 1:
        raise PersonError(
            f"{holding[0].unit} and {holding[1].unit} both hold the person on {day.isoformat()}"
        )
    return holding[0] if holding else None


def split_by_assignment(
    days: Iterable[AttendanceDay], assignments: Sequence[Assignment]
) -> dict[Assignment | None, tuple[AttendanceDay, ...]]:
    """Days by the assignment in force, oldest first: a transfer (mutasi) in mid-month gives two recap lines.

    Days without an assignment stand under None, so that none gets lost.

    Raises:
        PersonError: two assignments hold on one day.
    """
    parts: dict[Assignment | None, tuple[AttendanceDay, ...]] = {}
    for day in sorted(days, key=lambda day: day.day):
        holder = assignment_on(assignments, day.day)
        parts[holder] = (*parts.get(holder, ()), day)
    return parts


def _refuse_twins(ordered: Sequence[AttendanceDay]) -> None:
    for one, next_one in pairwise(ordered):
        if one.day == next_one.day:
            raise PersonError(f"the day {one.day.isoformat()} comes twice in one recap")


def _count(codes: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(code for code in codes if code is not None).items()))
