"""Decides how a supervised enrolment goes: witness, two fingers of different hands, face, commit.

Touches nothing: it asks for one deed after the other and is told what came of it. Either the whole enrolment
stands at its end, or nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attendance.enrolment import FINGERS, Begun, Enrolment, FailedEnrolment, hand_of
from edge import enrolment_wording as words
from edge.camera_socket import Photo
from edge.enrolling_finger import POLL_S, Work, enrol_finger, lifted
from edge.enrolment_deeds import (
    ChooseFinger,
    ConfirmFace,
    Erase,
    Holders,
    Identify,
    Pause,
    ReadTraits,
    Say,
    Slots,
    StoppedError,
    TakePhoto,
    Talk,
    WriteBegun,
    WriteEnrolment,
    WriteFailure,
    ask,
)
from edge.sensor_identifying import Match, PoorImage, Unrecognised

LOWEST_PROOF_SCORE = 80
ANNOUNCED_S = 3.0
FACE_S = 5
_FINGERS_TO_TRY = 3
_PHOTOS_TO_TRY = 3
_BEST_FIRST = ("index", "middle", "thumb", "ring", "little")
NO_CAMERA = "no-camera"
FIRST_HERE = "nobody-else-enrolled"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the officer has asked for.

    Attributes:
        person: employee id.
        name: for the screens.
        fingers: two, of different hands.
        legal_basis: by which the data are kept.
        notice: version of the privacy notice that the person was given.
        roster: serial of the roster in force.
        minimum_score: below which a punch is none.
        camera: whether the node has one.
        request: id of the order of central. Then no officer's screen stands by: the display alone tells every
            step, and nobody can be asked anything. None where an officer guides it at the node.
    """

    person: str
    name: str
    fingers: tuple[str, str]
    legal_basis: str
    notice: str
    roster: int
    minimum_score: int
    camera: bool
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """The supervisor, by their own finger; or why nobody could be."""

    person: str | None
    slot: int | None
    missing: str | None


def why_not(fingers: Sequence[str]) -> str | None:
    """Why these fingers can't be enrolled together, as a sentence; None if they can."""
    if len(fingers) != 2 or any(finger not in FINGERS for finger in fingers):
        return "Sebutkan dua jari, misalnya telunjuk-kanan dan telunjuk-kiri."
    if hand_of(fingers[0]) == hand_of(fingers[1]):
        return "Dua jari itu harus dari tangan yang berbeda."
    return None


