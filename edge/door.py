"""One finger at the door: its picture, its judgement, its durable event, and only then the green light."""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from attendance.calendar import zone
from attendance.errors import EvidenceError, PolicyError
from attendance.moment import Moment
from attendance.punch import PUNCH, UNMATCHED
from edge import wording
from edge.camera_socket import CameraSocket, Photo
from edge.documents import DocumentShelf
from edge.faults import StorageError
from edge.indicator import Indicator
from edge.link_state import waiting_while_offline
from edge.logbook import Logbook
from edge.punching import Decision, decide
from edge.rationing import Ration
from edge.sensor import Identification, Match, PoorImage, Unrecognised
from edge.timing import Reading, between
from edge.wording import Message, Outcome, Page

_log = logging.getLogger(__name__)
_SAME_PERSON_S = 20.0
_UNMATCHED_MOST = 60
_UNMATCHED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Tick:
    """The clocks just before the glass was looked at, and CLOCK_MONOTONIC in seconds at the same instant."""

    monotonic_s: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class Office:
    """What the door knows of its place."""

    node: str
    place: str
    zone: ZoneInfo
    say_late: bool
    status_file: Path


class Door:
    """Answers fingers."""

    def __init__(
        self,
        logbook: Logbook,
        shelf: DocumentShelf,
        camera: CameraSocket,
        indicator: Indicator,
        office: Office,
    ) -> None:
        self._logbook = logbook
        self._shelf = shelf
        self._camera = camera
        self._indicator = indicator
        self._office = office
        self._unmatched = Ration(_UNMATCHED_MOST, _UNMATCHED_WITHIN)
        self._attempts = 0
        self._attempt_at = float("-inf")
        self.counters: Counter[str] = Counter()

    def answer(self, outcome: Identification, before: Tick) -> Outcome | None:
        """Do what this look at the glass calls for.

        Args:
            outcome: what the sensor saw.
            before: the clocks before it looked.

        Returns:
            What the light has to say, or None where nothing happened.
        """
        if isinstance(outcome, Match):
            return self._matched(outcome, before)
        if isinstance(outcome, Unrecognised):
            return self._refused(wording.not_recognised(self._attempt()), {"reason": "unknown-finger"})
        if isinstance(outcome, PoorImage):
            return self._refused(wording.poor_image(), {"reason": "poor-image", "detail": outcome.reason})
        return None

    def local(self, reading: Reading) -> datetime:
        """The likeliest time of a reading, in the office's zone."""
        return self._logbook.best_time(reading).astimezone(self._zone())

    def book(self, decision: Decision, at: Reading | Moment, photo: Photo, *more: Page) -> Outcome:
        """Write a punch and only then say so.

        Args:
            decision: what it is.
            at: when it happened.
            photo: its picture.
            more: pages behind the confirmation.

        Returns:
            What the light has to say.
        """
        try:
            event = self._logbook.write(PUNCH, decision.punch.content(), at=at, photo=photo.sha256)
        except (StorageError, EvidenceError) as error:
            _log.error("a punch of slot %s is NOT recorded: %s", decision.punch.slot, error)
            self.counters["not_recorded"] += 1
            return self._show(wording.not_recorded())
        self.counters["punches"] += 1
        if photo.missing:
            self.counters[f"photo_missing.{photo.missing}"] += 1
        message = self._with_cautions(decision, trusted=event.moment.trusted)
        return self._show(message.then(*more), event.seq)

    def caption(self, when: datetime) -> str:
        """What is drawn into the picture of this moment."""
        return f"{when:%d-%m-%Y %H:%M:%S} {when.tzname()}  {self._office.place}  {self._office.node}"

    def _matched(self, match: Match, before: Tick) -> Outcome:
        now = Tick(time.monotonic(), self._logbook.reading())
        passed_s = max(now.monotonic_s - before.monotonic_s, 1e-9)
        share = (match.captured_monotonic_s - before.monotonic_s) / passed_s
        reading = between(before.reading, now.reading, share)
        when = self.local(reading)
        pending = self._camera.ask(match.captured_monotonic_s, self.caption(when))
        roster = self._shelf.standing.roster
        person = roster.person_in(match.slot) if roster else None
        earlier = self._logbook.remembered.of(person)
        photo = pending.result()
        decision = decide(self._shelf.standing, match.slot, match.score, when, earlier, photo.missing)
        self._attempts = 0
        return self.book(decision, reading, photo)

    def _with_cautions(self, decision: Decision, *, trusted: bool) -> Message:
        message = wording.stored(decision, say_late=self._office.say_late)
        if not trusted:
            message = message.then(wording.clock_doubtful())
        if decision.punch.photo_missing and self._camera.present:
            message = message.then(wording.camera_fault(decision.when))
        waiting = waiting_while_offline(self._office.status_file, self._logbook.link.size)
        return message.then(wording.not_sent_yet(waiting)) if waiting else message

    def _refused(self, message: Message, content: dict[str, str]) -> Outcome:
        self._show(message)
        self.counters[content["reason"]] += 1
        if self._unmatched.take(int(time.monotonic() * 1000)):
            try:
                self._logbook.write(UNMATCHED, content)
            except StorageError as error:
                _log.warning("a refused finger is not recorded: %s", error)
        self.counters["unmatched_not_written"] = self._unmatched.refused
        return message.outcome

    def _attempt(self) -> int:
        now = time.monotonic()
        self._attempts = self._attempts + 1 if now - self._attempt_at < _SAME_PERSON_S else 1
        self._attempt_at = now
        return self._attempts

    def _show(self, message: Message, seq: int | None = None) -> Outcome:
        self._indicator.show(message, seq)
        return message.outcome

    def _zone(self) -> ZoneInfo:
        roster = self._shelf.standing.roster
        if roster is None:
            return self._office.zone
        try:
            return zone(roster.zone)
        except PolicyError:
            return self._office.zone
