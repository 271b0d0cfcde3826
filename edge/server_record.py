"""`server.json`: whom this node reports to, and under which name. Written once, by the claim."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from attendance import seal
from edge.durable_file import write_durably
from edge.faults import EnrolmentError


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What a claim settled.

    Attributes:
        node: this node's id. epoch: counts installations of this node, from 1.
        unit, unit_name, zone: the office and its time zone.
        url: of central, without a trailing slash.
        ca_file: the one authority that may vouch for it, or None on loopback.
        receipt_key: public key of receipts, hex. document_key: of rules and rosters, hex.
        code: six digits that both screens show.
    """

    node: str
    epoch: int
    unit: str
    unit_name: str
    zone: str
    url: str
    ca_file: str | None
    receipt_key: str
    document_key: str
    code: str

    def save(self, path: Path) -> None:
        """Write it durably.

        Raises:
            OSError: the disk is full or broken.
        """
        write_durably(path, seal.canonical({"v": 1, **asdict(self)}) + b"\n")

    @classmethod
    def load(cls, path: Path) -> "ServerRecord":
        """Read it.

        Raises:
            EnrolmentError: the node was not claimed, or the file is damaged.
        """
        try:
            value = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise EnrolmentError("not-enrolled", f"{path} does not exist: claim this node first") from error
        except OSError as error:
            raise EnrolmentError("record-unreadable", f"{path} can't be read: {error.strerror}") from error
        except ValueError as error:
            raise EnrolmentError("record-damaged", f"{path} is not JSON") from error
        return cls.parse(value, str(path))

    @classmethod
    def parse(cls, value: Any, where: str) -> "ServerRecord":
        """Read it from a JSON value; fields of newer versions are ignored.

        Raises:
            EnrolmentError: a field is missing or of another kind.
        """
        if not isinstance(value, dict):
            raise EnrolmentError("record-damaged", f"{where} is not an object")
        taken: dict[str, Any] = {field.name: value.get(field.name) for field in fields(cls)}
        for name, content in taken.items():
            fits = _FITS.get(name, _is_text)
            if not fits(content):
                raise EnrolmentError("record-damaged", f"{where}: {name} is missing or wrong")
        return cls(**taken)


class RecordWatch:
    """Tells whether `server.json` was replaced since it was read: by another claim, or from a backup."""

    def __init__(self, path: Path) -> None:
        """Remember how it is now; make this before the file is read."""
        self._path = path
        self._seen = self._look()

    def replaced(self) -> bool:
        """Whether another file is there now. One that was taken away changes nothing for now."""
        now = self._look()
        return now is not None and now != self._seen

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_FITS: dict[str, Callable[[object], bool]] = {
    "epoch": lambda value: type(value) is int and value >= 1,
    "ca_file": lambda value: isinstance(value, str | None),
    "receipt_key": seal.is_hash,
    "document_key": seal.is_hash,
}
