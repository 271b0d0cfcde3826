"""Findings: both sides are shown, an admin decides with a reason, and nobody reads what is not his."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from attendance.moment import to_ms
from central import tables
from central.accounts import Role
from tests.support.board_world import NOW, BoardWorld
from tests.support.template_world import TemplateWorld

from .conftest import DINKES_NODE, KOMINFO_NODE

ADDRESS = "/sidik-jari/temuan/1"
NOTE = "Keduanya sudah datang dan menempelkan jari."


@pytest.fixture
def fingers(world: BoardWorld) -> TemplateWorld:
    """One finding about a new finger of Alice (Dinkes) that a slot of Bob (Kominfo) answered."""
    made = TemplateWorld(world)
    face, other = world.photo(DINKES_NODE, 31), world.photo(KOMINFO_NODE, 32)
    enrolled = made.enrolled(DINKES_NODE, "alice", 1, witness="pia", photo=face)
    made.template("t-alice", "alice", DINKES_NODE, 1, state="held", event=enrolled)
    enrolled = made.enrolled(
        KOMINFO_NODE, "bob", 7, witness=None, witness_missing="nobody-else-enrolled", photo=other,
        legal_basis="SK lama",
    )  # fmt: skip
    made.slot(KOMINFO_NODE, 7, "bob", event=enrolled)
    told = world.event(KOMINFO_NODE, "template-searched", NOW - timedelta(hours=1), {})
    made.finding("alice", "bob", KOMINFO_NODE, template="t-alice", photo=face, other_photo=other, event=told)
    return made


@pytest.fixture
def decided(world: BoardWorld, fingers: TemplateWorld) -> None:
    with world.office.database.write() as connection:
        connection.execute(
            update(tables.finding).values(
                state="chance", decided_by="hr.lama", note="Sudah dilihat.", decided_ms=to_ms(NOW)
            )
        )


def send(client: FlaskClient, **form: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sidik-jari").text)
    assert token
    return client.post(ADDRESS, data={"csrf_token": token[1], **form})


def state(world: BoardWorld) -> str:
    with world.office.database.read() as connection:
        return str(connection.scalar(select(tables.finding.c.state)))


def views(world: BoardWorld) -> list[tuple[str, str]]:
    log = tables.audit_log.c
    with world.office.database.read() as connection:
        found = connection.execute(select(log.actor, log.subject).where(log.action == "finding-viewed"))
        return [(row.actor, row.subject) for row in found]


@pytest.mark.usefixtures("fingers")
def test_both_people_stand_side_by_side_with_how_their_fingers_were_enrolled(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    client = client_of(Role.HR_ADMIN)
    text = client.get(ADDRESS).text
    new, other = text.split('class="sides"')[1].split("</section>")[:2]
    for words in (
        "Alice Anggraini",
        "19800101 200501 2 001",
        "Dinas Kesehatan",
        "Pia Permata",
        "SK Bupati 12/2026",
    ):
        assert words in new
    for words in ("Bob Budiman", "Dinas Kominfo", "belum ada orang lain yang terdaftar", "SK lama"):
        assert words in other
    for side in (new, other):
        photo = re.search(r'src="([^"]+/penuh)"', side)
        assert photo
        assert client.get(photo[1]).data.startswith(b"\xff\xd8")
    rest = text.split('class="sides"')[1]
    for words in (
        "Bisa kebetulan.",
        "satu dari sepuluh jari baru",
        "SKPD yang berbeda",
        KOMINFO_NODE,
        "84",
        "07:12",
    ):
        assert words in rest, words


@pytest.mark.usefixtures("fingers")
def test_opening_a_finding_is_written_down_and_listing_is_not(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.LEADER)
    assert "Alice Anggraini" not in client.get("/sidik-jari/temuan").text
    assert views(world) == []
    assert "Alice Anggraini" in client.get(ADDRESS).text
    assert views(world) == [("leader", "1")]


@pytest.mark.usefixtures("fingers")
def test_a_unit_admin_opens_no_finding_of_other_units(world: BoardWorld) -> None:
    world.unit("DISHUB", "Dinas Perhubungan", parent="KAB")
    account = world.account("admin.dishub", Role.UNIT_ADMIN, unit="DISHUB")
    client = world.app().test_client()
    client.get(world.link(account))
    assert client.get(ADDRESS).status_code == 404
    assert "Tidak ada temuan." in client.get("/sidik-jari/temuan").text
    assert views(world) == []


@pytest.mark.usefixtures("fingers")
def test_a_unit_admin_sees_of_the_other_side_only_who_it_is(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    text = client_of(Role.UNIT_ADMIN).get(ADDRESS).text
    own, other = text.split('class="sides"')[1].split("</section>")[:2]
    assert "19800101 200501 2 001" in own
    assert "<img" in own
    assert "Bob Budiman" in other
    assert "<img" not in other
    assert "SK lama" not in other
    assert '<form class="card decision"' not in text


def test_a_finding_that_is_not_there_does_not_exist(client_of: Callable[[Role], FlaskClient]) -> None:
    client = client_of(Role.HR_ADMIN)
    for path in ("/sidik-jari/temuan/1", "/sidik-jari/temuan/999999999999999999999", "/sidik-jari/temuan/x"):
        assert client.get(path).status_code == 404, path


@pytest.mark.usefixtures("fingers")
@pytest.mark.parametrize("verdict", ["chance", "same-person", "cheat"])
def test_an_admin_decides_with_a_reason(
    verdict: str, world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    answer = send(client, verdict=verdict, note=NOTE, sure="yes")
    assert (answer.status_code, answer.headers["Location"]) == (302, ADDRESS)
    assert state(world) == verdict
    text = client.get(ADDRESS).text
    for words in ("Keputusan tersimpan", "oleh hradmin", NOTE, "Betulkan keputusan"):
        assert words in text


@pytest.mark.usefixtures("fingers")
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Pilih salah satu keputusan."),
        ({"verdict": "open", "note": NOTE}, "Pilih salah satu keputusan."),
        ({"verdict": "chance"}, "Tulis alasannya"),
        ({"verdict": "chance", "note": "  ya   "}, "Tulis alasannya"),
        ({"verdict": "cheat", "note": NOTE}, "kedua orang sudah ditanya"),
        ({"verdict": "cheat", "note": NOTE, "sure": "maybe"}, "kedua orang sudah ditanya"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_and_what_was_written_stays(
    form: dict[str, str], words: str, world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    answer = send(client_of(Role.HR_ADMIN), **form)
    assert answer.status_code == 400
    assert words in answer.text.split('role="alert"')[1].split("</div>")[0]
    assert form.get("note", "").strip() in answer.text
    assert state(world) == "open"


@pytest.mark.usefixtures("fingers")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.HR_ADMIN])
def test_nobody_else_decides(role: Role, world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> None:
    client = client_of(role)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sandi").text)
    assert token
    data = {"csrf_token": token[1], "verdict": "chance", "note": NOTE}
    assert client.post(ADDRESS, data=data).status_code == 403
    assert state(world) == "open"


@pytest.mark.usefixtures("fingers")
@pytest.mark.parametrize("involved", ["alice", "bob"])
def test_an_admin_never_decides_about_himself(involved: str, world: BoardWorld) -> None:
    account = world.account("hr.sendiri", Role.HR_ADMIN, employee=involved)
    client = world.app().test_client()
    client.get(world.link(account))
    assert "tidak pernah tentang dirinya sendiri" in client.get(ADDRESS).text
    assert send(client, verdict="chance", note=NOTE).status_code == 403
    assert state(world) == "open"


@pytest.mark.usefixtures("fingers")
def test_a_forged_form_decides_nothing(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> None:
    answer = client_of(Role.HR_ADMIN).post(ADDRESS, data={"verdict": "chance", "note": NOTE})
    assert answer.status_code == 400
    assert state(world) == "open"


@pytest.mark.usefixtures("decided")
def test_a_decision_shows_who_when_and_why_and_can_be_corrected(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    text = client.get(ADDRESS).text
    for words in ("Diputuskan: Kebetulan", "hr.lama", "08:12", "Sudah dilihat."):
        assert words in text
    assert send(client, verdict="cheat", note=NOTE, sure="yes").status_code == 302
    assert state(world) == "cheat"


@pytest.mark.usefixtures("decided")
def test_an_auditor_reads_a_decision_and_corrects_nothing(client_of: Callable[[Role], FlaskClient]) -> None:
    text = client_of(Role.AUDITOR).get(ADDRESS).text
    assert "Diputuskan: Kebetulan" in text
    assert "Betulkan keputusan" not in text


def test_a_photo_that_no_event_shows_to_the_viewer_leaves_no_hole(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    unnamed = world.photo(DINKES_NODE, 40)
    TemplateWorld(world).finding("alice", "bob", KOMINFO_NODE, photo=unnamed, other_photo="f" * 64)
    text = client_of(Role.HR_ADMIN).get(ADDRESS).text
    assert "<img" not in text
    assert text.count("Foto belum tiba atau tidak diambil.") == 2


def test_a_finding_without_known_holder_says_so(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    TemplateWorld(world).finding("alice", None, KOMINFO_NODE, kind="enrolment", slot=None, score=None)
    text = client_of(Role.HR_ADMIN).get(ADDRESS).text
    assert "Pemilik tidak dikenal" in text
    assert "Ditolak saat pendaftaran" in text
    assert "Kedua orang bekerja" not in text
