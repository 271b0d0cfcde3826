"""Secret files: only central's own user reads them, and they are durable before anybody relies on them."""

import os
import secrets
from pathlib import Path

from attendance.errors import HadirError


class PrivateFileError(HadirError):
    """A secret is missing, or others can read it."""


def private_folder(path: Path) -> Path:
    """Make the folder, closed to everybody else.

    Raises:
        PrivateFileError: it can't be made or closed.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise PrivateFileError(
            f"Folder {path} tidak dapat dipakai ({error.strerror}): "
            "pilih data_dir lain, atau beri pengguna Hadir hak tulis di sana."
        ) from error
    return path


def write_private(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a new file durably. It has its name only when it is whole, so that no half secret is ever met.

    Raises:
        FileExistsError: a secret is never written over.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.fchmod(fd, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
        path.hardlink_to(draft)
    finally:
        os.close(fd)
        draft.unlink()
    sync_folder(path.parent)


def read_private(path: Path) -> bytes:
    """Read a secret.

    Raises:
        PrivateFileError: missing, or its mode lets others read it.
    """
    try:
        mode = path.stat().st_mode & 0o777
        data = path.read_bytes()
    except OSError as error:
        raise PrivateFileError(
            f"{path} tidak dapat dibaca ({error.strerror}): jalankan `hadir-central init` lebih dahulu."
        ) from error
    if mode & 0o077:
        raise PrivateFileError(f"{path} dapat dibaca orang lain (mode {mode:o}): jalankan chmod 600.")
    return data


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
