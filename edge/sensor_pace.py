"""Time as the sensor modules see it: one monotonic clock, and one factor on every deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass

QUIET_S = 0.15
READ_SLICE_S = 0.02
_SHORTEST_SLICE_S = 0.001


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast time runs for the sensor.

    Attributes:
        scale: Factor on every deadline. 1 for hardware; smaller only against an emulator that runs faster by
            as much.
        clock: Monotonic seconds.
        sleep: Waits for some seconds.
    """

    scale: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def s(self, seconds: float) -> float:
        """This many seconds of the hardware, in seconds of the clock."""
        return seconds * self.scale

    @property
    def quiet_s(self) -> float:
        """How long a line must be silent before nothing more is expected on it."""
        return self.s(QUIET_S)

    @property
    def read_slice_s(self) -> float:
        """How long one read of the port waits."""
        return max(_SHORTEST_SLICE_S, self.s(READ_SLICE_S))
