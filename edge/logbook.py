"""The journal with the clock: an event gets its moment here, and oddities of the clock become events."""

import logging
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.chain import Event, Link
from attendance.errors import MalformedError
from attendance.moment import Moment, from_ms
from attendance.punch import CLOCK
from edge.clock import Clock, SetWatch
from edge.durable_file import write_durably
from edge.faults import StorageError
from edge.journal import Journal
from edge.journal_faults import StorageFault
from edge.punching import Remembered
from edge.timing import Anchor, Reading, Timekeeper, boot_body, wall_agreed

_log = logging.getLogger(__name__)
_LOOK_BACK_EVENTS = 400
_REOPEN_S = 2.0


class Logbook:
    """Owner of the journal. One thread."""

    def __init__(
        self,
        folder: Path,
        key: Ed25519PrivateKey,
        clock: Clock,
        *,
        epoch: int,
        rtc: bool,
        watch: SetWatch | None,
    ) -> None:
        """Open the journal and take up where it stands.

        Args:
            folder: the state folder.
            key: the event key.
            clock: whose time the events carry.
            epoch: counts installations under this key.
            rtc: whether a battery keeps that clock going.
            watch: tells when the wall clock was set; None for an emulated one, which nobody else can set.

        Raises:
            StorageError: the journal can't be opened; nothing can be recorded.
        """
        self._clock = clock
        self._watch = watch
        self._reopen_at = 0.0
        self._journal = _open(folder, key, epoch)
        self.opened = self._journal.opened
        self.remembered = Remembered()
        events = self._journal.last_events(_LOOK_BACK_EVENTS)
        for event in events:
            self.remembered.note(event)
        reading = clock.now()
        self._last = events[-1] if events else None
        self.keeper = Timekeeper(
            reading,
            rtc=rtc,
            written=[(event.moment, wall_agreed(event.moment, _clock_body(event))) for event in events],
        )
        self._resume_anchor(reading)

    @property
    def link(self) -> Link:
        """Where the chain stands."""
        return self._journal.link

    @property
    def fault(self) -> StorageError | None:
        """Why nothing can be written at present, or None."""
        return self._journal.fault

    @property
    def clock_source(self) -> str:
        """The word for the start event."""
        return self._clock.source

    def reading(self) -> Reading:
        """The clocks now."""
        return self._clock.now()

    def moment(self, reading: Reading | None = None) -> Moment:
        """A reading with the trust in it; of now, if none is given."""
        return self.keeper.moment(reading or self._clock.now())

    def best_time(self, reading: Reading) -> datetime:
        """The likeliest true time of a reading, in UTC."""
        return from_ms(self.keeper.best_ms(reading))

    def write(
        self,
        type_: str,
        content: dict[str, Any],
        *,
        at: Reading | Moment | None = None,
        photo: str | None = None,
    ) -> Event:
        """Write an event; durable on return.

        Args:
            type_: what kind.
            content: its body without the salt.
            at: when it happened; now, if not given. A moment is what was believed then.
            photo: SHA-256 of its picture.

        Raises:
            StorageError: it is not recorded.
            EvidenceError: it has no form in which it could be recorded.
        """
        moment = at if isinstance(at, Moment) else self.moment(at)
        self._mend()
        event = self._journal.append(type_, moment, content, photo)
        self._last = event
        self.keeper.wrote(moment)
        self.remembered.note(event)
        return event

    def events_after(self, seq: int) -> list[Event]:
        """The events that follow this number, oldest first.

        Raises:
            StorageError: they can't be read.
        """
        return self._journal.last_events(self.link.size - seq) if self.link.size > seq else []

    def tidy(self) -> None:
        """Do between two people what would make one of them wait."""
        error = self._journal.tidy()
        if error is not None:
            _log.warning("%s", error)

    def scrub(self) -> None:
        """Read one older segment again and mend it where it has rotted; for hours without people."""
        try:
            if not self._journal.scrub():
                _log.warning("an older part of the journal had rotted and was mended")
        except StorageError as error:
            _log.warning("an older part of the journal can't be mended: %s", error)

    def mend(self, seq: int) -> bool:
        """Look at the place of an event that sync could not read; whether it was whole.

        Raises:
            StorageError: it can't be mended.
        """
        return self._journal.mend(seq)

    def new_boot(self) -> dict[str, Any] | None:
        """The body of the clock event of a new boot, or None where the last event is of this one."""
        reading = self._clock.now()
        if self._last is not None and self._last.moment.boot == reading.boot:
            return None
        return boot_body(reading, self._clock.source)

    def look_at_clock(self) -> tuple[Reading, list[dict[str, Any]]]:
        """The clocks now, and bodies of clock events about what is odd in them, for the caller to write."""
        was_set = self._watch is not None and self._watch.was_set()
        reading = self._clock.now()
        return reading, self.keeper.notice(reading, was_set=was_set)

    def anchor(self, claim: Anchor) -> int:
        """Weigh a time anchor; the number of the clock event that is in force afterwards.

        Raises:
            AnchorRefusedError: it can't be used.
            StorageError: it is not recorded, and not believed either.
        """
        reading = self._clock.now()
        body = self.keeper.weigh(claim, reading)
        held = self.keeper.anchor
        if body is None and held is not None:
            return held.seq
        assert body is not None
        event = self.write(CLOCK, body, at=reading)
        self.keeper.adopt(replace(claim, seq=event.seq))
        return event.seq

    def close(self) -> None:
        """Close journal and watch."""
        self._journal.close()
        if self._watch is not None:
            self._watch.close()

    def _mend(self) -> None:
        """After a fault nobody knows what the disk holds: only opening anew finds out. Not at every knock."""
        fault = self._journal.fault
        if fault is None or fault.kind == StorageFault.FULL or time.monotonic() < self._reopen_at:
            return
        self._reopen_at = time.monotonic() + _REOPEN_S
        _log.error("%s; opening the journal anew", fault)
        self._journal.reopen()

    def _resume_anchor(self, reading: Reading) -> None:
        """After a restart within a boot its anchor is still good: the last event names it, or is it."""
        last = self._last
        if last is None or last.moment.boot != reading.boot:
            return
        is_anchor = _clock_body(last).get("what") == "anchor"
        number = last.seq if is_anchor else last.moment.anchor
        event = self._journal.event(number) if number is not None else None
        if event is None:
            return
        try:
            self.keeper.adopt(Anchor.parse(event.content, event.seq))
        except MalformedError as error:
            _log.warning("event %d is no anchor: %s", event.seq, error)


def _open(folder: Path, key: Ed25519PrivateKey, epoch: int) -> Journal:
    """The journal. It is made once in the life of an epoch: later on, no journal means that it was lost."""
    born = folder / f"journal-e{epoch:04d}.born"
    journal = Journal.open(folder, key, create=not born.exists(), epoch=epoch)
    if not born.exists():
        write_durably(born, b"")
    return journal


def _clock_body(event: Event) -> dict[str, Any]:
    return event.content if event.type == CLOCK else {}
