"""One test for each weakness of adafruit_fingerprint 2.2.25 (unmodified), named by what is defended.

| # | weakness of the library | defended by |
|---|---|---|
| 1 | sums are not verified | the link verifies; a narrow search confirms |
| 2 | one spurious byte shifts everything for ever | the link hunts for packets |
| 3 | no flush; an answer names no command | drain, and a fence after any doubt |
| 4 | a stale long answer is read as a short one | lengths are checked against the command |
| 5 | short error acks make it wait and lose the code | the link pads verified acks |
| 6 | id and score are set whatever the code | the link overwrites them unless OK |
| 7 | a port without timeout blocks for ever | the link owns the deadlines |
| 8 | a zoo of exceptions | one funnel |
| 9 | the compare score is a tuple; `ack 01` before the real one | unwrapped; 01 is repeated behind a fence |
| 10 | refused uploads end in UnboundLocalError | own reader |
| 11 | damaged templates are accepted | the stream is voided |
| 12 | one recursion per data packet | own loop |
| 13 | a refused download is "sent" | the code is looked at, and the buffer read back |
| 14 | a remainder is dropped, no end packet | own sender |
| 15 | unknown packet size, capacity 0 | parameters are judged |
| 16 | errors of index pages are swallowed, bits unmasked | page by page, masked |
| 17 | a hidden ReadSysPara before each search | answered from the link |
| 18 | no slot ranges | checked before a byte is sent |
| 19 | soft_reset has no answer to a missing 0x55 | own restart |
| 20 | one text for a wrong password and a cut wire | the probe tells them apart |
| 21 | the address is a class attribute | set for each instance |
| 22 | OK is falsy, failure truthy | codes are compared |
| 23 | check_module uses 0x53 | never sent |
| 24 | set_sysparam writes each time, port stays at the old speed | read first, write on difference, reopen |
| 25 | set_led blocks where there is no ring | known from the probe; never fails |
| 26 | no lock | one owner thread |
| 27 | debug prints templates | never on |
| 28 | modules without ReadSysPara cannot be used | said so by name |
"""

import struct
import termios
import threading
from pathlib import Path

import pytest
import serial

from edge.faults import SensorError
from edge.sensor import Light, Match
from edge.sensor_faults import SensorFault
from edge.sensor_frames import SystemParameters
from edge.sensor_glass import Glass
from edge.sensor_identifying import Rules
from edge.sensor_library import guarded
from edge.sensor_models import R503, odd_parameters
from edge.sensor_opcodes import Code, Op
from edge.sensor_templates import TemplateShelf
from tests.support.sensor_door import door
from tests.support.sensor_wire import ScriptedPort, Wire, ack, flipped, found, packet, parameters

NEVER_SENT = {0x1A, 0x1B, 0x53}


@pytest.fixture
def wire() -> Wire:
    return Wire()


def read(wire: Wire) -> object:
    return Glass(Rules(50, 80), wire.pace).read(wire.commands)


def shelf(wire: Wire) -> TemplateShelf:
    return TemplateShelf(wire.commands, R503, wire.pace)


def kind_of(call: object, *arguments: object) -> str:
    with pytest.raises(SensorError) as error:
        call(*arguments)  # type: ignore[operator]
    return error.value.kind


def upload(data: bytes, size: int) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join([*(packet(one, 0x02) for one in pieces[:-1]), packet(pieces[-1], 0x08)])


TEMPLATE = bytes(range(256)) * 2


def test_01_a_flipped_id_bit_is_never_another_person(wire: Wire) -> None:
    wire.port.script(0x04, flipped(found(5, 120), 11, 1))
    answer = wire.commands.search()
    assert (answer.code, answer.slot, answer.score) == (Code.OK, 5, 120)


def test_01b_a_flip_whose_sum_still_fits_is_caught_by_the_narrow_search(wire: Wire) -> None:
    damaged = flipped(flipped(found(5, 120), 11, 2), 13, 2)
    assert sum(damaged[6:14]) == int.from_bytes(damaged[14:], "big")
    wire.port.script(0x04, damaged)
    answer = read(wire)
    assert isinstance(answer, Match)
    assert answer.slot == 5


