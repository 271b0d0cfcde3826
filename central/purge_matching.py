"""Decides which purges are to be ordered, repeated or taken back; touches nothing."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from attendance.orders import Do
from central.purge_planning import MOVED, Purge, wanted_purges
from central.template_books import Placement, TemplateBooks

ASK_AGAIN = timedelta(days=1)
"""How long after a node refused to empty a slot it is asked again: what hindered it may be known by then."""
_MS = timedelta(milliseconds=1)


class PurgeMatching:
    """Compares the purges that are wanted with those that are ordered.

    Attributes:
        fresh: to be ordered.
        withdraw: orders that nobody wants any more.
        repeat: refused ones to be given once more, with their reasons.
        leaving: (node, slot) that are to be emptied.
    """

    def __init__(self, books: TemplateBooks) -> None:
        self._books = books
        wanted = wanted_purges(books)
        self._wanted: dict[tuple[str, str], dict[int, str]] = {}
        for purge in wanted:
            reasons = self._wanted.setdefault((purge.node, purge.person), {})
            reasons.update(dict.fromkeys(purge.slots, purge.reason))
        self.withdraw: list[Placement] = []
        self.repeat: list[tuple[Placement, str]] = []
        self.leaving: set[tuple[str, int]] = {
            (node, slot) for (node, _), reasons in self._wanted.items() for slot in reasons
        }
        ordered = [each for each in books.placements if each.do == Do.PURGE]
        self._emptying = {(each.node, slot) for each in ordered for slot in each.slots}
        self._at = {(held.node, held.slot): held.employee for held in books.slots}
        self._homes: dict[tuple[str, str], set[tuple[str, int]]] = {}
        for held in books.slots:
            self._homes.setdefault((held.employee, held.unit), set()).add((held.node, held.slot))
        covered = self._sort(ordered)
        self.fresh = [purge for whole in wanted if (purge := _without(whole, covered)).slots]

    def _sort(self, ordered: Iterable[Placement]) -> set[tuple[str, int]]:
        """Keep what is wanted, or withdraw it; return the slots that orders speak of already."""
        covered: set[tuple[str, int]] = set()
        for each in ordered:
            reasons = self._wanted.get((each.node, each.employee), {})
            if not (set(each.slots) <= reasons.keys() or self._is_spare(each)):
                self.withdraw.append(each)
                continue
            places = {(each.node, slot) for slot in each.slots}
            covered |= places
            self.leaving |= places
            again_ms = (each.ended_ms or 0) + ASK_AGAIN // _MS
            if each.state == "failed" and again_ms <= self._books.now_ms:
                self.repeat.append((each, reasons.get(each.slots[0], MOVED)))
        return covered

    def _is_spare(self, purge: Placement) -> bool:
        """A second home that is given up: they work at the unit, and have another home there."""
        known = self._books.nodes.get(purge.node)
        if known is None or (purge.state == "open" and purge.reason != MOVED):
            return False
        theirs = all(self._at.get((purge.node, slot)) == purge.employee for slot in purge.slots)
        if not theirs or not self._books.present(purge.employee, known.unit):
            return False
        homes = self._homes[purge.employee, known.unit]
        return bool(homes - self._emptying - self.leaving)


def _without(purge: Purge, covered: Collection[tuple[str, int]]) -> Purge:
    rest = tuple(slot for slot in purge.slots if (purge.node, slot) not in covered)
    return Purge(purge.node, purge.person, rest, purge.reason)
