"""A disk that can be cut off at any instant: it notes every change and builds what a power cut would leave.

Changes pass through to real files in a scratch folder, so the journal under test runs as it is; SQLite's go
through `crash_vfs`, all others through `RecordingDisk`, into one log. From the log any number of crash images
can be made: bytes and names that were synced stand, of the rest any part may have reached the card.

Non-goals: a card that lies about a sync; two blocks of one file damaged by one cut in different places.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from edge.journal_disk import Disk, OpenFile

SECTOR_BYTES = 512
BLOCK_BYTES = 4096


class Folders(StrEnum):
    """How names reach the card."""

    EXT4 = "ext4"
    """In order, and with the next sync of anything: one journal for all names."""
    STRICT = "strict"
    """POSIX promises no more: only by a sync of their folder, and unsynced ones in any combination."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log.

    Attributes:
        deed: "name", "unname", "write", "cut" (truncate), "sync", "failed-sync", "sync-folder" or "ack".
        path: the name, relative to the scratch folder, or the folder's.
        file: number of the file, which stays through renames.
        at: byte offset, size after a cut, or number of the acknowledged event.
        data: bytes written.
        group: names that change together by one rename.
        folder: the one whose sync makes a change of names durable.
    """

    deed: str
    path: str = ""
    file: int = 0
    at: int = 0
    data: bytes = b""
    group: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault of the disk at one call.

    Attributes:
        errno: what the call reports.
        kept: how much of the call happens all the same: 0 nothing, 1 all, between them a part of a write.
    """

    errno: int
    kept: float

    def raised(self) -> OSError:
        """As the operating system reports it."""
        return OSError(self.errno, os.strerror(self.errno))


class Recorder:
    """The log, and which file has which name."""

    def __init__(self, root: Path) -> None:
        """Begin with whatever the scratch folder holds, all of it durable.

        Args:
            root: the scratch folder.
        """
        self.root = root
        self.log: list[Change] = []
        self.first: dict[str, bytes] = {}
        self._names: dict[str, int] = {}
        self._count = 0
        self.strike: Callable[[str, Path], Strike | None] = lambda _deed, _path: None
        for path in sorted(root.rglob("*")):
            if path.is_file():
                name = self._relative(path)
                self.first[name] = path.read_bytes()
                self._names[name] = self._next()

    @property
    def first_names(self) -> dict[str, int]:
        """Numbers of the files that were there at the beginning."""
        return {name: number for number, name in enumerate(self.first, 1)}

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def file(self, path: Path) -> int:
        """The number of the file with this name; a new one is noted."""
        name = self._relative(path)
        if name not in self._names:
            self._names[name] = self._next()
            self._named("name", name, self._names[name], self._next(), path.parent)
        return self._names[name]

    def note(self, deed: str, file: int, at: int = 0, data: bytes = b"") -> None:
        """Add a change of a file's bytes."""
        self.log.append(Change(deed, file=file, at=at, data=data))

    def renamed(self, source: Path, target: Path) -> None:
        """A rename of a file or a folder: one step within a folder, two independent ones between folders."""
        group = self._next()
        other = group if source.parent == target.parent else self._next()
        before, after = self._relative(source), self._relative(target)
        for name in [name for name in self._names if name == before or name.startswith(f"{before}/")]:
            file = self._names.pop(name)
            self._names[after + name[len(before) :]] = file
            self._named("name", after + name[len(before) :], file, group, target.parent)
            self._named("unname", name, file, other, source.parent)

    def linked(self, source: Path, target: Path) -> None:
        """A second name."""
        file = self._names[self._relative(source)]
        self._names[self._relative(target)] = file
        self._named("name", self._relative(target), file, self._next(), target.parent)

    def removed(self, path: Path) -> None:
        """A name taken away."""
        file = self._names.pop(self._relative(path), None)
        if file is not None:
            self._named("unname", self._relative(path), file, self._next(), path.parent)

    def _named(self, deed: str, name: str, file: int, group: int, folder: Path) -> None:
        self.log.append(Change(deed, name, file, group=group, folder=self._relative(folder)))

    def folder_synced(self, path: Path) -> None:
        """The names in it are durable."""
        self.log.append(Change("sync-folder", str(path.relative_to(self.root))))

    def acknowledged(self, seq: int) -> None:
        """The journal said that this event is recorded."""
        self.log.append(Change("ack", at=seq))


class RecordingDisk(Disk):
    """The journal's disk with the log running. Small files, so that rolls and checkpoints happen often."""

    segment_bytes = 6 * 1024
    wal_bytes = 48 * 1024

    def __init__(self, recorder: Recorder, vfs: str) -> None:
        """Use it with the VFS of the same recorder.

        Args:
            recorder: keeps the log.
            vfs: name of the registered VFS.
        """
        self.recorder, self.vfs = recorder, vfs

    def open(self, path: Path) -> OpenFile:
        file = super().open(path)
        return _RecordedFile(file, self.recorder, path)

    def replace(self, source: Path, target: Path) -> None:
        strike = self.recorder.strike("rename", target)
        if strike is None or strike.kept == 1:
            super().replace(source, target)
            self.recorder.renamed(source, target)
        if strike is not None:
            raise strike.raised()

    def link(self, source: Path, target: Path) -> None:
        super().link(source, target)
        self.recorder.linked(source, target)

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.recorder.removed(path)

    def sync_folder(self, path: Path) -> None:
        strike = self.recorder.strike("sync-folder", path)
        if strike is None or strike.kept == 1:
            self.recorder.folder_synced(path)
        if strike is not None:
            raise strike.raised()


