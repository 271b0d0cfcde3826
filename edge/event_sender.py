"""Carries events to central in order, and believes only central's signature about what arrived."""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from attendance import exchange
from attendance.chain import GENESIS, Event, Link, follow
from attendance.errors import EvidenceError
from attendance.exchange import Checkpoint
from edge.answer import Answer
from edge.faults import LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Pace, Patience
from edge.sync_cursor import Cursor, CursorFile
from edge.syncing import Asked, Finding, Refusal, read_receipt, read_refusal

# What the envelope and the line breaks add to the events themselves.
_BATCH_BYTES = exchange.MAX_BATCH_BYTES - 4_096


class Stored(Protocol):
    """An event as it lies in the segments, with the signature over its leaf."""

    @property
    def event(self) -> Event: ...  # noqa: D102
    @property
    def signature_hex(self) -> str: ...  # noqa: D102


class Events(Protocol):
    """Read access to the node's own events (`edge.segments.SegmentReader`)."""

    def read(self, epoch: int, start_seq: int, limit: int, max_bytes: int) -> Sequence[Stored]: ...  # noqa: D102


class EventDoor(Protocol):
    """What of `edge.uplink.Uplink` is needed here."""

    def ask_head(self, epoch: int, nonce: str, patience: Patience) -> Answer: ...  # noqa: D102
    def send_events(  # noqa: D102
        self, epoch: int, start: int, count: int, nonce: str, packed: bytes, patience: Patience
    ) -> Answer: ...


