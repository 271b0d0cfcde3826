"""Orders of central as the punch process has them: refused, fetched for, done in quiet moments, told.

An order is one piece of work between two looks at the glass. Its end is an event, after which it is not done
again; only a template that was handed in needs none, since central has it.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance.errors import EvidenceError
from attendance.orders import Do, Order
from attendance.people import Roster
from attendance.templates import INSTALLED, ORDER_FAILED, PURGED, SEARCHED, Installed, OrderFailed, Purged
from edge.documents import DocumentShelf
from edge.enrolment_ledger import Ledger
from edge.enrolment_office import EnrolmentOffice
from edge.errand_choosing import Books, Refusal, holders_of, must_wait, open_errands, refusal, to_do
from edge.errand_faults import FingerCameError, OrderRefusedError, TouchNeededError
from edge.errand_parcels import Parcels
from edge.errand_patience import Patience
from edge.faults import SensorError, StorageError
from edge.install_intent import IntentFile
from edge.logbook import Logbook
from edge.sensor import Identification, NoFinger
from edge.sensor_keeper import SensorKeeper
from edge.sensor_make import UNKNOWN_BYTES
from edge.sensor_searching import usable_slots
from edge.slot_clearing import SlotClearing
from edge.slot_watch import SlotWatch
from edge.template_search import TemplateSearch
from edge.template_work import TemplateWork

_log = logging.getLogger(__name__)
_LOOK_S = 0.2
_AFTER_FAULT_S = 5.0


class ErrandOffice:
    """One for the process, in the thread that owns sensor and journal."""

    def __init__(
        self,
        state_dir: Path,
        node: str,
        key: X25519PrivateKey,
        sensor: SensorKeeper,
        logbook: Logbook,
        enrolment: EnrolmentOffice,
    ) -> None:
        """Touch nothing but the files; `serve` comes before anything else.

        Args:
            state_dir: where the files are.
            node: this node's id.
            key: this node's key for templates.
            sensor: the module.
            logbook: where events go.
            enrolment: whose ledger says what the journal holds, and which comes first.
        """
        self._node = node
        self._sensor = sensor
        self._logbook = logbook
        self._enrolment = enrolment
        self._intents = IntentFile(state_dir / "install-intent.json")
        self._work = TemplateWork(sensor, node, key, self._intents)
        self._search = TemplateSearch(sensor, self._work)
        self._watch = SlotWatch(state_dir / "slots-told.json", sensor, logbook)
        self._clearing = SlotClearing(sensor, self._tell)
        self._parcels = Parcels(self._errands, self._carried)
        self._patience = Patience()
        self._over: dict[str, int] = {}
        self._holders: dict[int, str] = {}
        self._holders_by: Roster | None = None
        self._look_at = self._work_at = 0.0
        self._deeds: dict[Do, Callable[[Order], None]] = {
            Do.EXPORT: self._export,
            Do.INSTALL: self._install,
            Do.SEARCH: self._compare,
            Do.PURGE: self._purge,
        }

    def serve(self, shelf: DocumentShelf) -> None:
        """Take the documents."""
        self._shelf = shelf

    def lay_over(self, roster: Roster) -> Roster:
        """A roster with what was done here since; a slot that may hold anything is nobody's."""
        return self._intents.without_pending(self._enrolment.lay_over(roster))

    def requests(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """What the courier may ask, by the word in `do`."""
        return self._parcels.requests()

    def saw(self, seen: Identification) -> None:
        """What a look at the glass has found."""
        if not isinstance(seen, NoFinger):
            self._search.touched = True

    def turn(self) -> None:
        """Between two looks at the glass: do what is due, one thing at most."""
        now = time.monotonic()
        ledger = self._enrolment.ledger
        if now < self._look_at or self._logbook.fault is not None or ledger is None:
            return
        self._look_at = now + self._sensor.pace.s(_LOOK_S)
        try:
            self._keep_books(ledger)
            self._refuse()
            if not self._enrolment.busy and self._sensor.quiet and now >= self._work_at:
                self._one_thing(ledger, now)
        except (SensorError, StorageError, EvidenceError, OSError) as error:
            self._work_at = now + self._sensor.pace.s(_AFTER_FAULT_S)
            _log.warning("an order of central can't be done now: %s", error)

    # -- what is open

    def _listed(self) -> list[Order]:
        """Open orders of which the end is not told yet; none before it is known who is who."""
        orders, ledger = self._shelf.standing.orders, self._enrolment.ledger
        if orders is None or ledger is None or self._shelf.standing.roster is None:
            return []
        over = {id_ for id_, serial in self._over.items() if serial == orders.serial}
        return open_errands(orders.orders, over | ledger.ended)

    def _errands(self) -> list[Order]:
        """Those of them that nothing speaks against."""
        books = self._books()
        return [order for order in self._listed() if refusal(order, books) is None]

    def _keep_books(self, ledger: Ledger) -> None:
        """Forget what central lists no more, and what the journal has overtaken."""
        orders, pending = self._shelf.standing.orders, self._intents.pending
        if pending is not None and pending.slot in ledger.local:
            # It is told, or somebody was enrolled there since: whose the slot is stands in the journal.
            self._end_intent()
        if orders is not None:
            listed = {order.id for order in orders.orders}
            ledger.forget_ended(listed | ({pending.order} if pending else set()))
            self._over = {id_: serial for id_, serial in self._over.items() if serial == orders.serial}
            self._patience.forget(listed)
        self._parcels.forget(lambda order: order is None)

    def _refuse(self) -> None:
        """Tell what is certain without the module."""
        books = self._books()
        for order in self._listed():
            why = refusal(order, books)
            if why is not None:
                self._fail(order, why)

    def _books(self) -> Books:
        roster, ledger = self._shelf.standing.roster, self._enrolment.ledger
        if ledger is not None and roster is not self._holders_by:
            # Whatever changes the ledger in this makes a new roster in force.
            self._holders = holders_of(self._shelf.roster_as_sent, ledger.local, ledger.gone)
            self._holders_by = roster
        to_empty = frozenset(slot for one in self._listed() if one.do is Do.PURGE for slot in one.slots)
        memory = self._sensor.book.memory
        if memory is None:
            return Books(self._holders, None, None, to_empty)
        make = memory.make
        known = make is not None and make.template_bytes != UNKNOWN_BYTES
        model_class = make.class_text if make is not None and known else None
        return Books(self._holders, model_class, usable_slots(memory.identity.capacity), to_empty)

    # -- one thing

    def _one_thing(self, ledger: Ledger, now: float) -> None:
        if not self._search.clean:
            self._search.clean_up()
            return
        if self._intents.pending is not None:
            self._look_after_cut(self._intents.pending)
            return
        books = self._books()
        if self._clearing.due and self._shelf.standing.roster is not None:
            self._clearing.step(books.holders)
            return
        errands = self._errands()
        waiting = self._search.waiting
        if waiting is not None and all(order.id != waiting for order in errands):
            self._search.drop()
            return
        ready = [order for order in errands if self._may(order, books, now)]
        order = to_do(
            ready,
            self._parcels.fetched.keys(),
            class_known=books.model_class is not None,
            may_export=self._parcels.outgoing is None,
        )
        if order is not None:
            self._do(order, now)
        elif self._shelf.standing.roster is not None:  # before the first one nothing is in the books
            self._watch.compare(books.holders, errands, ledger)

    def _may(self, order: Order, books: Books, now: float) -> bool:
        """Whether its turn may have come.

        A search that waits for a touch keeps the others waiting: there is one buffer for it.
        """
        if not self._patience.allows(order.id, now) or must_wait(order, books):
            return False
        if order.do is not Do.SEARCH or self._search.waiting is None:
            return True
        return self._search.waiting == order.id and self._search.touched

    def _do(self, order: Order, now: float) -> None:
        try:
            self._deeds[order.do](order)
        except FingerCameError:
            return  # the next look serves it, and then there is no quiet moment for a while
        except TouchNeededError:
            _log.info("order %s waits until a finger has lain on the glass", order.id)
        except OrderRefusedError as refused:
            self._fail(order, Refusal(refused.reason, refused.detail))
        except EvidenceError as error:
            self._fail(order, Refusal("impossible", str(error)))
        except SensorError as error:
            final = self._patience.failed(order, error, now, self._sensor.pace.s(1.0))
            if final is None:
                raise
            self._fail(order, final)

    def _export(self, order: Order) -> None:
        orders, model_class = self._shelf.standing.orders, self._books().model_class
        assert orders is not None
        assert model_class is not None
        self._parcels.outgoing = (order, self._work.export(order, model_class, orders.central_key))

    def _install(self, order: Order) -> None:
        try:
            told = self._work.install(order, self._parcels.fetched[order.id])
        finally:
            self._search.touched = False  # what was sent since counts
            if self._intents.pending is not None:
                self._shelf.refresh()
        self._installed(told)

    def _installed(self, told: Installed) -> None:
        self._tell(INSTALLED, told.content())
        self._end_intent()
        _log.info("order %s: a template is in slot %d", told.order, told.slot)

    def _compare(self, order: Order) -> None:
        memory = self._sensor.book.memory
        doubted = memory.doubted if memory is not None else {}
        holders = {slot: person for slot, person in self._books().holders.items() if slot not in doubted}
        found = self._search.search(order, self._parcels.fetched[order.id], holders)
        self._tell(SEARCHED, found.content())

    def _purge(self, order: Order) -> None:
        self._work.purge(order)
        self._parcels.forget(lambda other: other is not None and other.person == order.person)
        self._tell(PURGED, Purged(order.id, order.person, order.slots).content())
        _log.info("order %s: slots %s are empty", order.id, order.slots)

    def _look_after_cut(self, pending: Installed) -> None:
        """Have it whole and told, or have the slot empty. Whole it may stay where the books say the same."""
        if self._shelf.standing.orders is None or self._shelf.standing.roster is None:
            return  # whether it is still wanted is not known
        wanted = any(order.id == pending.order for order in self._errands())
        theirs = self._books().holders.get(pending.slot) == pending.person
        whole = self._work.look_after_cut(keep=wanted or theirs)
        if whole and wanted:
            self._installed(pending)
        else:
            self._end_intent()

    def _end_intent(self) -> None:
        self._intents.end()
        self._shelf.refresh()

    # -- what comes of it

    def _carried(self, order: Order, code: str | None) -> None:
        """The courier has ended an errand."""
        orders = self._shelf.standing.orders
        if code not in (None, "no-such-order"):
            self._fail(order, Refusal("impossible", f"central does not take it: {code}"))
        elif orders is not None:
            # Central has it, or does not want it any more. If its next list still names it, it is open again.
            self._over[order.id] = orders.serial

    def _fail(self, order: Order, why: Refusal) -> None:
        _log.warning("order %s is refused: %s, %s", order.id, why.reason, why.detail)
        self._tell(ORDER_FAILED, OrderFailed(order.id, order.person, why.reason, why.detail).content())

    def _tell(self, type_: str, content: dict[str, Any]) -> None:
        try:
            self._logbook.write(type_, content)
        finally:
            self._enrolment.in_force()
            self._parcels.forget(lambda order: order is None)
