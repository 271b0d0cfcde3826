"""The sixteen cases of the field that every attendance product gets wrong somewhere, on the rules alone.

Case 15 (one finger offered for two NIP) is enrolment's. What cases 6, 12 and 16 move between
machines belongs to central and to the journeys.
"""

from dataclasses import replace
from datetime import date, timedelta

from attendance.coverage import gate, windows_of
from attendance.day import AttendanceDay, DayPunch, Excuse, Flag, settle
from attendance.discipline import LADDERS_FILE, Alarm, new_notices, parse_ladders, tally, watch
from attendance.month_lock import late_data
from attendance.policy import DayOff
from attendance.recap import Assignment, month_days, recap, split_by_assignment
from attendance.window import Kind, judge
from tests.support.office import attentive, preset, preset_text, punches, someone, wib, working

OLD, NEW = preset("tanggamus-2017"), preset("asn-2023")
PP53, PP94 = parse_ladders(preset_text(LADDERS_FILE))


def _day2017(day: str, *clocks: str) -> AttendanceDay:
    schedule = OLD.schedule(someone(), date.fromisoformat(day))
    return settle(schedule, punches(*(f"{day} {clock}" for clock in clocks)), closed=True)


def _absences(count: int) -> list[AttendanceDay]:
    days: list[AttendanceDay] = []
    day = date(2026, 1, 5)
    while sum(entry.code == "TK" for entry in days) < count:
        days.append(settle(NEW.schedule(someone(), day), [], closed=True))
        day += timedelta(days=1)
    return days


def test_case_01_the_last_second_of_nine_oclock_is_on_time() -> None:
    day = _day2017("2017-03-06", "09:00:59", "15:30:00")
    assert (day.code, day.late_tier, day.early_tier, day.late_minutes, day.early_minutes) == (
        "H",
        None,
        None,
        0,
        0,
    )


def test_case_02_one_minute_past_nine_is_one_minute_late() -> None:
    day = _day2017("2017-03-06", "09:01:00", "15:30:00")
    assert (day.late_tier, day.late_minutes) == ("TL", 1)


def test_case_03_three_oclock_is_the_end_of_friday_and_too_early_on_thursday() -> None:
    friday, thursday = (_day2017(day, "07:00:00", "15:00:00") for day in ("2017-03-10", "2017-03-09"))
    assert (friday.code, friday.early_tier) == ("H", None)
    assert (thursday.code, thursday.early_tier, thursday.early_minutes) == ("H", "PSW", 30)


def test_case_04_a_second_morning_punch_is_never_going_home() -> None:
    day = _day2017("2017-03-06", "07:10:00", "07:12:00")
    assert (day.check_in, day.check_out, day.missing_out) == (wib("2017-03-06 07:10:00"), None, True)
    assert [punch.at for punch in day.kept] == [wib("2017-03-06 07:12:00")]
    assert judge(OLD, someone(), wib("2017-03-06 07:12:00")).kind is Kind.IN


def test_case_05_a_try_before_time_costs_nothing_and_is_kept() -> None:
    day = _day2017("2017-03-06", "07:10:00", "15:10:00", "15:31:00")
    assert (day.check_out, day.early_tier, day.missing_out) == (wib("2017-03-06 15:31:00"), None, False)
    assert [punch.at for punch in day.kept] == [wib("2017-03-06 15:10:00")]


def test_case_06_a_node_that_was_offline_makes_nobody_absent_and_its_capture_time_counts() -> None:
    schedule = working(NEW, someone(), date(2026, 3, 2))
    offline = replace(attentive(schedule), reported_until=wib("2026-03-01 20:00:00"), spans=())
    two_days_later = wib("2026-03-04 09:00:00")
    before = settle(schedule, [], closed=gate(schedule, [offline], now=two_days_later).closed)
    assert before.code == "pending"
    batch = punches("2026-03-02 07:00:00", "2026-03-02 16:01:00")
    after = settle(schedule, batch, closed=gate(schedule, [attentive(schedule)], now=two_days_later).closed)
    assert (after.code, after.check_in, after.late_minutes) == ("H", wib("2026-03-02 07:00:00"), 0)


def test_case_07_a_day_that_one_node_has_not_passed_is_pending_and_not_absent() -> None:
    schedule = working(NEW, someone(), date(2026, 3, 2))
    behind = replace(attentive(schedule, "b"), reported_until=windows_of(schedule).end - timedelta(hours=1))
    closed = gate(schedule, [attentive(schedule, "a"), behind]).closed
    line = recap([settle(schedule, [], closed=closed)])
    assert (line.pending, line.unexcused, line.complete) == (1, 0, False)


def test_case_08_a_punch_on_cuti_bersama_is_kept_and_shown_and_not_counted() -> None:
    day = _day2017("2017-06-27", "08:00:00")
    assert (day.code, day.present_on_day_off, len(day.kept)) == ("HL", True, 1)
    assert recap([day]).working_days == 0


