"""Every instruction on every profile, with the lengths and codes of the manuals."""

import pytest

from emulators.fingerprint_module import wire
from emulators.fingerprint_module.codes import Op
from emulators.fingerprint_module.instructions import INSTRUCTIONS
from emulators.fingerprint_module.profiles import PROFILES, Unknown, profile_named, with_quirks
from tests.support.fingerprint_desk import ADDRESS, Desk, contents, frames

ARGUMENTS: dict[int, bytes] = {
    Op.Img2Tz: b"\x01",
    Op.Search: bytes.fromhex("01 0000 00C8"),
    Op.HiSpeedSearch: bytes.fromhex("01 0000 00C8"),
    Op.Store: bytes.fromhex("01 0005"),
    Op.LoadChar: bytes.fromhex("01 0007"),
    Op.UpChar: b"\x01",
    Op.DownChar: b"\x01",
    Op.DeletChar: bytes.fromhex("0007 0001"),
    Op.SetSysPara: bytes.fromhex("05 03"),
    Op.SetPwd: bytes(4),
    Op.VfyPwd: bytes(4),
    Op.SetAdder: ADDRESS,
    Op.PortControl: b"\x01",
    Op.WriteNotepad: b"\x02" + b"n" * 32,
    Op.ReadNotepad: b"\x02",
    Op.ReadIndexTable: b"\x00",
    Op.AutoEnroll: bytes((9, 1, 1, 0, 0)),
    Op.AutoIdentify: bytes((3, 0, 0xFF, 0, 1)),
    Op.AuraLedConfig: bytes((3, 128, 1, 0)),
}


def prepared(profile: str) -> Desk:
    """A finger on the glass, its features in both buffers and its template in slot 7."""
    desk = Desk(profile)
    desk.enrol(7, "p1")
    desk.place("p1")
    for buffer in (1, 2):
        assert desk.ask(0x01) == b"\x00"
        assert desk.ask(0x02, buffer) == b"\x00"
    if desk.device.profile.match_uses_model:
        desk.device.ram.model = desk.device.flash.library.slots[7]
    return desk


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("opcode", INSTRUCTIONS, ids=lambda opcode: Op(opcode).name)
def test_every_instruction_answers_as_its_manual_says(profile: str, opcode: int) -> None:
    desk = prepared(profile)
    content = desk.ask(opcode, *ARGUMENTS.get(opcode, b""), wait_ms=60_000)
    if opcode in desk.device.profile.opcodes:
        assert len(content) == INSTRUCTIONS[opcode].ack_bytes
        assert content[0] == (0x55 if opcode == Op.GetEcho else 0x00)
    else:
        expected = {
            Unknown.UNSUPPORTED: b"\xfc",
            Unknown.RECEIVE_ERROR: b"\x01",
            Unknown.SILENCE: b"",
            Unknown.ECHO: bytes((opcode,)) + ARGUMENTS.get(opcode, b""),
        }
        assert content == expected[desk.device.profile.unknown]


@pytest.mark.parametrize("opcode", [op for op, row in INSTRUCTIONS.items() if row.arguments])
def test_missing_arguments_are_a_receive_error(opcode: int) -> None:
    profile = next(name for name, one in PROFILES.items() if opcode in one.opcodes)
    assert Desk(profile).ask(opcode) == b"\x01"


def test_the_right_password_is_answered_with_the_bytes_of_the_manual() -> None:
    raw = Desk().send(bytes.fromhex("EF01 FFFFFFFF 01 0007 13 00000000 001B"))
    assert raw == bytes.fromhex("EF01 FFFFFFFF 07 0003 00 000A")


def test_the_parameters_of_an_r503_are_those_of_a_users_trace() -> None:
    desk = Desk("r503_200")
    desk.ask(0x13, 0, 0, 0, 0)
    trace = "EF01 FFFFFFFF 07 0013 00 0004 0000 00C8 0003 FFFFFFFF 0002 0006 04ED"
    assert desk.raw(0x0F) == bytes.fromhex(trace)


def test_not_found_on_an_r503_carries_a_stale_id() -> None:
    desk = Desk("r503_200")
    desk.capture("stranger")
    assert desk.search() == bytes.fromhex("09 01EE 0000")
    desk = Desk("zfm20")
    desk.capture("stranger")
    assert desk.search() == bytes.fromhex("09 0000 0000")


