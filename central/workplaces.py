"""The unit that something about a person belongs to."""

from datetime import date

from sqlalchemy import Column, ScalarSelect, select

from central.tables import assignment


def workplace(employee: Column[str], day: date) -> ScalarSelect[str]:
    """The unit of the newest assignment that has begun by this day: also of those who have left since."""
    mine = assignment.alias()
    query = select(mine.c.unit).where(mine.c.employee == employee, mine.c.valid_from <= day)
    return query.order_by(mine.c.valid_from.desc()).limit(1).correlate(employee.table).scalar_subquery()
