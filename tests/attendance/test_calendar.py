from datetime import UTC, date, datetime, timedelta

import pytest

from attendance.calendar import (
    HolidayKind,
    at,
    clock_time,
    holiday_on,
    local_day,
    read_holidays_csv,
    to_minute,
    zone,
)
from attendance.errors import PolicyError
from tests.support.office import preset_text, wib


@pytest.mark.parametrize(
    ("name", "utc", "day"),
    [
        ("WIB", "2026-03-01 16:59:59", date(2026, 3, 1)),
        ("WIB", "2026-03-01 17:00:00", date(2026, 3, 2)),
        ("WITA", "2026-03-01 15:59:59", date(2026, 3, 1)),
        ("WITA", "2026-03-01 16:00:00", date(2026, 3, 2)),
        ("WIT", "2026-03-01 14:59:59", date(2026, 3, 1)),
        ("WIT", "2026-03-01 15:00:00", date(2026, 3, 2)),
        ("Asia/Pontianak", "2026-03-01 17:00:00", date(2026, 3, 2)),
    ],
)
def test_a_day_begins_at_the_offices_midnight(name: str, utc: str, day: date) -> None:
    assert local_day(datetime.fromisoformat(utc).replace(tzinfo=UTC), zone(name)) == day


@pytest.mark.parametrize("name", ["", "WIBB", "../etc/passwd", "/etc/localtime", "Asia", "Asia/Jakarta\0"])
def test_an_unknown_time_zone_is_refused_in_words(name: str) -> None:
    with pytest.raises(PolicyError, match="no time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00", 0),
        ("07:30", 27_000),
        ("09:00:59", 32_459),
        ("23:59:59", 86_399),
        ("07:30+1d", 113_400),
        ("23:00-1d", -3_600),
    ],
)
def test_a_clock_time_may_lie_on_a_neighbouring_date(text: str, seconds: int) -> None:
    assert clock_time(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "7:30", "24:00", "07:60", "07:30:60", "07:30+3d", "07:30 ", "07.30", "-07:30"]
)
def test_what_is_no_clock_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(PolicyError, match="no clock time"):
        clock_time(text)


def test_a_clock_time_is_what_the_offices_clocks_show() -> None:
    moment = at(date(2026, 3, 2), clock_time("07:30+1d"), zone("WITA"))
    assert moment.astimezone(UTC) == datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def test_seconds_do_not_count_in_minutes() -> None:
    assert to_minute(wib("2026-03-02 09:00:59")) == wib("2026-03-02 09:00:00")


def test_the_holidays_of_2017_and_2026_come_along_with_their_kind_and_decree() -> None:
    rows = {year: read_holidays_csv(preset_text(f"holidays-{year}.csv")) for year in (2017, 2026)}
    counts = {
        year: [
            sum(row.kind is kind for row in found) for kind in (HolidayKind.PUBLIC, HolidayKind.JOINT_LEAVE)
        ]
        for year, found in rows.items()
    }
    assert counts == {2017: [17, 7], 2026: [17, 8]}
    assert all(row.date.year == year and row.decree for year, found in rows.items() for row in found)
    eid = holiday_on(rows[2017], date(2017, 6, 27), "DISKOMINFO")
    assert eid is not None
    assert eid.kind is HolidayKind.JOINT_LEAVE


def test_a_table_with_semicolons_and_a_bom_is_read() -> None:
    rows = read_holidays_csv("\ufeffdate;name;kind;decree\r\n2026-03-21; Idulfitri ;public;SKB\r\n")
    assert [(row.date, row.name, row.kind) for row in rows] == [
        (date(2026, 3, 21), "Idulfitri", HolidayKind.PUBLIC)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 must name the columns"),
        ("date,name\n2026-01-01,x\n", "line 1 must name the columns"),
        ("date,name,kind,decree\n01/01/2026,x,public,d\n", "line 2.date must be a date"),
        (
            "date,name,kind,decree\n2026-01-01,x,public,d\n2026-02-30,x,public,d\n",
            "line 3.date must be a date",
        ),
        ("date,name,kind,decree\n2026-01-01,,public,d\n", "line 2.name must be text"),
        (
            "date,name,kind,decree\n2026-01-01,x,merah,d\n",
            "line 2.kind must be one of public, joint-leave, local",
        ),
        ("date,name,kind,decree\n2026-01-01,x,public\n", "line 2.decree must be text"),
    ],
)
def test_a_wrong_table_of_holidays_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        read_holidays_csv(text)
