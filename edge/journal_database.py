"""The journal's SQLite file, through apsw, which brings a SQLite outside the WAL-reset corruption range.

WAL, synchronous=FULL, one connection that holds the file exclusively (so there is no shared-memory file and
nobody else who could checkpoint), no mmap. The WAL is filled with zeros once and kept, so a commit overwrites
blocks that the file system already knows; checkpoints happen while nobody waits.
"""

import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from attendance.chain import parse_event
from attendance.errors import EvidenceError
from edge.faults import StorageError
from edge.journal_disk import Disk
from edge.journal_faults import StorageFault, on_disk, storage_error
from edge.segments import StoredEvent

# Bounds the check at start on a slow card; the tail is always checked against the other copy.
CHECKED_BYTES = 32 * 1024 * 1024
_VERSION = 1
_EPOCH_SHIFT = 40
_SCHEMA = f"""
CREATE TABLE epoch (epoch INTEGER PRIMARY KEY, node TEXT NOT NULL) STRICT;
CREATE TABLE event (
  place INTEGER PRIMARY KEY,  -- epoch * 2**40 + seq: one b-tree that only ever grows at its end
  header BLOB NOT NULL,       -- exact bytes
  body BLOB,                  -- exact bytes; null = erased by law
  signature TEXT NOT NULL     -- Ed25519 over the leaf, hex
) STRICT;
PRAGMA user_version = {_VERSION};
"""

_NOT_DAMAGE = apsw.IOError | apsw.CantOpenError | apsw.NoMemError | apsw.InterruptError

Row = tuple[int, bytes, bytes | None, str]
"""Number, header, body, signature: as they lie there, not yet parsed."""


class Database:
    """The open file. Every method raises StorageError, `database-damaged` where SQLite finds it corrupt."""

    SYNCHRONOUS = "FULL"

    def __init__(self, path: Path, disk: Disk) -> None:
        """Open an existing file and bring what is in its WAL to safety.

        Args:
            path: of the database; `build` makes one.
            disk: where it lies.
        """
        self._wal_pages = 0
        wal = Path(f"{path}-wal")
        with on_disk("preparing the database's log"):
            _fill_log(wal, disk)
        with _sqlite("opening the database"):
            self._connection = apsw.Connection(
                str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=disk.vfs or None
            )
        try:
            with _sqlite("opening the database"):
                self._configure()
            # Also after a failed sync, when the system may wrongly believe the WAL to be on the card: this
            # writes its pages anew, into the database.
            self.checkpoint()
        except BaseException:
            self.close()
            raise

    def _configure(self) -> None:
        run = self._connection.pragma
        run("locking_mode", "EXCLUSIVE")
        if run("journal_mode", "WAL") != "wal":
            raise storage_error(StorageFault.FAILED, "the database can't use a write-ahead log here")
        run("synchronous", self.SYNCHRONOUS)
        run("mmap_size", 0)
        run("temp_store", "MEMORY")
        run("cell_size_check", True)
        run("trusted_schema", False)
        self._connection.set_wal_hook(self._noted)
        keep = ctypes.c_int(1)
        self._connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
        version = run("user_version")
        if version != _VERSION:
            # Rot, or a newer version's file: either way set aside, not lost, and made anew from the segments.
            raise storage_error(StorageFault.CORRUPT, f"database version {version} is not known here")

    def _noted(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    @property
    def wal_bytes(self) -> int:
        """How much of the WAL waits for a checkpoint."""
        return self._wal_pages * (4096 + 24)

    def check(self) -> str | None:
        """SQLite's own check where the file is small enough; the first complaint, or None."""
        with _sqlite("checking the database"):
            size = int(self._connection.pragma("page_count")) * int(self._connection.pragma("page_size"))
            if size > CHECKED_BYTES:
                return None
            verdict = str(self._connection.execute("PRAGMA quick_check(1)").get)
        return None if verdict == "ok" else verdict

    def epochs(self) -> dict[int, str]:
        """The epochs that were started, each with the node's id."""
        with _sqlite("reading the database"):
            return dict(self._connection.execute("SELECT epoch, node FROM epoch ORDER BY epoch"))

    def start_epoch(self, epoch: int, node: str) -> None:
        """Note that this epoch begins; durable on return."""
        with _sqlite("starting an epoch"):
            self._connection.execute("INSERT OR IGNORE INTO epoch VALUES (?, ?)", (epoch, node))

    def insert(self, stored: StoredEvent) -> None:
        """Add an event; durable on return."""
        event = stored.event
        with _sqlite("writing the event"):
            self._connection.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?)",
                (_place(event.epoch, event.seq), event.header, event.body, stored.signature_hex),
            )

    def bounds(self, epoch: int) -> tuple[int, int]:
        """Lowest and highest number of this epoch's events; (1, 0) where there are none."""
        with _sqlite("reading the database"):
            low, high = self._connection.execute(
                "SELECT (SELECT min(place) FROM event WHERE place >= ?1 AND place < ?2),"
                " (SELECT max(place) FROM event WHERE place >= ?1 AND place < ?2)",
                (_place(epoch, 0), _place(epoch + 1, 0)),
            ).get
        return (1, 0) if high is None else (low - _place(epoch, 0), high - _place(epoch, 0))

    def rows(self, epoch: int, first: int) -> Iterator[Row]:
        """This epoch's rows in order, from a number on."""
        with _sqlite("reading the database"):
            cursor = self._connection.execute(
                "SELECT place, header, body, signature FROM event"
                " WHERE place >= ? AND place < ? ORDER BY place",
                (_place(epoch, first), _place(epoch + 1, 0)),
            )
            for place, header, body, signature in cursor:
                yield place - _place(epoch, 0), header, body, signature

    def event(self, epoch: int, seq: int) -> StoredEvent | None:
        """One event, or None where it is not there or can't be read; its signature is not looked at."""
        try:
            with _sqlite("reading the database"):
                row = self._connection.execute(
                    "SELECT header, body, signature FROM event WHERE place = ?", (_place(epoch, seq),)
                ).get
            event = None if row is None else parse_event(row[0], row[1])
        except (EvidenceError, StorageError):
            return None
        return StoredEvent(event, row[2]) if event is not None and event.seq == seq else None

    def last(self, epoch: int, count: int) -> list[StoredEvent]:
        """The newest events of the epoch, oldest first."""
        high = self.bounds(epoch)[1]
        first = max(1, high - count + 1)
        return [StoredEvent(parse_event(row[1], row[2]), row[3]) for row in self.rows(epoch, first)]

    def checkpoint(self) -> None:
        """Move what is in the WAL into the database, durably; the next commit overwrites the WAL."""
        with _sqlite("moving the log into the database"):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._wal_pages = 0

    def close(self) -> None:
        """Close it. What was acknowledged is durable already, so nothing that goes wrong here is news."""
        try:
            self._connection.close()
        except apsw.Error:
            self._connection.close(True)


