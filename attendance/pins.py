"""The other way in, for people whose fingers no sensor reads: a number, a PIN, and what is kept of them.

A node gets number and hash of the people who work there, sealed for its key. Six digits are found by trying
whatever the hash: what protects them is the seal, the pause after wrong tries, and the finger of a witness.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attendance.errors import MalformedError, PersonError
from attendance.people import check_employee_id

PIN_DIGITS = 6
NUMBER_DIGITS = range(4, 7)
_PIN = re.compile(r"[0-9]{6}")
_NUMBER = re.compile(r"[1-9][0-9]{3,5}")
_BASE64 = r"([A-Za-z0-9+/=]{1,88})"
_FORM = re.compile(rf"scrypt\$([0-9]{{1,6}})\$([0-9]{{1,2}})\$([0-9])\${_BASE64}\${_BASE64}")

# 8 MiB, and 25 ms on one core of the server where it was measured (AMD EPYC). A Pi 4 takes three to four
# times as long, about 100 ms: nobody at the door notices, and the punch process does it beside its loop.
N, R, P = 2**13, 8, 1
SALT_BYTES, KEY_BYTES = 16, 32
_MOST_N, _MOST_R, _MOST_P = 2**15, 8, 4  # 32 MiB: a small Pi has half a GiB for everything


@dataclass(frozen=True, slots=True)
class PinHash:
    """What is kept of a PIN.

    Attributes:
        n, r, p: the work, as in RFC 7914.
    """

    n: int
    r: int
    p: int
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, pin: str, salt: bytes) -> "PinHash":
        """The hash of a PIN; the salt is random and used once."""
        return cls(N, R, P, salt, _derived(pin, salt, N, R, P))

    @classmethod
    def parse(cls, text: str) -> "PinHash":
        """Read `scrypt$<n>$<r>$<p>$<salt>$<key>`, both in base64.

        Raises:
            MalformedError: it has another form, or asks for work that no node should be made to do.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise MalformedError("this is not the hash of a PIN")
        n, r, p = (int(number) for number in found.groups()[:3])
        if not (1 < n <= _MOST_N and n & (n - 1) == 0 and 0 < r <= _MOST_R and 0 < p <= _MOST_P):
            raise MalformedError(f"scrypt with {n}, {r}, {p} is not done here")
        try:
            salt, key = (base64.b64decode(part, validate=True) for part in found.groups()[3:])
        except binascii.Error as error:
            raise MalformedError("the hash of a PIN is not in base64") from error
        if len(salt) < SALT_BYTES or len(key) != KEY_BYTES:
            raise MalformedError("the hash of a PIN has the wrong length")
        return cls(n, r, p, salt, key)

    def text(self) -> str:
        """The form in which it is stored and travels."""
        salt, key = (base64.b64encode(part).decode() for part in (self.salt, self.key))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${key}"

    def matches(self, pin: str) -> bool:
        """Whether this is the PIN. Takes its time, and the same time whatever the answer."""
        return hmac.compare_digest(_derived(pin, self.salt, self.n, self.r, self.p), self.key)


NOBODYS = PinHash(N, R, P, bytes(SALT_BYTES), bytes(KEY_BYTES))
"""Checked in place of a number that nobody has, so that the time of the answer does not tell which exist."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One person's way in.

    Attributes:
        number: what is typed before the PIN; unique in the regency, and no secret.
    """

    person: str
    number: str
    hash: PinHash


def check_pin(text: str) -> str:
    """Six digits.

    Raises:
        PersonError: it is something else.
    """
    if not _PIN.fullmatch(text):
        raise PersonError("a PIN has six digits")
    return text


def check_number(text: str) -> str:
    """Four to six digits that do not begin with 0.

    Raises:
        PersonError: it is something else.
    """
    if not _NUMBER.fullmatch(text):
        raise PersonError(f"{text[:40]!r} is no number to type before a PIN")
    return text


def content(pins: Iterable[Pin]) -> dict[str, Any]:
    """The document that is sealed for a node, in an order of its own."""
    rows = sorted((pin.person, pin.number, pin.hash.text()) for pin in pins)
    return {
        "v": 1,
        "pins": [{"person": person, "number": number, "hash": text} for person, number, text in rows],
    }


def parse(data: bytes) -> tuple[Pin, ...]:
    """Read the document.

    Raises:
        MalformedError: it is none, or two people have the same number.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the PINs are not JSON") from error
    rows = document.get("pins") if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise MalformedError("the PINs are not a list")
    pins = tuple(_pin(row) for row in rows)
    if len({pin.number for pin in pins}) < len(pins):
        raise MalformedError("two people have the same number")
    return pins


def _pin(row: object) -> Pin:
    fields = row if isinstance(row, Mapping) else {}
    person, number, text = (fields.get(key) for key in ("person", "number", "hash"))
    if not (isinstance(person, str) and isinstance(number, str) and isinstance(text, str)):
        raise MalformedError("a PIN lacks its person, number or hash")
    try:
        return Pin(check_employee_id(person), check_number(number), PinHash.parse(text))
    except PersonError as error:
        raise MalformedError(f"a PIN is wrong: {error}") from error


def _derived(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    room = 128 * r * (n + p + 2) + 1024  # what RFC 7914 needs, which OpenSSL wants to be allowed
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, dklen=KEY_BYTES, maxmem=room)
