"""Photos by their hash: resumable pieces, believed when the whole has the hash that a signed event names.

`photos/<2 hex>/<sha256>.jpg`, and `photos/partial/<sha256>` while it arrives. A photo is on the disk, name
included, before the table says so. Small pictures for lists are made by the pages that show them.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from attendance.errors import EvidenceError, MalformedError, OversizeError
from attendance.exchange import MAX_PHOTO_BYTES
from central.database import upsert
from central.private_files import private_folder, sync_folder
from central.tables import photo, photo_subject

MAX_PIECE_BYTES = 65_536


class WrongOffsetError(EvidenceError):
    """The piece does not start where the photo ends so far.

    Attributes:
        offset: how many bytes are held.
    """

    code = "wrong-offset"

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes of this photo are held")
        self.offset = offset


class WrongHashError(EvidenceError):
    """The whole has another hash than its name: thrown away, to be sent again from the start."""

    code = "wrong-hash"


class PhotoNotNamedError(EvidenceError):
    """No stored event of this node names this photo."""

    code = "photo-not-named"


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo and an event that names it. Two events may name the same one."""

    sha256: str
    node: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a photo is held."""

    offset_bytes: int
    complete: bool


def held(folder: Path, sha256: str) -> Progress:
    """How much of a photo is on the disk."""
    try:
        return Progress(photo_file(folder, sha256).stat().st_size, True)
    except FileNotFoundError:
        pass
    try:
        return Progress(_partial(folder, sha256).stat().st_size, False)
    except FileNotFoundError:
        return Progress(0, False)


def take_piece(folder: Path, sha256: str, offset: int, length: int, piece: bytes) -> Progress:
    """Append a piece; with the last one check the whole and give it its place.

    Args:
        folder: of all photos.
        sha256: the photo's name.
        offset: where the piece starts, in bytes.
        length: of the whole photo, in bytes.
        piece: the bytes.

    Raises:
        OversizeError: the photo or the piece is too large. MalformedError: empty, or beyond its own length.
        WrongOffsetError: something else is held. WrongHashError: the whole is not what its name says.
        OSError: the disk failed or is full; what is held stays.
    """
    if not 1 <= length <= MAX_PHOTO_BYTES:
        raise OversizeError(f"a photo has 1 to {MAX_PHOTO_BYTES} bytes")
    if not 1 <= len(piece) <= MAX_PIECE_BYTES:
        raise OversizeError(f"a piece has 1 to {MAX_PIECE_BYTES} bytes")
    if offset + len(piece) > length:
        raise MalformedError("the piece reaches beyond the length of the photo")
    private_folder(folder / "partial")
    with _opened_alone(_partial(folder, sha256)) as fd:
        progress = held(folder, sha256)
        if progress.complete or offset != progress.offset_bytes:
            raise WrongOffsetError(progress.offset_bytes)
        _append(fd, offset, piece)
        if offset + len(piece) == length:
            _finish(folder, sha256, fd)
            return Progress(length, True)
    return Progress(offset + len(piece), False)


def note_held(connection: Connection, named: NamedPhoto, size_bytes: int, now_ms: int) -> None:
    """Say in the books that a photo is on the disk, and which event it belongs to."""
    rows: dict[Table, dict[str, Any]] = {
        photo: {
            "sha256": named.sha256, "size_bytes": size_bytes, "node": named.node, "received_ms": now_ms
        },
        photo_subject: asdict(named),
    }  # fmt: skip
    for table, row in rows.items():
        connection.execute(upsert(connection.dialect.name, table).values(row).on_conflict_do_nothing())


def photo_file(folder: Path, sha256: str) -> Path:
    """Where a photo lies, whether or not it is there. `sha256` must have been checked to be a hash."""
    return folder / sha256[:2] / f"{sha256}.jpg"


def _partial(folder: Path, sha256: str) -> Path:
    return folder / "partial" / sha256


@contextmanager
def _opened_alone(path: Path) -> Iterator[int]:
    """Open the file under a lock: a node that was cut off may still have its old request running."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def _append(fd: int, start: int, piece: bytes) -> None:
    offset = start
    try:
        while piece:
            written = os.pwrite(fd, piece, offset)
            offset, piece = offset + written, piece[written:]
    except OSError:
        os.ftruncate(fd, start)
        raise


def _finish(folder: Path, sha256: str, fd: int) -> None:
    size = os.fstat(fd).st_size
    if hashlib.sha256(os.pread(fd, size, 0)).hexdigest() != sha256:
        _partial(folder, sha256).unlink(missing_ok=True)
        raise WrongHashError("the photo is not the one that the event names")
    os.fsync(fd)
    target = photo_file(folder, sha256)
    private_folder(target.parent)
    _partial(folder, sha256).replace(target)
    sync_folder(target.parent)
    sync_folder(folder)
