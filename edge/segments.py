"""The append-only copy of the journal: one file after the other, records with length and checksum.

    record:  u32 little-endian length of the payload | u32 little-endian CRC-32 of the payload | payload
    payload: header bytes, line break, body bytes (none = erased), line break, signature in hex

A file is filled with zeros before its first record (a length of zero ends it), so that an append overwrites
blocks that the file system already knows. Its name is the number of its first event; folders are epochs.
The punch process alone writes (`edge.journal_segments`). Readers never lock: a record is there as a whole or
not at all, and it is written only after the database holds it durably, so what a reader sees can't be unsaid.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attendance.chain import MAX_BODY_BYTES, MAX_HEADER_BYTES, Event, parse_event
from attendance.errors import EvidenceError
from edge.faults import StorageError
from edge.journal_faults import StorageFault, on_disk, storage_error

FRAME = struct.Struct("<II")
SIGNATURE_HEX = 128
MAX_PAYLOAD_BYTES = MAX_HEADER_BYTES + MAX_BODY_BYTES + SIGNATURE_HEX + 2
MAX_RECORD_BYTES = FRAME.size + MAX_PAYLOAD_BYTES
_WINDOW_BYTES = 256 * 1024
# Canonical JSON sorts its keys, so every payload begins like this: where to look for the next whole record.
_BEGIN = b'{"body":"'


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it lies on the disk, with the Ed25519 signature over its leaf."""

    event: Event
    signature_hex: str


@dataclass(frozen=True, slots=True)
class Record:
    """A stretch of a segment: a whole record, or (`stored` is None) bytes that are none.

    Attributes:
        offset, end: bytes from the start of the file.
    """

    offset: int
    end: int
    stored: StoredEvent | None


def encode_record(stored: StoredEvent) -> bytes:
    """The record of an event, as it is appended."""
    event = stored.event
    payload = b"\n".join((event.header, event.body or b"", stored.signature_hex.encode()))
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def decode_record(data: bytes, offset: int) -> Record | None:
    """The whole record at this place, or None if there is none (zeros, torn, damaged)."""
    if offset < 0 or len(data) < offset + FRAME.size:
        return None
    length, checksum = FRAME.unpack_from(data, offset)
    begin, end = offset + FRAME.size, offset + FRAME.size + length
    if not 0 < length <= MAX_PAYLOAD_BYTES or end > len(data):
        return None
    payload = data[begin:end]
    if zlib.crc32(payload) != checksum:
        return None
    parts = payload.split(b"\n")
    if len(parts) != 3 or len(parts[2]) != SIGNATURE_HEX:
        return None
    try:
        return Record(
            offset, end, StoredEvent(parse_event(parts[0], parts[1] or None), parts[2].decode("ascii"))
        )
    except (EvidenceError, UnicodeDecodeError):
        return None


def scan(data: bytes) -> Iterator[Record]:
    """Every stretch of a segment in order. After a bad one it goes on at the next whole record.

    Zeros after the last record are not reported; anything else there is (a torn append, or rot).
    """
    offset = 0
    while True:
        record = decode_record(data, offset)
        if record is None:
            following = _next_whole(data, offset + 1)
            if following is None:
                break
            yield Record(offset, following.offset, None)
            record = following
        yield record
        offset = record.end
    rest = data[offset:].rstrip(b"\0")
    if rest:
        yield Record(offset, offset + len(rest), None)


def _next_whole(data: bytes, offset: int) -> Record | None:
    """The first whole record at or after this place."""
    place = data.find(_BEGIN, offset + FRAME.size)
    while place >= 0:
        record = decode_record(data, place - FRAME.size)
        if record is not None:
            return record
        place = data.find(_BEGIN, place + 1)
    return None


def epoch_folder(folder: Path, epoch: int) -> Path:
    """Where the segments of an epoch lie."""
    return folder / f"e{epoch:04d}"


def epochs_in(folder: Path) -> list[int]:
    """The epochs that have a folder, in order."""
    names = [path.name for path in folder.glob("e*")] if folder.is_dir() else []
    return sorted(int(name[1:]) for name in names if name[1:].isdecimal())


def segment_path(epoch: Path, first_seq: int) -> Path:
    """The file whose first record is this event."""
    return epoch / f"{first_seq:012d}.log"


