"""One accelerated working day through the real processes, by people who tap and wait for the screen."""

import threading
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.door import Door
from demo.plan import Tap
from demo.town import FINGER
from demo.wiring import Town

ZONE = ZoneInfo("Asia/Jakarta")
TRIES = 3
_PATIENCE_S = 12.0
_LIFTED_S = 0.35
_ANSWERS = {"stored", "refused", "not-recorded", "fault"}
_RUSH, _QUIET, _QUEUE = 240.0, 3600.0, 10.0
"""Emulated seconds in a real one: when people come, when nobody does, and while somebody waits too long."""
_MAY_LAG = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Try:
    """One time that a finger was put on the glass.

    Attributes:
        before_ms, after_ms: emulated wall time, milliseconds since 1970 UTC, around it.
        answer: what the screen said, or None.
        seq: number of the event that the screen confirmed, or None.
    """

    tap: Tap
    before_ms: int
    after_ms: int
    answer: str | None
    seq: int | None = None


class Player(threading.Thread):
    """Everybody who comes to one door today, one after the other."""

    def __init__(self, town: Town, door: Door, taps: list[Tap], day: date) -> None:
        super().__init__(name=f"people at {door.office.code}")
        self._town, self._door, self._taps, self._day = town, door, taps, day
        self.tries: list[Try] = []
        self.due: datetime | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Play; a failure is kept for the main thread, which raises it."""
        try:
            for tap in self._taps:
                due = at(self._day, tap.at.hour, tap.at.minute, tap.at.second)
                while self._town.clock.now() < due:
                    time.sleep(0.01)
                self.due = due
                for _ in range(1 if tap.cut_short or not tap.enrolled else TRIES):
                    attempt = self._put_finger(tap)
                    self.tries.append(attempt)
                    if attempt.seq is not None:
                        break
                self.due = None
        except BaseException as failure:
            self.failure = failure

    def _put_finger(self, tap: Tap) -> Try:
        heard = len(self._door.shown())
        before_ms = _ms(self._town.clock.now())
        self._door.finger("place", person=tap.who, finger=FINGER, quality=0.9)
        if tap.cut_short:
            self._door.punch.kill()
            self._door.punch.start()
            self._door.finger("lift")
            return Try(
                tap, before_ms, _ms(self._town.clock.now()), "the node was killed while the finger lay there"
            )
        answer = self._answer(heard)
        after_ms = _ms(self._town.clock.now())
        self._door.finger("lift")
        time.sleep(_LIFTED_S)
        if answer is None:
            return Try(tap, before_ms, after_ms, None)
        text = "; ".join(" / ".join(page) for page in answer["screen"])
        return Try(tap, before_ms, after_ms, text, answer["seq"] if answer["outcome"] == "stored" else None)

    def _answer(self, heard: int) -> dict[str, Any] | None:
        """The first thing that the screen says to this person."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            for said in self._door.shown()[heard:]:
                if said["outcome"] in _ANSWERS:
                    return said
            time.sleep(0.02)
        return None


def play(town: Town, taps: list[Tap], day: date) -> list[Try]:
    """The whole day: rush hours fast, quiet hours faster; a link is cut and central restarted on the way."""
    players = [
        Player(town, door, [tap for tap in taps if tap.office == code], day)
        for code, door in town.doors.items()
    ]
    tower = next(door for door in town.doors.values() if door.office.tower)
    for player in players:
        player.start()
    run_until(town, at(day, 6, 35), _QUIET, players)
    run_until(town, at(day, 7, 30), _RUSH, players)
    tower.cut()
    run_until(town, at(day, 8, 30), _RUSH, players)
    _restart(town)
    run_until(town, at(day, 9, 45), _RUSH, players)
    run_until(town, at(day, 12, 0), _QUIET, players)
    tower.heal()
    run_until(town, at(day, 15, 30), _QUIET, players)
    run_until(town, at(day, 16, 40), _RUSH, players)
    run_until(town, at(day, 0, 40) + timedelta(days=1), _QUIET, players)
    town.clock.set_rate(1)
    return [attempt for player in players for attempt in player.tries]


def run_until(town: Town, moment: datetime, rate: float, players: list[Player]) -> None:
    """Let the clock run up to a moment, but never away from people who still stand at a door."""
    current = rate
    town.clock.set_rate(rate)
    while (now := town.clock.now()) < moment:
        for player in players:
            if player.failure is not None:
                raise player.failure
        lag = max((now - due for due in [p.due for p in players] if due is not None), default=timedelta())
        wanted = _QUEUE if lag > _MAY_LAG else rate
        if wanted != current:
            current = wanted
            town.clock.set_rate(current)
        time.sleep(0.01)


def at(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    """A local time of that day as an aware datetime."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE)


def _restart(town: Town) -> None:
    town.central.kill()
    time.sleep(1)
    town.start_central()


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
