"""Canonical bytes, hashes and signatures: the few primitives that every proof rests on.

RFC 8785 (JCS) for the bytes, SHA-256 (RFC 6962 leaf prefix in `chain`), Ed25519 over a domain-separated
message, so that a signature made for one purpose can never be shown as another.
"""

import hashlib
import re
from base64 import b32encode
from typing import TypeGuard

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from attendance.errors import MalformedError, SignatureError

EVENT = "hadir/event/v1"
CHECKPOINT = "hadir/checkpoint/v1"
DOCUMENT = "hadir/document/v1"
CLAIM = "hadir/claim/v1"

_NODE_ID_LENGTH = 16
_HASH = re.compile("[0-9a-f]{64}")


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of a value made of objects, lists, strings, whole numbers, booleans and null.

    Raises:
        MalformedError: it holds a float, a number beyond 2**53 or something that JSON has no form for.
    """
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise MalformedError(f"no canonical form: {error}") from error


def _refuse_floats(value: object) -> None:
    """Floats print differently in different languages, and a hash must not depend on that."""
    if isinstance(value, float):
        raise MalformedError("no canonical form: whole numbers only, with the unit in the name")
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_floats(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_floats(inner)


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def sign(key: Ed25519PrivateKey, domain: str, message: bytes) -> str:
    """Ed25519 signature in hex over `domain || 0x00 || message`."""
    return key.sign(domain.encode() + b"\0" + message).hex()


def verify(public_key_hex: str, domain: str, message: bytes, signature_hex: str) -> None:
    """Check a signature made by `sign`.

    Raises:
        SignatureError: wrong key, wrong domain, altered message, or not hex at all.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex))
        key.verify(bytes.fromhex(signature_hex), domain.encode() + b"\0" + message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the signature does not belong to these bytes and this key") from error


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half, 32 bytes in hex."""
    return key.public_key().public_bytes_raw().hex()


def node_id(public_key_hex: str) -> str:
    """A node's name: 16 base32 letters of the hash of its event key, so nobody can choose another's.

    Raises:
        MalformedError: not 32 bytes in hex.
    """
    try:
        raw = bytes.fromhex(public_key_hex)
    except ValueError as error:
        raise MalformedError("the public key is not hex") from error
    if len(raw) != 32:
        raise MalformedError("the public key is not 32 bytes long")
    return b32encode(hashlib.sha256(raw).digest()).decode().lower()[:_NODE_ID_LENGTH]


def is_hash(value: object) -> TypeGuard[str]:
    """Whether it looks like a SHA-256 in lower-case hex."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
