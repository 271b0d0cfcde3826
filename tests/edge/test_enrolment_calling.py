"""What becomes of an order to enrol somebody: begun, put off or turned down, and for which reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from attendance.moment import to_ms
from edge.enrolment_calling import FRESH, PATIENCE, QUIET, Situation, TurnedDown, Verdict, verdict
from tests.support.enrolment_world import NOW, order

GOOD = Situation(
    now_ms=to_ms(NOW),
    clock_trusted=True,
    waited=timedelta(0),
    came_with_start=False,
    recording=True,
    enrolling=False,
    cleaning=False,
    sensor_works=True,
    bare=QUIET,
    known=True,
)
LATE_MS = order().expires_ms + 1
TOO_LONG = PATIENCE + timedelta(milliseconds=1)


def outcome(**changes: Any) -> str:
    found = verdict(order(), replace(GOOD, **changes))
    return found.reason if isinstance(found, TurnedDown) else found.value


def test_a_good_moment_begins() -> None:
    assert verdict(order(), GOOD) is Verdict.BEGIN


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"now_ms": order().expires_ms}, "begin"),
        ({"now_ms": LATE_MS}, "expired"),
        ({"now_ms": LATE_MS, "enrolling": True}, "expired"),
        ({"enrolling": True}, "busy"),
        ({"bare": QUIET - timedelta(milliseconds=1)}, "wait"),
        ({"known": False}, "wait"),
        ({"known": False, "waited": TOO_LONG}, "not-in-roster"),
        ({"sensor_works": False, "waited": PATIENCE}, "wait"),
        ({"sensor_works": False, "waited": TOO_LONG}, "sensor"),
        ({"cleaning": True}, "wait"),
        ({"cleaning": True, "waited": TOO_LONG}, "sensor"),
    ],
)
def test_each_obstacle_has_its_outcome(changes: dict[str, Any], expected: str) -> None:
    assert outcome(**changes) == expected


@pytest.mark.parametrize("obstacle", [{}, {"now_ms": LATE_MS}, {"enrolling": True}, {"sensor_works": False}])
def test_while_nothing_can_be_written_it_is_neither_begun_nor_refused(obstacle: dict[str, Any]) -> None:
    assert outcome(recording=False, waited=TOO_LONG, **obstacle) == "wait"


def test_without_a_trusted_clock_only_an_order_that_came_just_now_is_begun() -> None:
    doubtful = {"clock_trusted": False, "now_ms": LATE_MS}
    assert outcome(**doubtful) == "begin"
    assert outcome(**doubtful, waited=FRESH) == "begin"
    assert outcome(**doubtful, waited=FRESH + timedelta(milliseconds=1)) == "wait"
    assert outcome(**doubtful, came_with_start=True) == "wait"


def test_without_a_trusted_clock_an_old_order_is_not_even_refused() -> None:
    """Whether it came too late can't be told, and the sensor's state is no answer to it."""
    old = {"clock_trusted": False, "came_with_start": True, "waited": TOO_LONG}
    assert outcome(**old, sensor_works=False) == "wait"
    assert outcome(**old, enrolling=True) == "wait"


def test_fingers_of_one_hand_are_not_begun_whoever_asks_for_them() -> None:
    asked = replace(order(), fingers=("right-index", "right-thumb"))
    found = verdict(asked, GOOD)
    assert isinstance(found, TurnedDown)
    assert found.reason == "impossible"


@pytest.mark.parametrize("reason", ["busy", "expired"])
def test_who_uses_the_display_is_not_disturbed_by_anothers_refusal(reason: str) -> None:
    changes = {"enrolling": True} | ({"now_ms": LATE_MS} if reason == "expired" else {})
    assert verdict(order(), replace(GOOD, **changes)) == TurnedDown(reason, None)
