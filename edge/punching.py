"""Decides what a matched finger means and what is written about it. Touches nothing, throws nothing away.

Rules classify: late, early, outside every window, twice, on a holiday, of a person whom the roster does not
know - all of it becomes a punch. Central judges again; the node's own judgement is what the person was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from attendance.chain import Event
from attendance.errors import MalformedError
from attendance.orders import Orders
from attendance.people import Roster, RosterPerson
from attendance.policy import Policy
from attendance.punch import PUNCH, Method, Punch
from attendance.window import EarlierPunch, Judgement, Kind, judge, repeat_of

_REMEMBERED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Standing:
    """The rules, people and orders in force at this node; None until central sent them."""

    policy: Policy | None = None
    roster: Roster | None = None
    orders: Orders | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """By what the node knew the person; as in `Punch`."""

    slot: int | None
    score: int
    method: Method = Method.FINGER
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a matched finger, or a right PIN, comes to.

    Attributes:
        punch: what is written.
        when: the time by which it was judged.
        person: who it is, or None where the slot belongs to nobody on the roster.
        judgement: what the rules say, or None without rules or person.
        repeat: the punch that this one repeats; only the display cares.
    """

    punch: Punch
    when: datetime
    person: RosterPerson | None
    judgement: Judgement | None
    repeat: EarlierPunch | None


def decide(
    standing: Standing,
    slot: int,
    score: int,
    when: datetime,
    earlier: Sequence[EarlierPunch],
    photo_missing: str | None,
) -> Decision:
    """Say what the finger of this slot means at this time.

    Args:
        standing: rules and people in force.
        slot: place of the matched template.
        score: the sensor's measure of likeness.
        when: aware time.
        earlier: punches of the same person that the node remembers.
        photo_missing: why there is no picture, or None where there is one.
    """
    person = standing.roster.person_in(slot) if standing.roster else None
    return _decided(standing, person, when, earlier, photo_missing, Evidence(slot, score))


def decide_by_pin(
    standing: Standing,
    person: RosterPerson,
    witness: RosterPerson,
    when: datetime,
    earlier: Sequence[EarlierPunch],
    photo_missing: str | None,
) -> Decision:
    """Say what a right PIN means whose owner somebody vouched for: the same as a finger at this time."""
    by_pin = Evidence(None, 0, Method.PIN, witness.person)
    return _decided(standing, person, when, earlier, photo_missing, by_pin)


def _decided(
    standing: Standing,
    person: RosterPerson | None,
    when: datetime,
    earlier: Sequence[EarlierPunch],
    photo_missing: str | None,
    evidence: Evidence,
) -> Decision:
    judgement = judge(standing.policy, person, when) if standing.policy and person else None
    punch = Punch(
        person=person.person if person else None,
        slot=evidence.slot,
        score=evidence.score,
        kind=judgement.kind if judgement else Kind.OUTSIDE,
        day=judgement.day if judgement else None,
        minutes=judgement.minutes if judgement else 0,
        policy=standing.policy.serial if standing.policy else 0,
        roster=standing.roster.serial if standing.roster else 0,
        photo_missing=photo_missing,
        method=evidence.method,
        witness=evidence.witness,
    )
    repeat = repeat_of(judgement, earlier) if judgement else None
    return Decision(punch, when, person, judgement, repeat)


@dataclass(slots=True)
class Remembered:
    """The punches of the last days by person, so that a repeat can be told from a first one."""

    _by_person: dict[str, list[EarlierPunch]] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Remember an event of the journal if it is a punch of somebody at a time that can be believed."""
        if event.type != PUNCH or not event.moment.trusted:
            return
        try:
            punch = Punch.parse(event.content)
            kind = Kind(punch.kind)
        except (MalformedError, ValueError):
            return  # erased by law, or of a newer version: nothing that this version can repeat
        if punch.person is None:
            return
        when = event.moment.utc
        kept = [p for p in self._by_person.get(punch.person, []) if p.when > when - _REMEMBERED]
        self._by_person[punch.person] = [*kept, EarlierPunch(kind, when)]

    def of(self, person: RosterPerson | None) -> Sequence[EarlierPunch]:
        """The person's punches, in the order of writing."""
        return self._by_person.get(person.person, []) if person else []
