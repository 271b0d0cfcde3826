"""What central orders of a node's sensor is done in a quiet moment, told once, and not done to a stranger."""

from base64 import b64encode
from pathlib import Path

import pytest

from edge.faults import SensorError
from edge.sensor_library import SearchAnswer
from edge.sensor_templates import TemplateShelf
from tests.support.errand_world import FINGER, ErrandWorld, errand_world, export, purge

PROFILES = ["r503_200", "zfm20"]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_template_is_handed_in_sealed_for_central(tmp_path: Path, profile: str) -> None:
    with errand_world(tmp_path, profile, people=2) as here:
        here.give(export())
        here.work()
        parcel = here.handed_in[export().id]
        assert parcel.data.hex() == here.flash()[7]
        assert (parcel.person, parcel.finger, parcel.model_class) == ("p-budi", FINGER, here.model_class)
        assert here.told() == []


@pytest.mark.parametrize("profile", PROFILES)
def test_an_installed_template_punches_at_once_and_after_the_roster_says_the_same(
    tmp_path: Path, profile: str
) -> None:
    with errand_world(tmp_path, profile) as here:
        order = here.install(9)
        here.give(order)
        here.work()
        data = here.templates[order.template].data
        assert here.flash()[9] == data.hex()
        [(type_, told)] = here.told()
        assert type_ == "template-installed"
        assert (told["order"], told["slot"], told["person"]) == (order.id, 9, "p-siti")
        assert here.holder(9) == "p-siti"
        assert here.who_taps("p-siti", FINGER) == "p-siti"
        assert here.buffer(1) != data
        here.send_roster(s9="p-siti")
        here.give()
        here.crash()
        here.settle()
        here.idle()
        assert here.who_taps("p-siti", FINGER) == "p-siti"
        assert len(here.told()) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_a_purged_slot_is_empty_and_nobodys_before_the_roster_knows(tmp_path: Path, profile: str) -> None:
    with errand_world(tmp_path, profile, people=2) as here:
        here.give(purge(7))
        here.work()
        assert 7 not in here.flash()
        assert here.told() == [("purged", {"order": "p-0123456789ab", "person": "p-budi", "slots": [7]})]
        assert here.holder(7) is None
        here.crash()
        here.settle()
        here.idle()
        assert here.holder(7) is None
        assert len(here.told()) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_a_library_that_holds_no_such_finger_is_searched_and_the_template_forgotten(
    tmp_path: Path, profile: str
) -> None:
    with errand_world(tmp_path, profile, people=6) as here:
        order = here.search()
        here.give(order)
        here.work()
        [(type_, told)] = here.told()
        assert (type_, told["hits"], told["library"]) == ("template-searched", [], 7)
        nothing_is_left_of(here, here.templates[order.template].data)


def nothing_is_left_of(here: ErrandWorld, data: bytes) -> None:
    """Neither in the module's memory, nor in this process, nor on the disk in any form."""
    assert data not in [here.buffer(number) for number in range(1, 7)]
    assert here.errands._parcels.fetched == {}
    assert here.errands._parcels.outgoing is None
    forms = (data[:48], data[:48].hex().encode(), b64encode(data[:48]))
    for path in here.folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not any(form in held for form in forms), path.name


@pytest.mark.parametrize("profile", PROFILES)
def test_all_others_who_match_are_found_around_the_persons_own_slots(tmp_path: Path, profile: str) -> None:
    """One shares a group with Siti's own slots, which match best; two share another one; one is far away."""
    with errand_world(tmp_path, profile) as here:
        for slot, person in ((3, "t1"), (20, "t2"), (23, "t3"), (150, "t4")):
            here.module.twin("p-siti", FINGER, person, FINGER, share=0.7)
            here.enrolled_before(slot, person)
        for slot in (1, 2):
            here.enrolled_before(slot, "p-siti")
        for slot in (0, 21, 22, 149):
            here.enrolled_before(slot, f"n{slot}")
        order = here.search()
        here.give(order)
        here.work()
        [(_, told)] = here.told()
        found = {(hit["slot"], hit["person"]) for hit in told["hits"]}
        assert found == {(3, "t1"), (20, "t2"), (23, "t3"), (150, "t4")}
        assert all(hit["score"] > 0 for hit in told["hits"])
        nothing_is_left_of(here, here.templates[order.template].data)


