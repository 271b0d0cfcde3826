"""A photo is believed only when the whole has the hash that a signed event names."""

import hashlib
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from attendance.errors import OversizeError
from central import photos
from central.photos import Progress, WrongHashError, WrongOffsetError
from central.tables import photo as photo_table
from central.tables import photo_subject
from tests.support.central import Central
from tests.support.central_node import CentralNode, error_of

JPEG = os.urandom(100_000)
NAME = hashlib.sha256(JPEG).hexdigest()


def at(name: str = NAME, event: object = 1, epoch: object = 1) -> str:
    return f"/photos/{name}?epoch={epoch}&event={event}"


def send(node: CentralNode, name: str, offset: int, length: int, piece: bytes, event: int = 1) -> object:
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(length)}
    return node.request("PATCH", at(name, event), piece, headers)


def ask(node: CentralNode, name: str = NAME, event: int = 1) -> tuple[int, str | None, str | None]:
    response = node.request("HEAD", at(name, event))
    return (
        response.status_code,
        response.headers.get("Upload-Offset"),
        response.headers.get("Upload-Complete"),
    )


def named(node: CentralNode) -> None:
    node.punch("p1", photo=NAME)
    node.sent()


def test_a_photo_arrives_in_pieces_and_is_then_whole(central: Central, node: CentralNode) -> None:
    named(node)
    assert ask(node) == (200, "0", "?0")
    first = send(node, NAME, 0, len(JPEG), JPEG[:60_000])
    assert first.headers["Upload-Offset"] == "60000"  # type: ignore[attr-defined]
    assert ask(node) == (200, "60000", "?0")
    assert send(node, NAME, 60_000, len(JPEG), JPEG[60_000:]).status_code == 200  # type: ignore[attr-defined]
    assert ask(node) == (200, str(len(JPEG)), "?1")
    assert photos.photo_file(central.office.config.photo_dir, NAME).read_bytes() == JPEG
    assert [(row.sha256, row.size_bytes) for row in central.rows(select(photo_table))] == [(NAME, len(JPEG))]


def test_a_photo_that_no_event_names_is_not_taken(central: Central, node: CentralNode) -> None:
    named(node)
    other = CentralNode(central, seed=2)
    other.claim()
    for asked in (
        send(node, "0" * 64, 0, 5, b"12345"),
        send(other, NAME, 0, len(JPEG), JPEG[:50]),
        other.request("HEAD", at()),
        node.request("HEAD", at(event=2)),
        node.request("HEAD", at(epoch=2)),
    ):
        assert asked.status_code == 404  # type: ignore[attr-defined]
    assert list(central.office.config.photo_dir.glob("**/*.*")) == []


def test_names_that_are_no_hashes_reach_no_file(central: Central, node: CentralNode) -> None:
    for name in ("..%2f..%2fkeys%2fnonce.key", "A" * 64, "0" * 63, "0" * 65, "x" * 64):
        assert node.request("HEAD", at(name)).status_code in (401, 404, 422)


def test_a_photo_with_another_hash_is_thrown_away(central: Central, node: CentralNode) -> None:
    named(node)
    wrong = b"x" + JPEG[1:50]
    response = send(node, NAME, 0, 50, wrong)
    assert error_of(response) == "wrong-hash"  # type: ignore[arg-type]
    assert response.headers["Upload-Offset"] == "0"  # type: ignore[attr-defined]
    assert ask(node) == (200, "0", "?0")
    assert central.rows(select(photo_table)) == []


def test_a_piece_at_the_wrong_place_is_told_the_right_one(node: CentralNode) -> None:
    named(node)
    send(node, NAME, 0, len(JPEG), JPEG[:1000])
    for offset in (0, 999, 1001):
        response = send(node, NAME, offset, len(JPEG), JPEG[offset : offset + 10])
        assert error_of(response) == "wrong-offset"  # type: ignore[arg-type]
        assert response.headers["Upload-Offset"] == "1000"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("offset", "length", "size", "status"),
    [(0, 200_001, 10, 413), (0, 0, 1, 413), (0, 100, 0, 413), (0, 5, 6, 422), (0, 100_000, 65_537, 413)],
)
def test_sizes_beyond_the_limits_are_refused(
    node: CentralNode, offset: int, length: int, size: int, status: int
) -> None:
    named(node)
    assert send(node, NAME, offset, length, JPEG[:size]).status_code == status  # type: ignore[attr-defined]
    assert ask(node) == (200, "0", "?0")


