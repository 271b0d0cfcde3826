from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from attendance.day import AttendanceDay, Correction, DayPunch, Excuse, Flag, Side, pick, settle, unjudged
from attendance.errors import PolicyError
from attendance.policy import Schedule
from tests.support.office import preset, punches, someone, wib, working

MONDAY = date(2026, 3, 2)
SCHEDULE = working(preset("asn-2023"), someone(), MONDAY)


def _day(*clocks: str, closed: bool = True, **more: Any) -> AttendanceDay:
    return settle(SCHEDULE, punches(*(f"2026-03-02 {clock}" for clock in clocks)), closed=closed, **more)


def _claim(side: Side, clock: str) -> Correction:
    return Correction(side, wib(f"2026-03-02 {clock}"), "k-1")


@pytest.mark.parametrize(
    ("clock", "minutes", "tier"),
    [
        *[("07:30:59", 0, None), ("07:31:00", 1, "TL1"), ("08:00:59", 30, "TL1"), ("08:01:00", 31, "TL2")],
        *[("08:30:59", 60, "TL2"), ("08:31:00", 61, "TL3"), ("09:00:59", 90, "TL3"), ("09:01:00", 91, "TL4")],
    ],
)
def test_late_minutes_fall_into_the_tier_that_begins_at_or_below_them(
    clock: str, minutes: int, tier: str | None
) -> None:
    day = _day(clock, "16:00:00")
    assert (day.code, day.late_minutes, day.late_tier, day.late_as) == ("H", minutes, tier, tier)


@pytest.mark.parametrize(
    ("clock", "minutes", "tier"),
    [
        *[("16:00:00", 0, None), ("15:59:59", 1, "PSW1"), ("15:30:00", 30, "PSW1"), ("15:29:59", 31, "PSW2")],
        ("14:29:00", 91, "PSW4"),
    ],
)
def test_early_minutes_fall_into_their_tier(clock: str, minutes: int, tier: str | None) -> None:
    day = _day("07:00:00", clock)
    assert (day.early_minutes, day.early_tier, day.early_as) == (minutes, tier, tier)


def test_a_missing_punch_is_said_and_taken_for_the_top_tier() -> None:
    no_out, no_in = _day("07:00:00"), _day("16:00:00")
    assert (no_out.code, no_out.missing_in, no_out.missing_out, no_out.early_as) == ("H", False, True, "PSW4")
    assert (no_in.code, no_in.missing_in, no_in.missing_out, no_in.late_as) == ("H", True, False, "TL4")
    assert (no_out.early_tier, no_out.early_minutes) == (None, 0), "nothing was measured"


def test_nothing_negative_is_said_of_a_day_that_is_open() -> None:
    assert _day(closed=False).code == "pending"
    half = _day("07:00:00", closed=False)
    assert (half.code, half.missing_out, half.final) == ("H", False, False)
    assert _day("07:00:00", "16:00:00").final


def test_a_closed_day_without_any_punch_is_an_unexcused_absence() -> None:
    day = _day()
    assert (day.code, day.final, day.missing_in, day.missing_out) == ("TK", True, False, False)


def test_a_punch_outside_the_windows_is_kept_and_makes_nobody_present() -> None:
    day = _day("05:59:59")
    assert (day.code, len(day.kept), day.used) == ("TK", 1, ())


def test_a_doubtful_punch_is_shown_and_never_counted_and_holds_the_day_open() -> None:
    doubtful = DayPunch(wib("2026-03-02 07:00:00"), False, "n/0/9")
    alone = settle(SCHEDULE, [doubtful], closed=True)
    assert (alone.code, alone.final, alone.kept) == ("pending", False, (doubtful,))
    assert alone.flags == {Flag.DOUBTFUL_TIME}
    beside = settle(SCHEDULE, [doubtful, *punches("2026-03-02 08:00:00")], closed=True)
    assert (beside.check_in, beside.late_minutes) == (wib("2026-03-02 08:00:00"), 30)
    assert (beside.missing_out, beside.final) == (False, False)


def test_a_correction_stands_beside_the_raw_punch() -> None:
    day = _day("08:00:00", "16:00:00", corrections=[_claim(Side.IN, "07:20:00")])
    assert (day.check_in, day.late_minutes) == (wib("2026-03-02 07:20:00"), 0)
    assert day.used[0].at == wib("2026-03-02 08:00:00"), "the raw punch is still there"
    assert day.claims == (_claim(Side.IN, "07:20:00"),)
    assert Flag.CLAIM in day.flags


def test_a_forgotten_punch_that_was_approved_is_not_missing() -> None:
    day = _day("07:00:00", corrections=[_claim(Side.OUT, "16:05:00")])
    assert (day.missing_out, day.check_out) == (False, wib("2026-03-02 16:05:00"))
    both = _day(corrections=[_claim(Side.IN, "07:00:00"), _claim(Side.OUT, "16:05:00")])
    assert (both.code, both.used) == ("H", ())


def test_a_correction_never_makes_a_day_worse() -> None:
    day = _day(
        "07:00:00", "16:10:00", corrections=[_claim(Side.IN, "09:00:00"), _claim(Side.OUT, "15:00:00")]
    )
    assert (day.late_minutes, day.early_minutes) == (0, 0)
    assert Flag.CLAIM not in day.flags


