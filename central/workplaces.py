"""The unit that something about a person belongs to."""

from datetime import date

from sqlalchemy import Column, Connection, ScalarSelect, Select, select

from central.tables import assignment


def workplace(employee: Column[str], day: date) -> ScalarSelect[str]:
    """The unit of the newest assignment that has begun by this day: also of those who have left since."""
    return _newest(employee, day).correlate(employee.table).scalar_subquery()


def workplace_of(connection: Connection, person: str, day: date) -> str | None:
    """The same for one person; None for somebody who never worked here."""
    return connection.scalar(_newest(person, day))


def _newest(employee: Column[str] | str, day: date) -> Select[str]:
    mine = assignment.alias()
    query = select(mine.c.unit).where(mine.c.employee == employee, mine.c.valid_from <= day)
    return query.order_by(mine.c.valid_from.desc()).limit(1)
