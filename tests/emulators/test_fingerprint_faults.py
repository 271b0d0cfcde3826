"""Every fault of the design notes does what its name says, when it was asked for."""

from typing import Any

import pytest

from emulators.fingerprint_module import wire
from emulators.fingerprint_module.behind_the_back import restore, swap
from emulators.fingerprint_module.damage import DAMAGES
from emulators.fingerprint_module.faults import KINDS, FaultError, When
from emulators.fingerprint_module.flash import FlashFileError
from emulators.fingerprint_module.mixing import WEIGHTS, MixedFaults
from emulators.fingerprint_module.tempo import Tempo
from tests.support.fingerprint_desk import ADDRESS, Desk, contents, frames

OK = wire.encode(wire.Pid.ACK, b"\x00", ADDRESS)
COUNT = bytes.fromhex("00 0000")
EXPECTED_LENGTH = {
    "flip_bits": 14, "flip_pair": 14, "drop_byte": 13, "insert_byte": 15, "duplicate_byte": 15,
    "duplicate_frame": 28, "wrong_pid": 14, "wrong_len": 14, "wrong_address": 14,
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_on_the_way_out_changes_the_answer_once(kind: str) -> None:
    desk = Desk()
    good = desk.raw(0x1D)
    desk.fault(kind)
    bad = desk.raw(0x1D)
    assert bad != good
    assert len(bad) == EXPECTED_LENGTH.get(kind, len(bad))
    assert desk.raw(0x1D) == good


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_on_the_way_in_is_seen_by_the_module(kind: str) -> None:
    desk = Desk()
    desk.fault(kind, inbound=True)
    desk.raw(0x1D, wait_ms=200)
    received = [entry["value"] for entry in desk.module.log.last(100) if entry["what"] == "in"]
    assert received[-1] != wire.encode(1, b"\x1d", ADDRESS).hex(" ")
    assert desk.ask(0x1D, wait_ms=200) == COUNT


def test_a_sum_preserving_pair_is_a_packet_with_a_good_sum_and_another_content() -> None:
    for seed in range(20):
        desk = Desk()
        good = contents(desk.raw(0x0F))[0]
        desk.bench.fault("flip_pair", {}, inbound=False, args={}, seed=seed)
        (frame,) = frames(desk.raw(0x0F))
        assert frame.sum_ok
        assert frame.content != good


def test_damage_can_be_placed_to_the_bit() -> None:
    desk = Desk()
    desk.enrol(5, "p1")
    desk.capture("p1")
    desk.fault("flip_bits", {"opcode": "Search"}, at=11, bit=1)
    content = desk.search()
    assert content[:3] == bytes.fromhex("00 0007")
    assert desk.search()[:3] == bytes.fromhex("00 0005")


def test_truncated_silent_and_preceded_answers() -> None:
    desk = Desk()
    desk.fault("truncate", keep=5)
    assert len(desk.raw(0x1D)) == 5
    desk.fault("silence")
    assert desk.raw(0x1D) == b""
    desk.fault("extra_ack", where="before")
    assert contents(desk.raw(0x1D)) == [b"\x01", COUNT]
    desk.fault("extra_ack", where="after", code=0)
    assert contents(desk.raw(0x1D)) == [COUNT, b"\x00"]
    desk.fault("noise", hex="0055ff")
    assert desk.raw(0x1D).startswith(b"\x00\x55\xff\xef\x01")


def test_a_stall_is_late_by_its_time() -> None:
    desk = Desk()
    desk.fault("stall", ms=700)
    assert desk.raw(0x1D, wait_ms=699) == b""
    assert contents(desk.wait(2)) == [COUNT]


def test_a_late_answer_comes_after_the_next_command_and_before_its_answer() -> None:
    for profile in ("r503_200", "fpm10a_150"):
        desk = Desk(profile)
        desk.fault("late")
        assert desk.raw(0x01, wait_ms=60_000) == b""
        assert contents(desk.raw(0x1D)) == [b"\x02", COUNT]
        desk.fault("late", commands=2)
        assert desk.raw(0x01) == desk.raw(0x0F) == b""
        assert [len(content) for content in contents(desk.raw(0x1D))] == [1, 17, 3]


def test_dribble_sends_one_byte_at_a_time() -> None:
    desk = Desk()
    desk.fault("dribble", ms=10)
    assert [len(desk.raw(0x1D, wait_ms=10.5)), len(desk.wait(10)), len(desk.wait(200))] == [1, 1, 12]


def test_an_error_of_a_search_carries_an_id_and_a_code_is_replaced() -> None:
    desk = Desk("zfm20")
    desk.capture("stranger")
    desk.fault("stale_id", {"opcode": "Search"}, id=77, score=12)
    assert desk.search() == bytes.fromhex("09 004D 000C")
    desk.fault("answer_code", code=0x18)
    assert desk.ask(0x1D) == b"\x18"
    desk.fault("answer_code", code=0x18, keep_length=True)
    assert desk.ask(0x1D) == bytes.fromhex("18 0000")


def test_an_endless_upload_has_no_end_packet() -> None:
    desk = Desk("fpm10a_150")
    desk.enrol(4, "p1")
    desk.ask(0x07, 1, 0, 4)
    desk.fault("endless_upchar", rounds=5)
    got = frames(desk.raw(0x08, 1))
    assert len(got) == 1 + 5 * 4
    assert wire.Pid.END not in {frame.pid for frame in got}


@pytest.mark.parametrize(("where", "answered"), [("before_ack", b""), ("after_ack", OK)])
def test_a_reboot_before_or_after_the_answer(where: str, answered: bytes) -> None:
    desk = Desk()
    desk.capture("p1")
    desk.fault("reboot", {"opcode": "Store"}, at=where)
    assert desk.raw(0x06, 1, 0, 3) == answered + b"\x00\x55"
    assert 3 in desk.device.flash.library.slots
    assert desk.device.ram.buffers == {}


@pytest.mark.parametrize("outcome", ["empty", "old", "torn"])
def test_power_lost_in_the_middle_of_a_write_leaves_the_slot_empty_old_or_torn(outcome: str) -> None:
    desk = Desk()
    old = desk.enrol(3, "p9")
    desk.capture("p1")
    desk.fault("reboot", at="mid_flash_write", outcome=outcome)
    assert desk.raw(0x06, 1, 0, 3) == b"\x00\x55"
    kept = desk.device.flash.library.slots.get(3)
    if outcome == "empty":
        assert kept is None
    else:
        assert kept is not None
        assert (kept.raw == old) is (outcome == "old")


def test_brown_outs_loop_and_then_end() -> None:
    desk = Desk()
    desk.fault("brown_out", loops=3)
    assert desk.wait(1000) == b"\x00\x55" * 4
    assert desk.ask(0x1D) == COUNT


def test_a_module_that_hangs_answers_again_only_after_a_power_cycle() -> None:
    desk = Desk()
    desk.fault("hang", {"opcode": "GenImg"})
    assert desk.ask(0x01) == desk.ask(0x1D) == b""
    desk.bench.clear_faults()
    assert desk.ask(0x1D) == b""
    desk.module.power_off()
    desk.module.power_on()
    desk.wait(100)
    assert desk.ask(0x1D) == COUNT


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("lift_mid_capture", (0x01,), 0x03),
        ("flash_failure", (0x06, 1, 0, 3), 0x18),
        ("flash_failure", (0x0C, 0, 3, 0, 1), 0x18),
        ("flash_failure", (0x0D,), 0x11),
        ("flash_failure", (0x0E, 5, 2), 0x18),
        ("flash_failure", (0x12, 1, 2, 3, 4), 0x18),
        ("flash_failure", (0x15, 1, 2, 3, 4), 0x18),
        ("flash_failure", (0x18, 1, *bytes(32)), 0x18),
        ("messy", (0x02, 1), 0x06),
        ("sensor_abnormal", (0x36,), 0x29),
        ("led_unsupported", (0x35, 3, 128, 1, 0), 0xFC),
        ("refuse_transfer", (0x08, 1), 0x0D),
        ("refuse_transfer", (0x0A,), 0x0F),
        ("refuse_transfer", (0x09, 1), 0x0E),
    ],
)
def test_flaws_are_answered_with_their_code_once_and_change_nothing(
    kind: str, payload: tuple[int, ...], code: int
) -> None:
    desk = Desk()
    desk.capture("p1")
    desk.place("p1")
    desk.ask(0x01)
    before = desk.device.flash.as_json()
    desk.fault(kind)
    assert desk.ask(*payload) == bytes((code,))
    assert desk.device.flash.as_json() == before
    assert desk.ask(*payload)[0] == 0


