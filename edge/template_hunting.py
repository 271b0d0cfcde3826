"""Decides which ranges are searched so that every template is found that matches. Touches nothing.

A search names one match, mostly the best; another one behind it stays unseen, and the person's own finger
would hide everybody else's. So the library is cut into pieces around each match and around the person's own
slots. The pieces are whole groups of four slots (see `edge.sensor_searching`); what shares a group with a
match or with the person's own slot is then searched alone.
"""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise

from edge.sensor_searching import GROUP_SLOTS

MAX_GROUPS = 4
"""Groups with matches that are looked into. A template that matches in more of them is no good one, and what
was found by then is enough to have people look at it."""


@dataclass(frozen=True, slots=True)
class Range:
    """Slots from `start` on."""

    start: int
    number: int

    def holds(self, slot: int) -> bool:
        """Whether the slot is one of them."""
        return self.start <= slot < self.start + self.number


Hunt = Generator[Range, int | None, list[int]]
"""Yields a range to search, takes the slot that was found or None, returns slots to be searched alone."""


def hunt(in_use: frozenset[int], own: frozenset[int], usable_slots: int) -> Hunt:
    """Cut the library into pieces until no piece holds a match.

    Args:
        in_use: slots that hold templates.
        own: slots of the person who is looked for; matches there say nothing.
        usable_slots: as `edge.sensor_searching.usable_slots`.

    Returns:
        Slots of others that share a group with a match or with an own slot.
    """
    groups = {slot // GROUP_SLOTS for slot in own & in_use}
    waiting = list(_between(groups, usable_slots))
    found = 0
    while waiting and found < MAX_GROUPS:
        piece = waiting.pop(0)
        if not any(piece.holds(slot) for slot in in_use):
            continue
        slot = yield piece
        if slot is not None:
            found += 1
            groups.add(slot // GROUP_SLOTS)
            waiting[:0] = _without(piece, slot // GROUP_SLOTS)
    return sorted(slot for slot in in_use - own if slot // GROUP_SLOTS in groups)


def _between(groups: set[int], usable_slots: int) -> list[Range]:
    """The pieces that are left when these groups are cut out."""
    edges = [-1, *sorted(groups), usable_slots // GROUP_SLOTS]
    pieces = [(left + 1, right) for left, right in pairwise(edges)]
    return [Range(first * GROUP_SLOTS, (end - first) * GROUP_SLOTS) for first, end in pieces if first < end]


def _without(piece: Range, group: int) -> list[Range]:
    first, end = group * GROUP_SLOTS, (group + 1) * GROUP_SLOTS
    pieces = (Range(piece.start, first - piece.start), Range(end, piece.start + piece.number - end))
    return [part for part in pieces if part.number > 0]
