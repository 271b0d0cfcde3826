"""How often somebody may guess: counted in the database, so that every web process knows."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, case, delete, select

from central.database import upsert
from central.tables import throttle

FREE_GUESSES = {"name": 5, "address": 30}
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_FORGET_AFTER = timedelta(hours=1)


def count(connection: Connection, subjects: Sequence[str], now_ms: int) -> timedelta | None:
    """Count one guess for each subject (`name:...`, `address:...`).

    Returns:
        None if the guess may be checked; how long to wait otherwise. A guess that must wait is not counted,
        so that nobody can lock a name for ever.
    """
    blocked_until = connection.scalars(
        select(throttle.c.blocked_until_ms).where(throttle.c.subject.in_(subjects))
    ).all()
    latest = max(blocked_until, default=0)
    if latest > now_ms:
        return timedelta(milliseconds=latest - now_ms)
    for subject in subjects:
        _count_one(connection, subject, now_ms)
    return None


def forget(connection: Connection, subjects: Sequence[str]) -> None:
    """A right guess clears the name, not the address: one good account must not shield other guesses."""
    names = [subject for subject in subjects if subject.startswith("name:")]
    connection.execute(delete(throttle).where(throttle.c.subject.in_(names)))


def wait_after(failures: int, free: int) -> timedelta:
    """Nothing for the first guesses, then doubling up to a quarter of an hour."""
    if failures < free:
        return timedelta(0)
    doublings: int = min(failures - free, 10)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


def _count_one(connection: Connection, subject: str, now_ms: int) -> None:
    statement = upsert(connection.dialect.name, throttle).values(
        subject=subject, failures=1, last_ms=now_ms, blocked_until_ms=0
    )
    stale = throttle.c.last_ms < now_ms - _FORGET_AFTER // timedelta(milliseconds=1)
    counted = statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={"failures": case((stale, 1), else_=throttle.c.failures + 1), "last_ms": now_ms},
    ).returning(throttle.c.failures)
    failures = connection.scalar(counted)
    assert failures is not None
    wait = wait_after(failures, FREE_GUESSES[subject.partition(":")[0]])
    if wait:
        until = now_ms + wait // timedelta(milliseconds=1)
        connection.execute(
            throttle.update().where(throttle.c.subject == subject).values(blocked_until_ms=until)
        )
