"""Slots that were enrolled here and that no roster names yet: from signed events, not against the roster."""

from pathlib import Path

from edge.enrolment_ledger import Ledger
from tests.support.enrolment_world import World, world


def holder(here: World, slot: int) -> str | None:
    roster = here.shelf.standing.roster
    assert roster is not None
    person = roster.person_in(slot)
    return person.person if person else None


def local(here: World) -> dict[int, str]:
    return here.office._ledger.ledger.local


def test_a_lost_or_damaged_file_is_made_anew_from_the_journal(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        file = tmp_path / "enrolments.json"
        for damage in (None, b"", b"[]", b'{"epoch":1}'):
            here.end()
            file.unlink() if damage is None else file.write_bytes(damage)
            here.start()
            here.settle()
            assert (holder(here, 0), holder(here, 1)) == ("p-siti", "p-siti")


def test_a_newer_roster_that_says_nothing_of_it_leaves_it_in_force(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        here.send_roster()
        here.look()
        assert (holder(here, 0), local(here)) == ("p-siti", {0: "p-siti", 1: "p-siti"})


def test_once_a_roster_names_it_the_rosters_word_is_law(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        here.send_roster(s0="p-siti", s1="p-siti")
        here.look()
        assert local(here) == {}
        del here.roster["slots"]["0"]
        here.send_roster()
        here.crash()
        here.settle()
        assert (holder(here, 0), holder(here, 1)) == (None, "p-siti")


def test_a_slot_that_the_roster_gives_to_somebody_else_is_nobodys(tmp_path: Path) -> None:
    """The finger in it is Siti's: under Budi's name it were the wrong person, under hers not the books'."""
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        here.send_roster(s0="p-budi")
        here.look()
        assert (holder(here, 0), holder(here, 1), holder(here, 7)) == (None, "p-siti", "p-budi")
        assert here.who_taps("p-siti", "right-index") is None


def test_who_has_left_the_roster_is_not_booked(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        assert here.enrol() == "enrolled"
        here.roster["persons"] = [row for row in here.roster["persons"] if row["person"] != "p-siti"]
        here.send_roster()
        assert holder(here, 0) is None
        assert here.who_taps("p-siti", "right-index") is None


def test_the_file_says_what_the_ledger_holds() -> None:
    ledger = Ledger(2, 40, {3: "p1"}, {4}, "p2", {5}, "e-1", ["e-0", "e-1"], {(6, "p3")}, {"p-1"})
    assert Ledger.parse(ledger.content()) == ledger
