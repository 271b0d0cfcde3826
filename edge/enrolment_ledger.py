"""What the journal says of templates and no roster yet: slots filled and emptied here, an enrolment cut off.

The signed events are the truth. The file beside them only saves reading the whole journal at every start; it
can be deleted.
"""

import json
import logging
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from attendance.chain import Event
from attendance.enrolment import BEGUN, ENROL, FAILED, INTENT, Begun, Enrolment, FailedEnrolment, Intent
from attendance.errors import MalformedError
from attendance.people import Roster
from attendance.templates import (
    CLEARED,
    INSTALLED,
    ORDER_FAILED,
    PURGED,
    SEARCHED,
    Cleared,
    Installed,
    OrderFailed,
    Purged,
    Searched,
)
from edge.durable_file import write_durably
from edge.logbook import Logbook

_log = logging.getLogger(__name__)
_REQUESTS_KEPT = 100
"""Orders leave central's document within seconds of their end; this is for days without a network."""


@dataclass(slots=True)
class Ledger:
    """The state after some events of the journal.

    Attributes:
        epoch: of the journal.
        seq: the last event that was read.
        local: person by slot, as enrolled or installed here and not yet named by a roster.
        gone: slots from which a person's template was purged or cleared, and whose the roster may still call
            them.
        ended: orders of central that were ended by an event; none is done again while it is still listed.
        begun: slots in which an enrolment that has not ended may have left a template.
        begun_for: whose.
        leaving: slots that it may have erased.
        request: the order of central that it does, or None.
        requests: orders to enrol somebody that were begun or refused, the newest last; none is begun again.
    """

    epoch: int = 0
    seq: int = 0
    local: dict[int, str] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    begun_for: str | None = None
    leaving: set[int] = field(default_factory=set)
    request: str | None = None
    requests: list[str] = field(default_factory=list)
    gone: set[tuple[int, str]] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def note(self, event: Event) -> None:
        """Go on by one event. A body that was erased by law, or is of a newer version, says nothing."""
        self.seq = event.seq
        try:
            if event.type == BEGUN:
                begun = Begun.parse(event.content)
                self.begun_for, self.request = begun.person, begun.request
                self._remember(begun.request)
            elif event.type == INTENT:
                intent = Intent.parse(event.content)
                self.begun.add(intent.slot)
                self.leaving.update(intent.replaces)
                self.begun_for = intent.person
            elif event.type == ENROL:
                self._enrolled(Enrolment.parse(event.content))
            elif event.type == FAILED:
                self._failed(FailedEnrolment.parse(event.content))
            else:
                self._note_order(event)
        except MalformedError as error:
            _log.warning("event %d says nothing of a template: %s", event.seq, error)

    def covered_by(self, roster: Roster) -> bool:
        """Leave to the roster what it says as well; whether there was any."""
        covered = [slot for slot, person in self.local.items() if roster.slots.get(slot) == person]
        for slot in covered:
            del self.local[slot]
        vacated = {(slot, person) for slot, person in self.gone if roster.slots.get(slot) != person}
        self.gone -= vacated
        return bool(covered or vacated)

    def forget_ended(self, still_listed: AbstractSet[str]) -> bool:
        """Drop the names of orders that central lists no more; whether there was any."""
        closed = self.ended - still_listed
        self.ended -= closed
        return bool(closed)

    def lay_over(self, roster: Roster) -> Roster:
        """The roster with what was enrolled, installed and purged here since.

        A slot that the roster gives to somebody else is nobody's until people have looked: the finger in it
        is not theirs, and punches of it are kept without a name.
        """
        slots = {slot: who for slot, who in roster.slots.items() if (slot, who) not in self.gone}
        for slot, person in self.local.items():
            holder = slots.setdefault(slot, person)
            if holder != person or person not in roster.persons:
                del slots[slot]
        return replace(roster, slots=slots)

    def _note_order(self, event: Event) -> None:
        if event.type == INSTALLED:
            installed = Installed.parse(event.content)
            self._filled(installed.slot, installed.person)
            self.ended.add(installed.order)
        elif event.type == PURGED:
            purged = Purged.parse(event.content)
            for slot in purged.slots:
                self.local.pop(slot, None)
                self.gone.add((slot, purged.person))
            self.ended.add(purged.order)
        elif event.type == CLEARED:
            for slot, person in Cleared.parse(event.content).slots.items():
                self.local.pop(slot, None)
                if person is not None:
                    self.gone.add((slot, person))
        elif event.type == SEARCHED:
            self.ended.add(Searched.parse(event.content).order)
        elif event.type == ORDER_FAILED:
            self.ended.add(OrderFailed.parse(event.content).order)

    def _filled(self, slot: int, person: str) -> None:
        self.local[slot] = person
        self.gone.discard((slot, person))

    def _failed(self, failed: FailedEnrolment) -> None:
        for slot in failed.slots:
            self.local.pop(slot, None)
        if failed.request is not None:
            self._remember(failed.request)
        if failed.request == self.request:  # an order that was turned away ends nobody else's enrolment
            self._close()

    def _remember(self, request: str) -> None:
        if request not in self.requests:
            self.requests = [*self.requests, request][-_REQUESTS_KEPT:]

    def _enrolled(self, enrolment: Enrolment) -> None:
        for finger in enrolment.fingers:
            for slot in finger.replaced:
                self.local.pop(slot, None)
        for finger in enrolment.fingers:
            self._filled(finger.slot, enrolment.person)
        self._close()

    def _close(self) -> None:
        self.begun.clear()
        self.leaving.clear()
        self.begun_for = self.request = None

    def content(self) -> dict[str, Any]:
        """For the file."""
        return {
            "epoch": self.epoch,
            "seq": self.seq,
            "local": {str(slot): person for slot, person in sorted(self.local.items())},
            "begun": sorted(self.begun),
            "begun_for": self.begun_for,
            "leaving": sorted(self.leaving),
            "request": self.request,
            "requests": self.requests,
            "gone": [list(one) for one in sorted(self.gone)],
            "ended": sorted(self.ended),
        }

    @classmethod
    def parse(cls, values: dict[str, Any]) -> "Ledger":
        """From the file.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is none.
        """
        return cls(
            int(values["epoch"]),
            int(values["seq"]),
            {int(slot): str(person) for slot, person in values["local"].items()},
            {int(slot) for slot in values["begun"]},
            values["begun_for"],
            {int(slot) for slot in values["leaving"]},
            values["request"],
            [str(request) for request in values["requests"]],
            {(int(slot), str(person)) for slot, person in values["gone"]},
            {str(order) for order in values["ended"]},
        )


