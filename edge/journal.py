"""The node's journal: signed, chained events, durable in two copies before anybody is told.

Owned by the punch process alone, which also holds the event key. `docs/storage-and-crashes.md` says what a
crash leaves behind at each step.

After a StorageError nobody knows whether the event is kept. It may turn up later, in order and signed: kept
and not acknowledged is allowed, acknowledged and not kept never happens.
"""

import fcntl
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Event, Link, make_event
from attendance.moment import Moment
from attendance.punch import RECOVERY
from edge.faults import StorageError
from edge.journal_copies import Copies, Where, open_copies
from edge.journal_disk import Disk
from edge.journal_faults import StorageFault, on_disk, storage_error
from edge.journal_survey import Finding, survey_old
from edge.segments import StoredEvent, segments_in


class Journal:
    """The open journal. One thread uses it; one process has it open at a time.

    Attributes:
        opened: "created", "opened" or "recovered": which of them the last opening was.
    """

    def __init__(self, where: Where, key: Ed25519PrivateKey, copies: Copies, lock: int) -> None:
        """Use `Journal.open`."""
        self._where, self._key, self._lock = where, key, lock
        self._copies: Copies | None = None
        self._fault: StorageError | None = None
        self._scrubbed = -1
        self._take(copies)

    @classmethod
    def open(
        cls,
        folder: Path,
        key: Ed25519PrivateKey,
        *,
        create: bool = False,
        epoch: int = 1,
        disk: Disk | None = None,
    ) -> "Journal":
        """Open the journal in the state folder; check it, and mend each copy from the other where needed.

        Bad files are set aside in `quarantine`. A signed `recovery` event that says so is written, with the
        moment of the first append, just before that append's own event.

        Args:
            folder: the node's state folder.
            key: the node's event key.
            create: whether to begin a journal where neither copy holds an event of this epoch. Never happens
                by itself.
            epoch: of the node's key; a new one begins with `create` only.
            disk: what it lies on; the real one by default.

        Raises:
            StorageError: no journal (`journal-missing`), another owner (`journal-busy`), another node's
                (`journal-foreign`), an event lost in both copies (`journal-lost`), or the disk.
        """
        public = seal.public_hex(key)
        where = Where(folder, Link(seal.node_id(public), epoch), public, disk or Disk())
        lock = _only_owner(folder)
        try:
            return cls(where, key, open_copies(where, create=create), lock)
        except BaseException:
            os.close(lock)
            raise

    def _take(self, copies: Copies) -> None:
        self._copies, self._fault, self._last = copies, None, copies.link
        self._owed = self._where.quarantine.owed()
        self.opened = copies.how

    @property
    def link(self) -> Link:
        """Where the chain stands: the last event that was acknowledged or found at opening."""
        return self._last

    @property
    def fault(self) -> StorageError | None:
        """Why appends are refused at present, or None."""
        return self._fault

    def append(
        self,
        type: str,  # noqa: A002 - the field's name on the wire
        moment: Moment,
        content: dict[str, Any],
        photo: str | None = None,
    ) -> Event:
        """Write one event; it is durable in both copies on return.

        After a full disk the next call tries again by itself. After any other fault it refuses until
        `reopen`.

        Args:
            type: what kind of event.
            moment: when, and how sure.
            content: the body without its salt.
            photo: SHA-256 of the frame of that moment.

        Raises:
            StorageError: show TIDAK TEREKAM. Nothing is acknowledged; the event may still turn up later.
            MalformedError, OversizeError: the content can't be written as an event; nothing was written.
        """
        copies = self._ready()
        if self._owed is not None:
            told = self._write(copies, RECOVERY, moment, {"findings": self._owed, "how": self.opened}, None)
            self._settle(told.seq)
        event = self._write(copies, type, moment, content, photo)
        if copies.database.wal_bytes > self._where.disk.wal_bytes:
            self.tidy()  # nobody found the time; the event itself is safe whatever comes of this
        return event

    def tidy(self) -> StorageError | None:
        """Do between punches what would make a punch wait: empty the log, prepare the next segment.

        Returns:
            what went wrong, if anything did. A full disk does no harm yet; after anything else appends are
            refused until `reopen`.
        """
        if self._fault is not None or self._copies is None:
            return self._fault
        try:
            if self._copies.database.wal_bytes > self._where.disk.wal_bytes // 8:
                self._copies.database.checkpoint()
            self._copies.segments.prepare()
        except StorageError as error:
            if error.kind != StorageFault.FULL:
                self._fault = error
            return error
        return None

    def scrub(self) -> bool:
        """Read one older segment and its rows, and mend what is found wrong. Slow; for hours without people.

        Each call takes the next one, so that what lies there unread for years is still whole when a restored
        central asks for it again.

        Returns:
            whether all was well; if not, it has been mended and the next append tells it.

        Raises:
            StorageError: an event is lost in both copies (`journal-lost`): the next append tells it, and the
                journal goes on. Or the disk: appends are refused until `reopen`.
        """
        self._scrubbed = (self._scrubbed + 1) % max(1, len(segments_in(self._where.epoch_folder)))
        return self._check(self._scrubbed)

    def mend(self, seq: int) -> bool:
        """The same for the segment that should hold an event: a reader found it damaged.

        Raises:
            StorageError: as `scrub`.
        """
        older = [first for first, _ in segments_in(self._where.epoch_folder) if first <= seq]
        return self._check(max(0, len(older) - 1))

    def _check(self, index: int) -> bool:
        copies, folder = self._ready(), self._where.epoch_folder
        if index >= len(segments_in(folder)):
            return True
        findings = survey_old(folder, index, copies.database, self._where.public_key_hex)
        try:
            if findings:
                self._open_anew(findings)
        except StorageError as error:
            if error.kind == StorageFault.LOST:
                self.reopen()  # what was lost long ago must not keep anybody from being recorded today
            raise
        return not findings

    def last_events(self, count: int) -> list[Event]:
        """The newest events, oldest of them first.

        Raises:
            StorageError: they can't be read.
        """
        return [stored.event for stored in self._ready().database.last(self.link.epoch, count)]

    def event(self, seq: int) -> Event | None:
        """One event of this epoch, or None where it is not there or has rotted.

        Raises:
            StorageError: an earlier fault stands.
        """
        stored = self._ready().database.event(self.link.epoch, seq)
        return stored.event if stored is not None else None

    def reopen(self) -> None:
        """Close and open anew, with every check: the way on after a StorageError.

        Raises:
            StorageError: as `open`; the journal goes on refusing.
        """
        self._open_anew(())

    def _open_anew(self, suspected: Sequence[Finding]) -> None:
        self._release()
        try:
            self._take(open_copies(self._where, create=False, suspected=suspected))
        except StorageError as error:
            self._fault = error
            raise

    def close(self) -> None:
        """Close it; further appends are refused."""
        self._release()
        self._fault = storage_error(StorageFault.STOPPED, "the journal is closed")
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _release(self) -> None:
        copies, self._copies = self._copies, None
        if copies is not None:
            copies.close()

    def _ready(self) -> Copies:
        """The open copies; tries again by itself after a full disk.

        Raises:
            StorageError: an earlier fault stands.
        """
        if self._fault is not None:
            if self._fault.kind != StorageFault.FULL:
                raise storage_error(StorageFault.STOPPED, f"stopped after: {self._fault}") from self._fault
            self.reopen()
        assert self._copies is not None
        return self._copies

    def _write(
        self, copies: Copies, type_: str, moment: Moment, content: dict[str, Any], photo: str | None
    ) -> Event:
        event = make_event(copies.link, type_, moment, content, salt=secrets.token_hex(16), photo=photo)
        signature = seal.sign(self._key, seal.EVENT, bytes.fromhex(event.leaf))
        try:
            copies.write(StoredEvent(event, signature))
        except StorageError as error:
            self._fault = error
            raise
        except BaseException:
            self._fault = storage_error(StorageFault.STOPPED, f"event {event.seq} was interrupted")
            raise
        self._last = copies.link
        return event

    def _settle(self, seq: int) -> None:
        try:
            self._where.quarantine.settle(seq)
        except StorageError as error:
            self._fault = error
            raise
        self._owed = None


def _only_owner(folder: Path) -> int:
    """Take the journal for this process, until the descriptor is closed or the process ends."""
    with on_disk("taking the journal"):
        lock = os.open(folder / "journal.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise storage_error(StorageFault.BUSY, "another process has the journal open") from None
        except BaseException:
            os.close(lock)
            raise
    return lock
