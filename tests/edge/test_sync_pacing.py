"""How much at once, how long to wait, how long to stay away: for radio links, and for very many nodes."""

import random
from datetime import timedelta

import pytest

from edge.pacing import LONGEST_PAUSE, MAX_PIECE_BYTES, MIN_PIECE_BYTES, Pace, pause
from edge.syncing import NEVER, WATCH, Situation, Step, next_step

SECOND = timedelta(seconds=1)


def test_after_an_outage_the_nodes_come_back_spread_evenly() -> None:
    dice = random.Random(5)
    waits = [pause(20, dice) / LONGEST_PAUSE for _ in range(4000)]
    tenths = [sum(tenth / 10 <= wait < (tenth + 1) / 10 for wait in waits) for tenth in range(10)]
    assert min(tenths) > 300
    assert max(tenths) < 500


def test_the_first_retries_come_soon_and_the_pause_never_passes_its_limit() -> None:
    dice = random.Random(5)
    assert max(pause(1, dice) for _ in range(100)) <= SECOND
    assert max(pause(3, dice) for _ in range(100)) > SECOND
    assert max(pause(10**6, dice) for _ in range(100)) <= LONGEST_PAUSE
    assert max(pause(50, dice, 4 * SECOND) for _ in range(100)) <= 4 * SECOND


def test_a_batch_is_no_larger_than_the_link_carries_in_its_time() -> None:
    pace = Pace(ceiling=500, bytes_per_s=300.0, event_bytes=150.0)  # 2,400 bit/s
    assert pace.batch_events() == 20
    assert Pace(ceiling=500, bytes_per_s=1.0).batch_events() == 1


def test_failures_halve_down_to_one_and_success_doubles_up_to_the_limit() -> None:
    pace = Pace(ceiling=500)
    for _ in range(12):
        pace = pace.batch_failed(pace.batch_events())
    assert pace.batch_events() == 1
    for _ in range(40):
        count = pace.batch_events()
        pace = pace.batch_held(count, count * 200, timedelta(milliseconds=20))
    assert pace.batch_events() == 500
    for _ in range(12):
        pace = pace.piece_failed(pace.next_piece_bytes())
    assert pace.next_piece_bytes() == MIN_PIECE_BYTES
    for _ in range(40):
        pace = pace.piece_held(pace.next_piece_bytes(), timedelta(milliseconds=1))
    assert pace.next_piece_bytes() == MAX_PIECE_BYTES


@pytest.mark.parametrize("rate", [60.0, 300.0, 2_000.0, 100_000.0])
def test_any_link_that_carries_anything_is_found_and_used(rate: float) -> None:
    """A link that is cut every 40 seconds: batches shrink until they pass, and patience is long enough."""
    pace, sent = Pace(ceiling=500), 0
    for _ in range(60):
        count = pace.batch_events()
        size = 400 + 180 * count
        took = timedelta(seconds=1.2 + size / rate)
        if took > min(40 * SECOND, pace.patience(size).answer):
            pace = pace.batch_failed(count)
        else:
            pace, sent = pace.batch_held(count, size, took), sent + count
    assert sent >= 40


def test_patience_grows_with_the_size_and_has_an_end() -> None:
    pace = Pace(bytes_per_s=100.0)
    assert pace.patience(10_000).answer >= timedelta(seconds=10_000 / 100)
    assert pace.patience(10**9).answer <= timedelta(minutes=10)


def situation(**changes: object) -> Situation:
    values: dict[str, object] = {
        "now": 100 * SECOND,
        "sure": True,
        "events_waiting": False,
        "photos_waiting": False,
        "due": {},
        "not_before": {},
    }
    return Situation(**{**values, **changes})  # type: ignore[arg-type]


def test_events_go_before_photos_and_neither_before_the_head_is_known() -> None:
    both = {"events_waiting": True, "photos_waiting": True}
    assert next_step(situation(**both)) == (Step.SEND_EVENTS, timedelta())
    assert next_step(situation(photos_waiting=True)) == (Step.SEND_PHOTO, timedelta())
    assert next_step(situation(sure=False, **both)) == (Step.ASK_HEAD, timedelta())


def test_templates_go_before_photos_and_after_everything_else() -> None:
    due = {Step.CARRY_TEMPLATE: 100 * SECOND}
    assert next_step(situation(due=due, photos_waiting=True)) == (Step.CARRY_TEMPLATE, timedelta())
    assert next_step(situation(due=due, events_waiting=True)) == (Step.SEND_EVENTS, timedelta())
    later = {Step.ASK_HEAD: 105 * SECOND}
    assert next_step(situation(due=due, sure=False, not_before=later)) == (Step.REST, WATCH)
    both = {**due, Step.REPORT_STATUS: 99 * SECOND}
    assert next_step(situation(due=both)) == (Step.REPORT_STATUS, timedelta())


def test_while_asking_must_wait_nothing_is_sent_blindly() -> None:
    later = {Step.ASK_HEAD: 105 * SECOND}
    step, rest = next_step(situation(sure=False, events_waiting=True, not_before=later))
    assert (step, rest) == (Step.REST, WATCH)


def test_a_step_that_rests_does_not_hold_up_the_others() -> None:
    later = {Step.SEND_EVENTS: 105 * SECOND}
    chosen = next_step(situation(events_waiting=True, photos_waiting=True, not_before=later))
    assert chosen == (Step.SEND_PHOTO, timedelta())


def test_rest_ends_when_something_is_due() -> None:
    soon = {Step.REPORT_STATUS: 100 * SECOND + timedelta(milliseconds=250), Step.ASK_HEAD: NEVER}
    assert next_step(situation(due=soon)) == (Step.REST, timedelta(milliseconds=250))
