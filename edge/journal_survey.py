"""Looks at both copies and says what is wrong with them. Reads only.

At opening the newest segments are checked, so that a start on a slow card stays short; older ones one by one
while nobody waits (`survey_old`), and all of them once anything at all is found wrong.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from attendance import seal
from attendance.chain import GENESIS, Link, parse_event
from attendance.errors import EvidenceError
from edge.faults import StorageError
from edge.journal_database import Database, Row
from edge.journal_faults import StorageFault, on_disk
from edge.segments import Record, StoredEvent, scan, segments_in

DATABASE = "database"
SEGMENTS = "segments"
MISSING = "missing"
DAMAGED = "damaged"
BEHIND = "behind"
_WINDOW_BYTES = 8 * 1024 * 1024
_WINDOW_ROWS = 4000
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one of the copies.

    Attributes:
        copy: DATABASE or SEGMENTS.
        fault: MISSING, DAMAGED, or BEHIND (whole, but shorter than a crash can explain).
        detail: an English sentence.
    """

    copy: str
    fault: str
    detail: str

    def content(self) -> dict[str, str]:
        """As it stands in the signed recovery event."""
        return {"copy": self.copy, "fault": self.fault, "detail": self.detail[:200]}


@dataclass(slots=True)
class SegmentTail:
    """The newest part of the append-only copy.

    Attributes:
        last: number of the last whole event, 0 where there is none.
        last_offset, end: where its record lies in the newest file, in bytes.
        records: the events read, by number.
        files: how many segments there are.
        findings: what is wrong.
    """

    files: int = 0
    last: int = 0
    last_offset: int = 0
    end: int = 0
    records: dict[int, StoredEvent] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def is_signed(stored: StoredEvent, public_key_hex: str) -> bool:
    """Whether the node signed exactly this event."""
    try:
        leaf = bytes.fromhex(stored.event.leaf)
        seal.verify(public_key_hex, seal.EVENT, leaf, stored.signature_hex)
    except EvidenceError:
        return False
    return True


def follows(link: Link, stored: StoredEvent) -> bool:
    """Whether the event is the one after `link`."""
    event = stored.event
    place = (event.node, event.epoch, event.seq, event.prev)
    return place == (link.node, link.epoch, link.size + 1, link.head)


def read_tolerantly(path: Path) -> bytes:
    """The file's bytes; blocks that the card can't read any more come as zeros, which the checksums show."""
    with on_disk(f"reading {path.name}"):
        try:
            return path.read_bytes()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        blocks = []
        with path.open("rb", buffering=0) as file:
            for offset in range(0, path.stat().st_size, _BLOCK):
                try:
                    file.seek(offset)
                    blocks.append(file.read(_BLOCK))
                except OSError:
                    blocks.append(bytes(_BLOCK))
        return b"".join(blocks)


def survey_segments(epoch_folder: Path) -> SegmentTail:
    """Read the newest segments of an epoch."""
    files = segments_in(epoch_folder)
    tail = SegmentTail(len(files))
    if files and files[0][0] != 1:
        tail.findings.append(Finding(SEGMENTS, MISSING, f"events before {files[0][0]} are missing"))
    for index in range(_window_begin(files), len(files)):
        following = files[index + 1][0] if index + 1 < len(files) else None
        _read_segment(tail, files[index], following)
    return tail


def survey_old(epoch_folder: Path, index: int, database: Database, public_key_hex: str) -> list[Finding]:
    """Check one segment, by its place in the order, and the rows that it has in the database."""
    files = segments_in(epoch_folder)
    tail = SegmentTail()
    following = files[index + 1][0] if index + 1 < len(files) else None
    _read_segment(tail, files[index], following)
    first, epoch = files[index][0], int(epoch_folder.name[1:])
    if tail.findings:
        return tail.findings
    try:
        rows = islice(database.rows(epoch, first), len(tail.records))
        wrong = _first_wrong(rows, first, tail, public_key_hex)
    except StorageError as error:
        if error.kind != StorageFault.CORRUPT:
            raise
        return [Finding(DATABASE, DAMAGED, error.message)]
    return (
        [] if wrong is None else [Finding(DATABASE, DAMAGED, f"event {wrong} is not the one that was signed")]
    )


