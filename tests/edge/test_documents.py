"""Documents of central: verified on arrival and at every start; what does not hold changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.errors import HadirError
from attendance.exchange import sign_document
from attendance.orders import Do, Order, Orders
from attendance.seal import public_hex
from edge.documents import DocumentShelf
from tests.support.door_people import NODE, policy_content, roster_content

KEY = Ed25519PrivateKey.generate()
PUBLIC = public_hex(KEY)


def policy(serial: int = 3, key: Ed25519PrivateKey = KEY) -> bytes:
    return sign_document(key, "policy", serial, policy_content(serial))


def roster(serial: int = 5, **change: Any) -> bytes:
    return sign_document(KEY, "roster", serial, {**roster_content(serial), **change})


def orders(serial: int = 7, node: str = NODE, **change: Any) -> bytes:
    purge = Order("p-0123456789ab", Do.PURGE, "p-budi", slots=(7,), reason="left")
    content = Orders(serial, node, "09" + 31 * "00", (purge,)).content()
    return sign_document(KEY, "orders", serial, {**content, **change})


@pytest.fixture
def shelf(tmp_path: Path) -> DocumentShelf:
    return DocumentShelf(tmp_path, NODE)


def test_a_document_is_in_force_when_it_came_and_after_a_restart(
    shelf: DocumentShelf, tmp_path: Path
) -> None:
    accepted = shelf.accept("policy", policy(), PUBLIC)
    assert accepted is not None
    shelf.accept("roster", roster(), PUBLIC)
    shelf.accept("orders", orders(), PUBLIC)
    again = DocumentShelf(tmp_path, NODE)
    assert again.load(PUBLIC) == {}
    for held in (shelf, again):
        assert [held.serial(kind) for kind in ("policy", "roster", "orders")] == [3, 5, 7]
        assert held.standing.orders is not None
        assert held.standing.orders.orders[0].slots == (7,)
        assert held.standing.policy is not None
        assert held.standing.roster is not None
        assert held.standing.roster.person_in(7) is not None


def test_the_same_document_again_is_fine_and_nothing_new(shelf: DocumentShelf) -> None:
    shelf.accept("policy", policy(), PUBLIC)
    assert shelf.accept("policy", policy(), PUBLIC) is None


def test_a_newer_document_replaces_the_older_one(shelf: DocumentShelf) -> None:
    shelf.accept("policy", policy(3), PUBLIC)
    assert shelf.accept("policy", policy(4), PUBLIC) is not None
    assert shelf.serial("policy") == 4


BAD = {
    "bad-signature": ("policy", policy(9, Ed25519PrivateKey.generate())),
    "malformed": ("policy", b"{}"),
    "not-json": ("policy", b"\xff"),
    "wrong-kind": ("roster", policy(9)),
    "no-kind": ("order", policy(9)),
    "old": ("policy", policy(2)),
    "same-number-other-text": ("policy", sign_document(KEY, "policy", 3, {**policy_content(3), "x": 1})),
    "two-serials": ("policy", sign_document(KEY, "policy", 9, policy_content(8))),
    "foreign": ("roster", roster(9, node="z" * 16)),
    "impossible-rules": ("policy", sign_document(KEY, "policy", 9, {"serial": 9, "policies": []})),
    "foreign-orders": ("orders", orders(9, "z" * 16)),
    "old-orders": ("orders", orders(6)),
    "impossible-orders": ("orders", orders(9, orders=[{"order": "p-1", "do": "purge", "person": "p-budi"}])),
    "unsealable-orders": ("orders", orders(9, central_key="00")),
    "impossible-people": ("roster", roster(9, slots={"1": "p-nobody"})),
}


@pytest.mark.parametrize(("kind", "data"), BAD.values(), ids=BAD.keys())
def test_what_does_not_hold_changes_nothing(
    shelf: DocumentShelf, tmp_path: Path, kind: str, data: bytes
) -> None:
    shelf.accept("policy", policy(), PUBLIC)
    shelf.accept("roster", roster(), PUBLIC)
    shelf.accept("orders", orders(), PUBLIC)
    standing, files = shelf.standing, {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(HadirError):
        shelf.accept(kind, data, PUBLIC)
    assert shelf.standing is standing
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_before_the_claim_no_document_can_be_verified(shelf: DocumentShelf) -> None:
    with pytest.raises(HadirError, match="claimed"):
        shelf.accept("policy", policy(), None)


def test_a_file_that_somebody_changed_is_not_used_and_the_other_one_is(
    shelf: DocumentShelf, tmp_path: Path
) -> None:
    shelf.accept("policy", policy(), PUBLIC)
    shelf.accept("roster", roster(), PUBLIC)
    file = tmp_path / "policy.doc"
    file.write_bytes(file.read_bytes().replace(b"09:00:59", b"11:00:59"))
    again = DocumentShelf(tmp_path, NODE)
    assert again.load(PUBLIC) == {"policy": "bad-signature"}
    assert again.standing.policy is None
    assert again.standing.roster is not None


def test_files_without_a_claim_are_not_used(shelf: DocumentShelf, tmp_path: Path) -> None:
    shelf.accept("policy", policy(), PUBLIC)
    assert DocumentShelf(tmp_path, NODE).load(None) == {"policy": "not-enrolled"}
    (tmp_path / "roster.doc").mkdir()
    assert DocumentShelf(tmp_path, NODE).load(PUBLIC) == {"roster": "unreadable"}


def test_a_full_disk_leaves_the_old_document_in_force(
    shelf: DocumentShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.accept("policy", policy(3), PUBLIC)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.documents.write_durably", full)
    with pytest.raises(OSError, match="No space"):
        shelf.accept("policy", policy(4), PUBLIC)
    assert shelf.serial("policy") == 3
