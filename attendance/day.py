"""One person's attendance day, from windows and punches. The order in which punches arrive never matters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from attendance.errors import PolicyError
from attendance.moment import to_ms
from attendance.policy import DayOff, Schedule
from attendance.policy_parsing import RESERVED_CODES
from attendance.window import early_minutes, late_minutes, within

PRESENT = "H"
OFF = "HL"
UNEXCUSED = "TK"
PENDING = "pending"

_SIMPLE = (
    *("code", "policy_id", "final", "present_on_day_off", "excuse"),
    *("late_minutes", "late_tier", "late_as", "missing_in"),
    *("early_minutes", "early_tier", "early_as", "missing_out"),
)


@dataclass(frozen=True, slots=True)
class DayPunch:
    """A stored punch as a day sees it.

    Attributes:
        at: when, by the evidence of the clock.
        trusted: whether that time may be counted; a doubtful one is shown and never counted.
        event: reference to the signed event.
        by_pin: somebody vouched for a PIN; no finger was read.
    """

    at: datetime
    trusted: bool
    event: str
    by_pin: bool = False


class Side(StrEnum):
    """Which half of the day a correction speaks of."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Correction:
    """An approved claim about a forgotten punch. It stands beside the raw punches and never replaces them."""

    side: Side
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """An approved reason for a whole day (DL, cuti, S...), with the document that proves it.

    Raises:
        PolicyError: the code is empty or one that the day itself uses.
    """

    code: str
    reference: str

    def __post_init__(self) -> None:
        if not self.code or self.code in RESERVED_CODES:
            raise PolicyError(f"{self.code!r} can't be the code of an excuse")


class Flag(StrEnum):
    """What a person should look at."""

    CONFLICT = "conflict"
    """Excused and yet punched."""
    DOUBTFUL_TIME = "doubtful-time"
    """A punch whose time is not trusted lies with this day; nothing negative is said until it is resolved."""
    CLAIM = "claim"
    """A time shown here rests on a correction."""
    BY_PIN = "by-pin"
    """A time shown here, or the presence on a day off, rests on a PIN."""
    CLAIM_OUTSIDE = "claim-outside-windows"
    """A correction names a time outside the windows of its side and is not counted."""
    NO_WINDOWS = "no-windows"
    """The roster names a shift that the rules do not have: nothing is said until one of them is put right."""


@dataclass(frozen=True, slots=True)
class AttendanceDay:
    """What one day came to.

    Attributes:
        code: H, HL, TK, pending, or the code of an excuse.
        check_in, check_out: the times that count, or None.
        late_tier, early_tier: tier of measured minutes.
        late_as, early_as: what a deduction takes each half for; a missing punch may count as a tier.
        missing_in, missing_out: TAM and TAP; said only of a closed day.
        final: no punch that is still on its way can change the figures.
        used, kept: every punch that was handed in, in exactly one of the two.
        claims: the corrections that were handed in.
        excuse: reference of the excuse.
    """

    day: date
    code: str
    policy_id: str
    final: bool
    check_in: datetime | None = None
    check_out: datetime | None = None
    late_minutes: int = 0
    late_tier: str | None = None
    late_as: str | None = None
    early_minutes: int = 0
    early_tier: str | None = None
    early_as: str | None = None
    missing_in: bool = False
    missing_out: bool = False
    present_on_day_off: bool = False
    flags: frozenset[str] = frozenset()
    used: tuple[DayPunch, ...] = ()
    kept: tuple[DayPunch, ...] = ()
    claims: tuple[Correction, ...] = ()
    excuse: str | None = None

    def content(self) -> dict[str, Any]:
        """The day for storage and snapshots: the same day always gives the same content."""
        claims = [
            {"side": claim.side.value, "at_ms": to_ms(claim.at), "reference": claim.reference}
            for claim in self.claims
        ]
        return {
            "day": self.day.isoformat(),
            **{name: getattr(self, name) for name in _SIMPLE},
            "check_in_ms": None if self.check_in is None else to_ms(self.check_in),
            "check_out_ms": None if self.check_out is None else to_ms(self.check_out),
            "flags": sorted(self.flags),
            "used": [punch.event for punch in self.used],
            "kept": [punch.event for punch in self.kept],
            "claims": claims,
        }


