from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest

from attendance.people import RosterPerson
from attendance.policy import Policy
from attendance.window import EarlierPunch, Judgement, Kind, judge, repeat_of
from tests.support.office import preset, preset_content, someone, wib

OLD, NEW = preset("tanggamus-2017"), preset("asn-2023")
MONDAY = date(2026, 3, 2)


def _kind(policy: Policy, text: str, person: RosterPerson | None = None) -> tuple[Kind, date | None, int]:
    judgement = judge(policy, person or someone(), wib(text))
    return judgement.kind, judgement.day, judgement.minutes


@pytest.mark.parametrize(
    ("clock", "kind", "minutes"),
    [
        ("05:29:59", Kind.OUTSIDE, 0),
        ("05:30:00", Kind.IN, 0),
        ("09:00:00", Kind.IN, 0),
        ("09:00:59", Kind.IN, 0),
        ("09:00:59.999", Kind.IN, 0),
        ("09:01:00", Kind.LATE, 1),
        ("09:01:59", Kind.LATE, 1),
        ("09:02:00", Kind.LATE, 2),
        ("11:59:59", Kind.LATE, 179),
        ("12:00:00", Kind.EARLY, 210),
        ("15:29:59", Kind.EARLY, 1),
        ("15:30:00", Kind.OUT, 0),
        ("23:59:59.999", Kind.OUT, 0),
    ],
)
def test_the_window_and_not_a_toggle_decides_what_a_punch_is(clock: str, kind: Kind, minutes: int) -> None:
    assert _kind(OLD, f"2017-03-06 {clock}") == (kind, date(2017, 3, 6), minutes)


def test_the_first_second_after_midnight_is_the_next_day() -> None:
    assert _kind(OLD, "2017-03-07 00:00:00") == (Kind.OUTSIDE, date(2017, 3, 7), 0)


def test_friday_splits_and_ends_earlier() -> None:
    assert _kind(OLD, "2017-03-10 11:29:59")[0] is Kind.LATE
    assert _kind(OLD, "2017-03-10 11:30:00")[0] is Kind.EARLY
    assert _kind(OLD, "2017-03-10 15:00:00")[0] is Kind.OUT


def test_a_punch_on_a_day_off_is_told_apart_from_one_outside_the_windows() -> None:
    assert _kind(OLD, "2017-03-11 08:00:00") == (Kind.DAY_OFF, date(2017, 3, 11), 0)
    assert _kind(OLD, "2017-06-27 08:00:00") == (Kind.DAY_OFF, date(2017, 6, 27), 0)


@pytest.mark.parametrize(("zone", "hours"), [("WIB", 7), ("WITA", 8), ("WIT", 9)])
def test_nine_oclock_is_nine_oclock_in_each_zone(zone: str, hours: int) -> None:
    content = preset_content("tanggamus-2017")
    content["policies"][0]["tz"] = zone
    policy = Policy.parse(content)
    cut_off = datetime(2017, 3, 6, 9, 0, 59, tzinfo=UTC) - timedelta(hours=hours)
    assert judge(policy, someone(), cut_off).kind is Kind.IN
    late = judge(policy, someone(), cut_off + timedelta(seconds=1))
    assert (late.kind, late.minutes, late.day) == (Kind.LATE, 1, date(2017, 3, 6))


def test_a_morning_in_the_east_is_the_day_there_though_utc_is_still_the_day_before() -> None:
    content = preset_content("asn-2023")
    content["policies"][0]["tz"] = "Asia/Jayapura"
    judgement = judge(Policy.parse(content), someone(), datetime(2026, 3, 1, 21, 30, tzinfo=UTC))
    assert (judgement.kind, judgement.day) == (Kind.IN, MONDAY)


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    nurse = someone((MONDAY, "malam"), group="piket")
    assert _kind(NEW, "2026-03-02 20:00:59", nurse) == (Kind.IN, MONDAY, 0)
    assert _kind(NEW, "2026-03-02 23:59:59", nurse) == (Kind.LATE, MONDAY, 239)
    assert _kind(NEW, "2026-03-03 00:10:00", nurse) == (Kind.LATE, MONDAY, 250)
    assert _kind(NEW, "2026-03-03 07:29:00", nurse) == (Kind.EARLY, MONDAY, 1)
    assert _kind(NEW, "2026-03-03 07:30:00", nurse) == (Kind.OUT, MONDAY, 0)
    assert _kind(NEW, "2026-03-03 11:00:01", nurse)[0] is Kind.DAY_OFF


