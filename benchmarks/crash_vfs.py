"""SQLite's door to the crash disk: a VFS that passes on to the real one and notes every change."""

import errno
import itertools
from pathlib import Path

import apsw

from benchmarks.crash_disk import Recorder, RecordingDisk, Strike

_NUMBERS = itertools.count()


class CrashVFS(apsw.VFS):
    """Registered while it is referenced; every file of a database is recorded."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.vfs_name = f"crash-{next(_NUMBERS)}"
        super().__init__(self.vfs_name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "CrashFile":  # noqa: N802
        return CrashFile(self.recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.recorder.removed(Path(filename))


class CrashFile(apsw.VFSFile):
    """One file of a database."""

    def __init__(self, recorder: Recorder, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        assert name is not None, "the journal keeps temporary data in memory"
        self._path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        self._recorder = recorder
        self._number = recorder.file(self._path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        strike = self._recorder.strike("write", self._path)
        kept = bytes(data) if strike is None else bytes(data[: int(len(data) * strike.kept)])
        if kept:
            super().xWrite(kept, offset)
            self._recorder.note("write", self._number, offset, kept)
        if strike is not None:
            raise _in_sqlite_words(strike, apsw.SQLITE_IOERR_WRITE)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._recorder.note("cut", self._number, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002
        strike = self._recorder.strike("sync", self._path)
        done = strike is None or strike.kept == 1
        self._recorder.note("sync" if done else "failed-sync", self._number)
        if strike is not None:
            raise _in_sqlite_words(strike, apsw.SQLITE_IOERR_FSYNC)


def _in_sqlite_words(strike: Strike, extended: int) -> apsw.Error:
    if strike.errno == errno.ENOSPC:
        return apsw.FullError("database or disk is full")
    failure = apsw.IOError("disk I/O error")
    failure.extendedresult = extended  # type: ignore[attr-defined]  # apsw reads it
    return failure


def recording(root: Path) -> tuple[RecordingDisk, CrashVFS]:
    """A disk over this scratch folder with its log running, and the VFS to keep referenced."""
    recorder = Recorder(root)
    vfs = CrashVFS(recorder)
    return RecordingDisk(recorder, vfs.vfs_name), vfs
