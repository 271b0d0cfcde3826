"""A sensor that can't confirm any more: an administrator answers for it, and not in the node's name."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from central import tables
from central.accounts import Role
from tests.support.board_world import NOW, BoardWorld
from tests.support.template_world import TemplateWorld

from .conftest import DINKES_NODE, KOMINFO_NODE

PAGE = "/sidik-jari/hapus"
TEXT = "Dimusnahkan oleh Budi, berita acara 12/2026."


@pytest.fixture
def fingers(world: BoardWorld) -> TemplateWorld:
    """Kominfo's node has been silent for days and should erase Bob."""
    made = TemplateWorld(world)
    made.sensor(KOMINFO_NODE)
    made.slot(KOMINFO_NODE, 3, "bob")
    made.purge("p-1", KOMINFO_NODE, "bob", "3")
    world.seen(KOMINFO_NODE, NOW - timedelta(days=3))
    return made


def send(client: FlaskClient, node: str = KOMINFO_NODE, **form: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    values = {"fate": "destroyed", "statement": TEXT, **form}
    return client.post(f"{PAGE}/{node}", data={"csrf_token": token[1], **values})


def state(world: BoardWorld) -> str:
    with world.office.database.read() as connection:
        return str(connection.scalar(select(tables.placement.c.state)))


def test_an_administrator_confirms_by_a_statement_and_it_is_shown_as_theirs(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    assert "Konfirmasi dengan berita acara" in client.get(PAGE).text
    assert send(client).status_code == 302
    page = client.get(PAGE).text
    assert "Semua penghapusan sudah dikonfirmasi." in page
    shown = page.split("<h2>Dikonfirmasi dengan berita acara</h2>")[1]
    assert TEXT in shown
    assert "oleh hradmin" in shown
    assert "Bob Budiman" in shown
    assert "dinyatakan alat sendiri" not in shown
    assert "3 x 24 jam" not in shown
    assert state(world) == "stated"
    with world.office.database.read() as connection:
        query = select(tables.audit_log).where(tables.audit_log.c.action == "purge-stated")
        (noted,) = connection.execute(query)
    assert (noted.actor, noted.subject) == ("hradmin", "p-1")
    assert noted.detail == f"destroyed, bob at {KOMINFO_NODE}, slots 3: {TEXT}"


def test_of_a_stolen_sensor_the_page_says_who_has_to_be_told_and_when(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    assert send(client, fate="stolen").status_code == 302
    shown = client.get(PAGE).text.split("<h2>Dikonfirmasi dengan berita acara</h2>")[1]
    for words in ("UU 27/2022", "3 x 24 jam", "setiap pegawai", "lembaga pelindungan data pribadi"):
        assert words in shown


@pytest.mark.parametrize(
    "form",
    [
        {"statement": ""},
        {"statement": "hilang"},
        {"statement": "x" * 1001},
        {"statement": "Dimusnahkan\0oleh Budi, berita acara 12."},
        {"fate": ""},
        {"fate": "forgotten"},
    ],
)
def test_a_statement_that_says_too_little_is_refused_and_kept_in_the_form(
    form: dict[str, str],
    world: BoardWorld,
    fingers: TemplateWorld,
    client_of: Callable[[Role], FlaskClient],
) -> None:
    answer = send(client_of(Role.HR_ADMIN), **form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert '<details class="correct" open>' in answer.text
    assert ("statement" in form) or TEXT in answer.text
    assert state(world) == "open"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.HR_ADMIN])
def test_nobody_else_answers_for_a_sensor(
    role: Role, world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(role)
    assert "berita acara</summary>" not in client.get(PAGE).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/", follow_redirects=True).text)
    assert token
    data = {"csrf_token": token[1], "fate": "destroyed", "statement": TEXT}
    assert client.post(f"{PAGE}/{KOMINFO_NODE}", data=data).status_code == 403
    assert state(world) == "open"


def test_a_form_without_its_token_changes_nothing(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    answer = client_of(Role.HR_ADMIN).post(
        f"{PAGE}/{KOMINFO_NODE}", data={"fate": "destroyed", "statement": TEXT}
    )
    assert answer.status_code == 400
    assert state(world) == "open"


def test_a_node_that_answers_confirms_itself(
    world: BoardWorld, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.seen(KOMINFO_NODE, NOW)
    client = client_of(Role.HR_ADMIN)
    assert "berita acara</summary>" not in client.get(PAGE).text
    assert send_anyhow(client).status_code == 400
    assert state(world) == "open"


def send_anyhow(client: FlaskClient) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert token
    data = {"csrf_token": token[1], "fate": "destroyed", "statement": TEXT}
    return client.post(f"{PAGE}/{KOMINFO_NODE}", data=data)


@pytest.mark.parametrize("node", [DINKES_NODE, "nobody"])
def test_a_node_that_owes_nothing_has_nothing_to_state(
    node: str, fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    assert send(client_of(Role.HR_ADMIN), node).status_code == 404


def test_a_technician_reads_what_became_of_the_sensor_and_no_names(
    fingers: TemplateWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    assert send(client_of(Role.HR_ADMIN)).status_code == 302
    page = client_of(Role.TECHNICIAN).get(PAGE).text
    assert "Dimusnahkan" in page
    assert "Bob" not in page
    assert TEXT not in page
