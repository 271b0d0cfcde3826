from dataclasses import replace
from datetime import date, timedelta

import pytest

from attendance.coverage import Gate, Lack, NodeWitness, Span, covered, gate, uncovered, windows_of
from tests.support.office import attentive, preset, someone, wib, working

SCHEDULE = working(preset("asn-2023"), someone(), date(2026, 3, 2))
WHOLE = windows_of(SCHEDULE)
SECOND = timedelta(seconds=1)


def _span(start: str, end: str) -> Span:
    return Span(wib(f"2026-03-02 {start}"), wib(f"2026-03-02 {end}"))


def _lacks(result: Gate) -> list[tuple[Lack, str | None]]:
    return [(shortfall.lack, shortfall.node) for shortfall in result.missing]


def test_a_day_closes_when_every_node_listened_and_reported_past_its_end() -> None:
    assert gate(SCHEDULE, [attentive(SCHEDULE, "a"), attentive(SCHEDULE, "b")]) == Gate(True, ())


def test_no_node_at_all_closes_nothing() -> None:
    assert _lacks(gate(SCHEDULE, [])) == [(Lack.NO_NODE, None)]


def test_one_node_that_has_not_reported_past_the_end_holds_the_day_open() -> None:
    late = replace(attentive(SCHEDULE, "b"), reported_until=WHOLE.end - SECOND)
    result = gate(SCHEDULE, [late, attentive(SCHEDULE, "a")])
    assert not result.closed
    assert _lacks(result) == [(Lack.NOT_REPORTED, "b")]
    assert result.missing[0].spans == (Span(WHOLE.end - SECOND, WHOLE.end),)


def test_a_node_that_never_reported_lacks_everything() -> None:
    assert _lacks(gate(SCHEDULE, [NodeWitness("a", None)])) == [
        (Lack.NOT_REPORTED, "a"),
        (Lack.NOT_LISTENING, "a"),
    ]


def test_a_dead_sensor_holds_the_day_open_though_the_node_reported() -> None:
    deaf = replace(attentive(SCHEDULE), spans=(_span("06:00:00", "10:00:00"), _span("10:30:00", "23:59:59")))
    result = gate(SCHEDULE, [deaf])
    assert _lacks(result) == [(Lack.NOT_LISTENING, "n" * 16)]
    assert _span("10:00:00", "10:30:00") in result.missing[0].spans


def test_one_nodes_listening_says_nothing_about_another() -> None:
    deaf = replace(attentive(SCHEDULE, "b"), spans=())
    assert _lacks(gate(SCHEDULE, [attentive(SCHEDULE, "a"), deaf])) == [(Lack.NOT_LISTENING, "b")]


def test_an_incident_statement_answers_for_what_was_not_heard() -> None:
    deaf = replace(attentive(SCHEDULE), spans=(_span("06:00:00", "10:00:00"),))
    stated = replace(deaf, statements=(Span(wib("2026-03-02 10:00:00"), WHOLE.end),))
    assert not gate(SCHEDULE, [deaf]).closed
    assert gate(SCHEDULE, [stated]).closed


def test_a_node_that_was_lost_is_answered_for_by_a_statement_of_the_whole_rest() -> None:
    lost = NodeWitness("a", wib("2026-03-02 09:00:00"), (_span("06:00:00", "09:00:00"),))
    assert gate(SCHEDULE, [replace(lost, statements=(Span(wib("2026-03-02 09:00:00"), WHOLE.end),))]).closed
    assert not gate(SCHEDULE, [replace(lost, statements=(_span("09:00:00", "23:00:00"),))]).closed
    assert gate(SCHEDULE, [NodeWitness("a", None, (), (WHOLE,))]).closed


def test_a_day_that_is_not_over_stays_open_whatever_a_nodes_clock_claims() -> None:
    nodes = [attentive(SCHEDULE)]
    assert _lacks(gate(SCHEDULE, nodes, now=WHOLE.end - SECOND)) == [(Lack.DAY_NOT_OVER, None)]
    assert gate(SCHEDULE, nodes, now=WHOLE.end).closed


def test_a_day_off_needs_no_witness() -> None:
    assert gate(preset("asn-2023").schedule(someone(), date(2026, 3, 1)), []).closed


def test_short_silence_is_allowed_by_the_rules_and_adds_up() -> None:
    allowed = SCHEDULE.rules.silence
    assert allowed == timedelta(minutes=1)
    middle = wib("2026-03-02 08:00:00")

    def silent(*lengths: timedelta) -> bool:
        spans, reached = [], WHOLE.start
        for number, length in enumerate(lengths):
            pause = middle + number * timedelta(hours=1)
            spans.append(Span(reached, pause))
            reached = pause + length
        return covered(SCHEDULE, [*spans, Span(reached, WHOLE.end)])

    assert silent(allowed)
    assert not silent(allowed + SECOND)
    assert silent(allowed / 2, allowed / 2)
    assert not silent(allowed / 2, allowed / 2, SECOND)


def test_without_an_allowance_not_one_second_may_be_silent() -> None:
    strict = replace(SCHEDULE, rules=replace(SCHEDULE.rules, silence=timedelta(0)))
    assert covered(strict, [WHOLE])
    assert not covered(strict, [Span(WHOLE.start + SECOND, WHOLE.end)])


def test_a_night_shift_is_witnessed_through_the_night() -> None:
    night = working(preset("asn-2023"), someone((date(2026, 3, 2), "malam")), date(2026, 3, 2))
    until_midnight = Span(night.in_open, wib("2026-03-03 00:00:00"))
    assert not covered(night, [until_midnight])
    assert covered(night, [until_midnight, Span(until_midnight.end, wib("2026-03-03 11:00:01"))])


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([], [("06:00:00", "12:00:00")]),
        ([("00:00:00", "23:00:00")], []),
        ([("08:00:00", "09:00:00"), ("06:00:00", "08:00:00")], [("09:00:00", "12:00:00")]),
        ([("06:00:00", "10:00:00"), ("07:00:00", "08:00:00")], [("10:00:00", "12:00:00")]),
        (
            [("07:00:00", "08:00:00"), ("07:30:00", "11:00:00")],
            [("06:00:00", "07:00:00"), ("11:00:00", "12:00:00")],
        ),
        ([("13:00:00", "14:00:00")], [("06:00:00", "12:00:00")]),
        ([("09:00:00", "08:00:00")], [("06:00:00", "12:00:00")]),
    ],
)
def test_what_nobody_covers_is_found(spans: list[tuple[str, str]], gaps: list[tuple[str, str]]) -> None:
    whole = _span("06:00:00", "12:00:00")
    assert uncovered(whole, [_span(*span) for span in spans]) == tuple(_span(*gap) for gap in gaps)