def test_case_09_an_excuse_wins_over_a_punch_and_the_conflict_is_flagged() -> None:
    schedule = working(NEW, someone(), date(2026, 3, 2))
    day = settle(schedule, punches("2026-03-02 07:20:00"), closed=True, excuse=Excuse("DL", "st-7"))
    assert (day.code, set(day.flags), len(day.kept)) == ("DL", {Flag.CONFLICT}, 1)


def test_case_10_a_hospital_night_belongs_to_the_day_on_which_it_starts() -> None:
    monday = date(2026, 3, 2)
    nurse = someone((monday, "malam"), group="piket", unit="RSUD")
    moments = (wib("2026-03-02 20:00:00"), wib("2026-03-03 07:30:00"))
    assert [judge(NEW, nurse, moment).day for moment in moments] == [monday, monday]
    night = working(NEW, nurse, monday)
    day = settle(night, [DayPunch(moment, True, f"n/{moment:%H}") for moment in moments], closed=True)
    assert (day.day, day.code, day.check_in, day.check_out) == (monday, "H", *moments)
    assert (day.late_tier, day.early_tier) == (None, None)
    assert isinstance(NEW.schedule(nurse, date(2026, 3, 3)), DayOff)


def test_case_11_a_transfer_in_mid_month_gives_two_recap_lines() -> None:
    old = Assignment("DISKOMINFO", "umum", date(2020, 1, 1), date(2026, 4, 14))
    new = Assignment("DINSOS", "enam-hari", date(2026, 4, 15))
    days = []
    for day in month_days(2026, 4):
        unit = old if old.holds_on(day) else new
        days.append(settle(NEW.schedule(someone(unit=unit.unit, group=unit.group), day), [], closed=True))
    lines = {part.unit: recap(rows) for part, rows in split_by_assignment(days, [old, new]).items() if part}
    # April 2026 has a holiday on Friday 3; five-day weeks until the 14th, six-day weeks after it.
    assert {unit: line.working_days for unit, line in lines.items()} == {"DISKOMINFO": 9, "DINSOS": 14}
    assert sum(line.working_days for line in lines.values()) == recap(days).working_days


def test_case_12_a_locked_month_stays_and_late_data_is_told() -> None:
    schedule = working(NEW, someone(), date(2026, 3, 2))
    locked = [settle(schedule, [], closed=True).content()]
    copy = [dict(content) for content in locked]
    late = settle(schedule, punches("2026-03-02 07:00:00"), closed=True)
    notice = late_data(locked, [late])
    assert notice is not None
    assert (notice.days[0].locked_code, notice.days[0].fresh_code) == ("TK", "H")
    assert locked == copy, "the month itself is unchanged"


def test_case_13_pp_94_warns_before_each_step_and_sounds_the_alarm_of_ten_days_in_a_row() -> None:
    told = {}
    for count in range(1, 12):
        before, after = (tally(_absences(number), 2026, None) for number in (count - 1, count))
        told[count] = [(notice.alarm, notice.step.days) for notice in new_notices(PP94, before, after)]
    assert told[1] == []
    assert told[2] == [(Alarm.APPROACHING, 3)]
    assert told[3] == [(Alarm.REACHED, 3)]
    assert told[4] == [(Alarm.REACHED, 4)]
    assert (Alarm.CONSECUTIVE_APPROACHING, 10) in told[8]
    assert told[9] == []
    assert (Alarm.CONSECUTIVE_REACHED, 10) in told[10]


def test_case_14_pp_53_turns_450_minutes_into_a_day_of_the_watch_list_only() -> None:
    rules = OLD.versions[0].rules
    days = [_day2017(f"2017-03-{number:02d}", "11:30:00", "15:30:00") for number in (6, 7, 8)]
    below, full = tally(days[:2], 2017, rules.conversion), tally(days, 2017, rules.conversion)
    assert (below.short_minutes, below.equivalent_days) == (300, 0)
    assert (full.short_minutes, full.equivalent_days) == (450, 1)
    assert full.unexcused == ()
    assert watch(PP53, full) == ()
    assert tally(days, 2017, NEW.versions[0].rules.conversion).equivalent_days == 0


def test_case_16_a_clock_of_1970_is_stored_as_doubtful_and_excluded_until_resolved() -> None:
    moment = wib("1970-01-01 00:00:40")
    assert judge(NEW, someone(), moment).kind is Kind.OUTSIDE
    doubtful = DayPunch(moment, False, "n/0/4")
    schedule = working(NEW, someone(), date(2026, 3, 2))
    before = settle(schedule, [doubtful], closed=True)
    assert (before.code, before.check_in, set(before.flags)) == ("pending", None, {Flag.DOUBTFUL_TIME})
    resolved = settle(schedule, [replace(doubtful, at=wib("2026-03-02 07:12:00"), trusted=True)], closed=True)
    assert (resolved.code, resolved.check_in, resolved.flags) == (
        "H",
        wib("2026-03-02 07:12:00"),
        frozenset(),
    )
