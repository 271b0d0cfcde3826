"""Where slots and books differ, central is told: once for each change, and nothing is erased."""

from pathlib import Path
from typing import Any

from edge.slot_reconciling import MAX_LISTED, SlotDifferences, differences
from tests.support.errand_world import ErrandWorld, errand_world, purge


def differing(here: ErrandWorld) -> list[tuple[Any, Any]]:
    told = [content for type_, content in here.told() if type_ == "health"]
    return [(content["missing"], content["unknown"]) for content in told]


def test_slots_that_agree_are_no_event(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=3) as here:
        here.idle()
        assert here.told() == []


def test_before_the_first_roster_there_are_no_books_to_differ_from(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=3) as here:
        (tmp_path / "roster.doc").write_bytes(b"rotten")
        here.send_roster = lambda **_: None  # type: ignore[method-assign]
        here.crash()
        here.settle()
        here.idle()
        assert here.shelf.standing.roster is None
        assert here.told() == []


def test_a_difference_is_told_once_and_not_at_every_start(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=3) as here:
        here.enrolled_before(40, "stranger", in_roster=False)
        here.send_roster(s50="p-siti")
        here.idle()
        flash = here.flash()
        assert differing(here) == [([50], [40])]
        for _ in range(2):
            here.crash()
            here.settle()
            here.idle()
        assert differing(here) == [([50], [40])]
        assert here.flash() == flash


def test_a_difference_that_ends_is_told_too(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.send_roster(s50="p-siti")
        here.idle()
        here.give(here.install(50))
        here.work()
        here.idle()
        assert differing(here) == [([50], []), ([], [])]


def test_what_is_ordered_or_was_just_done_is_no_difference(tmp_path: Path) -> None:
    """Before, because it is on its way; afterwards, because the ledger lies over the roster."""
    with errand_world(tmp_path) as here:
        here.send_roster(s50="p-siti")
        here.give(here.install(50))
        here.idle()
        here.work()
        here.give(purge(7))
        here.work()
        here.idle()
        here.witness = ("p-siti", "right-index")
        assert here.enrol("p-budi") == "enrolled"
        here.idle()
        assert differing(here) == []


def test_a_file_that_has_rotted_costs_one_more_event(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.send_roster(s50="p-siti")
        here.idle()
        (tmp_path / "slots-told.json").write_bytes(b"[1]")
        here.crash()
        here.settle()
        here.idle()
        assert differing(here) == [([50], [])] * 2


def test_long_lists_are_cut_and_their_lengths_are_not() -> None:
    found = differences(set(range(300)), set(range(200, 500)), {0, 499})
    assert found == SlotDifferences(tuple(range(300, 499)), tuple(range(1, 200)))
    content = found.content()
    assert (len(content["missing"]), content["missing_count"]) == (MAX_LISTED, 199)
    assert (content["unknown"][0], content["unknown_count"]) == (1, 199)
