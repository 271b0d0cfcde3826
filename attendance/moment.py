"""What a node knew of the time when something happened. Time is evidence, so all of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

from attendance.errors import MalformedError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 253_370_764_799_999
"""The last time that is read, in milliseconds since 1970 UTC: a year before every calendar here ends."""


class ClockState(StrEnum):
    """How far the wall clock can be believed."""

    ANCHORED = "anchored"
    """A signed server time (or NTP) fixed the clock since this boot."""
    RTC = "rtc"
    """Not since this boot, but a battery-backed clock carries on from an earlier anchor."""
    DOUBTFUL = "doubtful"
    """Never fixed, set back, or earlier than what was already written: shown, never counted silently."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of every clock, with the trust in it.

    Attributes:
        wall_ms: milliseconds since 1970 UTC by the wall clock, a hint only.
        boot: identity of this run of the kernel.
        bt_ms: CLOCK_BOOTTIME in milliseconds; survives a set wall clock, bent by a slewed one.
        raw_ms: CLOCK_MONOTONIC_RAW in milliseconds; not bent by slewing.
        anchor: sequence number of the `clock` event that last fixed the time, or None.
        state: the trust.
    """

    wall_ms: int
    boot: str
    bt_ms: int
    raw_ms: int
    anchor: int | None
    state: ClockState

    @property
    def utc(self) -> datetime:
        """The wall clock as an aware datetime, to the millisecond."""
        return from_ms(self.wall_ms)

    @property
    def trusted(self) -> bool:
        """Whether a rule may count it without a person looking first."""
        return self.state is not ClockState.DOUBTFUL

    def fields(self) -> dict[str, int | str | None]:
        """The value as it stands in an event's header."""
        return {
            "wall_ms": self.wall_ms,
            "boot": self.boot,
            "bt_ms": self.bt_ms,
            "raw_ms": self.raw_ms,
            "anchor": self.anchor,
            "state": self.state.value,
        }

    @classmethod
    def parse(cls, value: object) -> "Moment":
        """Read the `t` block of a header.

        A state from a newer version reads as DOUBTFUL: what is not understood must not be counted.

        Raises:
            MalformedError: a clock is missing or not a whole number.
        """
        if not isinstance(value, Mapping):
            raise MalformedError("the time block is not an object")
        numbers = [value.get(key) for key in ("wall_ms", "bt_ms", "raw_ms")]
        wall_ms, bt_ms, raw_ms = numbers
        anchor, boot = value.get("anchor"), value.get("boot")
        if not all(type(number) is int and 0 <= number < 2**53 for number in numbers):
            raise MalformedError("the time block lacks a clock in whole milliseconds")
        if not is_time_ms(wall_ms):
            raise MalformedError("the time block names a time beyond every calendar")
        if not isinstance(boot, str) or not 1 <= len(boot) <= 64:
            raise MalformedError("the time block lacks the boot identity")
        if anchor is not None and (type(anchor) is not int or anchor < 1):
            raise MalformedError("the time block names an impossible anchor")
        named = value.get("state")
        known = isinstance(named, str) and named in set(ClockState)
        state = ClockState(str(named)) if known else ClockState.DOUBTFUL
        assert type(wall_ms) is int
        assert type(bt_ms) is int
        assert type(raw_ms) is int
        return cls(wall_ms, boot, bt_ms, raw_ms, anchor, state)


def is_time_ms(value: object) -> TypeGuard[int]:
    """Whether it is a time in whole milliseconds since 1970 UTC that a calendar has a date for."""
    return type(value) is int and 0 <= value <= LATEST_MS


def from_ms(milliseconds: int) -> datetime:
    """Milliseconds since 1970 UTC as an aware datetime, without the rounding of floats."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(moment: datetime) -> int:
    """An aware datetime as whole milliseconds since 1970 UTC, truncated."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
