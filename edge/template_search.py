"""Looks whether the library holds a finger that was sent for comparison, and forgets it again.

Two hazards shape it. A damaged search can turn into a Store at the first slot that it names, except where
`edge.sensor_searching` rules it out: those slots are compared with what was stored in them, before and after.
And some optical modules answer every search for what was sent to them with a receive error until a finger
has lain on the glass, while a touch fills buffer 1 with features of its own: there the template waits in
buffer 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attendance.orders import Order
from attendance.templates import Searched, SearchHit
from edge.errand_faults import OrderRefusedError, TouchNeededError
from edge.faults import SensorError
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_keeper import SensorKeeper
from edge.sensor_library import SearchAnswer
from edge.sensor_opcodes import Code
from edge.sensor_templates import TemplateShelf
from edge.template_hunting import Range, hunt
from edge.template_work import WORK_BUFFER, TemplateWork, give_way

LIMIT_S = 25.0
"""Of the sensor's time. At 57600 bps it takes 1 to 2 s, and another two or three where something matches."""
WAITING_BUFFER = 2
_MOST_TOUCHES = 5


@dataclass(slots=True)
class _Question:
    """One template against one library.

    Attributes:
        buffer: where the template lies.
        asked: slots at which a damaged search could have written.
    """

    shelf: TemplateShelf
    data: bytes = field(repr=False)
    in_use: frozenset[int]
    own: frozenset[int]
    buffer: int
    asked: set[int] = field(default_factory=set)


