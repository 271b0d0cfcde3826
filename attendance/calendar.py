"""Local days, clock times of a rule, and days off by decree."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from attendance.errors import PolicyError
from attendance.reading import Fields

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORT_ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
_CLOCK = re.compile(r"(?P<hour>\d{2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?(?P<days>(\+[12]|-1)d)?")


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name or as WIB, WITA or WIT.

    Raises:
        PolicyError: no such zone.
    """
    try:
        return ZoneInfo(_SHORT_ZONES.get(name, name))
    except (KeyError, ValueError, OSError) as error:
        raise PolicyError(
            f"{name[:40]!r} is no time zone; use WIB, WITA, WIT or a name like Asia/Jakarta"
        ) from error


def local_day(when: datetime, where: ZoneInfo) -> date:
    """The calendar day at the office when this happened."""
    return when.astimezone(where).date()


def to_minute(when: datetime) -> datetime:
    """The clock time without its seconds: late and early minutes are counted between whole minutes."""
    return when.replace(second=0, microsecond=0)


def clock_time(text: str) -> timedelta:
    """A clock time of a rule, as time since midnight of the attendance day.

    `07:30` and `07:30:59` are on the day itself, `07:30+1d` on the next one, `23:00-1d` the evening before.

    Raises:
        PolicyError: not of that form.
    """
    match = _CLOCK.fullmatch(text)
    if match is None or match["hour"] > "23" or match["minute"] > "59" or (match["second"] or "0") > "59":
        raise PolicyError(f"{text[:40]!r} is no clock time; use 07:30, 07:30:59 or, a day later, 07:30+1d")
    days = int((match["days"] or "+0d")[:-1])
    return timedelta(
        days=days, hours=int(match["hour"]), minutes=int(match["minute"]), seconds=int(match["second"] or 0)
    )


def at(day: date, offset: timedelta, where: ZoneInfo) -> datetime:
    """The moment when the office's clocks show this offset from the day's midnight."""
    return datetime.combine(day, time.min, where) + offset


class HolidayKind(StrEnum):
    """Who declared a day off: SKB 3 Menteri, a Keppres for cuti bersama, or the regency itself."""

    PUBLIC = "public"
    JOINT_LEAVE = "joint-leave"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off, with the decree that says so. A local one may hold for some units only."""

    date: date
    name: str
    kind: HolidayKind
    decree: str
    units: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def content(self) -> dict[str, Any]:
        """The day as a row of a policy document."""
        row: dict[str, Any] = {**self.extra, "date": self.date.isoformat(), "name": self.name}
        row |= {"kind": self.kind.value, "decree": self.decree}
        return row | ({"units": list(self.units)} if self.units else {})

    @classmethod
    def parse(cls, row: Fields) -> "Holiday":
        """Read one row.

        Raises:
            PolicyError: no date, no name, an unknown kind, or no decree.
        """
        kind = row.text("kind")
        if kind not in set(HolidayKind):
            raise row.refuse(f"must be one of {', '.join(HolidayKind)}, not {kind!r}", "kind")
        units = row.items("units")
        if not all(isinstance(unit, str) for unit in units):
            raise row.refuse("must be a list of unit codes", "units")
        extra = row.rest("date", "name", "kind", "decree", "units")
        return cls(
            row.day("date"), row.text("name"), HolidayKind(kind), row.text("decree"), tuple(units), extra
        )


def read_holidays_csv(text: str) -> tuple[Holiday, ...]:
    """Holidays from a table with the columns date, name, kind, decree; comma or semicolon, BOM or not.

    Raises:
        PolicyError: with the line number.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.DictReader(lines, delimiter=delimiter)
    if not {"date", "name", "kind", "decree"} <= {(name or "").strip() for name in reader.fieldnames or ()}:
        raise PolicyError("line 1 must name the columns date, name, kind, decree")
    found = []
    for row in reader:
        values = {
            (key or "").strip(): (value or "").strip() for key, value in row.items() if isinstance(value, str)
        }
        columns = {key: values.get(key, "") for key in ("date", "name", "kind", "decree")}
        found.append(Holiday.parse(Fields(columns, f"line {reader.line_num}", PolicyError)))
    return tuple(found)


def holiday_on(holidays: Iterable[Holiday], day: date, unit: str) -> Holiday | None:
    """The first day off that holds for this unit on this day."""
    return next((row for row in holidays if row.date == day and (not row.units or unit in row.units)), None)
