from dataclasses import replace
from datetime import date

import pytest

from attendance.day import DayPunch, Excuse
from attendance.progress import Progress, progress
from tests.support.office import preset, punches, someone, wib, working

SCHEDULE = working(preset("asn-2023"), someone(), date(2026, 3, 2))


def _progress(now: str, *clocks: str) -> Progress:
    return progress(SCHEDULE, punches(*(f"2026-03-02 {clock}" for clock in clocks)), wib(f"2026-03-02 {now}"))


@pytest.mark.parametrize(
    ("now", "clocks", "expected"),
    [
        ("05:59:59", [], Progress.NOT_OPEN),
        ("06:00:00", [], Progress.NOT_YET),
        ("12:00:00", [], Progress.NOT_YET),
        ("23:59:59", [], Progress.NOT_YET),
        ("08:00:00", ["07:30:59"], Progress.IN),
        ("08:00:00", ["07:31:00"], Progress.LATE),
        ("08:00:00", ["07:00:00", "07:40:00"], Progress.IN),
        ("13:00:00", ["07:00:00", "12:30:00"], Progress.EARLY),
        ("16:30:00", ["07:00:00", "12:30:00", "16:01:00"], Progress.HOME),
        ("16:30:00", ["16:01:00"], Progress.HOME),
        ("15:00:00", ["07:00:00", "16:01:00"], Progress.IN),
    ],
)
def test_a_running_day_tells_where_a_person_stands(now: str, clocks: list[str], expected: Progress) -> None:
    assert _progress(now, *clocks) is expected


def test_a_day_that_is_over_without_a_punch_is_pending_and_no_absence() -> None:
    assert progress(SCHEDULE, [], wib("2026-03-03 00:00:00")) is Progress.PENDING


def test_a_doubtful_punch_makes_nobody_present() -> None:
    doubtful: list[DayPunch] = [replace(punch, trusted=False) for punch in punches("2026-03-02 07:00:00")]
    assert progress(SCHEDULE, doubtful, wib("2026-03-02 08:00:00")) is Progress.NOT_YET


def test_a_day_off_and_an_excuse_are_told_as_such() -> None:
    now = wib("2026-03-02 08:00:00")
    assert progress(SCHEDULE, [], now, excuse=Excuse("DL", "d")) is Progress.EXCUSED
    assert progress(preset("asn-2023").schedule(someone(), date(2026, 3, 1)), [], now) is Progress.DAY_OFF
