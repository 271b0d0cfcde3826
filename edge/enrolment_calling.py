"""Decides what becomes of an order to enrol somebody here: begin, wait, or turn it down. Touches nothing.

Whether an order is too old can only be told by a trusted clock. Without one it is begun only while it is
known to be fresh: it came in while this process ran, a few minutes ago at most. One that lay on the disk at
the start, or that waited longer, stays where it is: the next contact sets the clock, or brings a document
without it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from attendance.orders import Order
from edge import enrolment_wording as words
from edge.enrolling import why_not
from edge.enrolment_deeds import Line

FRESH = timedelta(minutes=5)
PATIENCE = timedelta(seconds=60)
"""How long a sensor may be away, or the roster be without the person, before the order is turned down. Both
come right by themselves now and then: the roster of a new employee travels with the order."""
QUIET = timedelta(seconds=3)
"""How long the glass must have been bare: the person who has just punched still reads their name."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the node knows at this moment.

    Attributes:
        now_ms: the likeliest time, milliseconds since 1970 UTC.
        clock_trusted: whether rules may count on it.
        waited: since this process first saw the order.
        came_with_start: it lay there when the process started, so nobody knows for how long.
        recording: whether events can be written; without that nothing can be begun, nor refused.
        enrolling: somebody is being enrolled.
        cleaning: an enrolment that was cut off is still to be taken back.
        sensor_works: it answered the last time.
        bare: how long nothing has lain on the glass.
        known: whether the person is on the roster.
    """

    now_ms: int
    clock_trusted: bool
    waited: timedelta
    came_with_start: bool
    recording: bool
    enrolling: bool
    cleaning: bool
    sensor_works: bool
    bare: timedelta
    known: bool


class Verdict(Enum):
    """What is done now, where it is no refusal."""

    BEGIN = "begin"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """It will not be begun.

    Attributes:
        reason: kebab-case word for the event.
        line: what the display says; None where somebody else is using it.
    """

    reason: str
    line: Line | None


def verdict(order: Order, here: Situation) -> Verdict | TurnedDown:
    """What becomes of an order that was neither begun nor refused before."""
    if not here.recording:
        return Verdict.WAIT
    if here.clock_trusted and here.now_ms > order.expires_ms:
        return TurnedDown("expired", None if here.enrolling else words.not_begun_expired())
    if not here.clock_trusted and (here.came_with_start or here.waited > FRESH):
        return Verdict.WAIT
    if why_not(order.fingers) is not None:
        return TurnedDown("impossible", words.not_begun_fingers())
    if here.enrolling:
        return TurnedDown("busy", None)
    if here.known and here.sensor_works and not here.cleaning:
        return Verdict.BEGIN if here.bare >= QUIET else Verdict.WAIT
    if here.waited <= PATIENCE:
        return Verdict.WAIT
    if not here.known:
        return TurnedDown("not-in-roster", words.not_begun_stranger(order.name))
    return TurnedDown("sensor", words.not_begun_sensor())
