"""The node's private keys: made here, on the node, and never anywhere else.

Two of them: `event.key` signs what happened and belongs to the punch process; `transport.key` signs requests
and belongs to sync. PEM (PKCS 8), readable by their owner only.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.durable_file import write_once
from edge.faults import EnrolmentError


def load(path: Path) -> Ed25519PrivateKey:
    """Read a key.

    Raises:
        EnrolmentError: the file is missing, unreadable or no Ed25519 key. A new key is never made in its
            place: that would be another node.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise EnrolmentError("key-missing", f"{path} does not exist: claim this node first") from error
    except OSError as error:
        raise EnrolmentError("key-unreadable", f"{path} can't be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise EnrolmentError("key-damaged", f"{path} holds no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise EnrolmentError("key-damaged", f"{path} holds a key of another kind than Ed25519")
    return key


def load_or_create(path: Path) -> Ed25519PrivateKey:
    """Read the key, or make it where there is none yet; durable on return, and one for all who ask at once.

    Raises:
        EnrolmentError: a file is there and is no key. OSError: it can't be written.
    """
    write_once(path, _new)
    return load(path)


def _new() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
