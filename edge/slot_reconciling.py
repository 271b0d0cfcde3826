"""Decides where the module and the books differ about which slots hold a finger. Touches nothing."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class SlotDifferences:
    """What does not agree.

    Attributes:
        missing: the books give them to somebody, and the module holds nothing there.
        unknown: the module holds a template there, and no book says whose.
    """

    missing: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()

    def content(self) -> dict[str, Any]:
        """Part of the body of a health event; long lists are cut, their lengths are not."""
        return {
            "missing": list(self.missing[:MAX_LISTED]),
            "missing_count": len(self.missing),
            "unknown": list(self.unknown[:MAX_LISTED]),
            "unknown_count": len(self.unknown),
        }


def differences(
    in_use: AbstractSet[int], in_books: AbstractSet[int], in_change: AbstractSet[int]
) -> SlotDifferences:
    """Compare the two.

    Args:
        in_use: slots that the module's index shows.
        in_books: slots that belong to somebody by roster or journal.
        in_change: slots that an order or an enrolment is about to fill or to empty: nothing is odd there yet.
    """
    return SlotDifferences(
        tuple(sorted(in_books - in_use - in_change)), tuple(sorted(in_use - in_books - in_change))
    )
