"""Every change that the journal makes to files goes through a `Disk`, SQLite's own through its VFS.

So a proof can put a disk underneath that forgets what was not synced, tears it, or is full, and both copies
see the same instant. Reading needs no door: it changes nothing.
"""

import os
from pathlib import Path
from typing import Protocol

from edge.durable_file import sync_folder


class OpenFile(Protocol):
    """A file that is written in place."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Write all of it there; nothing is durable yet. Raises OSError."""

    def sync(self) -> None:
        """Make what was written durable, with the size that is needed to read it back. Raises OSError."""

    def close(self) -> None:
        """Release it."""


class Disk:
    """The real file system. All methods raise OSError.

    Attributes:
        vfs: name of the SQLite VFS that belongs to this disk; empty for SQLite's own.
        segment_bytes: size to which a segment is filled.
        wal_bytes: size to which SQLite's log is filled; beyond it a commit waits for a checkpoint.
    """

    vfs = ""
    segment_bytes = 4 * 1024 * 1024
    wal_bytes = 1024 * 1024

    def open(self, path: Path) -> OpenFile:
        """Open for writing in place, readable by its owner only; made if it is not there."""
        return _RealFile(path)

    def replace(self, source: Path, target: Path) -> None:
        """Rename, over whatever has the name."""
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        """Give the file a second name."""
        target.hardlink_to(source)

    def remove(self, path: Path) -> None:
        """Take the name away if it is there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make it with its parents where it does not exist, and make their names durable."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Make the names in it durable."""
        sync_folder(path)


class _RealFile:
    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write_at(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def write_whole(disk: Disk, path: Path, data: bytes) -> None:
    """Replace a small file; whole or absent after a power cut, durable on return. Raises OSError."""
    fresh = path.with_name(path.name + ".new")
    disk.remove(fresh)
    file = disk.open(fresh)
    try:
        file.write_at(0, data)
        file.sync()
    finally:
        file.close()
    disk.replace(fresh, path)
    disk.sync_folder(path.parent)
