"""Photos on the card, named by their content: `photos/<2 hex>/<sha256>.jpg`."""

import os
from dataclasses import dataclass
from pathlib import Path

from attendance.seal import sha256_hex
from edge.durable_file import sync_folder


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo and the event that names it."""

    epoch: int
    seq: int
    sha256: str


class PhotoStore:
    """The folder of photos. The camera process writes, sync reads and takes away what no event names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where a photo lies."""
        return self._folder / sha256[:2] / f"{sha256}.jpg"

    def put(self, jpeg: bytes) -> tuple[str, bool]:
        """Write a photo whole, but not yet through a power cut: the person at the door is waiting.

        Returns:
            Its SHA-256, and whether it was not there before.

        Raises:
            OSError: the disk is full or broken.
        """
        sha256 = sha256_hex(jpeg)
        path = self.path(sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(jpeg)
        is_new = not path.exists()
        fresh.replace(path)
        return sha256, is_new

    def make_durable(self, sha256: str) -> None:
        """Bring a photo and its names through a power cut; called when nobody waits any more.

        Raises:
            OSError: the disk is broken.
        """
        path = self.path(sha256)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
        sync_folder(self._folder)

    def files(self, first_digit: str) -> list[Path]:
        """Every file, whole or left half-made, whose hash begins with this hexadecimal digit.

        Raises:
            OSError: the disk can't be read.
        """
        return [path for folder in self._folder.glob(f"{first_digit}?") for path in folder.iterdir()]

    def remove(self, sha256: str) -> None:
        """Forget a photo that no event will name."""
        self.path(sha256).unlink(missing_ok=True)
