"""The rules in force: which window a person has on a day, by versions that carry a decree and dates."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from attendance.calendar import Holiday, HolidayKind, at, holiday_on
from attendance.errors import PolicyError
from attendance.people import RosterPerson
from attendance.policy_parsing import OFF, read_version
from attendance.reading import Fields
from attendance.rules import DayWindow, Rules, Tier, Version


@dataclass(frozen=True, slots=True)
class Schedule:
    """One person's working day as moments. A shift may end on the next date: the day belongs to its start.

    Attributes:
        day: the attendance day.
        zone: the office's time zone, in which the moments are given.
        on_time_until: last second that is on time; not the start of work.
        split: from here a punch is a going-home punch.
        out_close: last second of the day's windows.
        work: start and end of working hours, or None where the policy does not judge them.
        shift: name of the rostered shift, or None for the group's week.
    """

    day: date
    zone: ZoneInfo
    in_open: datetime
    on_time_until: datetime
    split: datetime
    out_earliest: datetime
    out_close: datetime
    work: tuple[datetime, datetime] | None
    policy_id: str
    group: str
    shift: str | None
    rules: Rules

    @property
    def late_tiers(self) -> tuple[Tier, ...]:
        """Bands of late minutes."""
        return self.rules.late_tiers

    @property
    def early_tiers(self) -> tuple[Tier, ...]:
        """Bands of minutes gone too early."""
        return self.rules.early_tiers


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day without work. `reason` is for people: the holiday's name, weekly rest or rest after a shift."""

    day: date
    zone: ZoneInfo
    reason: str
    policy_id: str
    group: str
    rules: Rules
    holiday: Holiday | None = None

    @property
    def joint_leave(self) -> bool:
        """Whether it is cuti bersama: staff who must work then get it back as leave."""
        return self.holiday is not None and self.holiday.kind is HolidayKind.JOINT_LEAVE


@dataclass(frozen=True, slots=True)
class Policy:
    """All versions of the rules and all days off, as one numbered document."""

    serial: int
    versions: tuple[Version, ...]
    holidays: tuple[Holiday, ...]
    _content: Mapping[str, Any] = field(repr=False, hash=False)
    _by_date: Mapping[date, tuple[Holiday, ...]] = field(repr=False, hash=False)

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Policy":
        """Read the content of a policy document.

        Raises:
            PolicyError: with the path of the field that is wrong.
        """
        fields = Fields(content, "", PolicyError)
        serial = fields.whole("serial", 1, 2**31 - 1)
        versions = tuple(read_version(row) for row in fields.tables("policies"))
        if not versions:
            raise fields.refuse("must hold at least one version", "policies")
        _refuse_rivals(versions)
        holidays = tuple(Holiday.parse(row) for row in fields.tables("holidays"))
        by_date: dict[date, tuple[Holiday, ...]] = {}
        for holiday in holidays:
            by_date[holiday.date] = (*by_date.get(holiday.date, ()), holiday)
        return cls(serial, versions, holidays, deepcopy(dict(content)), by_date)

    def content(self) -> dict[str, Any]:
        """The document as it was read, fields of newer versions included."""
        return deepcopy(dict(self._content))

    def version(self, person: RosterPerson, day: date) -> Version:
        """The version for this person and day: the most specific scope wins, then the latest decree.

        Raises:
            PolicyError: no rules are in force for this person on this day.
        """
        best: tuple[int, date] | None = None
        found: Version | None = None
        for version in self.versions:
            weight = version.scope.weight(person)
            if weight is None or not version.holds_on(day):
                continue
            if best is None or (weight, version.valid_from) > best:
                best, found = (weight, version.valid_from), version
        if found is None:
            raise PolicyError(f"no rules are in force for {person.person} on {day.isoformat()}")
        return found

    def schedule(self, person: RosterPerson, day: date) -> Schedule | DayOff:
        """The person's windows on this day: the shift roster first, then days off, then the group's week.

        Raises:
            PolicyError: no rules in force, or the roster names a shift that they don't have.
        """
        version = self.version(person, day)
        group = version.group_of(person)
        shift = person.shift_on(day)
        if shift == OFF:
            return DayOff(day, version.zone, "lepas piket", version.id, group, version.rules)
        if shift is not None:
            if shift not in version.shifts:
                raise PolicyError(
                    f"the roster of {person.person} names shift {shift!r}, unknown to {version.id}"
                )
            return _schedule(version, group, shift, version.shifts[shift], day)
        holiday = holiday_on(self._by_date.get(day, ()), day, person.unit)
        if holiday is not None:
            return DayOff(day, version.zone, holiday.name, version.id, group, version.rules, holiday)
        window = version.window(group, day)
        if window is None:
            return DayOff(day, version.zone, "bukan hari kerja", version.id, group, version.rules)
        return _schedule(version, group, None, window, day)


def _schedule(version: Version, group: str, shift: str | None, window: DayWindow, day: date) -> Schedule:
    clocks = (window.in_open, window.on_time_until, window.split, window.out_earliest, window.out_close)
    in_open, on_time_until, split, out_earliest, out_close = (
        at(day, clock, version.zone) for clock in clocks
    )
    work = (
        (at(day, window.work[0], version.zone), at(day, window.work[1], version.zone))
        if window.work
        else None
    )
    return Schedule(
        day,
        version.zone,
        in_open,
        on_time_until,
        split,
        out_earliest,
        out_close,
        work,
        version.id,
        group,
        shift,
        version.rules,
    )


def _refuse_rivals(versions: tuple[Version, ...]) -> None:
    """Two versions that start on one day for one person leave nobody able to say which rules."""
    seen: dict[tuple[str, str, date], str] = {}
    ids: set[str] = set()
    for version in versions:
        if version.id in ids:
            raise PolicyError(f"two versions carry the id {version.id!r}")
        ids.add(version.id)
        for name in version.scope.names or {""}:
            key = (version.scope.kind, name, version.valid_from)
            if key in seen:
                raise PolicyError(
                    f"{seen[key]!r} and {version.id!r} start on the same day for the same people"
                )
            seen[key] = version.id
