"""From when until when a row of the books counts."""

from datetime import date

from sqlalchemy import Column, ColumnElement, and_, or_


def in_force(start: Column[date], end: Column[date], day: date) -> ColumnElement[bool]:
    """The condition that a row is in force on a day, both ends included, open ends for ever."""
    return and_(or_(start.is_(None), start <= day), or_(end.is_(None), end >= day))