def subjects(central: Central) -> list[tuple[str, int, int]]:
    rows = central.rows(select(photo_subject).order_by(photo_subject.c.seq))
    return [(row.sha256, row.epoch, row.seq) for row in rows]


def test_a_photo_belongs_to_every_event_that_named_it(central: Central, node: CentralNode) -> None:
    for _ in range(2):
        node.punch("p1", photo=NAME)
    node.punch("p1")
    node.sent()
    send(node, NAME, 0, len(JPEG), JPEG[:60_000], event=1)
    assert subjects(central) == []
    send(node, NAME, 60_000, len(JPEG), JPEG[60_000:], event=1)
    assert subjects(central) == [(NAME, 1, 1)]
    for _ in range(2):  # the node asks again where an answer was lost
        assert ask(node, event=2) == (200, str(len(JPEG)), "?1")
        assert subjects(central) == [(NAME, 1, 1), (NAME, 1, 2)]
    assert ask(node, event=3)[0] == 404
    assert len(subjects(central)) == 2


def test_an_entry_that_failed_after_the_last_piece_is_made_when_the_node_asks_again(
    central: Central, node: CentralNode
) -> None:
    named(node)
    photos.take_piece(central.office.config.photo_dir, NAME, 0, len(JPEG), JPEG[:50_000])
    photos.take_piece(central.office.config.photo_dir, NAME, 50_000, len(JPEG), JPEG[50_000:])
    assert central.rows(select(photo_table)) == []
    assert ask(node) == (200, str(len(JPEG)), "?1")
    assert [(row.sha256, row.size_bytes) for row in central.rows(select(photo_table))] == [(NAME, len(JPEG))]
    assert subjects(central) == [(NAME, 1, 1)]


@pytest.mark.parametrize("query", ["", "?epoch=1", "?event=1", "?epoch=1&event=x", "?epoch=1&event=-1"])
def test_an_address_without_the_event_is_refused(node: CentralNode, query: str) -> None:
    named(node)
    headers = {"Upload-Offset": "0", "Upload-Length": "5"}
    assert error_of(node.request("PATCH", f"/photos/{NAME}{query}", b"12345", headers)) == "malformed"


def test_headers_that_are_no_numbers_are_refused(node: CentralNode) -> None:
    named(node)
    for headers in ({}, {"Upload-Offset": "0"}, {"Upload-Offset": "-1", "Upload-Length": "5"}):
        response = node.request("PATCH", at(), b"12345", headers)
        assert error_of(response) == "malformed"


def test_a_whole_photo_is_not_written_over(tmp_path: Path) -> None:
    name = hashlib.sha256(b"abc").hexdigest()
    assert photos.take_piece(tmp_path, name, 0, 3, b"abc") == Progress(3, True)
    with pytest.raises(WrongOffsetError):
        photos.take_piece(tmp_path, name, 0, 3, b"xyz")
    assert photos.photo_file(tmp_path, name).read_bytes() == b"abc"


def test_a_partial_file_that_a_power_cut_spoilt_is_found_out_by_the_hash(tmp_path: Path) -> None:
    name = hashlib.sha256(b"abcdef").hexdigest()
    photos.take_piece(tmp_path, name, 0, 6, b"abc")
    (tmp_path / "partial" / name).write_bytes(b"\0\0\0")
    with pytest.raises(WrongHashError):
        photos.take_piece(tmp_path, name, 3, 6, b"def")
    assert photos.held(tmp_path, name) == Progress(0, False)
    photos.take_piece(tmp_path, name, 0, 6, b"abcdef")


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = hashlib.sha256(b"abcdef").hexdigest()
    photos.take_piece(tmp_path, name, 0, 6, b"abc")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            photos.take_piece(tmp_path, name, 3, 6, b"def")
    assert photos.held(tmp_path, name) == Progress(3, False)
    assert photos.take_piece(tmp_path, name, 3, 6, b"def").complete


def test_a_node_is_told_to_come_back_when_the_disk_is_full(
    node: CentralNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(node)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert send(node, NAME, 0, len(JPEG), JPEG[:10]).status_code == 503  # type: ignore[attr-defined]


def test_a_photo_larger_than_any_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(OversizeError):
        photos.take_piece(tmp_path, NAME, 0, 10_000_000, b"x")
    assert list(tmp_path.iterdir()) == []
