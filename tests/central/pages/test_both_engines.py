"""The queries behind the pages give the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from attendance.recap import month_days
from central.accounts import Role
from central.board import node_lines as lines_of
from central.board import read_board, silent_nodes, version
from central.day_sheets import person_month, unit_day, unit_month
from central.node_reports import node_reports
from central.pages.narrowing import narrow
from central.photo_subjects import subjects
from central.presence import Presence
from tests.support.board_world import DAY, NOW, BoardWorld

NODE, QUIET_NODE = "dinkesaaaaaaaaaa", "kominfoaaaaaaaaa"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[BoardWorld]:
    made = BoardWorld(tmp_path, database_url=database_url)
    made.unit("KAB", "Kabupaten", kind="kabupaten")
    made.unit("DINKES", "Dinas Kesehatan", parent="KAB")
    made.unit("KOMINFO", "Dinas Kominfo", parent="KAB")
    made.people(
        [("alice", "Alice", "DINKES", None), ("ani", "Ani", "DINKES", None), ("bob", "Bob", "KOMINFO", None)]
    )
    made.node(NODE, "DINKES")
    made.node(QUIET_NODE, "KOMINFO", seen=NOW - timedelta(hours=1))
    made.picture = made.photo(NODE, 1)
    made.arrive(NODE, "alice", "DINKES", NOW - timedelta(minutes=5), late=37, photo=made.picture)
    yield made
    made.close()


def test_the_board_and_its_version(world: BoardWorld) -> None:
    with world.office.database.read() as connection:
        before = version(connection)
        part = narrow(read_board(connection, DAY, NOW, over=False), None)
    assert (part.totals.people, part.totals.came, part.totals.late) == (3, 1, 1)
    assert (part.totals.waiting, part.totals.pending) == (1, 1)
    assert [row.code for row in part.rows] == ["DINKES", "KOMINFO"]
    assert [(punch.name, punch.photo_here) for punch in part.punches] == [("Alice", True)]
    assert [node.id for node in part.quiet] == [QUIET_NODE]
    assert part.covered_percent == 66
    world.arrive(NODE, "ani", "DINKES", NOW)
    with world.office.database.read() as connection:
        assert version(connection) != before


def test_sheets_reports_and_subjects(world: BoardWorld) -> None:
    with world.office.database.read() as connection:
        silent = silent_nodes(lines_of(connection, NOW))
        today = unit_day(connection, "DINKES", DAY, silent=silent, over=False)
        others = unit_day(connection, "KOMINFO", DAY, silent=silent, over=False)
        mine = person_month(connection, "alice", month_days(2026, 11), DAY, silent)
        months = unit_month(connection, "DINKES", month_days(2026, 11))
        reports = node_reports(connection, NOW, frozenset({"DINKES"}))
        shown = subjects(connection, world.picture)
    assert [(person.name, person.state, person.photo_here) for person in today] == [
        ("Alice", Presence.LATE, True),
        ("Ani", Presence.WAITING, False),
    ]
    assert [person.state for person in others] == [Presence.PENDING]
    assert [(person.day, person.late_minutes) for person in mine] == [(DAY, 37)]
    assert [(month.name, month.line.open_days) for month in months] == [("Alice", 1)]
    assert [(report.id, report.events) for report in reports] == [(NODE, 1)]
    assert [(subject.person, subject.unit) for subject in shown] == [("alice", "DINKES")]


def test_people_who_left_or_have_not_come_yet_are_not_expected(world: BoardWorld) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE assignment SET valid_to = '2026-11-23' WHERE employee = 'ani'")
    with world.office.database.read() as connection:
        today = narrow(read_board(connection, DAY, NOW, over=False), None)
        before = narrow(read_board(connection, date(2026, 11, 23), NOW, over=True), None)
    assert (today.totals.people, before.totals.people) == (2, 3)
    assert before.totals.pending == 3


def test_a_page_for_each_reader(world: BoardWorld) -> None:
    account = world.account("pengawas", Role.AUDITOR)
    client = world.app().test_client()
    client.get(world.link(account))
    for path in ("/", "/skpd", "/skpd/DINKES", "/skpd/DINKES/rekap", "/alat", f"/foto/{world.picture}/penuh"):
        assert client.get(path).status_code == 200, path
