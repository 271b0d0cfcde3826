import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from central import tables
from central.accounts import Role, create_account, set_password, start_second_factor
from central.app import app_for
from central.config import CentralConfig
from central.office import Office
from tests.support.board_world import PASSWORD, BoardWorld


def token(client: FlaskClient, path: str = "/masuk") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def sign_in(client: FlaskClient, name: str, password: str, **more: str) -> tuple[int, str, str]:
    answer = client.post(
        "/masuk", data={"csrf_token": token(client), "name": name, "password": password, **more}
    )
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def test_the_right_password_lets_in_and_goes_where_one_was_heading(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    client = app.test_client()
    assert (
        client.get("/skpd?x=1", headers={"Accept": "text/html"}).headers["Location"]
        == "/masuk?next=/skpd?x%3D1"
    )
    assert sign_in(client, "Sekda", PASSWORD, next="/skpd?x=1")[:2] == (302, "/skpd?x=1")
    assert client.get("/skpd").status_code == 200


def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    wrong = sign_in(app.test_client(), "sekda", "salah-salah-salah")
    unknown = sign_in(app.test_client(), "tidakada", "salah-salah-salah")
    assert wrong[0] == unknown[0] == 401
    assert "Periksa lalu coba lagi" in wrong[2]
    assert "Periksa lalu coba lagi" in unknown[2]


def test_too_many_guesses_must_wait_and_are_told_how_long(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    client = app.test_client()
    answers = [sign_in(client, "sekda", "salah-salah-salah") for _ in range(7)]
    assert answers[0][0] == 401
    assert answers[-1][0] == 429
    assert "Tunggu" in answers[-1][2]
    assert sign_in(client, "sekda", PASSWORD)[0] == 429
    world.clock.at += timedelta(minutes=16)
    assert sign_in(client, "sekda", PASSWORD)[0] == 302


def test_a_form_without_its_token_is_refused_and_changes_nothing(
    world: BoardWorld, app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    assert app.test_client().post("/masuk", data={"name": "sekda", "password": PASSWORD}).status_code == 400
    signed_in = client_of(Role.LEADER)
    for path in ("/keluar", "/sandi", "/bahasa"):
        answer = signed_in.post(path, data={"csrf_token": "palsu", "language": "en"})
        assert answer.status_code == 400, path
        assert "muat ulang" in answer.text
    assert 'lang="id"' in signed_in.get("/").text


def test_signing_in_never_leads_to_another_site(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    for target in (
        "https://jahat.example/",
        "//jahat.example/",
        "/\\jahat.example",
        "javascript:alert(1)",
        "",
    ):
        assert sign_in(app.test_client(), "sekda", PASSWORD, next=target)[1] == "/", target


def test_a_one_time_link_works_once(world: BoardWorld, app: Flask) -> None:
    link = world.link(world.accounts[Role.LEADER])
    assert app.test_client().head(link).status_code == 200
    first = app.test_client()
    assert first.get(link).status_code == 302
    assert first.get("/").status_code == 200
    second = app.test_client().get(link)
    assert second.status_code == 403
    assert "sudah dipakai atau kedaluwarsa" in second.text
    world.clock.at += timedelta(hours=2)
    late = world.link(world.accounts[Role.LEADER])
    world.clock.at += timedelta(hours=2)
    assert app.test_client().get(late).status_code == 403


def test_tokens_lie_in_the_database_only_as_hashes(world: BoardWorld, app: Flask) -> None:
    link = world.link(world.accounts[Role.LEADER])
    app.test_client().get(link)
    with world.office.database.read() as connection:
        stored = [*connection.scalars(select(tables.sign_in_link.c.token_sha256))]
        stored += connection.scalars(select(tables.session.c.token_sha256)).all()
    assert stored
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in stored)
    assert link.rsplit("/", 1)[1] not in stored


def test_signing_out_closes_the_session_for_a_stolen_cookie_too(
    app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.LEADER)
    cookie = client.get_cookie("hadir")
    assert cookie
    client.post("/keluar", data={"csrf_token": token(client, "/")})
    thief = app.test_client()
    thief.set_cookie("hadir", cookie.value)
    assert thief.get("/skpd", headers={"Accept": "text/html"}).status_code == 302


def test_an_account_without_password_is_asked_to_make_one(
    world: BoardWorld, app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.LEADER)
    assert "Buat kata sandi" in client.get("/").text
    data = {"csrf_token": token(client, "/sandi"), "new": PASSWORD, "again": PASSWORD}
    short = client.post("/sandi", data={**data, "new": "pendek", "again": "pendek"})
    assert (short.status_code, "terlalu pendek" in short.text) == (400, True)
    differing = client.post("/sandi", data={**data, "again": PASSWORD + "x"})
    assert (differing.status_code, "tidak sama" in differing.text) == (400, True)
    assert client.post("/sandi", data=data).status_code == 302
    assert "Buat kata sandi" not in client.get("/").text
    assert sign_in(app.test_client(), "leader", PASSWORD)[0] == 302


def test_a_new_password_needs_the_old_one_and_signs_other_devices_out(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    here, elsewhere = app.test_client(), app.test_client()
    sign_in(here, "sekda", PASSWORD)
    sign_in(elsewhere, "sekda", PASSWORD)
    data = {"csrf_token": token(here, "/sandi"), "new": "kata-sandi-baru-88", "again": "kata-sandi-baru-88"}
    assert here.post("/sandi", data={**data, "current": "bukan-itu-sama-sekali"}).status_code == 401
    assert here.post("/sandi", data={**data, "current": PASSWORD}).status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/", headers={"Accept": "text/html"}).status_code == 302


def test_a_second_factor_is_asked_for_after_the_password(world: BoardWorld, app: Flask) -> None:
    account = world.account("sekda", Role.LEADER, password=PASSWORD)
    with world.office.database.write() as connection:
        secret = start_second_factor(connection, account)
    client = app.test_client()
    status, where, _ = sign_in(client, "sekda", PASSWORD)
    assert (status, where.split("?")[0]) == (302, "/masuk/kode")
    assert client.get("/skpd", headers={"Accept": "text/html"}).status_code == 302
    form = {"csrf_token": token(client, "/masuk/kode"), "code": "000000"}
    assert client.post("/masuk/kode", data=form).status_code == 401
    right = pyotp.TOTP(secret).at(int(world.clock.now_ms() / 1000))
    assert client.post("/masuk/kode", data={**form, "code": right}).status_code == 302
    assert client.get("/skpd").status_code == 200


def test_a_code_without_a_password_before_it_leads_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/masuk/kode", data={"csrf_token": token(client), "code": "123456"})
    assert answer.headers["Location"] == "/masuk"


def test_the_cookie_is_bound_to_https_and_kept_from_scripts(world: BoardWorld) -> None:
    settings = CentralConfig(data_dir=world.office.config.data_dir)
    secure: Office = replace(world.office, config=settings)
    client = app_for(secure).test_client()
    answer = client.get(world.link(world.accounts[Role.LEADER]), base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hadir=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_password_that_somebody_else_chose_must_be_changed_first(world: BoardWorld, app: Flask) -> None:
    with world.office.database.write() as connection:
        now_ms = world.clock.now_ms()
        made = create_account(connection, "sekda", Role.LEADER, password=PASSWORD, now_ms=now_ms)
    client = app.test_client()
    assert sign_in(client, "sekda", PASSWORD)[0] == 302
    for path in ("/", "/skpd"):
        assert client.get(path, headers={"Accept": "text/html"}).headers["Location"] == "/sandi"
    assert client.get("/papan/aliran").status_code == 403
    data = {"csrf_token": token(client, "/sandi"), "new": PASSWORD + "x", "again": PASSWORD + "x"}
    assert client.post("/sandi", data={**data, "current": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200
    with world.office.database.write() as connection:
        set_password(connection, made, PASSWORD, actor="hradmin", now_ms=now_ms)
    assert client.get("/", headers={"Accept": "text/html"}).headers["Location"] == "/sandi"


def test_an_own_password_is_never_the_same_as_before(world: BoardWorld, app: Flask) -> None:
    world.account("sekda", Role.LEADER, password=PASSWORD)
    client = app.test_client()
    sign_in(client, "sekda", PASSWORD)
    data = {"csrf_token": token(client, "/sandi"), "new": PASSWORD, "again": PASSWORD, "current": PASSWORD}
    answer = client.post("/sandi", data=data)
    assert (answer.status_code, "berbeda" in answer.text) == (400, True)
