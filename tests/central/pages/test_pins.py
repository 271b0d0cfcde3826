import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from attendance.pins import PinHash
from attendance.punch import Method, Punch
from central import pins
from central.accounts import Role
from central.tables import audit_log, pin
from tests.support.board_world import NOW, BoardWorld

from .conftest import DINKES_NODE

Sign = Callable[[Role], FlaskClient]
REASON = "Sidik jari aus karena pekerjaan kebun"
ALICE_NIP = "198001012005012001"


def post(client: FlaskClient, address: str, **fields: Any) -> TestResponse:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/pin").text)
    assert found
    return client.post(address, data={"csrf_token": found[1], **fields})


def give(client: FlaskClient, **changes: Any) -> TestResponse:
    fields = {"person": "alice", "reason": REASON, "quota": "44", "chosen_by": "person"}
    fields |= {"pin": "480173", "again": "480173"}
    return post(client, "/pin/baru", **(fields | changes))


def rows(world: BoardWorld, query: Any) -> list[Any]:
    with world.office.database.read() as connection:
        return list(connection.execute(query).all())


def enter(world: BoardWorld, person: str, *, quota: int = 44) -> str:
    with world.office.database.write() as connection:
        return pins.give(
            connection,
            person,
            pins.hashed("480173"),
            reason=REASON,
            monthly_quota=quota,
            actor="hradmin",
            now_ms=world.clock.now_ms(),
        )


def use(world: BoardWorld, days_ago: int, witness: str = "pia", photo: str | None = None) -> None:
    when = NOW - timedelta(days=days_ago)
    punch = Punch("alice", None, 0, "in", when.date(), 0, 1, 1, None, Method.PIN, witness)
    world.event(DINKES_NODE, "punch", when, punch.content(), person="alice", punch_kind="in", photo=photo)


def test_a_pin_that_the_person_types_is_kept_as_a_hash_and_shown_to_nobody(
    world: BoardWorld, client_of: Sign
) -> None:
    answer = give(client_of(Role.HR_ADMIN), person=ALICE_NIP)
    assert answer.status_code == 200
    [row] = rows(world, select(pin))
    assert (row.employee, row.reason, row.monthly_quota, row.set_by) == ("alice", REASON, 44, "hradmin")
    assert PinHash.parse(row.hash).matches("480173")
    assert row.number in answer.text
    assert "480173" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_pin_from_the_computer_is_shown_once(world: BoardWorld, client_of: Sign) -> None:
    client = client_of(Role.HR_ADMIN)
    answer = give(client, chosen_by="computer", pin="", again="")
    found = re.search(r"<dt>PIN</dt><dd><strong>(\d{6})</strong>", answer.text)
    assert found
    [row] = rows(world, select(pin))
    assert PinHash.parse(row.hash).matches(found[1])
    for page in ("/pin", "/pin/baru?pegawai=alice", "/pin/laporan"):
        assert found[1] not in client.get(page).text
    assert found[1] not in str(rows(world, select(audit_log)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"again": "480174"}, "Kedua PIN tidak sama"),
        ({"pin": "", "again": ""}, "PIN harus enam angka"),
        ({"pin": "4801733", "again": "4801733"}, "PIN harus enam angka"),
        ({"pin": "111111", "again": "111111"}, "mudah ditebak"),
        ({"pin": "010180", "again": "010180"}, "tanggal lahirnya"),
        ({"reason": ""}, "Tulis alasan"),
        ({"reason": "x" * 400}, "Tulis alasan"),
        ({"quota": "0"}, "Jatah sebulan harus"),
        ({"quota": "banyak"}, "Jatah sebulan harus"),
        ({"quota": "٤٤"}, "Jatah sebulan harus"),
        ({"person": "nobody"}, "Tidak ada pegawai"),
        ({"person": ""}, "Tidak ada pegawai"),
    ],
)
def test_what_is_wrong_is_said_and_the_form_comes_back_without_the_pin(
    world: BoardWorld, client_of: Sign, change: dict[str, str], words: str
) -> None:
    answer = give(client_of(Role.HR_ADMIN), **change)
    assert answer.status_code == 400
    assert words in answer.text
    assert "480173" not in answer.text
    assert rows(world, select(pin)) == []


