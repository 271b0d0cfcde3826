"""Decides how often something may be written that anybody at the door can cause. Touches nothing."""

from collections import deque
from datetime import timedelta


class Ration:
    """At most so many in any stretch of time; the rest is counted instead."""

    def __init__(self, most: int, within: timedelta) -> None:
        """Nothing is used yet.

        Args:
            most: how many.
            within: in which time.
        """
        self._most = most
        self._within_ms = within // timedelta(milliseconds=1)
        self._taken: deque[int] = deque()
        self.refused = 0

    def take(self, now_ms: int) -> bool:
        """Whether one more is allowed now; `now_ms` is on a clock that only runs forward."""
        while self._taken and now_ms - self._taken[0] >= self._within_ms:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            self.refused += 1
            return False
        self._taken.append(now_ms)
        return True
