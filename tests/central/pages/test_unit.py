import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask.testing import FlaskClient

from attendance.moment import to_ms
from central.accounts import Role
from tests.support.board_world import NOW, WIB, BoardWorld

from .conftest import KOMINFO_NODE

MONDAY = date(2026, 11, 23)


def rows(page: str) -> list[str]:
    found = re.findall(r"<tr>.*?</tr>", page.rsplit("<tbody>", maxsplit=1)[-1], re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in found]


def settled(world: BoardWorld, person: str, day: date, code: str, **values: object) -> None:
    with world.office.database.write() as connection:
        world.day(person, "KOMINFO", code, day=day, connection=connection, **values)


def at(day: date, hour: int, minute: int) -> int:
    return to_ms(datetime(day.year, day.month, day.day, hour, minute, tzinfo=WIB))


def test_today_names_each_person_and_his_state(client_of: Callable[[Role], FlaskClient]) -> None:
    people = rows(client_of(Role.LEADER).get("/skpd/KOMINFO").text)
    assert people == [
        "tanpa foto Bob Budiman Terlambat 22 mnt 07:52 –",
        "– Charlie Cahyono Belum absen – –",
    ] or (people == ["– Bob Budiman Terlambat 22 mnt 07:52 –", "– Charlie Cahyono Belum absen – –"])


def test_a_quiet_node_makes_the_list_uncertain_and_says_so(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.seen(KOMINFO_NODE, NOW - timedelta(hours=1))
    page = client_of(Role.LEADER).get("/skpd/KOMINFO").text
    assert "daftar ini belum pasti" in page
    assert "Charlie Cahyono Belum lengkap" in rows(page)[1]


def test_another_day_can_be_looked_at_and_shows_what_was_settled(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    settled(world, "bob", MONDAY, "TK")
    settled(
        world,
        "charlie",
        MONDAY,
        "H",
        check_in_ms=at(MONDAY, 7, 10),
        check_out_ms=at(MONDAY, 15, 45),
        early_minutes=15,
        early_tier="PSW1",
    )
    page = client_of(Role.LEADER).get("/skpd/KOMINFO?hari=2026-11-23").text
    assert "Senin, 23 November 2026" in page
    assert rows(page) == [
        "– Bob Budiman Tanpa keterangan (TK) – –",
        "– Charlie Cahyono Pulang cepat 15 mnt 07:10 15:45",
    ]


def test_a_past_day_that_nobody_settled_is_incomplete_and_never_tk(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    page = client_of(Role.LEADER).get("/skpd/KOMINFO?hari=2026-11-20").text
    assert all("Belum lengkap" in row for row in rows(page))
    assert "TK" not in page


def test_a_wrong_or_future_date_falls_back_to_today_with_a_sentence(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    client = client_of(Role.LEADER)
    assert "tidak dapat dibaca" in client.get("/skpd/KOMINFO?hari=kemarin").text
    assert "tidak dapat dibaca" in client.get("/skpd/KOMINFO?hari=0001-01-01").text
    assert "belum tiba" in client.get("/skpd/KOMINFO?hari=2027-01-01").text
    assert "tidak dapat dibaca" in client.get("/skpd/KOMINFO/rekap?bulan=2026-13").text
    assert "belum tiba" in client.get("/skpd/KOMINFO/rekap?bulan=2027-01").text


def test_the_month_adds_up_each_person_and_says_that_it_is_not_complete(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    first = date(2026, 11, 2)
    settled(world, "charlie", first, "H", check_in_ms=1, check_out_ms=2, late_minutes=31, late_tier="TL2")
    settled(world, "charlie", first + timedelta(days=1), "TK")
    settled(world, "charlie", first + timedelta(days=2), "DL")
    settled(world, "charlie", first + timedelta(days=3), "HL")
    settled(world, "charlie", first + timedelta(days=4), "pending", final=False)
    settled(world, "charlie", first + timedelta(days=7), "H", check_in_ms=1, missing_out=True)
    page = client_of(Role.LEADER).get("/skpd/KOMINFO/rekap").text
    # No, name, HK, H, TL, minutes, PSW, minutes, TAM, TAP, excused, TK, pending
    assert "2 Charlie Cahyono 5 2 1 31 0 0 0 1 1 1 1" in rows(page)
    assert "Sementara: 2 dari 6 hari kerja belum pasti" in page


def test_what_is_odd_about_a_day_is_said_once_with_what_to_do(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    flags = "by-pin doubtful-time finding-open no-windows"
    settled(world, "bob", MONDAY, "pending", final=False, flags=flags)
    settled(world, "charlie", MONDAY, "H", flags="finding-open")
    page = client_of(Role.LEADER).get("/skpd/KOMINFO?hari=2026-11-23").text
    words = ("dengan PIN", "waktu diragukan", "sidik jari sedang diperiksa", "jam kerja belum diketahui")
    assert all(each in rows(page)[0] for each in words)
    assert "sidik jari sedang diperiksa" in rows(page)[1]
    notes = page.split("flag-notes")[1].split("</dl>")[0]
    assert [notes.count(f">{each}<") for each in words] == [1, 1, 1, 1]
    assert "ini belum berarti ada yang salah" in notes
    assert "memperbaiki daftar sif atau aturannya" in notes
    assert "flag-notes" not in client_of(Role.LEADER).get("/skpd/DINKES?hari=2026-11-23").text


def test_an_employee_reads_the_same_of_his_own_days(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        world.day("alice", "DINKES", "H", day=MONDAY, connection=connection, flags="finding-open no-windows")
    page = client_of(Role.EMPLOYEE).get("/saya").text
    assert "sidik jari sedang diperiksa" in page
    assert "memperbaiki daftar sif" in page.split("flag-notes")[1]


def test_an_empty_month_says_so(client_of: Callable[[Role], FlaskClient]) -> None:
    assert "Belum ada hari di bulan ini." in client_of(Role.LEADER).get("/skpd/PKM/rekap?bulan=2026-01").text


def test_a_unit_with_parts_lists_them(client_of: Callable[[Role], FlaskClient]) -> None:
    page = client_of(Role.LEADER).get("/skpd/DINKES").text
    assert "Unit di dalamnya" in page
    assert 'href="/skpd/PKM?hari=2026-11-24"' in page


def test_a_unit_head_sees_no_way_up_to_what_he_may_not_see(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    client = client_of(Role.UNIT_HEAD)
    assert "/skpd/KAB" not in client.get("/skpd/DINKES").text
    assert 'href="/skpd/DINKES"' in client.get("/skpd/PKM").text


def test_an_employee_sees_his_own_month_and_no_others(client_of: Callable[[Role], FlaskClient]) -> None:
    page = client_of(Role.EMPLOYEE).get("/saya").text
    assert "Selasa, 24 November 2026" in page
    assert "07:22" in page
    assert "Bob" not in page


def test_an_account_that_is_no_employee_has_no_own_days(client_of: Callable[[Role], FlaskClient]) -> None:
    assert client_of(Role.LEADER).get("/saya").status_code == 404
