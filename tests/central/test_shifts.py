"""Shift rosters from CSV: only those that the rules know, and days that a change touches are derived anew."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from central import commands, policies
from central.csv_reading import CsvError
from central.tables import dirty_day, opened_day, shift
from tests.support.central import Central

DAY = date(2017, 3, 6)
NIGHT = {
    "in_open": "19:00",
    "on_time_until": "20:00:59",
    "split": "02:00+1d",
    "out_earliest": "07:00:00+1d",
    "out_close": "09:00:00+1d",
}


@pytest.fixture
def ward(central: Central) -> Central:
    """An office with a night shift and two people."""
    central.add_unit()
    for person in ("p1", "p2"):
        central.add_person(person)
    version = policies.preset_content("tanggamus-2017")["policies"][0]
    content = {"policies": [{**version, "shifts": {"malam": NIGHT}}]}
    with central.office.database.write() as connection:
        policies.put_in_force(connection, central.office.keys, content, "ward", 1)
    return central


def load(central: Central, folder: Path, text: str) -> str:
    file = folder / "shift.csv"
    file.write_text(text, encoding="utf-8-sig")
    return commands.import_shifts(central.office, file)


def stored(central: Central) -> list[Any]:
    rows = central.rows(select(shift).order_by(shift.c.employee, shift.c.day))
    return [(row.employee, row.day, row.name) for row in rows]


def test_shifts_are_taken_by_the_names_of_the_rules(ward: Central, tmp_path: Path) -> None:
    text = "nip;tanggal;shift\np1;2017-03-06;Malam\np1;07/03/2017;libur\n"
    assert load(ward, tmp_path, text) == "2 baru"
    assert stored(ward) == [("p1", DAY, "malam"), ("p1", DAY + timedelta(days=1), "off")]
    assert load(ward, tmp_path, text) == "2 sama"
    assert load(ward, tmp_path, "nip;tanggal;shift\np1;2017-03-06;off\np1;2017-03-07;-\n") == "2 diperbarui"
    assert stored(ward) == [("p1", DAY, "off")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("p1;2017-03-06;siang", "malam"),
        ("p9;2017-03-06;malam", "tidak dikenal"),
        ("p1;besok;malam", "tidak dapat dibaca"),
        ("p1;;malam", "Tanggal kosong"),
        ("p2;2017-03-06;off", "baris 2"),
    ],
)
def test_bad_rows_are_refused_with_their_reason_and_good_ones_kept(
    ward: Central, tmp_path: Path, row: str, reason: str
) -> None:
    told = load(ward, tmp_path, f"nip;tanggal;shift\np2;2017-03-06;malam\n{row}\n")
    assert "Baris 3: ditolak" in told
    assert reason in told
    assert stored(ward) == [("p2", DAY, "malam")]


def test_a_file_without_its_columns_is_refused(ward: Central, tmp_path: Path) -> None:
    with pytest.raises(CsvError, match="tanggal"):
        load(ward, tmp_path, "nip;shift\np1;malam\n")


def test_begun_days_that_a_shift_touches_are_marked(ward: Central, tmp_path: Path) -> None:
    with ward.office.database.write() as connection:
        connection.execute(delete(dirty_day))
        connection.execute(
            opened_day.insert(), [{"day": DAY - timedelta(days=back), "opened_ms": 1} for back in range(3)]
        )
    load(ward, tmp_path, "nip;tanggal;shift\np1;2017-03-06;malam\n")
    marked = [(row.person, row.day) for row in ward.rows(select(dirty_day).order_by(dirty_day.c.day))]
    assert marked == [("p1", DAY - timedelta(days=1)), ("p1", DAY)]