def _window_begin(files: list[tuple[int, Path]]) -> int:
    """Index of the oldest segment that is checked at opening; the newest two always are."""
    begin, size = len(files), 0
    with on_disk("looking at the segments"):
        while begin > 0 and (size < _WINDOW_BYTES or begin > len(files) - 2):
            begin -= 1
            size += files[begin][1].stat().st_size
    return begin


def _read_segment(tail: SegmentTail, file: tuple[int, Path], following: int | None) -> None:
    """Add one segment.

    Args:
        tail: gets its records and what is wrong with it.
        file: number of its first event, and path.
        following: number of the first event of the next segment; None for the newest.
    """
    first, path = file
    tail.last, tail.last_offset, tail.end = first - 1, 0, 0
    records = list(scan(read_tolerantly(path)))
    for index, record in enumerate(records):
        _add(tail, record, path.name, may_be_torn=following is None and index == len(records) - 1)
    if following is not None and following != tail.last + 1:
        tail.findings.append(Finding(SEGMENTS, MISSING, f"{path.name} ends at event {tail.last}"))


def _add(tail: SegmentTail, record: Record, name: str, *, may_be_torn: bool) -> None:
    if record.stored is None:
        if not may_be_torn:
            tail.findings.append(Finding(SEGMENTS, DAMAGED, f"{name} at byte {record.offset}"))
        return
    event = record.stored.event
    before = tail.records.get(event.seq - 1)
    broken = before is not None and before.event.leaf != event.prev
    if event.seq != tail.last + 1 or broken or (event.seq == 1 and event.prev != GENESIS):
        detail = f"{name}: event {event.seq} does not follow event {tail.last}"
        tail.findings.append(Finding(SEGMENTS, DAMAGED, detail))
    tail.records[event.seq] = record.stored
    tail.last, tail.last_offset, tail.end = event.seq, record.offset, record.end


def survey_database(database: Database, link: Link, tail: SegmentTail, public_key_hex: str) -> list[Finding]:
    """Check the file, and its newest rows against the other copy or, where that lacks them, by signature.

    Args:
        database: the open file.
        link: node and epoch.
        tail: of the other copy.
        public_key_hex: of the node's event key.
    """
    try:
        complaint = database.check()
        if complaint is not None:
            return [Finding(DATABASE, DAMAGED, complaint)]
        low, high = database.bounds(link.epoch)
        if low != 1:
            return [Finding(DATABASE, DAMAGED, f"events before {low} are missing")]
        first = max(1, min(tail.records, default=high) if tail.records else high - _WINDOW_ROWS)
        wrong = _first_wrong(database.rows(link.epoch, first), first, tail, public_key_hex)
        if wrong is not None:
            return [Finding(DATABASE, DAMAGED, f"event {wrong} is not the one that was signed")]
    except StorageError as error:
        if error.kind != StorageFault.CORRUPT:
            raise
        return [Finding(DATABASE, DAMAGED, error.message)]
    return _behind(high, tail)


def _behind(rows: int, tail: SegmentTail) -> list[Finding]:
    """A crash between the two copies leaves a difference of one event; more has another cause."""
    if rows < tail.last - 1:
        return [Finding(DATABASE, BEHIND, f"ends at event {rows}, the segments at {tail.last}")]
    if rows and not tail.files:
        return [Finding(SEGMENTS, MISSING, f"there are none, the database ends at event {rows}")]
    if tail.last < rows - 1:
        return [Finding(SEGMENTS, BEHIND, f"end at event {tail.last}, the database at {rows}")]
    return []


def _first_wrong(rows: Iterator[Row], first: int, tail: SegmentTail, public_key_hex: str) -> int | None:
    """Number of the first row that is missing in the middle, altered or not signed by this node."""
    expected, previous = first, None
    for seq, header, body, signature in rows:
        other = tail.records.get(seq)
        same = (
            other is not None
            and (other.event.header, other.event.body, other.signature_hex) == (header, body, signature)
        )  # fmt: skip
        stored = other if same else _parsed(header, body, signature)
        if seq != expected or stored is None or stored.event.seq != seq:
            return expected
        if previous is not None and stored.event.prev != previous:
            return seq
        if (not same or seq == tail.last) and not is_signed(stored, public_key_hex):
            return seq
        expected, previous = seq + 1, stored.event.leaf
    return None


def _parsed(header: bytes, body: bytes | None, signature: str) -> StoredEvent | None:
    try:
        return StoredEvent(parse_event(header, body), signature)
    except EvidenceError:
        return None
