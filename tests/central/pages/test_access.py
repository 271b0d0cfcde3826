import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from central.accounts import Role
from central.app import app_for
from central.pages import access, node_api
from central.pages.access import Audience, Scope, UnmarkedEndpointError, mark_of, refuse_unmarked
from tests.support.board_world import NOW, BoardWorld
from tests.support.enrolment_requests import enter_request
from tests.support.template_world import TemplateWorld

from .conftest import DINKES_NODE, KOMINFO_NODE

READERS = {Role.LEADER, Role.HR_ADMIN, Role.UNIT_HEAD, Role.UNIT_ADMIN, Role.AUDITOR}
KEEPERS = {Role.TECHNICIAN, Role.HR_ADMIN, Role.AUDITOR}
SENSOR_KEEPERS = READERS | {Role.TECHNICIAN}
ENROLLERS = {Role.HR_ADMIN, Role.UNIT_ADMIN}
EVERYBODY = set(Role)
OWN = {Role.EMPLOYEE}

# Who gets something other than a refusal. Every endpoint of the app must stand here.
ALLOWED = {
    "pages.home": EVERYBODY,
    "pages.board_fragment": READERS,
    "pages.board_stream": READERS,
    "pages.units": READERS,
    "pages.unit": READERS,
    "pages.unit_recap": READERS,
    "pages.nodes": KEEPERS,
    "pages.fingerprints": READERS,
    "pages.finding_list": READERS,
    "pages.finding": READERS,
    "pages.decide_finding": {Role.HR_ADMIN},
    "pages.sensors": SENSOR_KEEPERS,
    "pages.purges": SENSOR_KEEPERS,
    "pages.state_purge": {Role.HR_ADMIN},
    "pages.enrolments": ENROLLERS,
    "pages.start_enrolment": ENROLLERS,
    "pages.enrolment": ENROLLERS,
    "pages.enrolment_fragment": ENROLLERS,
    "pages.cancel_enrolment": ENROLLERS,
    "pages.pins": {Role.HR_ADMIN, Role.UNIT_ADMIN, Role.AUDITOR},
    "pages.pin_report": {Role.HR_ADMIN, Role.UNIT_ADMIN, Role.AUDITOR},
    "pages.new_pin": {Role.HR_ADMIN, Role.UNIT_ADMIN},
    "pages.set_pin": {Role.HR_ADMIN, Role.UNIT_ADMIN},
    "pages.withdraw_pin": {Role.HR_ADMIN, Role.UNIT_ADMIN},
    "pages.own_days": OWN,
    "pages.photo": READERS | OWN,
    "pages.full_photo": READERS | OWN,
    "pages.thumbnail": READERS | OWN,
    "pages.own_password": EVERYBODY,
    "pages.sign_in": EVERYBODY,
    "pages.check_sign_in": EVERYBODY,
    "pages.second_factor": EVERYBODY,
    "pages.open_link": EVERYBODY,
    "pages.sign_out": EVERYBODY,
    "pages.set_language": EVERYBODY,
    "pages.static": EVERYBODY,
}

# What the sign-in forms themselves say to an empty form or a link that never was.
REFUSED_BY_THE_FORM = {
    ("pages.check_sign_in", "POST"): (401, 429),
    ("pages.own_password", "POST"): (400,),
    ("pages.decide_finding", "POST"): (400,),
    ("pages.start_enrolment", "POST"): (400,),
    ("pages.set_pin", "POST"): (400,),
    ("pages.withdraw_pin", "POST"): (400,),
    ("pages.state_purge", "POST"): (404,),
    ("pages.open_link", "GET"): (403,),
}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    return [
        (rule.endpoint, rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if method != "OPTIONS"
    ]


def path_of(rule: str, world: BoardWorld) -> str:
    values = {
        "number": "1",
        "code": "DINKES",
        "sha256": world.picture,
        "token": "x" * 43,
        "filename": "hadir.css",
        "request_id": "e-000000000001",
    }
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "a" * 16), rule)


def form_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/masuk", follow_redirects=True).text)
    assert found
    return found[1]


def ask(client: FlaskClient, world: BoardWorld, rule: str, method: str) -> int:
    data = {"csrf_token": form_token(client)} if method == "POST" else None
    answer = client.open(path_of(rule, world), method=method, data=data, headers={"Accept": "text/html"})
    status = answer.status_code
    answer.close()
    return status


def test_an_unmarked_endpoint_keeps_the_app_from_starting(world: BoardWorld) -> None:
    def forgotten() -> str:
        return "everything"

    app = app_for(world.office)
    app.add_url_rule("/lupa", "forgotten", forgotten)
    with pytest.raises(UnmarkedEndpointError, match=r"forgotten \(/lupa\) has no access mark"):
        refuse_unmarked(app)