class TemplateSearch:
    """One search at a time, in the thread that owns the sensor.

    Attributes:
        waiting: the order whose template lies in the module until a finger comes, or None.
        touched: whether one has come since.
        clean: whether the module is known to hold nothing of a search that was cut off with its process.
    """

    def __init__(self, sensor: SensorKeeper, work: TemplateWork) -> None:
        """Nothing is searched yet."""
        self._sensor = sensor
        self._work = work
        self._touch_needed = False
        self._touches_in_vain = 0
        self._proven_for: object = None
        self.waiting: str | None = None
        self.touched = False
        self.clean = False

    def clean_up(self) -> None:
        """Forget what a search before the last start may have left in the module. Raises SensorError."""
        shelf = self._sensor.templates()
        for buffer in (WORK_BUFFER, WAITING_BUFFER):
            shelf.overwrite(buffer)
        self.clean = True

    def search(self, order: Order, sealed: bytes, holders: Mapping[int, str]) -> Searched:
        """Compare the template with the library; nothing of it stays.

        Args:
            order: which.
            sealed: the template, as it was fetched.
            holders: whose each slot is, by the node's books.

        Raises:
            OrderRefusedError: bad-seal, bad-template, or impossible where this module finds nothing that was
                sent to it.
            TouchNeededError: it has to wait for a finger. FingerCameError: one is there now.
            SensorError: no sound answer, or a slot does not hold what was stored in it.
        """
        data = self._work.opened(order, sealed).data
        shelf = self._sensor.templates()
        hits: list[SearchAnswer] = []
        with shelf.bounded(LIMIT_S):
            in_use = frozenset(slot for slot in shelf.slots() if slot < shelf.usable_slots)
            own = frozenset(slot for slot in in_use if holders.get(slot) == order.person)
            if in_use - own:
                buffer = self._send(shelf, order, data)
                hits = self._asked(_Question(shelf, data, in_use, own, buffer), order)
        found = tuple(SearchHit(hit.slot, holders.get(hit.slot) or None, hit.score) for hit in hits)
        return Searched(order.id, order.template, order.person, len(in_use), found)

    def drop(self) -> None:
        """The search that waits for a finger is not wanted any more. Raises SensorError."""
        self._sensor.templates().overwrite(WAITING_BUFFER)
        self.waiting = None

    def _send(self, shelf: TemplateShelf, order: Order, data: bytes) -> int:
        """Bring the template into the module; the buffer in which it can be searched for now."""
        if not self._touch_needed:
            shelf.upload(data, WORK_BUFFER)
            return WORK_BUFFER
        if self.waiting == order.id and self.touched and shelf.holds(data, WAITING_BUFFER):
            return WAITING_BUFFER
        raise self._wait(shelf, order, data)

    def _wait(self, shelf: TemplateShelf, order: Order, data: bytes) -> TouchNeededError:
        shelf.upload(data, WAITING_BUFFER)
        self._touch_needed, self.waiting, self.touched = True, order.id, False
        return TouchNeededError()

    def _asked(self, question: _Question, order: Order) -> list[SearchAnswer]:
        shelf = question.shelf
        deaf = False
        try:
            hits = self._hits(question)
            if not hits and question.buffer == WORK_BUFFER:
                self._prove(question)
        except _DeafError:
            deaf, hits = True, []
        finally:
            # Whatever went wrong: nothing stays in the buffer, and nobody's slot was written over.
            shelf.overwrite(question.buffer)
            for slot in sorted(question.asked):
                self._sensor.audit(slot)
        if deaf:
            self._touches_in_vain += question.buffer == WAITING_BUFFER
            if self._touches_in_vain >= _MOST_TOUCHES:
                self._touches_in_vain, self.waiting = 0, None
                raise OrderRefusedError("impossible", "the module never searches for what was sent to it")
            raise self._wait(shelf, order, question.data)
        if shelf.slots() & set(range(shelf.usable_slots)) != question.in_use:
            raise sensor_error(SensorFault.FLASH, "slots came or went during a search")
        self._touches_in_vain, self.waiting = 0, None
        return hits

    def _hits(self, question: _Question) -> list[SearchAnswer]:
        alone = self._cut(question)
        if not alone:
            return []
        for slot in alone:
            self._sensor.audit(slot)
            give_way(question.shelf)
        if question.buffer == WORK_BUFFER:
            question.shelf.upload(question.data, WORK_BUFFER)
        question.asked.update(alone)
        answers = [_ask(question, Range(slot, 1)) for slot in alone]
        return [answer for answer in answers if answer is not None]

    def _cut(self, question: _Question) -> list[int]:
        """The slots that are to be searched alone."""
        hunting = hunt(question.in_use, question.own, question.shelf.usable_slots)
        try:
            piece = next(hunting)
            while True:
                if question.buffer != WORK_BUFFER and piece.start in question.in_use:
                    self._sensor.audit(piece.start)
                    question.asked.add(piece.start)
                answer = _ask(question, piece)
                piece = hunting.send(None if answer is None else answer.slot)
        except StopIteration as end:
            alone: list[int] = end.value
            return alone

    def _prove(self, question: _Question) -> None:
        """Make sure once that this module finds at all what is sent to it: a template of its own."""
        identity = self._sensor.identity
        module = None if identity is None else (identity.model, identity.serial, identity.capacity)
        if module == self._proven_for:
            return
        shelf = question.shelf
        data = shelf.read_template(min(question.in_use))
        if data is not None:
            shelf.upload(data, WORK_BUFFER)
            if _ask(question, Range(0, shelf.usable_slots)) is None:
                raise OrderRefusedError("impossible", "the module does not find what was sent to it")
        self._proven_for = module


class _DeafError(Exception):
    """The module answers a search with a receive error."""


def _ask(question: _Question, piece: Range) -> SearchAnswer | None:
    """What is found in a range, or None.

    A damaged command looks in the wrong place, so "none" is asked twice.

    Raises:
        _DeafError: the module does not search. SensorError: no sound answer.
    """
    for _ in range(2):
        answer = question.shelf.search_range(piece.start, piece.number, question.buffer)
        if answer.code == Code.RECEIVE_ERROR:
            raise _DeafError
        if answer.code == Code.OK:
            if piece.holds(answer.slot) and answer.slot in question.in_use:
                return answer
            raise _misplaced(piece, answer)
    return None


def _misplaced(piece: Range, answer: SearchAnswer) -> SensorError:
    return sensor_error(SensorFault.FOREIGN_ANSWER, f"slot {answer.slot} is none of {piece}")
