from pathlib import Path
from typing import Any

import pytest

from edge.faults import SensorError
from edge.sensor import Match
from edge.sensor_faults import SensorFault
from edge.sensor_opcodes import Code
from tests.support.sensor_door import FINGER, Door, door

ANSWER_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("silence", {}),
    ("flip_bits", {"bits": 1}),
    ("truncate", {"keep": 8}),
    ("stall", {"ms": 2500}),
    ("late", {"commands": 1}),
    ("extra_ack", {"code": 1, "where": "before"}),
    ("duplicate_frame", {}),
    ("answer_code", {"code": 1}),
    ("reboot", {"at": "after_ack"}),
]


def fault_of(call: object, *arguments: object) -> SensorError:
    with pytest.raises(SensorError) as error:
        call(*arguments)  # type: ignore[operator]
    return error.value


def slots_in_flash(here: Door) -> set[int]:
    return {int(slot) for slot in here.module.snapshot()["slots"]}


def bytes_in_flash(here: Door, slot: int) -> bytes:
    return bytes.fromhex(here.module.snapshot()["slots"][str(slot)])


def captured(here: Door, person: str) -> None:
    """Two captures of one finger, combined: a model in the buffers."""
    shelf = here.sensor.templates()
    for buffer in (1, 2):
        here.module.place(person, FINGER)
        assert shelf.capture_to_buffer(buffer) is None
        here.module.lift()
    assert shelf.make_model()


