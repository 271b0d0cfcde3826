"""Which slots a search command names. Decides; touches nothing.

The module's sum is weak: two flipped bits can turn one command into another whose sum still fits. `04 01
start num` (search) is one such pair away from `06 01 start ..` (store), which would write the finger on the
glass over somebody else's template, with nothing to show for it but a short OK. The pair needs bit 1 of
another covered byte set, or bit 1 of the sum clear. Ranges that begin at a multiple of four and hold a
multiple of four slots offer neither, below slot 512. So searches name whole groups of four, and the last one
to three slots of a module whose capacity is no multiple of four stay unused.
"""

GROUP_SLOTS = 4


def usable_slots(capacity: int) -> int:
    """How many slots, from 0 on, may hold templates in a module of this capacity."""
    return capacity - capacity % GROUP_SLOTS


def wide_range(capacity: int) -> tuple[int, int]:
    """Start and number of slots of the search over the whole library."""
    return 0, usable_slots(capacity)


def narrow_range(slot: int) -> tuple[int, int]:
    """Start and number of slots of the search that confirms a match to this slot.

    Its answer must name the same slot: another question, answered by other bytes, so that one damaged answer
    or command cannot confirm itself.
    """
    return slot - slot % GROUP_SLOTS, GROUP_SLOTS
