"""Small files that are whole or absent after a power cut, never half, and never lost once written."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace the file; on return both its bytes and its name survive a power cut.

    The order is what makes it so: the bytes of the new file reach the card (fsync), then the name moves
    (rename), then the folder that holds the name reaches the card (fsync). A crash in between leaves the old
    file, and at most a `.new` beside it that the next call overwrites.

    Args:
        path: the file; its folder must exist.
        data: what it is to hold.
        mode: its rights, from the first byte on.

    Raises:
        OSError: the disk is full or broken; the old file stands.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(path)
    sync_folder(path.parent)


def write_once(path: Path, make: Callable[[], bytes]) -> None:
    """Write a file for its owner only, unless it is there; on return it is, durably.

    Of two processes that come at once one waits for the other, and both leave the same file. They wait at the
    folder itself: a file to lock would stay behind beside it.

    Args:
        path: the file; its folder must exist.
        make: makes its bytes; is asked only where there is no file.

    Raises:
        OSError: the disk is full or broken; there is no file.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not path.exists():
            write_durably(path, make())
    finally:
        os.close(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        OSError: the disk is broken.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
