"""What the bodies of enrolment events say: whose finger a slot of a sensor holds, who saw it, on what basis.

An intent is written before a template is stored, and `enrol` or `enrol-failed` afterwards. What central asked
for is written down as begun before anything else, and each of the others names that request. A template never
stands in any of them. The picture of the face is named by the event's header, like that of a punch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attendance.body_reading import MAX_TEXT_CHARS, optional_text, rows, slot, slots, text, whole
from attendance.errors import MalformedError

BEGUN = "enrol-begun"
INTENT = "enrol-intent"
ENROL = "enrol"
FAILED = "enrol-failed"

TYPES = (BEGUN, INTENT, ENROL, FAILED)

FINGERS = tuple(
    f"{hand}-{finger}"
    for hand in ("right", "left")
    for finger in ("thumb", "index", "middle", "ring", "little")
)


def hand_of(finger: str) -> str:
    """The hand that a finger belongs to."""
    return finger.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Begun:
    """An order of central to enrol this person is being done; it is not begun a second time.

    Attributes:
        person: employee id.
        request: id of the order.
    """

    person: str
    request: str

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {"person": self.person, "request": self.request}

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Begun":
        """Read a beginning.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(text(body, "person"), text(body, "request"))


@dataclass(frozen=True, slots=True)
class Intent:
    """A template of this person may be found in this slot from now on, finished or not.

    Attributes:
        person: employee id.
        finger: one of `FINGERS`.
        slot: where it will be stored; empty until now.
        replaces: slots of the same finger that will be erased if all goes well.
        request: id of the order of central, or None where the officer began at the node.
    """

    person: str
    finger: str
    slot: int
    replaces: tuple[int, ...] = ()
    request: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "person": self.person,
            "finger": self.finger,
            "slot": self.slot,
            "replaces": list(self.replaces),
            "request": self.request,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Intent":
        """Read an intent.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(
            text(body, "person"),
            _finger(body),
            slot(body),
            slots(body, "replaces"),
            optional_text(body, "request"),
        )


@dataclass(frozen=True, slots=True)
class EnrolledFinger:
    """One finger that was stored and proven.

    Attributes:
        finger: one of `FINGERS`.
        slot: where it is.
        captures: how many touches its template was made of.
        poor: how many touches were of no use.
        scores: of the touches that proved it; not comparable between models.
        replaced: slots with an older template of it, now erased.
    """

    finger: str
    slot: int
    captures: int
    poor: int
    scores: tuple[int, ...]
    replaced: tuple[int, ...] = ()

    def content(self) -> dict[str, Any]:
        """As part of a body."""
        return {
            "finger": self.finger,
            "slot": self.slot,
            "captures": self.captures,
            "poor": self.poor,
            "scores": list(self.scores),
            "replaced": list(self.replaced),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "EnrolledFinger":
        """Read one finger of an enrolment.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        scores = body.get("scores")
        if not isinstance(scores, list):
            raise MalformedError("an enrolled finger has no list of scores")
        return cls(
            _finger(body),
            slot(body),
            whole(body, "captures"),
            whole(body, "poor"),
            tuple(whole({"scores": score}, "scores") for score in scores),
            slots(body, "replaced"),
        )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person was enrolled under supervision.

    Attributes:
        person: employee id.
        fingers: what was stored.
        witness: employee id of the supervisor, proven by a finger of theirs; None where nobody could be.
        witness_slot: the slot that the supervisor's finger matched.
        witness_missing: why there is no witness, or None.
        model: class of the sensor module; templates never travel between classes.
        legal_basis: the decree or contract by which the data are kept.
        notice: version of the privacy notice that the person was given.
        roster: serial of the roster that was in force.
        photo_missing: why there is no picture of the face, or None.
        request: id of the order of central, or None where the officer began at the node.
    """

    person: str
    fingers: tuple[EnrolledFinger, ...]
    witness: str | None
    witness_slot: int | None
    witness_missing: str | None
    model: str
    legal_basis: str
    notice: str
    roster: int
    photo_missing: str | None
    request: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "person": self.person,
            "fingers": [finger.content() for finger in self.fingers],
            "witness": self.witness,
            "witness_slot": self.witness_slot,
            "witness_missing": self.witness_missing,
            "model": self.model,
            "legal_basis": self.legal_basis,
            "notice": self.notice,
            "roster": self.roster,
            "photo_missing": self.photo_missing,
            "request": self.request,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Enrolment":
        """Read an enrolment.

        Raises:
            MalformedError: a field is missing or wrong, it has no finger, or two of them share a slot.
        """
        fingers = tuple(EnrolledFinger.parse(row) for row in rows(body, "fingers"))
        if not fingers:
            raise MalformedError("an enrolment lists no fingers")
        if len({finger.slot for finger in fingers}) != len(fingers):
            raise MalformedError("an enrolment names a slot twice")
        return cls(
            text(body, "person"),
            fingers,
            optional_text(body, "witness"),
            _slot_or_none(body, "witness_slot"),
            optional_text(body, "witness_missing"),
            text(body, "model"),
            text(body, "legal_basis"),
            text(body, "notice"),
            whole(body, "roster"),
            optional_text(body, "photo_missing"),
            optional_text(body, "request"),
        )


@dataclass(frozen=True, slots=True)
class FailedEnrolment:
    """Nothing was enrolled, and the slots that were begun are empty again.

    Attributes:
        person: employee id.
        reason: a kebab-case word, stable for statistics.
        slots: slots in which nothing of this person is left.
        other: employee id of somebody whose finger it was already, or None.
        other_slot: where.
        detail: an English sentence for the log; never of a template.
        request: id of the order of central, or None where the officer began at the node.
    """

    person: str
    reason: str
    slots: tuple[int, ...] = ()
    other: str | None = None
    other_slot: int | None = None
    detail: str = ""
    request: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "person": self.person,
            "reason": self.reason,
            "slots": list(self.slots),
            "other": self.other,
            "other_slot": self.other_slot,
            "detail": self.detail[:MAX_TEXT_CHARS],
            "request": self.request,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "FailedEnrolment":
        """Read a failed enrolment.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(
            text(body, "person"),
            text(body, "reason"),
            slots(body, "slots"),
            optional_text(body, "other"),
            _slot_or_none(body, "other_slot"),
            optional_text(body, "detail") or "",
            optional_text(body, "request"),
        )


def _finger(body: Mapping[str, Any]) -> str:
    finger = text(body, "finger")
    if finger not in FINGERS:
        raise MalformedError(f"{finger!r} is no finger")
    return finger


def _slot_or_none(body: Mapping[str, Any], key: str) -> int | None:
    return None if body.get(key) is None else slot(body, key)