@pytest.mark.parametrize(
    ("side", "clock"), [(Side.IN, "13:00:00"), (Side.OUT, "11:59:59"), (Side.IN, "05:00:00")]
)
def test_a_correction_outside_the_windows_of_its_side_is_flagged_and_not_counted(
    side: Side, clock: str
) -> None:
    day = _day(corrections=[_claim(side, clock)])
    assert (day.code, set(day.flags), len(day.claims)) == ("TK", {Flag.CLAIM_OUTSIDE}, 1)


def test_an_excuse_wins_over_an_open_day_and_over_an_absence() -> None:
    leave = Excuse("CT", "ct-12")
    for closed in (True, False):
        day = _day(closed=closed, excuse=leave)
        assert (day.code, day.final, day.excuse, day.flags) == ("CT", True, "ct-12", frozenset())


@pytest.mark.parametrize("code", ["", "H", "HL", "TK", "pending", "TAM"])
def test_an_excuse_with_a_code_of_the_day_itself_is_refused(code: str) -> None:
    with pytest.raises(PolicyError, match="can't be the code of an excuse"):
        Excuse(code, "x")


def test_a_day_off_wins_over_an_excuse() -> None:
    sunday = preset("asn-2023").schedule(someone(), date(2026, 3, 1))
    day = settle(sunday, punches("2026-03-01 08:00:00"), closed=False, excuse=Excuse("DL", "d-1"))
    assert (day.code, day.present_on_day_off, day.final, len(day.kept)) == ("HL", True, True, 1)
    doubtful = replace(punches("2026-03-01 08:00:00")[0], trusted=False)
    assert not settle(sunday, [doubtful], closed=True).present_on_day_off


def test_the_content_of_a_day_is_plain_and_the_same_for_the_same_day() -> None:
    raw = punches("2026-03-02 07:45:00", "2026-03-02 16:00:00", "2026-03-02 07:50:00")
    claim = [_claim(Side.OUT, "16:30:00")]
    content = settle(SCHEDULE, raw, closed=True, corrections=claim).content()
    assert content == settle(SCHEDULE, raw[::-1], closed=True, corrections=claim).content()
    assert content["day"] == "2026-03-02"
    assert (content["used"], content["kept"]) == (["n/0/1", "n/0/2"], ["n/0/3"])
    assert content["check_in_ms"] == int(wib("2026-03-02 07:45:00").timestamp()) * 1000
    assert content["claims"] == [{"side": "out", "at_ms": content["check_out_ms"], "reference": "k-1"}]


def test_two_punches_of_one_second_are_told_apart_by_their_events() -> None:
    twin = punches("2026-03-02 07:00:00", "2026-03-02 07:00:00")
    day = settle(SCHEDULE, twin[::-1], closed=True)
    assert ([p.event for p in day.used], [p.event for p in day.kept]) == (["n/0/1"], ["n/0/2"])
    assert pick(SCHEDULE, twin) == pick(SCHEDULE, twin[::-1]) == (twin[0], None)


def test_the_schedule_of_these_tests_is_a_monday_of_eight_and_a_half_hours() -> None:
    assert isinstance(SCHEDULE, Schedule)
    assert (SCHEDULE.on_time_until, SCHEDULE.out_earliest) == (
        wib("2026-03-02 07:30:59"),
        wib("2026-03-02 16:00:00"),
    )


def test_a_time_that_rests_on_a_pin_is_flagged_and_counts_like_any_other() -> None:
    pin = DayPunch(wib("2026-03-02 07:20:00"), True, "n/0/1", by_pin=True)
    home = DayPunch(wib("2026-03-02 16:05:00"), True, "n/0/2")
    day = settle(SCHEDULE, [pin, home], closed=True)
    assert (day.code, day.check_in, day.flags) == ("H", pin.at, {Flag.BY_PIN})
    earlier_finger = DayPunch(wib("2026-03-02 07:10:00"), True, "n/0/3")
    assert settle(SCHEDULE, [earlier_finger, pin, home], closed=True).flags == set()


def test_a_day_off_is_flagged_where_nothing_but_a_pin_speaks_for_the_presence() -> None:
    day_off = preset("asn-2023").schedule(someone(), date(2026, 3, 1))
    pin = DayPunch(wib("2026-03-01 08:00:00"), True, "n/0/1", by_pin=True)
    assert settle(day_off, [pin], closed=True).flags == {Flag.BY_PIN}
    finger = DayPunch(wib("2026-03-01 09:00:00"), True, "n/0/2")
    assert settle(day_off, [pin, finger], closed=True).flags == set()
    assert settle(day_off, [DayPunch(pin.at, False, "n/0/1", by_pin=True)], closed=True).flags == {
        Flag.DOUBTFUL_TIME
    }


def test_a_day_without_windows_stays_open_and_keeps_its_punches() -> None:
    seen = punches("2017-03-06 07:10:00", "2017-03-06 16:00:00")
    day = unjudged(date(2017, 3, 6), "r1", reversed(seen))
    assert (day.code, day.final, day.check_in, day.check_out) == ("pending", False, None, None)
    assert (day.kept, day.used, day.flags) == (tuple(seen), (), frozenset({Flag.NO_WINDOWS}))
    doubtful = unjudged(date(2017, 3, 6), "r1", [replace(seen[0], trusted=False)])
    assert doubtful.flags == {Flag.NO_WINDOWS, Flag.DOUBTFUL_TIME}
