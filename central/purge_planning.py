"""Decides which slots are to be emptied, and why; touches nothing.

"left": the person works here no more. "decided": people found the finger to be somebody else's. "moved":
their last day at the office of the node is over; or their finger was brought there for work that never began;
or they have a home elsewhere in the office, and somebody else needs the room. "replaced": the finger was
enrolled anew elsewhere, and the newer template is here beside it.

Somebody may have been enrolled at an office that they never were assigned to, because they are often there.
Such a slot stays until they leave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from central.template_books import HeldSlot, TemplateBooks

LEFT, DECIDED, MOVED, REPLACED = "left", "decided", "moved", "replaced"
HAND_IN_FIRST = timedelta(days=7)
"""How long after a move a template that was never handed in may still lie at the old office."""


@dataclass(frozen=True, slots=True)
class Purge:
    """Slots of one person at one node that are to be emptied for one reason."""

    node: str
    person: str
    slots: tuple[int, ...]
    reason: str


class Outdated:
    """Which templates were enrolled anew since, at the node that they came from."""

    def __init__(self, books: TemplateBooks) -> None:
        at_origin = {held.template for held in books.slots if not books.is_copy(held)}
        self._gone = {name for name in books.templates if name not in at_origin}

    def has(self, template: str | None, books: TemplateBooks) -> bool:
        """Whether this one is."""
        kept = books.templates.get(template or "")
        if kept is None or kept.id not in self._gone or not kept.finger:
            return False
        newest = books.newest.get(kept.which)
        return newest is not None and newest.id != kept.id


def wanted_purges(books: TemplateBooks) -> list[Purge]:
    """Every purge that should be open or done by now, whether or not it is."""
    outdated = Outdated(books)
    beside = {
        (held.node, held.employee, held.finger)
        for held in books.slots
        if held.template in books.templates and not outdated.has(held.template, books)
    }
    found: dict[tuple[str, str, str], list[int]] = {}
    for held in books.slots:
        reason = _left_or_decided(books, held) or _moved(books, held)
        if not reason and outdated.has(held.template, books) and books.is_copy(held):
            reason = REPLACED if (held.node, held.employee, held.finger) in beside else ""
        if reason:
            found.setdefault((held.node, held.employee, reason), []).append(held.slot)
    return [
        Purge(node, person, tuple(sorted(slots)), reason)
        for (node, person, reason), slots in sorted(found.items())
    ]


def _left_or_decided(books: TemplateBooks, held: HeldSlot) -> str:
    if books.left(held.employee):
        return LEFT
    return DECIDED if held.template in books.cheats else ""


def _moved(books: TemplateBooks, held: HeldSlot) -> str:
    if books.present(held.employee, held.unit):
        return ""
    destroyed = held.template is not None and held.template not in books.templates
    if destroyed or books.is_copy(held):
        return MOVED
    ends = list(_ends_at(books, held))
    if not ends or (held.since is not None and held.since > max(ends)):
        return ""
    return "" if _handed_in_first(books, held, max(ends)) else MOVED


def _handed_in_first(books: TemplateBooks, held: HeldSlot, last: date) -> bool:
    """The safe has none of it yet, and the new office will want it: it is the only one there is."""
    lacking = held.template is None and (held.node, held.slot) not in books.refusals
    return lacking and books.nodes[held.node].serving and books.days[held.unit] <= last + HAND_IN_FIRST


def _ends_at(books: TemplateBooks, held: HeldSlot) -> Iterator[date]:
    """Last days of theirs at this unit that are over."""
    for stay in books.stays.get(held.employee, ()):
        if stay.unit == held.unit and stay.last is not None and stay.last < books.days[held.unit]:
            yield stay.last
