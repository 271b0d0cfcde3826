"""Decides how one finger becomes a template: touches, checks, slot, store, proof. Touches nothing.

What is never done: storing a finger that the library already knows as somebody else's; believing the module
that two touches are of one finger; calling a template good that was not found again by the living finger.
"""

from dataclasses import dataclass, field
from enum import Enum

from attendance.enrolment import EnrolledFinger, Intent
from edge import enrolment_wording as words
from edge.enrolment_deeds import (
    Capture,
    Combine,
    Compare,
    Erase,
    Extract,
    FindAll,
    FindAt,
    Hit,
    Holders,
    Line,
    Load,
    Pause,
    Say,
    Slots,
    StoppedError,
    Store,
    Talk,
    Touching,
    Traits,
    WriteIntent,
    ask,
)

MOST_POOR_TOUCHES = 8
ATTEMPTS = 3
PROOFS = 2
LIFT_S = 0.1
POLL_S = 0.05


@dataclass(slots=True)
class Work:
    """What this enrolment has done so far, and what must be taken back if it fails.

    Attributes:
        person: employee id.
        request: id of the order of central, or None.
        least_score: of a touch that proves a template.
        traits: of the module.
        intended: slots that an intent names.
        replaced: slots with an older template of a finger, to be erased at the end.
        done: fingers that are stored and proven.
    """

    person: str
    request: str | None
    least_score: int
    traits: Traits
    intended: set[int] = field(default_factory=set)
    replaced: set[int] = field(default_factory=set)
    done: list[EnrolledFinger] = field(default_factory=list)


class _Again(Enum):
    """This attempt came to nothing."""

    SAME = "with the same finger"


class _TooManyError(Exception):
    """The finger can't be read."""


@dataclass(slots=True)
class _Touches:
    """Counts what was of no use with this finger."""

    poor: int = 0

    def spoilt(self) -> int:
        """One more; how many are left.

        Raises:
            _TooManyError: none.
        """
        self.poor += 1
        if self.poor >= MOST_POOR_TOUCHES:
            raise _TooManyError
        return MOST_POOR_TOUCHES - self.poor


def enrol_finger(work: Work, finger: str) -> Talk[EnrolledFinger | None]:
    """Store this finger and prove it; None if another one should be tried.

    Raises:
        StoppedError: it is somebody's already, or there is no room.
    """
    touches = _Touches()
    for _ in range(ATTEMPTS):
        try:
            result = yield from _attempt(work, finger, touches)
        except _TooManyError:
            break
        if isinstance(result, EnrolledFinger):
            return result
        yield from _clear(work)
    yield from _clear(work)
    return None


def _clear(work: Work) -> Talk[None]:
    """Empty what an attempt has left behind; its intent stays open for the next one."""
    proven = {finger.slot for finger in work.done}
    in_use = yield from ask(Slots())
    for slot in sorted((work.intended - proven) & in_use):
        yield from ask(Erase(slot))


def _attempt(work: Work, finger: str, touches: _Touches) -> Talk[EnrolledFinger | _Again]:
    traits = work.traits
    yield from _touch(words.touch(finger, 1, traits.captures), 1, touches)
    if not (yield from _is_new(work, touches)):
        return _Again.SAME
    slot = yield from _free_slot(work)
    yield from _intend(work, finger, slot)
    if not traits.compares_captures:
        # Alone in the slot until the others have been found in it: see `_same_as_first`.
        yield from ask(Store(slot))
    for number in range(2, traits.captures + 1):
        yield from _touch(
            words.touch(finger, number, traits.captures), 2 if traits.compares_captures else 1, touches
        )
        if not (yield from _same_as_first(traits, slot, number)):
            touches.spoilt()
            yield from ask(Say(words.other_finger()))
            return _Again.SAME
    if not (yield from _combined(traits, slot)):
        touches.spoilt()
        yield from ask(Say(words.not_combined()))
        return _Again.SAME
    yield from ask(Store(slot))
    scores = yield from _proof(work, finger, slot, touches)
    if scores is None:
        touches.spoilt()
        yield from ask(Say(words.not_proven()))
        return _Again.SAME
    yield from ask(Say(words.finger_done(finger)))
    return EnrolledFinger(finger, slot, traits.captures, touches.poor, scores)


