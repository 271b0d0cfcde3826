"""Packets: the bytes of the manuals, and nothing bad read as good."""

from hypothesis import given
from hypothesis import strategies as st

from emulators.fingerprint_module import wire

ADDRESS = b"\xff" * 4


def test_the_packet_of_the_manual() -> None:
    raw = wire.encode(wire.Pid.COMMAND, bytes.fromhex("1300000000"), ADDRESS)
    assert raw == bytes.fromhex("EF01 FFFFFFFF 01 0007 13 00000000 001B")


@given(st.binary(min_size=1, max_size=256), st.binary(max_size=20), st.integers(1, 40))
def test_a_packet_is_found_behind_noise_and_in_pieces(content: bytes, noise: bytes, piece: int) -> None:
    raw = noise.replace(b"\xef", b"\x00") + wire.encode(wire.Pid.ACK, content, ADDRESS)
    decoder = wire.Decoder()
    found = [frame for at in range(0, len(raw), piece) for frame in decoder.feed(raw[at : at + piece])]
    assert [(frame.content, frame.sum_ok) for frame in found] == [(content, True)]
    assert not decoder.partial


def test_a_sum_that_ends_like_a_header_begins_is_not_kept_for_the_next_packet() -> None:
    raw = next(
        raw
        for value in range(256)
        if (raw := wire.encode(wire.Pid.ACK, bytes((value,)), ADDRESS))[-1] == 0xEF
    )
    decoder = wire.Decoder()
    assert len(decoder.feed(raw)) == 1
    assert not decoder.partial


@given(st.binary(min_size=1, max_size=30), st.integers(0, 10_000))
def test_no_single_flipped_bit_of_content_or_sum_keeps_the_sum(content: bytes, where: int) -> None:
    raw = bytearray(wire.encode(wire.Pid.ACK, content, ADDRESS))
    at = 9 + where // 8 % (len(raw) - 9)
    raw[at] ^= 1 << where % 8
    assert not any(frame.sum_ok for frame in wire.Decoder().feed(bytes(raw)))


def test_a_length_no_packet_can_have_is_hunted_over() -> None:
    bad = bytes.fromhex("EF01 FFFFFFFF 01 0002")
    good = wire.encode(wire.Pid.COMMAND, b"\x01", ADDRESS)
    assert [frame.content for frame in wire.Decoder().feed(bad + good)] == [b"\x01"]


def test_data_packets_of_the_set_size_end_with_the_end_packet() -> None:
    packets = wire.split_data(bytes(810), 128, ADDRESS)
    found = wire.Decoder().feed(b"".join(packets))
    assert [len(frame.content) for frame in found] == [128] * 6 + [42]
    assert [frame.pid for frame in found] == [wire.Pid.DATA] * 6 + [wire.Pid.END]
