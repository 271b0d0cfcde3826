"""Decides which spans of time this node can vouch for: the sensor answered and the clock was trusted.

Nobody is called absent for a time that no span covers, so a span never claims more than was seen: it ends at
the last answer of the sensor, not at the present.
"""

from dataclasses import dataclass
from datetime import timedelta

from attendance.moment import Moment
from attendance.punch import Listening

LONGEST_SILENCE = timedelta(seconds=10)
_SET_TOLERANCE_MS = 1000


@dataclass(slots=True)
class Listener:
    """The open span, and the rules by which it is closed.

    Attributes:
        longest: a span is closed at this length: a power cut takes no more than that from the coverage.
    """

    longest: timedelta
    _since: Moment | None = None
    _until: Moment | None = None
    _seen_at: timedelta = timedelta(0)

    @property
    def since(self) -> Moment | None:
        """Where the open span began, or None while nothing can be vouched for."""
        return self._since

    def heard(self, moment: Moment, at: timedelta) -> Listening | None:
        """The sensor has answered.

        Args:
            moment: when, and how far the clock is trusted.
            at: the same on the real monotonic clock, by which a stalled process is noticed.

        Returns:
            A span that is closed by this, if any.
        """
        closed = None
        if self._since is not None and self._until is not None:
            broken = (
                moment.state is not self._since.state
                or at - self._seen_at > LONGEST_SILENCE
                or _clock_moved(self._until, moment)
            )
            if broken:
                closed = self.lost()
            elif moment.bt_ms - self._since.bt_ms >= self.longest // timedelta(milliseconds=1):
                self._until = moment
                closed = self.lost()
        if moment.trusted:
            # Spans of an unbroken watch touch each other: the next one begins where the last one ended.
            self._since = self._since or moment
            self._until = moment
        self._seen_at = at
        return closed

    def lost(self) -> Listening | None:
        """The sensor failed, the clock became doubtful, or the process ends: close the span."""
        since, until = self._since, self._until
        self._since = self._until = None
        if since is None or until is None or until.wall_ms <= since.wall_ms:
            return None
        return Listening(since.utc, until.utc, since.boot, since.state, since.bt_ms, until.bt_ms)


def _clock_moved(before: Moment, now: Moment) -> bool:
    if before.boot != now.boot:
        return True
    return abs((now.wall_ms - before.wall_ms) - (now.bt_ms - before.bt_ms)) > _SET_TOLERANCE_MS
