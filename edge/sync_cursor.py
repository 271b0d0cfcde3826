"""`sync-cursor.json`: how far central signed for this node's events, and what is still to be told.

The file is a hint and never a proof: the receipt in it is verified again when it is read, against central's
key and against the node's own events. A lost or damaged file costs one question to central, never an event.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendance import seal
from attendance.errors import MalformedError
from edge.durable_file import write_durably


@dataclass(frozen=True, slots=True)
class Cursor:
    """What survives a restart of the sync process.

    Attributes:
        receipt: central's last signed checkpoint as it came, or None.
        photos_done: photos named by events up to this number are delivered or given up.
        alarms: contents of health events that the punch process has not taken yet, oldest first.
        told: keys of alarms that stand, so that each is told once.
    """

    receipt: str | None = None
    photos_done: int = 0
    alarms: tuple[Mapping[str, Any], ...] = ()
    told: tuple[str, ...] = ()


def load_cursor(path: Path) -> Cursor | None:
    """Read the file; a fresh cursor where there is none, None where it is damaged or can't be read."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Cursor()
    except (OSError, ValueError, RecursionError):
        return None
    fields = value.get("cursor") if isinstance(value, dict) else None
    if not isinstance(fields, dict):
        return None
    try:
        whole = seal.sha256_hex(seal.canonical(fields)) == value.get("sha256")
    except MalformedError:
        return None
    return _parse(fields) if whole else None


def save_cursor(path: Path, cursor: Cursor) -> None:
    """Write it durably.

    Raises:
        OSError: the disk is full or broken; the old file stands.
    """
    fields = {
        "v": 1,
        "receipt": cursor.receipt,
        "photos_done": cursor.photos_done,
        "alarms": [dict(alarm) for alarm in cursor.alarms],
        "told": list(cursor.told),
    }
    write_durably(path, seal.canonical({"cursor": fields, "sha256": seal.sha256_hex(seal.canonical(fields))}))


def _parse(fields: Mapping[str, Any]) -> Cursor | None:
    receipt, photos_done = fields.get("receipt"), fields.get("photos_done")
    alarms, told = fields.get("alarms"), fields.get("told")
    if not isinstance(receipt, str | None) or type(photos_done) is not int or photos_done < 0:
        return None
    if not isinstance(alarms, list) or not isinstance(told, list):
        return None
    if not all(isinstance(alarm, dict) for alarm in alarms) or not all(isinstance(key, str) for key in told):
        return None
    return Cursor(receipt, photos_done, tuple(alarms), tuple(told))
