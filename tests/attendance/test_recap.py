from datetime import date

import pytest

from attendance.day import AttendanceDay, DayPunch, Excuse, settle
from attendance.errors import PersonError
from attendance.recap import Assignment, assignment_on, month_days, recap, split_by_assignment
from tests.support.office import preset, punches, someone

POLICY = preset("asn-2023")


def _day(text: str, *clocks: str, closed: bool = True, excuse: str | None = None) -> AttendanceDay:
    raw: list[DayPunch] = punches(*(f"{text} {clock}" for clock in clocks))
    reason = Excuse(excuse, "ref") if excuse else None
    return settle(POLICY.schedule(someone(), date.fromisoformat(text)), raw, closed=closed, excuse=reason)


MONTH = [
    _day("2026-03-02", "07:00:00", "16:00:00"),
    _day("2026-03-03", "07:40:00", "15:00:00"),
    _day("2026-03-04", "08:10:00"),
    _day("2026-03-05", "16:10:00"),
    _day("2026-03-06"),
    _day("2026-03-07", "08:00:00"),
    _day("2026-03-09", closed=False),
    _day("2026-03-10", "07:00:00", closed=False),
    _day("2026-03-11", "07:00:00", excuse="DL"),
    _day("2026-03-12", excuse="CT"),
    _day("2026-03-13", excuse="CT"),
]


def test_a_line_adds_up_every_figure() -> None:
    line = recap(MONTH)
    assert (line.working_days, line.present, line.unexcused, line.pending) == (10, 5, 1, 1)
    assert (line.late_days, line.late_minutes) == ({"TL1": 1, "TL2": 1}, 10 + 40)
    assert (line.early_days, line.early_minutes) == ({"PSW2": 1}, 60)
    assert (line.missing_in, line.missing_out) == (1, 1)
    assert line.excused == {"CT": 2, "DL": 1}
    assert (line.present_on_days_off, line.conflicts) == (1, 1)


def test_every_working_day_is_counted_exactly_once() -> None:
    line = recap(MONTH)
    assert line.working_days == line.present + sum(line.excused.values()) + line.unexcused + line.pending


def test_a_line_says_how_complete_it_is() -> None:
    assert (recap(MONTH).open_days, recap(MONTH).complete) == (2, False)
    assert recap(MONTH[:5]).complete


def test_the_order_of_days_does_not_matter() -> None:
    assert recap(MONTH[::-1]) == recap(MONTH)


def test_a_day_that_comes_twice_is_refused() -> None:
    with pytest.raises(PersonError, match="2026-03-02 comes twice"):
        recap([*MONTH, MONTH[0]])


def test_nothing_adds_up_to_nothing() -> None:
    line = recap([])
    assert (line.working_days, line.complete, line.late_days) == (0, True, {})


def test_a_month_has_its_days() -> None:
    assert (len(month_days(2026, 2)), len(month_days(2024, 2)), month_days(2026, 12)[-1]) == (
        28,
        29,
        date(2026, 12, 31),
    )


OLD = Assignment("DISKOMINFO", "umum", date(2020, 1, 1), date(2026, 3, 4))
NEW = Assignment("DINSOS", "umum", date(2026, 3, 5))


def test_days_go_to_the_assignment_in_force_and_none_gets_lost() -> None:
    parts = split_by_assignment(MONTH, [NEW, OLD])
    assert [part.unit for part in parts if part] == ["DISKOMINFO", "DINSOS"]
    assert sum(len(days) for days in parts.values()) == len(MONTH)
    assert [day.day.day for day in parts[OLD]] == [2, 3, 4]
    assert split_by_assignment(MONTH, [NEW])[None] == tuple(MONTH[:3])


def test_two_assignments_on_one_day_are_refused() -> None:
    rival = Assignment("RSUD", "piket", date(2026, 3, 4))
    with pytest.raises(PersonError, match="DISKOMINFO and RSUD both hold the person on 2026-03-04"):
        assignment_on([OLD, rival], date(2026, 3, 4))
    assert assignment_on([OLD, rival], date(2019, 1, 1)) is None
