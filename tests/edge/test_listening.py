"""What a node vouches for: never more than was seen."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from attendance.moment import ClockState, Moment
from attendance.punch import Listening
from edge.listening import Listener

WALL = 1_496_622_480_000
TEN_MINUTES = timedelta(minutes=10)


def at(second: float, state: ClockState = ClockState.ANCHORED, set_ms: int = 0) -> Moment:
    ms = int(second * 1000)
    return Moment(WALL + ms + set_ms, "boot-a", 1000 + ms, 1000 + ms, 7, state)


def heard(listener: Listener, seconds: list[float]) -> list[Listening]:
    spans = [listener.heard(at(second), timedelta(seconds=second)) for second in seconds]
    return [span for span in spans if span is not None]


def span_s(span: Listening | None) -> tuple[float, float]:
    assert span is not None
    return (span.from_bt_ms - 1000) / 1000, (span.to_bt_ms - 1000) / 1000


def test_a_span_closes_every_ten_minutes_and_the_next_one_touches_it() -> None:
    listener = Listener(TEN_MINUTES)
    spans = heard(listener, [second / 2 for second in range(2600)])
    spans.append(listener.lost())  # type: ignore[arg-type]
    assert [span_s(span) for span in spans] == [(0, 600), (600, 1200), (1200, 1299.5)]
    assert spans[0].since.timestamp() * 1000 == WALL
    assert spans[0].clock is ClockState.ANCHORED


def test_a_span_ends_at_the_last_answer_of_the_sensor_and_not_at_the_fault() -> None:
    listener = Listener(TEN_MINUTES)
    heard(listener, [0, 1, 2, 3])
    assert span_s(listener.lost()) == (0, 3)
    assert listener.since is None
    assert listener.lost() is None


def test_a_process_that_stood_still_does_not_vouch_for_that_time() -> None:
    listener = Listener(TEN_MINUTES)
    heard(listener, [0, 1, 2])
    assert span_s(listener.heard(at(60), timedelta(seconds=60))) == (0, 2)
    assert listener.since == at(60)


def test_a_clock_that_is_set_closes_the_span_before_it() -> None:
    listener = Listener(TEN_MINUTES)
    heard(listener, [0, 1, 2])
    assert span_s(listener.heard(at(3, set_ms=-600_000), timedelta(seconds=3))) == (0, 2)


def test_a_doubtful_clock_opens_no_span_and_closes_the_open_one() -> None:
    listener = Listener(TEN_MINUTES)
    assert listener.heard(at(0, ClockState.DOUBTFUL), timedelta(0)) is None
    assert listener.since is None
    heard(listener, [1, 2])
    assert span_s(listener.heard(at(3, ClockState.DOUBTFUL), timedelta(seconds=3))) == (1, 2)
    assert listener.since is None


def test_another_trust_in_the_clock_begins_another_span() -> None:
    listener = Listener(TEN_MINUTES)
    for second in (0, 1, 2):
        listener.heard(at(second, ClockState.RTC), timedelta(seconds=second))
    closed = listener.heard(at(3), timedelta(seconds=3))
    assert closed is not None
    assert closed.clock is ClockState.RTC
    assert span_s(closed) == (0, 2)


def test_a_new_boot_never_joins_the_old_one() -> None:
    listener = Listener(TEN_MINUTES)
    heard(listener, [0, 1])
    closed = listener.heard(replace(at(2), boot="boot-b"), timedelta(seconds=2))
    assert closed is not None
    assert closed.boot == "boot-a"


@given(st.lists(st.tuples(st.floats(0.1, 40), st.booleans()), max_size=60))
def test_no_second_is_vouched_for_in_which_the_sensor_was_not_heard(steps: list[tuple[float, bool]]) -> None:
    listener, spans, second = Listener(TEN_MINUTES), [], 0.0
    answered: list[tuple[float, float]] = []
    last: float | None = None
    for step, ok in steps:
        second += step
        closed = listener.heard(at(second), timedelta(seconds=second)) if ok else listener.lost()
        if ok and last is not None and step <= 10:
            answered.append((last, second))
        last = second if ok else None
        spans += [closed] if closed else []
    spans += [closed] if (closed := listener.lost()) else []
    vouched_s = sum(end - start for start, end in map(span_s, spans))
    assert vouched_s <= sum(end - start for start, end in answered) + 0.002 * len(steps)
