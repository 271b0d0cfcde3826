"""The note that a template is about to be stored, on the disk before the module is told to.

After a cut it says which slot may hold what. Until that has been looked at, the slot is nobody's.
"""

import json
import logging
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from attendance import seal
from attendance.people import Roster
from attendance.templates import Installed
from edge.durable_file import write_durably

_log = logging.getLogger(__name__)


class IntentFile:
    """`install-intent.json`; one thread.

    Attributes:
        pending: what is being stored, or None.
    """

    def __init__(self, path: Path) -> None:
        """Read what a cut has left."""
        self._path = path
        self.pending = self._read()

    def begin(self, intent: Installed) -> None:
        """From now on this may be in its slot; durable on return. Raises OSError."""
        self._write(asdict(intent))
        self.pending = intent

    def end(self) -> None:
        """It is told, or it is gone; durable on return. Raises OSError."""
        if self.pending is not None:
            self._write(None)
            self.pending = None

    def without_pending(self, roster: Roster) -> Roster:
        """A roster in which the slot of `pending` is nobody's: a torn template may match anybody."""
        if self.pending is None or self.pending.slot not in roster.slots:
            return roster
        slots = {slot: person for slot, person in roster.slots.items() if slot != self.pending.slot}
        return replace(roster, slots=slots)

    def _write(self, value: dict[str, Any] | None) -> None:
        write_durably(self._path, json.dumps(value).encode())

    def _read(self) -> Installed | None:
        try:
            values = json.loads(self._path.read_bytes())
            return None if values is None else _parsed(values)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            # It says nothing any more. What may be in the slot has no name in any book, so it is nobody's,
            # and the comparison of slots and books tells of it.
            _log.warning("%s is not used: %r", self._path.name, error)
            return None


def _parsed(values: dict[str, Any]) -> Installed:
    texts = {one.name: values[one.name] for one in fields(Installed)}
    slot = texts.pop("slot")
    if type(slot) is not int or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a field is of another kind")
    if not seal.is_hash(texts["sha256"]):
        raise ValueError("the hash is none")
    return Installed(slot=slot, **texts)