def test_where_two_shifts_overlap_the_nearer_mark_decides() -> None:
    content = preset_content("asn-2023")
    content["policies"][0]["shifts"]["malam"]["out_close"] = "13:30+1d"
    policy = Policy.parse(content)
    nurse = someone((MONDAY, "malam"), (date(2026, 3, 3), "siang"), group="piket")
    assert _kind(policy, "2026-03-03 12:40:00", nurse) == (Kind.IN, date(2026, 3, 3), 0)
    nurse = someone((MONDAY, "malam"), (date(2026, 3, 3), "pagi"), group="piket")
    assert _kind(policy, "2026-03-03 07:30:00", nurse) == (Kind.OUT, MONDAY, 0)
    assert _kind(policy, "2026-03-03 07:00:00", nurse) == (Kind.EARLY, MONDAY, 30)
    assert _kind(policy, "2026-03-03 07:31:00", nurse) == (Kind.LATE, date(2026, 3, 3), 1)


def test_a_shift_may_open_on_the_evening_before() -> None:
    content = preset_content("asn-2023")
    early = deepcopy(content["policies"][0]["shifts"]["pagi"])
    early |= {"in_open": "23:00-1d", "on_time_until": "00:00:59", "split": "04:00", "out_earliest": "08:00"}
    content["policies"][0]["shifts"]["dini"] = early
    guard = someone((MONDAY, "dini"), group="piket")
    assert _kind(Policy.parse(content), "2026-03-01 23:30:00", guard) == (Kind.IN, MONDAY, 0)
    assert _kind(Policy.parse(content), "2026-03-01 22:59:59", guard) == (Kind.DAY_OFF, date(2026, 3, 1), 0)


@pytest.mark.parametrize("text", ["1970-01-01 00:00:10", "2000-01-01 08:00:00"])
def test_a_clock_at_its_beginning_is_outside_and_not_an_error(text: str) -> None:
    assert _kind(NEW, text) == (Kind.OUTSIDE, None, 0)


def test_the_first_day_of_the_rules_counts_from_the_local_midnight() -> None:
    assert _kind(OLD, "2017-01-03 05:31:00") == (Kind.IN, date(2017, 1, 3), 0)
    content = preset_content("asn-2023")
    content["policies"][0]["valid_from"] = "2026-03-02"
    assert _kind(Policy.parse(content), "2026-03-02 06:30:00") == (Kind.IN, MONDAY, 0)


def test_a_roster_that_names_an_unknown_shift_never_refuses_a_punch() -> None:
    assert _kind(NEW, "2026-03-02 07:00:00", someone((MONDAY, "sore")))[0] is Kind.OUTSIDE


def _judged(clock: str) -> Judgement:
    return judge(NEW, someone(), wib(f"2026-03-02 {clock}"))


def _before(*clocks: str) -> list[EarlierPunch]:
    return [EarlierPunch(_judged(clock).kind, _judged(clock).when) for clock in clocks]


def test_a_second_morning_punch_repeats_the_first_however_long_ago() -> None:
    first = _before("06:10:00")[0]
    assert repeat_of(_judged("06:12:00"), _before("06:10:00")) == first
    assert repeat_of(_judged("11:00:00"), _before("09:00:00", "06:10:00")) == first


def test_going_home_repeats_only_a_punch_of_a_few_minutes_ago() -> None:
    assert repeat_of(_judged("16:05:00"), _before("16:00:00")) == _before("16:00:00")[0]
    assert repeat_of(_judged("16:05:01"), _before("16:00:00")) is None


def test_a_try_before_going_home_time_never_silences_the_real_one() -> None:
    assert repeat_of(_judged("16:00:00"), _before("15:58:00")) is None
    assert repeat_of(_judged("15:59:00"), _before("15:58:00")) is None


def test_a_morning_punch_is_no_repeat_of_yesterday_or_of_one_outside() -> None:
    yesterday = EarlierPunch(Kind.IN, wib("2026-03-01 07:00:00"))
    outside = EarlierPunch(Kind.OUTSIDE, wib("2026-03-02 05:58:00"))
    assert repeat_of(_judged("06:00:00"), [yesterday, outside]) is None
    assert repeat_of(_judged("16:00:00"), _before("07:00:00")) is None
    assert repeat_of(_judged("05:59:00"), [outside]) is None


def test_a_punch_that_comes_later_is_not_repeated() -> None:
    assert repeat_of(_judged("07:00:00"), _before("07:05:00")) is None