def segments_in(epoch: Path) -> list[tuple[int, Path]]:
    """Number of the first event and path of every segment, in order."""
    with on_disk("listing the segments"):
        names = [path.name for path in epoch.iterdir()] if epoch.is_dir() else []
    stems = sorted(name[:-4] for name in names if name.endswith(".log") and name[:-4].isdecimal())
    return [(int(stem), epoch / f"{stem}.log") for stem in stems]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading stopped: the next call most often wants to go on right there."""

    seq: int
    inode: int
    path: Path
    offset: int


class SegmentReader:
    """Reads the copy while the punch process appends to it; holds no file open and locks nothing.

    A torn record at the end is what a crash or a write in progress leaves: reading ends before it.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet.

        Args:
            folder: `segments` in the state folder; it may not exist yet.
        """
        self._folder = folder
        self._place: _Place | None = None

    def read(
        self, epoch: int, start_seq: int, limit: int = 500, max_bytes: int = 1_000_000
    ) -> list[StoredEvent]:
        """Events in order from `start_seq` on, without a gap; none where the chain ends before it.

        They end before a bad place, so what is whole before it can be sent.

        Args:
            epoch: of the chain.
            start_seq: the first event wanted.
            limit: at most so many events.
            max_bytes: at most so many bytes of headers, bodies and a line break after each; one event is
                given even if it is larger.

        Raises:
            StorageError: `start_seq` itself is damaged, missing or can't be read; it then stands in `event`.
        """
        found: list[StoredEvent] = []
        try:
            self._read_files(epoch, start_seq, limit, max_bytes, found)
        except StorageError as error:
            if not found:
                error.event = start_seq
                raise
        return found

    def _read_files(
        self, epoch: int, start_seq: int, limit: int, max_bytes: int, found: list[StoredEvent]
    ) -> None:
        files = segments_in(epoch_folder(self._folder, epoch))
        for index in range(_file_of(files, start_seq), len(files)):
            first, path = files[index]
            want = start_seq + len(found)
            if first > want:
                raise storage_error(StorageFault.DAMAGED, f"event {want} is missing before {path.name}")
            max_bytes = self._read_file(path, first, want, limit, max_bytes, found)
            if len(found) >= limit or max_bytes <= 0:
                break

    def _read_file(
        self, path: Path, first: int, want: int, limit: int, max_bytes: int, found: list[StoredEvent]
    ) -> int:
        """Add this file's events from `want` on; returns how many bytes are still allowed."""
        with on_disk(f"reading {path.name}"), path.open("rb", buffering=0) as file:
            inode = os.fstat(file.fileno()).st_ino
            offset = self._offset(file.fileno(), inode, path, first, want)
            window, base = b"", offset
            while len(found) < limit:
                if offset - base + MAX_RECORD_BYTES > len(window):
                    window, base = os.pread(file.fileno(), _WINDOW_BYTES, offset), offset
                record = decode_record(window, offset - base)
                if record is None or record.stored is None or record.stored.event.seq != want:
                    _refuse_damage(file.fileno(), window[offset - base :], offset, path, want)
                    break
                max_bytes -= len(record.stored.event.header) + len(record.stored.event.body or b"") + 2
                if max_bytes < 0 and found:
                    return 0
                found.append(record.stored)
                offset, want = base + record.end, want + 1
            self._place = _Place(want, inode, path, offset)
        return max_bytes

    def _offset(self, descriptor: int, inode: int, path: Path, first: int, want: int) -> int:
        """Where event `want` begins in this file, or where the file's events end."""
        place = self._place
        if place is not None and (place.seq, place.inode, place.path) == (want, inode, path):
            return place.offset
        offset, seq = 0, first
        while seq < want:
            frame = os.pread(descriptor, FRAME.size, offset)
            length = FRAME.unpack(frame)[0] if len(frame) == FRAME.size else 0
            if not 0 < length <= MAX_PAYLOAD_BYTES:
                break
            offset, seq = offset + FRAME.size + length, seq + 1
        return offset


def _file_of(files: list[tuple[int, Path]], seq: int) -> int:
    """Index of the file that holds event `seq` if any does."""
    return max((i for i, (first, _) in enumerate(files) if first <= seq), default=0)


def _refuse_damage(descriptor: int, ahead: bytes, offset: int, path: Path, want: int) -> None:
    """Nothing readable here: fine at the end, not fine where a later event follows in the same file.

    Raises:
        StorageError: `segment-damaged`.
    """
    if not ahead.strip(b"\0"):
        return
    rest = os.pread(descriptor, os.fstat(descriptor).st_size - offset, offset)
    later = (record.stored.event.seq for record in scan(rest) if record.stored is not None)
    if any(seq >= want for seq in later):
        raise storage_error(StorageFault.DAMAGED, f"event {want} in {path.name} is damaged")
