"""What the bodies of events say: built by the node, read by central; unknown fields and types are kept.

A punch is stored whatever the rules say of it: late, early, outside every window, twice, on a holiday.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Punch:
    """A matched finger.

    Attributes:
        person: employee id, or None where the slot belongs to nobody on the roster.
        slot: place of the template in the sensor.
        score: the sensor's own measure of likeness; not comparable between models.
        kind: what the node's rules made of it (`attendance.window.Kind`), told to the person at the door.
        day: the attendance day it belongs to, or None outside every window.
        minutes: late or early minutes, truncated.
        policy: serial of the rules that were in force at the node.
        roster: serial of the roster.
        photo_missing: why there is no photo, or None.
    """

    person: str | None
    slot: int
    score: int
    kind: str
    day: date | None
    minutes: int
    policy: int
    roster: int
    photo_missing: str | None = None

    def content(self) -> dict[str, Any]:
        """The body without its salt."""
        return {
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
            MalformedError: a field is missing or of another kind.
        """
        person, day, missing = body.get("person"), body.get("day"), body.get("photo_missing")
        if not isinstance(person, str | None) or not isinstance(missing, str | None):
            raise MalformedError("a punch names its person or its missing photo wrongly")
        try:
            local_day = date.fromisoformat(day) if day is not None else None
        except (TypeError, ValueError) as error:
            raise MalformedError(f"a punch carries an impossible day: {day!r}") from error
        return cls(
            person,
            _whole(body, "slot"),
            _whole(body, "score"),
            _text(body, "kind"),
            local_day,
            _whole(body, "minutes"),
            _whole(body, "policy"),
            _whole(body, "roster"),
            missing,
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
        since, until = _whole(body, "from_wall_ms"), _whole(body, "to_wall_ms")
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
            _whole(body, "from_bt_ms"),
            _whole(body, "to_bt_ms"),
        )


def _whole(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    if type(value) is not int or not 0 <= value < 2**53:
        raise MalformedError(f"the field {key} is not a whole number")
    return value


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"the field {key} is not text")
    return value
