"""Decides what becomes of the orders that are open: refused at once, fetched for, done next. Touches nothing.

Central lists what it wants, the most urgent first, until it has heard the end. What goes against what the
node knows for certain is refused without asking the module: a template is never stored, read or erased under
somebody else's name.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from attendance.orders import Do, Order
from attendance.people import Roster

DISPUTED = ""
"""In place of a person where roster and journal name two: nobody's until people have looked."""
MAX_HELD = 4
"""Sealed templates that wait in memory for a quiet moment."""
FETCHED = (Do.INSTALL, Do.SEARCH)
ERRANDS = (Do.PURGE, Do.INSTALL, Do.EXPORT, Do.SEARCH)


@dataclass(frozen=True, slots=True)
class Books:
    """What the node knows.

    Attributes:
        holders: whose finger each slot holds, or `DISPUTED`.
        model_class: of the module; None while nobody has asked it.
        usable_slots: slots from 0 on that may hold templates; None while nobody has asked it.
        to_empty: slots that an open order is going to empty; whose they are now says nothing of what comes.
    """

    holders: Mapping[int, str]
    model_class: str | None
    usable_slots: int | None
    to_empty: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order will not be done; as in `attendance.templates.OrderFailed`."""

    reason: str
    detail: str


def holders_of(
    sent: Roster | None, local: Mapping[int, str], gone: AbstractSet[tuple[int, str]]
) -> dict[int, str]:
    """Whose each slot is, by the roster as it was sent and by what was done here since.

    People who are not on the roster count too: their templates are theirs as long as they are in the module.

    Args:
        sent: the roster.
        local: slots filled here since.
        gone: slots emptied here since, and whose they were.
    """
    named = sent.slots if sent is not None else {}
    holders = {slot: person for slot, person in named.items() if (slot, person) not in gone}
    for slot, person in local.items():
        if holders.setdefault(slot, person) != person:
            holders[slot] = DISPUTED
    return holders


def open_errands(orders: Sequence[Order], ended: AbstractSet[str]) -> list[Order]:
    """Those that are left to do here, in central's order."""
    return [order for order in orders if order.do in ERRANDS and order.id not in ended]


def refusal(order: Order, books: Books) -> Refusal | None:
    """Why this order can't be right, or None."""
    if books.usable_slots is not None and any(slot >= books.usable_slots for slot in order.slots):
        detail = f"slots {list(order.slots)} of a module with {books.usable_slots} to use"
        return Refusal("slot-out-of-range", detail)
    if order.do in FETCHED and books.model_class not in (None, order.model_class):
        return Refusal("other-class", f"{order.model_class} does not fit into {books.model_class}")
    for slot in () if must_wait(order, books) else order.slots:
        reason = _wrong_holder(order, books.holders.get(slot))
        if reason is not None:
            return Refusal(reason, f"slot {slot} is not this person's by the node's books")
    return None


def must_wait(order: Order, books: Books) -> bool:
    """Whether a slot must be emptied first, by another order."""
    return order.do is Do.INSTALL and not books.to_empty.isdisjoint(order.slots)


def _wrong_holder(order: Order, holder: str | None) -> str | None:
    """What the holder of a slot has against an order.

    A slot that no book names may be filled, and may be emptied: when somebody leaves, the roster forgets them
    before their template is erased. What it holds is handed in under nobody's name.
    """
    if holder == order.person:
        return None
    if order.do is Do.EXPORT:
        return "not-yours"
    if holder is None:
        return None
    return "slot-in-use" if order.do is Do.INSTALL else "not-yours"


def to_fetch(errands: Sequence[Order], held: AbstractSet[str]) -> Order | None:
    """The order whose template is to be fetched next; None where enough of them wait."""
    if len(held) >= MAX_HELD:
        return None
    return next((order for order in errands if order.do in FETCHED and order.id not in held), None)


def to_do(
    errands: Sequence[Order], held: AbstractSet[str], *, class_known: bool, may_export: bool
) -> Order | None:
    """The order to do in the next quiet moment.

    Args:
        errands: open, not refused, not put off.
        held: orders whose sealed template is here.
        class_known: whether the class of the module is known; without it no template comes or goes.
        may_export: whether the last template that was read has been handed in.
    """
    for order in errands:
        ready = order.do is Do.PURGE
        ready = ready or (order.do in FETCHED and order.id in held and class_known)
        ready = ready or (order.do is Do.EXPORT and may_export and class_known)
        if ready:
            return order
    return None
