"""What is believed about the wall clock, and what happens when the belief is false."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import MalformedError
from attendance.moment import ClockState, Moment
from edge.timing import Anchor, AnchorRefusedError, Reading, Timekeeper, between, boot_body, wall_agreed

WALL = 1_496_622_480_000
START = Reading(WALL, "boot-a", 60_000, 60_000)
NEXT_BOOT = Reading(WALL + 7_200_000, "boot-b", 5_000, 5_000)


def later(ms: int, reading: Reading = START) -> Reading:
    return replace(
        reading, wall_ms=reading.wall_ms + ms, bt_ms=reading.bt_ms + ms, raw_ms=reading.raw_ms + ms
    )


def anchor_at(reading: Reading, *, off_ms: int = 0, error_ms: int = 40, seq: int = 7) -> Anchor:
    return Anchor(
        reading.wall_ms + off_ms, error_ms, "server", reading.boot, reading.bt_ms, reading.raw_ms, seq
    )


def written(state: ClockState = ClockState.ANCHORED, wall_ms: int = WALL) -> list[tuple[Moment, bool]]:
    moment = Moment(wall_ms, "boot-a", 60_000, 60_000, 7, state)
    return [(moment, moment.trusted)]


def test_a_clock_that_nobody_ever_confirmed_is_doubtful() -> None:
    assert Timekeeper(START, rtc=True).moment(START).state is ClockState.DOUBTFUL


def test_an_anchor_makes_the_clock_evidence_and_is_named() -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    moment = keeper.moment(later(3_600_000))
    assert (moment.state, moment.anchor) == (ClockState.ANCHORED, 7)


def test_a_wall_in_1970_stays_doubtful_under_an_anchor_and_the_best_time_is_the_anchors() -> None:
    in_1970 = replace(START, wall_ms=60_000)
    keeper = Timekeeper(in_1970, rtc=True)
    keeper.adopt(replace(anchor_at(in_1970), utc_ms=WALL))
    moment = keeper.moment(later(1000, in_1970))
    assert (moment.state, moment.anchor, moment.wall_ms) == (ClockState.DOUBTFUL, 7, 61_000)
    assert keeper.best_ms(later(1000, in_1970)) == WALL + 1000


def test_a_set_back_clock_is_doubtful_and_written_down_and_set_right_it_is_believed_again() -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    back = replace(later(60_000), wall_ms=WALL - 600_000)
    events = keeper.notice(back)
    assert [(e["what"], e["source"], e["before_ms"], e["after_ms"]) for e in events] == [
        ("set", "offset", WALL + 60_000, WALL - 600_000)
    ]
    assert keeper.moment(back).state is ClockState.DOUBTFUL
    right = later(120_000)
    assert keeper.notice(right)[0]["what"] == "set"
    assert keeper.moment(right).state is ClockState.ANCHORED


def test_the_kernels_word_is_written_down_even_when_the_clock_did_not_move() -> None:
    keeper = Timekeeper(START, rtc=False)
    assert [e["source"] for e in keeper.notice(later(500), was_set=True)] == ["kernel"]
    assert keeper.notice(later(900), was_set=True) == []
    assert [e["source"] for e in keeper.notice(later(90_000), was_set=True)] == ["kernel"]


def test_a_quiet_clock_writes_nothing() -> None:
    keeper = Timekeeper(START, rtc=False)
    for minutes in range(1, 60):
        assert keeper.notice(later(minutes * 60_000)) == []


def test_a_battery_clock_that_agreed_last_time_carries_on_after_a_power_cut() -> None:
    keeper = Timekeeper(NEXT_BOOT, rtc=True, written=written())
    assert keeper.moment(NEXT_BOOT).state is ClockState.RTC
    assert keeper.moment(NEXT_BOOT).anchor is None
    again = Timekeeper(NEXT_BOOT, rtc=True, written=written(ClockState.RTC))
    assert again.moment(NEXT_BOOT).state is ClockState.RTC


@pytest.mark.parametrize(
    ("rtc", "state", "wall_ms"),
    [
        (False, ClockState.ANCHORED, NEXT_BOOT.wall_ms),
        (True, ClockState.DOUBTFUL, NEXT_BOOT.wall_ms),
        (True, ClockState.ANCHORED, WALL - 3_000),
        (True, ClockState.ANCHORED, 0),
    ],
    ids=["no battery", "did not agree last time", "earlier than the last event", "in 1970"],
)
def test_after_a_power_cut_a_clock_is_doubtful_when(rtc: bool, state: ClockState, wall_ms: int) -> None:
    reading = replace(NEXT_BOOT, wall_ms=wall_ms)
    assert Timekeeper(reading, rtc=rtc, written=written(state)).moment(reading).state is ClockState.DOUBTFUL


def test_a_battery_clock_that_somebody_sets_is_doubtful_until_an_anchor() -> None:
    keeper = Timekeeper(NEXT_BOOT, rtc=True, written=written())
    forward = replace(later(1000, NEXT_BOOT), wall_ms=NEXT_BOOT.wall_ms + 900_000)
    assert keeper.notice(forward)[0]["what"] == "set"
    assert keeper.moment(forward).state is ClockState.DOUBTFUL
    keeper.adopt(anchor_at(forward))
    assert keeper.moment(forward).state is ClockState.ANCHORED


def test_a_clock_earlier_than_an_event_of_this_run_is_doubtful() -> None:
    keeper = Timekeeper(NEXT_BOOT, rtc=True, written=written())
    keeper.wrote(keeper.moment(later(600_000, NEXT_BOOT)))
    assert keeper.moment(NEXT_BOOT).state is ClockState.DOUBTFUL


def test_an_anchor_of_another_boot_says_nothing_about_this_one() -> None:
    keeper = Timekeeper(NEXT_BOOT, rtc=False, written=written())
    keeper.adopt(anchor_at(START))
    assert keeper.moment(NEXT_BOOT).anchor is None
    assert keeper.moment(NEXT_BOOT).state is ClockState.DOUBTFUL


def test_a_bent_boottime_is_written_down_once_a_window() -> None:
    keeper = Timekeeper(START, rtc=False)
    bent = replace(later(600_000), bt_ms=START.bt_ms + 601_000, wall_ms=WALL + 601_000)
    assert [(e["what"], e["bt_elapsed_ms"], e["raw_elapsed_ms"]) for e in keeper.notice(bent)] == [
        ("slew", 601_000, 600_000)
    ]
    assert keeper.notice(later(1000, bent)) == []


def test_a_wall_that_was_slewed_away_from_the_anchor_is_doubtful_though_nobody_set_it() -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    bent = later(3_600_000)
    bent = replace(bent, wall_ms=bent.wall_ms + 36_000, bt_ms=bent.bt_ms + 36_000)
    assert keeper.moment(bent).state is ClockState.DOUBTFUL


def test_the_first_anchor_is_written_down_with_how_far_the_wall_was_off() -> None:
    keeper = Timekeeper(START, rtc=False)
    body = keeper.weigh(anchor_at(START, off_ms=-1500), later(200))
    assert body is not None
    assert (body["what"], body["wall_off_ms"], "anchor_off_ms" in body) == ("anchor", 1500, False)


def test_a_fresh_anchor_that_says_the_same_is_not_written_again() -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    assert keeper.weigh(anchor_at(later(30_000), off_ms=30), later(30_000)) is None


def test_a_vaguer_anchor_never_replaces_a_sharper_one_that_it_agrees_with() -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    assert keeper.weigh(anchor_at(later(7_200_000), error_ms=12_000), later(7_200_000)) is None


@pytest.mark.parametrize(
    ("ms", "off_ms", "error_ms"),
    [(3_600_000, 0, 40), (60_000, 0, 10), (60_000, 9_000, 40)],
    ids=["the old one is an hour old", "the new one is much better", "they contradict each other"],
)
def test_a_new_anchor_is_written_when(ms: int, off_ms: int, error_ms: int) -> None:
    keeper = Timekeeper(START, rtc=False)
    keeper.adopt(anchor_at(START))
    body = keeper.weigh(anchor_at(later(ms), off_ms=off_ms, error_ms=error_ms), later(ms))
    assert body is not None
    assert ("anchor_off_ms" in body) == (off_ms != 0)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (anchor_at(NEXT_BOOT), "another boot"),
        (anchor_at(later(60_000)), "has not reached"),
        (anchor_at(START, error_ms=300_001), "too large"),
    ],
)
def test_an_anchor_that_cannot_be_used_is_refused_in_words(claim: Anchor, reason: str) -> None:
    with pytest.raises(AnchorRefusedError, match=reason):
        Timekeeper(START, rtc=False).weigh(claim, START)


@pytest.mark.parametrize(
    "change",
    [
        {"utc_ms": None},
        {"utc_ms": 2**52},
        {"utc_ms": 1.5},
        {"error_ms": -1},
        {"raw_ms": True},
        {"boot": 3},
        {"source": ""},
    ],
)
def test_a_damaged_anchor_is_malformed(change: dict[str, object]) -> None:
    good = {"utc_ms": 1, "error_ms": 1, "bt_ms": 1, "raw_ms": 1, "boot": "b", "source": "server"}
    assert Anchor.parse(good).utc_ms == 1
    with pytest.raises(MalformedError):
        Anchor.parse({**good, **change})


def test_a_clock_event_reads_back_as_the_anchor_it_tells_of() -> None:
    body = Timekeeper(START, rtc=False).weigh(anchor_at(START), START)
    assert body is not None
    assert Anchor.parse(body, seq=7) == anchor_at(START)


def test_a_new_boot_is_told_with_its_clocks() -> None:
    assert boot_body(NEXT_BOOT, "system")["boot"] == "boot-b"


@given(
    error_ms=st.integers(0, 5_000),
    ppm=st.integers(-99, 99),
    elapsed_ms=st.integers(0, 30 * 86_400_000),
    off=st.floats(-1, 1),
)
def test_the_true_time_lies_within_the_stated_error(
    error_ms: int, ppm: int, elapsed_ms: int, off: float
) -> None:
    anchor = anchor_at(START, off_ms=int(off * error_ms), error_ms=error_ms)
    true_ms = WALL + elapsed_ms
    raw_ms = START.raw_ms + elapsed_ms + elapsed_ms * ppm // 1_000_000
    assert abs(anchor.true_ms(raw_ms) - true_ms) <= anchor.error_at_ms(raw_ms) + 1


@pytest.mark.parametrize(
    ("body", "state", "agreed"),
    [
        ({}, ClockState.ANCHORED, True),
        ({}, ClockState.DOUBTFUL, False),
        ({"what": "anchor", "wall_off_ms": 900, "error_ms": 40}, ClockState.DOUBTFUL, True),
        ({"what": "anchor", "wall_off_ms": -9_000, "error_ms": 40}, ClockState.ANCHORED, False),
        ({"what": "anchor", "wall_off_ms": 9_000, "error_ms": 8_000}, ClockState.DOUBTFUL, True),
        ({"what": "set", "error_ms": 40}, ClockState.DOUBTFUL, False),
    ],
)
def test_the_event_of_an_anchor_says_itself_whether_the_wall_was_right(
    body: dict[str, object], state: ClockState, agreed: bool
) -> None:
    assert wall_agreed(written(state)[0][0], body) is agreed


def test_a_finger_counts_at_its_contact_and_not_when_it_was_recognised() -> None:
    contact = between(START, later(4_000), 0.25)
    assert contact == later(1_000)
    assert between(START, later(4_000), -1) == START
    assert between(START, later(4_000), 7) == later(4_000)


def test_between_two_clocks_there_is_no_middle() -> None:
    moved = replace(later(4_000), wall_ms=WALL - 600_000)
    assert between(START, moved, 0.25) == moved
    assert between(START, NEXT_BOOT, 0.25) == NEXT_BOOT
