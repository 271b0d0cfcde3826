"""The key that templates are sealed for: made once, readable by its owner only, never replaced in silence."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from attendance import sealing
from edge import template_key
from edge.faults import EnrolmentError


def test_the_key_is_made_once_and_opens_what_was_sealed_for_it(tmp_path: Path) -> None:
    file = tmp_path / "template.key"
    made = template_key.load_or_create(file)
    assert file.stat().st_mode & 0o777 == 0o600
    sealed = sealing.seal_to(sealing.public_hex(made), b"secret", "x")
    assert sealing.open_sealed(template_key.load_or_create(file), sealed, "x") == b"secret"


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError) as caught:
        template_key.load(tmp_path / "template.key")
    assert caught.value.kind == "key-missing"


@pytest.mark.parametrize("other", [False, True])
def test_a_file_that_is_no_such_key_is_refused_and_stays(tmp_path: Path, other: bool) -> None:
    file = tmp_path / "template.key"
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem if other else pem[:40])
    before = file.read_bytes()
    with pytest.raises(EnrolmentError) as caught:
        template_key.load_or_create(file)
    assert caught.value.kind == "key-damaged"
    assert file.read_bytes() == before
    file.unlink()
    file.mkdir()
    with pytest.raises(EnrolmentError) as caught:
        template_key.load_or_create(file)
    assert caught.value.kind == "key-unreadable"
