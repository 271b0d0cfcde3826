"""How good the emulated link is just now, and how long that makes a piece of data take. No sockets here."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

SEGMENT_BYTES = 1_448
"""What one Ethernet frame carries of TCP: delay, loss and rate act on pieces of this size."""
_SHORTEST_RETRY_S = 0.2
_MOST_RETRIES = 6


class WeatherError(Exception):
    """A setting that no link can have; the text says which."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The state of the link, the same in both directions.

    Attributes:
        rate_bps: bits per second in each direction, 0 for no limit.
        delay_ms: one way.
        jitter_ms: up to so much more, anew for each segment; order is kept, as TCP keeps it.
        loss: share of segments that are lost and sent again. Below TCP a loss is seen only as a stall.
    """

    rate_bps: int = 0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0

    def changed(self, settings: Mapping[str, Any]) -> "Weather":
        """The same with some settings replaced.

        Raises:
            WeatherError: an unknown setting or an impossible value.
        """
        known = {field.name for field in fields(self)}
        for name, value in settings.items():
            if name not in known:
                raise WeatherError(f"there is no setting {name!r}; there are {', '.join(sorted(known))}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
                raise WeatherError(f"{name} is a number from 0 on, not {value!r}")
        weather = replace(self, **settings)
        if not isinstance(weather.rate_bps, int) or weather.loss > 0.9:
            raise WeatherError("rate_bps is a whole number, and loss at most 0.9")
        return weather


class Wire:
    """One direction of the link, shared by every connection that uses it. Seconds on any one clock."""

    def __init__(self, dice: random.Random) -> None:
        """A free wire.

        Args:
            dice: decides losses and jitter; seed it for the same weather again.
        """
        self._dice = dice
        self._free_at = 0.0
        self.lost = 0

    def arrival(self, weather: Weather, now: float, size_bytes: int, not_before: float) -> float:
        """When a segment that is handed over now arrives.

        Args:
            weather: of this moment.
            now: when it is handed over.
            size_bytes: of the segment.
            not_before: arrival of the one before it on the same connection.
        """
        takes = size_bytes * 8 / weather.rate_bps if weather.rate_bps else 0.0
        sent = max(now, self._free_at) + takes
        self._free_at = sent
        retry = max(_SHORTEST_RETRY_S, 3 * weather.delay_ms / 1000)
        for _ in range(_MOST_RETRIES):
            if self._dice.random() >= weather.loss:
                break
            # Sent again after the sender's patience, which doubles; each copy takes its share of the rate.
            self.lost += 1
            sent += retry + takes
            self._free_at += takes
            retry *= 2
        late = self._dice.uniform(0, weather.jitter_ms) / 1000
        return max(not_before, sent + weather.delay_ms / 1000 + late)
