"""Sealed for one reader: HPKE (RFC 9180), so that what carries a template can't read it.

Base mode with X25519, HKDF-SHA256 and AES-256-GCM. The purpose is bound into the seal: what was sealed for
one person, node and direction opens for no other. Who sealed it is not proven; that is the business of the
signed order or request it travels with.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from attendance import seal
from attendance.errors import EvidenceError, MalformedError

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
OVERHEAD_BYTES = 48
"""Ephemeral key and tag: a sealed text is longer by this much."""


class SealError(EvidenceError):
    """It was not sealed for this reader and purpose, or was altered on its way."""

    code = "bad-seal"


def purpose(what: str, *parts: str) -> str:
    """The text that is bound into a seal, such as `hadir/export/v1|node|person|right-index`.

    Raises:
        MalformedError: a part holds the separator, so that two purposes could have the same text.
    """
    if any("|" in part for part in (what, *parts)):
        raise MalformedError("a part of a seal's purpose holds the separator")
    return "|".join((f"hadir/{what}/v1", *parts))


def seal_to(public_key_hex: str, plain: bytes, for_what: str) -> bytes:
    """Seal for the holder of a key.

    Args:
        public_key_hex: X25519, 32 bytes in hex.
        plain: what nobody else may read.
        for_what: the reader must name the same; see `purpose`.

    Raises:
        MalformedError: it is no such key, or a part of it that everybody could open.
    """
    try:
        return _SUITE.encrypt(plain, _public(public_key_hex), for_what.encode())
    except ValueError as error:
        raise MalformedError("this key is a point that no honest reader has") from error


def open_sealed(key: X25519PrivateKey, sealed: bytes, for_what: str) -> bytes:
    """What was sealed.

    Raises:
        SealError: not for this key and purpose, cut short, or altered.
    """
    try:
        return _SUITE.decrypt(sealed, key, for_what.encode())
    except (InvalidTag, ValueError) as error:
        raise SealError(f"this was not sealed for this reader as {for_what!r}") from error


def public_hex(key: X25519PrivateKey) -> str:
    """The public half, 32 bytes in hex."""
    return key.public_key().public_bytes_raw().hex()


def check_public_hex(text: object) -> str:
    """A public key as it travels.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(text, str):
        raise MalformedError("a key to seal for is 32 bytes in hex")
    _public(text)
    return text


def _public(text: str) -> X25519PublicKey:
    if not seal.is_hash(text):
        raise MalformedError("a key to seal for is 32 bytes in lower-case hex")
    return X25519PublicKey.from_public_bytes(bytes.fromhex(text))