def least_proof_score(minimum_score: int) -> int:
    """The score that a proving touch needs, in the units of the module."""
    return max(LOWEST_PROOF_SCORE, (3 * minimum_score + 1) // 2)


def enrol(plan: Plan) -> Talk[bool]:
    """The dialogue. True if the person is enrolled; False if nothing of it is left.

    Raises:
        StoppedError: taking it back failed too. The intent stays open, and the node takes it back later.
    """
    work: Work | None = None
    try:
        yield from _begin(plan)
        traits = yield from ask(ReadTraits())
        work = Work(plan.person, plan.request, least_proof_score(plan.minimum_score), traits)
        yield from _whole(plan, work)
    except StoppedError as stopped:
        yield from _take_back(plan, work, stopped)
        return False
    yield from ask(Say(words.enrolled(plan.name)))
    return True


def _begin(plan: Plan) -> Talk[None]:
    if plan.request is None:
        yield from ask(Say(words.begun(plan.name)))
        return
    # Written first: after a cut in the next instant it is known that this order was begun.
    yield from ask(WriteBegun(Begun(plan.person, plan.request)))
    yield from ask(Say(words.begun(plan.name)))
    yield from ask(Pause(ANNOUNCED_S))


def _whole(plan: Plan, work: Work) -> Talk[None]:
    witness = yield from _witness(plan)
    for finger in plan.fingers:
        yield from _one_finger(work, finger)
    yield from lifted()
    photo = yield from _face(plan)
    for slot in sorted(work.replaced):
        yield from ask(Erase(slot))
    enrolment = Enrolment(
        plan.person,
        tuple(work.done),
        witness.person,
        witness.slot,
        witness.missing,
        work.traits.model,
        plan.legal_basis,
        plan.notice,
        plan.roster,
        photo.missing,
        plan.request,
    )
    yield from ask(WriteEnrolment(enrolment, photo.sha256))


def _take_back(plan: Plan, work: Work | None, stopped: StoppedError) -> Talk[None]:
    """Erase first, then write that it is erased: never the other way round."""
    yield from ask(Say(stopped.line))
    touched = sorted(work.intended) if work else []
    for slot in touched:
        yield from ask(Erase(slot))
    photo = (yield from ask(TakePhoto())) if stopped.other and plan.camera else None
    failure = FailedEnrolment(
        plan.person,
        stopped.reason,
        tuple(touched),
        stopped.other.person if stopped.other else None,
        stopped.slot,
        stopped.detail,
        plan.request,
    )
    yield from ask(WriteFailure(failure, photo.sha256 if photo else None))


def _witness(plan: Plan) -> Talk[Witness]:
    """The supervisor's finger. Only where nobody else is enrolled at this node may it be missing."""
    holders = yield from ask(Holders())
    in_use = yield from ask(Slots())
    if not any(slot in in_use and holder.person != plan.person for slot, holder in holders.items()):
        yield from ask(Say(words.no_witness()))
        return Witness(None, None, FIRST_HERE)
    yield from ask(Say(words.witness_wanted()))
    while True:
        seen = yield from ask(Identify())
        if isinstance(seen, Match):
            holder = holders.get(seen.slot)
            if holder is not None and holder.person != plan.person:
                yield from ask(Say(words.witness_seen(holder.name)))
                return Witness(holder.person, seen.slot, None)
            yield from ask(Say(words.witness_is_the_person() if holder else words.witness_unknown()))
        elif isinstance(seen, Unrecognised | PoorImage):
            yield from ask(Say(words.witness_unknown()))
        else:
            yield from ask(Pause(POLL_S))


def _one_finger(work: Work, finger: str) -> Talk[None]:
    """This finger, or another one of the same hand."""
    tried: list[str] = []
    while True:
        before = frozenset(work.replaced)
        done = yield from enrol_finger(work, finger)
        if done is not None:
            replaced = tuple(sorted(work.replaced - before))
            work.done.append(replace(done, replaced=replaced))
            return
        work.replaced.intersection_update(before)
        tried.append(finger)
        if len(tried) >= _FINGERS_TO_TRY:
            raise StoppedError("no-usable-finger", words.no_usable_finger())
        others = tuple(one for one in FINGERS if hand_of(one) == hand_of(finger) and one not in tried)
        finger = yield from _another(work, finger, others)


def _another(work: Work, finger: str, others: tuple[str, ...]) -> Talk[str]:
    """The officer's choice; without one, the finger that reads best as a rule."""
    if work.request is None:
        yield from ask(Say(words.finger_too_hard(finger)))
        return (yield from ask(ChooseFinger(others)))
    chosen = min(others, key=lambda one: _BEST_FIRST.index(one.partition("-")[2]))
    yield from ask(Say(words.use_instead(finger, chosen)))
    yield from ask(Pause(ANNOUNCED_S))
    return chosen


def _face(plan: Plan) -> Talk[Photo]:
    if not plan.camera:
        return Photo(None, NO_CAMERA)
    photo = Photo(None, NO_CAMERA)
    for _ in range(_PHOTOS_TO_TRY):
        yield from _looking(plan)
        photo = yield from ask(TakePhoto())
        if photo.sha256 is not None:
            break
        yield from ask(Say(words.face_failed(photo.missing or NO_CAMERA)))
    return photo


def _looking(plan: Plan) -> Talk[None]:
    """Until the person looks into the camera: by the officer's word, or after a countdown."""
    if plan.request is None:
        yield from ask(Say(words.face_wanted()))
        yield from ask(ConfirmFace())
        return
    for left_s in range(FACE_S, 0, -1):
        yield from ask(Say(words.face_soon(left_s)))
        yield from ask(Pause(1.0))
