from datetime import date, timedelta

import pytest

from attendance.day import AttendanceDay, settle
from attendance.discipline import (
    LADDERS_FILE,
    Alarm,
    Ladder,
    Tally,
    ladder_on,
    new_notices,
    parse_ladders,
    tally,
    watch,
)
from attendance.errors import PolicyError
from attendance.people import Employment
from tests.support.office import preset, preset_text, punches, someone

LADDERS = parse_ladders(preset_text(LADDERS_FILE))
PP53, PP94 = LADDERS


def _working_days(count: int, first: date = date(2026, 1, 5)) -> list[AttendanceDay]:
    """So many absent working days from this date, with the days off in between."""
    found: list[AttendanceDay] = []
    day = first
    while sum(entry.code == "TK" for entry in found) < count:
        found.append(settle(preset("asn-2023").schedule(someone(), day), [], closed=True))
        day += timedelta(days=1)
    return found


def _present(day: date, *clocks: str) -> AttendanceDay:
    raw = punches(*(f"{day.isoformat()} {clock}" for clock in clocks or ("07:00:00", "16:00:00")))
    return settle(preset("asn-2023").schedule(someone(), day), raw, closed=True)


def _tally(count: int, run: int = 0) -> Tally:
    days = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(count))
    return Tally(2026, days, days[:run], 0, 0)


def _reached(ladder: Ladder, count: int) -> int | None:
    return next(
        (notice.step.days for notice in watch(ladder, _tally(count)) if notice.alarm is Alarm.REACHED), None
    )


def test_the_law_in_force_on_the_day_decides() -> None:
    assert ladder_on(LADDERS, date(2017, 6, 1), Employment.PNS) is PP53
    assert ladder_on(LADDERS, date(2021, 8, 30), Employment.CPNS) is PP53
    assert ladder_on(LADDERS, date(2021, 8, 31), Employment.PNS) is PP94
    assert ladder_on(LADDERS, date(2026, 1, 1), Employment.PPPK) is None
    assert ladder_on(LADDERS, date(2026, 1, 1), Employment.NON_ASN) is None
    assert ladder_on(LADDERS, date(2009, 1, 1), Employment.PNS) is None


@pytest.mark.parametrize(
    ("ladder", "starts"),
    [(PP53, [5, 6, 11, 16, 21, 26, 31, 36, 41, 46]), (PP94, [3, 4, 7, 11, 14, 17, 21, 25, 28])],
)
def test_each_step_holds_until_the_next_one_begins(ladder: Ladder, starts: list[int]) -> None:
    expected = {
        count: max((start for start in starts if start <= count), default=None) for count in range(60)
    }
    assert {count: _reached(ladder, count) for count in range(60)} == expected


def test_the_day_before_each_step_is_announced_but_not_on_a_step_itself() -> None:
    announced = {
        count: [
            notice.step.days for notice in watch(PP94, _tally(count)) if notice.alarm is Alarm.APPROACHING
        ]
        for count in range(30)
    }
    assert {count for count, steps in announced.items() if steps} == {2, 6, 10, 13, 16, 20, 24, 27}
    assert announced[6] == [7]


def test_a_notice_is_sent_once() -> None:
    assert new_notices(PP94, _tally(4), _tally(5)) == ()
    assert [notice.alarm for notice in new_notices(PP94, _tally(2), _tally(11))] == [Alarm.REACHED]


def test_a_notice_proposes_with_dates_and_decree_and_does_not_judge() -> None:
    notice = watch(PP94, tally(_working_days(4), 2026, None))[0]
    assert notice.days == tuple(date(2026, 1, day) for day in (5, 6, 7, 8))
    assert "4 hari kerja tanpa keterangan, mencapai batas 4 hari (PP 94/2021)" in notice.sentence
    assert "Usulan untuk diperiksa atasan: teguran tertulis" in notice.sentence


def test_weekends_and_holidays_do_not_break_a_run_and_a_present_or_open_day_does() -> None:
    days = _working_days(10)
    assert any(day.code == "HL" for day in days)
    assert len(tally(days, 2026, None).longest_run) == 10
    fifth = [day for day in days if day.code == "TK"][4]
    for other in (
        _present(fifth.day),
        settle(preset("asn-2023").schedule(someone(), fifth.day), [], closed=False),
    ):
        changed = [other if day.day == fifth.day else day for day in days]
        assert len(tally(changed, 2026, None).longest_run) == 5


def test_a_run_may_begin_in_the_year_before_but_the_years_count_starts_anew() -> None:
    days = _working_days(10, date(2025, 12, 22))
    counted = tally(days[::-1], 2026, None)
    assert len(counted.longest_run) == 10
    assert all(day.year == 2026 for day in counted.unexcused)
    assert 0 < len(counted.unexcused) < 10
    assert tally(days, 2025, None).longest_run == tally(days, 2025, None).unexcused


def test_a_run_that_ended_in_the_year_before_is_not_this_years() -> None:
    absent = _working_days(6, date(2025, 12, 1))
    days = [*absent, _present(date(2025, 12, 15)), *_working_days(2)]
    assert len(tally(days, 2026, None).longest_run) == 2


def test_the_consecutive_alarm_exists_in_pp_94_only() -> None:
    assert not any(notice.alarm.startswith("consecutive") for notice in watch(PP53, _tally(12, 12)))
    assert any(notice.alarm is Alarm.CONSECUTIVE_REACHED for notice in watch(PP94, _tally(12, 12)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ladders = ", "not TOML"),
        ("", "ladders must hold at least one"),
        ("[[ladders]]\nid = 'x'\n", r"ladders\[1\].steps must climb"),
        (preset_text(LADDERS_FILE).replace("days = 6,", "days = 5,", 1), r"ladders\[1\].steps must climb"),
        (
            preset_text(LADDERS_FILE).replace('"cpns"', "{}", 1),
            r"ladders\[1\].employments must be some of pns",
        ),
        (
            preset_text(LADDERS_FILE).replace('"cpns"', '"honorer"', 1),
            r"ladders\[1\].employments must be some of",
        ),
        (
            preset_text(LADDERS_FILE).replace("warn_days = 8", "warn_days = 0"),
            r"consecutive.warn_days must be",
        ),
        (preset_text(LADDERS_FILE).replace('decree = "PP 53/2010"', ""), r"ladders\[1\].decree must be text"),
    ],
)
def test_a_wrong_ladder_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_ladders(text)
