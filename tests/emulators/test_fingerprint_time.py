"""Power, boot, pacing and busy: what takes time in the module."""

from itertools import pairwise

import pytest

from emulators.fingerprint_module import wire
from emulators.fingerprint_module.agenda import Agenda
from emulators.fingerprint_module.profiles import PROFILES
from emulators.fingerprint_module.tempo import Tempo
from tests.support.fingerprint_desk import ADDRESS, Desk, contents

WIRE_ONLY = {"work_scale": 0.0}


def timed(desk: Desk, *payload: int) -> list[tuple[float, bytes]]:
    """(ms after the command was written, bytes) of its answer."""
    began = desk.module.now_ms
    desk.module.receive(wire.encode(1, bytes(payload), ADDRESS), began)
    desk.module.advance(began + 60_000)
    return [(at_ms - began, piece) for at_ms, piece in desk.module.take_output()]


@pytest.mark.parametrize(("multiple", "baud"), [(1, 9600), (6, 57600), (12, 115200)])
def test_with_no_work_an_exchange_takes_exactly_its_bytes_on_the_wire(multiple: int, baud: int) -> None:
    desk = Desk(tempo=Tempo(1, **WIRE_ONLY))
    desk.device.flash.baud_multiple = multiple
    for payload, sent, answered in (((0x01,), 12, 12), ((0x0F,), 12, 28), ((0x04, 1, 0, 0, 0, 200), 17, 16)):
        pieces = timed(desk, *payload)
        assert pieces[-1][0] == pytest.approx((sent + answered) * 10_000 / baud)
        assert max(len(piece) for _, piece in pieces) <= 16


def test_an_identification_on_the_wire_alone_takes_what_the_notes_computed() -> None:
    desk = Desk(tempo=Tempo(1, **WIRE_ONLY))
    desk.place("p1")
    taken = sum(timed(desk, *payload)[-1][0] for payload in ((1,), (2, 1), (4, 1, 0, 0, 0, 200)))
    assert taken == pytest.approx(14.24, abs=0.01)


def test_an_image_of_an_optical_module_takes_seven_seconds_at_57600() -> None:
    desk = Desk("fpm10a_150", tempo=Tempo(1, **WIRE_ONLY))
    desk.place("p1")
    timed(desk, 0x01)
    # A user of this module measured 7.7 s (FPM #4).
    assert timed(desk, 0x0A)[-1][0] == pytest.approx(6950, abs=50)


