"""The append-only copy as another process reads it: whole records or none, and damage by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.faults import StorageError
from edge.segments import (
    FRAME,
    SegmentReader,
    StoredEvent,
    decode_record,
    encode_record,
    epoch_folder,
    scan,
    segment_path,
)
from tests.support.journal_world import flip, stored_chain

CHAIN = stored_chain(30)
RECORDS = [encode_record(stored) for stored in CHAIN]


def write_segments(root: Path, *runs: tuple[int, int], tail: bytes = bytes(4096)) -> list[Path]:
    """Segments with events from..to (inclusive), each followed by `tail`."""
    folder = epoch_folder(root, 1)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for first, last in runs:
        path = segment_path(folder, first)
        path.write_bytes(b"".join(RECORDS[first - 1 : last]) + tail)
        paths.append(path)
    return paths


def seqs(found: list[StoredEvent]) -> list[int]:
    return [stored.event.seq for stored in found]


def test_a_record_comes_back_as_the_exact_bytes() -> None:
    for stored, data in zip(CHAIN, RECORDS, strict=True):
        record = decode_record(data, 0)
        assert record is not None
        assert record.stored == stored
        assert record.end == len(data)


def test_the_format_is_the_one_in_the_contract() -> None:
    length, _ = FRAME.unpack_from(RECORDS[0])
    header, body, signature = RECORDS[0][8:].split(b"\n")
    assert length == len(RECORDS[0]) - 8
    assert (header, body) == (CHAIN[0].event.header, CHAIN[0].event.body)
    assert signature.decode() == CHAIN[0].signature_hex


def test_every_flipped_bit_of_a_record_is_seen() -> None:
    for position in range(len(RECORDS[0])):
        damaged = bytearray(RECORDS[0])
        damaged[position] ^= 1
        assert decode_record(bytes(damaged), 0) is None


@given(st.binary(max_size=300), st.integers(-2, 302))
def test_random_bytes_are_no_record(data: bytes, offset: int) -> None:
    assert decode_record(data, offset) is None
    assert all(record.stored is None for record in scan(data))


def test_reading_ends_where_the_zeros_begin(tmp_path: Path) -> None:
    write_segments(tmp_path, (1, 7))
    assert seqs(SegmentReader(tmp_path).read(1, 1)) == [1, 2, 3, 4, 5, 6, 7]


def test_no_folder_and_no_such_event_read_as_nothing_yet(tmp_path: Path) -> None:
    assert SegmentReader(tmp_path).read(1, 1) == []
    write_segments(tmp_path, (1, 7))
    assert SegmentReader(tmp_path).read(1, 8) == []
    assert SegmentReader(tmp_path).read(1, 800) == []
    assert SegmentReader(tmp_path).read(2, 1) == []


@pytest.mark.parametrize("kept", [1, 7, 8, 20, len(RECORDS[7]) - 1])
def test_a_torn_record_at_the_end_is_not_there(tmp_path: Path, kept: int) -> None:
    write_segments(tmp_path, (1, 7), tail=RECORDS[7][:kept] + bytes(3000))
    assert seqs(SegmentReader(tmp_path).read(1, 1)) == [1, 2, 3, 4, 5, 6, 7]


def test_a_reader_sees_what_is_appended_after_it_read(tmp_path: Path) -> None:
    (path,) = write_segments(tmp_path, (1, 3))
    reader = SegmentReader(tmp_path)
    assert seqs(reader.read(1, 1)) == [1, 2, 3]
    assert reader.read(1, 4) == []
    path.write_bytes(b"".join(RECORDS[:5]) + bytes(2000))
    assert seqs(reader.read(1, 4)) == [4, 5]


def test_reading_goes_on_over_the_border_of_files_from_anywhere(tmp_path: Path) -> None:
    write_segments(tmp_path, (1, 4), (5, 9), (10, 30))
    for start in (1, 4, 5, 7, 10, 29, 30):
        assert seqs(SegmentReader(tmp_path).read(1, start)) == list(range(start, 31))
    reader = SegmentReader(tmp_path)
    walked = [seqs(reader.read(1, start, 3)) for start in range(1, 31, 3)]
    assert walked == [list(range(start, start + 3)) for start in range(1, 31, 3)]


def test_an_empty_newest_segment_is_no_gap(tmp_path: Path) -> None:
    write_segments(tmp_path, (1, 4), (5, 4))
    assert seqs(SegmentReader(tmp_path).read(1, 1)) == [1, 2, 3, 4]
    assert SegmentReader(tmp_path).read(1, 5) == []


def test_limits_hold_but_one_event_always_comes(tmp_path: Path) -> None:
    write_segments(tmp_path, (1, 4), (5, 30))
    reader = SegmentReader(tmp_path)
    size = len(CHAIN[0].event.header) + len(CHAIN[0].event.body or b"") + 2
    assert seqs(reader.read(1, 1, 2)) == [1, 2]
    assert seqs(reader.read(1, 1, 500, 3 * size + 10)) == [1, 2, 3]
    assert seqs(reader.read(1, 3, 500, 4 * size)) == [3, 4, 5, 6]
    assert seqs(reader.read(1, 6, 500, 1)) == [6]


def test_damage_in_the_middle_is_named_not_skipped_and_not_silence(tmp_path: Path) -> None:
    (path,) = write_segments(tmp_path, (1, 9))
    flip(path, len(b"".join(RECORDS[:4])) + 40)
    reader = SegmentReader(tmp_path)
    assert seqs(reader.read(1, 1, 4)) == [1, 2, 3, 4]
    with pytest.raises(StorageError, match="event 5") as caught:
        reader.read(1, 5)
    assert (caught.value.kind, caught.value.event) == ("segment-damaged", 5)
    assert seqs(SegmentReader(tmp_path).read(1, 1)) == [1, 2, 3, 4]  # what is whole before it can be sent
    assert seqs(SegmentReader(tmp_path).read(1, 6)) == [6, 7, 8, 9]


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    paths = write_segments(tmp_path, (1, 4), (5, 9), (10, 12))
    paths[1].unlink()
    with pytest.raises(StorageError, match="event 5"):
        SegmentReader(tmp_path).read(1, 5)
    paths[0].unlink()
    with pytest.raises(StorageError, match="event 1 "):
        SegmentReader(tmp_path).read(1, 1)


def test_a_place_remembered_in_a_replaced_file_is_not_trusted(tmp_path: Path) -> None:
    (path,) = write_segments(tmp_path, (1, 6))
    reader = SegmentReader(tmp_path)
    assert seqs(reader.read(1, 1, 3)) == [1, 2, 3]
    others = [encode_record(stored) for stored in stored_chain(6, note="another length")]
    fresh = path.with_suffix(".new")
    fresh.write_bytes(b"".join(others))
    fresh.replace(path)
    assert seqs(reader.read(1, 4)) == [4, 5, 6]


def test_a_scan_goes_on_behind_damage_and_behind_a_lost_block() -> None:
    data = bytearray(b"".join(RECORDS[:9]))
    begin, end = len(b"".join(RECORDS[:3])), len(b"".join(RECORDS[:5]))
    data[begin:end] = bytes(end - begin)
    found = list(scan(bytes(data) + bytes(500)))
    assert [record.stored.event.seq if record.stored else None for record in found] == [
        1, 2, 3, None, 6, 7, 8, 9,
    ]  # fmt: skip
    assert (found[3].offset, found[3].end) == (begin, end)
