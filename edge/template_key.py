"""The node's key for templates: what central seals for this node only the holder of this key can open.

X25519, in `template.key`; made and held by the punch process. The sync process carries sealed templates and
never sees this key.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.durable_file import write_once
from edge.faults import EnrolmentError


def load(path: Path) -> X25519PrivateKey:
    """Read the key.

    Raises:
        EnrolmentError: the file is missing, unreadable or no X25519 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise EnrolmentError("key-missing", f"{path} does not exist") from error
    except OSError as error:
        raise EnrolmentError("key-unreadable", f"{path} can't be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise EnrolmentError("key-damaged", f"{path} holds no private key") from error
    if not isinstance(key, X25519PrivateKey):
        raise EnrolmentError("key-damaged", f"{path} holds a key of another kind than X25519")
    return key


def load_or_create(path: Path) -> X25519PrivateKey:
    """Read the key, or make it where there is none yet; durable on return, and one for all who ask at once.

    A damaged key is not replaced: what has been sealed for it, and the seal in the module's notepad, would
    silently become worthless.

    Raises:
        EnrolmentError: a file is there and is no key. OSError: it can't be written.
    """
    write_once(path, _new)
    return load(path)


def _new() -> bytes:
    key = X25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
