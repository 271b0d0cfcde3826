"""The node's private keys: made here, on the node, and never anywhere else.

Two of them: `event.key` signs what happened and belongs to the punch process; `transport.key` signs requests
and belongs to sync.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import private_key


def load(path: Path) -> Ed25519PrivateKey:
    """Read a key.

    Raises:
        EnrolmentError: the file is missing, unreadable or no Ed25519 key. A new key is never made in its
            place: that would be another node.
    """
    key = private_key.read(path, if_missing=": claim this node first")
    if not isinstance(key, Ed25519PrivateKey):
        raise private_key.other_kind(path, "Ed25519")
    return key


def load_or_create(path: Path) -> Ed25519PrivateKey:
    """Read the key, or make it where there is none yet; durable on return, and one for all who ask at once.

    Raises:
        EnrolmentError: a file is there and is no key. OSError: it can't be written.
    """
    private_key.make_once(path, Ed25519PrivateKey.generate)
    return load(path)
