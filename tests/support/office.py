"""A small office for tests of the rules: presets with holidays, one person, and Western Indonesian time."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from attendance.calendar import read_holidays_csv
from attendance.coverage import NodeWitness, Span, windows_of
from attendance.day import DayPunch
from attendance.people import RosterPerson, Shift
from attendance.policy import DayOff, Policy, Schedule
from attendance.policy_presets import HOLIDAY_YEARS, numbered, parse_toml_policy

WIB = ZoneInfo("Asia/Jakarta")
_PRESETS = Path(__file__).parents[2] / "attendance" / "presets"


def preset_text(name: str) -> str:
    """The text of a package file."""
    return (_PRESETS / name).read_text("utf-8")


def preset_content(preset: str) -> dict[str, Any]:
    """A whole policy document from a preset and the holidays that come along; a copy to change at will."""
    return deepcopy(_content(preset))


@cache
def _content(preset: str) -> dict[str, Any]:
    holidays = [
        row for year in HOLIDAY_YEARS for row in read_holidays_csv(preset_text(f"holidays-{year}.csv"))
    ]
    return numbered(parse_toml_policy(preset_text(f"{preset}.toml")), 1, holidays)


@cache
def preset(name: str) -> Policy:
    """The same, parsed."""
    return Policy.parse(preset_content(name))


def someone(*shifts: tuple[date, str], group: str = "umum", unit: str = "DISKOMINFO") -> RosterPerson:
    """A synthetic employee."""
    return RosterPerson(
        "p-1", "Siti Aminah", unit, group, "Ibu", tuple(Shift(day, name) for day, name in shifts)
    )


def wib(text: str) -> datetime:
    """A moment in UTC from the office's clock, like `2017-03-06 09:00:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=WIB).astimezone(UTC)


def punches(*texts: str) -> list[DayPunch]:
    """Trusted punches at these times of the office's clock."""
    return [DayPunch(wib(text), True, f"n/0/{number}") for number, text in enumerate(texts, start=1)]


def working(policy: Policy, person: RosterPerson, day: date) -> Schedule:
    """The schedule of a day that is known to be a working day."""
    schedule = policy.schedule(person, day)
    assert not isinstance(schedule, DayOff)
    return schedule


def attentive(schedule: Schedule, node: str = "n" * 16) -> NodeWitness:
    """A node that listened through the whole day and reported past its end."""
    whole = windows_of(schedule)
    return NodeWitness(node, whole.end + timedelta(minutes=1), (Span(whole.start, whole.end),))