def test_a_ghost_image_has_no_features() -> None:
    desk = Desk()
    desk.fault("ghost_image")
    assert desk.ask(0x01) == b"\x00"
    assert desk.ask(0x02, 1) == b"\x07"


def test_a_flash_failure_is_bound_to_a_slot_or_to_a_number_of_writes() -> None:
    desk = Desk()
    desk.capture("p1")
    desk.fault("flash_failure", {"times": None}, slot=4)
    assert [desk.ask(0x06, 1, 0, slot) for slot in (3, 4, 5)] == [b"\x00", b"\x18", b"\x00"]
    desk.bench.clear_faults()
    desk.fault("flash_failure", {"times": None}, after_writes=desk.device.flash.writes + 1)
    assert [desk.ask(0x06, 1, 0, slot) for slot in (6, 7, 8)] == [b"\x00", b"\x18", b"\x18"]


def test_changes_behind_the_hosts_back() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    desk.enrol(2, "p2")
    slots = desk.device.flash.library.slots
    one, two = slots[1], slots[2]
    desk.fault("slots_exchanged", a=1, b=2)
    assert (slots[1], slots[2]) == (two, one)
    desk.fault("slot_lost", slot=2)
    assert sorted(slots) == [1]
    desk.fault("library_full")
    assert desk.ask(0x1D) == bytes.fromhex("00 00C8")
    desk.fault("library_emptied")
    assert desk.ask(0x1D) == COUNT
    desk.fault("baud_changed", multiple=12)
    assert desk.device.flash.baud == 115200
    desk.fault("address_changed", address="01020304")
    assert desk.device.flash.address == b"\x01\x02\x03\x04"
    desk.fault("password_set", password="00000001")
    assert desk.ask(0x1D) == b"\x21"


