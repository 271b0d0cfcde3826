"""Known defects of the bare Adafruit library 2.2.25, reproduced over the emulator as expected facts.

They show that the emulator is lifelike, and fail the day upstream mends one. Numbers are those of the notes
on the sensor, section 2.1.
"""

import re
import struct
from pathlib import Path

import pytest
from adafruit_fingerprint import Adafruit_Fingerprint

from emulators.fingerprint_module.codes import Op
from emulators.fingerprint_module.pty_module import PtyModule
from tests.support.fingerprint_port import plugged


def captured(module: PtyModule, sensor: Adafruit_Fingerprint, person: str = "p5") -> None:
    module.place(person, "thumb")
    assert (sensor.get_image(), sensor.image_2_tz()) == (0, 0)
    module.lift()


def commands(module: PtyModule) -> list[int]:
    """The instruction codes the module received, oldest first."""
    return [int(one["value"].split()[9], 16) for one in module.log(last=1000) if one["what"] == "in"]


def test_1_a_flipped_bit_in_the_id_is_taken_for_another_person(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.enrol(5, "p5", "thumb")
        captured(module, sensor)
        module.fault("flip_bits", {"opcode": "Search"}, args={"at": 11, "bit": 1})
        assert (sensor.finger_search(), sensor.finger_id) == (0, 7)


def test_1_two_flipped_bits_turn_not_found_into_found(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        captured(module, sensor)
        for bit in (0, 3):
            module.fault("flip_bits", {"opcode": "Search"}, args={"at": 9, "bit": bit})
        assert (sensor.finger_search(), sensor.finger_id) == (0, 0x01EE)


def test_2_one_spurious_byte_shifts_everything_for_ever(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.fault("noise", args={"hex": "55"})
        for _ in range(5):
            with pytest.raises(RuntimeError, match="Incorrect packet data"):
                sensor.get_image()
        port.reset_input_buffer()
        assert sensor.get_image() == 2


def test_3_after_one_late_reply_every_answer_is_the_one_before(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.place("p5", "thumb")
        module.fault("late", {"opcode": "GenImg"})
        with pytest.raises(RuntimeError, match="Failed to read"):
            sensor.get_image()
        module.fault("messy", {"opcode": "Img2Tz"})
        module.fault("flash_failure", {"opcode": "Store"})
        # Truth: 6 (messy), 10 (does not combine), 12 (nothing to store).
        assert [sensor.image_2_tz(), sensor.create_model(), sensor.store_model(1)] == [0, 6, 10]


def test_4_a_stale_search_reply_is_read_as_an_image_without_a_finger(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.enrol(5, "p5", "thumb")
        captured(module, sensor)
        module.fault("late", {"opcode": "Search"})
        with pytest.raises(RuntimeError, match="Failed to read"):
            sensor.finger_search()
        assert sensor.get_image() == 0


def test_5_a_short_error_costs_the_whole_time_out_and_its_code(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.fault("password_set", args={"password": "01020304"})
        with pytest.raises(RuntimeError, match="Failed to read"):
            sensor.count_templates()


def test_6_not_found_leaves_a_stale_id(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        captured(module, sensor, "stranger")
        assert (sensor.finger_search(), sensor.finger_id, sensor.confidence) == (9, 494, 0)


def test_9_the_score_of_a_comparison_is_a_tuple(tmp_path: Path) -> None:
    with plugged(tmp_path, "zfm20") as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.place("p5", "thumb")
        for buffer in (1, 2):
            assert (sensor.get_image(), sensor.image_2_tz(buffer)) == (0, 0)
        assert sensor.compare_templates() == 0
        assert isinstance(sensor.confidence, tuple)


def test_9_an_extra_acknowledgement_before_a_comparison_breaks_it_and_the_next_call(tmp_path: Path) -> None:
    with plugged(tmp_path, "zfm20") as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.fault("extra_ack", {"opcode": "Match"})
        with pytest.raises(struct.error):
            sensor.compare_templates()
        assert port.in_waiting == 12


def test_10_a_refused_upload_is_an_unbound_variable(tmp_path: Path) -> None:
    with plugged(tmp_path) as (_, port), pytest.raises(UnboundLocalError):
        Adafruit_Fingerprint(port).get_fpdata("char", 1)


def test_11_a_flipped_bit_in_a_template_is_not_noticed(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.enrol(5, "p5", "thumb")
        assert sensor.load_model(5) == 0
        module.fault("flip_bits", {"opcode": "UpChar"}, args={"packet": 2, "at": 20, "bit": 0})
        assert bytes(sensor.get_fpdata("char", 1)).hex() != module.snapshot()["slots"]["5"]


@pytest.mark.parametrize(("code", "fits"), [(3, True), (2, True), (1, True), (0, False)])
def test_12_an_image_in_32_byte_packets_recurses_too_deep(tmp_path: Path, code: int, fits: bool) -> None:
    with plugged(tmp_path, "zfm20") as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.bench.device.flash.packet_code = code
        module.place("p5", "thumb")
        assert sensor.get_image() == 0
        if fits:
            assert len(sensor.get_fpdata("image")) == 36864
        else:
            with pytest.raises(RecursionError):
                sensor.get_fpdata("image")


def test_13_a_refused_download_is_reported_as_done(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.fault("refuse_transfer", {"opcode": "DownChar"})
        assert sensor.send_fpdata([0] * 1536, "char", 1) is True
        assert commands(module)[-1] == Op.DownChar


def test_14_a_template_that_is_no_multiple_of_the_packet_size_never_ends(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        assert sensor.send_fpdata([1] * 810, "char", 1) is True
        # In order on one line: when this answer has come, all six packets had come before.
        phase_seen = module.bench.device.awaiting
        assert phase_seen is not None
        assert sensor.verify_password() == 0
        assert len(phase_seen.got) == 6 * 128
        assert 1 not in module.bench.device.ram.buffers


def test_16_a_page_that_fails_is_read_as_a_page_of_no_templates(tmp_path: Path) -> None:
    with plugged(tmp_path, "r307_512") as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.enrol(600, "p5", "thumb")
        fault = {"opcode": "ReadIndexTable", "nth": 3}
        module.fault("answer_code", fault, args={"code": 1, "keep_length": True})
        assert (sensor.read_templates(), sensor.templates) == (0, [])


def test_17_every_search_reads_the_parameters_again(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        captured(module, sensor)
        sensor.finger_search()
        assert commands(module)[-2:] == [Op.ReadSysPara, Op.Search]


def test_17_a_corrupted_capacity_silently_shrinks_the_search(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        module.enrol(150, "p5", "thumb")
        captured(module, sensor)
        module.fault("flip_bits", {"opcode": "ReadSysPara"}, args={"at": 15, "bit": 7})
        assert sensor.finger_search() == 9


def test_18_a_slot_that_does_not_exist_is_sent_as_it_is(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        captured(module, sensor)
        assert sensor.store_model(65535) == 11
        with pytest.raises(ValueError, match=re.escape("byte must be in range(0, 256)")):
            sensor.store_model(70000)


def test_19_a_reset_without_the_ready_byte_is_an_index_error(tmp_path: Path) -> None:
    with plugged(tmp_path, ready_byte=False) as (_, port), pytest.raises(IndexError):
        Adafruit_Fingerprint(port).soft_reset()


def test_20_a_wrong_password_and_an_unplugged_wire_give_the_same_text(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        module.fault("password_set", args={"password": "01020304"})
        with pytest.raises(RuntimeError, match="Failed to find sensor, check wiring!"):
            Adafruit_Fingerprint(port)
        assert Adafruit_Fingerprint(port, (1, 2, 3, 4)).library_size == 200


def test_21_another_address_is_met_with_silence(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        module.fault("address_changed", args={"address": "01020304"})
        with pytest.raises(RuntimeError, match="Failed to read"):
            Adafruit_Fingerprint(port)


def test_22_a_verified_password_is_falsy_and_a_wrong_one_truthy(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        assert not sensor.verify_password()
        module.fault("password_set", args={"password": "01020304"})
        assert sensor.verify_password() == 19


def test_23_a_healthy_module_fails_the_check(tmp_path: Path) -> None:
    with plugged(tmp_path) as (_, port), pytest.raises(RuntimeError, match="Something is wrong"):
        Adafruit_Fingerprint(port).check_module()


def test_24_a_new_speed_leaves_the_port_at_the_old_one(tmp_path: Path) -> None:
    with plugged(tmp_path) as (_, port):
        sensor = Adafruit_Fingerprint(port)
        assert sensor.set_sysparam(4, 12) == 0
        with pytest.raises(RuntimeError, match="Failed to read"):
            sensor.get_image()
        port.baudrate = 115200
        assert sensor.get_image() == 2


def test_4_the_fast_search_does_not_exist_on_an_r503(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        sensor = Adafruit_Fingerprint(port)
        captured(module, sensor)
        with pytest.raises(RuntimeError, match="Failed to read"):
            sensor.finger_fast_search()


def test_28_a_module_without_parameters_cannot_be_used(tmp_path: Path) -> None:
    with plugged(tmp_path, "r308_noparam") as (_, port), pytest.raises(RuntimeError, match="Failed to read"):
        Adafruit_Fingerprint(port)
