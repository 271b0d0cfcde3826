"""Whether a request really comes from the node that it names: RFC 9421 with Ed25519, and a nonce of ours.

A node's clock may be decades off, so no time that it states counts; what makes a request fresh is a nonce
that central made no longer than ten minutes ago. The nonce carries its own time and seal, so no web process
has to remember it. A request repeated within that time changes nothing: every one of them is idempotent.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from attendance.errors import EvidenceError

NONCE_LIFETIME = timedelta(minutes=10)
_LIFETIME_MS = NONCE_LIFETIME // timedelta(milliseconds=1)
_SEAL_BYTES = 16
_NONCE_BYTES = 8 + 8 + _SEAL_BYTES
_COVERED = ("@method", "@path", "@query")


class RequestSignatureError(EvidenceError):
    """The request is not signed by the node that it names."""

    code = "bad-request-signature"


class StaleNonceError(EvidenceError):
    """The nonce is too old, or not ours: fetch a new one."""

    code = "nonce-stale"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature can cover of a request.

    Attributes:
        url: any scheme and host, then the target exactly as it was sent.
        body: the bytes as they were sent, still compressed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def make_nonce(secret: bytes, now_ms: int) -> str:
    """A nonce that `check_nonce` takes for ten minutes."""
    stamp = now_ms.to_bytes(8, "big") + secrets.token_bytes(8)
    return base64.urlsafe_b64encode(stamp + _seal(secret, stamp)).decode().rstrip("=")


def check_nonce(secret: bytes, nonce: object, now_ms: int) -> None:
    """Take a nonce of ours that is fresh.

    Raises:
        StaleNonceError: any other.
    """
    try:
        raw = base64.urlsafe_b64decode(str(nonce) + "==")
    except ValueError as error:
        raise StaleNonceError("the nonce is not one of ours") from error
    stamp, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    if len(raw) != _NONCE_BYTES or not hmac.compare_digest(seal, _seal(secret, stamp)):
        raise StaleNonceError("the nonce is not one of ours")
    made_ms = int.from_bytes(stamp[:8], "big")
    if not made_ms <= now_ms <= made_ms + _LIFETIME_MS:
        raise StaleNonceError("the nonce is too old")


def verify_request(request: SignedRequest, node: str, transport_key: str, secret: bytes, now_ms: int) -> None:
    """Check that `node` signed method, path, query and body, with a fresh nonce.

    Args:
        request: as it was received.
        node: whom the path names; the signature must name the same.
        transport_key: that node's public key in hex.
        secret: central's nonce secret.
        now_ms: the clock that nonces are made by.

    Raises:
        RequestSignatureError: not signed, not by this node, or something else than was signed.
        StaleNonceError: rightly signed, long ago.
    """
    verifier = _Verifier(
        signature_algorithm=algorithms.ED25519, key_resolver=_OneKey({node: bytes.fromhex(transport_key)})
    )
    try:
        results = verifier.verify(request, max_age=None, require_components=_COVERED, body=request.body)
    except HTTPMessageSignaturesException as error:
        raise RequestSignatureError(f"the request is not signed by {node}: {error}") from error
    check_nonce(secret, results[0].nonce, now_ms)


class _Verifier(HTTPMessageVerifier):
    require_created = False

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Times that a node states say nothing here."""


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys

    def resolve_public_key(self, key_id: str) -> Any:
        raw = self._keys.get(key_id)
        return Ed25519PublicKey.from_public_bytes(raw) if raw is not None else None

    def resolve_private_key(self, key_id: str) -> Any:
        raise NotImplementedError(f"central holds no private key of {key_id}")


def _seal(secret: bytes, stamp: bytes) -> bytes:
    return hmac.new(secret, b"hadir/nonce/v1" + stamp, hashlib.sha256).digest()[:_SEAL_BYTES]
