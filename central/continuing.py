"""Decides what a batch adds to what is held: new events, a gap, or the proof that a node exists twice."""

from collections.abc import Mapping, Sequence

from attendance.chain import GENESIS, Event, Link
from attendance.errors import BrokenChainError, ForkError, GapError
from attendance.exchange import Batch, verify_batch


def new_events(batch: Batch, held: Link, stored: Mapping[int, str], public_key: str) -> Sequence[Event]:
    """The events of a batch that are not held yet.

    Args:
        batch: as it came.
        held: where the chain stands here.
        stored: leaves by number of the events here that the batch repeats, and of the one before it.
        public_key: the node's event key in hex.

    Raises:
        GapError: events before it are missing. ForeignError, BrokenChainError, SignatureError: it does not
            hold in itself, so it proves nothing and nobody's key is doubted for it.
        ForkError: it holds in itself, is signed by the node, and contradicts what the node signed before.
    """
    if batch.start > held.size + 1:
        raise GapError(held.size + 1)
    first = batch.events[0]
    if batch.start == 1 and first.prev != GENESIS:
        raise BrokenChainError("the first event of a chain names one before it")
    verify_batch(batch, Link(batch.node, batch.epoch, batch.start - 1, first.prev), public_key)
    if batch.start > 1 and first.prev != stored[batch.start - 1]:
        raise ForkError(batch.start - 1)
    for event in batch.events:
        if event.seq <= held.size and event.leaf != stored[event.seq]:
            raise ForkError(event.seq)
    return batch.events[max(0, held.size + 1 - batch.start) :]
