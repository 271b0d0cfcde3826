"""An order that goes against what the node knows is refused with a word and changes nothing in the module."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attendance import sealing
from attendance.orders import Order
from attendance.seal import canonical
from attendance.template_parcel import Parcel
from edge.faults import SensorError
from edge.journal_faults import StorageFault, storage_error
from tests.support.errand_world import FINGER, ErrandWorld, changed, errand_world, export, purge

REFUSED: dict[str, tuple[Callable[[ErrandWorld], Order], str]] = {
    "install of another class": (lambda here: here.install(9, model_class="r307/512/-/3"), "other-class"),
    "search of another class": (lambda here: here.search(model_class="r307/512/-/3"), "other-class"),
    "install into a slot that is Budi's": (lambda here: here.install(7), "slot-in-use"),
    "install beyond the module": (lambda here: here.install(200), "slot-out-of-range"),
    "purge beyond the module": (lambda _: purge(7, 65_535), "slot-out-of-range"),
    "purge of Budi's slot as Siti's": (lambda _: purge(9, 7, person="p-siti"), "not-yours"),
    "export of Budi's slot as Siti's": (lambda _: export(7, "p-siti"), "not-yours"),
    "export of nobody's slot": (lambda _: export(9), "not-yours"),
    "export of a slot that is empty": (lambda _: export(100, "p0"), "slot-empty"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_once_and_nothing_is_touched(
    tmp_path: Path, make: Callable[[ErrandWorld], Order], reason: str
) -> None:
    with errand_world(tmp_path, people=1) as here:
        here.module.erase(100)
        here.acquaint()
        flash, order = here.flash(), make(here)
        here.give(order)
        here.work()
        assert here.failures() == [reason]
        here.crash()
        here.settle()
        here.idle()
        assert here.failures() == [reason]
        assert here.flash() == flash
        assert here.handed_in == {}


def test_a_slot_that_was_filled_here_since_is_not_purged_for_somebody_else(tmp_path: Path) -> None:
    """Neither while the roster is silent, nor where it names another, nor after the person left it."""
    with errand_world(tmp_path) as here:
        here.give(here.install(9))
        here.work()
        flash = here.flash()
        here.give(purge(9, id_="p-1"))
        here.work()
        here.send_roster(s9="p-budi")
        here.give(purge(9, id_="p-2"), purge(9, id_="p-3", person="p-siti"))
        here.work()
        del here.roster["slots"]["9"]
        here.roster["persons"] = [row for row in here.roster["persons"] if row["person"] != "p-siti"]
        here.send_roster()
        here.give(purge(9, id_="p-4"))
        here.work()
        assert here.failures() == ["not-yours"] * 4
        assert here.flash() == flash
        here.give(purge(9, id_="p-5", person="p-siti"))
        here.work()
        assert set(here.flash()) == {7}


def test_a_slot_that_the_roster_has_forgotten_is_purged_for_who_left(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        del here.roster["slots"]["7"]
        here.send_roster()
        here.give(purge(7, 8))
        here.work()
        assert here.flash() == {}
        assert here.told()[-1][1]["slots"] == [7, 8]


def test_a_purge_of_a_slot_that_is_empty_already_is_told(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        writes = here.module.snapshot()["writes"]
        here.give(purge(20))
        here.work()
        assert here.told()[-1] == ("purged", {"order": "p-0123456789ab", "person": "p-budi", "slots": [20]})
        assert here.module.snapshot()["writes"] == writes


def test_a_purge_drops_what_was_fetched_and_read_of_that_person(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=1) as here:
        here.give(export(), here.install(9, "p-budi"), here.install(10, "p-siti"))
        assert [here.carry(), here.carry()] == ["fetch", "fetch"]
        parcels = here.errands._parcels
        assert len(parcels.fetched) == 2
        parcels.outgoing = (here.listed[0], b"sealed")
        here.give(purge(7), *here.listed)
        here.until(lambda: [type_ for type_, _ in here.told()] == ["purged"])
        assert parcels.outgoing is None
        assert list(parcels.fetched) == [here.listed[-1].id]


def test_the_same_template_in_its_slot_is_told_again_and_not_written_again(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        order = here.install(9)
        here.give(order)
        here.work()
        writes = here.module.snapshot()["erase_counts"]["2"]
        again = replace(order, id="i-000000000bad")
        here.give(again)
        here.work()
        assert [content["order"] for _, content in here.told()] == [order.id, again.id]
        assert here.module.snapshot()["erase_counts"]["2"] == writes


def test_a_slot_with_something_unknown_is_not_written_over(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.enrolled_before(9, "stranger", in_roster=False)
        flash = here.flash()
        here.give(here.install(9))
        here.work()
        assert here.failures() == ["slot-in-use"]
        assert here.flash() == flash


def doubted(here: ErrandWorld) -> set[int]:
    memory = here.sensor.book.memory
    assert memory is not None
    return set(memory.doubted)


def test_what_a_newly_accepted_module_holds_is_not_handed_in_under_anybodys_name(tmp_path: Path) -> None:
    """It may be another one, with a stranger in Budi's slot: the node has to see what it stored there."""
    with errand_world(tmp_path) as here:
        here.module.erase(7)
        here.module.enrol(7, "stranger", FINGER)
        here.sensor.accept()
        here.settle()
        assert doubted(here) == {7}
        here.give(export())
        here.work()
        assert here.handed_in == {}
        assert here.failures() == ["not-yours"]
        here.until(lambda: here.told()[-1][0] == "slots-cleared")
        here.give(here.install(7, "p-budi"))
        here.work()
        assert doubted(here) == set()
        assert here.who_taps("p-budi", FINGER) == "p-budi"


