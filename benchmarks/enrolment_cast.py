"""Who plays what in the enrolment proof: drawn by a seed, nobody twice."""

import random
from dataclasses import dataclass

from benchmarks.enrolment_town import Citizen

PEOPLE_PER_CHEAT = 60
"""One cheat of each kind for so many people, and at least one."""
TWIN_SHARE = 0.6
"""Of a finger; a sensor takes such a pair for one."""


@dataclass(frozen=True, slots=True)
class Cheat:
    """Somebody who wants to punch for somebody else, or to be punched for.

    Attributes:
        cheat: who is enrolled.
        victim: whose fingers come.
    """

    kind: str
    cheat: Citizen
    victim: Citizen


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody's part.

    Attributes:
        witnesses: the first of each office; they supervise.
        honest: everybody who does not cheat, witnesses among them.
        movers: honest people of the first office who are transferred to the second.
        twins: honest pairs; the second one resembles the first.
        leavers: honest people of the first office who leave in the end.
    """

    witnesses: dict[str, Citizen]
    honest: list[Citizen]
    movers: list[Citizen]
    twins: list[tuple[Citizen, Citizen]]
    leavers: list[Citizen]
    cheats: list[Cheat]


def cast(people: list[Citizen], seed: int, twin_rate: float) -> Cast:
    """Draw the parts.

    Args:
        people: of at least three offices.
        seed: the same one gives the same parts.
        twin_rate: share of the people who belong to a pair; every other pair works in one office.
    """
    dice = random.Random(seed)
    by_office: dict[str, list[Citizen]] = {}
    for person in people:
        by_office.setdefault(person.office, []).append(person)
    witnesses = {code: staff.pop(0) for code, staff in by_office.items()}
    for staff in by_office.values():
        dice.shuffle(staff)
    first, second, *_, last = by_office.values()
    times = max(1, len(people) // PEOPLE_PER_CHEAT)
    movers = [first.pop() for _ in range(2 * times)]
    leavers = [first.pop() for _ in range(times)]
    victims = [first.pop() for _ in range(2 * times)]
    cheats = []
    for turn in range(times):
        colleague = second.pop()
        cheats += [
            Cheat("same-node", second.pop(), colleague),
            Cheat("other-node", second.pop(), victims[2 * turn]),
            Cheat("merged", last.pop(), victims[2 * turn + 1]),
            Cheat("after-transfer", second.pop(), movers[2 * turn]),
            Cheat("left-behind", first.pop(), movers[2 * turn + 1]),
        ]
        victims.append(colleague)
    twins = []
    for number in range(round(len(people) * twin_rate / 2)):
        if number % 2:
            twins.append((second.pop(), second.pop()))
        else:
            twins.append((first.pop(), last.pop()))
    dishonest = {one.cheat.id for one in cheats}
    honest = [person for person in people if person.id not in dishonest]
    return Cast(witnesses, honest, movers, twins, leavers, cheats)
