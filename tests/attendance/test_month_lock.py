from datetime import date

import pytest

from attendance.day import settle
from attendance.errors import PolicyError
from attendance.month_lock import LateDay, Reopening, late_data
from tests.support.office import preset, punches, someone, wib

MONDAY = preset("asn-2023").schedule(someone(), date(2026, 3, 2))
ABSENT = settle(MONDAY, [], closed=True)
PRESENT = settle(MONDAY, punches("2026-03-02 07:00:00", "2026-03-02 16:00:00"), closed=True)


def test_a_month_that_says_the_same_today_gives_no_notice() -> None:
    assert late_data([PRESENT.content()], [PRESENT]) is None


def test_a_changed_day_is_told_with_both_codes_and_what_changed() -> None:
    notice = late_data([ABSENT.content()], [PRESENT])
    assert notice is not None
    changed = ("check_in_ms", "check_out_ms", "code", "used")
    assert notice.days == (LateDay(date(2026, 3, 2), "TK", "H", changed),)


def test_one_more_raw_punch_is_told_even_where_the_code_stays() -> None:
    more = settle(
        MONDAY, punches("2026-03-02 07:00:00", "2026-03-02 16:00:00", "2026-03-02 12:30:00"), closed=True
    )
    notice = late_data([PRESENT.content()], [more])
    assert notice is not None
    assert notice.days[0].changed == ("kept",)


def test_a_day_that_the_snapshot_lacks_is_told() -> None:
    notice = late_data([], [PRESENT])
    assert notice is not None
    assert notice.days[0].locked_code is None


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_reopening_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(PolicyError, match="without a reason"):
        Reopening("hr-1", wib("2026-04-10 09:00:00"), reason)
