"""A module that a technician took as the right one: what it can't prove to be ours is erased and told."""

from pathlib import Path
from typing import Any

import pytest

from edge.faults import StorageError
from edge.module_memory import ModuleMemory
from edge.sensor_identity import SensorIdentity
from tests.support.errand_world import FINGER, ErrandWorld, errand_world
from tests.support.module_changes import accept, clear, memory_of, read_all, swap_module


def cleared(here: ErrandWorld) -> list[dict[int, str | None]]:
    return [
        {row["slot"]: row["person"] for row in content["slots"]}
        for type_, content in here.told()
        if type_ == "slots-cleared"
    ]


def test_strange_fingers_of_an_accepted_module_are_erased_and_told_with_what_is_missing(
    tmp_path: Path,
) -> None:
    with errand_world(tmp_path, people=2) as here:
        swap_module(here, s7="stranger", s100="p1", s150="thief")
        accept(here)
        clear(here)
        assert here.flash() == {}
        assert cleared(here) == [{7: "p-budi", 100: "p0", 101: "p1", 150: None}]
        assert memory_of(here).doubted == {}
        assert [here.holder(slot) for slot in (7, 100, 101)] == [None] * 3
        assert here.who_taps("stranger", FINGER) is None
        assert here.enrol("p-siti") == "enrolled"
        here.idle()
        assert len(cleared(here)) == 1


def test_what_proves_to_be_ours_stays_and_nothing_is_told(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=2) as here:
        read_all(here)
        flash = here.flash()
        accept(here)
        clear(here)
        assert here.flash() == flash
        assert cleared(here) == []
        assert here.who_taps("p0", FINGER) == "p0"


def test_two_exchanged_fingers_go_and_the_others_stay(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=3) as here:
        read_all(here)
        here.module.fault("slots_exchanged", args={"a": 100, "b": 101})
        accept(here)
        clear(here)
        assert set(here.flash()) == {7, 102}
        assert cleared(here) == [{100: "p0", 101: "p1"}]
        assert here.who_taps("p2", FINGER) == "p2"
        assert here.who_taps("p0", FINGER) is None


def test_a_module_that_is_taken_twice_has_proven_nothing_by_that(tmp_path: Path) -> None:
    """The hash that was read after the first word is not the one that was stored."""
    with errand_world(tmp_path, people=1) as here:
        read_all(here)
        here.module.erase(7)
        here.module.enrol(7, "stranger", FINGER)
        accept(here)
        read_all(here)
        accept(here)
        read_all(here)
        assert set(memory_of(here).doubted) == {7}
        assert here.who_taps("stranger", FINGER) is None
        clear(here)
        assert set(here.flash()) == {100}, "and what is ours is not erased for it"
        assert here.who_taps("p0", FINGER) == "p0"


def test_without_the_word_of_a_technician_nothing_is_erased(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.module.erase(7)
        here.enrolled_before(9, "stranger", in_roster=False)
        read_all(here)
        here.idle()
        assert set(here.flash()) == {9}
        assert cleared(here) == []


def test_nothing_is_erased_before_every_slot_had_its_chance(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=2) as here:
        read_all(here)
        accept(here)
        here.sensor.audit(7)
        here.idle()
        assert set(here.flash()) == {7, 100, 101}


@pytest.mark.parametrize("cut", ["about_to_clear", "changing", "tell"])
def test_a_cut_anywhere_loses_no_slot_that_was_emptied(
    tmp_path: Path, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with errand_world(tmp_path, people=1) as here:
        read_all(here)
        swap_module(here, s7="stranger", s100="p1", s150="thief")
        accept(here)
        read_all(here)
        with monkeypatch.context() as patched:
            _cut_off(here, cut, patched)
            with pytest.raises(_CutError):
                here.until(lambda: False)
        here.crash()
        here.settle()
        clear(here)
        assert here.flash() == {}
        assert cleared(here) == [{7: "p-budi", 100: "p0", 150: None}]


class _CutError(BaseException):
    pass


def _cut_off(here: ErrandWorld, cut: str, patched: pytest.MonkeyPatch) -> None:
    def stop(*_args: Any, **_more: Any) -> Any:
        raise _CutError

    def stop_after(*args: Any) -> None:
        really(*args)
        raise _CutError

    book = here.sensor.book
    really = book.about_to_clear
    match cut:
        case "about_to_clear":
            patched.setattr(book, "about_to_clear", stop_after)
        case "changing":
            patched.setattr(book, "changed", stop)
        case "tell":
            patched.setattr(here.logbook, "write", stop)


def test_what_the_card_would_not_take_is_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with errand_world(tmp_path) as here:
        read_all(here)
        swap_module(here, s7="stranger")
        accept(here)
        read_all(here)

        def full(*_args: Any) -> None:
            raise StorageError("disk-full", True, "no room", "storage-full")

        with monkeypatch.context() as patched:
            patched.setattr(here.logbook, "write", full)
            here.idle()
        assert here.flash() == {}
        assert cleared(here) == []
        clear(here)
        assert cleared(here) == [{7: "p-budi"}]


def test_many_slots_are_told_in_several_events(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=90) as here:
        swap_module(here)
        accept(here)
        clear(here)
        assert [len(one) for one in cleared(here)] == [60, 31]


def test_the_memory_of_a_module_keeps_what_is_to_be_told_and_reads_older_files() -> None:
    identity = SensorIdentity("r503", 200, 5, "4a4b", 2, "x" * 64)
    memory = ModuleMemory(identity, cleared=frozenset({3, 9}))
    assert ModuleMemory.parse(memory.content()) == memory
    older = {key: value for key, value in memory.content().items() if key != "cleared"}
    assert ModuleMemory.parse(older).cleared is None