def test_a_finger_in_a_slot_that_is_in_doubt_is_found_under_nobodys_name(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.module.erase(7)
        here.module.enrol(7, "stranger", FINGER)
        here.sensor.accept()
        here.settle()
        here.give(here.search("stranger"))
        here.work()
        (found,) = (content for type_, content in here.told() if type_ == "template-searched")
        assert [(hit["slot"], hit["person"]) for hit in found["hits"]] == [(7, None)]


def test_the_same_template_sent_again_ends_the_doubt_about_its_slot(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.sensor.accept()
        here.settle()
        assert doubted(here) == {7}
        order = here.install(7, "p-budi")
        data = bytes.fromhex(here.flash()[7])
        here.templates[order.template] = changed(here.templates[order.template], data=data)
        here.give(order)
        here.work()
        assert here.told()[-1][0] == "template-installed"
        assert doubted(here) == set()
        assert here.holder(7) == "p-budi"


def test_a_full_library_refuses_and_keeps_everybody(tmp_path: Path) -> None:
    with errand_world(tmp_path, quirks=("capacity=20",)) as here:
        here.module.fault("library_full")
        here.acquaint()
        flash = here.flash()
        here.give(*(here.install(slot) for slot in (0, 19)))
        here.work()
        assert here.failures() == ["slot-in-use", "slot-in-use"]
        assert here.flash() == flash


def bad_seals(here: ErrandWorld, order: Order) -> dict[str, bytes]:
    good = here.sealed(order)
    other = replace(order, person="p-budi")
    parcel = here.templates[order.template]
    unhashed = canonical({**_fields(parcel), "sha256": 64 * "0"})
    return {
        "bad-seal cut": good[:-1],
        "bad-seal flipped": good[:60] + bytes([good[60] ^ 1]) + good[61:],
        "bad-seal for another purpose": here.sealed(other, parcel),
        "bad-seal for another node": here.sealed(order, key=sealing.public_hex(here.central_x)),
        "bad-template of another person": here.sealed(order, changed(parcel, person="p-budi")),
        "bad-template of another finger": here.sealed(order, changed(parcel, finger="left-thumb")),
        "bad-template of another class": here.sealed(order, changed(parcel, model_class="r503/512/-/3")),
        "bad-template of another size": here.sealed(order, changed(parcel, data=parcel.data[:700])),
        "bad-template with another hash": _seal_bytes(here, order, unhashed),
    }


def _fields(parcel: Parcel) -> dict[str, object]:
    fields: dict[str, object] = json.loads(parcel.encode())
    return fields


def _seal_bytes(here: ErrandWorld, order: Order, plain: bytes) -> bytes:
    class Odd:
        def encode(self) -> bytes:
            return plain

    return here.sealed(order, Odd())  # type: ignore[arg-type]


def test_what_is_not_sealed_for_this_order_is_never_stored(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.idle()
        template = here.install(9)
        reasons = []
        for number, (name, sealed) in enumerate(bad_seals(here, template).items()):
            order = replace(template, id=f"i-{number}")
            here.give(order)
            assert here.ask("errand-data", order=order.id, data=b64encode(sealed).decode()) == {}
            here.until(lambda order=order: order.id in here.office.ledger.ended)  # type: ignore[misc]
            reasons.append(name.split()[0])
        assert here.failures() == reasons
        assert set(here.flash()) == {7}


def test_a_finger_that_comes_while_a_template_is_being_sent_is_served_first(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        order = here.install(9)
        here.give(order)
        here.carry()
        shelf = type(here.sensor.templates())
        settle = shelf.settle
        seen: list[object] = []

        def meanwhile(self: object) -> None:
            settle(self)  # type: ignore[arg-type]
            if not seen:
                here.module.place("p-budi", FINGER)
                seen.append(self)

        shelf.settle = meanwhile  # type: ignore[method-assign, assignment]
        try:
            here.until(lambda: bool(seen))
            assert here.told() == []
            assert here.who_taps("p-budi", FINGER) == "p-budi"
        finally:
            shelf.settle = settle  # type: ignore[method-assign]
        here.work()
        assert here.flash()[9] == here.templates[order.template].data.hex()


def test_while_somebody_is_being_enrolled_nothing_is_done(tmp_path: Path) -> None:
    with errand_world(tmp_path, people=1) as here:
        here.begin()
        here.give(purge(7))
        for _ in range(30):
            here.office.turn()
            here.errands._look_at = 0.0
            here.errands.turn()
        assert 7 in here.flash()
        here.ask("cancel")
        while here.office.running:
            here.office.turn()
        here.work()
        assert 7 not in here.flash()


def test_without_a_journal_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end could not be told: a template would be gone, or be there, without anybody knowing."""
    with errand_world(tmp_path) as here:
        here.give(purge(7))
        fault = storage_error(StorageFault.FULL, "no room")
        monkeypatch.setattr(type(here.logbook), "fault", property(lambda _: fault))
        here.idle()
        assert 7 in here.flash()
        monkeypatch.undo()
        here.work()
        assert 7 not in here.flash()


def test_an_end_that_can_not_be_told_is_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with errand_world(tmp_path) as here:
        here.give(here.install(9))
        here.carry()

        def write(*_args: object, **_more: object) -> None:
            raise storage_error(StorageFault.FULL, "no room")

        monkeypatch.setattr(here.logbook, "write", write)
        here.until(lambda: 9 in here.flash())
        here.idle()
        assert here.holder(9) is None
        monkeypatch.undo()
        here.work()
        assert [type_ for type_, _ in here.told()] == ["template-installed"]
        assert here.holder(9) == "p-siti"


@pytest.mark.parametrize("opcode", ["DownChar", "UpChar", "Store", "ReadIndexTable", "LoadChar", "DeletChar"])
def test_a_wire_that_fails_now_and_then_ends_in_the_right_flash(tmp_path: Path, opcode: str) -> None:
    with errand_world(tmp_path, people=1) as here:
        order = here.install(9)
        here.give(purge(7), order)
        faults = (("silence", {}), ("truncate", {"keep": 9}), ("answer_code", {"code": 1}))
        for nth, (kind, args) in enumerate(faults, 1):
            here.module.fault(kind, {"opcode": opcode, "nth": nth}, args=args)
        try:
            here.work()
        except SensorError as error:
            raise AssertionError(here.told()) from error
        assert {type_ for type_, _ in here.told()} == {"purged", "template-installed"}
        assert here.flash()[9] == here.templates[order.template].data.hex()
        assert 7 not in here.flash()