def test_a_unit_admin_gives_pins_in_the_own_units_only(world: BoardWorld, client_of: Sign) -> None:
    client = client_of(Role.UNIT_ADMIN)
    assert give(client, person="pia").status_code == 200
    stranger, nobody = give(client, person="bob"), give(client, person="nobody")
    assert (stranger.status_code, nobody.status_code) == (400, 400)
    assert stranger.text.replace("bob", "nobody") == nobody.text, "who works elsewhere does not exist"
    enter(world, "bob")
    page = client.get("/pin").text
    assert "Pia Permata" in page
    assert "Bob Budiman" not in page
    assert "Bob Budiman" not in client.get("/pin/laporan").text
    assert REASON not in client.get("/pin/baru?pegawai=bob").text
    assert post(client, "/pin/cabut", person="bob").status_code == 404
    assert {row.employee for row in rows(world, select(pin))} == {"pia", "bob"}


def test_nobody_gives_himself_a_pin(world: BoardWorld, client_of: Sign) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET employee = 'alice' WHERE name = 'admin'")
    answer = give(client_of(Role.UNIT_ADMIN))
    assert answer.status_code == 400
    assert "diatur oleh admin lain" in answer.text
    enter(world, "alice")
    assert "Ganti PIN" not in client_of(Role.UNIT_ADMIN).get("/pin").text


def test_the_form_for_another_pin_is_filled_in_and_the_number_stays(
    world: BoardWorld, client_of: Sign
) -> None:
    client = client_of(Role.HR_ADMIN)
    number = enter(world, "alice", quota=6)
    page = client.get("/pin/baru?pegawai=alice").text
    assert REASON in page
    assert f'value="{ALICE_NIP}"' in page
    assert 'value="6"' in page
    assert number in give(client, pin="905512", again="905512").text
    [row] = rows(world, select(pin))
    assert PinHash.parse(row.hash).matches("905512")


def test_withdrawing_takes_the_pin_away_and_says_so(world: BoardWorld, client_of: Sign) -> None:
    client = client_of(Role.HR_ADMIN)
    enter(world, "alice")
    assert "Alice Anggraini" in client.get("/pin").text
    assert post(client, "/pin/cabut", person="alice").headers["Location"] == "/pin"
    page = client.get("/pin").text
    assert "PIN Alice Anggraini dicabut" in page
    assert "Belum ada pemegang PIN." in page
    assert post(client, "/pin/cabut", person="alice").status_code == 404


def test_an_auditor_reads_and_changes_nothing(world: BoardWorld, client_of: Sign) -> None:
    enter(world, "alice")
    client = client_of(Role.AUDITOR)
    page = client.get("/pin").text
    assert "Alice Anggraini" in page
    assert "Cabut" not in page
    assert "Beri PIN" not in page
    assert client.get("/pin/baru").status_code == 403


def test_the_report_names_uses_witnesses_and_what_is_worth_a_look_with_photos(
    world: BoardWorld, client_of: Sign
) -> None:
    enter(world, "alice", quota=5)
    seen = world.photo(DINKES_NODE, 3)
    for day in range(1, 7):
        use(world, day, photo=seen if day == 1 else None)
    page = client_of(Role.UNIT_ADMIN).get("/pin/laporan").text
    assert "6 absen dengan PIN · 1 orang perlu dilihat" in page
    assert "6 dari jatah 5" in page
    assert "1 di atas jatah" in page
    assert "Pia Permata 6×" in page
    assert "hampir selalu saksi yang sama" in page
    assert f"/foto/{seen}/kecil" in page
    assert client_of(Role.UNIT_ADMIN).get(f"/foto/{seen}/kecil").status_code == 200


def test_a_month_without_anything_is_quiet_and_a_wrong_month_is_said(
    world: BoardWorld, client_of: Sign
) -> None:
    client = client_of(Role.HR_ADMIN)
    assert "Belum ada pemegang PIN." in client.get("/pin/laporan").text
    enter(world, "alice")
    page = client.get("/pin/laporan?bulan=2026-10").text
    assert "0 absen dengan PIN · 0 orang perlu dilihat" in page
    assert "tidak dapat dibaca" in client.get("/pin/laporan?bulan=kemarin").text
    assert "belum tiba" in client.get("/pin/laporan?bulan=2027-01").text


def test_the_day_sheet_shows_that_a_day_rests_on_a_pin(world: BoardWorld, client_of: Sign) -> None:
    client = client_of(Role.HR_ADMIN)
    assert "dengan PIN" not in client.get("/skpd/DINKES").text
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE attendance_day SET flags = 'by-pin' WHERE person = 'alice'")
    assert "dengan PIN" in client.get("/skpd/DINKES").text
    assert "dengan PIN" in client_of(Role.EMPLOYEE).get("/saya").text
