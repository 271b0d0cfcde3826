from hypothesis import given
from hypothesis import strategies as st

from central.presence import CAME, DayFacts, Presence, Tally, presence, tally_of

facts = st.builds(
    DayFacts,
    code=st.sampled_from([None, "H", "HL", "TK", "pending", "DL", "S"]),
    checked_in=st.booleans(),
    checked_out=st.booleans(),
    late=st.booleans(),
    early=st.booleans(),
    present_on_day_off=st.booleans(),
)


def state(
    code: str | None = "pending", *, witnessed: bool = True, over: bool = False, **more: bool
) -> Presence:
    return presence(DayFacts(code, **more), witnessed=witnessed, over=over)


def test_each_state_has_its_word() -> None:
    assert state(checked_in=True) is Presence.PRESENT
    assert state(checked_in=True, late=True) is Presence.LATE
    assert state(checked_in=True, checked_out=True, late=True) is Presence.OUT
    assert state(checked_in=True, checked_out=True, early=True) is Presence.EARLY
    assert state(checked_out=True) is Presence.NO_CHECK_IN
    assert state("DL") is Presence.EXCUSED
    assert state("HL") is Presence.OFF
    assert state("HL", present_on_day_off=True) is Presence.PRESENT
    assert state("TK") is Presence.ABSENT
    assert state(None) is Presence.WAITING


def test_belum_absen_needs_a_witness_and_a_running_day() -> None:
    assert state(witnessed=False) is Presence.PENDING
    assert state(over=True) is Presence.PENDING
    assert state(None, witnessed=False, over=True) is Presence.PENDING


@given(facts, st.booleans(), st.booleans())
def test_nobody_is_absent_unless_the_books_settled_it(known: DayFacts, witnessed: bool, over: bool) -> None:
    if presence(known, witnessed=witnessed, over=over) is Presence.ABSENT:
        assert known.code == "TK"


@given(facts, st.booleans(), st.booleans())
def test_a_punch_that_counts_makes_somebody_present_whatever_the_nodes_do(
    known: DayFacts, witnessed: bool, over: bool
) -> None:
    if (known.checked_in or known.checked_out) and known.code in ("H", "pending"):
        assert presence(known, witnessed=witnessed, over=over) in CAME


@given(st.lists(st.tuples(st.sampled_from(list(Presence)), st.integers(1, 50), st.booleans(), st.booleans())))
def test_everybody_expected_is_counted_in_exactly_one_way(
    groups: list[tuple[Presence, int, bool, bool]],
) -> None:
    total = sum((tally_of(s, count, late=late, out=out) for s, count, late, out in groups), Tally())
    assert total.people == total.came + total.waiting + total.pending + total.excused + total.absent
    assert total.people + total.off == sum(count for _, count, _, _ in groups)
    assert total.late <= total.came
    assert total.out <= total.came
    assert 0 <= total.percent_came <= 100
