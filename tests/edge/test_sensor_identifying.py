import pytest

from edge.sensor_identifying import (
    Again,
    Before,
    Found,
    Gone,
    Look,
    Match,
    NotFound,
    Poor,
    PoorImage,
    Rules,
    Unrecognised,
    decide,
)

RULES = Rules(minimum_score=50, second_capture_below=80)
NOBODY = Before(known=True)
AGAIN = Again.LOOK


def decided(*looks: Look, before: Before = NOBODY) -> object:
    return decide(looks, RULES, before, 7.0)


def test_one_strong_look_is_a_match() -> None:
    assert decided(Found(5, 120)) == Match(5, 120, 7.0)


@pytest.mark.parametrize("score", [50, 79])
def test_between_the_two_limits_a_second_look_must_name_the_same_slot(score: int) -> None:
    weak = Found(5, score)
    assert decided(weak) is AGAIN
    assert decided(weak, Found(5, 90)) == Match(5, score, 7.0)
    assert decided(weak, Found(6, score)) == Unrecognised()
    assert decided(weak, NotFound()) is AGAIN
    assert decided(weak, NotFound(), NotFound()) == Unrecognised()


def test_the_limit_itself_is_strong() -> None:
    assert decided(Found(5, 80)) == Match(5, 80, 7.0)


def test_a_score_below_the_minimum_is_no_match_however_often() -> None:
    assert decided(Found(5, 49)) is AGAIN
    assert decided(Found(5, 49), Found(5, 49)) == Unrecognised()


def test_nobody_is_unrecognised_after_one_look() -> None:
    assert decided(NotFound()) is AGAIN
    assert decided(NotFound(), Found(5, 120)) == Match(5, 120, 7.0)
    assert decided(NotFound(), NotFound()) == Unrecognised()


def test_a_finger_lifted_after_one_not_found_is_told_so_and_not_ignored() -> None:
    assert decided(NotFound(), Gone()) == Unrecognised()


@pytest.mark.parametrize("before", [Before(known=True, slot=5), Before(known=False)])
def test_a_match_to_the_person_before_needs_a_second_capture(before: Before) -> None:
    assert decided(Found(5, 200), before=before) is AGAIN
    assert decided(Found(5, 200), Found(5, 150), before=before) == Match(5, 150, 7.0)
    assert decided(Found(5, 200), Gone(), before=before) == PoorImage("lifted")


def test_the_person_before_loses_to_two_looks_that_name_another() -> None:
    before = Before(known=True, slot=5)
    assert decided(Found(5, 200), Found(6, 150), before=before) is AGAIN
    assert decided(Found(5, 200), Found(6, 150), Found(6, 140), before=before) == Match(6, 140, 7.0)
    assert decided(Found(5, 200), Found(6, 150), Found(5, 140), before=before) == PoorImage("unclear")


def test_two_people_in_two_looks_are_nobody() -> None:
    assert decided(Found(5, 60), Found(6, 200)) == Unrecognised()


def test_a_poor_image_is_looked_at_once_more() -> None:
    assert decided(Poor("messy")) is AGAIN
    assert decided(Poor("messy"), Poor("few-points")) == PoorImage("few-points")
    assert decided(Poor("messy"), Found(5, 120)) == Match(5, 120, 7.0)
    assert decided(Poor("messy"), Gone()) == PoorImage("messy")


def test_every_row_of_three_looks_ends_in_an_answer() -> None:
    kinds: list[Look] = [Found(5, 60), Found(5, 120), Found(6, 60), Found(5, 10), NotFound(), Poor("messy")]
    for before in (NOBODY, Before(known=True, slot=5), Before(known=False)):
        for first in kinds:
            for second in kinds:
                for third in [*kinds, Gone()]:
                    assert decided(first, second, third, before=before) is not AGAIN
