import contextlib
import threading

import pytest

from edge.faults import SensorError
from edge.sensor_faults import SENTENCES, SensorFault, sensor_error
from edge.sensor_glass import READING_S, Glass
from edge.sensor_identifying import Held, Match, NoFinger, Rules
from edge.sensor_opcodes import Code
from tests.support.sensor_wire import ScriptedPort, Wire, ack, flipped, found, packet, parameters

RULES = Rules(50, 80)
FENCE_S = 3 * (0.5 + 0.15 + 0.1)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def counted(wire: Wire, name: str) -> int:
    return wire.link.counters[name]


def test_every_kind_of_fault_has_its_sentence_for_the_display() -> None:
    for kind in SensorFault:
        error = sensor_error(kind, "x")
        assert SENTENCES[error.sentence_id]
        assert str(error) == f"{kind}: x"


def test_the_start_is_fenced_and_reads_the_parameters_twice() -> None:
    port = ScriptedPort(Wire().clock)
    port.script(0x0F, parameters(capacity=72), parameters(), parameters())
    wire = Wire(lambda fresh: fresh.scripts.update(port.scripts))
    assert wire.commands.capacity == 200


def test_a_damaged_answer_is_asked_for_again_behind_a_fence(wire: Wire) -> None:
    wire.port.script(0x01, flipped(ack(0), 9, 1))
    assert wire.commands.take_image() == Code.OK
    assert wire.port.opcodes() == [0x01, 0x0F, 0x01]
    assert (counted(wire, "badsum"), counted(wire, "fence")) == (1, 3)


def test_damage_is_noticed_by_silence_and_not_only_at_the_deadline(wire: Wire) -> None:
    before = wire.clock.now
    wire.port.script(0x04, flipped(found(5, 120), 11, 1))
    wire.commands.search()
    assert wire.clock.now - before < 1.0


def test_a_lost_answer_is_a_timeout_and_never_more_than_two_retries(wire: Wire) -> None:
    wire.port.script(0x02, b"", b"", b"", ack(0))
    with pytest.raises(SensorError) as error:
        wire.commands.extract(1)
    assert (error.value.kind, error.value.retry) == (SensorFault.NO_ANSWER, True)
    assert wire.port.opcodes().count(0x02) == 3
    assert counted(wire, "timeout") == 3


def test_what_must_not_be_repeated_is_sent_once(wire: Wire) -> None:
    wire.port.script(0x05, b"")
    with pytest.raises(SensorError):
        wire.commands.make_model()
    assert wire.port.opcodes().count(0x05) == 1


def test_answers_that_came_in_unasked_are_not_taken_for_the_next_command(wire: Wire) -> None:
    wire.port.unasked(ack(0))
    wire.port.script(0x01, ack(2))
    assert wire.commands.take_image() == Code.NO_FINGER
    assert counted(wire, "stale") == 1
    assert wire.port.opcodes() == [0x0F, 0x01]


def test_half_a_packet_left_on_the_line_builds_a_fence(wire: Wire) -> None:
    wire.port.unasked(ack(0)[:7])
    wire.commands.take_image()
    assert wire.port.opcodes() == [0x0F, 0x01]


def test_the_fence_waits_for_its_seventeen_bytes_past_everything_older(wire: Wire) -> None:
    wire.link.doubt()
    wire.port.script(
        0x0F, [(0.1, ack(0)), (0.2, found(9, 99)), (0.3, ack(0, *range(32))), (0.4, parameters())]
    )
    wire.port.script(0x01, ack(2))
    assert wire.commands.take_image() == Code.NO_FINGER
    assert counted(wire, "stale") == 3


def test_the_second_answer_of_a_fence_that_was_late_is_dropped_for_its_length(wire: Wire) -> None:
    wire.link.doubt()
    wire.port.script(0x0F, [(0.9, parameters())], parameters())
    wire.port.script(0x02, [(0.002, parameters()), (0.004, ack(6))])
    assert wire.commands.extract(1) == Code.MESSY


