"""A parcel is what its maker meant, byte for byte, or it is refused without a word of what is in it."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import seal
from attendance.enrolment import FINGERS
from attendance.errors import MalformedError
from attendance.template_parcel import MAX_SEALED_BYTES, MAX_TEMPLATE_BYTES, MIN_TEMPLATE_BYTES, Parcel

DATA = bytes(range(256)) * 2
SOUND = Parcel("P.19-a", "left-thumb", "r503/1536/-/3", DATA)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def fields() -> dict[str, Any]:
    return dict(json.loads(SOUND.encode()))


@given(
    person=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True),
    finger=st.sampled_from(["", *FINGERS]),
    model_class=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=128),
    data=st.binary(min_size=MIN_TEMPLATE_BYTES, max_size=2000).filter(lambda data: len(set(data)) > 1),
)
def test_a_parcel_comes_back_as_it_was(person: str, finger: str, model_class: str, data: bytes) -> None:
    parcel = Parcel(person, finger, model_class, data)
    assert Parcel.parse(parcel.encode()) == parcel


def test_the_largest_parcel_fits_and_nothing_is_printed() -> None:
    largest = Parcel("p" * 32, "right-little", "c" * 128, bytes(range(256)) * (MAX_TEMPLATE_BYTES // 256))
    assert Parcel.parse(largest.encode()) == largest
    assert len(largest.encode()) < MAX_SEALED_BYTES - 100
    assert "x00" not in repr(largest)


def test_fields_of_a_newer_kind_are_passed_over() -> None:
    assert Parcel.parse(seal.canonical(fields() | {"quality": 7, "zone": ["x"]})) == SOUND


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"v": "1"}, {"v": None}, {"v": True}, {"person": ""}, {"person": "a b"}, {"person": 7},
        {"person": "p" * 33}, {"finger": "thumb"}, {"finger": None}, {"finger": ["left-thumb"]},
        {"class": ""}, {"class": "c" * 129}, {"class": None}, {"sha256": "0" * 64}, {"sha256": None},
        {"data": None}, {"data": "é"}, {"data": "AA=A"}, {"data": "A" * 5},
        {"data": b64encode(DATA[:63]).decode()}, {"data": b64encode(bytes(512)).decode()},
        {"data": b64encode(bytes(MAX_TEMPLATE_BYTES + 1)).decode()}, {"data": b64encode(DATA[1:]).decode()},
    ],
    ids=lambda change: str(change)[:40],
)  # fmt: skip
def test_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Parcel.parse(seal.canonical(fields() | change))


@pytest.mark.parametrize("key", ["v", "person", "finger", "class", "sha256", "data"])
def test_a_missing_field_is_refused(key: str) -> None:
    with pytest.raises(MalformedError):
        Parcel.parse(seal.canonical({name: value for name, value in fields().items() if name != key}))


@pytest.mark.parametrize("data", [b"", DATA[:63], bytes(512), b"\xff" * 1536, DATA * 17], ids=len)
def test_what_can_be_no_template_is_refused_with_its_right_hash_too(data: bytes) -> None:
    with pytest.raises(MalformedError, match="template"):
        Parcel.parse(Parcel("p1", "", "c", data).encode())


def test_another_spelling_of_the_same_is_refused() -> None:
    sound = SOUND.encode()
    twice = sound.replace(b'{"class"', b'{"class":"x","class"', 1)
    for bad in (sound + b" ", json.dumps(fields()).encode(), twice, sound.replace(b"left", b"l\\u0065ft")):
        with pytest.raises(MalformedError, match="canonical"):
            Parcel.parse(bad)


@given(noise=st.binary(max_size=200) | JSON.map(seal.canonical))
def test_noise_is_refused_by_name(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        Parcel.parse(noise)


@pytest.mark.parametrize(
    "bad", [b"[" * 100_000, b'{"v":1.5}', b'{"v":1e999}', b'{"v":NaN}', b"\xff{}"], ids=repr
)
def test_hostile_json_is_refused_by_name(bad: bytes) -> None:
    with pytest.raises(MalformedError):
        Parcel.parse(bad)


@given(change=st.dictionaries(st.sampled_from(sorted(fields())), JSON))
def test_a_refusal_never_quotes_a_template(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        Parcel.parse(seal.canonical(fields() | {"sha256": "0" * 64} | change))
    assert b64encode(DATA)[:24].decode() not in str(refusal.value)
    assert len(str(refusal.value)) < 150
