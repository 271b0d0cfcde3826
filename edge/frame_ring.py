"""The frames of the last seconds, so that the picture of a punch is the one of the finger's contact."""

import threading
from collections import deque
from datetime import timedelta

from edge.camera import Frame

STALE = timedelta(seconds=2)
FAR = timedelta(seconds=1)


class FrameRing:
    """Frames by time. One thread adds, another one asks."""

    def __init__(self, kept: timedelta) -> None:
        """Keep nothing yet.

        Args:
            kept: how far back a punch may ask; a match takes the sensor up to some seconds.
        """
        self._kept_s = kept.total_seconds()
        self._frames: deque[Frame] = deque()
        self._lock = threading.Lock()

    def add(self, frame: Frame) -> None:
        """Take the newest frame and forget the ones that are too old."""
        with self._lock:
            self._frames.append(frame)
            while self._frames[0].captured_monotonic_s < frame.captured_monotonic_s - self._kept_s:
                self._frames.popleft()

    def clear(self) -> None:
        """Forget all: the camera was lost, and an old picture must not stand for a new moment."""
        with self._lock:
            self._frames.clear()

    def at(self, moment_s: float, now_s: float) -> Frame | str:
        """The frame nearest to a moment, or the reason why there is none.

        Args:
            moment_s: when, in seconds on CLOCK_MONOTONIC.
            now_s: the present on it.
        """
        with self._lock:
            frames = list(self._frames)
        if not frames:
            return "no-frame"
        if now_s - frames[-1].captured_monotonic_s > STALE.total_seconds():
            return "camera-stalled"
        nearest = min(frames, key=lambda frame: abs(frame.captured_monotonic_s - moment_s))
        if abs(nearest.captured_monotonic_s - moment_s) > FAR.total_seconds():
            return "no-frame-of-that-moment"
        return nearest
