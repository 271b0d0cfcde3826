"""Opens both copies, lets them mend each other, and keeps them level. The journal's one way in.

A crash can leave the copies one event apart: the database is written first. An event that stands in one copy
only is completed into the other if it follows from the chain and the node's signature on it verifies. Any
greater difference, and any damage, is a finding: it is mended and told in a signed `recovery` event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attendance.chain import Link
from edge.faults import StorageError
from edge.journal_database import Database
from edge.journal_disk import Disk
from edge.journal_faults import StorageFault, on_disk, storage_error
from edge.journal_repair import Quarantine, Sources, mend_database, mend_segments
from edge.journal_segments import SegmentWriter
from edge.journal_survey import (
    BEHIND,
    DAMAGED,
    DATABASE,
    MISSING,
    SEGMENTS,
    Finding,
    SegmentTail,
    is_signed,
    survey_database,
    survey_segments,
)
from edge.segments import SegmentReader, StoredEvent, encode_record, epoch_folder, epochs_in, segments_in

CREATED = "created"
OPENED = "opened"
RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Where:
    """Which journal, and who owns it.

    Attributes:
        folder: the node's state folder.
        origin: node and epoch, an empty chain.
        public_key_hex: of the node's event key.
        disk: what it lies on.
    """

    folder: Path
    origin: Link
    public_key_hex: str
    disk: Disk

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "journal.db"

    @property
    def segments(self) -> Path:
        """The folder of all epochs' segments."""
        return self.folder / "segments"

    @property
    def epoch_folder(self) -> Path:
        """The folder of this epoch's segments."""
        return epoch_folder(self.segments, self.origin.epoch)

    @property
    def quarantine(self) -> Quarantine:
        """Where bad files go."""
        return Quarantine(self.folder, self.disk)


@dataclass(slots=True)
class Copies:
    """Both copies, open and level.

    Attributes:
        database, segments: the two.
        link: where the chain stands in both.
        how: CREATED, OPENED or RECOVERED.
    """

    database: Database
    segments: SegmentWriter
    link: Link
    how: str

    def write(self, stored: StoredEvent) -> None:
        """Put one event into both; durable in both on return.

        What a crash right after each step leaves behind: (1) room made: nothing of the event. (2) database
        committed: the event in the database alone; the next start completes it, nobody was told that it is
        recorded. (3) segment synced: the event in both. Readers of the segments see an event only after (2),
        so nothing that was sent to central can be unsaid by a power cut.

        Raises:
            StorageError: after it nobody knows which step was reached; opening anew finds out.
        """
        record = encode_record(stored)
        self.segments.make_room(len(record), stored.event.seq)
        self.database.insert(stored)
        self.segments.append(record)
        self.link = Link(self.link.node, self.link.epoch, stored.event.seq, stored.event.leaf)

    def close(self) -> None:
        """Close both."""
        self.segments.close()
        self.database.close()


def open_copies(where: Where, *, create: bool, suspected: Sequence[Finding] = ()) -> Copies:
    """Open, mend where needed, and level both copies.

    Args:
        where: which journal.
        create: whether to begin one where there is none.
        suspected: what was found wrong outside of what is checked here.

    Raises:
        StorageError: there is no journal and `create` is False, it is somebody else's, an event is lost in
            both copies, or the disk is full or broken.
    """
    how = OPENED
    for _ in range(2):
        database, findings = _open_database(where)
        try:
            tail, more = _survey(where, database)
            findings += [*more, *suspected]
            suspected = ()
            if database is not None and all(finding.fault == BEHIND for finding in findings):
                if _starts(where, database, tail, create=create):
                    how = CREATED
                return _levelled(where, database, tail, findings, how)
            how = _mended(where, database, findings, create=create)
        except BaseException:
            if database is not None:
                database.close()
            raise
    raise storage_error(StorageFault.FAILED, f"could not be mended: {findings[0].detail}")


def _open_database(where: Where) -> tuple[Database | None, list[Finding]]:
    with on_disk("looking for the database"):
        there = where.database.exists()
        # A rename whose sync failed looks done and is not on the card.
        where.disk.sync_folder(where.folder)
    if not there:
        return None, [Finding(DATABASE, MISSING, "the file is not there")]
    try:
        return Database(where.database, where.disk), []
    except StorageError as error:
        if error.kind != StorageFault.CORRUPT:
            raise
        return None, [Finding(DATABASE, DAMAGED, error.message)]


def _survey(where: Where, database: Database | None) -> tuple[SegmentTail, list[Finding]]:
    """What is wrong with each copy.

    Raises:
        StorageError: the events are another node's, or a later epoch has begun.
    """
    tail = survey_segments(where.epoch_folder)
    later = max(_epochs_with_events(where), default=0)
    if later > where.origin.epoch:
        raise storage_error(StorageFault.FOREIGN, f"epoch {later} has begun, {where.origin.epoch} is over")
    _refuse_strangers(where, {stored.event.node for stored in tail.records.values()})
    findings = list(tail.findings)
    if database is not None:
        try:
            findings += _survey_epochs(where, database, tail)
            findings += survey_database(database, where.origin, tail, where.public_key_hex)
        except StorageError as error:
            if error.kind != StorageFault.CORRUPT:
                raise
            findings.append(Finding(DATABASE, DAMAGED, error.message))
    return tail, findings


