"""The one door to the database: short reads, durable writes, on SQLite or PostgreSQL.

SQLite before 3.51.3 can corrupt itself when two connections write or checkpoint at the same instant
(decisions/0004). So every write and every checkpoint of every process happens under one file lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from attendance.errors import HadirError
from central.file_lock import FileLock

_BUSY_TIMEOUT_MS = 10_000
_CHECKPOINT_TIMEOUT_MS = 50
_CHECKPOINT_AT_BYTES = 16 * 1024 * 1024
_WRITE = "hadir_write"


class StoreError(HadirError):
    """The database failed: nothing of the transaction was kept. Try again later or call a technician."""


class Database:
    """One database, whichever engine its URL names."""

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._lock: FileLock | None = None
        if self.is_sqlite:
            assert parsed.database is not None
            self._wal = Path(f"{parsed.database}-wal")
            self._lock = FileLock(Path(f"{parsed.database}.lock"))
            self._engine = create_engine(url, pool_size=32, max_overflow=64, hide_parameters=True)
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            self._engine = create_engine(
                url, pool_size=16, max_overflow=48, pool_pre_ping=True, hide_parameters=True
            )
            event.listen(self._engine, "connect", _prepare_postgresql)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; what is written inside is thrown away.

        Raises:
            StoreError: the database failed.
        """
        with _translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, undone when it raises.

        Raises:
            StoreError: the database failed; nothing was kept.
        """
        lock: AbstractContextManager[None] = self._lock.held() if self._lock else nullcontext()
        with lock, _translated():
            writing = self._engine.execution_options(**{_WRITE: True})
            with writing.begin() as connection:
                yield connection
            if self.is_sqlite:
                self._checkpoint(_CHECKPOINT_AT_BYTES)

    def close(self) -> None:
        """Fold the log into the file and let go of every connection."""
        if self._lock is not None:
            with self._lock.held(), _translated():
                self._checkpoint(1)
                self._engine.dispose()
            self._lock.close()
        else:
            self._engine.dispose()

    def _checkpoint(self, at_bytes: int) -> None:
        """Under the lock: fold the log into the file where it has grown; a long read puts it off."""
        try:
            grown = self._wal.stat().st_size >= at_bytes
        except FileNotFoundError:
            return
        if grown:
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute(f"PRAGMA busy_timeout={_CHECKPOINT_TIMEOUT_MS}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
                cursor.close()
            finally:
                raw.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(f"the database failed: {error}") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, so that a write takes its lock at once
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "page_size=8192",  # of a new file; a batch of events touches half as many pages as of 4096 bytes
        "journal_mode=WAL",
        "synchronous=FULL",
        # SQLite's own checkpoints are part of a commit, and every commit happens under the lock. The log is
        # then written over from its start, which is faster than letting a file grow.
        "wal_autocheckpoint=1000",
        "foreign_keys=ON",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # A server that was told not to wait for its disk would let central sign for what it can still lose.
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = on")
    connection.commit()


def upsert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens on a conflict; both engines speak the same dialect of it."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
