"""Long lists by the page, so that a list of the whole regency costs as much as one of an office."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Select, func

PAGE_ROWS = 50

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list.

    Attributes:
        number: which page, from 1.
        total: how many items the whole list has.
    """

    items: tuple[Item, ...]
    number: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page; 1 where there is nothing."""
        return max(1, -(-self.total // PAGE_ROWS))

    @property
    def first_item(self) -> int:
        """Where in the list the first item of this page stands, from 1; 0 where there is nothing."""
        return (self.number - 1) * PAGE_ROWS + 1 if self.total else 0

    @property
    def last_item(self) -> int:
        """Where the last one stands."""
        return min(self.number * PAGE_ROWS, self.total)


def read_page(connection: Connection, query: Select[Any], number: int) -> Page[Row[Any]]:
    """Read one page of a query in two statements; a number past the end gives the last page.

    Args:
        connection: for reading.
        query: without groups, and with an order that never ties, else rows could stand on two pages.
        number: from 1.
    """
    counting = query.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    total = connection.scalar(counting) or 0
    found = min(max(1, number), max(1, -(-total // PAGE_ROWS)))
    rows = connection.execute(query.limit(PAGE_ROWS).offset((found - 1) * PAGE_ROWS)).all()
    return Page(tuple(rows), found, total)