def settle(
    schedule: Schedule | DayOff,
    punches: Iterable[DayPunch],
    *,
    closed: bool,
    excuse: Excuse | None = None,
    corrections: Iterable[Correction] = (),
) -> AttendanceDay:
    """Settle a day: day off, then excuse, then first coming and last going punch.

    Args:
        schedule: the person's windows on this day.
        punches: all punches of this day, doubtful ones and those outside the windows included.
        closed: what the completeness gate says. Nothing negative (TK, TAM, TAP) is said of an open day.
        excuse: an approved whole-day excuse; it wins over punches, and the two together are flagged.
        corrections: approved claims; a claim counts like a punch at that time.
    """
    ordered = tuple(sorted(punches, key=lambda punch: (punch.at, punch.event, punch.trusted)))
    claims = tuple(sorted(corrections, key=lambda claim: (claim.at, claim.side, claim.reference)))
    flags: set[str] = set() if all(punch.trusted for punch in ordered) else {Flag.DOUBTFUL_TIME}
    if isinstance(schedule, DayOff):
        present = any(punch.trusted for punch in ordered)
        if present and all(punch.by_pin for punch in ordered if punch.trusted):
            flags.add(Flag.BY_PIN)
        return AttendanceDay(
            schedule.day,
            OFF,
            schedule.policy_id,
            True,
            present_on_day_off=present,
            flags=frozenset(flags),
            kept=ordered,
            claims=claims,
        )
    if excuse is not None:
        if any(punch.trusted and within(schedule, punch.at) for punch in ordered):
            flags.add(Flag.CONFLICT)
        return AttendanceDay(
            schedule.day,
            excuse.code,
            schedule.policy_id,
            True,
            flags=frozenset(flags),
            kept=ordered,
            claims=claims,
            excuse=excuse.reference,
        )
    return _working_day(schedule, ordered, claims, flags, closed)


def unjudged(day: date, policy_id: str, punches: Iterable[DayPunch]) -> AttendanceDay:
    """A day for which the rules in force name no windows: it stays open, and its punches are kept.

    Args:
        day: which.
        policy_id: of the rules.
        punches: all punches of that date; without windows none of them has a meaning.
    """
    ordered = sorted(punches, key=lambda punch: (punch.at, punch.event, punch.trusted))
    doubtful = () if all(punch.trusted for punch in ordered) else (Flag.DOUBTFUL_TIME,)
    flags = frozenset({Flag.NO_WINDOWS, *doubtful})
    return AttendanceDay(day, PENDING, policy_id, False, flags=flags, kept=tuple(ordered))


def pick(schedule: Schedule, punches: Iterable[DayPunch]) -> tuple[DayPunch | None, DayPunch | None]:
    """First trusted punch before the split, last one from the split on."""
    inside = sorted(
        (punch for punch in punches if punch.trusted and within(schedule, punch.at)),
        key=lambda punch: (punch.at, punch.event),
    )
    coming = [punch for punch in inside if punch.at < schedule.split]
    going = [punch for punch in inside if punch.at >= schedule.split]
    return (coming[0] if coming else None), (going[-1] if going else None)


def _working_day(
    schedule: Schedule,
    punches: tuple[DayPunch, ...],
    claims: tuple[Correction, ...],
    flags: set[str],
    closed: bool,
) -> AttendanceDay:
    first, last = pick(schedule, punches)
    valid = [claim for claim in claims if _fits(schedule, claim)]
    if len(valid) < len(claims):
        flags.add(Flag.CLAIM_OUTSIDE)
    comings = [claim.at for claim in valid if claim.side is Side.IN]
    goings = [claim.at for claim in valid if claim.side is Side.OUT]
    check_in = min([*comings, *([first.at] if first else [])], default=None)
    check_out = max([*goings, *([last.at] if last else [])], default=None)
    if check_in != (first.at if first else None) or check_out != (last.at if last else None):
        flags.add(Flag.CLAIM)
    certain = closed and Flag.DOUBTFUL_TIME not in flags
    present = check_in is not None or check_out is not None
    missing_in, missing_out = (certain and present and time is None for time in (check_in, check_out))
    late = late_minutes(schedule, check_in) if check_in else 0
    early = early_minutes(schedule, check_out) if check_out else 0
    rules = schedule.rules
    used = tuple(punch for punch in (first, last) if punch is not None)
    if any(punch.by_pin for punch in used):
        flags.add(Flag.BY_PIN)
    late_tier, early_tier = rules.late_tier(late), rules.early_tier(early)
    return AttendanceDay(
        schedule.day,
        PRESENT if present else UNEXCUSED if certain else PENDING,
        schedule.policy_id,
        certain,
        check_in,
        check_out,
        late,
        late_tier,
        rules.missing.in_as if missing_in else late_tier,
        early,
        early_tier,
        rules.missing.out_as if missing_out else early_tier,
        missing_in,
        missing_out,
        flags=frozenset(flags),
        used=used,
        kept=_without(punches, used),
        claims=claims,
    )


def _fits(schedule: Schedule, claim: Correction) -> bool:
    before_split = claim.at < schedule.split
    return within(schedule, claim.at) and before_split is (claim.side is Side.IN)


def _without(punches: tuple[DayPunch, ...], used: tuple[DayPunch, ...]) -> tuple[DayPunch, ...]:
    """The other punches; of two that are equal in everything only one was used."""
    rest = list(punches)
    for punch in used:
        rest.remove(punch)
    return tuple(rest)
