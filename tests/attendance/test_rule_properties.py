"""What holds for every set of punches, every zone and every arrival order."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from attendance.calendar import local_day, zone
from attendance.coverage import NodeWitness, Span, gate, uncovered, windows_of
from attendance.day import AttendanceDay, Correction, DayPunch, Excuse, Side, settle
from attendance.people import Roster, RosterPerson, Shift
from attendance.policy import DayOff, Policy, Schedule
from attendance.recap import recap
from attendance.window import EarlierPunch, Kind, early_minutes, judge, late_minutes, repeat_of, within
from tests.support.office import preset, preset_content, someone

ZONES = ("WIB", "WITA", "WIT")
SHIFTS = ("pagi", "siang", "malam", "off")
FIRST = date(2026, 3, 1)
# A busy machine is no failure.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def _policy(zone_name: str) -> Policy:
    content = preset_content("asn-2023")
    content["policies"][0]["tz"] = zone_name
    return Policy.parse(content)


# Edges are where rules break, so half of all times lie within a second or two of one.
_EDGES = [
    timedelta(hours=h, minutes=m) for h, m in ((0, 0), (6, 0), (7, 31), (11, 30), (12, 0), (16, 0), (16, 30))
]
_EDGES += [timedelta(hours=h, minutes=m) for h, m in ((1, 30), (7, 30), (11, 0), (18, 30), (20, 1))]
times = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.builds(
        lambda edge, days, off: edge + timedelta(days=days) + off,
        st.sampled_from(_EDGES),
        st.integers(0, 2),
        st.timedeltas(timedelta(seconds=-2), timedelta(seconds=2)),
    ),
)
rosters = st.dictionaries(st.integers(-1, 4), st.sampled_from(SHIFTS), max_size=4)
groups = st.sampled_from(["umum", "enam-hari", "piket"])


@st.composite
def people(draw: st.DrawFn) -> RosterPerson:
    shifts = draw(rosters)
    rows = tuple(Shift(FIRST + timedelta(days=number), name) for number, name in sorted(shifts.items()))
    return replace(someone(group=draw(groups)), shifts=rows)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule | DayOff, list[DayPunch]]:
    """A day of somebody in some zone, with punches in and around it."""
    policy, person = _policy(draw(st.sampled_from(ZONES))), draw(people())
    schedule = policy.schedule(person, FIRST + timedelta(days=draw(st.integers(0, 2))))
    midnight = datetime.combine(FIRST, datetime.min.time(), schedule.zone).astimezone(UTC)
    offsets = draw(st.lists(times, max_size=8))
    trust = st.sampled_from([True, True, True, False])
    return schedule, [
        DayPunch(midnight + offset, draw(trust), f"n/0/{n}") for n, offset in enumerate(offsets)
    ]


def _claims(schedule: Schedule | DayOff, draw_side: Side, offset: timedelta) -> Correction:
    midnight = datetime.combine(schedule.day, datetime.min.time(), schedule.zone)
    return Correction(draw_side, midnight.astimezone(UTC) + offset, "k")


excuses = st.one_of(st.none(), st.just(Excuse("DL", "st-1")))


@untimed
@given(
    cases(), st.booleans(), excuses, st.lists(st.tuples(st.sampled_from(Side), times), max_size=3), st.data()
)
def test_a_day_never_depends_on_the_order_of_arrival(
    case: tuple[Schedule | DayOff, list[DayPunch]],
    closed: bool,
    excuse: Excuse | None,
    claimed: list[tuple[Side, timedelta]],
    data: st.DataObject,
) -> None:
    schedule, raw = case
    claims = [_claims(schedule, side, offset) for side, offset in claimed]
    day = settle(schedule, raw, closed=closed, excuse=excuse, corrections=claims)
    mixed, mixed_claims = data.draw(st.permutations(raw)), data.draw(st.permutations(claims))
    again = settle(schedule, mixed, closed=closed, excuse=excuse, corrections=mixed_claims)
    assert again == day
    assert again.content() == day.content()


@untimed
@given(cases(), st.booleans(), excuses)
def test_no_punch_vanishes(
    case: tuple[Schedule | DayOff, list[DayPunch]], closed: bool, excuse: Excuse | None
) -> None:
    schedule, raw = case
    twice = [*raw, *raw[:2]]
    day = settle(schedule, twice, closed=closed, excuse=excuse)
    assert Counter([*day.used, *day.kept]) == Counter(twice)


def _badness(day: AttendanceDay) -> tuple[int, int, int]:
    """How bad a closed day is: absence before missing halves before lateness."""
    return (day.code == "TK", day.missing_in + day.missing_out, day.late_minutes if day.check_in else 10_000)


@untimed
@given(cases(), st.booleans(), st.data())
def test_one_more_punch_never_turns_a_present_person_absent_nor_makes_a_day_worse(
    case: tuple[Schedule | DayOff, list[DayPunch]], closed: bool, data: st.DataObject
) -> None:
    schedule, raw = case
    assume(raw)
    extra = data.draw(st.sampled_from(raw))
    before = settle(schedule, [punch for punch in raw if punch is not extra], closed=closed)
    after = settle(schedule, raw, closed=closed)
    if before.code == "H":
        assert after.code == "H"
    if before.check_in is not None:
        assert after.check_in is not None
        assert after.late_minutes <= before.late_minutes
    if before.check_out is not None:
        assert after.check_out is not None
        assert after.early_minutes <= before.early_minutes
    if before.code in ("pending", "HL"):
        assert after.code != "TK"
    if before.code == "TK":
        assert after.code in ("TK", "H", "pending")
    if extra.trusted and before.final and not isinstance(schedule, DayOff):
        assert _badness(after) <= _badness(before)


@untimed
@given(cases())
def test_closing_a_day_only_turns_pending_into_absent_and_never_present_into_anything(
    case: tuple[Schedule | DayOff, list[DayPunch]],
) -> None:
    schedule, raw = case
    opened, closed = settle(schedule, raw, closed=False), settle(schedule, raw, closed=True)
    assert opened.code != "TK"
    assert not opened.missing_in
    assert not opened.missing_out
    assert (closed.code == opened.code) or (opened.code, closed.code) == ("pending", "TK")
    assert (closed.check_in, closed.check_out) == (opened.check_in, opened.check_out)


@untimed
@given(st.sampled_from(ZONES), people(), times)
@example("WIT", someone(), timedelta(days=1))
def test_a_judgement_agrees_with_the_day_that_it_names(
    zone_name: str, person: RosterPerson, offset: timedelta
) -> None:
    policy = _policy(zone_name)
    when = datetime.combine(FIRST, datetime.min.time(), zone(zone_name)).astimezone(UTC) + offset
    judgement = judge(policy, person, when)
    assert judgement.day is not None
    if judgement.schedule is None:
        assert judgement.day == local_day(when, zone(zone_name))
        assert judgement.kind in (Kind.OUTSIDE, Kind.DAY_OFF)
        return
    assert judgement.schedule == policy.schedule(person, judgement.day)
    assert within(judgement.schedule, when)
    day = settle(judgement.schedule, [DayPunch(when, True, "n/0/1")], closed=True)
    assert day.code == "H"
    came = judgement.kind in (Kind.IN, Kind.LATE)
    assert (day.check_in is not None, day.check_out is not None) == (came, not came)
    assert judgement.minutes == day.late_minutes + day.early_minutes
    assert (judgement.minutes > 0) == (judgement.kind in (Kind.LATE, Kind.EARLY))


@untimed
@given(people(), times)
def test_the_same_clock_on_the_wall_means_the_same_in_every_zone(
    person: RosterPerson, offset: timedelta
) -> None:
    found = set()
    for zone_name in ZONES:
        midnight = datetime.combine(FIRST, datetime.min.time(), zone(zone_name)).astimezone(UTC)
        judgement = judge(_policy(zone_name), person, midnight + offset)
        found.add((judgement.kind, judgement.day, judgement.minutes))
    assert len(found) == 1


@untimed
@given(people(), times, st.sampled_from(ZONES))
def test_a_judgement_does_not_depend_on_the_zone_in_which_the_moment_is_written(
    person: RosterPerson, offset: timedelta, written: str
) -> None:
    when = datetime.combine(FIRST, datetime.min.time(), UTC) + offset
    assert (
        judge(_policy("WIB"), person, when.astimezone(zone(written))).day
        == judge(_policy("WIB"), person, when).day
    )
    assert judge(_policy("WIB"), person, when.astimezone(zone(written))).minutes == (
        judge(_policy("WIB"), person, when).minutes
    )


@untimed
@given(st.timedeltas(timedelta(0), timedelta(hours=17)))
def test_late_and_early_minutes_count_whole_minutes_of_the_clock(offset: timedelta) -> None:
    schedule = _policy("WIB").schedule(someone(), date(2026, 3, 2))
    assert isinstance(schedule, Schedule)
    when = schedule.in_open + offset
    clock = when.astimezone(schedule.zone)
    minute_of_day = clock.hour * 60 + clock.minute
    assert late_minutes(schedule, when) == max(0, minute_of_day - (7 * 60 + 30))
    assert early_minutes(schedule, when) == max(0, 16 * 60 - minute_of_day)


@untimed
@given(people(), st.lists(times, min_size=1, max_size=6), st.data())
def test_what_the_display_repeats_is_an_earlier_punch_whatever_the_order(
    person: RosterPerson, offsets: list[timedelta], data: st.DataObject
) -> None:
    midnight = datetime.combine(FIRST, datetime.min.time(), zone("WIB")).astimezone(UTC)
    judged = [judge(_policy("WIB"), person, midnight + offset) for offset in offsets]
    earlier = [EarlierPunch(judgement.kind, judgement.when) for judgement in judged[1:]]
    answer = repeat_of(judged[0], earlier)
    assert answer == repeat_of(judged[0], data.draw(st.permutations(earlier)))
    assert answer is None or (answer in earlier and answer.when <= judged[0].when)


spans = st.lists(
    st.builds(
        lambda start, length: (start, start + length), times, st.timedeltas(timedelta(0), timedelta(days=1))
    ),
    max_size=6,
)


@untimed
@given(spans, st.data())
def test_covered_and_uncovered_time_fill_the_whole_without_overlap(
    pairs: list[tuple[timedelta, timedelta]], data: st.DataObject
) -> None:
    base = datetime(2026, 3, 1, tzinfo=UTC)
    whole = Span(base + timedelta(hours=6), base + timedelta(days=1))
    given_spans = [Span(base + start, base + end) for start, end in pairs]
    gaps = uncovered(whole, given_spans)
    assert gaps == uncovered(whole, data.draw(st.permutations(given_spans)))
    assert uncovered(whole, [*given_spans, *gaps]) == ()
    for gap in gaps:
        assert whole.start <= gap.start < gap.end <= whole.end
        assert not any(
            span.start < gap.end and gap.start < span.end for span in given_spans if span.start < span.end
        )


@untimed
@given(spans, st.integers(0, 30), st.integers(0, 30), spans)
def test_more_evidence_never_opens_a_day_again(
    pairs: list[tuple[timedelta, timedelta]],
    hours: int,
    more_hours: int,
    more: list[tuple[timedelta, timedelta]],
) -> None:
    schedule = _policy("WIB").schedule(someone(), date(2026, 3, 2))
    assert isinstance(schedule, Schedule)
    start = schedule.in_open - timedelta(hours=6)
    heard = tuple(Span(start + first, start + last) for first, last in pairs)
    added = tuple(Span(start + first, start + last) for first, last in more)
    node = NodeWitness("a", start + timedelta(hours=hours), heard)
    better = NodeWitness("a", start + timedelta(hours=hours + more_hours), heard + added)
    if gate(schedule, [node]).closed:
        assert gate(schedule, [better]).closed
        assert windows_of(schedule).end <= start + timedelta(hours=hours)
    full = Span(schedule.in_open, windows_of(schedule).end)
    assert gate(schedule, [replace(node, reported_until=full.end, spans=(*heard, full))]).closed


@untimed
@given(st.lists(cases(), max_size=4), st.booleans())
def test_a_recap_counts_every_working_day_once(
    days: list[tuple[Schedule | DayOff, list[DayPunch]]], closed: bool
) -> None:
    settled = {day.day: day for day in (settle(*case, closed=closed) for case in days)}
    line = recap(settled.values())
    assert line.working_days == line.present + sum(line.excused.values()) + line.unexcused + line.pending
    assert line.working_days + sum(day.code == "HL" for day in settled.values()) == len(settled)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
unknown = st.dictionaries(
    st.text(min_size=1, max_size=8).map(lambda key: f"x-{key}"), json_values, max_size=3
)


@settings(untimed, max_examples=25)
@given(unknown, unknown, unknown)
def test_documents_read_back_whatever_a_newer_version_added(
    top: dict[str, Any], inner: dict[str, Any], row: dict[str, Any]
) -> None:
    content = preset_content("asn-2023")
    content |= deepcopy(top)
    content["policies"][0] |= deepcopy(inner)
    content["holidays"][0] |= deepcopy(row)
    policy = Policy.parse(content)
    assert policy.content() == content
    assert policy.holidays[0].content() == content["holidays"][0]
    assert policy.schedule(someone(), FIRST) == preset("asn-2023").schedule(someone(), FIRST)
    roster = {
        "serial": 1,
        "node": "a" * 16,
        "unit": "A",
        "unit_name": "A",
        "zone": "Asia/Jakarta",
        "slots": {},
    }
    person = {**row, **someone((FIRST, "malam")).content()}
    person["shifts"][0] |= inner
    document = {**top, **roster, "persons": [person]}
    assert Roster.parse(document).content() == document
