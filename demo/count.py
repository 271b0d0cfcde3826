"""What came of the day: every confirmed tap must be at central exactly once, under the right person.

Read from central's own tables, and compared with what the people at the doors saw.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from central import tables
from central.database import Database
from demo.day import Try
from demo.plan import Outcome
from demo.town import Resident

_ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class Stored:
    """A punch as central holds it; `owner` is the NIP of its person."""

    owner: str | None
    unit: str
    wall_ms: int
    reference: str
    seq: int


@dataclass(slots=True)
class Report:
    """The counts, and a sentence for everything that is not as it should be.

    Attributes:
        taps: fingers put on a glass. confirmed: of them, those that the screen called stored.
        enrolled_taps: those of enrolled fingers. at_central: confirmed ones that central holds.
        lost, duplicated: confirmed ones that it holds not at all, or more than once.
        wrong_person: punches at central that nobody made. days_wrong: attendance days unlike the plan.
        explained: why the other taps of enrolled fingers were not confirmed.
    """

    taps: int = 0
    enrolled_taps: int = 0
    confirmed: int = 0
    at_central: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong_person: int = 0
    days_wrong: int = 0
    unexplained: int = 0
    explained: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the day held what was promised."""
        wrong = self.lost + self.duplicated + self.wrong_person + self.days_wrong + self.unexplained
        return wrong == 0 and self.confirmed >= _ENOUGH * self.enrolled_taps > 0

    def content(self) -> dict[str, Any]:
        """The report as it is written to a file."""
        return {**asdict(self), "good": self.good}


def stored_punches(database: Database) -> list[Stored]:
    """Every punch at central."""
    event, employee, node = tables.event, tables.employee, tables.node
    query = (
        select(employee.c.nip, node.c.unit, event.c.wall_ms, event.c.node, event.c.epoch, event.c.seq)
        .select_from(event.join(node, node.c.id == event.c.node))
        .outerjoin(employee, employee.c.id == event.c.person)
        .where(event.c.type == "punch")
    )
    with database.read() as connection:
        return [
            Stored(nip, unit, ms, f"{n}/{e}/{s}", s) for nip, unit, ms, n, e, s in connection.execute(query)
        ]


def stored_days(database: Database, day: date) -> dict[str, Outcome]:
    """The attendance days at central, by NIP."""
    row, employee = tables.attendance_day, tables.employee
    query = (
        select(employee.c.nip, row.c.code, row.c.late_minutes, row.c.missing_out)
        .select_from(row.join(employee, employee.c.id == row.c.person))
        .where(row.c.day == day)
    )
    with database.read() as connection:
        return {nip: Outcome(code, late > 0, out) for nip, code, late, out in connection.execute(query)}


def count(
    tries: Sequence[Try],
    punches: Sequence[Stored],
    days: Mapping[str, Outcome],
    wanted: Mapping[str, Outcome],
    residents: Sequence[Resident],
) -> Report:
    """Compare what people saw with what central holds."""
    report = Report(taps=len(tries))
    names = {person.nip: person.name for person in residents}
    claimed = Counter[str]()
    for attempt in tries:
        mine = [punch for punch in punches if _matches(attempt, punch)]
        claimed.update(punch.reference for punch in mine)
        _count_try(report, attempt, mine, names)
    for punch in punches:
        if claimed[punch.reference] == 0:
            report.wrong_person += 1
            who = names.get(punch.owner or "", "nobody")
            report.problems.append(f"{punch.reference} is a punch of {who} that nobody made")
    for nip, outcome in wanted.items():
        if days.get(nip) != outcome:
            report.days_wrong += 1
            report.problems.append(f"the day of {names[nip]} is {days.get(nip)}, not {outcome}")
    return report


def _matches(attempt: Try, punch: Stored) -> bool:
    """Same finger, same door, written down while the finger was on the glass or the screen was awaited."""
    same = (punch.owner, punch.unit) == (attempt.tap.who, attempt.tap.office)
    return same and attempt.before_ms <= punch.wall_ms <= attempt.after_ms


def _count_try(report: Report, attempt: Try, mine: Sequence[Stored], names: Mapping[str, str]) -> None:
    who = names.get(attempt.tap.who, attempt.tap.who)
    told = f"{attempt.tap.at} {who}: {attempt.answer or 'the screen said nothing'}"
    report.enrolled_taps += attempt.tap.enrolled
    if attempt.seq is None:
        if attempt.tap.enrolled:
            report.explained.append(told)
            report.unexplained += attempt.answer is None
        return
    confirmed = sum(punch.seq == attempt.seq for punch in mine)
    report.confirmed += 1
    report.at_central += confirmed > 0
    report.lost += confirmed == 0
    report.duplicated += len(mine) > 1
    if confirmed != 1 or len(mine) != 1:
        found = ", ".join(punch.reference for punch in mine) or "nothing"
        report.problems.append(f"{told}: event {attempt.seq} was confirmed, and central holds {found}")
