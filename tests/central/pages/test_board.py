import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert

from attendance.moment import ClockState
from central.accounts import Role
from central.tables import slot
from tests.support.board_world import NOW, BoardWorld

from .conftest import DINKES_NODE, KOMINFO_NODE


def figure(page: str, name: str) -> int:
    """The number on one of the cards at the top."""
    found = re.search(rf'<li class="{name}">.*?<span class="figure">(\d+)', page, re.DOTALL)
    assert found, name
    return int(found[1])


def row(page: str, code: str) -> str:
    found = re.search(rf'<tr id="skpd-{code}">.*?</tr>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).strip() if found else ""


def test_the_board_adds_up_the_regency_and_each_skpd_with_its_parts(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    page = client_of(Role.LEADER).get("/").text
    assert (figure(page, "present"), figure(page, "late")) == (2, 1)
    # Pia's Puskesmas has no node of its own and no node holds her finger: nobody can know.
    assert (figure(page, "waiting"), figure(page, "pending")) == (1, 1)
    assert row(page, "DINKES").startswith("Dinas Kesehatan 1 /2")
    assert row(page, "KOMINFO").startswith("Dinas Kominfo 1 /2")
    assert row(page, "PKM") == ""


def test_a_unit_head_sees_his_own_part_only(client_of: Callable[[Role], FlaskClient]) -> None:
    assert "Bob Budiman" in client_of(Role.LEADER).get("/").text  # whose board must not be handed on
    page = client_of(Role.UNIT_HEAD).get("/").text
    assert figure(page, "present") == 1
    assert "Alice Anggraini" in page
    assert "Puskesmas Satu" in page
    for foreign in ("Kominfo", "Bob Budiman", KOMINFO_NODE):
        assert foreign not in page


def test_a_quiet_node_is_named_and_makes_belum_into_belum_lengkap(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.seen(KOMINFO_NODE, NOW - timedelta(minutes=40))
    page = client_of(Role.LEADER).get("/").text
    assert (figure(page, "waiting"), figure(page, "pending")) == (0, 2)
    assert "1 alat diam." in page
    assert "alat diam sejak 07:32" in row(page, "KOMINFO")
    assert "1 dari 2 alat melapor" in page
    assert figure(page, "nodes") == 25  # only Alice is surely known


def test_a_distrusted_node_is_no_witness(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE node SET state = 'distrusted' WHERE id = '{KOMINFO_NODE}'")
    page = client_of(Role.LEADER).get("/").text
    assert figure(page, "waiting") == 0
    assert "alat tidak dipercaya" in row(page, "KOMINFO")


def test_nobody_is_called_absent_while_the_day_runs(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    page = client_of(Role.LEADER).get("/").text
    assert "TK" not in re.sub(r'<th scope="col".*?</th>', "", page)
    assert "Tanpa keterangan" not in client_of(Role.LEADER).get("/skpd/KOMINFO").text


def test_the_last_punches_show_who_where_what_and_the_photo(
    client_of: Callable[[Role], FlaskClient], world: BoardWorld
) -> None:
    page = client_of(Role.AUDITOR).get("/").text
    names = re.findall(r'<span class="name">([^<]+)</span><span class="where">([^<]+)</span>', page)
    assert names == [("Bob Budiman", "Dinas Kominfo"), ("Alice Anggraini", "Dinas Kesehatan")]
    assert "Masuk terlambat" in page
    assert f'src="/foto/{world.picture}/kecil"' in page
    assert "tanpa foto" in page


def test_a_photo_on_its_way_is_announced(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> None:
    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW, photo="ab" * 32)
    assert "foto menyusul" in client_of(Role.LEADER).get("/").text


def test_a_doubtful_time_is_marked_and_one_in_the_future_is_not_on_top(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    world.punch(KOMINFO_NODE, "charlie", NOW - timedelta(minutes=1), "in", state=ClockState.DOUBTFUL)
    world.punch(KOMINFO_NODE, "charlie", NOW + timedelta(days=400), "in", state=ClockState.DOUBTFUL)
    page = client_of(Role.LEADER).get("/").text
    assert page.count("waktu diragukan") == 1


def test_an_empty_board_says_what_to_do_next(tmp_path: Path) -> None:
    empty = BoardWorld(tmp_path)
    account = empty.account("leader", Role.LEADER)
    client = empty.app().test_client()
    client.get(empty.link(account))
    page = client.get("/").text
    assert "Belum ada SKPD." in page
    assert "hadir-central import-units" in page
    empty.close()


def test_those_whom_the_board_is_not_for_land_on_their_own_page(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    assert client_of(Role.TECHNICIAN).get("/").headers["Location"] == "/alat"
    assert client_of(Role.EMPLOYEE).get("/").headers["Location"] == "/saya"


def test_excused_and_off_people_are_counted_apart(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        world.day("charlie", "KOMINFO", "DL", connection=connection)
        world.day("pia", "PKM", "HL", connection=connection)
    page = client_of(Role.LEADER).get("/").text
    assert (figure(page, "excused"), figure(page, "waiting"), figure(page, "pending")) == (1, 0, 0)
    assert "dari 3 pegawai" in page


def test_who_went_home_stays_among_those_who_came(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    at = int(NOW.timestamp() * 1000)
    with world.office.database.write() as connection:
        world.day(
            "charlie",
            "KOMINFO",
            "pending",
            connection=connection,
            check_in_ms=at,
            check_out_ms=at + 1,
        )
    page = client_of(Role.LEADER).get("/").text
    assert (figure(page, "present"), figure(page, "out")) == (3, 1)


def test_a_finger_held_at_another_office_is_witnessed_there(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        connection.execute(insert(slot).values(unit="DINKES", node="", slot=7, employee="pia"))
    assert figure(client_of(Role.LEADER).get("/").text, "pending") == 0
    world.seen(DINKES_NODE, None)
    assert figure(world_page(world), "pending") == 1


def world_page(world: BoardWorld) -> str:
    """The board as a process that starts now sees it."""
    client = world.app().test_client()
    client.get(world.link(world.accounts[Role.LEADER]))
    return client.get("/").text
