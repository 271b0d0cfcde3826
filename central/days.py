"""Attendance days: derived from events, rules and listening spans, kept current for the days that changed.

`fold` takes marked days and writes their rows anew; `mark_everything` marks all there can be, so that
deleting the table and folding gives the same rows. What a punch means is asked of `attendance`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, tuple_

from attendance.moment import from_ms
from attendance.policy import Policy
from central import dirty_days, findings, policies
from central.database import upsert
from central.day_folding import Books, fold_day
from central.day_reading import punches_by_person, witnesses
from central.dirty_days import Day
from central.nodes import retirements
from central.office import Office
from central.rosters import people_on
from central.serving import Serving
from central.tables import attendance_day, dirty_node, event, node, opened_day, unit

DAYS_AT_ONCE = 400
_ONE_DAY = timedelta(days=1)


def fold(office: Office) -> int:
    """Bring every marked day up to date; return how many were folded. Without rules nothing can be.

    Raises:
        StoreError: the database failed; what is not folded stays marked.
        SignatureError: the rules in the database are not the ones that central signed.
    """
    open_days(office)
    with office.database.read() as connection:
        stored = policies.newest(connection, office.keys.document_public)
    if stored is None:
        return 0
    folded = 0
    _mark_reported(office)
    while True:
        with office.database.write() as connection:
            taken = dirty_days.take(connection, DAYS_AT_ONCE)
            if not taken:
                return folded
            _fold(connection, taken, stored.policy, from_ms(office.clock.now_ms()))
        folded += len(taken)


def open_days(office: Office) -> None:
    """Mark everybody's day when it begins, so that a day without any punch is seen too."""
    now_ms = office.clock.now_ms()
    today = from_ms(now_ms).astimezone(ZoneInfo(office.config.zone)).date()
    with office.database.read() as connection:
        latest = connection.scalar(select(opened_day.c.day).order_by(opened_day.c.day.desc()).limit(1))
    if latest is not None and latest >= today:
        return
    with office.database.write() as connection:
        day = today if latest is None else latest + _ONE_DAY
        while day <= today:
            fresh = (
                upsert(connection.dialect.name, opened_day)
                .values(day=day, opened_ms=now_ms)
                .on_conflict_do_nothing()
            )
            connection.execute(fresh)
            dirty_days.mark(connection, ((person, day) for person in people_on(connection, day)))
            day += _ONE_DAY


def rebuild(office: Office) -> int:
    """Throw every day away and fold all of them again; return how many there are to fold."""
    with office.database.write() as connection:
        connection.execute(delete(attendance_day))
        mark_everything(connection)
    return fold(office)


def mark_everything(connection: Connection) -> None:
    """Mark every day that has or can have a row: opened days, and days that punches can belong to."""
    mark_stored(connection)
    for day in connection.scalars(select(opened_day.c.day)).all():
        dirty_days.mark(connection, ((person, day) for person in people_on(connection, day)))
    query = (
        select(event.c.person, event.c.placed_ms, unit.c.zone)
        .join(node, node.c.id == event.c.node)
        .join(unit, unit.c.code == node.c.unit)
        .where(event.c.type == "punch", event.c.person.is_not(None))
    )
    punched: set[Day] = set()
    for row in connection.execute(query):
        day = from_ms(row.placed_ms).astimezone(ZoneInfo(row.zone)).date()
        punched |= {(row.person, day), (row.person, day - _ONE_DAY)}
    dirty_days.mark(connection, punched)


def mark_people(connection: Connection, since: Mapping[str, date]) -> None:
    """Mark the opened days of some people from a day on, after their assignments changed."""
    if since:
        opened = select(opened_day.c.day).where(opened_day.c.day >= min(since.values()))
        begun = connection.scalars(opened).all()
        dirty_days.mark(connection, [(who, day) for day in begun for who, at in since.items() if day >= at])


def mark_stored(connection: Connection) -> None:
    """Mark every day that has a row."""
    rows = connection.execute(select(attendance_day.c.person, attendance_day.c.day))
    dirty_days.mark(connection, [(row.person, row.day) for row in rows])


def _mark_reported(office: Office) -> None:
    """Days that were waiting for a node which has since reported may be closed now."""
    with office.database.read() as connection:
        if connection.scalar(select(dirty_node.c.node).limit(1)) is None:
            return
    with office.database.write() as connection:
        reports = connection.execute(select(dirty_node).order_by(dirty_node.c.node).with_for_update()).all()
        since = min((from_ms(report.from_ms) for report in reports), default=None)
        serving = Serving(connection, since=since)
        for report in reports:
            first = from_ms(report.from_ms).date() - 2 * _ONE_DAY
            last = from_ms(report.to_ms).date() + _ONE_DAY
            waiting = select(attendance_day.c.person, attendance_day.c.day).where(
                attendance_day.c.final.is_(False),
                attendance_day.c.day.between(first, last),
                attendance_day.c.unit.in_(serving.units_of([report.node]))
                | attendance_day.c.person.in_(serving.holders_on([report.node])),
            )
            dirty_days.mark(connection, ((row.person, row.day) for row in connection.execute(waiting)))
        connection.execute(delete(dirty_node).where(dirty_node.c.node.in_([row.node for row in reports])))


def _fold(connection: Connection, taken: list[Day], policy: Policy, now: datetime) -> None:
    by_day: dict[date, list[str]] = {}
    for person, day in taken:
        by_day.setdefault(day, []).append(person)
    # A day's windows begin no earlier than the evening before its date, in any zone.
    first = datetime.combine(min(by_day), time(), UTC) - 2 * _ONE_DAY
    serving = Serving(connection, retired=True, since=first)
    suspected = findings.open_since(connection, {person for person, _ in taken})
    books = Books(policy, now, retirements(connection), suspected)
    rows = []
    for day, ids in sorted(by_day.items()):
        people = people_on(connection, day, employees=set(ids))
        punches = punches_by_person(connection, day, people)
        watched = {key: serving.watch(key, person.unit) for key, person in people.items()}
        nodes = {key: watch.nodes for key, watch in watched.items()}
        testimony = witnesses(connection, day, frozenset().union(*nodes.values()))
        for key in sorted(people):
            there = [testimony[name] for name in sorted(nodes[key]) if name in testimony]
            row = fold_day(books, people[key], day, punches.get(key, ()), there, watched[key])
            if row is not None:
                rows.append(row)
    key_of = tuple_(attendance_day.c.person, attendance_day.c.day)
    connection.execute(delete(attendance_day).where(key_of.in_(taken)))
    if rows:
        connection.execute(insert(attendance_day), rows)
