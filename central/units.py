"""The tree of offices: SKPD, their parts, and who lies below whom."""

from sqlalchemy import Connection, select

from central.tables import unit


def subtree(connection: Connection, code: str) -> frozenset[str]:
    """The unit and everything below it; empty for an unknown code."""
    start = select(unit.c.code).where(unit.c.code == code).cte("below", recursive=True)
    below = start.union(select(unit.c.code).join(start, unit.c.parent == start.c.code))
    return frozenset(connection.scalars(select(below.c.code)))
