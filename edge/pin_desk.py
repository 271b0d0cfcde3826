"""The keypad at the door: a number, a PIN, the finger of somebody who stands by, then a punch like any other.

Who vouches: anybody else whose finger is enrolled here. A small office has no supervisor at its door all day,
and central's report shows who vouches for whom, and how often. The time of the punch is that of the PIN, and
so is the picture: nobody is late because the witness had to be called.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from attendance.errors import EvidenceError
from attendance.moment import Moment
from attendance.people import RosterPerson
from attendance.pins import NOBODYS, Pin
from attendance.punch import UNMATCHED
from edge import pin_wording as words
from edge.camera_socket import CameraSocket, PendingPhoto
from edge.documents import DocumentShelf
from edge.door import Door, Tick
from edge.faults import StorageError
from edge.indicator import Indicator
from edge.keypad import Keypad
from edge.keypad_decoding import Key
from edge.logbook import Logbook
from edge.pin_book import PinBook
from edge.pin_guarding import Guard
from edge.pin_typing import NOTHING, Typing, press
from edge.punching import decide_by_pin
from edge.sensor import Identification, Match
from edge.wording import Outcome, Page

_log = logging.getLogger(__name__)
IDLE_S = 15.0
WITNESS_S = 20.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A number and PIN at the instant of Enter. The PIN itself is with the check only."""

    number: str
    pin: Pin | None
    moment: Moment
    when: datetime
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A right PIN that waits for a witness."""

    person: RosterPerson
    entry: _Entry
    photo: PendingPhoto
    until_s: float


class PinDesk:
    """One for the process, in the thread that owns sensor and journal; only a hash is worked on beside it."""

    def __init__(
        self,
        pad: Keypad | None,
        book: PinBook,
        shelf: DocumentShelf,
        logbook: Logbook,
        camera: CameraSocket,
        indicator: Indicator,
        door: Door,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nobody types yet.

        Args:
            pad: the keypad; None where there is none, and then fingers only pass through to the door.
            book: whose PINs are known.
            shelf: the people in force.
            logbook: where events go.
            camera: for the picture.
            indicator: the display.
            door: books punches and answers fingers.
            clock: monotonic seconds, those of the camera.
        """
        self._pad = pad
        self._book = book
        self._shelf = shelf
        self._logbook = logbook
        self._camera = camera
        self._indicator = indicator
        self._door = door
        self._clock = clock
        self._guard = Guard()
        self._typing = NOTHING
        self._typed_s = 0.0
        self._check: tuple[_Entry, Future[bool]] | None = None
        self._waiting: _Waiting | None = None
        self._worker = ThreadPoolExecutor(1, "pin") if pad else None

    @property
    def page(self) -> Page | None:
        """What the display should show between messages, or None."""
        if self._waiting is not None:
            return words.waiting()
        if self._check is not None:
            return words.checking(self._check[0].number).pages[0]
        return words.typed(self._typing).pages[0] if self._typing.begun else None

    def turn(self, *, deaf: bool = False) -> None:
        """Take what was pressed and see what is due. Never waits.

        Args:
            deaf: the display belongs to somebody else now, an enrolment: what is typed is dropped.
        """
        if self._pad is None:
            return
        self._book.follow(self._shelf.standing.roster)
        keys = self._pad.keys()
        if deaf:
            self._typing = NOTHING
            return
        for key in keys:
            if self._check is None and self._waiting is None:
                self._press(key)
        now_s = self._clock()
        if self._check is not None and self._check[1].done():
            self._checked(now_s)
        if self._typing.begun and now_s - self._typed_s >= IDLE_S:
            self._typing = NOTHING
            self._indicator.show(words.taken_back())
        if self._waiting is not None and now_s >= self._waiting.until_s:
            self._nobody_came(self._waiting)

    def answer(self, outcome: Identification, before: Tick) -> Outcome | None:
        """A look at the glass: the witness's finger where one is awaited, all others are the door's.

        Also the finger of the person whose PIN waits: it can be read after all, and is booked as a finger.
        """
        waiting = self._waiting
        roster = self._shelf.standing.roster
        if waiting is None or roster is None or not isinstance(outcome, Match):
            return self._door.answer(outcome, before)
        witness = roster.person_in(outcome.slot)
        if witness is None:
            return self._door.answer(outcome, before)
        self._waiting = None
        if witness.person == waiting.person.person:
            return self._door.answer(outcome, before)
        photo, entry = waiting.photo.result(), waiting.entry
        earlier = self._logbook.remembered.of(waiting.person)
        decision = decide_by_pin(
            self._shelf.standing, waiting.person, witness, entry.when, earlier, photo.missing
        )
        said = self._door.book(decision, entry.moment, photo, *words.only_witness(witness.name))
        if said is Outcome.STORED:
            self._door.counters["pin_punches"] += 1
        return said

    def facts(self) -> dict[str, Any]:
        """For health events; nothing where there is no keypad."""
        if self._pad is None:
            return {}
        people: int | str = len(self._book) if self._book.readable else "unreadable"
        return {"keypad": {"state": self._pad.state, "people": people}}

    def close(self) -> None:
        """Give the keypad back."""
        if self._pad is not None and self._worker is not None:
            self._worker.shutdown(cancel_futures=True)
            self._pad.close()

    def _press(self, key: Key) -> None:
        before, now_s = self._typing, self._clock()
        self._typing, self._typed_s = press(before, key), now_s
        if key is Key.ENTER and before.asks_pin and before.finished:
            self._typing = NOTHING
            self._entered(before, now_s)
        elif self._typing != before:
            shown = words.typed(self._typing) if self._typing.begun else words.taken_back()
            self._indicator.show(shown)

    def _entered(self, typing: Typing, now_s: float) -> None:
        """Only now a pause is told: told before, the PIN that people type on would be shown as a number."""
        until_s = self._guard.paused_until(typing.number, now_s)
        if not len(self._book):
            self._indicator.show(words.no_pins())
        elif until_s is not None:
            self._show_pause(until_s, now_s)
        else:
            self._begin_check(typing, now_s)

    def _begin_check(self, typing: Typing, now_s: float) -> None:
        assert self._worker is not None
        reading = self._logbook.reading()
        pin = self._book.find(typing.number)
        moment, when = self._logbook.moment(reading), self._door.local(reading)
        check = self._worker.submit((pin.hash if pin else NOBODYS).matches, typing.pin)
        self._check = (_Entry(typing.number, pin, moment, when, now_s), check)
        self._indicator.show(words.checking(typing.number))

    def _checked(self, now_s: float) -> None:
        assert self._check is not None
        entry, check = self._check
        self._check = None
        roster = self._shelf.standing.roster
        person = roster.persons.get(entry.pin.person) if roster and entry.pin else None
        if not check.result() or person is None:
            self._wrong(entry, now_s)
            return
        self._guard.right(entry.number)
        photo = self._camera.ask(entry.monotonic_s, self._door.caption(entry.when))
        self._waiting = _Waiting(person, entry, photo, now_s + WITNESS_S)
        self._indicator.show(words.call_witness(person.name))

    def _wrong(self, entry: _Entry, now_s: float) -> None:
        """Told by an event with the person, never with what was typed: that may be half of a right PIN."""
        tried = self._guard.wrong(entry.number, now_s)
        person = entry.pin.person if entry.pin else None
        content: dict[str, Any] = {"reason": "pin-wrong", "person": person, "attempt": tried}
        until_s = self._guard.paused_until(entry.number, now_s)
        if until_s is not None:
            content |= {"reason": "pin-paused", "pause_s": round(until_s - now_s)}
            self._show_pause(until_s, now_s)
        else:
            self._indicator.show(words.wrong(tried))
        self._door.counters["pin_wrong"] += 1
        self._tell(content, entry.moment)

    def _nobody_came(self, waiting: _Waiting) -> None:
        self._waiting = None
        photo = waiting.photo.result()
        content = {
            "reason": "pin-unwitnessed",
            "person": waiting.person.person,
            "photo_missing": photo.missing,
        }
        self._indicator.show(words.nobody_came(waiting.person.name))
        self._door.counters["pin_unwitnessed"] += 1
        self._tell(content, waiting.entry.moment, photo.sha256)

    def _show_pause(self, until_s: float, now_s: float) -> None:
        local = self._door.local(self._logbook.reading())
        self._indicator.show(words.paused(local + timedelta(seconds=until_s - now_s)))

    def _tell(self, content: dict[str, Any], at: Moment, photo: str | None = None) -> None:
        try:
            self._logbook.write(UNMATCHED, content, at=at, photo=photo)
        except (StorageError, EvidenceError) as error:
            _log.warning("a PIN that was not booked is not recorded: %s", error)
