"""The keys that templates are kept under. They lie in files, never in the database.

`template-kek-0001`, `-0002`, ... (32 random bytes each) wrap the keys of people; the highest is in use, older
ones stay until nothing needs them. `template-x25519` opens what nodes seal for central. Both kinds are looked
for among systemd's credentials first, then in `data_dir/keys`, and read when they are needed: a key that
another process made is seen at once, and none is held longer than its use.
"""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.errors import HadirError
from central.private_files import PrivateFileError, private_folder, read_private, sync_folder, write_private

_KEY_BYTES = 32
_EXCHANGE = "template-x25519"
_KEK = re.compile(r"template-kek-(\d{4,9})")


class MissingKekError(HadirError):
    """What is asked for lies under a key-encryption key that is not there."""


@dataclass(frozen=True)
class Kek:
    """One key-encryption key.

    Attributes:
        version: counts from 1.
        key: for AES-256.
    """

    version: int
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class TemplateKeys:
    """What opens templates; never printed.

    Attributes:
        folder: where keys are made. credentials: where they are looked for first, or None.
        exchange: opens what nodes seal for central.
    """

    folder: Path
    credentials: Path | None
    exchange: X25519PrivateKey = field(repr=False)

    @cached_property
    def public_hex(self) -> str:
        """What nodes seal for: 32 bytes in hex."""
        return sealing.public_hex(self.exchange)

    def versions(self) -> dict[int, Path]:
        """Every key-encryption key that is there, and where."""
        return _versions(self.folder, self.credentials)

    def kek(self, version: int) -> Kek:
        """One of them.

        Raises:
            MissingKekError: not there. PrivateFileError: damaged, or open to others.
        """
        path = self.versions().get(version)
        if path is None:
            raise MissingKekError(
                f"Kunci sidik jari {_name(version)} tidak ada: kembalikan salinannya ke {self.folder}."
            )
        return Kek(version, _load(path, guarded=path.parent == self.credentials))

    def newest(self) -> Kek:
        """The one in use.

        Raises:
            MissingKekError: there is none at all. PrivateFileError: as `kek`.
        """
        return self.kek(max(self.versions(), default=1))

    def make_next(self) -> Kek:
        """Make the next one; from here on it is the one in use.

        Raises:
            MissingKekError, PrivateFileError: as `newest`; another process may have made it just now.
        """
        version = self.newest().version + 1
        with suppress(FileExistsError):
            write_private(self.folder / _name(version), secrets.token_bytes(_KEY_BYTES))
        return self.kek(version)

    def remove(self, version: int) -> None:
        """Delete one for good.

        Raises:
            PrivateFileError: it can't be deleted, as one of systemd's credentials.
        """
        path = self.versions()[version]
        try:
            path.unlink()
            sync_folder(path.parent)
        except OSError as error:
            raise PrivateFileError(
                f"{path} tidak dapat dihapus ({error.strerror}): hapus sendiri."
            ) from error


def make_template_keys(data_dir: Path) -> None:
    """Make what is missing; what is there stays, since templates lie under it."""
    folder, credentials = private_folder(data_dir / "keys"), _credentials()
    if not _versions(folder, credentials):
        write_private(folder / _name(1), secrets.token_bytes(_KEY_BYTES))
    if not _exchange_file(folder, credentials).exists():
        write_private(folder / _EXCHANGE, secrets.token_bytes(_KEY_BYTES))


def load_template_keys(data_dir: Path) -> TemplateKeys:
    """Read the keys, and see that the one in use is there.

    Raises:
        PrivateFileError: one is damaged or open to others, or `init` never ran. MissingKekError: no
        key-encryption key is there.
    """
    folder, credentials = data_dir / "keys", _credentials()
    path = _exchange_file(folder, credentials)
    exchange = _load(path, guarded=path.parent == credentials)
    keys = TemplateKeys(folder, credentials, X25519PrivateKey.from_private_bytes(exchange))
    keys.newest()
    return keys


def _credentials() -> Path | None:
    named = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(named) if named else None


def _exchange_file(folder: Path, credentials: Path | None) -> Path:
    if credentials is not None and (credentials / _EXCHANGE).exists():
        return credentials / _EXCHANGE
    return folder / _EXCHANGE


def _versions(folder: Path, credentials: Path | None) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for place in (folder, credentials):
        if place is not None and place.is_dir():
            matches = ((path, _KEK.fullmatch(path.name)) for path in place.iterdir())
            found |= {int(match[1]): path for path, match in matches if match}
    return found


def _name(version: int) -> str:
    return f"template-kek-{version:04d}"


def _load(path: Path, *, guarded: bool) -> bytes:
    """Read a key. systemd closes the folder of its credentials itself, and shows their mode as 0440."""
    try:
        data = path.read_bytes() if guarded else read_private(path)
    except OSError as error:
        raise PrivateFileError(f"{path} tidak dapat dibaca ({error.strerror}).") from error
    if len(data) != _KEY_BYTES:
        raise PrivateFileError(f"{path} rusak: isinya {len(data)} bita, seharusnya {_KEY_BYTES}.")
    return data
