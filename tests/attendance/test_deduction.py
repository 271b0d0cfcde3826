from dataclasses import replace
from datetime import date

import pytest

from attendance.day import AttendanceDay, Excuse, settle
from attendance.deduction import day_rate, month_rate
from tests.support.office import preset, punches, someone, working

SCHEDULE = working(preset("asn-2023"), someone(), date(2026, 3, 2))
OFF = SCHEDULE.rules.deduction
ON = replace(OFF, enabled=True, decree_no="Perbup 1/2026")


def _day(*clocks: str, closed: bool = True) -> AttendanceDay:
    return settle(SCHEDULE, punches(*(f"2026-03-02 {clock}" for clock in clocks)), closed=closed)


@pytest.mark.parametrize(
    ("clocks", "rate"),
    [
        (["07:00:00", "16:00:00"], 0),
        (["07:40:00", "16:00:00"], 50),
        (["07:40:00", "15:00:00"], 50 + 100),
        (["07:00:00"], 150),
        (["16:00:00"], 150),
        ([], 300),
    ],
)
def test_a_day_costs_the_rate_of_each_half_or_that_of_an_absence(clocks: list[str], rate: int) -> None:
    assert day_rate(_day(*clocks), ON) == rate
    assert day_rate(_day(*clocks), OFF) == 0, "off until a decree number has switched it on"


def test_an_open_or_excused_day_costs_nothing() -> None:
    assert day_rate(_day(closed=False), ON) == 0
    assert day_rate(_day("07:00:00", closed=False), ON) == 0
    assert day_rate(settle(SCHEDULE, [], closed=True, excuse=Excuse("S", "s-1")), ON) == 0


def test_a_month_never_costs_more_than_the_cap() -> None:
    days = [_day()] * 22
    assert month_rate(days, ON) == 6_600
    assert month_rate(days, replace(ON, cap=5_000)) == 5_000