def test_three_failed_fences_are_a_silent_sensor(wire: Wire) -> None:
    wire.link.doubt()
    wire.port.script(0x0F, b"", b"", b"")
    with pytest.raises(SensorError) as error:
        wire.link.fence()
    assert error.value.kind == SensorFault.SILENT


def test_another_capacity_twice_is_another_module(wire: Wire) -> None:
    wire.link.doubt()
    wire.port.script(0x0F, parameters(capacity=1000), parameters(capacity=1000))
    with pytest.raises(SensorError) as error:
        wire.link.fence()
    assert (error.value.kind, error.value.retry) == (SensorFault.SWAPPED, False)
    assert counted(wire, "swap") == 1


def test_another_capacity_once_is_damage(wire: Wire) -> None:
    wire.link.doubt()
    wire.port.script(0x0F, parameters(capacity=72))
    assert wire.link.fence().capacity == 200
    assert counted(wire, "swap") == 0


def test_a_module_that_started_anew_is_told_the_password_and_asked_again(wire: Wire) -> None:
    wire.port.script(0x01, ack(0x21))
    wire.port.script(0x0F, ack(0x21))
    assert wire.commands.take_image() == Code.OK
    assert wire.port.opcodes() == [0x01, 0x0F, 0x13, 0x0F, 0x13, 0x01]


def test_a_password_changed_meanwhile_is_named(wire: Wire) -> None:
    wire.port.script(0x01, ack(0x21))
    wire.port.script(0x0F, ack(0x21))
    wire.port.script(0x13, ack(0x13))
    with pytest.raises(SensorError) as error:
        wire.commands.take_image()
    assert (error.value.kind, error.value.retry) == (SensorFault.WRONG_PASSWORD, False)


def test_a_ready_byte_counts_as_a_reboot_and_is_told_once(wire: Wire) -> None:
    wire.port.unasked(b"\x00\x55")
    wire.commands.take_image()
    assert counted(wire, "reboot") == 1
    assert wire.link.rebooted
    assert wire.link.interrupted
    wire.link.trust()
    assert not wire.link.rebooted


def test_a_long_silence_may_hide_another_module(wire: Wire) -> None:
    seen = []
    for pause_s in (1.9, 2.1):
        wire.commands.take_image()
        wire.link.trust()
        wire.clock.sleep(pause_s)
        before = wire.link.interrupted
        wire.commands.take_image()
        seen.append((before, wire.link.interrupted))
    assert seen == [(False, False), (True, True)]


def test_a_reboot_instead_of_an_answer_does_not_cost_the_whole_deadline(wire: Wire) -> None:
    before = wire.clock.now
    wire.port.script(0x04, b"\x55")
    wire.commands.search()
    assert wire.clock.now - before < 1.0


def test_a_strange_ok_is_a_foreign_answer_and_the_whole_look_begins_anew(wire: Wire) -> None:
    """A search answered like a store may have been one: the features may no longer be the finger's."""
    wire.port.script(0x04, ack(0), found(5, 120), found(5, 120))
    glass = Glass(RULES, wire.pace)
    glass.read(wire.commands)
    sent = wire.port.opcodes()
    assert sent[:6] == [0x01, 0x02, 0x04, 0x0F, 0x01, 0x02]


def test_a_code_that_makes_no_sense_for_its_command_is_no_result(wire: Wire) -> None:
    wire.port.script(0x02, ack(0x09), ack(0x0A), ack(0x33))
    with pytest.raises(SensorError) as error:
        wire.commands.extract(1)
    assert error.value.kind == SensorFault.REFUSED


def test_broken_hardware_is_believed_only_when_it_is_said_again(wire: Wire) -> None:
    wire.port.script(0x01, ack(0x29), ack(2))
    assert wire.commands.take_image() == Code.NO_FINGER
    wire.port.script(0x01, ack(0x29), ack(0xFD), ack(0x29))
    with pytest.raises(SensorError) as error:
        wire.commands.take_image()
    assert (error.value.kind, error.value.retry) == (SensorFault.BROKEN, False)


