"""What to send next, and what an answer of central means. Decides, touches nothing.

HTTP 200 acknowledges nothing. Events count as held only where central signed for them, for this very request,
and where the head that it signed is the node's own at that place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from attendance.chain import Link
from attendance.exchange import Checkpoint
from edge.answer import Answer
from edge.timing import Anchor, Reading

WATCH = timedelta(seconds=1)
"""How long new events wait to be noticed when the link is idle."""
NEVER = timedelta.max


class Step(StrEnum):
    """What the sync process can do next, in the order in which it prefers to do it."""

    ASK_HEAD = "ask-head"
    FETCH_DOCUMENTS = "fetch-documents"
    SEND_EVENTS = "send-events"
    REPORT_STATUS = "report-status"
    CARRY_TEMPLATE = "carry-template"
    SEND_PHOTO = "send-photo"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the choice depends on. Times are on the monotonic clock, since any start.

    Attributes:
        now: the present.
        sure: whether central's last word on what it holds is known; after a failure in the middle it is not.
        events_waiting, photos_waiting: whether any are to be sent.
        due: when a step that repeats is wanted again.
        not_before: until when a step must rest after failures, or for its budget.
    """

    now: timedelta
    sure: bool
    events_waiting: bool
    photos_waiting: bool
    due: Mapping[Step, timedelta]
    not_before: Mapping[Step, timedelta]


def next_step(situation: Situation) -> tuple[Step, timedelta]:
    """The step to take, and for REST how long.

    Asking what central holds comes first, since nothing can be sent without knowing it. Rules and rosters are
    small and rare and go before events, events always go before templates, and those, which are of a few
    kilobytes, before photos.
    """
    wanted = {
        Step.ASK_HEAD: not situation.sure or situation.due.get(Step.ASK_HEAD, NEVER) <= situation.now,
        Step.FETCH_DOCUMENTS: situation.due.get(Step.FETCH_DOCUMENTS, NEVER) <= situation.now,
        Step.SEND_EVENTS: situation.sure and situation.events_waiting,
        Step.REPORT_STATUS: situation.due.get(Step.REPORT_STATUS, NEVER) <= situation.now,
        Step.CARRY_TEMPLATE: (
            situation.sure and situation.due.get(Step.CARRY_TEMPLATE, NEVER) <= situation.now
        ),
        Step.SEND_PHOTO: situation.sure and situation.photos_waiting,
    }
    for step, is_wanted in wanted.items():
        if is_wanted and situation.not_before.get(step, situation.now) <= situation.now:
            return step, timedelta()
    ends = [end for end in (*situation.due.values(), *situation.not_before.values()) if end > situation.now]
    return Step.REST, min([end - situation.now for end in ends] + [WATCH])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a receipt must be an answer to."""

    node: str
    epoch: int
    nonce: str


class Finding(StrEnum):
    """What a properly signed receipt says about the two chains."""

    HELD = "held"
    """Central holds this node's own events up to there."""
    ROLLED_BACK = "central-rolled-back"
    """The same, but less than it once signed for: it was restored from a backup. Send again from there."""
    FORKED = "forked"
    """Central holds other events under these numbers: a second copy of this node's key exists, or did."""
    AHEAD = "central-ahead"
    """Central holds more than this node ever wrote: this node, or a copy of it, lost its memory."""
    NOT_OURS = "not-ours"
    """A receipt for another node, epoch or request: worth nothing, whoever signed it."""


def read_receipt(receipt: Checkpoint, asked: Asked, agreed: Link, own_leaf: str | None) -> Finding:
    """Compare a receipt whose signature was verified with the node's own chain.

    Args:
        receipt: central's word.
        asked: what this node asked.
        agreed: the furthest place that central signed for before.
        own_leaf: leaf of the node's own event number `receipt.size` (`GENESIS` for 0), None if it has none.
    """
    if (receipt.node, receipt.epoch, receipt.nonce) != (asked.node, asked.epoch, asked.nonce):
        return Finding.NOT_OURS
    if own_leaf is None:
        return Finding.AHEAD
    if own_leaf != receipt.head:
        return Finding.FORKED
    return Finding.ROLLED_BACK if receipt.size < agreed.size else Finding.HELD


class Refusal(StrEnum):
    """What to do about a batch that central did not take."""

    ASK = "ask-head"
    """Central holds less than this node believes: ask for a signed word before anything is sent again."""
    SMALLER = "send-less"
    """Something in the batch is not wanted: send less, so that the good part before it arrives."""
    FORK = "forked"
    """Central holds another event under this number. It keeps both; only people can decide."""
    STOP = "stop"
    """Central does not want anything of this node; asking again soon changes nothing."""
    FAULT = "fault"
    """Not a refusal: central or something before it is out of order."""


def read_refusal(answer: Answer) -> Refusal:
    """What an answer to a batch means that is no receipt."""
    if answer.status == 409 and answer.error == "gap":
        return Refusal.ASK
    if answer.status == 422 and answer.error == "fork":
        return Refusal.FORK
    if answer.status in (413, 422):
        return Refusal.SMALLER
    if 400 <= answer.status < 500 and answer.status != 429 and answer.error:
        return Refusal.STOP
    return Refusal.FAULT


def anchor(time_ms: int, before: Reading, after: Reading) -> Anchor | None:
    """Tie a signed, fresh time to the node's clocks; None when the node restarted in between.

    Central read its clock somewhere between the request and the answer, so the middle is wrong by at most
    half of the round trip, plus the milliseconds to which the clocks are read.

    Args:
        time_ms: central's clock, milliseconds since 1970 UTC.
        before: this node's clocks when it asked.
        after: the same when the answer was there.
    """
    if before.boot != after.boot or after.bt_ms < before.bt_ms or time_ms < 0:
        return None
    half_ms = (after.bt_ms - before.bt_ms + 1) // 2
    raw_ms = (before.raw_ms + after.raw_ms) // 2
    return Anchor(time_ms, half_ms + 2, "central", before.boot, before.bt_ms + half_ms, raw_ms)
