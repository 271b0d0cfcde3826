from hypothesis import given
from hypothesis import strategies as st

from edge.sensor_frames import ACK, COMMAND, Frame, FrameHunter, SystemParameters, encode, is_ready_byte
from tests.support.sensor_wire import ack, flipped, found, packet

ADDRESS = 0xFFFFFFFF


def hunted(*pieces: bytes) -> list[Frame]:
    hunter = FrameHunter(ADDRESS)
    frames = []
    for piece in pieces:
        hunter.feed(piece)
        while (frame := hunter.next()) is not None:
            frames.append(frame)
    return frames


def test_the_manuals_verify_password_is_encoded_byte_for_byte() -> None:
    expected = bytes.fromhex("EF01FFFFFFFF010007130000 0000001B".replace(" ", ""))
    assert encode(ADDRESS, COMMAND, bytes.fromhex("1300000000")) == expected


def test_a_field_trace_of_an_r503_is_read() -> None:
    trace = bytes.fromhex("EF01FFFFFFFF0700130000040000 00C80003FFFFFFFF0002000604ED".replace(" ", ""))
    (frame,) = hunted(trace)
    read = SystemParameters.parse(frame.content)
    assert (read.capacity, read.level, read.packet_size_code, read.baud_code) == (200, 3, 2, 6)
    assert read.content() == frame.content


def test_no_single_flipped_bit_passes() -> None:
    raw = found(5, 120)
    spoiled = [flipped(raw, byte, bit) for byte in range(len(raw)) for bit in range(8)]
    assert [one for one in spoiled if hunted(one)] == []


def test_a_packet_inside_what_a_damaged_length_claims_is_found() -> None:
    swallowing = bytes.fromhex("EF01FFFFFFFF070040")
    hunter = FrameHunter(ADDRESS)
    hunter.feed(swallowing + found(5, 120))
    assert hunter.next() is None
    hunter.give_up_half()
    assert hunter.next() == Frame(ACK, bytes([0, 0, 5, 0, 120]))


def test_after_a_bad_sum_it_steps_one_byte_and_not_past_the_packet() -> None:
    first, second = ack(0), found(7, 90)
    damaged = bytearray(first[:-2] + second)
    damaged[7:9] = (4).to_bytes(2, "big")  # swallows two bytes of the next packet, whose sum cannot fit
    assert hunted(bytes(damaged)) == [Frame(ACK, bytes([0, 0, 7, 0, 90]))]


def test_another_address_is_no_packet_of_ours_but_is_remembered() -> None:
    hunter = FrameHunter(ADDRESS)
    hunter.feed(packet(b"\x00", address="00000001"))
    assert hunter.next() is None
    assert hunter.other_address == 1


def test_lengths_no_module_sends_are_not_waited_for() -> None:
    for length in (0, 2, 259, 0xFFFF):
        raw = bytearray(ack(0))
        raw[7:9] = length.to_bytes(2, "big")
        assert hunted(bytes(raw), found(3, 60)) == [Frame(ACK, bytes([0, 0, 3, 0, 60]))]


def test_a_lone_ready_byte_is_told_from_noise() -> None:
    assert is_ready_byte(b"\x55")
    assert is_ready_byte(b"\x00\x55")
    assert not is_ready_byte(b"\x55\x55")
    assert not is_ready_byte(b"")


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 200))
def test_a_packet_is_found_behind_any_noise_or_nothing_is_made_up(noise: list[bytes], slot: int) -> None:
    wanted = Frame(ACK, bytes([0, 0, slot, 0, 99]))
    hunter = FrameHunter(ADDRESS)
    for piece in [*noise, found(slot, 99)]:
        hunter.feed(piece)
    frames = []
    while (frame := hunter.next()) is not None or hunter.half:
        if frame is not None:
            frames.append(frame)
        else:
            hunter.give_up_half()
    assert wanted in frames
