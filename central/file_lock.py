"""One advisory lock for a whole machine, held by at most one thread of one process."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attendance.errors import HadirError


class LockError(HadirError):
    """The lock's file can't be opened: the folder of the database is missing or closed to us."""


class FileLock:
    """`flock` on a file that is never deleted. A holder that dies lets go of it.

    Not re-entrant: taking it twice in one thread is a mistake in the program and would wait for ever.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._fd: int | None = None
        self._pid = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it inside the block.

        Raises:
            LockError: its file can't be opened.
        """
        with self._threads:
            fd = self._descriptor()
            fcntl.flock(fd, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the descriptor back."""
        with self._threads:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def _descriptor(self) -> int:
        # After a fork both processes would share one lock through an inherited descriptor: open a new one.
        if self._fd is None or self._pid != os.getpid():
            try:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise LockError(
                    f"{self._path} tidak dapat dibuka ({error.strerror}): buat foldernya, "
                    "atau beri pengguna Hadir hak tulis di sana."
                ) from error
            self._pid = os.getpid()
        return self._fd