class _RecordedFile:
    def __init__(self, file: OpenFile, recorder: Recorder, path: Path) -> None:
        self._file, self._recorder, self._path = file, recorder, path
        self._number = recorder.file(path)

    def write_at(self, offset: int, data: bytes) -> None:
        strike = self._recorder.strike("write", self._path)
        kept = bytes(data) if strike is None else bytes(data[: int(len(data) * strike.kept)])
        self._file.write_at(offset, kept)
        self._recorder.note("write", self._number, offset, kept)
        if strike is not None:
            raise strike.raised()

    def sync(self) -> None:
        strike = self._recorder.strike("sync", self._path)
        done = strike is None or strike.kept == 1
        self._recorder.note("sync" if done else "failed-sync", self._number)
        if strike is not None:
            raise strike.raised()

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)


class Card:
    """What the card holds after part of a log, and what may or may not have reached it."""

    def __init__(self, recorder: Recorder, folders: Folders) -> None:
        """The state before the log's first entry.

        Args:
            recorder: whose log is played.
            folders: how names reach the card.
        """
        self._folders = folders
        self._log = recorder.log
        numbers = recorder.first_names
        self._files = {numbers[name]: _File(bytearray(data)) for name, data in recorder.first.items()}
        self._names: dict[str, int] = dict(numbers)
        self._pending_names: list[Change] = []
        self._played = 0
        self.acknowledged = 0

    def play(self, until: int) -> None:
        """Go on to this place of the log."""
        for change in self._log[self._played : until]:
            self._apply(change)
        self._played = max(self._played, until)

    def _apply(self, change: Change) -> None:
        file = self._files.setdefault(change.file, _File())
        match change.deed:
            case "name" | "unname":
                self._pending_names.append(change)
            case "write" | "cut":
                file.pending.append(change)
            case "sync":
                for pending in file.pending:
                    _write(file.durable, pending)
                file.pending.clear()
                if self._folders is Folders.EXT4:
                    self._settle_names(lambda _change: True)
            case "failed-sync":
                # The system drops what it could not write and believes it written: no later sync brings it.
                file.pending.clear()
            case "sync-folder":
                ext4 = self._folders is Folders.EXT4
                self._settle_names(lambda c: ext4 or c.folder == change.path)
            case "ack":
                self.acknowledged = change.at

    def _settle_names(self, settled: Callable[[Change], bool]) -> None:
        rest = []
        for change in self._pending_names:
            if settled(change):
                _rename(self._names, change)
            else:
                rest.append(change)
        self._pending_names = rest

    def image(self, dice: random.Random, *, neighbours: bool = False) -> dict[str, bytes]:
        """One possible content of the card, file by name, if the power went away now.

        Args:
            dice: chooses which unsynced sectors and names reached it.
            neighbours: a block that was being written may be garbage as a whole, as on cheap cards.
        """
        names = dict(self._names)
        for change in self._surviving_names(dice):
            _rename(names, change)
        mood = dice.choice(("none", "all", "prefix", "some", "some"))
        contents = {
            number: self._survivors(self._files[number], mood, dice) for number in set(names.values())
        }
        if neighbours:
            for number in set(names.values()):
                self._spoil(self._files[number], contents[number], dice)
        return {name: bytes(contents[number]) for name, number in names.items()}

    def _surviving_names(self, dice: random.Random) -> list[Change]:
        groups = list(dict.fromkeys(change.group for change in self._pending_names))
        if self._folders is Folders.EXT4:
            kept = set(groups[: dice.randint(0, len(groups))])
        else:
            kept = {group for group in groups if dice.random() < 0.5}
        return [change for change in self._pending_names if change.group in kept]

    def _survivors(self, file: _File, mood: str, dice: random.Random) -> bytearray:
        content = bytearray(file.durable)
        if mood == "none":
            return content
        sectors = [part for change in file.pending for part in _sectors(change)]
        upto = dice.randint(0, len(sectors))
        for index, part in enumerate(sectors):
            if (
                mood == "all"
                or (mood == "prefix" and index < upto)
                or (mood == "some" and dice.random() < 0.5)
            ):
                _write(content, part)
        return content

    def _spoil(self, file: _File, content: bytearray, dice: random.Random) -> None:
        writes = [change for change in file.pending if change.deed == "write"]
        if not writes:
            return
        block = dice.choice(writes).at // BLOCK_BYTES * BLOCK_BYTES
        length = min(BLOCK_BYTES, len(content) - block)
        if length > 0:
            content[block : block + length] = dice.randbytes(length)


def _sectors(change: Change) -> list[Change]:
    """The pieces of a write that reach the card, or not, each by itself."""
    if change.deed == "cut":
        return [change]
    pieces, offset, end = [], change.at, change.at + len(change.data)
    while offset < end:
        stop = min(end, (offset // SECTOR_BYTES + 1) * SECTOR_BYTES)
        data = change.data[offset - change.at : stop - change.at]
        pieces.append(Change("write", file=change.file, at=offset, data=data))
        offset = stop
    return pieces


def _write(content: bytearray, change: Change) -> None:
    if change.deed == "cut":
        del content[change.at :]
        return
    if len(content) < change.at:
        content.extend(bytes(change.at - len(content)))
    content[change.at : change.at + len(change.data)] = change.data


def _rename(names: dict[str, int], change: Change) -> None:
    if change.deed == "name":
        names[change.path] = change.file
    elif names.get(change.path) == change.file:
        del names[change.path]


def lay_out(image: dict[str, bytes], folder: Path) -> None:
    """Make the files of an image in an empty folder."""
    for name, data in image.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
