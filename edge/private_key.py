"""Private keys of the node in files: PEM (PKCS 8), readable by their owner only, made once."""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.durable_file import write_once
from edge.faults import EnrolmentError


def read(path: Path, *, if_missing: str = "") -> object:
    """Read a key of any kind.

    Args:
        path: of the file.
        if_missing: what to do about a file that is not there, for the sentence.

    Raises:
        EnrolmentError: the file is missing, unreadable or no key.
    """
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise EnrolmentError("key-missing", f"{path} does not exist{if_missing}") from error
    except OSError as error:
        raise EnrolmentError("key-unreadable", f"{path} can't be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise EnrolmentError("key-damaged", f"{path} holds no private key") from error


def other_kind(path: Path, wanted: str) -> EnrolmentError:
    """What is wrong with a file that holds a key of another kind than this."""
    return EnrolmentError("key-damaged", f"{path} holds a key of another kind than {wanted}")


def make_once(path: Path, generate: Callable[[], Ed25519PrivateKey | X25519PrivateKey]) -> None:
    """Make the key where there is none yet; durable on return, and one for all who ask at once.

    Raises:
        OSError: it can't be written.
    """
    write_once(path, lambda: generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