def test_work_times_stay_within_a_fifth_of_the_model_and_repeat_with_the_seed() -> None:
    runs = []
    for _ in range(2):
        desk = Desk(tempo=Tempo(7, paced=False))
        desk.place("p1")
        runs.append([timed(desk, 0x01)[-1][0] for _ in range(30)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 30
    assert all(180 * 0.8 + 2 <= ms <= 180 * 1.2 + 8 for ms in runs[0])


def test_a_search_takes_longer_with_more_templates_and_turnaround_has_its_own_scale() -> None:
    desk = Desk(tempo=Tempo(7, paced=False, turnaround_scale=0.0))
    desk.capture("p1")
    none = timed(desk, 0x04, 1, 0, 0, 0, 200)[-1][0]
    for slot in range(50):
        desk.enrol(slot, f"p{slot}")
    assert timed(desk, 0x04, 1, 0, 0, 0, 200)[-1][0] > none + 70
    only_turnaround = Desk(tempo=Tempo(7, work_scale=0.0, turnaround_scale=1.0, paced=False))
    assert 2 <= timed(only_turnaround, 0x0F)[-1][0] <= 8


def test_a_usb_bridge_holds_a_short_answer_for_its_latency() -> None:
    desk = Desk(tempo=Tempo(1, work_scale=0.0, paced=False, usb_latency_ms=16.0))
    assert timed(desk, 0x0F)[-1][0] == 16.0


@pytest.mark.parametrize("profile", PROFILES)
def test_a_booting_module_is_deaf_and_then_says_so(profile: str) -> None:
    desk = Desk(profile)
    kind = desk.device.profile
    ready = (b"\x00\x55" if kind.ready_glitch else b"\x55") if kind.ready_byte else b""
    assert desk.boot_bytes == ready
    desk.module.reboot()
    assert desk.send(wire.encode(1, b"\x1d", ADDRESS), wait_ms=kind.work.boot - 1) == b""
    assert desk.wait(2) == ready
    assert desk.ask(0x1D)[0] == 0


def test_soft_reset_answers_then_boots_and_forgets_ram() -> None:
    desk = Desk()
    desk.capture("p1")
    assert desk.raw(0x3D) == wire.encode(7, b"\x00", ADDRESS) + b"\x00\x55"
    assert desk.device.ram.buffers == {}


def test_power_off_loses_ram_and_unsent_bytes_and_keeps_flash() -> None:
    desk = Desk(tempo=Tempo(1, **WIRE_ONLY))
    desk.enrol(3, "p1")
    desk.capture("p1")
    desk.module.receive(wire.encode(1, b"\x0f", ADDRESS), desk.module.now_ms)
    assert len(desk.wait(5.0)) == 16
    desk.module.power_off()
    assert desk.wait(100) == b""
    assert desk.ask(0x0F) == b""
    desk.module.power_on()
    desk.wait(100)
    assert desk.ask(0x1D) == bytes.fromhex("00 0001")
    assert desk.device.ram.buffers == {}


def test_a_write_cut_short_by_power_never_happened() -> None:
    desk = Desk(tempo=Tempo(1, paced=False))
    desk.capture("p1")
    desk.raw(0x06, 1, 0, 5, wait_ms=30)
    desk.module.power_off()
    desk.module.power_on()
    desk.wait(1000)
    assert 5 not in desk.device.flash.library.slots


def test_a_command_during_work_is_executed_afterwards_or_lost_as_the_model_does() -> None:
    for profile, answers in (("r503_200", 2), ("fpm10a_150", 1)):
        desk = Desk(profile, tempo=Tempo(1))
        both = wire.encode(1, b"\x01", ADDRESS) + wire.encode(1, b"\x1d", ADDRESS)
        assert len(contents(desk.send(both))) == answers


def test_a_finger_lifted_during_the_capture_is_a_failed_capture() -> None:
    desk = Desk(tempo=Tempo(1, paced=False))
    desk.place("p1")
    desk.raw(0x01, wait_ms=50)
    desk.bench.lift()
    assert contents(desk.wait(1000)) == [b"\x03"]


def test_half_a_packet_is_forgotten_after_a_gap_of_100_ms() -> None:
    command = wire.encode(1, b"\x1d", ADDRESS)
    for gap_ms, answers in ((90, 1), (110, 0)):
        desk = Desk()
        desk.send(command[:7], wait_ms=gap_ms)
        assert len(contents(desk.send(command[7:]))) == answers
        assert desk.ask(0x1D)[0] == 0


def test_data_that_stops_without_an_end_is_given_up_after_a_second() -> None:
    desk = Desk("zfm20")
    desk.capture("p1")
    desk.ask(0x09, 1, wait_ms=10)
    packet = wire.split_data(bytes(512), 128, ADDRESS)[0]
    desk.send(packet, wait_ms=1100)
    assert desk.send(wire.split_data(bytes(128), 128, ADDRESS)[0]) == b""
    assert desk.device.awaiting is None
    assert 1 not in desk.device.ram.buffers


def test_a_tap_is_lifted_in_module_time_unless_another_finger_came() -> None:
    desk = Desk()
    desk.place("p1")
    touch = desk.device.touch
    assert touch is not None
    desk.bench.tap(touch, 300)
    desk.wait(299)
    assert desk.device.touch is touch
    desk.wait(2)
    assert desk.device.touch is None
    desk.bench.tap(touch, 300)
    desk.place("p2")
    desk.wait(1000)
    assert desk.device.touch is not None


@pytest.mark.parametrize(
    ("profile", "levels"),
    [("r503_200", [False, True]), ("as608_300", [True, False]), ("pid4750_lenient", [False, True])],
)
def test_the_wake_pin_follows_within_120_ms_with_the_polarity_of_the_model(
    profile: str, levels: list[bool]
) -> None:
    desk = Desk(profile)
    seen: list[tuple[float, bool]] = []
    desk.bench.wake_pin.on_change = lambda level: seen.append((desk.module.now_ms, level))
    began = desk.module.now_ms
    desk.place("p1")
    desk.wait(200)
    assert seen[0][1] is levels[0]
    assert 20 <= seen[0][0] - began <= 120
    # A pulse-only pin is back already while the finger still lies there.
    assert len(seen) == (2 if desk.device.profile.wake_pulse_only else 1)
    desk.bench.lift()
    desk.wait(200)
    assert [level for _, level in seen] == levels


def test_module_time_never_goes_back_and_order_is_kept_among_equals() -> None:
    agenda, done = Agenda(), list[tuple[str, float]]()
    agenda.schedule(5, lambda: done.append(("a", agenda.now_ms)))
    agenda.schedule(5, lambda: done.append(("b", agenda.now_ms)))
    agenda.schedule(2, lambda: done.append(("c", agenda.now_ms)))
    agenda.run(5)
    agenda.run(3)
    assert done == [("c", 2), ("a", 5), ("b", 5)]
    assert agenda.now_ms == 5


def test_pieces_of_an_answer_leave_in_order() -> None:
    pieces = timed(Desk(tempo=Tempo(1)), 0x16)
    assert all(one[0] < other[0] for one, other in pairwise(pieces))
