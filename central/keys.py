"""Central's own keys, in `data_dir/keys`: made once by `init`, mode 0600, never in the database.

`receipt` signs what central holds, `document` signs rules and rosters. Nodes learn both public halves when
they are claimed.
"""

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from central.private_files import PrivateFileError, private_folder, read_private, write_private

_SECRET_BYTES = 32
_NAMES = ("receipt", "document", "session", "nonce")


@dataclass(frozen=True)
class Keys:
    """What central signs and vouches with; never printed.

    Attributes:
        receipt: signs checkpoints. document: signs policies and rosters.
        session_secret: seals the cookies of people. nonce_secret: makes and checks the nonces of nodes.
    """

    receipt: Ed25519PrivateKey = field(repr=False)
    document: Ed25519PrivateKey = field(repr=False)
    session_secret: bytes = field(repr=False)
    nonce_secret: bytes = field(repr=False)

    @cached_property
    def receipt_public(self) -> str:
        """Public half in hex."""
        return seal.public_hex(self.receipt)

    @cached_property
    def document_public(self) -> str:
        """Public half in hex."""
        return seal.public_hex(self.document)


def make_keys(data_dir: Path) -> None:
    """Make the keys that are missing; existing ones stay, since nodes out there trust them."""
    folder = private_folder(data_dir / "keys")
    for name in _NAMES:
        path = folder / f"{name}.key"
        if not path.exists():
            write_private(path, secrets.token_bytes(_SECRET_BYTES))


def load_keys(data_dir: Path) -> Keys:
    """Read the keys.

    Raises:
        PrivateFileError: one is missing, damaged or open to others.
    """
    receipt, document, session, nonce = (_load(data_dir / "keys" / f"{name}.key") for name in _NAMES)
    return Keys(
        Ed25519PrivateKey.from_private_bytes(receipt),
        Ed25519PrivateKey.from_private_bytes(document),
        session,
        nonce,
    )


def _load(path: Path) -> bytes:
    data = read_private(path)
    if len(data) != _SECRET_BYTES:
        raise PrivateFileError(f"{path} rusak: isinya {len(data)} bita, seharusnya {_SECRET_BYTES}.")
    return data
