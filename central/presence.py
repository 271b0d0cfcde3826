"""What a day in progress looks like for one person, and the sums of it over people. Touches nothing."""

from dataclasses import dataclass
from enum import StrEnum


class Presence(StrEnum):
    """One person's state on one day, for a screen.

    Never a verdict: codes and recaps come from `attendance.day`.
    """

    PRESENT = "present"
    """Came in on time and is, as far as we know, still there."""
    LATE = "late"
    """Came in late and is still there."""
    OUT = "out"
    """Came and went home."""
    EARLY = "early"
    """Came and left before the going-home time."""
    NO_CHECK_IN = "no-check-in"
    """Went home by the machine, and no coming in was seen."""
    WAITING = "waiting"
    """Has not punched, and the nodes that would know are reporting."""
    PENDING = "pending"
    """Nothing is known, and a node that could hold the punch has not reported: never TK out of ignorance."""
    EXCUSED = "excused"
    ABSENT = "absent"
    """TK: settled by `attendance.day` behind the completeness gate, never by this module."""
    OFF = "off"
    """A day off without punches."""


CAME = frozenset({Presence.PRESENT, Presence.LATE, Presence.OUT, Presence.EARLY, Presence.NO_CHECK_IN})
_SETTLED = {"H", "HL", "TK", "pending"}


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What the book of days says of one person and day; `code` None where there is no row yet."""

    code: str | None
    checked_in: bool = False
    checked_out: bool = False
    late: bool = False
    early: bool = False
    present_on_day_off: bool = False


def presence(facts: DayFacts, *, witnessed: bool, over: bool) -> Presence:
    """Say the state for the screen.

    Args:
        facts: from the book of days.
        witnessed: every node that could hold a punch of this person is reporting.
        over: the day's last window has closed, so that "has not punched yet" is no longer a fair word.
    """
    if facts.code is not None and facts.code not in _SETTLED:
        return Presence.EXCUSED
    if facts.checked_out:
        if facts.early:
            return Presence.EARLY
        return Presence.OUT if facts.checked_in else Presence.NO_CHECK_IN
    if facts.checked_in or facts.present_on_day_off:
        return Presence.LATE if facts.late else Presence.PRESENT
    if facts.code == "TK":
        return Presence.ABSENT
    if facts.code == "HL":
        return Presence.OFF
    return Presence.WAITING if witnessed and not over else Presence.PENDING


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over people of one unit.

    Attributes:
        people: all who are expected today; those with a day off are not.
        came: who punched today, whenever and however.
        late: of those, who came late, gone home or not.
        out: of those, who went home.
        waiting: no punch yet, nodes reporting.
        pending: no punch known, a node is silent or the day is not settled.
        excused, absent: settled otherwise.
        off: day off, not counted in people.
    """

    people: int = 0
    came: int = 0
    late: int = 0
    out: int = 0
    waiting: int = 0
    pending: int = 0
    excused: int = 0
    absent: int = 0
    off: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.people + other.people,
            self.came + other.came,
            self.late + other.late,
            self.out + other.out,
            self.waiting + other.waiting,
            self.pending + other.pending,
            self.excused + other.excused,
            self.absent + other.absent,
            self.off + other.off,
        )

    @property
    def percent_came(self) -> int:
        """Share of those expected who came, rounded down: 99.9 % is not everybody."""
        return self.came * 100 // self.people if self.people else 0

    @property
    def on_time_here(self) -> int:
        """Who came on time, still here or gone: the first part of the bar."""
        return self.came - self.late


def tally_of(state: Presence, count: int, *, late: bool, out: bool) -> Tally:
    """The sums of `count` people in the same state."""
    if state is Presence.OFF:
        return Tally(off=count)
    return Tally(
        people=count,
        came=count if state in CAME else 0,
        late=count if late and state in CAME else 0,
        out=count if out and state in CAME else 0,
        waiting=count if state is Presence.WAITING else 0,
        pending=count if state is Presence.PENDING else 0,
        excused=count if state is Presence.EXCUSED else 0,
        absent=count if state is Presence.ABSENT else 0,
    )
