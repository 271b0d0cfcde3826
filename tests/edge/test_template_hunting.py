"""Whatever else matches, and however near the person's own slots: everybody who matches is searched alone."""

from hypothesis import given
from hypothesis import strategies as st

from edge.sensor_searching import GROUP_SLOTS, usable_slots
from edge.template_hunting import MAX_GROUPS, Range, hunt

SLOTS = st.frozensets(st.integers(0, 199), max_size=40)


def alone(
    in_use: frozenset[int], own: frozenset[int], scores: dict[int, int], usable: int = 200
) -> list[int]:
    """The slots to be searched alone, in a library that answers with the best match of a range."""
    hunting = hunt(in_use, own, usable)
    asked = 0
    try:
        piece = next(hunting)
        while True:
            asked += 1
            assert piece.start % GROUP_SLOTS == piece.number % GROUP_SLOTS == 0
            assert 0 < piece.start + piece.number <= usable
            found = [slot for slot in scores if piece.holds(slot)]
            piece = hunting.send(max(found, key=lambda slot: scores[slot], default=None))
    except StopIteration as end:
        slots: list[int] = end.value
    assert asked <= 2 * MAX_GROUPS + len(own) + 1
    return slots


@given(SLOTS, SLOTS, st.frozensets(st.integers(0, 199), max_size=MAX_GROUPS), st.randoms())
def test_nobody_who_matches_is_missed(
    others: frozenset[int], own: frozenset[int], matching: frozenset[int], dice: object
) -> None:
    matching -= own
    in_use = others | own | matching
    scores = {slot: (hash((slot, str(dice))) % 200) for slot in matching} | dict.fromkeys(own, 999)
    found = alone(in_use, own, scores)
    assert matching <= set(found)
    assert not set(found) & own
    assert set(found) <= in_use


def test_a_library_without_a_match_is_asked_once() -> None:
    assert list(hunt(frozenset({3, 150}), frozenset(), 200)) == [Range(0, 200)]


def test_empty_stretches_are_not_asked_for() -> None:
    assert list(hunt(frozenset({5, 150}), frozenset({5}), 200)) == [Range(8, 192)]
    assert list(hunt(frozenset({5}), frozenset({5}), 200)) == []


def test_a_template_that_matches_everywhere_is_not_followed_for_ever() -> None:
    everybody = frozenset(range(usable_slots(162)))
    found = alone(everybody, frozenset(), dict.fromkeys(everybody, 50), usable_slots(162))
    assert len(found) == MAX_GROUPS * GROUP_SLOTS
