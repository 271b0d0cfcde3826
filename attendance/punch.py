"""What the bodies of events say: built by the node, read by central; unknown fields and types are kept.

A punch is stored whatever the rules say of it: late, early, outside every window, twice, on a holiday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from attendance.body_reading import whole
from attendance.errors import MalformedError
from attendance.moment import ClockState, from_ms, is_time_ms, to_ms

START = "start"
PUNCH = "punch"
UNMATCHED = "unmatched"
LISTENING = "listening"
HEALTH = "health"
CLOCK = "clock"
DROP = "drop"
RECOVERY = "recovery"
POLICY = "policy"


class Method(StrEnum):
    """How the node knew who it was."""

    FINGER = "finger"
    PIN = "pin"
    """A number and a PIN on the keypad, and the finger of somebody else who stood by."""


@dataclass(frozen=True, slots=True)
class Punch:
    """A matched finger, or a right PIN that somebody stood by.

    Attributes:
        person: employee id, or None where the slot belongs to nobody on the roster.
        slot: place of the template in the sensor; None of a PIN.
        score: the sensor's own measure of likeness; not comparable between models. 0 of a PIN.
        kind: what the node's rules made of it (`attendance.window.Kind`), told to the person at the door.
        day: the attendance day it belongs to, or None outside every window.
        minutes: late or early minutes, truncated.
        policy: serial of the rules that were in force at the node.
        roster: serial of the roster.
        photo_missing: why there is no photo, or None.
        method: finger or PIN; a body without it is of a finger.
        witness: whose finger vouched for a PIN; None of a finger.
    """

    person: str | None
    slot: int | None
    score: int
    kind: str
    day: date | None
    minutes: int
    policy: int
    roster: int
    photo_missing: str | None = None
    method: Method = Method.FINGER
    witness: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt. What goes without saying of a finger is left out: most are that."""
        by_pin = {"method": self.method.value, "witness": self.witness}
        return {
            **(by_pin if self.method is not Method.FINGER else {}),
            "person": self.person,
            "slot": self.slot,
            "score": self.score,
            "kind": self.kind,
            "day": self.day.isoformat() if self.day else None,
            "minutes": self.minutes,
            "policy": self.policy,
            "roster": self.roster,
            "photo_missing": self.photo_missing,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Punch":
        """Read a punch body.

        Raises:
            MalformedError: a field is missing or of another kind, or of a way in that this version lacks.
        """
        person, day, missing = body.get("person"), body.get("day"), body.get("photo_missing")
        witness, method = body.get("witness"), body.get("method", Method.FINGER.value)
        if not isinstance(person, str | None) or not isinstance(missing, str | None):
            raise MalformedError("a punch names its person or its missing photo wrongly")
        if not isinstance(method, str) or method not in set(Method):
            raise MalformedError(f"a punch came in by {str(method)[:40]!r}, which is no way in")
        by_pin = method == Method.PIN
        if not isinstance(witness, str | None) or (witness is not None and not by_pin):
            raise MalformedError("a punch names its witness wrongly")
        if by_pin and (body.get("slot") is not None or person is None):
            raise MalformedError("a PIN has a person and no slot")
        try:
            local_day = date.fromisoformat(day) if day is not None else None
        except (TypeError, ValueError) as error:
            raise MalformedError(f"a punch carries an impossible day: {day!r}") from error
        return cls(
            person,
            None if by_pin else whole(body, "slot"),
            whole(body, "score"),
            _text(body, "kind"),
            local_day,
            whole(body, "minutes"),
            whole(body, "policy"),
            whole(body, "roster"),
            missing,
            Method(method),
            witness,
        )


@dataclass(frozen=True, slots=True)
class Listening:
    """A closed span in which the sensor answered and the clock was trusted: the base of every absence."""

    since: datetime
    until: datetime
    boot: str
    clock: ClockState
    from_bt_ms: int
    to_bt_ms: int

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
            "from_wall_ms": to_ms(self.since),
            "to_wall_ms": to_ms(self.until),
            "from_bt_ms": self.from_bt_ms,
            "to_bt_ms": self.to_bt_ms,
            "boot": self.boot,
            "clock": self.clock.value,
            "sensor": "ok",
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Listening":
        """Read a listening body.

        Raises:
            MalformedError: fields missing, or the span ends before it starts.
        """
        since, until = whole(body, "from_wall_ms"), whole(body, "to_wall_ms")
        if not is_time_ms(until):
            raise MalformedError("a listening span ends beyond every calendar")
        if until < since:
            raise MalformedError("a listening span ends before it starts")
        state = _text(body, "clock")
        if state not in set(ClockState):
            raise MalformedError(f"a listening span names an unknown clock state {state!r}")
        return cls(
            from_ms(since),
            from_ms(until),
            _text(body, "boot"),
            ClockState(state),
            whole(body, "from_bt_ms"),
            whole(body, "to_bt_ms"),
        )


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"the field {key} is not text")
    return value
