"""How a row of `placement` is written: the states in which an order is not done, and its slots as text."""

from collections.abc import Iterable

UNDONE = ("open", "failed")
"""States of an order that is still wanted and not done."""
STATED = "stated"
"""A purge that people have confirmed by a statement. A node that comes back after all is still told of it."""


def slots_text(slots: Iterable[int]) -> str:
    """Slots as they stand in a row."""
    return " ".join(str(slot) for slot in slots)


def read_slots(text: str) -> tuple[int, ...]:
    """The slots that a row names."""
    return tuple(int(number) for number in text.split())
