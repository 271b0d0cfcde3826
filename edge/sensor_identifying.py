"""Decides what one or more looks at a finger mean. Values in, values out: touches nothing.

A look is one image, its features and the searches over them. One look suffices for a strong match. Two are
asked for where one could deceive:

* not found: a damaged command can make a module search in the wrong place, and people press badly;
* a score between the minimum and `second_capture_below`;
* a match to the slot that the features *before* this reading belonged to. If damage turned "extract to buffer
  1" into "extract to buffer 3", buffer 1 still holds the person who was here before, and every search would
  confirm that person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MAX_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A finger of this slot.

    Attributes:
        slot: Where its template is stored in the module.
        score: The lower of the scores of the searches that agreed; not comparable between models.
        captured_monotonic_s: When the finger was first seen.
    """

    slot: int
    score: int
    captured_monotonic_s: float


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A finger that no template answers to."""


@dataclass(frozen=True, slots=True)
class PoorImage:
    """A finger of which no decision could be made.

    Attributes:
        reason: capture-failed, too-dry, too-wet, messy, few-points, lifted or unclear.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class NoFinger:
    """Nothing on the glass."""


@dataclass(frozen=True, slots=True)
class Held:
    """The finger that has been answered is still on the glass."""


Identification = Match | Unrecognised | PoorImage | NoFinger | Held


@dataclass(frozen=True, slots=True)
class Found:
    """A look whose search and narrow search agreed on a slot."""

    slot: int
    score: int


@dataclass(frozen=True, slots=True)
class NotFound:
    """A look that found no template, or found one only below the minimum score."""


@dataclass(frozen=True, slots=True)
class Poor:
    """A look without usable features."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The finger was lifted before this look."""


Look = Found | NotFound | Poor | Gone


class Again(Enum):
    """Another look is needed."""

    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site asks of a match.

    Attributes:
        minimum_score: Below this a match is none.
        second_capture_below: Below this a second look must agree.
    """

    minimum_score: int
    second_capture_below: int


@dataclass(frozen=True, slots=True)
class Before:
    """Whose features the module held before this reading.

    Attributes:
        known: False if it cannot be told (a start, a fault half way): then any slot is suspect.
        slot: The slot they matched, or None if they matched none.
    """

    known: bool
    slot: int | None = None

    def suspects(self, slot: int) -> bool:
        """True if a single match to this slot might be of the features before."""
        return not self.known or slot == self.slot


def decide(
    looks: Sequence[Look], rules: Rules, before: Before, captured_monotonic_s: float
) -> Match | Unrecognised | PoorImage | Again:
    """What the looks so far mean, or that another one is needed. The finger was seen at least once."""
    found = [look for look in looks if isinstance(look, Found) and look.score >= rules.minimum_score]
    over = len(looks) >= MAX_LOOKS or isinstance(looks[-1], Gone)
    slot = _agreed(found, rules, before)
    if slot is not None:
        score = min(look.score for look in found if look.slot == slot)
        return Match(slot, score, captured_monotonic_s)
    if len({look.slot for look in found if not before.suspects(look.slot)}) > 1:
        return Unrecognised()
    misses = sum(1 for look in looks if isinstance(look, NotFound | Found) and look not in found)
    poor = [look for look in looks if isinstance(look, Poor)]
    if misses >= 2 or (over and misses and not found):
        return Unrecognised()
    if len(poor) >= 2 or (over and poor):
        return PoorImage(poor[-1].reason)
    if over:
        return PoorImage("lifted" if isinstance(looks[-1], Gone) else "unclear")
    return Again.LOOK


def _agreed(found: Sequence[Found], rules: Rules, before: Before) -> int | None:
    slots = {look.slot for look in found}
    if len(slots) == 1:
        look = found[0]
        strong = look.score >= rules.second_capture_below and not before.suspects(look.slot)
        return look.slot if strong or len(found) >= 2 else None
    fresh = [look.slot for look in found if not before.known or look.slot != before.slot]
    if len(set(fresh)) == 1 and len(fresh) >= 2:
        return fresh[0]
    return None
