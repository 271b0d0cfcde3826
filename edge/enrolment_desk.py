"""The desk of the punch process where people are enrolled: one dialogue at a time, a deed at each turn.

The owner of sensor and journal runs it between two looks at its socket. While it runs nothing is booked.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from attendance.enrolment import FailedEnrolment
from attendance.errors import EvidenceError
from edge import enrolment_wording as words
from edge.enrolling import Plan, enrol
from edge.enrolment_deeds import (
    ChooseFinger,
    ConfirmFace,
    Deed,
    Erase,
    Line,
    Pause,
    Say,
    Slots,
    StoppedError,
    Talk,
    WriteEnrolment,
    WriteFailure,
)
from edge.enrolment_hands import REPEATABLE, Hands
from edge.enrolment_ledger import LedgerFile
from edge.faults import SensorError, StorageError
from edge.indicator import Indicator
from edge.sensor_faults import SENTENCES
from edge.sensor_keeper import SensorKeeper
from edge.wording import Message, Outcome, Page

_log = logging.getLogger(__name__)
IDLE_S = 90.0
OFFICER_AWAY_S = 20.0
_AGAIN_S = 0.05
_AFTER_FAULT_S = 0.3
_MOST_FAULTS = 3
_RECOVER_AGAIN_S = 5.0
_OUTCOMES = {"done": Outcome.STORED, "hint": Outcome.REFUSED, "refusal": Outcome.REFUSED}


class Desk:
    """Runs the dialogue, and takes back what a cut left behind.

    Attributes:
        lines: what was said in this dialogue, or in the last one.
        state: "idle", "running", "enrolled", "refused", or "open" where taking back is still to be done.
        page: what the display should show between messages, or None.
    """

    def __init__(
        self,
        hands: Hands,
        ledger: LedgerFile,
        sensor: SensorKeeper,
        indicator: Indicator,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nobody is enrolled yet; `clock` is monotonic seconds."""
        self._hands = hands
        self._ledger = ledger
        self._sensor = sensor
        self._indicator = indicator
        self._clock = clock
        self._talk: Talk[bool] | None = None
        self._plan: Plan | None = None
        self._deed: Deed[Any] | None = None
        self._until = 0.0
        self._faults = 0
        self._ending = False
        self._stop: StoppedError | None = None
        self._moved_at = self._officer_at = 0.0
        self._recover_at = 0.0
        self.lines: list[Line] = []
        self.state = "idle"
        self.page: Page | None = None

    @property
    def running(self) -> bool:
        """Whether a dialogue runs."""
        return self._talk is not None

    @property
    def request(self) -> str | None:
        """The order of central whose dialogue runs, or None."""
        return self._plan.request if self._plan is not None else None

    @property
    def waits_for(self) -> Deed[Any] | None:
        """What the officer is asked for, or None."""
        return self._deed if isinstance(self._deed, ChooseFinger | ConfirmFace) else None

    @property
    def unfinished(self) -> bool:
        """Whether an enrolment that was cut off must be taken back."""
        return not self.running and self._ledger.ledger.begun_for is not None

    @property
    def may_be_in_the_module(self) -> bool:
        """Whether what was cut off may have left something there, so that the sensor is needed to end it."""
        return bool(self._ledger.ledger.begun | self._ledger.ledger.leaving)

    def begin(self, plan: Plan) -> None:
        """Start the dialogue. The caller has made sure that none runs."""
        self.lines.clear()
        self.state = "running"
        self._ending, self._stop, self._plan = False, None, plan
        self._moved_at = self._clock()
        self.heard_officer()
        self._talk = enrol(plan)
        self._move(next)

    def heard_officer(self) -> None:
        """The officer's screen is there."""
        self._officer_at = self._clock()

    def cancel(self) -> None:
        """The officer wants to end it."""
        self._stop = StoppedError("cancelled", words.cancelled())

    def withdraw(self) -> None:
        """Central does not want it any more."""
        self._stop = StoppedError("cancelled", words.withdrawn())

    def answer(self, value: object) -> None:
        """What the officer was asked for."""
        assert self.waits_for is not None
        self._moved_at = self._clock()
        self._move(lambda talk: talk.send(value))

    def turn(self) -> float:
        """Do what is due; how many seconds to wait before the next turn."""
        now = self._clock()
        stop = self._reason_to_stop(now)
        if stop is not None:
            self._end_with(stop)
        elif self.waits_for is not None:
            return _AGAIN_S
        elif now < self._until:
            return min(self._until - now, _AGAIN_S)
        elif self._deed is not None:
            self._do(self._deed)
        return 0.0

    def recover(self) -> None:
        """Take back what a cut left behind: erase, see it erased, and write that down."""
        ledger = self._ledger.ledger
        if not self.unfinished or self._clock() < self._recover_at:
            return
        self._recover_at = self._clock() + _RECOVER_AGAIN_S
        person = ledger.begun_for
        assert person is not None
        slots = sorted(ledger.begun)
        request = ledger.request
        try:
            found = self._hands.do(Slots()) & set(slots) if slots else set()
            for slot in slots:
                self._hands.do(Erase(slot))
            detail = f"cut off; erased {sorted(found)}"
            failure = FailedEnrolment(person, "interrupted", tuple(slots), detail=detail, request=request)
            self._hands.do(WriteFailure(failure, None))
        except (SensorError, StorageError, EvidenceError, OSError) as error:
            _log.warning("an enrolment that was cut off can't be taken back yet: %s", error)
        else:
            self.state = "idle" if self.state == "open" else self.state
            if request is not None:
                self.tell(words.interrupted())

    def tell(self, line: Line) -> None:
        """Show a refusal outside of a dialogue. Twice: nobody may be looking at the first page."""
        pages = (Page(line.first, line.second), *(Page(*page) for page in line.more))
        self._indicator.show(Message(2 * pages, _OUTCOMES[line.kind]))

    # -- the dialogue

    def _reason_to_stop(self, now: float) -> StoppedError | None:
        if self._ending:
            return None
        if self._stop is not None:
            return self._stop
        if self.request is None and now - self._officer_at > OFFICER_AWAY_S:
            return StoppedError("officer-away", words.officer_away())
        if now - self._moved_at > IDLE_S:
            return StoppedError("timeout", words.timed_out())
        return None

    def _do(self, deed: Deed[Any]) -> None:
        try:
            answer = self._hands.do(deed)
        except SensorError as error:
            self._sensor_failed(deed, error)
            return
        except (StorageError, EvidenceError, OSError) as error:
            _log.error("an enrolment can't be written down: %s", error)
            self._end_with(StoppedError("not-recorded", words.not_recorded(), detail=str(error)))
            return
        self._faults = 0
        if isinstance(deed, WriteEnrolment):
            self._ending = True
        self._move(lambda talk: talk.send(answer))

    def _sensor_failed(self, deed: Deed[Any], error: SensorError) -> None:
        self._faults += 1
        if error.retry and isinstance(deed, REPEATABLE) and self._faults < _MOST_FAULTS:
            self._until = self._clock() + self._sensor.pace.s(_AFTER_FAULT_S)
            return
        _log.warning("an enrolment ends: %s", error)
        sentence = SENTENCES.get(error.sentence_id, "")
        self._end_with(StoppedError(error.kind, words.sensor_failed(sentence), detail=error.message))

    def _end_with(self, stop: StoppedError) -> None:
        self._faults = 0
        self._move(lambda talk: talk.throw(stop))

    def _move(self, step: Callable[[Talk[bool]], Deed[Any]]) -> None:
        """Go on to the next deed that takes time; what is said is shown at once."""
        assert self._talk is not None
        self._until = 0.0
        try:
            self._deed = step(self._talk)
            while isinstance(self._deed, Say):
                self._say(self._deed.line)
                self._deed = self._talk.send(None)
        except StopIteration as end:
            self._finish("enrolled" if end.value else "refused")
        except StoppedError as stop:
            _log.error("an enrolment can't be taken back yet: %s", stop.detail or stop.reason)
            self._say(words.left_open())
            self._finish("open")
        if isinstance(self._deed, Pause):
            seconds, self._deed = self._deed.seconds, Pause(0)
            self._until = self._clock() + self._sensor.pace.s(seconds)

    def _say(self, line: Line) -> None:
        self.lines.append(line)
        self._moved_at = self._clock()
        self._ending = self._ending or line.kind in ("refusal", "done")
        self.page = Page(line.first, line.second)
        if line.kind == "refusal":
            self.tell(line)
        else:
            self._indicator.show(Message((self.page,), _OUTCOMES.get(line.kind, Outcome.READY)))

    def _finish(self, state: str) -> None:
        self._talk = self._deed = self.page = self._plan = None
        self.state = state
        # Whatever lies on the glass now is the end of this, not a punch.
        self._sensor.expect_lift()