def build(path: Path, disk: Disk, epochs: dict[int, str], events: Iterable[StoredEvent]) -> None:
    """Make a database with these events at `path`, whole and synced; its name is not made durable here.

    Used at the first start and when the file is rebuilt, under a temporary name that the caller renames.

    Raises:
        StorageError: the disk is full or broken.
    """
    with on_disk("making a database"):
        disk.remove(path)
        disk.open(path).close()
    with _sqlite("making a database"):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=disk.vfs or None)
        try:
            # Without a journal: the file has no name that counts before it is whole.
            connection.pragma("locking_mode", "EXCLUSIVE")
            connection.pragma("journal_mode", "OFF")
            connection.pragma("synchronous", "FULL")
            with connection:
                connection.execute(_SCHEMA)
                connection.executemany("INSERT INTO epoch VALUES (?, ?)", epochs.items())
                connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", map(_row, events))
        finally:
            connection.close()


def _row(stored: StoredEvent) -> tuple[int, bytes, bytes | None, str]:
    event = stored.event
    return _place(event.epoch, event.seq), event.header, event.body, stored.signature_hex


def _place(epoch: int, seq: int) -> int:
    return (epoch << _EPOCH_SHIFT) + seq


def _fill_log(wal: Path, disk: Disk) -> None:
    """Fill the WAL with zeros up to its size. SQLite takes zeros for the end of it."""
    size = wal.stat().st_size if wal.exists() else 0
    if size >= disk.wal_bytes:
        return
    file = disk.open(wal)
    try:
        file.write_at(size, bytes(disk.wal_bytes - size))
        file.sync()
    finally:
        file.close()
    disk.sync_folder(wal.parent)


@contextmanager
def _sqlite(doing: str) -> Iterator[None]:
    """Turn SQLite's refusals into a StorageError, once, here."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise storage_error(StorageFault.CORRUPT, f"{doing}: a text in it is damaged") from error
    except apsw.Error as error:
        raise storage_error(_kind(error), f"{doing}: {error}") from error


def _kind(error: apsw.Error) -> StorageFault:
    if isinstance(error, apsw.FullError):
        return StorageFault.FULL
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StorageFault.BUSY
    unreadable = getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_READ
    if isinstance(error, _NOT_DAMAGE) and not unreadable:
        return StorageFault.FAILED
    # Also a missing table or a row that can't be added: the schema is made together with the file.
    return StorageFault.CORRUPT
