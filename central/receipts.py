"""What central vouches for: signed only for what a durable commit holds, so call it after the transaction."""

import re

from attendance.chain import Link
from attendance.errors import MalformedError
from attendance.exchange import Checkpoint, sign_checkpoint
from central.keys import Keys

_NONCE = re.compile(r"[0-9a-f]{32}")


def check_own_nonce(nonce: str) -> str:
    """A node's own random text, echoed so that the time in the receipt is fresh for it.

    Raises:
        MalformedError: not 16 bytes in hex.
    """
    if not _NONCE.fullmatch(nonce):
        raise MalformedError("the nonce is not 16 bytes in hex")
    return nonce


def receipt(keys: Keys, held: Link, nonce: str, now_ms: int) -> bytes:
    """Sign that `held` is durable here, and what time it is."""
    return sign_checkpoint(
        keys.receipt, Checkpoint(held.node, held.epoch, held.size, held.head, now_ms, nonce)
    )