def test_an_image_between_features_and_search_spoils_the_search_of_an_r503_only() -> None:
    for profile, code in (("r503_200", 0x09), ("zfm20", 0x00)):
        desk = Desk(profile)
        desk.enrol(3, "p1")
        desk.capture("p1")
        assert desk.ask(0x01) == b"\x02"
        assert desk.search()[0] == code


def test_a_search_finds_the_best_in_its_range_only() -> None:
    desk = Desk()
    desk.enrol(3, "p1")
    desk.enrol(8, "p2")
    desk.capture("p2")
    assert desk.search()[:3] == bytes.fromhex("00 0008")
    assert desk.search(8, 1)[:3] == bytes.fromhex("00 0008")
    assert desk.search(0, 8)[0] == 0x09


def test_equal_templates_give_the_lowest_slot_and_first_hit_models_the_first() -> None:
    desk = Desk()
    for slot in (9, 4):
        desk.enrol(slot, "p1")
    desk.capture("p1")
    assert desk.search()[:3] == bytes.fromhex("00 0004")
    desk = Desk(first_hit=True)
    desk.bench.device.world.twin("p1", "thumb", "p2", "thumb", 0.9)
    desk.enrol(2, "p2")
    desk.enrol(4, "p1")
    desk.capture("p1")
    assert desk.search()[:3] == bytes.fromhex("00 0002")


def test_image_codes() -> None:
    desk = Desk()
    assert desk.ask(0x01) == b"\x02"
    assert desk.ask(0x02, 1) == b"\x15"
    assert desk.capture("p1", quality=0.2) == 0x07
    assert Desk("r503_200").ask(0x28) == b"\x02"
    poor = Desk("r503_200")
    poor.place("p1", quality=0.2)
    assert poor.ask(0x28) == b"\x07"


def test_a_wet_finger_is_messy_and_the_as608_says_wet_or_dry() -> None:
    plain = {Desk("zfm20").capture(f"p{n}", quality=0.3) for n in range(60)}
    chip = {Desk("as608_300").capture(f"p{n}", quality=0.3) for n in range(60)}
    assert 0x06 in plain
    assert {0x04, 0x05} <= chip


def test_captures_of_one_finger_combine_and_of_two_do_not_unless_the_model_is_lenient() -> None:
    for profile, code in (("r503_200", 0x0A), ("pid4750_lenient", 0x00)):
        desk = Desk(profile)
        desk.capture("p1", 1)
        desk.capture("p2", 2)
        assert desk.ask(0x05)[0] == code
    desk = Desk()
    desk.capture("p1", 1)
    assert desk.ask(0x05) == b"\x0a"
    desk.capture("p1", 2)
    assert desk.ask(0x05) == b"\x00"


def test_match_compares_two_buffers_on_zfm_and_never_two_raw_captures_on_r503() -> None:
    for profile, code in (("zfm20", 0x00), ("r503_200", 0x08)):
        desk = Desk(profile)
        desk.capture("p1", 1)
        desk.capture("p1", 2)
        content = desk.ask(0x03)
        assert (len(content), content[0]) == (3, code)


def test_store_load_delete_count_and_index_agree() -> None:
    desk = Desk()
    desk.capture("p1", 1)
    desk.capture("p1", 2)
    desk.ask(0x05)
    assert desk.ask(0x06, 1, 0, 9) == b"\x00"
    assert desk.ask(0x1D) == bytes.fromhex("00 0001")
    assert desk.ask(0x1F, 0) == b"\x00\x00\x02" + bytes(30)
    assert desk.ask(0x07, 1, 0, 9) == b"\x00"
    assert desk.ask(0x0C, 0, 9, 0, 1) == b"\x00"
    assert desk.ask(0x1D) == bytes.fromhex("00 0000")
    assert desk.ask(0x07, 1, 0, 9) == b"\x22"
    assert Desk("zfm20").ask(0x07, 1, 0, 9) == b"\x0c"


def test_slots_beyond_the_capacity_are_refused() -> None:
    desk = Desk()
    desk.capture("p1")
    assert desk.ask(0x06, 1, 0, 200) == b"\x0b"
    assert desk.ask(0x07, 1, 0, 200) == b"\x0b"
    assert desk.ask(0x0C, 0, 199, 0, 2) == b"\x10"
    assert desk.ask(0x1F, 4) == b"\x0b"
    assert desk.ask(0x06, 3, 0, 5) == b"\x0c"


def test_index_quirks() -> None:
    desk = Desk("r551_quirky")
    desk.enrol(0, "p1")
    assert desk.ask(0x1F, 0)[1] == 0x02
    assert Desk("as608_300").ask(0x1F, 2)[1:4] == bytes.fromhex("020026")


