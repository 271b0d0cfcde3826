"""Brings the tables of orders up to what is wanted now: searches, installs, purges."""

from sqlalchemy import Connection

from central import search_orders

AT_ONCE = 5_000
"""Rows written in one transaction: whoever else wants to write waits for as long."""


def plan(connection: Connection, now_ms: int) -> int:
    """Write the next orders that are missing, and take back those that nobody wants any more.

    Args:
        connection: the transaction.
        now_ms: central's clock.

    Returns:
        How much was changed; 0 where everything is as it should be. After a change there may be more.
    """
    asked = search_orders.ask(connection, now_ms, AT_ONCE)
    if asked == AT_ONCE:
        return asked
    changed = asked + search_orders.give_up(connection, now_ms)
    return changed + search_orders.clear(connection, now_ms)
