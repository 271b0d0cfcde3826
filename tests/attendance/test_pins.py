"""What is kept of a PIN, and the document that carries it to a node."""

from typing import Any

import pytest

from attendance import pins, seal
from attendance.errors import MalformedError, PersonError
from attendance.pins import NOBODYS, Pin, PinHash

SALT = bytes(range(16))
HASH = PinHash.of("480173", SALT)


def test_a_pin_matches_its_own_hash_and_no_other_does() -> None:
    kept = PinHash.parse(HASH.text())
    assert kept == HASH
    assert kept.matches("480173")
    assert not kept.matches("480174")
    assert PinHash.of("480173", bytes(16)) != HASH
    assert not any(NOBODYS.matches(pin) for pin in ("000000", "480173"))


def test_neither_pin_nor_hash_can_be_seen_in_what_is_printed() -> None:
    assert "480173" not in HASH.text()
    assert HASH.key.hex() not in repr(Pin("p", "4711", HASH))
    assert str(HASH.key) not in repr(Pin("p", "4711", HASH))


def test_an_unknown_number_costs_as_much_work_as_a_known_one() -> None:
    assert (NOBODYS.n, NOBODYS.r, NOBODYS.p) == (HASH.n, HASH.r, HASH.p)


@pytest.mark.parametrize(
    "change",
    [
        ("scrypt", "bcrypt"),
        ("$8192$", "$8191$"),
        ("$8192$", "$131072$"),
        ("$8192$", "$0$"),
        ("$8192$8$", "$8192$0$"),
        ("$8192$8$", "$8192$64$"),
        ("$8$1$", "$8$9$"),
        ("$AAECAwQFBgcICQoLDA0ODw==$", "$AAEC$"),
        ("$AAECAwQFBgcICQoLDA0ODw==$", "$AAECAwQFBgcICQoLDA0ODw=$"),
    ],
)
def test_a_hash_of_another_form_or_with_work_without_end_is_refused(change: tuple[str, str]) -> None:
    text = HASH.text()
    assert change[0] in text
    with pytest.raises(MalformedError):
        PinHash.parse(text.replace(*change, 1))


def test_the_document_is_the_same_for_the_same_people_in_any_order() -> None:
    people = [Pin("p-2", "1234", HASH), Pin("p-1", "5678", HASH)]
    data = seal.canonical(pins.content(people))
    assert data == seal.canonical(pins.content(reversed(people)))
    assert set(pins.parse(data)) == set(people)
    assert pins.parse(seal.canonical(pins.content([]))) == ()


ROW = {"person": "p-1", "number": "1234", "hash": HASH.text()}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"v": 1},
        {"pins": {"1": ROW}},
        {"pins": ["1234"]},
        {"pins": [{**ROW, "number": "0123"}]},
        {"pins": [{**ROW, "number": "123"}]},
        {"pins": [{**ROW, "number": 1234}]},
        {"pins": [{**ROW, "person": "../x"}]},
        {"pins": [{**ROW, "hash": "480173"}]},
        {"pins": [ROW, {**ROW, "person": "p-2"}]},
    ],
)
def test_a_document_that_is_none_is_refused(document: Any) -> None:
    with pytest.raises(MalformedError):
        pins.parse(seal.canonical(document))


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        pins.parse(data)


@pytest.mark.parametrize("text", ["12345", "1234567", "12345a", "١٢٣٤٥٦", " 12345", ""])
def test_only_six_plain_digits_are_a_pin(text: str) -> None:
    with pytest.raises(PersonError):
        pins.check_pin(text)
