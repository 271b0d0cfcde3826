"""Where somebody works from when, after a row of an import: what is past and what is planned stays."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from central.assigning import Stay, placed

TODAY = date(2017, 3, 20)


def day(text: str) -> date:
    return date.fromisoformat(f"2017-{text}")


A = Stay("A", "umum", day("01-02"))
A_TO_APRIL = Stay("A", "umum", day("01-02"), day("04-30"))
B_PLANNED = Stay("B", "umum", day("05-01"))


def after(*known: Stay, unit: str, since: str | None = None) -> list[Stay]:
    return placed(known, unit, "umum", day(since) if since else None, TODAY)[0]


def test_a_third_unit_counts_from_today_until_the_planned_move() -> None:
    assert after(A_TO_APRIL, B_PLANNED, unit="C") == [
        Stay("A", "umum", day("01-02"), day("03-19")),
        Stay("C", "umum", day("03-20"), day("04-30")),
        B_PLANNED,
    ]


def test_the_date_of_a_planned_move_can_be_corrected_both_ways() -> None:
    for since, last in (("04-01", "03-31"), ("03-10", "03-09")):
        assert after(A_TO_APRIL, B_PLANNED, unit="B", since=since) == [
            Stay("A", "umum", day("01-02"), day(last)),
            Stay("B", "umum", day(since)),
        ]


def test_a_plan_is_replaced_by_another_that_comes_no_later() -> None:
    assert after(A_TO_APRIL, B_PLANNED, unit="C", since="04-15") == [
        Stay("A", "umum", day("01-02"), day("04-14")),
        Stay("C", "umum", day("04-15")),
    ]


def test_a_planned_last_day_outlives_a_move_before_it_and_ends_with_a_date_after_it() -> None:
    leaving = Stay("A", "umum", day("01-02"), day("03-31"))
    assert after(leaving, unit="C") == [
        Stay("A", "umum", day("01-02"), day("03-19")),
        Stay("C", "umum", day("03-20"), day("03-31")),
    ]
    stays, told = placed([leaving], "A", "umum", day("04-01"), TODAY)
    assert stays == [leaving, Stay("A", "umum", day("04-01"))]
    assert "menerimanya kembali mulai 2017-04-01" in told[0]


DAYS = st.integers(-60, 60).map(lambda days: TODAY + timedelta(days=days))
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), st.none() | DAYS, DAYS), max_size=6)


@given(ROWS)
def test_no_two_assignments_ever_overlap_and_a_row_heard_twice_changes_nothing(
    rows: list[tuple[str, date | None, date]],
) -> None:
    stays: list[Stay] = []
    for unit, since, today in sorted(rows, key=lambda row: row[2]):
        stays, _ = placed(stays, unit, "umum", since, today)
        assert placed(stays, unit, "umum", since, today)[0] == stays
    for earlier, later in pairwise(stays):
        assert earlier.until is not None
        assert earlier.since <= earlier.until < later.since