def test_empty_clears_the_library() -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    assert desk.ask(0x0D) == b"\x00"
    assert desk.device.flash.library.slots == {}


def test_settings_are_checked_and_the_baud_changes_after_the_answer() -> None:
    desk = Desk()
    assert desk.ask(0x0E, 7, 1) == b"\x1a"
    assert desk.ask(0x0E, 5, 6) == b"\x1b"
    assert desk.ask(0x0E, 4, 5) == b"\x1b"
    assert desk.ask(0x0E, 4, 12) == b"\x00"
    assert desk.device.flash.baud == 115200
    assert desk.ask(0x0E, 5, 1) == b"\x00"
    assert desk.ask(0x0F)[7:9] == b"\x00\x01"


def test_a_new_address_answers_at_once_and_the_old_one_is_met_with_silence() -> None:
    desk = Desk()
    assert frames(desk.raw(0x15, 1, 2, 3, 4))[0].address == b"\x01\x02\x03\x04"
    assert desk.send(wire.encode(1, b"\x0f", ADDRESS)) == b""
    other = Desk("r308_noparam")
    assert contents(other.send(wire.encode(1, b"\x1d", b"\x01\x02\x03\x04"))) == [b"\x20"]


def test_a_password_locks_everything_until_verified_since_power_up() -> None:
    desk = Desk()
    assert desk.ask(0x12, 1, 2, 3, 4) == b"\x00"
    assert desk.ask(0x1D) == b"\x21"
    assert desk.ask(0x13, 0, 0, 0, 0) == b"\x13"
    assert desk.ask(0x1D) == b"\x21"
    assert desk.ask(0x13, 1, 2, 3, 4) == b"\x00"
    assert desk.ask(0x1D)[0] == 0
    desk.module.reboot()
    desk.wait(100)
    assert desk.ask(0x1D) == b"\x21"


def test_notepad_serial_number_and_random_code() -> None:
    desk = Desk()
    assert desk.ask(0x18, 16, *bytes(32)) == b"\x1c"
    assert desk.ask(0x19, 16) == b"\x1c"
    assert desk.ask(0x18, 3, *b"m" * 32) == b"\x00"
    assert desk.ask(0x19, 3) == b"\x00" + b"m" * 32
    info = desk.ask(0x3C)
    assert info[1:17].rstrip(b"\x00") == b"R503"
    assert info[21:29] == b"EMU00001"
    assert int.from_bytes(info[-2:], "big") == 200
    assert desk.ask(0x14) != desk.ask(0x14)


def test_a_template_goes_up_and_comes_down_whole() -> None:
    desk = Desk("zfm20")
    raw = desk.enrol(4, "p1")
    assert desk.ask(0x07, 1, 0, 4) == b"\x00"
    got = frames(desk.raw(0x08, 1))
    assert b"".join(frame.content for frame in got[1:]) == raw
    assert [frame.pid for frame in got] == [7, 2, 2, 2, 8]
    assert desk.ask(0x09, 2, wait_ms=10) == b"\x00"
    assert desk.send(b"".join(wire.split_data(raw, 128, ADDRESS))) == b""
    assert desk.ask(0x06, 2, 0, 5) == b"\x00"
    assert desk.device.flash.library.slots[5].raw == raw


def test_a_short_or_damaged_download_is_never_stored() -> None:
    raw = Desk("zfm20").enrol(4, "p1")
    for spoil in (lambda packets: packets[:-1], lambda packets: [packets[0][:-1] + b"\x00", *packets[1:]]):
        desk = Desk("zfm20")
        assert desk.ask(0x09, 1, wait_ms=10) == b"\x00"
        assert desk.send(b"".join(spoil(wire.split_data(raw, 128, ADDRESS)))) == b""
        assert desk.ask(0x06, 1, 0, 5) == b"\x0c"


def test_the_as608_acknowledges_a_bad_data_packet_unasked() -> None:
    desk = Desk("as608_300")
    desk.ask(0x09, 1, wait_ms=10)
    packet = bytearray(wire.split_data(bytes(128), 128, ADDRESS)[0])
    packet[-1] ^= 1
    assert contents(desk.send(bytes(packet))) == [b"\x01"]