def test_create_app_itself_refuses_an_unmarked_endpoint(
    world: BoardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_api.health, "__hadir_access__", None)
    with pytest.raises(UnmarkedEndpointError, match=r"node_api\.health"):
        app_for(world.office)


def test_a_unit_scope_on_an_address_without_unit_is_refused() -> None:
    app = Flask("x", static_folder=None)
    app.add_url_rule("/semua", "wide", access.allow(Role.LEADER, scope=Scope.UNIT)(lambda: "x"))
    with pytest.raises(UnmarkedEndpointError, match="names no unit"):
        refuse_unmarked(app)


def test_a_mark_for_no_role_is_refused() -> None:
    with pytest.raises(UnmarkedEndpointError):
        access.allow(scope=Scope.NOTHING)


def test_every_page_stands_in_the_matrix(app: Flask) -> None:
    personal = {endpoint for endpoint, _, _ in routes(app) if not endpoint.startswith("node_api.")}
    assert personal == set(ALLOWED)


def test_only_nodes_and_strangers_come_in_by_the_node_door(app: Flask) -> None:
    for endpoint, rule, _ in routes(app):
        mark = mark_of(app.view_functions[endpoint])
        assert mark
        if rule.startswith("/v1/"):
            assert mark.audience in (Audience.NODE, Audience.ANYONE)
    marks = {endpoint: mark_of(app.view_functions[endpoint]) for endpoint, _, _ in routes(app)}
    strangers = {endpoint for endpoint, mark in marks.items() if mark and mark.audience is Audience.ANYONE}
    assert strangers == {"node_api.health", "node_api.nonce", "node_api.claim", "pages.static"}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_exactly_its_routes(
    role: Role, world: BoardWorld, app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    assert TemplateWorld(world).finding("alice", "bob", KOMINFO_NODE) == 1
    enter_request(world.office, "e-000000000001", DINKES_NODE, "alice", NOW, "waiting")
    client = client_of(role)
    for endpoint, rule, method in routes(app):
        if endpoint.startswith("node_api."):
            continue
        if endpoint == "pages.sign_out":
            client, staying = client_of(role), client
        else:
            staying = client
        status = ask(client, world, rule, method)
        if role in ALLOWED[endpoint]:
            assert status in REFUSED_BY_THE_FORM.get((endpoint, method), (200, 302)), (
                endpoint,
                method,
                status,
            )
        else:
            assert status in (403, 404), (endpoint, method, status)
        client = staying


def test_a_session_opens_nothing_at_the_node_door(
    world: BoardWorld, app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    for endpoint, rule, method in routes(app):
        mark = mark_of(app.view_functions[endpoint])
        if mark and mark.audience is Audience.NODE:
            path = re.sub(r"<node>", "dinkesaaaaaaaaaa", rule)
            answer = client.open(re.sub(r"<\w+>", "0" * 64, path), method=method)
            assert answer.status_code == 401, (endpoint, method, answer.status_code)


def test_nobody_sees_a_page_without_signing_in(world: BoardWorld, app: Flask) -> None:
    for endpoint, rule, method in routes(app):
        mark = mark_of(app.view_functions[endpoint])
        assert mark
        if mark.audience is Audience.PERSON:
            client = app.test_client()
            answer = client.open(
                path_of(rule, world),
                method=method,
                data={"csrf_token": form_token(client)} if method == "POST" else None,
                headers={"Accept": "text/html"},
            )
            assert answer.status_code in (302, 401), (endpoint, method)
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/masuk?next=")


@pytest.mark.parametrize("role", [Role.UNIT_HEAD, Role.UNIT_ADMIN])
def test_another_unit_does_not_exist_for_a_unit_role(
    role: Role, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(role)
    assert client.get("/skpd/PKM").status_code == 200
    for path in ("/skpd/KOMINFO", "/skpd/KOMINFO/rekap", "/skpd/KAB", "/skpd/TIDAK-ADA"):
        assert client.get(path).status_code == 404, path


def test_a_unit_role_without_its_unit_sees_nothing(world: BoardWorld, app: Flask) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET unit = NULL WHERE name = 'head'")
    client = app.test_client()
    client.get(world.link(world.accounts[Role.UNIT_HEAD]))
    assert client.get("/skpd/DINKES").status_code == 404
    assert "Belum ada SKPD." in client.get("/").text
    assert "Alice" not in client.get("/").text


def test_an_account_that_is_switched_off_is_out_at_once(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.LEADER)
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET active = FALSE WHERE name = 'leader'")
    assert client.get("/skpd", headers={"Accept": "text/html"}).status_code == 302
