"""Makes a damaged or lost copy anew from the other one. The bad files are kept aside, never thrown away.

Everything that is still whole in either copy is joined first; only when that gives the complete chain are
files replaced, segments before the database, each by one rename. A crash anywhere in between leaves files
from which the next start does the same again. The note that a signed `recovery` event is owed is durable
before the first file is touched and goes away after that event is durable.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendance.chain import Link
from edge.faults import StorageError
from edge.journal_database import Database, build
from edge.journal_disk import Disk, write_whole
from edge.journal_faults import StorageFault, on_disk, storage_error
from edge.journal_survey import Finding, follows, is_signed, read_tolerantly
from edge.segments import StoredEvent, encode_record, scan, segment_path, segments_in

_MOST_FINDINGS = 12


@dataclass(frozen=True, slots=True)
class Sources:
    """What an epoch can be put together from.

    Attributes:
        folder: of the epoch's segments.
        database: open, or None where it can't be opened.
        public_key_hex: of the node's event key.
    """

    folder: Path
    database: Database | None
    public_key_hex: str

    def joined(self, link: Link) -> Iterator[StoredEvent]:
        """The chain from `link` on, each event from whichever copy has it whole.

        Raises:
            StorageError: `journal-lost`: an event is whole in neither although a later one is there.
        """
        held = self._held(link.epoch)
        stream = self._records()
        ahead = next(stream, None)
        while True:
            want = link.size + 1
            while ahead is not None and ahead.event.seq < want:
                ahead = next(stream, None)
            # Beyond what the database vouches for, only the signature tells a real event from a planted one.
            believed = ahead is not None and follows(link, ahead)
            if believed and ahead is not None and (want <= held or is_signed(ahead, self.public_key_hex)):
                chosen: StoredEvent | None = ahead
            else:
                chosen = self._row(link)
            if chosen is None:
                if ahead is not None or held > want:
                    raise storage_error(StorageFault.LOST, f"event {want} is damaged in both copies")
                return
            yield chosen
            link = Link(link.node, link.epoch, want, chosen.event.leaf)

    def _records(self) -> Iterator[StoredEvent]:
        for _, path in segments_in(self.folder):
            for record in scan(read_tolerantly(path)):
                if record.stored is not None:
                    yield record.stored

    def _held(self, epoch: int) -> int:
        """Highest number in the database, if that event is what this node signed."""
        try:
            high = self.database.bounds(epoch)[1] if self.database is not None else 0
        except StorageError:
            return 0
        last = self.database.event(epoch, high) if self.database is not None and high else None
        return high if last is not None and is_signed(last, self.public_key_hex) else 0

    def _row(self, link: Link) -> StoredEvent | None:
        row = self.database.event(link.epoch, link.size + 1) if self.database is not None else None
        if row is None or not follows(link, row) or not is_signed(row, self.public_key_hex):
            return None
        return row


class Quarantine:
    """`quarantine/pending` holds the bad files and the note until the recovery event is durable."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        """Nothing is written yet.

        Args:
            folder: of the journal.
            disk: where it lies.
        """
        self._root, self._disk = folder / "quarantine", disk
        self._pending = self._root / "pending"

    def owed(self) -> list[dict[str, Any]] | None:
        """The findings that no recovery event has told yet; None where nothing is owed."""
        if not self._pending.is_dir():
            return None
        try:
            findings = json.loads((self._pending / "note.json").read_bytes())
        except (OSError, ValueError):
            findings = None
        return findings if isinstance(findings, list) else []

    def note(self, findings: Iterable[Finding]) -> None:
        """Owe a recovery event for these."""
        noted = (self.owed() or []) + [finding.content() for finding in findings]
        with on_disk("noting the recovery"):
            self._disk.make_folder(self._pending)
            write_whole(self._disk, self._pending / "note.json", json.dumps(noted[:_MOST_FINDINGS]).encode())

    def keep(self, path: Path) -> None:
        """Give the bad file a name here as well; its old name stays until something replaces it."""
        with on_disk(f"keeping {path.name} aside"):
            if path.exists():
                self._disk.link(path, self._free_name(path))
                self._disk.sync_folder(self._pending)

    def take(self, path: Path) -> None:
        """Move the bad file here."""
        with on_disk(f"setting {path.name} aside"):
            if path.exists():
                self._disk.replace(path, self._free_name(path))
                self._disk.sync_folder(self._pending)
                self._disk.sync_folder(path.parent)

    def settle(self, seq: int) -> None:
        """The recovery event with this number is durable: nothing is owed any more."""
        with on_disk("closing the recovery"):
            self._disk.replace(self._pending, self._root / f"{seq:012d}")
            self._disk.sync_folder(self._root)

    def _free_name(self, path: Path) -> Path:
        number = sum(1 for _ in self._pending.iterdir())
        return self._pending / f"{number:03d}-{path.name}"


def mend_segments(sources: Sources, link: Link, disk: Disk, quarantine: Quarantine) -> None:
    """Write every bad or missing segment of the epoch anew.

    Raises:
        StorageError: an event is lost in both copies (nothing was changed), or the disk is full or broken.
    """
    bad = _bad_ranges(sources.folder)
    fresh = _write_fresh(sources, link, bad, disk)
    replaced = {final for _, final in fresh}
    # From the newest to the oldest: a file is replaced only when all that follows it is in place.
    for temporary, final in reversed(fresh):
        quarantine.keep(final)
        with on_disk(f"replacing {final.name}"):
            disk.replace(temporary, final)
            disk.sync_folder(sources.folder)
    for _, _, path in bad:
        if path is not None and path not in replaced:
            quarantine.take(path)


def _bad_ranges(folder: Path) -> list[tuple[int, int | None, Path | None]]:
    """(first event, first event after it or None at the end, bad file or None where it is missing)."""
    files = segments_in(folder)
    bad: list[tuple[int, int | None, Path | None]] = []
    reached = 1
    for index, (first, path) in enumerate(files):
        following = files[index + 1][0] if index + 1 < len(files) else None
        if first > reached:
            bad.append((reached, first, None))
        end = _whole_until(path, first, newest=following is None)
        if end is None or (following is not None and end > following):
            bad.append((first, following, path))
            reached = following or first
        else:
            reached = end
    return bad if files else [(1, None, None)]


def _whole_until(path: Path, first: int, *, newest: bool) -> int | None:
    """The number after the file's last event, or None if it is not whole."""
    records = list(scan(read_tolerantly(path)))
    if newest and records and records[-1].stored is None:
        records.pop()  # torn by a crash
    head = None
    for expected, record in enumerate(records, first):
        stored = record.stored
        if stored is None or stored.event.seq != expected or head not in {None, stored.event.prev}:
            return None
        head = stored.event.leaf
    return first + len(records)