def _touch(line: Line, buffer: int, touches: _Touches) -> Talk[None]:
    """One usable image in a buffer, of a finger that was lifted before."""
    while True:
        yield from lifted()
        yield from ask(Say(line))
        reason: str | None = "no-finger"
        while reason == "no-finger":
            reason = yield from ask(Capture(buffer))
            if reason == "no-finger":
                yield from ask(Pause(POLL_S))
        if reason is None:
            return
        yield from ask(Say(words.poor(reason, touches.spoilt())))


def lifted() -> Talk[None]:
    """Wait until the glass was seen bare twice, some time apart."""
    bare = told = False
    while True:
        if (yield from ask(Touching())):
            bare = False
            if not told:
                told = True
                yield from ask(Say(words.lift()))
            yield from ask(Pause(POLL_S))
        elif bare:
            return
        else:
            bare = True
            yield from ask(Pause(LIFT_S))


def _is_new(work: Work, touches: _Touches) -> Talk[bool]:
    """Search the library for the first touch, before any other image is taken; False if it was just stored.

    "Not found" is asked twice: a damaged command can make a module search in the wrong place.
    """
    hit = (yield from ask(FindAll())) or (yield from ask(FindAll()))
    if hit is None:
        return True
    if hit.slot in _done_before(work):
        touches.spoilt()
        yield from ask(Say(words.same_finger_again()))
        return False
    yield from _refuse_others(work, hit)
    if hit.slot not in work.replaced:
        work.replaced.add(hit.slot)
        yield from ask(Say(words.replaces()))
    return True


def _done_before(work: Work) -> set[int]:
    """Slots that hold a finger of this dialogue, as it is stored now or as it was before."""
    return {slot for finger in work.done for slot in (finger.slot, *finger.replaced)}


def _refuse_others(work: Work, hit: Hit) -> Talk[None]:
    holder = (yield from ask(Holders())).get(hit.slot)
    if holder is None:
        raise StoppedError("belongs-to-nobody", words.belongs_to_nobody(hit.slot), slot=hit.slot)
    if holder.person != work.person:
        raise StoppedError(
            "belongs-to-another",
            words.belongs_to_another(holder.name),
            other=holder,
            slot=hit.slot,
            detail=f"score {hit.score}",
        )


def _free_slot(work: Work) -> Talk[int]:
    """The lowest slot that neither the host's table nor the module's index calls taken."""
    taken = (yield from ask(Slots())) | set((yield from ask(Holders())))
    slot = next((slot for slot in range(work.traits.usable_slots) if slot not in taken), None)
    if slot is None:
        raise StoppedError("full", words.full())
    return slot


def _intend(work: Work, finger: str, slot: int) -> Talk[None]:
    intent = Intent(work.person, finger, slot, tuple(sorted(work.replaced)), work.request)
    yield from ask(WriteIntent(intent))
    work.intended.add(slot)


def _same_as_first(traits: Traits, slot: int, number: int) -> Talk[bool]:
    """Whether this touch is of the finger of the first one; the module's own word is no proof.

    Modules of the ZFM class compare two captures. On the R503 class that never worked for anybody, so there
    the first capture stands in the slot, and this one must find it. The features lie in buffer 1 for that,
    the only one that such a module is sure to search with; the same image then goes to its own buffer.
    """
    if traits.compares_captures:
        return (yield from ask(Compare())) is not None
    if (yield from ask(FindAt(slot))) is None:
        return False
    return (yield from ask(Extract(number))) is None


def _combined(traits: Traits, slot: int) -> Talk[bool]:
    if traits.compares_captures:
        return (yield from ask(Combine()))
    combined = (yield from ask(Load(slot))) and (yield from ask(Combine()))
    yield from ask(Erase(slot))
    return combined


def _proof(work: Work, finger: str, slot: int, touches: _Touches) -> Talk[tuple[int, ...] | None]:
    """Scores of the living finger against what was stored; None if they do not prove it."""
    scores: list[int] = []
    for number in range(1, PROOFS + 1):
        yield from _touch(words.touch_to_prove(finger, number, PROOFS), 1, touches)
        near = yield from ask(FindAt(slot))
        anywhere = yield from ask(FindAll())
        if anywhere is not None and anywhere.slot not in {slot, *work.replaced} - _done_before(work):
            if anywhere.slot not in _done_before(work):
                yield from _refuse_others(work, anywhere)
            return None
        if near is None or anywhere is None or near.score < work.least_score:
            return None
        scores.append(near.score)
    return tuple(scores)
