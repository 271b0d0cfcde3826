"""The turns of the sync process: choose a step, take it, and after a failure stay away for a while."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from attendance import exchange
from attendance.errors import EvidenceError, MalformedError
from edge.answer import Answer
from edge.clock import Clock
from edge.documents import KINDS, ORDERS
from edge.event_sender import EventSender
from edge.faults import Fault, LinkError, PunchSocketError, StorageError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Patience, pause
from edge.photo_sender import PhotoSender
from edge.sync_cursor import CursorFile
from edge.syncing import Situation, Step, anchor, next_step
from edge.template_courier import TemplateCourier
from edge.timing import Anchor, AnchorRefusedError

LOG = logging.getLogger(__name__)
HEAD_EVERY = 20
"""Contacts between two questions what central holds: what finds a restored central while nothing is sent."""
STATUS_EVERY = 10
ANCHOR_EVERY = timedelta(hours=1)
PUNCH_PAUSE = timedelta(seconds=2)
ERRAND_PAUSE = timedelta(seconds=2)
"""Between two questions to the punch process while it has orders to do; central is not asked."""
LONGEST_ANCHOR_ERROR = timedelta(seconds=30)
_FINAL = (AnchorRefusedError.code, MalformedError.code)
_WHOLE_LINK = {
    LinkFault.UNREACHABLE,
    LinkFault.TIMED_OUT,
    LinkFault.CUT,
    LinkFault.UNTRUSTED,
    LinkFault.CLOCK,
    LinkFault.SETTING,
}


class ControlDoor(Protocol):
    """What of `edge.uplink.Uplink` is needed here."""

    def fetch_documents(  # noqa: D102
        self, policy: int, roster: int, orders: int, patience: Patience
    ) -> Answer: ...
    def report_status(self, fields: Mapping[str, Any], patience: Patience) -> Answer: ...  # noqa: D102
    def fetch_template(self, order: str, patience: Patience) -> Answer: ...  # noqa: D102
    def hand_in_template(self, order: str, sealed: bytes, patience: Patience) -> Answer: ...  # noqa: D102


class Punch(Protocol):
    """The punch process (`edge.punch_socket.PunchSocket`)."""

    def request(self, fields: Mapping[str, Any]) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """How often and how much.

    Attributes:
        interval: between two contacts when nothing waits.
        longest_pause: after failures.
        photo_bytes_per_s: budget of the link for photos and templates; 0 is no limit.
    """

    interval: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(minutes=5)
    photo_bytes_per_s: int = 0


class Synchroniser:
    """Takes one step at a time. All waiting is done by the caller, in between.

    Attributes:
        fault: the last failure that still stands, or None.
        status: what the punch process last said of itself.
    """

    def __init__(
        self,
        events: EventSender,
        photos: PhotoSender,
        cursor: CursorFile,
        door: ControlDoor,
        punch: Punch,
        clock: Clock,
        document_key: str,
        times: SyncTimes,
        *,
        software: str,
        monotonic: Callable[[], float],
        dice: random.Random,
    ) -> None:
        """Everything is due at once."""
        self._events = events
        self._photos = photos
        self._cursor = cursor
        self._door = door
        self._punch = punch
        self._clock = clock
        self._document_key = document_key
        self._times = times
        self._software = software
        self._monotonic = monotonic
        self._dice = dice
        self._courier = TemplateCourier(door, punch, self._patience)
        steps = (Step.FETCH_DOCUMENTS, Step.REPORT_STATUS, Step.CARRY_TEMPLATE)
        self._due = dict.fromkeys(steps, self._now())
        self._not_before: dict[Step, timedelta] = {}
        self._failures: dict[Step | None, int] = {}
        self._anchored = ("", 0)
        self._anchor: Anchor | None = None
        self._punch_not_before = timedelta()
        self._mended: int | None = None
        self.fault: Fault | None = None
        self.status: dict[str, Any] = {}

    def turn(self) -> timedelta:
        """Take the next step.

        Returns:
            How long to rest before the next turn; zero after work.
        """
        step, rest = next_step(
            Situation(
                self._now(),
                self._events.sure,
                self._events.waiting,
                self._photos.waiting,
                self._due,
                self._not_before,
            )
        )
        self._tell_punch()
        if step is Step.REST:
            return rest
        try:
            self._take(step)
        except Fault as fault:
            self._failed(step, fault)
        else:
            self._failures.pop(step, None)
            self._failures.pop(None, None)
            if self.fault is not None and not self._failures:
                LOG.info("central is reached again")
                self.fault = None
        return timedelta()

    def noticed(self) -> None:
        """New events were written."""
        self._events.waiting = True

    @property
    def backlog(self) -> int | None:
        """Events that central has not signed for, or None where the punch process was not heard yet."""
        size = self.status.get("size")
        return max(0, size - self._events.agreed.size) if type(size) is int else None

    def _patience(self, size_bytes: int) -> Patience:
        return self._events.pace.patience(size_bytes)

    def _now(self) -> timedelta:
        return timedelta(seconds=self._monotonic())

    def _take(self, step: Step) -> None:
        if step is Step.ASK_HEAD:
            self._ask_head()
        elif step is Step.SEND_EVENTS:
            self._events.send()
            self._photos.waiting = True
        elif step is Step.FETCH_DOCUMENTS:
            self._fetch_documents()
            self._due[step] = self._now() + self._times.interval
        elif step is Step.REPORT_STATUS:
            self._report_status()
            self._due[step] = self._now() + STATUS_EVERY * self._times.interval
        elif step is Step.CARRY_TEMPLATE:
            self._carry_template()
        else:
            self._spend(self._photos.send())

    def _carry_template(self) -> None:
        walk = self._courier.walk()
        pause = ERRAND_PAUSE if walk.more else self._times.interval
        self._due[Step.CARRY_TEMPLATE] = self._now() + (timedelta() if walk.size_bytes else pause)
        self._spend(walk.size_bytes)

    def _spend(self, sent_bytes: int) -> None:
        """Leave the link alone for as long as its budget for what is not urgent says."""
        if self._times.photo_bytes_per_s and sent_bytes:
            rest = timedelta(seconds=sent_bytes / self._times.photo_bytes_per_s)
            for step in (Step.SEND_PHOTO, Step.CARRY_TEMPLATE):
                self._not_before[step] = self._now() + rest

    def _ask_head(self) -> None:
        before = self._clock.now()
        receipt = self._events.ask()
        after = self._clock.now()
        self._due[Step.ASK_HEAD] = self._now() + HEAD_EVERY * self._times.interval
        found = anchor(receipt.time_ms, before, after)
        if found is None or found.error_ms > LONGEST_ANCHOR_ERROR / timedelta(milliseconds=1):
            return
        boot, since_ms = self._anchored
        if boot == found.boot and found.bt_ms - since_ms < ANCHOR_EVERY / timedelta(milliseconds=1):
            return
        self._anchored = (found.boot, found.bt_ms)
        self._anchor = found

    def _fetch_documents(self) -> None:
        self.status = self._punch.request({"do": "status"})
        policy, roster, orders = (_serial(self.status.get(kind)) for kind in KINDS)
        answer = self._door.fetch_documents(policy, roster, orders, self._events.pace.patience(65_536))
        if answer.status != 200:
            raise answer.fault()
        for kind in KINDS:
            text = answer.fields.get(kind)
            if isinstance(text, str):
                self._hand_over(kind, text)
                if kind == ORDERS:
                    self._due[Step.CARRY_TEMPLATE] = self._now()

    def _hand_over(self, kind: str, text: str) -> None:
        try:
            data = text.encode(errors="surrogatepass")
            document = exchange.open_document(data, self._document_key, kind)
        except EvidenceError as error:
            message = f"central sent a {kind} that it did not sign: {error}"
            raise link_error(LinkFault.STRANGER, message) from error
        reply = self._punch.request({"do": "document", "kind": kind, "data": text})
        if reply.get("ok") is not True:
            # Not a fault of the link. The punch process keeps what it had, and people are told once.
            details = {"serial": document.serial, "text": str(reply.get("error", ""))[:500]}
            self._cursor.alarm(f"{kind}@{document.serial}", f"{kind}-refused", details)

    def _report_status(self) -> None:
        fields = {
            "v": 1,
            "software": self._software,
            "held": self._events.agreed.size,
        }
        photos = self._photos.known_backlog
        if photos or not (self._events.waiting or self._photos.waiting):
            # None seen yet is not none: central is told a number only where it is at least one, or all.
            fields["photo_backlog"] = photos
        if self.backlog is not None:
            fields["backlog"] = self.backlog
        answer = self._door.report_status(fields, self._events.pace.patience(1_024))
        if answer.status != 200:
            raise answer.fault()

    def _tell_punch(self) -> None:
        """Hand the time and noted alarms to the punch process, which alone writes events.

        It may be away: the anchor stays true for this boot, and alarms stay in the cursor.
        """
        if not (self._anchor or self._cursor.now.alarms) or self._now() < self._punch_not_before:
            return
        try:
            self._tell_anchor()
            while alarms := self._cursor.now.alarms:
                reply = self._punch.request({"do": "event", "type": "health", "content": alarms[0]})
                if reply.get("ok") is not True:
                    raise PunchSocketError(f"an alarm is not taken: {reply.get('error')}")
                self._cursor.keep(replace(self._cursor.now, alarms=self._cursor.now.alarms[1:]))
                self._events.waiting = True
        except Fault as fault:
            LOG.warning("%s", fault)
            self._punch_not_before = self._now() + PUNCH_PAUSE

    def _tell_anchor(self) -> None:
        if self._anchor is None:
            return
        fields = {key: value for key, value in asdict(self._anchor).items() if key != "seq"}
        reply = self._punch.request({"do": "anchor", **fields})
        if reply.get("ok") is not True and reply.get("error") not in _FINAL:
            # A full disk, say. The anchor stays true for this boot, and the next one is an hour away.
            raise PunchSocketError(f"the time anchor is not taken: {reply.get('error')}")
        self._anchor = None

    def _failed(self, step: Step, fault: Fault) -> None:
        """Stay away: from everything when the link is bad, from this step alone when only it is refused."""
        whole = isinstance(fault, LinkError) and fault.kind in _WHOLE_LINK
        key = None if whole else step
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        asked = fault.retry_after if isinstance(fault, LinkError) else None
        # A wish of central's own is kept, with the jitter on top: else all nodes would come back at once.
        wait = (asked or timedelta()) + pause(failures, self._dice, self._times.longest_pause)
        for each in Step if whole else (step,):
            self._not_before[each] = max(self._not_before.get(each, timedelta()), self._now() + wait)
        if self.fault is None or self.fault.kind != fault.kind:
            LOG.warning("%s: %s", step, fault)
        self.fault = fault
        if isinstance(fault, StorageError) and fault.event != self._mended:
            # Once for each: what is lost in both copies would be looked for without end.
            self._mended = fault.event if ask_to_mend(self._punch, fault) else None


def ask_to_mend(punch: Punch, fault: StorageError) -> bool:
    """Have the punch process, which owns both copies, mend the place that could not be read.

    Returns:
        whether it has answered.
    """
    if fault.event is None:
        return False
    try:
        reply = punch.request({"do": "mend", "seq": fault.event})
        LOG.info("asked the punch process to mend event %d: %s", fault.event, reply)
    except PunchSocketError as away:
        LOG.warning("%s", away)
        return False
    return True


def _serial(value: object) -> int:
    """The serial that the punch process names, in whichever of its two forms; 0 for none."""
    if isinstance(value, Mapping):
        value = value.get("serial")
    return value if type(value) is int and value > 0 else 0
