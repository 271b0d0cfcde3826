from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from central.accounts import Role
from central.app import app_for
from central.database import Database, StoreError
from central.pages import access
from tests.support.board_world import BoardWorld


@pytest.mark.parametrize(
    ("code", "heading"),
    [
        (400, "Isian tidak diterima"),
        (401, "Anda belum masuk"),
        (403, "Tidak berwenang"),
        (404, "Halaman tidak ada"),
        (413, "Kiriman terlalu besar"),
        (429, "Terlalu banyak percobaan"),
        (500, "Gangguan di server"),
        (503, "Server sedang penuh"),
    ],
)
def test_each_refusal_has_a_page_with_a_next_step(app: Flask, code: int, heading: str) -> None:
    app.add_url_rule("/uji", "try", access.anyone(lambda: abort(code)))
    answer = app.test_client().get("/uji")
    assert answer.status_code == code
    assert heading in answer.text
    assert "Langkah berikutnya:" in answer.text
    assert "Ke halaman depan" in answer.text


def test_a_fault_shows_no_innards(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("secret path /var/lib/x")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/rusak", "broken", access.anyone(broken))
    answer = app.test_client().get("/rusak")
    assert answer.status_code == 500
    assert "Gangguan di server" in answer.text
    assert "secret" not in answer.text


def test_the_node_door_answers_in_json(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/v1/nothing").get_json() == {"error": "not-found"}
    wrong = client.get("/v1/claim")
    assert (wrong.status_code, wrong.get_json()) == (405, {"error": "method-not-allowed"})
    assert "POST" in wrong.headers["Allow"]


def test_a_form_that_is_too_large_is_refused(world: BoardWorld) -> None:
    app = app_for(world.office)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = app.test_client().post("/masuk", data={"name": "x" * 2000})
    assert answer.status_code == 413
    assert "Kiriman terlalu besar" in answer.text


def test_a_database_that_fails_is_busy_not_broken(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(Role.LEADER)

    @contextmanager
    def failing(_self: Database) -> Iterator[None]:
        raise StoreError("disk gone")
        yield

    monkeypatch.setattr(Database, "read", failing)
    answer = client.get("/skpd/DINKES", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "Data absen tidak hilang" in answer.text
