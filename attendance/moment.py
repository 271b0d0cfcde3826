"""What a node knew of the time when something happened. Time is evidence, so all of it is kept."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeGuard

import msgspec

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


_STATES = {state.value: state for state in ClockState}
_Clock = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class MomentFields(msgspec.Struct, gc=False):
    """The `t` block of a header as it stands on the wire."""

    wall_ms: _Clock
    boot: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    bt_ms: _Clock
    raw_ms: _Clock
    anchor: Annotated[int, msgspec.Meta(ge=1)] | None = None
    state: object = None


class Moment(msgspec.Struct, frozen=True, gc=False):
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
    def read(cls, fields: MomentFields) -> "Moment":
        """Take over what a header says.

        A state from a newer version reads as DOUBTFUL: what is not understood must not be counted.

        Raises:
            MalformedError: no calendar has a date for its time.
        """
        if fields.wall_ms > LATEST_MS:
            raise MalformedError("the time block names a time beyond every calendar")
        named = fields.state
        state = _STATES.get(named, ClockState.DOUBTFUL) if isinstance(named, str) else ClockState.DOUBTFUL
        return cls(fields.wall_ms, fields.boot, fields.bt_ms, fields.raw_ms, fields.anchor, state)


def is_time_ms(value: object) -> TypeGuard[int]:
    """Whether it is a time in whole milliseconds since 1970 UTC that a calendar has a date for."""
    return type(value) is int and 0 <= value <= LATEST_MS


def from_ms(milliseconds: int) -> datetime:
    """Milliseconds since 1970 UTC as an aware datetime, without the rounding of floats."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(moment: datetime) -> int:
    """An aware datetime as whole milliseconds since 1970 UTC, truncated."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
