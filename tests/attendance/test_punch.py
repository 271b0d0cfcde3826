"""The body of a punch: of a finger, of a PIN, and what is neither."""

from datetime import date
from typing import Any

import pytest

from attendance.errors import MalformedError
from attendance.punch import Method, Punch

FINGER = Punch("p-siti", 4, 120, "in", date(2026, 11, 24), 0, 3, 5)
PIN = Punch("p-siti", None, 0, "in", date(2026, 11, 24), 0, 3, 5, None, Method.PIN, "p-budi")


@pytest.mark.parametrize("punch", [FINGER, PIN], ids=["finger", "pin"])
def test_what_is_written_reads_back(punch: Punch) -> None:
    assert Punch.parse(punch.content()) == punch


def test_an_old_body_without_a_method_is_of_a_finger_and_a_finger_is_still_written_like_that() -> None:
    body = FINGER.content()
    assert "method" not in body
    assert "witness" not in body
    assert Punch.parse(body).method is Method.FINGER


def test_a_pin_says_who_stood_by_and_has_no_slot() -> None:
    body = PIN.content()
    assert (body["method"], body["witness"], body["slot"]) == ("pin", "p-budi", None)
    assert Punch.parse({**body, "witness": None}).witness is None


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (FINGER, {"slot": None}),
        (FINGER, {"witness": "p-budi"}),
        (FINGER, {"method": "card"}),
        (FINGER, {"method": None}),
        (FINGER, {"method": 1}),
        (FINGER, {"slot": True}),
        (PIN, {"slot": 4}),
        (PIN, {"person": None}),
        (PIN, {"witness": 7}),
        (PIN, {"kind": None}),
    ],
)
def test_what_is_neither_is_refused(base: Punch, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Punch.parse({**base.content(), **change})
