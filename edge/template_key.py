"""The node's key for templates: what central seals for this node only the holder of this key can open.

X25519, in `template.key`; made and held by the punch process. The sync process carries sealed templates and
never sees this key.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge import private_key


def load(path: Path) -> X25519PrivateKey:
    """Read the key.

    Raises:
        EnrolmentError: the file is missing, unreadable or no X25519 key.
    """
    key = private_key.read(path)
    if not isinstance(key, X25519PrivateKey):
        raise private_key.other_kind(path, "X25519")
    return key


def load_or_create(path: Path) -> X25519PrivateKey:
    """Read the key, or make it where there is none yet; durable on return, and one for all who ask at once.

    A damaged key is not replaced: what has been sealed for it, and the seal in the module's notepad, would
    silently become worthless.

    Raises:
        EnrolmentError: a file is there and is no key. OSError: it can't be written.
    """
    private_key.make_once(path, X25519PrivateKey.generate)
    return load(path)