def test_a_hit_in_a_slot_that_no_book_knows_is_told_without_a_name(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.enrolled_before(40, "p-siti", in_roster=False)
        here.give(here.search())
        here.work()
        (_, told) = here.told()[-1]
        assert [(hit["slot"], hit["person"]) for hit in told["hits"]] == [(40, None)]


def test_where_everybody_else_is_missing_nothing_is_compared(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(here.search("p-budi"))
        here.work()
        [(_, told)] = here.told()
        assert (told["library"], told["hits"]) == (1, [])


def test_a_module_that_searches_only_after_a_touch_is_waited_for(tmp_path: Path) -> None:
    with errand_world(tmp_path, "r307_512", people=3) as here:
        here.module.twin("p-siti", FINGER, "t1", FINGER, share=0.7)
        here.enrolled_before(30, "t1")
        order = here.search()
        here.give(order)
        here.carry()
        here.idle()
        assert here.told() == []
        here.touch("p0")
        here.until(lambda: bool(here.told()))
        [(_, told)] = here.told()
        assert [(hit["slot"], hit["person"]) for hit in told["hits"]] == [(30, "t1")]
        here.idle()
        nothing_is_left_of(here, here.templates[order.template].data)
        assert here.who_taps("p0", FINGER) == "p0"


def test_a_search_that_waits_for_a_touch_holds_up_no_other_work(tmp_path: Path) -> None:
    with errand_world(tmp_path, "r307_512", people=3) as here:
        search = here.search()
        here.give(search)
        here.carry()
        here.idle()
        here.give(search, here.install(9, "p-budi"), purge(100, person="p0"))
        here.carry()
        here.until(lambda: {"template-installed", "purged"} <= {type_ for type_, _ in here.told()})
        here.touch("p-budi")
        here.touch("p-budi")
        here.until(lambda: here.told()[-1][0] == "template-searched")


def test_a_search_that_is_not_wanted_any_more_leaves_nothing_in_the_module(tmp_path: Path) -> None:
    with errand_world(tmp_path, "r307_512", people=3) as here:
        order = here.search()
        here.give(order)
        here.carry()
        here.idle()
        data = here.templates[order.template].data
        assert here.buffer(2) == data
        here.give()
        here.idle()
        nothing_is_left_of(here, data)
        assert here.told() == []


def test_a_module_that_never_searches_for_what_was_sent_refuses(tmp_path: Path) -> None:
    """An R503 whose search says "not found" of its own templates, too, once they are sent to it."""
    with errand_world(tmp_path, people=3) as here:
        here.give(here.search())
        here.carry()
        here.module.fault("answer_code", {"opcode": "Search", "every": 1}, args={"code": 9})
        here.until(lambda: bool(here.told()))
        assert here.failures() == ["impossible"]


def test_what_a_killed_process_left_in_the_modules_memory_is_overwritten_after_its_start(
    tmp_path: Path,
) -> None:
    with errand_world(tmp_path, "r307_512", people=3) as here:
        order = here.search()
        here.give(order)
        here.carry()
        here.idle()
        data = here.templates[order.template].data
        assert here.buffer(2) == data
        here.give()
        here.crash()
        here.settle()
        assert here.buffer(2) == data
        here.idle()
        nothing_is_left_of(here, data)


def test_a_slot_is_its_new_holders_at_once_although_the_roster_still_names_who_was_purged(
    tmp_path: Path,
) -> None:
    with errand_world(tmp_path, people=1) as here:
        here.give(purge(7), here.install(7, "p-siti", template="i-7"))
        here.work()
        assert here.holder(7) == "p-siti"
        here.give(purge(7, person="p-siti", id_="p-2"))
        here.work()
        assert here.holder(7) is None
        here.witness = ("p0", FINGER)
        assert here.enrol("p-siti") == "enrolled"
        here.crash()
        here.settle()
        assert here.who_taps("p-siti", FINGER) == "p-siti"


def test_a_search_that_damage_turns_into_a_store_stops_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is not strict about lengths takes two flipped bits for "store here"."""
    with errand_world(tmp_path) as here:
        here.enrolled_before(20, "p-siti")
        here.enrolled_before(21, "p-other")
        here.give(here.search())
        here.carry()
        search = TemplateShelf.search_range

        def damaged(self: TemplateShelf, start: int, number: int, buffer: int) -> SearchAnswer:
            answer = search(self, start, number, buffer)
            if number == 1:
                here.module.enrol(start, "p-siti", FINGER)
            return answer

        monkeypatch.setattr(TemplateShelf, "search_range", damaged)
        with pytest.raises(SensorError, match="sensor-exchanged"):
            here.until(lambda: bool(here.told()))
        assert here.told() == []
        with pytest.raises(SensorError, match="sensor-exchanged"):
            here.who_taps("p-siti", FINGER)
