"""The PINs of this node's people, opened with its key and kept in memory only."""

import base64
import binascii
import logging

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import pins, sealing
from attendance.errors import EvidenceError, MalformedError
from attendance.people import Roster
from attendance.pins import Pin

_log = logging.getLogger(__name__)


class PinBook:
    """Follows the roster in force: a new one replaces what was known by the one before."""

    def __init__(self, key: X25519PrivateKey) -> None:
        """Nothing is known yet; `key` is the one that central seals for."""
        self._key = key
        self._roster: Roster | None = None
        self._sealed: str | None = None
        self._by_number: dict[str, Pin] = {}
        self.readable = True
        """False where the roster carries PINs that this node can't open."""

    def follow(self, roster: Roster | None) -> None:
        """Take the PINs of this roster. What can't be opened is nobody's, and is said in the log."""
        if roster is self._roster:
            return
        self._roster = roster
        sealed = roster.pins if roster else None
        if sealed == self._sealed:
            return
        self._sealed, self.readable, self._by_number = sealed, True, {}
        if roster is None or sealed is None:
            return
        try:
            plain = sealing.open_sealed(self._key, _bytes(sealed), sealing.purpose("pins", roster.node))
            self._by_number = {pin.number: pin for pin in pins.parse(plain)}
        except EvidenceError as error:
            self.readable = False
            _log.warning("the PINs of roster %d can't be used: %s", roster.serial, error)

    def find(self, number: str) -> Pin | None:
        """Whose number this is, of those on the roster."""
        pin = self._by_number.get(number)
        known = pin is not None and self._roster is not None and pin.person in self._roster.persons
        return pin if known else None

    def __len__(self) -> int:
        """How many people have a PIN here."""
        return len(self._by_number)


def _bytes(sealed: str) -> bytes:
    try:
        return base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise MalformedError("the sealed PINs are not in base64") from error