def test_02_one_spurious_byte_costs_nothing_but_a_count(wire: Wire) -> None:
    wire.port.script(0x01, b"\x55" + ack(2))
    assert [wire.commands.take_image() for _ in range(3)] == [Code.NO_FINGER, Code.OK, Code.OK]
    wire.port.script(0x01, b"\xff" + ack(2))
    assert wire.commands.take_image() == Code.NO_FINGER
    assert wire.link.counters["noise"] == 1


def test_03_a_late_answer_is_not_read_as_that_of_the_next_command(wire: Wire) -> None:
    wire.port.script(0x01, [(2.0, ack(0))])
    assert kind_of(wire.library.take_image) == SensorFault.NO_ANSWER
    wire.port.script(0x02, ack(6))
    assert wire.commands.extract(1) == Code.MESSY


def test_04_a_stale_search_answer_is_no_image(wire: Wire) -> None:
    wire.port.script(0x01, [(0.001, found(5, 120)), (0.05, ack(2))])
    assert wire.commands.take_image() == Code.NO_FINGER


@pytest.mark.parametrize("code", [0x01, 0x21])
def test_05_a_short_error_ack_is_served_at_once_with_its_code(wire: Wire, code: int) -> None:
    before = wire.clock.now
    wire.port.script(0x04, ack(code))
    assert wire.library.search(0, 200).code == code
    assert wire.clock.now - before < 0.1


def test_06_the_id_of_a_refusal_is_never_one(wire: Wire) -> None:
    wire.port.script(0x04, packet(bytes.fromhex("0901EE0000")))
    answer = wire.library.search(0, 200)
    assert (answer.code, answer.slot, answer.score) == (Code.NOT_FOUND, 0xFFFF, 0xFFFF)


def test_07_a_lost_answer_ends_at_the_deadline(wire: Wire) -> None:
    before = wire.clock.now
    wire.port.script(0x01, b"")
    assert kind_of(wire.library.take_image) == SensorFault.NO_ANSWER
    assert 1.5 <= wire.clock.now - before < 1.6


