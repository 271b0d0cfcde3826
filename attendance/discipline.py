"""The discipline watch list: warnings with evidence before and at each step. People decide."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from attendance.day import OFF, UNEXCUSED, AttendanceDay
from attendance.errors import PolicyError
from attendance.people import Employment
from attendance.reading import Fields

LADDERS_FILE = "ladders.toml"
"""Package file beside the presets."""
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Step:
    """From so many days on, this is what the law provides for."""

    days: int
    level: str
    sanction: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """One law's steps, the dates on which it holds and whom it binds.

    Attributes:
        consecutive: the step for so many working days in a row, or None where the law has none.
        warn_consecutive_days: days in a row at which that alarm is announced.
    """

    id: str
    decree: str
    valid_from: date
    valid_to: date | None
    employments: frozenset[Employment]
    steps: tuple[Step, ...]
    consecutive: Step | None = None
    warn_consecutive_days: int = 0


class Alarm(StrEnum):
    """What a notice says."""

    APPROACHING = "approaching"
    REACHED = "reached"
    CONSECUTIVE_APPROACHING = "consecutive-approaching"
    CONSECUTIVE_REACHED = "consecutive-reached"


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning for the direct superior, with the dates that it rests on."""

    alarm: Alarm
    step: Step
    days: tuple[date, ...]
    decree: str

    @property
    def sentence(self) -> str:
        """The warning in words; it proposes and does not judge."""
        in_a_row = " berturut-turut" if self.alarm.startswith("consecutive") else ""
        near = "mendekati" if self.alarm.endswith("approaching") else "mencapai"
        return (
            f"Peringatan: {len(self.days)} hari kerja{in_a_row} tanpa keterangan, {near} batas "
            f"{self.step.days} hari ({self.decree}). Usulan untuk diperiksa atasan: {self.step.sanction}."
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """A person's year so far.

    Attributes:
        unexcused: final TK days of the year. Pending days are not among them.
        longest_run: the longest run of TK on working days in a row; it may begin in the year before.
        short_minutes: late and early minutes of the year.
        equivalent_days: days that those minutes make; for the watch list only, never added to `unexcused`.
    """

    year: int
    unexcused: tuple[date, ...]
    longest_run: tuple[date, ...]
    short_minutes: int
    equivalent_days: int


def parse_ladders(text: str) -> tuple[Ladder, ...]:
    """Ladders from the text of LADDERS_FILE or of a local one.

    Raises:
        PolicyError: not TOML, or a ladder that can't be.
    """
    try:
        fields = Fields(tomllib.loads(text), "", PolicyError)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the file of ladders is not TOML: {error}") from error
    ladders = tuple(_ladder(row) for row in fields.tables("ladders"))
    if not ladders:
        raise fields.refuse("must hold at least one ladder", "ladders")
    return ladders


def ladder_on(ladders: Sequence[Ladder], day: date, employment: Employment) -> Ladder | None:
    """The ladder in force on a day for this kind of employment, or None (PPPK: local rules)."""
    for ladder in ladders:
        in_force = ladder.valid_from <= day and (ladder.valid_to is None or day <= ladder.valid_to)
        if in_force and employment in ladder.employments:
            return ladder
    return None


def tally(days: Iterable[AttendanceDay], year: int, conversion: timedelta | None) -> Tally:
    """Count a person's year, 1 January to 31 December, from settled days in any order.

    Args:
        days: settled days; those before the year count only towards a run.
        year: the year.
        conversion: late and early time that makes one day (`Rules.conversion`), or None.
    """
    ordered = sorted((day for day in days if day.day.year <= year), key=lambda day: day.day)
    own = [day for day in ordered if day.day.year == year]
    minutes = sum(day.late_minutes + day.early_minutes for day in own)
    return Tally(
        year,
        tuple(day.day for day in own if day.code == UNEXCUSED),
        _longest_run(ordered, year),
        minutes,
        timedelta(minutes=minutes) // conversion if conversion else 0,
    )


def watch(ladder: Ladder, standing: Tally) -> tuple[Notice, ...]:
    """Every notice that holds now: the step reached, one day before the next, and days in a row."""
    count, found = len(standing.unexcused), []
    reached = [step for step in ladder.steps if step.days <= count]
    coming = [step for step in ladder.steps if step.days == count + 1]
    if reached:
        found.append(Notice(Alarm.REACHED, reached[-1], standing.unexcused, ladder.decree))
    if coming and not (reached and reached[-1].days == count):
        found.append(Notice(Alarm.APPROACHING, coming[0], standing.unexcused, ladder.decree))
    run = standing.longest_run
    if ladder.consecutive is not None and len(run) >= ladder.consecutive.days:
        found.append(Notice(Alarm.CONSECUTIVE_REACHED, ladder.consecutive, run, ladder.decree))
    elif ladder.consecutive is not None and len(run) >= ladder.warn_consecutive_days:
        found.append(Notice(Alarm.CONSECUTIVE_APPROACHING, ladder.consecutive, run, ladder.decree))
    return tuple(found)


def new_notices(ladder: Ladder, before: Tally, after: Tally) -> tuple[Notice, ...]:
    """The notices that a change brought: what to send, and only once."""
    told = {(notice.alarm, notice.step) for notice in watch(ladder, before)}
    return tuple(notice for notice in watch(ladder, after) if (notice.alarm, notice.step) not in told)


def _longest_run(ordered: Sequence[AttendanceDay], year: int) -> tuple[date, ...]:
    longest: tuple[date, ...] = ()
    run: tuple[date, ...] = ()
    for day in ordered:
        if day.code == OFF:
            continue
        run = (*run, day.day) if day.code == UNEXCUSED else ()
        if len(run) > len(longest) and run[-1].year == year:
            longest = run
    return longest


def _ladder(row: Fields) -> Ladder:
    steps = tuple(_step(step) for step in row.tables("steps"))
    starts = [step.days for step in steps]
    if not steps or starts != sorted(set(starts)):
        raise row.refuse("must climb from few days to many", "steps")
    employments = row.items("employments")
    if not employments or not all(isinstance(name, str) and name in set(Employment) for name in employments):
        raise row.refuse(f"must be some of {', '.join(Employment)}", "employments")
    in_a_row = row.table("consecutive") if row.has("consecutive") else None
    return Ladder(
        row.text("id"),
        row.text("decree"),
        row.day("valid_from"),
        row.optional_day("valid_to"),
        frozenset(Employment(name) for name in employments),
        steps,
        _step(in_a_row) if in_a_row else None,
        in_a_row.whole("warn_days", 1, _MOST_DAYS) if in_a_row else 0,
    )


def _step(row: Fields) -> Step:
    return Step(row.whole("days", 1, _MOST_DAYS), row.text("level"), row.text("sanction"))
