"""What is sealed opens for its reader and purpose alone, and every altered bit is seen."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from attendance import sealing
from attendance.errors import MalformedError
from attendance.sealing import SealError

KEY, OTHER = (X25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
PUBLIC = sealing.public_hex(KEY)
PARTS = st.text(st.characters(exclude_characters="|", exclude_categories=("Cs",)), max_size=12)


@given(plain=st.binary(max_size=2000), what=PARTS, parts=st.lists(PARTS, max_size=4))
def test_what_is_sealed_opens_again(plain: bytes, what: str, parts: list[str]) -> None:
    purpose = sealing.purpose(what, *parts)
    sealed = sealing.seal_to(PUBLIC, plain, purpose)
    assert len(sealed) == len(plain) + sealing.OVERHEAD_BYTES
    assert sealing.open_sealed(KEY, sealed, purpose) == plain
    assert sealing.seal_to(PUBLIC, plain, purpose) != sealed


@given(one=st.lists(PARTS, min_size=1, max_size=4), other=st.lists(PARTS, min_size=1, max_size=4))
def test_two_purposes_never_have_the_same_text(one: list[str], other: list[str]) -> None:
    assert (sealing.purpose(*one) == sealing.purpose(*other)) == (one == other)


@given(before=PARTS, after=PARTS, place=st.integers(0, 2))
def test_a_part_with_the_separator_is_refused(before: str, after: str, place: int) -> None:
    parts = ["a", "b", "c"]
    parts[place] = f"{before}|{after}"
    with pytest.raises(MalformedError, match="separator"):
        sealing.purpose(*parts)


def test_another_purpose_or_reader_opens_nothing() -> None:
    sealed = sealing.seal_to(PUBLIC, b"finger", sealing.purpose("install", "node", "p1", "t1"))
    assert sealing.open_sealed(KEY, sealed, "hadir/install/v1|node|p1|t1") == b"finger"
    for parts in (("search", "node", "p1", "t1"), ("install", "node", "p2", "t1"), ("install", "node", "p1")):
        with pytest.raises(SealError, match=parts[0]):
            sealing.open_sealed(KEY, sealed, sealing.purpose(*parts))
    with pytest.raises(SealError):
        sealing.open_sealed(OTHER, sealed, sealing.purpose("install", "node", "p1", "t1"))


def test_every_flipped_bit_is_seen() -> None:
    sealed = sealing.seal_to(PUBLIC, b"f", "p")
    for bit in range(len(sealed) * 8):
        bad = bytearray(sealed)
        bad[bit // 8] ^= 1 << bit % 8
        if bit == 255:  # the highest bit of an X25519 key has no meaning, but HPKE binds the bytes
            assert bad != sealed
        with pytest.raises(SealError):
            sealing.open_sealed(KEY, bytes(bad), "p")


@given(noise=st.binary(max_size=200))
def test_noise_is_refused_by_name(noise: bytes) -> None:
    with pytest.raises(SealError):
        sealing.open_sealed(KEY, noise, "p")


@given(cut=st.integers(0, sealing.OVERHEAD_BYTES + 5), more=st.binary(min_size=1, max_size=5))
def test_cut_or_lengthened_is_refused(cut: int, more: bytes) -> None:
    sealed = sealing.seal_to(PUBLIC, b"finger", "p")
    for bad in (sealed[:cut], sealed + more):
        with pytest.raises(SealError):
            sealing.open_sealed(KEY, bad, "p")


@pytest.mark.parametrize(
    "text", [None, 7, b"ab" * 32, "", "ab", "AB" * 32, "zz" * 32, "ab" * 33, " " + "ab" * 31 + "a"], ids=repr
)
def test_what_is_no_key_is_refused(text: object) -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        sealing.check_public_hex(text)
    with pytest.raises((MalformedError, TypeError)):
        sealing.seal_to(text, b"x", "p")  # type: ignore[arg-type]


def test_a_key_that_everybody_could_open_for_is_refused() -> None:
    for point in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(MalformedError, match="honest"):
            sealing.seal_to(point.hex(), b"finger", "p")
    assert sealing.check_public_hex(PUBLIC) == PUBLIC