@pytest.mark.parametrize(
    "thrown",
    [
        RuntimeError("Incorrect packet data"),
        struct.error("unpack"),
        IndexError(),
        UnboundLocalError("res"),
        ValueError(),
        RecursionError(),
        TypeError(),
        serial.SerialException("EIO"),
        OSError(5, "EIO"),
        termios.error(5, "EIO"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_08_whatever_the_library_throws_comes_out_as_one_error(wire: Wire, thrown: Exception) -> None:
    def call() -> int:
        raise thrown

    assert kind_of(guarded, wire.link, call) == SensorFault.DAMAGED_ANSWER
    wire.commands.take_image()
    assert wire.port.opcodes()[0] == Op.READ_PARAMETERS


def test_08b_what_is_no_fault_of_the_wire_is_not_swallowed(wire: Wire) -> None:
    def call() -> int:
        raise AssertionError("a mistake of ours")

    with pytest.raises(AssertionError):
        guarded(wire.link, call)


def test_09_a_compare_gives_a_plain_score_behind_an_early_receive_error(wire: Wire) -> None:
    wire.port.script(0x03, [(0.001, ack(1)), (0.01, ack(0, 0, 90))])
    assert wire.commands.compare() == 77
    wire.port.script(0x03, ack(8, 0, 0))
    assert wire.commands.compare() is None


def test_10_a_refused_upload_is_an_error_with_a_name(wire: Wire) -> None:
    wire.port.script(0x08, ack(0x0D), ack(0x0D), ack(0x0D))
    assert kind_of(wire.commands.receive_template, 1) == SensorFault.REFUSED


def test_11_a_template_with_one_damaged_packet_is_never_accepted(wire: Wire) -> None:
    good = ack(0) + upload(TEMPLATE, 128)
    for at in (12 + 20, 12 + 139 * 2 + 50, len(good) - 3):
        wire.port.script(0x08, flipped(good, at, 3))
        wire.port.healthy[0x08] = good
        assert wire.commands.receive_template(1) == TEMPLATE
    wire.port.healthy[0x08] = ack(0) + upload(TEMPLATE, 128)[:-139]
    assert kind_of(wire.commands.receive_template, 1) in (SensorFault.NO_ANSWER, SensorFault.DAMAGED_ANSWER)


def test_11b_two_readings_that_differ_are_no_template(wire: Wire) -> None:
    other = bytes([TEMPLATE[0] ^ 1]) + TEMPLATE[1:]
    wire.port.script(0x08, ack(0) + upload(TEMPLATE, 128), ack(0) + upload(other, 128))
    assert kind_of(shelf(wire).download, 1) == SensorFault.DAMAGED_ANSWER


def test_12_a_thousand_small_packets_need_no_recursion(wire: Wire) -> None:
    image = bytes(36_864)
    wire.port.healthy[0x08] = ack(0) + upload(image, 32)
    assert wire.commands.receive_template(1) == image


def test_13_a_refused_download_is_not_stored(wire: Wire) -> None:
    wire.port.script(0x09, ack(0x0E))
    assert kind_of(shelf(wire).upload, TEMPLATE, 1) == SensorFault.NOT_STORED
    assert [raw for raw in wire.port.sent if raw[6] != 1] == []


def test_13b_a_download_is_read_back_before_it_counts(wire: Wire) -> None:
    wire.port.healthy[0x09] = ack(0)
    wire.port.healthy[0x08] = ack(0) + upload(TEMPLATE[::-1], 128)
    assert kind_of(shelf(wire).upload, TEMPLATE, 1) == SensorFault.NOT_STORED
    wire.port.healthy[0x08] = ack(0) + upload(TEMPLATE, 128)
    shelf(wire).upload(TEMPLATE, 1)


def test_13c_a_late_complaint_about_a_data_packet_is_heard(wire: Wire) -> None:
    wire.port.script(0x09, [(0.001, ack(0)), (0.1, ack(1))])
    assert wire.library.send_template(TEMPLATE, 1, 128) == Code.RECEIVE_ERROR


def test_14_a_remainder_is_sent_and_the_last_packet_is_an_end(wire: Wire) -> None:
    wire.port.healthy[0x09] = ack(0)
    data = bytes(n % 251 for n in range(810))
    wire.library.send_template(data, 1, 128)
    packets = [raw for raw in wire.port.sent if raw[6] != 1]
    assert [raw[6] for raw in packets] == [0x02] * 6 + [0x08]
    assert b"".join(raw[9:-2] for raw in packets) == data


def test_14b_a_template_of_no_known_size_is_refused(wire: Wire) -> None:
    assert kind_of(shelf(wire).upload, bytes(500), 1) == SensorFault.TEMPLATE_SIZE
    assert wire.port.sent == []


@pytest.mark.parametrize(
    "odd", [parameters(capacity=0), parameters(size_code=4), parameters(level=9), parameters(baud=0)]
)
def test_15_parameters_no_module_has_are_refused(odd: bytes) -> None:
    assert odd_parameters(SystemParameters.parse(parameters()[9:-2]), 0xFFFFFFFF) is None
    assert odd_parameters(SystemParameters.parse(odd[9:-2]), 0xFFFFFFFF) is not None


def test_16_a_failing_index_page_is_not_swallowed_and_leftovers_are_masked() -> None:
    page = ack(0, 0b0001_0001, *[0] * 31)

    def prepare(port: ScriptedPort) -> None:
        port.healthy[0x0F] = parameters(capacity=300)
        port.healthy[0x1D] = ack(0, 0, 4)

    wire = Wire(prepare)
    # Bits 0 and 4 of page 0; of page 1 slots 256 and 260, and one beyond the capacity.
    wire.port.script(0x1F, page, ack(0, 0b0001_0001, 0, 0, 0, 0, 0, 0b0000_0001, *[0] * 25))
    assert wire.commands.slots() == {0, 4, 256, 260}
    broken = packet(b"\x01" + bytes(32))
    wire.port.script(0x1F, page, broken, broken, broken)
    assert kind_of(wire.commands.index) == SensorFault.REFUSED


def test_17_a_search_has_no_hidden_round_trip(wire: Wire) -> None:
    assert isinstance(read(wire), Match)
    sent = wire.port.opcodes()
    assert sent[:4] == [Op.GEN_IMAGE, Op.IMAGE_TO_FEATURES, Op.SEARCH, Op.SEARCH]
    assert Op.READ_PARAMETERS not in sent
    wire.port.sent.clear()
    assert wire.library._library.finger_search() == Code.OK
    assert wire.port.opcodes() == [Op.SEARCH]


@pytest.mark.parametrize("slot", [-1, 200, 65_535, 70_000])
def test_18_a_slot_the_module_does_not_have_is_refused_before_a_byte_is_sent(wire: Wire, slot: int) -> None:
    for call in (shelf(wire).store, shelf(wire).delete, shelf(wire).read_template, shelf(wire).find_in):
        assert kind_of(call, slot) == SensorFault.SLOT_RANGE
    assert wire.port.sent == []


def test_18b_a_found_slot_the_module_does_not_have_is_no_match(wire: Wire) -> None:
    wire.port.healthy[0x04] = found(200, 120)
    assert kind_of(read, wire) == SensorFault.FOREIGN_ANSWER


def test_19_a_restart_says_the_password_again_with_or_without_a_ready_byte(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.sensor.restart()
        here.module.fault("silence", {"opcode": "SoftRst"})
        here.sensor.restart()
        assert isinstance(here.press(3), Match)


def test_20_a_wrong_password_and_a_silent_wire_are_told_apart(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.module.fault("password_set", args={"password": "12345678"})
        assert kind_of(here.sensor.connect) == SensorFault.WRONG_PASSWORD
        here.module.power(False)
        assert kind_of(here.sensor.connect) == SensorFault.SILENT


def test_21_a_module_with_an_address_of_its_own_is_served(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.module.fault("address_changed", args={"address": "00000007"})
        assert kind_of(here.sensor.connect) == SensorFault.SILENT
        sensor = here.another(address=7)
        assert sensor.connect().address == 7
        sensor.close()


def test_22_the_password_is_right_only_with_the_code_ok(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.module.fault("password_set", args={"password": "12345678"})
        for password, right in ((0, False), (0x12345678, True)):
            sensor = here.another(password=password)
            if right:
                assert sensor.connect().capacity == 200
            else:
                assert kind_of(sensor.connect) == SensorFault.WRONG_PASSWORD
            sensor.close()


def test_23_commands_no_module_should_get_are_never_sent(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.press(1)
        here.release()
        here.sensor.set_light(Light.READY)
        sent = {bytes.fromhex(row["value"])[9] for row in here.module.log(5000) if row["what"] == "in"}
        assert Op.GEN_IMAGE in sent
        assert not sent & NEVER_SENT


def test_24_the_speed_is_written_once_and_only_on_difference(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        before = here.module.snapshot()["writes"]
        here.sensor.align_baud(115_200)
        assert here.module.snapshot()["writes"] == before + 1
        sensor = here.another(baud=115_200)
        sensor.connect()
        sensor.align_baud(115_200)
        assert here.module.snapshot()["writes"] == before + 1
        sensor.connect()
        assert kind_of(sensor.align_baud, 28_800) == SensorFault.WRONG_BAUD
        sensor.close()


def test_25_a_light_is_asked_for_only_where_there_is_a_ring(tmp_path: Path) -> None:
    with door(tmp_path, "zfm20") as here:
        here.sensor.connect()
        before = here.module.counters()["commands"]
        here.sensor.set_light(Light.ACCEPTED)
        assert here.module.counters()["commands"] == before


def test_25b_a_dead_lamp_fails_nobody(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.module.fault("silence", {"opcode": "AuraLedConfig"})
        here.sensor.set_light(Light.ACCEPTED)
        here.module.fault("led_unsupported", {"opcode": "AuraLedConfig"})
        here.sensor.set_light(Light.REFUSED)
        assert isinstance(here.press(2), Match)
        here.sensor.set_light(Light.ACCEPTED)
        assert here.module.state()["lamp"] == "03000400"


def test_26_a_second_thread_is_refused_with_a_name(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        seen: list[str] = []

        def intrude() -> None:
            for call in (
                here.sensor.read_finger,
                here.sensor.identity,
                lambda: here.sensor.set_light(Light.OFF),
            ):
                with pytest.raises(SensorError) as error:
                    call()
                seen.append(error.value.kind)

        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
        assert seen == [SensorFault.WRONG_THREAD] * 3
        assert isinstance(here.press(2), Match)


def test_27_no_template_is_ever_printed(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    wire.port.healthy[0x07] = ack(0)
    wire.port.healthy[0x08] = ack(0) + upload(TEMPLATE, 128)
    assert shelf(wire).read_template(5) == TEMPLATE
    assert capsys.readouterr() == ("", "")


def test_28_a_module_without_parameters_is_named_as_such(tmp_path: Path) -> None:
    with door(tmp_path, "r308_noparam") as here:
        assert kind_of(here.sensor.connect) == SensorFault.NO_PARAMETERS
