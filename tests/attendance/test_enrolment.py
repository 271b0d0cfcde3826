"""The bodies of enrolment events: read back as written, and refused with a name where they are damaged."""

from dataclasses import replace
from typing import Any

import pytest

from attendance.enrolment import Begun, EnrolledFinger, Enrolment, FailedEnrolment, Intent, hand_of
from attendance.errors import MalformedError

FINGER = EnrolledFinger("right-index", 3, 3, 1, (120, 99), (8,))
GOOD = Enrolment("p1", (FINGER,), "p2", 9, None, "r503", "SK 1", "v1", 5, None)
INTENT = Intent("p1", "left-thumb", 3, (8,))
FAILED = FailedEnrolment("p1", "full", (3,), "p2", 9, "x")


def test_each_body_is_read_back_as_it_was_written() -> None:
    assert Enrolment.parse(GOOD.content()) == GOOD
    assert Intent.parse(INTENT.content()) == INTENT
    assert FailedEnrolment.parse(FAILED.content()) == FAILED


def test_the_order_of_central_is_named_in_each_of_them() -> None:
    for body in (
        Begun("p1", "e-1"),
        replace(INTENT, request="e-1"),
        replace(GOOD, request="e-1"),
        replace(FAILED, request="e-1"),
    ):
        assert body.content()["request"] == "e-1"
        assert type(body).parse(body.content()) == body


def test_bodies_from_before_orders_are_still_read() -> None:
    for body in (INTENT, GOOD, FAILED):
        old = body.content()
        assert old.pop("request") is None
        assert type(body).parse(old) == body


@pytest.mark.parametrize("change", [{"person": ""}, {"request": None}, {"request": "x" * 201}])
def test_a_damaged_beginning_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Begun.parse({"person": "p1", "request": "e-1", **change})


def test_a_request_that_is_no_text_is_refused() -> None:
    for body in (INTENT, GOOD, FAILED):
        with pytest.raises(MalformedError):
            type(body).parse({**body.content(), "request": 7})


def test_unknown_fields_of_newer_versions_do_no_harm() -> None:
    assert Enrolment.parse({**GOOD.content(), "consent": "paper"}) == GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"person": None},
        {"person": ""},
        {"fingers": []},
        {"fingers": ["x"]},
        {"fingers": [FINGER.content(), FINGER.content()]},
        {"fingers": [{**FINGER.content(), "slot": 65_536}]},
        {"fingers": [{**FINGER.content(), "slot": True}]},
        {"fingers": [{**FINGER.content(), "finger": "toe"}]},
        {"fingers": [{**FINGER.content(), "scores": 90}]},
        {"fingers": [{**FINGER.content(), "replaced": None}]},
        {"witness": 7},
        {"witness_slot": -1},
        {"legal_basis": "x" * 201},
        {"roster": "5"},
    ],
)
def test_a_damaged_enrolment_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Enrolment.parse({**GOOD.content(), **change})


@pytest.mark.parametrize("change", [{"slot": None}, {"finger": "thumb"}, {"replaces": [1, "2"]}])
def test_a_damaged_intent_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Intent.parse({**INTENT.content(), **change})


@pytest.mark.parametrize("change", [{"reason": None}, {"slots": 3}, {"other": 1}, {"other_slot": "9"}])
def test_a_damaged_failure_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        FailedEnrolment.parse({**FAILED.content(), **change})


def test_a_finger_has_its_hand() -> None:
    assert (hand_of("right-thumb"), hand_of("left-little")) == ("right", "left")
