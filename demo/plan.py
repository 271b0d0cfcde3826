"""The plan of one working day, and what must be true of it afterwards: by hand, not by the rules under test.

The rules are those of the customer (`tanggamus-2017`): in until 09:00, home from 15:30 on a Monday.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time

from demo.town import Resident

STRANGER = "somebody from outside"


@dataclass(frozen=True, slots=True)
class Tap:
    """A finger that is put on the glass.

    Attributes:
        at: local time of the day, when the person walks up to the door.
        office: code of the SKPD whose door it is.
        who: name known to the emulator of fingers.
        cut_short: the punch process is killed while this tap is under way.
    """

    at: time
    office: str
    who: str
    cut_short: bool = False

    @property
    def enrolled(self) -> bool:
        """Whether the finger is known to the sensor."""
        return self.who != STRANGER


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the attendance day of a person must say in the end."""

    code: str
    late: bool = False
    missing_out: bool = False


ABSENT_BEHIND_A_HOLE = 5
"""He never came, but the node was killed that morning: it can't be known, so the day stays pending."""
ABSENT_FOR_CERTAIN = 25
"""She never came, and the node listened all day: TK, after the day has closed."""
LATECOMERS = (7, 28, 47)
DOUBLE_TAP = 22
TRIES_TOO_EARLY = 31
FORGETS_TO_GO = 44
CUT_SHORT = 9


def taps_of(residents: Iterable[Resident]) -> list[Tap]:
    """Every tap of the day in the order of time."""
    taps = [Tap(time(8, 1), "DISDUKCAPIL", STRANGER)]
    for person in residents:
        if person.number in (ABSENT_BEHIND_A_HOLE, ABSENT_FOR_CERTAIN):
            continue
        office, place = person.office.code, person.slot
        minute = 9 * 60 + 12 + place if person.number in LATECOMERS else 6 * 60 + 40 + 6 * place
        arrives = time(minute // 60, minute % 60, 7)
        taps.append(Tap(arrives, office, person.key, cut_short=person.number == CUT_SHORT))
        if person.number == CUT_SHORT:
            # The screen stayed dark, so he puts the finger on again.
            taps.append(Tap(time(minute // 60, minute % 60 + 4, 0), office, person.key))
        if person.number == DOUBLE_TAP:
            taps.append(Tap(time(minute // 60, minute % 60 + 2, 0), office, person.key))
        if person.number == TRIES_TOO_EARLY:
            taps.append(Tap(time(13, 30), office, person.key))
        if person.number != FORGETS_TO_GO:
            minute = 15 * 60 + 34 + 3 * place
            taps.append(Tap(time(minute // 60, minute % 60), office, person.key))
    return sorted(taps, key=lambda tap: (tap.at, tap.office))


def outcomes(residents: Iterable[Resident]) -> dict[str, Outcome]:
    """What must be true of each person's day once every node has reported, by NIP."""
    wanted = {}
    for person in residents:
        if person.number == ABSENT_BEHIND_A_HOLE:
            wanted[person.nip] = Outcome("pending")
        elif person.number == ABSENT_FOR_CERTAIN:
            wanted[person.nip] = Outcome("TK")
        else:
            wanted[person.nip] = Outcome(
                "H", late=person.number in LATECOMERS, missing_out=person.number == FORGETS_TO_GO
            )
    return wanted