class LedgerFile:
    """The ledger of a state folder, kept up with the journal. One thread."""

    def __init__(self, file: Path, logbook: Logbook) -> None:
        """Read the file; `catch_up` reads what the journal holds after it."""
        self._file = file
        self._logbook = logbook
        self.ledger = self._read()

    def catch_up(self) -> bool:
        """Note the events since the last time; whether anything of a template was among them.

        After a fault of the storage an event may have turned up that was never confirmed, so the journal is
        read and not the memory of what was written.

        Raises:
            StorageError: the journal can't be read.
        """
        ledger, link = self.ledger, self._logbook.link
        if ledger.epoch != link.epoch or ledger.seq > link.size:
            # A new installation on the same board: the module may still hold what was enrolled before.
            ledger.epoch, ledger.seq = link.epoch, 0
        before = ledger.content() | {"seq": 0}
        for event in self._logbook.events_after(ledger.seq):
            ledger.note(event)
        changed = ledger.content() | {"seq": 0} != before
        if changed:
            self.save()
        return changed

    def save(self) -> None:
        """Write the file. Without it the journal is read again from further back, that is all."""
        try:
            write_durably(self._file, json.dumps(self.ledger.content()).encode())
        except OSError as error:
            _log.warning("%s is not written: %s", self._file.name, error)

    def _read(self) -> Ledger:
        try:
            return Ledger.parse(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return Ledger()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("%s is not used, the journal is read instead: %r", self._file.name, error)
            return Ledger()