def test_a_new_finger_is_stored_and_found_again(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        captured(here, "newcomer")
        here.sensor.templates().store(20)
        here.sensor.identity()
        here.module.place("newcomer", FINGER)
        answer = here.sensor.read_finger()
        assert isinstance(answer, Match)
        assert answer.slot == 20


def test_a_known_finger_is_found_before_it_is_enrolled_twice(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        shelf = here.sensor.templates()
        here.module.place("person-3", FINGER)
        assert shelf.capture_to_buffer(1) is None
        assert (shelf.find().code, shelf.find().slot) == (Code.OK, 3)
        assert shelf.find_in(3).slot == 3
        assert shelf.find_in(6).code == Code.NOT_FOUND
        here.module.lift()
        assert shelf.capture_to_buffer(1) == "no-finger"
        here.module.place("person-3", FINGER, quality=0.1)
        assert shelf.capture_to_buffer(1) == "few-points"


def test_two_fingers_are_not_combined(tmp_path: Path) -> None:
    with door(tmp_path, "zfm20") as here:
        here.sensor.connect()
        shelf = here.sensor.templates()
        for buffer, person in ((1, "person-1"), (2, "person-2")):
            here.module.place(person, FINGER)
            assert shelf.capture_to_buffer(buffer) is None
        assert not shelf.make_model()
        assert shelf.compare() is None


def test_a_slot_in_use_is_never_written_over(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        captured(here, "newcomer")
        before = bytes_in_flash(here, 3)
        assert fault_of(here.sensor.templates().store, 3).kind == SensorFault.NOT_STORED
        assert bytes_in_flash(here, 3) == before


@pytest.mark.parametrize("case", ANSWER_FAULTS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_stored_is_said_of_what_is_there_and_of_nothing_else(
    tmp_path: Path, case: tuple[str, dict[str, Any]]
) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        for opcode, slot in (("Store", 20), ("ReadIndexTable", 21), ("TempleteNum", 22)):
            captured(here, f"newcomer-{slot}")
            shelf = here.sensor.templates()
            here.module.fault(case[0], {"opcode": opcode}, args=case[1], seed=slot)
            try:
                shelf.store(slot)
                said = True
            except SensorError as error:
                assert error.retry  # noqa: PT017 - the caller may look again
                said = False
            here.module.clear_faults()
            assert not said or slot in slots_in_flash(here)
            assert slots_in_flash(here) <= set(range(8)) | {20, 21, 22}


@pytest.mark.parametrize("outcome", ["old", "empty"])
def test_a_power_cut_inside_a_store_is_not_stored(tmp_path: Path, outcome: str) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        captured(here, "newcomer")
        here.module.fault("reboot", {"opcode": "Store"}, args={"at": "mid_flash_write", "outcome": outcome})
        assert fault_of(here.sensor.templates().store, 20).kind == SensorFault.NOT_STORED
        assert 20 not in slots_in_flash(here)


def test_a_flash_that_fails_is_named(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        captured(here, "newcomer")
        here.module.fault("flash_failure", {"opcode": "Store"})
        error = fault_of(here.sensor.templates().store, 20)
        assert (error.kind, error.retry) == (SensorFault.FLASH, False)


def test_a_store_that_landed_on_somebody_else_is_erased_and_told(tmp_path: Path) -> None:
    """Slot 16 becomes slot 0 and the sum still fits: an index cannot show it, a search can."""
    with door(tmp_path) as here:
        here.sensor.connect()
        captured(here, "newcomer")
        # The slot's low byte is the thirteenth of the packet, its sum the last.
        for at in (12, 14):
            here.module.fault("flip_bits", {"opcode": "Store"}, "in", {"at": at, "bit": 4})
        error = fault_of(here.sensor.templates().store, 16)
        assert (error.kind, error.retry) == (SensorFault.FLASH, False)
        assert "slot 0" in error.message
        assert slots_in_flash(here) == set(range(8)) - {0}


def test_deleted_is_said_of_what_is_gone(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        shelf = here.sensor.templates()
        shelf.delete(3)
        shelf.delete(3)
        here.module.fault("silence", {"opcode": "DeletChar"})
        shelf.delete(4)
        assert slots_in_flash(here) == {0, 1, 2, 5, 6, 7}
        here.module.fault("answer_code", {"opcode": "DeletChar"}, args={"code": 0x10})
        here.module.fault("silence", {"opcode": "DeletChar"}, "in")
        assert fault_of(shelf.delete, 5).kind == SensorFault.NOT_STORED
        assert 5 in slots_in_flash(here)


def test_more_slots_gone_than_asked_for_is_told(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        # "delete 1 from 4" becomes "delete 3 from 4": bit 1 of the count and of the sum.
        for at in (13, 15):
            here.module.fault("flip_bits", {"opcode": "DeletChar"}, "in", {"at": at, "bit": 1})
        error = fault_of(here.sensor.templates().delete, 4)
        assert (error.kind, error.retry) == (SensorFault.FLASH, False)
        assert "[4, 5, 6]" in error.message


@pytest.mark.parametrize("profile", ["r503_200", "as608_300", "zfm20"])
def test_a_template_travels_byte_for_byte(tmp_path: Path, profile: str) -> None:
    with door(tmp_path, profile) as here:
        here.sensor.connect()
        shelf = here.sensor.templates()
        data = shelf.read_template(3)
        assert data == bytes_in_flash(here, 3)
        assert shelf.read_template(30) is None
        assert data is not None
        shelf.delete(3)
        shelf.write_template(40, data)
        assert bytes_in_flash(here, 40) == data


@pytest.mark.parametrize("packet", [0, 3, -1])
def test_a_template_damaged_on_its_way_out_is_read_again(tmp_path: Path, packet: int) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.module.fault("flip_bits", {"opcode": "UpChar"}, args={"packet": packet, "bits": 1})
        assert here.sensor.templates().read_template(3) == bytes_in_flash(here, 3)


@pytest.mark.parametrize("profile", ["r503_200", "as608_300"])
def test_a_template_damaged_on_its_way_in_is_never_stored(tmp_path: Path, profile: str) -> None:
    with door(tmp_path, profile) as here:
        here.sensor.connect()
        data = bytes_in_flash(here, 3)
        for seed in range(4):
            # A data packet has no opcode: what strikes it is told by its number on the line.
            here.module.fault("flip_bits", {"nth": 2 + seed}, "in", {"bits": 1}, seed)
            shelf = here.sensor.templates()
            try:
                shelf.write_template(40 + seed, data)
            except SensorError as error:
                assert error.retry  # noqa: PT017 - the caller may try again
            here.module.clear_faults()
            stored = slots_in_flash(here) & {40 + seed}
            assert not stored or bytes_in_flash(here, 40 + seed) == data