def _write_fresh(
    sources: Sources, link: Link, bad: list[tuple[int, int | None, Path | None]], disk: Disk
) -> list[tuple[Path, Path]]:
    """Write the events of the bad ranges to temporary files, synced; pairs of (temporary, final) in order."""
    fresh: list[tuple[Path, Path]] = []
    starts = {first for first, _, _ in bad}
    buffer, first, expected = bytearray(), 0, 0

    def flush() -> None:
        if buffer:
            final = segment_path(sources.folder, first)
            fresh.append((_write_temporary(disk, final, bytes(buffer)), final))
            buffer.clear()

    for stored in sources.joined(link):
        seq = stored.event.seq
        if not any(begin <= seq and (end is None or seq < end) for begin, end, _ in bad):
            continue
        record = encode_record(stored)
        if seq != expected or seq in starts or len(buffer) + len(record) > disk.segment_bytes:
            flush()
            first = seq
        buffer += record
        expected = seq + 1
    flush()
    return fresh


def _write_temporary(disk: Disk, final: Path, data: bytes) -> Path:
    temporary = final.with_name(final.name + ".new")
    with on_disk(f"writing {temporary.name}"):
        disk.make_folder(final.parent)
        disk.remove(temporary)
        file = disk.open(temporary)
        try:
            file.write_at(0, data)
            file.sync()
        finally:
            file.close()
    return temporary


def mend_database(
    path: Path,
    epochs: dict[int, str],
    events: Iterable[StoredEvent],
    disk: Disk,
    quarantine: Quarantine | None,
) -> None:
    """Build the database anew beside the old one, then put it in its place.

    The old write-ahead log goes first: it would be played into the new file. A crash after that leaves an old
    database that is behind, and whole segments.

    Args:
        path: of the database.
        epochs: node by epoch.
        events: all of them, in order.
        disk: where to.
        quarantine: takes the old files; None where there are none.

    Raises:
        StorageError: the disk is full or broken; the old file stands.
    """
    fresh = path.with_name(path.name + ".new")
    build(fresh, disk, epochs, events)
    if quarantine is not None:
        quarantine.take(Path(f"{path}-wal"))
        quarantine.keep(path)
    with on_disk("putting the database in its place"):
        disk.replace(fresh, path)
        disk.sync_folder(path.parent)
