"""A module that is not what it was books nothing, is told to central once, and waits for a technician."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from attendance.templates import ModuleState
from edge import module_auditing
from edge.faults import SensorError
from edge.journal_faults import StorageFault, storage_error
from edge.sensor_faults import SENTENCES
from tests.support.module_world import NIGHT, CutError, ModuleWorld, module_world

R503, OPTICAL = "r503_200", "zfm20"


def alarms(here: ModuleWorld) -> list[str]:
    return [body["state"] for body in here.log.bodies if ModuleState(body["state"]).alarming]


def raw(here: ModuleWorld, slot: int) -> bytes:
    return bytes.fromhex(here.flash()["slots"][str(slot)])


@pytest.mark.parametrize("profile", [R503, OPTICAL, "as608_300"])
def test_a_first_module_is_sealed_inventoried_and_then_trusted(tmp_path: Path, profile: str) -> None:
    with module_world(tmp_path, profile) as here:
        memory = here.settle()
        assert [body["state"] for body in here.log.bodies] == ["new", "trusted"]
        assert memory.hashes == {slot: hashlib.sha256(raw(here, slot)).hexdigest() for slot in range(4)}
        page = bytes.fromhex(here.flash()["notepad"][15])
        assert here.seal.counter_in(page, memory.identity.serial) == memory.counter == 1
        told = here.told
        assert (told.used, told.capacity, told.serial) == (
            4,
            memory.identity.capacity,
            memory.identity.serial,
        )
        assert here.tap("p2") == 2
        here.restart()
        here.settle()
        assert [body["state"] for body in here.log.bodies] == ["new", "trusted", "trusted"]


def test_the_class_names_model_size_firmware_and_level(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        assert here.told.model_class == "r503/1536/hadir-emu-fw-1/3"
    with module_world(tmp_path / "..", "r307_768") as here:
        (tmp_path / ".." / "sensor.json").unlink(missing_ok=True)
        here.settle()
        assert here.told.model_class == "optical-0009-1000/768/-/3"


def test_the_size_of_an_empty_optical_module_is_known_from_the_first_touch_on(tmp_path: Path) -> None:
    with module_world(tmp_path, OPTICAL, people=0) as here:
        here.settle()
        assert here.told.model_class == "optical-0000-162/0/-/3"
        assert here.tap("anyone") is None
        here.office._make_at = 0.0
        for _ in range(400):
            here.turn()
            if here.told.model_class == "optical-0000-162/512/-/3":
                return
        raise AssertionError(here.told.model_class)


PASSWORD = {"password": "00000005"}


def copied_without_notepad(here: ModuleWorld, serial: str) -> None:
    here.module.swap(serial, keep_library=True, keep_notepad=False)


Harm = Callable[[ModuleWorld], object]
HARMS: list[tuple[str, str, Harm, ModuleState]] = [
    ("other-serial", R503, lambda w: w.module.swap("OTHER001", keep_library=True), ModuleState.SWAPPED),
    ("same-counts", OPTICAL, lambda w: copied_without_notepad(w, "X"), ModuleState.SWAPPED),
    ("same-serial", R503, lambda w: copied_without_notepad(w, "EMU00001"), ModuleState.SWAPPED),
    ("blank", OPTICAL, lambda w: w.module.swap("X"), ModuleState.SWAPPED),
    ("emptied", R503, lambda w: w.module.erase_all(), ModuleState.EMPTIED),
    ("one-lost", OPTICAL, lambda w: w.module.erase(2), ModuleState.EMPTIED),
    ("enriched", R503, lambda w: w.module.enrol(9, "thief", "thumb"), ModuleState.ENRICHED),
    ("password", OPTICAL, lambda w: w.module.fault("password_set", args=PASSWORD), ModuleState.SWAPPED),
]


@pytest.mark.parametrize(("name", "profile", "harm", "state"), HARMS, ids=[row[0] for row in HARMS])
@pytest.mark.parametrize("running", [True, False])
def test_what_was_done_behind_the_back_stops_the_work_until_a_technician_comes(
    tmp_path: Path, name: str, profile: str, harm: Harm, state: ModuleState, running: bool
) -> None:
    with module_world(tmp_path, profile) as here:
        here.settle()
        if running:
            harm(here)
            here.module.power(on=False)
            here.module.power(on=True)
            if profile == OPTICAL:
                # It sends no ready byte and was away for less than two seconds: the hourly look finds it.
                here.sensor._sensor._connection._audit_at = 0.0
        else:
            here.end()
            harm(here)
            here.start()
        error = here.stopped()
        assert here.settle(state).detail
        assert alarms(here) == [state.value]
        assert error.sentence_id in SENTENCES
        assert "eknisi" in SENTENCES[error.sentence_id]
        here.restart()
        assert here.tap("p1") is None
        assert not here.stopped().retry
        here.accept()
        assert here.sensor.book.memory is not None
        if name != "password":
            here.settle()
            assert "new" in [body["state"] for body in here.log.bodies[2:]]


def test_a_flash_that_was_put_back_is_known_by_its_seal(tmp_path: Path) -> None:
    with module_world(tmp_path, OPTICAL) as here:
        here.settle()
        old = here.flash()
        with here.sensor.changing({1}) as shelf:
            shelf.delete(1)
        with here.sensor.changing({1}) as shelf:
            data = shelf.read_template(2)
            assert data is not None
            shelf.write_template(1, data)
        here.settle()
        here.module.restore(old)
        here.sensor._sensor._connection._audit_at = 0.0
        here.stopped()
        here.settle(ModuleState.ROLLED_BACK)
        assert alarms(here) == ["rolled-back"]
        here.accept()
        memory = here.settle()
        page = bytes.fromhex(here.flash()["notepad"][15])
        assert here.seal.counter_in(page, None) == memory.counter == 4, "a counter never comes twice"


def test_a_card_that_was_put_back_is_noticed_too(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        old = (tmp_path / "sensor.json").read_bytes()
        with here.sensor.changing({1}) as shelf:
            shelf.delete(1)
        here.end()
        (tmp_path / "sensor.json").write_bytes(old)
        here.start()
        here.stopped()
        assert "newer" in here.settle(ModuleState.ROLLED_BACK).detail


@pytest.mark.parametrize("how", ["in the night", "by chance"])
def test_exchanged_templates_are_found_by_their_hashes(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "by chance":
        monkeypatch.setattr(module_auditing, "AUDIT_S", 0.0)
    with module_world(tmp_path, people=3) as here:
        here.settle()
        here.module.fault("slots_exchanged", args={"a": 0, "b": 2})
        if how == "in the night":
            for _ in range(60):
                here.turn()
            assert not alarms(here), "by day it is not its turn yet"
            here.local = NIGHT
        here.stopped()
        assert here.settle(ModuleState.EXCHANGED).detail.startswith("slot ")
        assert alarms(here) == ["exchanged"]
        assert here.tap("p0") is None


def test_a_night_looks_at_every_slot_once_and_no_more(tmp_path: Path) -> None:
    with module_world(tmp_path, OPTICAL, people=5) as here:
        here.settle()
        here.local = NIGHT
        before = here.module.counters().get("commands", 0)
        seen: list[int] = []
        audit = here.sensor.audit

        def noted(slot: int) -> None:
            seen.append(slot)
            audit(slot)

        here.sensor.audit = noted  # type: ignore[method-assign]
        for _ in range(150):
            here.turn()
        assert seen == [0, 1, 2, 3, 4]
        assert here.module.counters()["commands"] > before
        assert not alarms(here)


def test_a_module_without_a_notepad_works_and_says_so(tmp_path: Path) -> None:
    with module_world(tmp_path, OPTICAL, quirks=["no_notepad=true"]) as here:
        memory = here.settle()
        assert memory.identity.notepad is None
        assert "no notepad" in here.told.detail
        with here.sensor.changing({3}) as shelf:
            shelf.delete(3)
        here.restart()
        here.settle()
        here.end()
        here.module.erase(1)
        here.start()
        here.stopped()
        assert alarms(here) == ["emptied"]


def test_our_own_changes_never_alarm_and_are_told(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        with here.sensor.changing({1}) as shelf:
            data = shelf.read_template(1)
            assert data is not None
            shelf.delete(1)
        told = {7: hashlib.sha256(data).hexdigest()}
        with here.sensor.changing(told, told) as shelf:
            shelf.write_template(7, data)
        assert here.memory is not None
        assert here.memory.hashes[7] == told[7]
        here.restart()
        memory = here.settle()
        assert memory.slots == {0, 2, 3, 7}
        assert memory.counter == 3
        here.turn()
        assert here.told.used == 4
        assert not alarms(here)
        assert here.tap("p1") == 7


def test_a_change_elsewhere_during_one_of_ours_is_not_taken_for_ours(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        with pytest.raises(SensorError), here.sensor.changing({1}):  # noqa: PT012 - it is raised at the end
            here.sensor.templates().delete(1)
            here.module.enrol(30, "thief", "thumb")
        here.stopped()
        here.settle(ModuleState.ENRICHED)


STEPS = ["before the change", "after the change", "before the seal", "in the seal", "after the seal"]


@pytest.mark.parametrize("profile", [R503, OPTICAL])
@pytest.mark.parametrize("step", STEPS)
def test_a_cut_at_any_step_of_a_change_is_no_alarm(
    tmp_path: Path, step: str, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with module_world(tmp_path, profile) as here:
        here.settle()
        before = here.flash()

        def cut(*_: object, **__: object) -> None:
            raise CutError

        def seal_and_cut(page: bytes) -> Any:
            if step == "in the seal":
                here.module.fault("reboot", {"opcode": "WriteNotepad"}, args={"at": "mid_flash_write"})
            if step != "before the seal":
                here.sensor._sensor._connection.seal(page)
            raise CutError

        monkeypatch.setattr(here.sensor._sensor, "seal", seal_and_cut)
        with suppress(CutError), here.sensor.changing({2}) as shelf:
            if step != "before the change":
                shelf.delete(2)
            if step in ("before the change", "after the change"):
                cut()
        here.crash()
        memory = here.settle()
        assert not alarms(here)
        assert memory.slots == ({0, 1, 2, 3} if step == "before the change" else {0, 1, 3})
        assert not memory.unsure
        # What was tolerated once is not tolerated again.
        changed = step != "before the change"
        here.end()
        if changed:
            here.module.restore(before)
        else:
            here.module.erase(0)
        here.start()
        here.stopped()
        assert alarms(here) == ["rolled-back" if changed else "emptied"]


def test_an_alarm_is_told_as_soon_as_the_disk_takes_it(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        here.log.fault = storage_error(StorageFault.FULL, "no room")
        here.end()
        here.module.erase_all()
        here.start()
        here.stopped()
        assert not alarms(here)
        here.log.fault = None
        here.settle(ModuleState.EMPTIED)
        assert alarms(here) == ["emptied"]


def test_no_template_stands_in_the_files_of_the_node(tmp_path: Path) -> None:
    with module_world(tmp_path) as here:
        here.settle()
        here.end()
        for file in tmp_path.iterdir():
            if file.is_file():
                text = file.read_bytes()
                for slot in range(4):
                    piece = raw(here, slot)[8:40]
                    assert piece not in text
                    assert piece.hex().encode() not in text
        assert json.loads((tmp_path / "sensor.json").read_bytes())["hashes"]
        here.start()


def test_fingers_of_another_module_are_nobodys_although_a_technician_took_it(tmp_path: Path) -> None:
    with module_world(tmp_path, people=3) as here:
        here.settle()
        assert here.named() == {0, 1, 2}
        here.module.fault("slots_exchanged", args={"a": 0, "b": 2})
        here.module.enrol(9, "thief", "thumb")
        here.restart()
        here.stopped()
        here.accept()
        before = here.refreshed
        for _ in range(200):
            here.turn()
            assert here.memory is not None
            if not here.memory.state.alarming:
                assert here.named() <= {1}, "before it is read, nobody is booked by it"
            if here.memory.state is ModuleState.TRUSTED:
                break
        here.settle()
        assert here.named() == {1}
        assert here.refreshed > before
        here.restart()
        here.settle()
        assert here.named() == {1}
        with here.sensor.changing({0}) as shelf:
            data = shelf.read_template(0)
            assert data is not None
            shelf.delete(0)
            shelf.write_template(0, data)
        assert here.named() == {0, 1}, "what we store is what we know"


def test_the_same_module_taken_again_names_everybody_as_soon_as_it_is_read(tmp_path: Path) -> None:
    with module_world(tmp_path, people=3) as here:
        here.settle()
        here.accept()
        here.turn()
        here.turn()
        assert here.named() == set()
        here.settle()
        assert here.named() == {0, 1, 2}
