"""A matched finger is always a punch; the rules only say which."""

import pytest

from attendance.chain import Link, make_event
from attendance.moment import ClockState
from attendance.punch import PUNCH, Method, Punch
from attendance.window import EarlierPunch, Kind
from edge.punching import Remembered, Standing, decide, decide_by_pin
from tests.support.door_people import NODE, moment, standing, wib

SALT = "ab" * 16


@pytest.mark.parametrize(
    ("when", "kind", "day", "minutes"),
    [
        ("2017-06-05 07:28:41", Kind.IN, "2017-06-05", 0),
        ("2017-06-05 09:00:59", Kind.IN, "2017-06-05", 0),
        ("2017-06-05 09:12:00", Kind.LATE, "2017-06-05", 12),
        ("2017-06-05 15:10:00", Kind.EARLY, "2017-06-05", 20),
        ("2017-06-05 15:30:00", Kind.OUT, "2017-06-05", 0),
        ("2017-06-05 04:10:00", Kind.OUTSIDE, "2017-06-05", 0),
        ("2017-06-01 07:30:00", Kind.DAY_OFF, "2017-06-01", 0),
        ("2017-06-04 07:30:00", Kind.DAY_OFF, "2017-06-04", 0),
    ],
    ids=["on time", "last second", "late", "too early home", "home", "night", "holiday", "sunday"],
)
def test_the_rules_say_what_a_punch_is(when: str, kind: Kind, day: str, minutes: int) -> None:
    punch = decide(standing(), 1, 120, wib(when), [], None).punch
    assert (punch.kind, str(punch.day), punch.minutes) == (kind, day, minutes)
    assert (punch.person, punch.slot, punch.score) == ("p-siti", 1, 120)
    assert (punch.policy, punch.roster) == (3, 5)


def test_every_finger_of_a_person_is_that_person() -> None:
    assert decide(standing(), 2, 90, wib("2017-06-05 07:00:00"), [], None).punch.person == "p-siti"
    assert decide(standing(), 7, 90, wib("2017-06-05 07:00:00"), [], None).punch.person == "p-budi"


def test_a_slot_of_nobody_is_a_punch_of_nobody() -> None:
    decision = decide(standing(), 99, 90, wib("2017-06-05 07:00:00"), [], "camera-late")
    assert (decision.person, decision.judgement) == (None, None)
    assert (decision.punch.person, decision.punch.slot, decision.punch.kind) == (None, 99, Kind.OUTSIDE)
    assert decision.punch.photo_missing == "camera-late"


@pytest.mark.parametrize(
    "known", [Standing(), Standing(policy=standing().policy), Standing(roster=standing().roster)]
)
def test_without_rules_or_people_a_finger_is_stored_all_the_same(known: Standing) -> None:
    punch = decide(known, 1, 90, wib("2017-06-05 07:00:00"), [], None).punch
    assert (punch.kind, punch.day, punch.minutes) == (Kind.OUTSIDE, None, 0)
    assert punch.person == ("p-siti" if known.roster else None)
    assert (punch.policy, punch.roster) == (3 if known.policy else 0, 5 if known.roster else 0)


def test_a_second_morning_punch_is_a_repeat_and_never_a_going_home() -> None:
    first = EarlierPunch(Kind.IN, wib("2017-06-05 07:10:00"))
    decision = decide(standing(), 1, 90, wib("2017-06-05 07:12:00"), [first], None)
    assert decision.repeat == first
    assert decision.punch.kind == Kind.IN


def test_the_node_remembers_trusted_punches_of_known_people_only() -> None:
    remembered, link = Remembered(), Link(NODE, 1)
    siti = standing().roster.persons["p-siti"]  # type: ignore[union-attr]
    when = wib("2017-06-05 07:10:00")
    punch = decide(standing(), 1, 90, when, [], None).punch.content()

    def note(type_: str, content: dict[str, object], state: ClockState = ClockState.ANCHORED) -> None:
        remembered.note(make_event(link, type_, moment(when, state), content, salt=SALT))

    note("health", {"x": 1})
    note(PUNCH, {"x": 1})
    note(PUNCH, {**punch, "kind": "of-a-newer-version"})
    note(PUNCH, punch, ClockState.DOUBTFUL)
    note(PUNCH, {**punch, "person": None})
    assert remembered.of(siti) == []
    note(PUNCH, punch)
    assert remembered.of(siti) == [EarlierPunch(Kind.IN, when)]
    assert remembered.of(None) == []


def test_old_punches_are_forgotten_when_new_ones_come() -> None:
    remembered, link = Remembered(), Link(NODE, 1)
    siti = standing().roster.persons["p-siti"]  # type: ignore[union-attr]
    for day in ("2017-06-05", "2017-06-06", "2017-06-12"):
        when = wib(f"{day} 07:10:00")
        body = decide(standing(), 1, 90, when, [], None).punch.content()
        remembered.note(make_event(link, PUNCH, moment(when), body, salt=SALT))
    assert [str(punch.when.date()) for punch in remembered.of(siti)] == ["2017-06-12"]


def test_what_is_decided_reads_back_at_central() -> None:
    punch = decide(standing(), 7, 90, wib("2017-06-05 09:31:00"), [], None).punch
    assert Punch.parse(punch.content()) == punch


def test_a_pin_is_judged_like_a_finger_and_remembered_like_one() -> None:
    known = standing()
    assert known.roster is not None
    siti, budi = known.roster.persons["p-siti"], known.roster.persons["p-budi"]
    decision = decide_by_pin(known, siti, budi, wib("2017-06-05 09:12:00"), [], None)
    punch = decision.punch
    assert (punch.kind, punch.minutes, str(punch.day)) == (Kind.LATE, 12, "2017-06-05")
    assert (punch.person, punch.slot, punch.method, punch.witness) == ("p-siti", None, Method.PIN, "p-budi")
    remembered = Remembered()
    when = moment(wib("2017-06-05 09:12:00"))
    remembered.note(make_event(Link(NODE, 1), PUNCH, when, punch.content(), salt=SALT))
    assert [earlier.kind for earlier in remembered.of(siti)] == [Kind.LATE]
