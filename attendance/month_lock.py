"""A locked month never changes: late data is told, not applied, and reopening needs a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from attendance.day import AttendanceDay
from attendance.errors import PolicyError


@dataclass(frozen=True, slots=True)
class LateDay:
    """A day of a locked month that would look different today."""

    day: date
    locked_code: str | None
    fresh_code: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LateData:
    """The notice "data susulan": evidence that came after the lock. The month stays as it is."""

    days: tuple[LateDay, ...]


@dataclass(frozen=True, slots=True)
class Reopening:
    """The record that a month was opened again.

    Raises:
        PolicyError: no reason is given.
    """

    by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise PolicyError("a locked month can't be reopened without a reason")


def late_data(locked: Iterable[Mapping[str, Any]], fresh: Iterable[AttendanceDay]) -> LateData | None:
    """Compare the snapshot of a locked month with what the events say today.

    Args:
        locked: `AttendanceDay.content()` of each day, as stored at the lock.
        fresh: the same person's days, settled again.

    Returns:
        The notice, or None where nothing differs.
    """
    snapshots = {str(content["day"]): content for content in locked}
    found = []
    for day in sorted(fresh, key=lambda day: day.day):
        content, before = day.content(), snapshots.get(day.day.isoformat(), {})
        changed = tuple(sorted(name for name in content if content[name] != before.get(name)))
        if changed:
            found.append(LateDay(day.day, before.get("code"), day.code, changed))
    return LateData(tuple(found)) if found else None