@pytest.mark.parametrize("silent_from", [0x01, 0x02, 0x04])
def test_a_reading_is_over_within_its_time_and_one_fence(wire: Wire, silent_from: int) -> None:
    wire.port.healthy[silent_from] = b""
    wire.port.healthy[0x0F] = b"" if silent_from == 0x02 else parameters()
    before = wire.clock.now
    with pytest.raises(SensorError):
        Glass(RULES, wire.pace).read(wire.commands)
    assert wire.clock.now - before < READING_S + 0.5 + FENCE_S


def test_a_babbling_module_does_not_hold_the_reader_for_ever(wire: Wire) -> None:
    for n in range(3000):
        wire.port.unasked(b"\xef\x01\xff\x00", after_s=n * 0.01)
    before = wire.clock.now
    with contextlib.suppress(SensorError):
        Glass(RULES, wire.pace).read(wire.commands)
    assert wire.clock.now - before < READING_S + 3 * (1.0 + 0.5) + 1.5


def test_data_packets_are_sent_only_to_a_module_that_agreed(wire: Wire) -> None:
    with pytest.raises(SensorError) as error:
        wire.link.write(packet(b"template", pid=0x08))
    assert error.value.kind == SensorFault.REFUSED
    assert wire.port.sent == []


def test_an_endless_upload_is_cut_off(wire: Wire) -> None:
    wire.port.healthy[0x08] = ack(0) + packet(bytes(128), pid=0x02) * 600
    with pytest.raises(SensorError) as error:
        wire.library.receive_template(1)
    assert error.value.kind == SensorFault.DAMAGED_ANSWER


def test_another_thread_is_refused_before_a_byte_is_sent(wire: Wire) -> None:
    seen: list[str] = []

    def intrude() -> None:
        try:
            wire.commands.take_image()
        except SensorError as error:
            seen.append(error.kind)

    thread = threading.Thread(target=intrude)
    thread.start()
    thread.join()
    assert seen == [SensorFault.WRONG_THREAD]
    assert wire.port.sent == []


def test_a_finger_is_not_answered_twice_when_one_bare_reading_comes_between(wire: Wire) -> None:
    wire.port.script(0x01, ack(0), ack(0), ack(2), ack(0), ack(2), ack(2), ack(2))
    glass = Glass(RULES, wire.pace)
    assert isinstance(glass.read(wire.commands), Match)
    assert isinstance(glass.read(wire.commands), NoFinger)
    assert glass.read(wire.commands) == Held()
    for _ in range(3):
        assert isinstance(glass.read(wire.commands), NoFinger)
        wire.clock.sleep(0.06)
    assert isinstance(glass.read(wire.commands), Match)


def test_two_bare_readings_at_once_are_not_yet_a_lift(wire: Wire) -> None:
    wire.port.script(0x01, ack(0), ack(0), ack(2), ack(2), ack(0))
    glass = Glass(RULES, wire.pace)
    assert isinstance(glass.read(wire.commands), Match)
    assert [glass.read(wire.commands) for _ in range(3)] == [NoFinger(), NoFinger(), Held()]


def test_no_image_is_taken_between_the_features_and_their_searches(wire: Wire) -> None:
    """On R503 a GenImg between Img2Tz and Search spoils the search."""
    Glass(RULES, wire.pace).read(wire.commands)
    sent = wire.port.opcodes()
    assert sent == [0x01, 0x02, 0x04, 0x04] * 2


def test_a_ghost_image_of_the_person_before_is_no_punch(wire: Wire) -> None:
    """A damaged "no finger" reads as "finger": image and features are those of the person who has left."""
    glass = Glass(RULES, wire.pace)
    wire.port.script(0x01, ack(0), ack(0), ack(2), ack(2), ack(2))
    assert isinstance(glass.read(wire.commands), Match)
    for _ in range(3):
        glass.read(wire.commands)
        wire.clock.sleep(0.06)
    wire.port.script(0x01, ack(0), ack(2))
    assert not isinstance(glass.read(wire.commands), Match)