def test_a_swapped_module_has_another_serial_number_and_an_empty_library() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    desk.fault("swapped", {"opcode": "GenImg"}, serial="OTHER001")
    assert desk.ask(0x1D) == bytes.fromhex("00 0001")
    assert b"\x55" in desk.raw(0x01)
    assert desk.ask(0x3C)[21:29] == b"OTHER001"
    assert desk.ask(0x1D) == COUNT


def test_noise_on_an_idle_line_and_power_cut_at_a_time() -> None:
    desk = Desk()
    desk.fault("idle_noise", hex="55", every_ms=50, count=3)
    assert desk.wait(200) == b"\x55\x55\x55"
    desk.fault("power_off", {"from_ms": desk.module.now_ms + 100})
    assert desk.ask(0x1D, wait_ms=50) == COUNT
    desk.wait(60)
    assert not desk.module.powered


def test_conditions_choose_the_exchange() -> None:
    def codes(when: dict[str, Any]) -> list[int]:
        desk = Desk()
        desk.fault("answer_code", when, code=0x18)
        return [desk.ask(0x01, wait_ms=10)[0] for _ in range(6)]

    assert codes({}) == [0x18, 2, 2, 2, 2, 2]
    assert codes({"opcode": "Search"}) == [2] * 6
    assert codes({"opcode": ["GenImg", 4], "nth": 3}) == [2, 2, 0x18, 2, 2, 2]
    assert codes({"every": 2}) == [2, 0x18] * 3
    assert codes({"every": 2, "times": 1}) == [2, 0x18, 2, 2, 2, 2]
    assert codes({"probability": 1.0}) == [0x18] * 6
    assert codes({"probability": 0.0}) == [2] * 6
    assert codes({"times": None}) == [0x18] * 6
    assert codes({"from_ms": 51 + 25, "times": None}) == [2, 2, 2, 0x18, 0x18, 0x18]
    assert codes({"until_ms": 51 + 25}) == [0x18, 0x18, 0x18, 2, 2, 2]


