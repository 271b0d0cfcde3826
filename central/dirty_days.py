"""Which days must be folded again. Marked in the transaction of whatever changed; taken by the fold."""

from collections.abc import Iterable
from datetime import date, timedelta
from operator import itemgetter

from sqlalchemy import Connection, delete, select, tuple_

from attendance.moment import from_ms
from central.tables import attendance_day, dirty_day, node, opened_day, slot, slot_past

Day = tuple[str, date]
"""A person's id and a day."""

_MARK_SQLITE = """
INSERT INTO dirty_day (person, day) VALUES (?, ?) ON CONFLICT (person, day) DO NOTHING
"""
_MARK_POSTGRESQL = """
INSERT INTO dirty_day (person, day) SELECT * FROM unnest(%b::text[], %b::date[])
ON CONFLICT (person, day) DO UPDATE SET day = excluded.day
"""


def mark(connection: Connection, days: Iterable[Day]) -> None:
    """Mark days.

    On PostgreSQL a mark that is there already is written again: that makes a fold, which is about to take it,
    wait until what we wrote beside it is there to be folded. SQLite has one writer at a time. Always in the
    same order, so that two writers can't wait for each other.
    """
    rows = sorted(days, key=itemgetter(1, 0))
    if rows and connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_MARK_SQLITE, [(person, day.isoformat()) for person, day in rows])
    elif rows:
        persons, dates = zip(*rows, strict=True)
        connection.exec_driver_sql(_MARK_POSTGRESQL, (list(persons), list(dates)))


def mark_served_by(connection: Connection, name: str) -> None:
    """Mark the days of everybody whose punches this node may hold, after our trust in it changed."""
    home = select(node.c.unit).where(node.c.id == name).scalar_subquery()
    holders = select(slot.c.employee).where(slot.c.unit == home, slot.c.node.in_(["", name]))
    before = select(slot_past.c.employee).where(slot_past.c.node == name)
    rows = connection.execute(
        select(attendance_day.c.person, attendance_day.c.day).where(
            (attendance_day.c.unit == home)
            | attendance_day.c.person.in_(holders)
            | attendance_day.c.person.in_(before)
        )
    )
    mark(connection, [(row.person, row.day) for row in rows])


def mark_people(connection: Connection, persons: Iterable[str], since_ms: int | None = None) -> None:
    """Mark the stored days of these people, after other nodes began or ceased to hold their fingers.

    Args:
        connection: the transaction.
        persons: ids.
        since_ms: days that ended before cannot have changed; None for all.
    """
    query = select(attendance_day.c.person, attendance_day.c.day)
    query = query.where(attendance_day.c.person.in_(set(persons)))
    if since_ms is not None:
        # A shift ends a day after its date, and dates are those of the office.
        query = query.where(attendance_day.c.day >= from_ms(since_ms).date() - timedelta(days=2))
    mark(connection, [(row.person, row.day) for row in connection.execute(query)])


def mark_near(connection: Connection, person: str, day: date) -> None:
    """Mark this day of a person, and those before and after it, as far as they have begun."""
    around = [day + timedelta(days=shift) for shift in (-1, 0, 1)]
    begun = connection.scalars(select(opened_day.c.day).where(opened_day.c.day.in_(around))).all()
    mark(connection, [(person, each) for each in begun])


def take(connection: Connection, limit: int) -> list[Day]:
    """Take marks away to fold their days in the same transaction."""
    query = select(dirty_day.c.person, dirty_day.c.day).order_by(dirty_day.c.day, dirty_day.c.person)
    days = [(row.person, row.day) for row in connection.execute(query.limit(limit).with_for_update())]
    if days:
        key = tuple_(dirty_day.c.person, dirty_day.c.day)
        connection.execute(delete(dirty_day).where(key.in_(days)))
    return days