def test_quirks_after_a_download() -> None:
    for profile, search, store in (("r307_512", b"\x01", b"\x00"), ("r503_200", b"\x00", b"\x18")):
        desk = Desk(profile)
        raw = desk.enrol(4, "p1")
        desk.ask(0x09, 1, wait_ms=10)
        desk.send(b"".join(wire.split_data(raw, 128, ADDRESS)), wait_ms=1)
        assert desk.ask(0x06, 1, 0, 5, wait_ms=1) == store
        assert desk.search()[:1] == search
        assert desk.ask(0x06, 1, 0, 5) == b"\x00"


def test_images_have_the_size_of_the_profile() -> None:
    for profile, size in (("r503_200", 18432), ("zfm20", 36864)):
        desk = Desk(profile)
        assert desk.ask(0x0A) == b"\x0f"
        desk.place("p1")
        desk.ask(0x01)
        assert sum(len(frame.content) for frame in frames(desk.raw(0x0A))[1:]) == size


def test_automatic_enrolment_tells_its_steps_and_refuses_what_exists() -> None:
    desk = Desk()
    desk.place("p1")
    got = contents(desk.raw(0x31, 5, 0, 0, 1, 0, wait_ms=20_000))
    assert [content[1] for content in got] == [*range(1, 16)]
    assert got[-1] == bytes((0, 0x0F, 5))
    assert desk.ask(0x31, 5, 0, 0, 0, 0) == bytes((0x22, 0, 5))
    assert desk.ask(0x31, 6, 0, 0, 0, 0)[0] == 0x27
    assert desk.ask(0x32, 3, 0, 0xFF, 0, 1)[:4] == bytes.fromhex("00 03 0005")
    desk.bench.lift()
    assert desk.ask(0x32, 3, 0, 0xFF, 0, 1, wait_ms=11_000)[0] == 0x26


def test_automatic_enrolment_waits_for_the_lift_and_is_cancelled() -> None:
    desk = Desk()
    desk.place("p1")
    assert len(contents(desk.raw(0x31, 5, 0, 0, 1, 1))) == 2
    assert desk.ask(0x30) == b"\x00"
    assert desk.wait(20_000) == b""
    assert Desk().ask(0x32, 3, 0, 0xFF, 0, 1)[0] == 0x24


def test_standby_ends_with_a_finger() -> None:
    desk = Desk("r551_quirky")
    assert desk.ask(0x33) == b"\x00"
    assert desk.ask(0x1D) == b""
    desk.place("p1")
    assert desk.ask(0x1D)[0] == 0


def test_models_that_pad_errors() -> None:
    desk = Desk(pad_errors=True)
    desk.device.flash.password = b"\x01\x02\x03\x04"
    assert desk.ask(0x0F) == b"\x21" + bytes(16)


def test_profiles_say_where_they_come_from_and_unknown_names_are_refused() -> None:
    assert all(len(profile.source) > 20 for profile in PROFILES.values())
    with pytest.raises(ValueError, match="no profile 'x'"):
        profile_named("x")


def test_quirks_replace_values_and_nonsense_is_refused() -> None:
    changed = with_quirks(profile_named("zfm20"), ["capacity=20", "first_hit=true"])
    assert (changed.capacity, changed.first_hit) == (20, True)
    for word in ("colour=1", "first_hit=maybe", "capacity=many", "source=x"):
        with pytest.raises(ValueError, match=r"colour|first_hit|many|source"):
            with_quirks(profile_named("zfm20"), [word])


def test_a_module_without_a_notepad_refuses_it_like_any_unknown_instruction() -> None:
    desk = Desk("zfm20", no_notepad=True)
    assert desk.ask(0x19, 15) == b"\x01"
    assert desk.ask(0x18, 15, *bytes(32)) == b"\x01"
    assert Desk("r503_200", no_notepad=True).ask(0x19, 15) == b"\xfc"
    assert Desk("zfm20").ask(0x19, 15) == bytes(33)


def test_a_changed_password_holds_from_the_next_start_on() -> None:
    desk = Desk()
    assert desk.ask(0x13, 0, 0, 0, 0) == b"\x00"
    assert desk.ask(0x12, 1, 2, 3, 4) == b"\x00"
    assert desk.ask(0x1D)[0] == 0, "the session that set it goes on"
    desk.module.power_off()
    desk.module.power_on()
    desk.wait(1000)
    assert desk.ask(0x1D) == b"\x21"
    assert desk.ask(0x13, 0, 0, 0, 0) == b"\x13"
    assert desk.ask(0x13, 1, 2, 3, 4) == b"\x00"
    assert desk.ask(0x1D)[0] == 0
