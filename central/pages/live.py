"""One board for all viewers of this process: read at most once a second, however many look at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore, Lock
from zoneinfo import ZoneInfo

from flask import Flask

from central.board import Board, read_board, version
from central.clock import now
from central.office import Office

CHECK_EVERY = timedelta(seconds=1)
REREAD_EVERY = timedelta(seconds=10)
"""Nodes fall quiet and people are imported without a change that `version` sees."""
REST_FOR_READING = 4
"""However many people there are, reading takes at most a fifth of the time."""
_KEPT_FRAGMENTS = 200


def live_board(app: Flask) -> "LiveBoard":
    """The board that all viewers of this process share."""
    found = app.extensions["hadir-live"]
    assert isinstance(found, LiveBoard)
    return found


@dataclass(frozen=True, slots=True)
class Shot:
    """The board at one moment; a board that looks different has another serial."""

    serial: int
    board: Board


class LiveBoard:
    """Hands the current board to any number of threads.

    Attributes:
        seats: how many may stay connected at once; each holds a thread, and nodes need some too.
        still_serving: turns false when the server is told to stop; streams then end at once.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = Lock()
        self._shot: Shot | None = None
        self._version: tuple[int, ...] = ()
        self._checked_s = self._read_s = 0.0
        self._rest_s = 0.0
        self.still_serving: Callable[[], bool] = lambda: True
        self._fragments: dict[tuple[object, ...], str] = {}
        self.seats = BoundedSemaphore(max(1, office.config.threads * 3 // 4))

    def current(self) -> Shot:
        """The board, not older than `CHECK_EVERY` (what `version` misses: `REREAD_EVERY`).

        Where reading it takes long, it may be older: see `REST_FOR_READING`.

        Raises:
            StoreError: the database failed.
        """
        with self._lock:
            rest_s = max(CHECK_EVERY.total_seconds(), self._rest_s)
            if self._shot is None or time.monotonic() - self._checked_s >= rest_s:
                self._shot = self._refreshed(self._shot)
            return self._shot

    def wait_for_change(self, after: int, patience: timedelta) -> Shot | None:
        """The board once its serial is no longer `after`; None when nothing changed for so long.

        Raises:
            StoreError: the database failed.
        """
        until_s = time.monotonic() + patience.total_seconds()
        while True:
            shot = self.current()
            if shot.serial != after:
                return shot
            if time.monotonic() >= until_s or not self.still_serving():
                return None
            time.sleep(CHECK_EVERY.total_seconds())

    def fragment(self, shot: Shot, key: tuple[object, ...], render: Callable[[], str]) -> str:
        """The board as HTML for all viewers with the same `key`, rendered once for each change."""
        full_key = (shot.serial, *key)
        with self._lock:
            found = self._fragments.get(full_key)
        if found is None:
            found = render()
            with self._lock:
                if len(self._fragments) >= _KEPT_FRAGMENTS:
                    self._fragments.clear()
                self._fragments[full_key] = found
        return found

    def _refreshed(self, shot: Shot | None) -> Shot:
        moment = now(self._office.clock)
        day = moment.astimezone(ZoneInfo(self._office.config.zone)).date()
        with self._office.database.read() as connection:
            # The version comes first: what arrives between the two reads is then seen again, not missed.
            found = version(connection)
            stale = time.monotonic() - self._read_s >= REREAD_EVERY.total_seconds()
            if shot is None or found != self._version or day != shot.board.day or stale:
                started_s = time.monotonic()
                board = read_board(connection, day, moment, over=False)
                self._rest_s = REST_FOR_READING * (time.monotonic() - started_s)
                if shot is None or board != shot.board:
                    shot = Shot(shot.serial + 1 if shot else 1, board)
                self._read_s = time.monotonic()
        self._version = found
        self._checked_s = time.monotonic()
        return shot
