"""The pages that start an enrolment at a node and follow it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from attendance.enrolment import ENROL, FAILED, EnrolledFinger, Enrolment, FailedEnrolment
from central import tables
from central.accounts import Role
from central.tables import enrolment_request
from tests.support.board_world import NOW, BoardWorld
from tests.support.enrolment_requests import enter_request, tell_module

from .conftest import DINKES_NODE, KOMINFO_NODE

GOOD = {
    "skpd": "DINKES",
    "alat": DINKES_NODE,
    "pegawai": "alice",
    "kanan": "right-index",
    "kiri": "left-index",
    "dasar": "SK 800/12",
    "pemberitahuan": "v1",
}


@pytest.fixture
def admin(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> FlaskClient:
    """The admin of Dinkes, whose node has told of its sensor."""
    for node in (DINKES_NODE, KOMINFO_NODE):
        tell_module(world.office, node)
    return client_of(Role.UNIT_ADMIN)


def send(client: FlaskClient, path: str, data: dict[str, Any]) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/pendaftaran").text)
    assert token
    return client.post(path, data={"csrf_token": token[1], **data})


def start(client: FlaskClient, **changes: str) -> TestResponse:
    return send(client, "/pendaftaran", {**GOOD, **changes})


def requests(world: BoardWorld) -> list[Any]:
    with world.office.database.read() as connection:
        return list(connection.execute(select(enrolment_request)).all())


def ended(world: BoardWorld, kind: str, content: dict[str, Any], photo: str | None = None) -> str:
    """A request of Alice that ended with this event; the address of its page."""
    reference = world.event(DINKES_NODE, kind, NOW, content, photo=photo)
    state = "enrolled" if kind == ENROL else "refused"
    more = {"event": reference, "reason": content.get("reason", ""), "ended_ms": world.clock.now_ms()}
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW, state, **more)
    return "/pendaftaran/e-1"


def enrolment(witness: str | None = "pia", photo_missing: str | None = None) -> dict[str, Any]:
    fingers = (
        EnrolledFinger("right-index", 4, 3, 1, (121, 98)),
        EnrolledFinger("left-index", 5, 3, 0, (99,)),
    )
    missing = None if witness else "nobody-else-enrolled"
    made = Enrolment("alice", fingers, witness, 1, missing, "r503", "SK", "v1", 1, photo_missing, "e-1")
    return made.content()


# -- starting


def test_the_form_leads_from_the_office_to_the_request(world: BoardWorld, admin: FlaskClient) -> None:
    page = admin.get("/pendaftaran?skpd=DINKES&cari=ALICE ang").text
    assert "Alice Anggraini" in page
    assert "belum terdaftar" in page
    assert f'value="{DINKES_NODE}" required checked' in page
    answer = start(admin)
    (made,) = requests(world)
    assert answer.headers["Location"] == f"/pendaftaran/{made.id}"
    assert (made.node, made.employee, made.fingers) == (DINKES_NODE, "alice", "right-index left-index")
    assert (made.legal_basis, made.notice, made.requested_by) == ("SK 800/12", "v1", "admin")
    assert "Alice Anggraini" in admin.get("/pendaftaran").text.split("Permintaan terakhir")[1]


def test_an_admin_of_one_office_with_a_node_need_not_choose_it(admin: FlaskClient) -> None:
    page = admin.get("/pendaftaran").text
    assert 'name="skpd" required' not in page
    assert "Alice Anggraini" in page
    assert "Bob" not in page


def test_a_person_is_found_by_nip_with_spaces(admin: FlaskClient) -> None:
    page = admin.get("/pendaftaran?skpd=DINKES&cari=19800101 200501 2 001").text
    assert "Alice Anggraini" in page
    none = admin.get("/pendaftaran?skpd=DINKES&cari=zzz <b>").text
    assert "cocok dengan “zzz &lt;b&gt;”" in none


def test_who_has_a_finger_here_comes_last_and_says_how_many(world: BoardWorld, admin: FlaskClient) -> None:
    world.person("aaron", "Aaron Abdi", "DINKES")
    with world.office.database.write() as connection:
        for number in (1, 2):
            values = {"unit": "DINKES", "node": DINKES_NODE, "slot": number, "employee": "aaron"}
            connection.execute(insert(tables.slot).values(**values))
    page = admin.get("/pendaftaran").text
    assert page.index("Alice Anggraini") < page.index("Aaron Abdi")
    assert "2 jari terdaftar" in page


def test_basis_and_notice_of_the_last_request_of_the_office_stand_there(
    world: BoardWorld, admin: FlaskClient
) -> None:
    values = {"legal_basis": "SK <7>", "notice": "v3"}
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW - timedelta(days=1), "cancelled", **values)
    enter_request(world.office, "e-2", KOMINFO_NODE, "bob", NOW, "cancelled", legal_basis="SK 9", notice="v9")
    page = admin.get("/pendaftaran").text
    assert 'value="SK &lt;7&gt;"' in page
    assert 'value="v3"' in page
    assert "SK 9" not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pegawai": ""}, "Pilih pegawai"),
        ({"pegawai": "' OR 1=1 --"}, "Pilih pegawai"),
        ({"pegawai": "bob"}, "tidak ditempatkan di kantor alat itu"),
        ({"alat": ""}, "Pilih alat"),
        ({"alat": "x" * 5000}, "Pilih alat"),
        ({"kanan": "left-index"}, "tangan yang berbeda"),
        ({"kanan": "toe"}, "Pilih dua jari"),
        ({"dasar": " "}, "Isi dasar hukumnya"),
        ({"dasar": "SK\n1"}, "Isi dasar hukumnya"),
        ({"dasar": "x" * 201}, "paling panjang 200 huruf"),
        ({"pemberitahuan": ""}, "Isi versi pemberitahuan"),
    ],
)
def test_what_is_wrong_with_the_form_is_said_and_the_rest_of_it_stays(
    world: BoardWorld, admin: FlaskClient, changes: dict[str, str], words: str
) -> None:
    answer = start(admin, **{"dasar": "SK 77", **changes})
    assert answer.status_code == 400
    assert words in answer.text
    assert 'role="alert"' in answer.text
    if "dasar" not in changes:
        assert 'value="SK 77"' in answer.text
    assert requests(world) == []


def test_a_node_at_work_is_not_asked_twice(world: BoardWorld, admin: FlaskClient) -> None:
    world.person("adi", "Adi", "DINKES")
    start(admin)
    answer = start(admin, pegawai="adi")
    assert answer.status_code == 409
    assert "masih ada permintaan yang terbuka" in answer.text
    assert len(requests(world)) == 1


def test_a_node_without_a_sensor_or_with_silence_says_what_to_do(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.UNIT_ADMIN)
    page = client.get("/pendaftaran").text
    assert "belum melaporkan sensornya" in page
    assert re.search(r'name="alat"[^>]*disabled', page)
    assert "belum melaporkan sensornya" in start(client).text
    tell_module(world.office, DINKES_NODE)
    world.seen(DINKES_NODE, NOW - timedelta(hours=2))
    assert "diam: nyalakan" in client.get("/pendaftaran").text
    made = start(client).headers["Location"]
    assert "tanpa itu permintaan kedaluwarsa pukul" in client.get(made).text
    with world.office.database.write() as connection:
        connection.execute(update(tables.enrolment_request).values(state="running"))
    running = client.get(made).text
    assert "Alat ini diam sejak 06:12." in running
    assert "bebas untuk permintaan baru" in running
    world.seen(DINKES_NODE, NOW)
    assert "diam sejak" not in client.get(made).text


def test_another_office_does_not_exist_for_the_admin_of_one(world: BoardWorld, admin: FlaskClient) -> None:
    enter_request(world.office, "e-9", KOMINFO_NODE, "bob", NOW, "waiting")
    for path in ("/pendaftaran?skpd=KOMINFO", "/pendaftaran/e-9", "/pendaftaran/e-9/isi", "/pendaftaran/e-0"):
        assert admin.get(path).status_code == 404, path
    assert admin.get("/pendaftaran?ulang=e-9").status_code == 404
    assert start(admin, alat=KOMINFO_NODE, pegawai="bob").status_code == 404
    assert send(admin, "/pendaftaran/e-9/batal", {}).status_code == 404
    assert [row.state for row in requests(world)] == ["waiting"]
    assert "Bob" not in admin.get("/pendaftaran").text


def test_an_hr_admin_chooses_among_all_offices(
    world: BoardWorld, admin: FlaskClient, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    page = client.get("/pendaftaran").text
    assert 'value="DINKES"' in page
    assert 'value="KOMINFO"' in page
    assert "Pilih kantornya dahulu" in page
    made = start(client, alat=KOMINFO_NODE, pegawai="bob", skpd="KOMINFO").headers["Location"]
    assert "Bob Budiman" in client.get(made).text


def test_without_any_node_the_page_says_how_to_get_one(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        connection.execute(update(tables.node).values(state="retired"))
    page = client_of(Role.HR_ADMIN).get("/pendaftaran").text
    assert "Belum ada alat yang dapat dipakai." in page
    assert "hadir-central claim" in page


def test_a_form_from_elsewhere_starts_nothing(world: BoardWorld, admin: FlaskClient) -> None:
    assert admin.post("/pendaftaran", data=GOOD).status_code == 400
    assert requests(world) == []


# -- following


def test_a_waiting_request_says_when_the_node_was_seen_and_can_be_cancelled(
    world: BoardWorld, admin: FlaskClient
) -> None:
    world.seen(DINKES_NODE, NOW - timedelta(seconds=12))
    address = start(admin).headers["Location"]
    page = admin.get(address).text
    assert "Menunggu alat" in page
    assert "12 detik lalu" in page
    assert "data-over" not in page
    assert send(admin, f"{address}/batal", {}).headers["Location"] == address
    page = admin.get(address).text
    assert "Dibatalkan" in page
    assert "data-over" in page
    assert "Mulai lagi" in page
    assert requests(world)[0].state == "cancelled"


def test_a_running_request_points_to_the_display(world: BoardWorld, admin: FlaskClient) -> None:
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW, "running", begun_ms=world.clock.now_ms())
    fragment = admin.get("/pendaftaran/e-1/isi").text
    assert "Ikuti layar alat." in fragment
    assert "<html" not in fragment


def test_what_was_enrolled_is_shown_with_scores_witness_and_photo(
    world: BoardWorld, admin: FlaskClient
) -> None:
    page = admin.get(ended(world, ENROL, enrolment(), photo=world.picture)).text
    for words in (
        "telunjuk kanan",
        "telunjuk kiri",
        "121 · 98",
        "Pia Permata",
        f"/foto/{world.picture}/kecil",
    ):
        assert words in page
    assert "data-over" in page


def test_a_photo_that_is_still_on_its_way_keeps_the_page_waiting_for_it(
    world: BoardWorld, admin: FlaskClient
) -> None:
    page = admin.get(ended(world, ENROL, enrolment(None), photo="f" * 64)).text
    assert "foto menyusul" in page
    assert "tanpa pengawas" in page
    assert "data-over" not in page


def test_a_refusal_says_whose_finger_it_was_and_what_to_do(world: BoardWorld, admin: FlaskClient) -> None:
    failure = FailedEnrolment("alice", "belongs-to-another", (), "pia", 3, request="e-1")
    page = admin.get(ended(world, FAILED, failure.content())).text
    assert "Jari ini sudah terdaftar atas nama Pia Permata." in page
    assert "belum tentu kecurangan" in page


@pytest.mark.parametrize("reason", ["full", "timeout", "interrupted", "sensor", "sensor-silent", "brand-new"])
def test_each_reason_has_words_and_a_next_step(world: BoardWorld, admin: FlaskClient, reason: str) -> None:
    page = admin.get(ended(world, FAILED, FailedEnrolment("alice", reason, request="e-1").content())).text
    state = page.split('id="follow-state"')[1].split("</section>")[0]
    assert state.count("<p>") == 2
    assert len(re.sub(r"<[^>]+>", "", state).split()) > 8


def test_an_end_whose_event_was_erased_by_law_is_still_shown(world: BoardWorld, admin: FlaskClient) -> None:
    address = ended(world, ENROL, enrolment())
    with world.office.database.write() as connection:
        connection.execute(update(tables.event).where(tables.event.c.type == ENROL).values(body=None))
    assert "Terdaftar" in admin.get(address).text


def test_a_request_that_nobody_took_shows_as_expired_before_anybody_wrote_it_down(
    world: BoardWorld, admin: FlaskClient
) -> None:
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW - timedelta(hours=1), "waiting")
    page = admin.get("/pendaftaran/e-1").text
    assert "Kedaluwarsa" in page
    assert "Periksa listrik dan jaringan alat" in page


def test_once_more_fills_the_form_with_what_was_asked_before(world: BoardWorld, admin: FlaskClient) -> None:
    more = {"fingers": "left-thumb right-middle", "legal_basis": "SK 5", "notice": "v5"}
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW, "refused", **more)
    page = admin.get("/pendaftaran?ulang=e-1").text
    assert re.search(r'value="alice" required checked', page)
    assert 'value="left-thumb" selected' in page
    assert 'value="right-middle" selected' in page
    assert 'value="SK 5"' in page


def test_the_menu_shows_it_to_those_who_may(
    admin: FlaskClient, client_of: Callable[[Role], FlaskClient]
) -> None:
    assert 'href="/pendaftaran"' in admin.get("/").text
    assert 'href="/pendaftaran"' not in client_of(Role.LEADER).get("/").text
