"""`sync-cursor.json`: how far central signed for this node's events, and what is still to be told.

The file is a hint and never a proof: the receipt in it is verified again when it is read, against central's
key and against the node's own events. A lost or damaged file costs one question to central, never an event.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from attendance import seal
from attendance.errors import MalformedError
from edge.durable_file import write_durably

LOG = logging.getLogger(__name__)


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


class CursorFile:
    """The file and what it holds now.

    Attributes:
        now: the cursor.
        damaged: whether the file was there and could not be relied on when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """Read it; a damaged file counts as none."""
        self._path = path
        loaded = _load(path)
        self.damaged = loaded is None
        self.now = loaded or Cursor()

    def keep(self, cursor: Cursor) -> None:
        """Make this the cursor, durably where the disk allows.

        On a full disk sync goes on from memory: bringing events to safety matters more, and losing the cursor
        costs one question to central.
        """
        self.now = cursor
        try:
            write_durably(self._path, _encoded(cursor))
        except OSError as error:
            LOG.warning("the cursor can't be written: %s", error)

    def alarm(self, key: str, kind: str, details: Mapping[str, Any]) -> None:
        """Note something that people must know; it becomes a signed event, once for each key."""
        if key not in self.now.told:
            LOG.error("%s %s", kind, details)
            content = {"alarm": {"kind": kind, **details}}
            self.keep(replace(self.now, alarms=(*self.now.alarms, content), told=(*self.now.told, key)))


def _encoded(cursor: Cursor) -> bytes:
    fields = {
        "v": 1,
        "receipt": cursor.receipt,
        "photos_done": cursor.photos_done,
        "alarms": [dict(alarm) for alarm in cursor.alarms],
        "told": list(cursor.told),
    }
    return seal.canonical({"cursor": fields, "sha256": seal.sha256_hex(seal.canonical(fields))})


def _load(path: Path) -> Cursor | None:
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
