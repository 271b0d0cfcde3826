"""Orders of central to enrol somebody here: each is begun once, or turned down once, and its end is written.

What was begun or turned down stands in the journal, so that an order which central has not dropped yet is not
done again after a start.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from attendance.enrolment import FailedEnrolment
from attendance.errors import EvidenceError
from attendance.orders import Do, Order
from edge.documents import DocumentShelf
from edge.enrolling import Plan
from edge.enrolment_calling import Situation, TurnedDown, Verdict, verdict
from edge.enrolment_deeds import WriteFailure
from edge.enrolment_desk import Desk
from edge.enrolment_hands import Hands
from edge.enrolment_ledger import LedgerFile
from edge.faults import StorageError
from edge.logbook import Logbook
from edge.sensor import Identification, NoFinger
from edge.sensor_keeper import SensorKeeper

_log = logging.getLogger(__name__)
_LOOK_S = 0.2
_AFTER_FAULT_S = 5.0


class EnrolmentCalls:
    """In the thread that owns sensor and journal."""

    def __init__(
        self,
        desk: Desk,
        hands: Hands,
        ledger: LedgerFile,
        shelf: DocumentShelf,
        logbook: Logbook,
        sensor: SensorKeeper,
        *,
        minimum_score: int,
        camera: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is heeded yet.

        Args:
            desk: where an enrolment runs.
            hands: what writes its events.
            ledger: what the journal says of orders.
            shelf: with roster and orders.
            logbook: which knows the time and whether it can write.
            sensor: which must be at work.
            minimum_score: below which a punch is none.
            camera: whether the node has one.
            clock: monotonic seconds.
        """
        self._desk = desk
        self._hands = hands
        self._ledger = ledger
        self._shelf = shelf
        self._logbook = logbook
        self._sensor = sensor
        self._minimum_score = minimum_score
        self._camera = camera
        self._clock = clock
        self._look_at = 0.0
        self._bare_since: float | None = None
        self._first_seen: dict[str, float] = {}
        self._from_before: frozenset[str] | None = None
        self._tried: set[str] = set()

    def saw(self, seen: Identification) -> None:
        """What the everyday look at the glass has found."""
        if not isinstance(seen, NoFinger):
            self._bare_since = None
        elif self._bare_since is None:
            self._bare_since = self._clock()

    def heed(self) -> None:
        """Look at the orders in force, now and then, and do what one of them needs."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        orders = self._shelf.standing.orders
        calls = [order for order in orders.orders if order.do is Do.ENROL] if orders is not None else []
        self._note_arrivals(calls, now)
        if self._desk.running:
            self._bare_since = None
        request = self._desk.request
        if request is not None and orders is not None and all(order.id != request for order in calls):
            self._desk.withdraw()
        settled = self._tried.union(self._ledger.ledger.requests)
        for order in calls:
            if order.id not in settled:
                self._settle(order, now)

    def _note_arrivals(self, calls: Sequence[Order], now: float) -> None:
        if self._from_before is None:  # the first look after the start, before anything can have come in
            self._from_before = frozenset(order.id for order in calls)
        self._first_seen = {order.id: self._first_seen.get(order.id, now) for order in calls}

    def _settle(self, order: Order, now: float) -> None:
        decided = verdict(order, self._situation(order, now))
        if decided is Verdict.BEGIN:
            self._begin(order)
        elif isinstance(decided, TurnedDown):
            self._turn_down(order, decided, now)

    def _situation(self, order: Order, now: float) -> Situation:
        reading = self._logbook.reading()
        roster = self._shelf.standing.roster
        bare = now - self._bare_since if self._bare_since is not None else 0.0
        return Situation(
            now_ms=int(self._logbook.best_time(reading).timestamp() * 1000),
            clock_trusted=self._logbook.moment(reading).trusted,
            waited=timedelta(seconds=now - self._first_seen[order.id]),
            came_with_start=order.id in (self._from_before or ()),
            recording=self._logbook.fault is None,
            enrolling=self._desk.running,
            cleaning=self._desk.unfinished,
            sensor_works=self._sensor.state == "ok",
            bare=timedelta(seconds=bare / self._sensor.pace.s(1.0)),
            known=roster is not None and order.person in roster.persons,
        )

    def _begin(self, order: Order) -> None:
        roster = self._shelf.standing.roster
        assert roster is not None
        _log.info("enrolment %s begins", order.id)
        # Even if that can't be written: a second begin after a fault of the disk would be one too many.
        self._tried.add(order.id)
        plan = Plan(
            order.person,
            roster.persons[order.person].name,
            (order.fingers[0], order.fingers[1]),
            order.legal_basis,
            order.notice,
            roster.serial,
            self._minimum_score,
            self._camera,
            order.id,
        )
        self._desk.begin(plan)

    def _turn_down(self, order: Order, why: TurnedDown, now: float) -> None:
        _log.info("enrolment %s is not begun: %s", order.id, why.reason)
        failure = FailedEnrolment(order.person, why.reason, request=order.id)
        try:
            self._hands.do(WriteFailure(failure, None))
        except (StorageError, EvidenceError) as error:
            _log.warning("that an enrolment was not begun can't be written: %s", error)
            self._look_at = now + _AFTER_FAULT_S
            return
        self._tried.add(order.id)
        if why.line is not None:
            self._desk.tell(why.line)
