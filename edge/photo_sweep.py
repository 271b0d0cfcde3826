"""Takes away photos that no event names: of a punch that could not be written, or that did not wait for it.

A full card would otherwise fill itself further with every finger that it can't record. The events are read
after the photos were listed, and go on being read for an hour, so a photo whose event is on its way stays.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from edge.event_sender import Events
from edge.faults import StorageError
from edge.photo_store import PhotoStore
from edge.segments import epochs_in

_log = logging.getLogger(__name__)
GRACE_S = 3600.0
EVERY_S = 7200.0
_SLICES = "0123456789abcdef"
_EVENTS_AT_ONCE = 500
_BYTES_AT_ONCE = 1_000_000


class PhotoSweep:
    """One slice of the photos after the other, in steps so small that they fit into any rest of sync."""

    def __init__(
        self, store: PhotoStore, segments: Path, events: Events, monotonic: Callable[[], float]
    ) -> None:
        """Nothing is touched before the first step.

        Args:
            store: where the photos lie.
            segments: the folder of all epochs' segments.
            events: reads them; its own reader, since it walks from the first event on.
            monotonic: seconds.
        """
        self._store = store
        self._segments = segments
        self._events = events
        self._monotonic = monotonic
        self._slice = 0
        self._due = monotonic()
        self._began = 0.0
        self._unnamed: set[Path] = set()
        self._epochs: list[int] = []
        self._seq = 1

    def step(self) -> None:
        """List a slice, read some events, or take away what none of them named. Raises nothing."""
        now = self._monotonic()
        if now < self._due:
            return
        try:
            if not self._epochs:
                self._begin(now)
            elif not self._read() and now >= self._began + GRACE_S:
                self._take_away()
                self._end(now)
        except (StorageError, OSError) as error:
            # What can't be read might name any of them.
            _log.warning("photos are not swept: %s", error)
            self._end(now)

    def _begin(self, now: float) -> None:
        self._unnamed = set(self._store.files(_SLICES[self._slice]))
        self._slice = (self._slice + 1) % len(_SLICES)
        self._epochs, self._seq, self._began = epochs_in(self._segments), 1, now
        if not self._unnamed or not self._epochs:
            self._end(now)

    def _read(self) -> bool:
        """Strike out what some more events name; whether there were any."""
        stored = self._events.read(self._epochs[0], self._seq, _EVENTS_AT_ONCE, _BYTES_AT_ONCE)
        for item in stored:
            if item.event.photo is not None:
                self._unnamed.discard(self._store.path(item.event.photo))
        self._seq += len(stored)
        if not stored and len(self._epochs) > 1:
            self._epochs, self._seq = self._epochs[1:], 1
            return True
        return bool(stored)

    def _take_away(self) -> None:
        for path in self._unnamed:
            path.unlink(missing_ok=True)
        if self._unnamed:
            _log.info("%d photos that no event names were taken away", len(self._unnamed))

    def _end(self, now: float) -> None:
        self._unnamed, self._epochs, self._due = set(), [], now + EVERY_S
