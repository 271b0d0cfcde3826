"""The seal in the module's notepad: which host a module belongs to, and which of its states is the last.

Page 15 of the notepad holds a counter (4 bytes) and an HMAC over it and the serial number (28 bytes), with a
key that only this node has. Another module lacks it; an older state of the same one (a copy of its flash that
was written back) carries a smaller counter. Anyone at the wires can read and copy the page, so it proves
nothing against a copy made since the last change: the hashes of the templates are looked at besides.
"""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PAGE_BYTES = 32
_COUNTER_BYTES = 4
_PURPOSE = b"hadir/notepad/v1"


@dataclass(frozen=True, slots=True)
class ModuleSeal:
    """Makes and reads pages with one key."""

    key: bytes

    @classmethod
    def of(cls, template_key: X25519PrivateKey) -> "ModuleSeal":
        """With a key derived from the node's template key: one secret less to keep."""
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
        return cls(derive.derive(template_key.private_bytes_raw()))

    def page(self, serial: str | None, counter: int) -> bytes:
        """What the notepad of this module must hold."""
        head = counter.to_bytes(_COUNTER_BYTES, "big")
        text = b"|".join((_PURPOSE, (serial or "-").encode(), head.hex().encode()))
        return head + hmac.digest(self.key, text, "sha256")[: PAGE_BYTES - _COUNTER_BYTES]

    def counter_in(self, page: bytes, serial: str | None) -> int | None:
        """The counter of a page of ours, or None for any other page."""
        counter = int.from_bytes(page[:_COUNTER_BYTES], "big")
        return counter if hmac.compare_digest(page, self.page(serial, counter)) else None
