"""What days cost, in hundredths of a percent. A proposal, and 0 until a decree number has switched it on."""

from collections.abc import Iterable

from attendance.day import AttendanceDay
from attendance.rules import Deduction


def day_rate(day: AttendanceDay, deduction: Deduction) -> int:
    """One day: its own code where it has a rate (TK), else the morning's rate plus the afternoon's."""
    if not deduction.enabled:
        return 0
    halves = sum(deduction.rates.get(code, 0) for code in (day.late_as, day.early_as) if code is not None)
    return deduction.rates.get(day.code, halves)


def month_rate(days: Iterable[AttendanceDay], deduction: Deduction) -> int:
    """A month's sum, never above the cap."""
    return min(deduction.cap, sum(day_rate(day, deduction) for day in days))
