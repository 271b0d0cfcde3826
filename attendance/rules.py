"""The values of one version of the rules: working windows, tiers, what a missing punch counts as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from attendance.people import RosterPerson


@dataclass(frozen=True, slots=True)
class DayWindow:
    """One working day as clock times since its midnight.

    `on_time_until` is the cut-off for punching and not the start of work: that is `work`, where it is set.
    """

    in_open: timedelta
    on_time_until: timedelta
    split: timedelta
    out_earliest: timedelta
    out_close: timedelta
    work: tuple[timedelta, timedelta] | None = None
    rest: tuple[timedelta, timedelta] | None = None


Week = Mapping[int, DayWindow | None]
"""Weekday (Monday is 0) to its window; None or missing is a day off."""


@dataclass(frozen=True, slots=True)
class Decree:
    """What the rules rest on. A number of None is shown as an assumption."""

    no: str | None
    date: date | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a version holds. The most specific one wins: person before group before unit before all."""

    kind: str = "all"
    names: frozenset[str] = frozenset()

    def weight(self, person: RosterPerson) -> int | None:
        """How specific the version is for this person, or None where it does not concern them."""
        held = {"person": person.person, "group": person.group, "unit": person.unit}
        if self.kind == "all":
            return 0
        if held[self.kind] not in self.names:
            return None
        return {"unit": 1, "group": 2, "person": 3}[self.kind]


@dataclass(frozen=True, slots=True)
class Tier:
    """A band of minutes, from `minutes` upwards to the next tier, with the code that recaps show."""

    code: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Which tier a deduction takes a missing punch for; None where it has none."""

    in_as: str | None = None
    out_as: str | None = None


@dataclass(frozen=True, slots=True)
class Deduction:
    """Percent off for each code, in hundredths of a percent. Off until a decree number stands behind it."""

    enabled: bool = False
    decree_no: str | None = None
    rates: Mapping[str, int] = field(default_factory=dict, hash=False)
    cap: int = 10_000


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything of a version that does not depend on the day.

    Attributes:
        repeat: a second punch within this span is answered with "Sudah absen"; it is stored all the same.
        silence: so much of a person's windows may lack a listening node before the day stays open.
        conversion: late and early time that makes one day in the watch list, or None where the switch is off.
    """

    late_tiers: tuple[Tier, ...]
    early_tiers: tuple[Tier, ...]
    missing: Missing
    excuses: frozenset[str]
    deduction: Deduction
    repeat: timedelta
    silence: timedelta
    conversion: timedelta | None
    corrections_per_month: int | None
    backdate: timedelta | None

    def late_tier(self, minutes: int) -> str | None:
        """The tier of so many late minutes, or None where there are none."""
        return _tier(self.late_tiers, minutes)

    def early_tier(self, minutes: int) -> str | None:
        """The tier of so many minutes too early, or None where there are none."""
        return _tier(self.early_tiers, minutes)


def _tier(tiers: tuple[Tier, ...], minutes: int) -> str | None:
    return next((tier.code for tier in reversed(tiers) if minutes >= tier.minutes), None)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Other windows for a span of dates, such as Ramadan: already merged with the week below."""

    name: str
    valid_from: date
    valid_to: date
    groups: Mapping[str, Week] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Version:
    """One set of rules with its decree, its dates and the people it holds for."""

    id: str
    decree: Decree
    valid_from: date
    valid_to: date | None
    scope: Scope
    zone: ZoneInfo
    default_group: str
    groups: Mapping[str, Week] = field(hash=False)
    overlays: tuple[Overlay, ...]
    shifts: Mapping[str, DayWindow] = field(hash=False)
    rules: Rules

    def holds_on(self, day: date) -> bool:
        """Whether the version is in force on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def group_of(self, person: RosterPerson) -> str:
        """The person's own group where this version has it, else the default one."""
        return person.group if person.group in self.groups else self.default_group

    def window(self, group: str, day: date) -> DayWindow | None:
        """The group's window on this day, None on its day off; of several overlays the last one wins."""
        for overlay in reversed(self.overlays):
            if overlay.valid_from <= day <= overlay.valid_to and day.weekday() in overlay.groups.get(
                group, {}
            ):
                return overlay.groups[group][day.weekday()]
        return self.groups[group].get(day.weekday())