def _survey_epochs(where: Where, database: Database, tail: SegmentTail) -> list[Finding]:
    """What the database says of its owner, against what the signed events say."""
    epochs = database.epochs()
    newest = database.event(where.origin.epoch, database.bounds(where.origin.epoch)[1])
    if not tail.records:
        _refuse_strangers(where, {newest.event.node} if newest is not None else set(epochs.values()))
    odd = {epoch: node for epoch, node in epochs.items() if node != where.origin.node}
    if odd or max(epochs, default=0) > where.origin.epoch:
        return [Finding(DATABASE, DAMAGED, f"its epochs are {epochs}")]
    return []


def _refuse_strangers(where: Where, nodes: set[str]) -> None:
    strangers = nodes - {where.origin.node}
    if strangers:
        raise storage_error(StorageFault.FOREIGN, f"the journal belongs to node {min(strangers)}")


def _epochs_with_events(where: Where) -> list[int]:
    return [epoch for epoch in epochs_in(where.segments) if segments_in(epoch_folder(where.segments, epoch))]


def _starts(where: Where, database: Database, tail: SegmentTail, *, create: bool) -> bool:
    """Whether this opening begins the epoch; the database then knows it durably."""
    if where.origin.epoch in database.epochs():
        return False
    if tail.last == 0 and not create:
        raise _missing(where)
    database.start_epoch(where.origin.epoch, where.origin.node)
    return tail.last == 0


def _missing(where: Where) -> StorageError:
    return storage_error(
        StorageFault.MISSING,
        f"there is no journal of epoch {where.origin.epoch}; a new one begins only when it is asked for",
    )


def _mended(where: Where, database: Database | None, findings: list[Finding], *, create: bool) -> str:
    """Make the bad copies anew; returns how the journal was opened. The database is closed afterwards."""
    sources = Sources(where.epoch_folder, database, where.public_key_hex)
    empty = next(sources.joined(where.origin), None) is None
    if empty and not create:
        raise _missing(where)
    remains = [
        where.database,
        Path(f"{where.database}-wal"),
        *(p for _, p in segments_in(where.epoch_folder)),
    ]
    untouched = not any(path.exists() for path in remains)
    quarantine = None if untouched else where.quarantine
    if quarantine is not None:
        quarantine.note(findings)
        if any(finding.copy == SEGMENTS for finding in findings):
            mend_segments(sources, where.origin, where.disk, quarantine)
    if database is None or any(finding.copy == DATABASE for finding in findings):
        epochs = dict.fromkeys(sorted({*_epochs_with_events(where), where.origin.epoch}), where.origin.node)
        events = (stored for epoch in epochs for stored in _joined(where, epoch, database))
        mend_database(where.database, epochs, events, where.disk, quarantine)
    if database is not None:
        database.close()
    return CREATED if empty else RECOVERED


def _joined(where: Where, epoch: int, database: Database | None) -> Iterator[StoredEvent]:
    """All events of an epoch. An old epoch ends where it stops holding: central has it."""
    sources = Sources(epoch_folder(where.segments, epoch), database, where.public_key_hex)
    try:
        yield from sources.joined(Link(where.origin.node, epoch))
    except StorageError as error:
        if error.kind != StorageFault.LOST or epoch == where.origin.epoch:
            raise


def _levelled(
    where: Where, database: Database, tail: SegmentTail, findings: list[Finding], how: str
) -> Copies:
    """Complete into each copy what only the other has."""
    if findings:
        where.quarantine.note(findings)
        how = RECOVERED if how == OPENED else how
    with on_disk("opening the segments"):
        where.disk.make_folder(where.epoch_folder)
    segments = SegmentWriter(where.disk, where.epoch_folder)
    copies = Copies(database, segments, where.origin, how)
    try:
        segments.resume(tail.last_offset, tail.end)
        high = database.bounds(where.origin.epoch)[1]
        for stored in _beyond(where, high):
            database.insert(stored)
        for seq in range(tail.last + 1, high + 1):
            row = database.event(where.origin.epoch, seq)
            assert row is not None, "the survey has read it"
            record = encode_record(row)
            segments.make_room(len(record), seq)
            segments.append(record)
        for last in database.last(where.origin.epoch, 1):
            copies.link = Link(where.origin.node, where.origin.epoch, last.event.seq, last.event.leaf)
    except BaseException:
        segments.close()
        raise
    return copies


def _beyond(where: Where, high: int) -> Iterator[StoredEvent]:
    """The events that only the segments have."""
    reader = SegmentReader(where.segments)
    while run := reader.read(where.origin.epoch, high + 1):
        for stored in run:
            if not is_signed(stored, where.public_key_hex):
                raise storage_error(
                    StorageFault.FOREIGN, f"event {stored.event.seq} is not signed by this node"
                )
            yield stored
        high = run[-1].event.seq