@pytest.mark.parametrize(
    ("kind", "when", "inbound", "args"),
    [
        ("nothing", {}, False, {}),
        ("stall", {}, True, {}),
        ("stall", {"weekday": 1}, False, {}),
        ("stall", {"opcode": "Sing"}, False, {}),
        ("stall", {"nth": 0}, False, {}),
        ("stall", {"probability": "often"}, False, {}),
        ("stall", {}, False, {"ms": "long"}),
        ("noise", {}, False, {"hex": "xyz"}),
        ("slot_lost", {}, False, {}),
        ("slot_lost", {}, False, {"slot": "four"}),
        ("password_set", {}, False, {"password": "01"}),
        ("reboot", {}, False, {"at": "noon"}),
        ("flip_bits", {}, False, {"at": "end"}),
    ],
)
def test_a_fault_that_cannot_work_is_refused_when_it_is_installed(
    kind: str, when: dict[str, Any], inbound: bool, args: dict[str, Any]
) -> None:
    with pytest.raises(FaultError):
        Desk().bench.fault(kind, when, inbound=inbound, args=args)


def test_every_kind_can_be_installed_with_its_needs() -> None:
    needs: dict[str, dict[str, Any]] = {
        "baud_changed": {"multiple": 6},
        "password_set": {"password": "00000000"},
        "address_changed": {"address": "ffffffff"},
        "slot_lost": {"slot": 1},
        "slots_exchanged": {"a": 1, "b": 2},
    }
    for kind in KINDS:
        desk = Desk()
        desk.fault(kind, {"opcode": "TempleteNum"}, **needs.get(kind, {}))
        desk.raw(0x1D)
        assert desk.device.counters[f"fault_{kind}"] == 1


def test_the_same_seed_gives_the_same_weather() -> None:
    def answers(seed: int) -> list[bytes]:
        desk = Desk()
        desk.bench.mix_faults(MixedFaults(0.3, seed))
        return [desk.raw(0x1D, wait_ms=2000) for _ in range(60)]

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)


def test_mixed_faults_strike_at_their_rate_and_all_kinds_occur() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    desk.capture("stranger")
    desk.bench.mix_faults(MixedFaults(0.3, 5))
    for _ in range(1500):
        desk.search()
    counters = desk.device.counters
    assert 0.26 * 1500 < counters["faults"] < 0.34 * 1500
    assert {kind for kind in WEIGHTS if counters[f"fault_{kind}"]} == set(WEIGHTS)


def test_mixed_faults_refuse_nonsense() -> None:
    for rate, kinds in ((1.5, ()), (0.1, ("earthquake",))):
        with pytest.raises(FaultError):
            MixedFaults(rate, 1, kinds)
    assert When.parse({}).at_once


def test_after_the_weather_the_module_answers_as_before() -> None:
    for seed in range(5):
        desk = Desk(tempo=Tempo(seed))
        desk.enrol(1, "p1")
        before = desk.device.flash.as_json()
        desk.bench.mix_faults(MixedFaults(0.8, seed))
        for _ in range(40):
            desk.capture_anyhow()
        desk.bench.clear_faults()
        desk.wait(3000)
        desk.raw(0x1D)
        assert desk.ask(0x1D) == bytes.fromhex("00 0001")
        assert desk.device.flash.as_json() == before


def test_a_copied_module_has_what_the_copyist_knew() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    desk.device.flash.password = b"\x00\x00\x00\x05"
    desk.device.flash.notepad[15] = b"n" * 32
    library = desk.memory()["flash"]["slots"]
    swap(desk.module, {"serial": "COPY0001", "keep_library": True, "keep_notepad": False})
    flash = desk.memory()["flash"]
    assert (flash["serial"], flash["slots"], flash["password"]) == ("COPY0001", library, "00000000")
    assert flash["notepad"][15] == "00" * 32
    desk.device.flash.password = b"\x00\x00\x00\x05"
    swap(desk.module, {"serial": "COPY0002", "keep_secret": True})
    flash = desk.memory()["flash"]
    assert (flash["serial"], flash["slots"], flash["password"]) == ("COPY0002", {}, "00000005")


def test_an_earlier_flash_can_be_put_back() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    before = desk.memory()["flash"]
    desk.enrol(2, "p2")
    restore(desk.module, before)
    assert desk.memory()["flash"]["slots"] == before["slots"]
    with pytest.raises(FlashFileError):
        restore(desk.module, before | {"profile": "zfm20"})
