"""Decides who may try a PIN now. In memory only: a power cut forgets it, and the events tell of every try."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

TRIES = 3
PAUSE = timedelta(minutes=15)
MOST_WRONG, WITHIN = 10, timedelta(minutes=10)
_PAUSE_S, _WITHIN_S = PAUSE.total_seconds(), WITHIN.total_seconds()
_NEVER = float("-inf")


@dataclass(slots=True)
class _Number:
    wrong: int = 0
    last_s: float = 0.0
    until_s: float = _NEVER


@dataclass(slots=True)
class Guard:
    """Counts wrong tries: of one number, and of all together. A number that nobody has counts like any other.

    Three wrong tries of a number pause it for 15 minutes: 288 tries a day at most, while a PIN is one of a
    million. Ten in ten minutes, of whatever numbers, pause the keypad until the first of them is ten minutes
    old. Fingers are never concerned. All times are seconds on a clock that only runs forward.
    """

    _numbers: dict[str, _Number] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)

    def paused_until(self, number: str, now_s: float) -> float | None:
        """Until when nobody may try this number; None where it is free."""
        known = self._numbers.get(number)
        until_s = known.until_s if known else _NEVER
        if len(self._recent) >= MOST_WRONG:
            until_s = max(until_s, self._recent[-MOST_WRONG] + _WITHIN_S)
        return until_s if until_s > now_s else None

    def wrong(self, number: str, now_s: float) -> int:
        """Note a wrong try; which one of `TRIES` it was. At the last one the number is paused."""
        self._forget(now_s)
        known = self._numbers.setdefault(number, _Number())
        known.wrong, known.last_s = known.wrong + 1, now_s
        if known.wrong >= TRIES:
            known.until_s = now_s + _PAUSE_S
        self._recent.append(now_s)
        return known.wrong

    def right(self, number: str) -> None:
        """The PIN was right: earlier slips of this number are forgotten."""
        self._numbers.pop(number, None)

    def _forget(self, now_s: float) -> None:
        """Nothing grows: what is left are the tries of the last quarter of an hour."""
        for number in [number for number, known in self._numbers.items() if now_s - known.last_s >= _PAUSE_S]:
            del self._numbers[number]
        while self._recent and now_s - self._recent[0] >= _WITHIN_S:
            self._recent.popleft()
