"""What the bodies of enrolment events say: whose finger a slot of a sensor holds, who saw it, on what basis.

An intent is written before a template is stored, and one of the other two afterwards. A template never stands
in any of them. The picture of the face is named by the event's header, like that of a punch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attendance.errors import MalformedError

INTENT = "enrol-intent"
ENROL = "enrol"
FAILED = "enrol-failed"

FINGERS = tuple(
    f"{hand}-{finger}"
    for hand in ("right", "left")
    for finger in ("thumb", "index", "middle", "ring", "little")
)
MAX_TEXT_CHARS = 200
_MAX_SLOT = 65_535


def hand_of(finger: str) -> str:
    """The hand that a finger belongs to."""
    return finger.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Intent:
    """A template of this person may be found in this slot from now on, finished or not.

    Attributes:
        person: employee id.
        finger: one of `FINGERS`.
        slot: where it will be stored; empty until now.
        replaces: slots of the same finger that will be erased if all goes well.
    """

    person: str
    finger: str
    slot: int
    replaces: tuple[int, ...] = ()

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "person": self.person,
            "finger": self.finger,
            "slot": self.slot,
            "replaces": list(self.replaces),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Intent":
        """Read an intent.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        return cls(_text(body, "person"), _finger(body), _slot(body.get("slot")), _slots(body, "replaces"))


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
            _slot(body.get("slot")),
            _whole(body.get("captures"), "captures"),
            _whole(body.get("poor"), "poor"),
            tuple(_whole(score, "scores") for score in scores),
            _slots(body, "replaced"),
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
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Enrolment":
        """Read an enrolment.

        Raises:
            MalformedError: a field is missing or wrong, it has no finger, or two of them share a slot.
        """
        rows = body.get("fingers")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise MalformedError("an enrolment lists no fingers")
        fingers = tuple(EnrolledFinger.parse(row) for row in rows)
        if len({finger.slot for finger in fingers}) != len(fingers):
            raise MalformedError("an enrolment names a slot twice")
        witness_slot = body.get("witness_slot")
        return cls(
            _text(body, "person"),
            fingers,
            _optional(body, "witness"),
            None if witness_slot is None else _slot(witness_slot),
            _optional(body, "witness_missing"),
            _text(body, "model"),
            _text(body, "legal_basis"),
            _text(body, "notice"),
            _whole(body.get("roster"), "roster"),
            _optional(body, "photo_missing"),
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
    """

    person: str
    reason: str
    slots: tuple[int, ...] = ()
    other: str | None = None
    other_slot: int | None = None
    detail: str = ""

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "person": self.person,
            "reason": self.reason,
            "slots": list(self.slots),
            "other": self.other,
            "other_slot": self.other_slot,
            "detail": self.detail[:MAX_TEXT_CHARS],
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "FailedEnrolment":
        """Read a failed enrolment.

        Raises:
            MalformedError: a field is missing or wrong.
        """
        other_slot = body.get("other_slot")
        return cls(
            _text(body, "person"),
            _text(body, "reason"),
            _slots(body, "slots"),
            _optional(body, "other"),
            None if other_slot is None else _slot(other_slot),
            _optional(body, "detail") or "",
        )


def _whole(value: object, key: str) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise MalformedError(f"the field {key} is not a whole number")
    return value


def _slot(value: object) -> int:
    number = _whole(value, "slot")
    if number > _MAX_SLOT:
        raise MalformedError(f"{number} is no slot of a sensor")
    return number


def _slots(body: Mapping[str, Any], key: str) -> tuple[int, ...]:
    values = body.get(key)
    if not isinstance(values, list):
        raise MalformedError(f"the field {key} is no list of slots")
    return tuple(_slot(value) for value in values)


def _finger(body: Mapping[str, Any]) -> str:
    finger = _text(body, "finger")
    if finger not in FINGERS:
        raise MalformedError(f"{finger!r} is no finger")
    return finger


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARS:
        raise MalformedError(f"the field {key} is not text of 1 to {MAX_TEXT_CHARS} characters")
    return value


def _optional(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is None or (isinstance(value, str) and len(value) <= MAX_TEXT_CHARS):
        return value
    raise MalformedError(f"the field {key} is neither text nor empty")