class EventSender:
    """The node's side of the agreement with central.

    Attributes:
        agreed: the furthest place in the chain that central signed for and that is this node's own.
        sure: whether central's last word is known; while it is not, ask before sending.
        waiting: whether events beyond `agreed` may be there.
        rollbacks: how often central turned out to have been restored from a backup.
    """

    def __init__(
        self,
        link: Link,
        receipt_key: str,
        events: Events,
        door: EventDoor,
        cursor: CursorFile,
        *,
        pace: Pace,
        most_events: int = exchange.MAX_BATCH_EVENTS,
        monotonic: Callable[[], float],
    ) -> None:
        """Take up where the cursor file says, as far as it can be proven.

        Args:
            link: the start of this node's chain (node and epoch).
            receipt_key: central's public key for receipts, hex.
            events: the node's own events.
            door: to central.
            cursor: fresh where the file is missing or damaged.
            pace: what to assume of the link at first.
            most_events: in one batch.
            monotonic: seconds, for measuring the link.
        """
        self._origin = link
        self._receipt_key = receipt_key
        self._events = events
        self._door = door
        self._cursor = cursor
        self._most_events = most_events
        self._monotonic = monotonic
        self.pace = pace
        self.sure = False
        self.waiting = True
        self.rollbacks = 0
        self._disputed: int | None = None
        self.agreed = link
        self.agreed = self._proven(cursor.now)
        if cursor.damaged or (self.agreed is link and cursor.now.receipt is not None):
            # Nothing in it can be relied on: ask central, and offer photos again from the first on.
            cursor.keep(Cursor(alarms=cursor.now.alarms))
            cursor.alarm("cursor-damaged", "cursor-damaged", {})

    def ask(self) -> Checkpoint:
        """Ask central what it holds and take it in; returns the signed, fresh word, whatever it says.

        Raises:
            LinkError: no such word could be had.
        """
        nonce = secrets.token_hex(16)
        answer = self._door.ask_head(self._origin.epoch, nonce, self.pace.patience(1_024))
        if answer.status != 200:
            raise answer.fault()
        receipt, finding = self._judged(answer, nonce)
        self._take_in(receipt, finding, answer.body)
        return receipt

    def send(self) -> None:
        """Send one batch and take in the receipt.

        Raises:
            LinkError: it did not arrive, or nobody knows whether it did (then `sure` is False).
        """
        stored = self._next_batch()
        if not stored:
            self.waiting = False
            return
        packed = self._packed(stored)
        first, count = stored[0].event.seq, len(stored)
        nonce, began = secrets.token_hex(16), self._monotonic()
        self.sure = False  # until the answer is in hand
        try:
            patience = self.pace.patience(len(packed))
            answer = self._door.send_events(self._origin.epoch, first, count, nonce, packed, patience)
        except LinkError as fault:
            if fault.kind in (LinkFault.TIMED_OUT, LinkFault.CUT):
                self.pace = self.pace.batch_failed(count)
            raise
        if answer.status != 200:
            self._refused(answer, first, count)
            return
        receipt, finding = self._judged(answer, nonce)
        progress = finding is not Finding.HELD or receipt.size >= first
        self._take_in(receipt, finding, answer.body)
        if finding in (Finding.FORKED, Finding.AHEAD):
            raise link_error(LinkFault.REFUSED, f"central holds another history of this node: {finding}")
        if not progress:
            raise link_error(
                LinkFault.STRANGER, f"central signed, and holds nothing of the batch from {first} on"
            )
        if finding is Finding.HELD:
            took = timedelta(seconds=self._monotonic() - began)
            self.pace = self.pace.batch_held(count, len(packed), took)

    def own_leaf(self, size: int) -> str | None:
        """Leaf of the node's own event of that number; `GENESIS` for 0, None where there is none."""
        if size == 0:
            return GENESIS
        if size == self.agreed.size:
            return self.agreed.head
        if size < 0:
            return None
        stored = self._events.read(self._origin.epoch, size, 1, _BATCH_BYTES)
        return stored[0].event.leaf if stored and stored[0].event.seq == size else None

    def _proven(self, cursor: Cursor) -> Link:
        """The place that the stored receipt proves, or the start of the chain."""
        if cursor.receipt is None:
            return self._origin
        try:
            receipt = exchange.open_checkpoint(cursor.receipt.encode(), self._receipt_key)
        except EvidenceError:
            return self._origin
        same_chain = (receipt.node, receipt.epoch) == (self._origin.node, self._origin.epoch)
        return receipt.link if same_chain and self.own_leaf(receipt.size) == receipt.head else self._origin

    def _next_batch(self) -> list[Stored]:
        """The events to send next; while central disputes one, that one alone, so that it sees both."""
        epoch = self._origin.epoch
        if self._disputed is not None:
            return list(self._events.read(epoch, self._disputed, 1, _BATCH_BYTES))
        limit = min(self._most_events, self.pace.batch_events())
        stored = list(self._events.read(epoch, self.agreed.size + 1, limit, _BATCH_BYTES))
        try:
            follow(self.agreed, [item.event for item in stored])
        except EvidenceError as error:
            self._cursor.alarm(f"own-chain@{self.agreed.size}", "own-chain-broken", {"text": str(error)})
            raise link_error(LinkFault.REFUSED, f"this node's own events do not hold: {error}") from error
        return stored

    def _packed(self, stored: list[Stored]) -> bytes:
        """The batch as it travels; shortens `stored` until it is within the limits."""
        while True:
            plain = exchange.encode_batch([item.event for item in stored], stored[-1].signature_hex)
            packed = exchange.deflate(plain)
            fits = len(plain) <= exchange.MAX_BATCH_BYTES and len(packed) <= exchange.MAX_BATCH_GZIP_BYTES
            if fits or len(stored) == 1:
                return packed
            del stored[len(stored) // 2 :]

    def _judged(self, answer: Answer, nonce: str) -> tuple[Checkpoint, Finding]:
        try:
            receipt = exchange.open_checkpoint(answer.body, self._receipt_key)
        except EvidenceError as error:
            raise link_error(LinkFault.STRANGER, f"the answer is no receipt of central's: {error}") from error
        asked = Asked(self._origin.node, self._origin.epoch, nonce)
        finding = read_receipt(receipt, asked, self.agreed, self.own_leaf(receipt.size))
        if finding is Finding.NOT_OURS:
            raise link_error(LinkFault.STRANGER, "the receipt belongs to another node or to another request")
        return receipt, finding

    def _take_in(self, receipt: Checkpoint, finding: Finding, text: bytes) -> None:
        """Believe a verified receipt.

        The alarm is written down together with the new cursor: a crash in between can't lose it.
        """
        if finding in (Finding.FORKED, Finding.AHEAD):
            details = {
                "central_size": receipt.size,
                "central_head": receipt.head,
                "agreed_size": self.agreed.size,
            }
            self._cursor.alarm(f"{finding}@{receipt.size}", finding.value, details)
            self._disputed = min(receipt.size, self._last_own()) or None
            self.sure = self.waiting = True
            return
        if finding is Finding.ROLLED_BACK:
            self.rollbacks += 1
            details = {"held_before": self.agreed.size, "held_now": receipt.size}
            self._cursor.alarm(f"{finding}@{self.agreed.size}>{receipt.size}", finding.value, details)
        self._disputed = None
        self.sure = self.waiting = True
        if receipt.link != self.agreed:
            cursor = self._cursor.now
            told = cursor.told if finding is Finding.ROLLED_BACK else ()
            photos_done = min(cursor.photos_done, receipt.size)
            self._cursor.keep(Cursor(text.decode(), photos_done, cursor.alarms, told))
        self.agreed = receipt.link

    def _last_own(self) -> int:
        last = self.agreed.size
        while stored := self._events.read(
            self._origin.epoch, last + 1, exchange.MAX_BATCH_EVENTS, _BATCH_BYTES
        ):
            last = stored[-1].event.seq
        return last

    def _refused(self, answer: Answer, first: int, count: int) -> None:
        refusal = read_refusal(answer)
        if refusal is Refusal.ASK:
            return  # `sure` is False: the next step asks for central's signed word
        if refusal is Refusal.FAULT:
            raise answer.fault()
        self.sure = True
        if refusal is Refusal.SMALLER and count > 1:
            self.pace = self.pace.batch_failed(count)
            return
        self._cursor.alarm(
            f"{refusal}@{first}:{answer.error}", f"central-refuses-{answer.error}", {"from_seq": first}
        )
        raise link_error(LinkFault.REFUSED, f"central does not take event {first}: {answer}")
