"""Who works here, and how long."""

from datetime import date

from sqlalchemy import Connection, delete, select, update

from attendance.errors import PersonError
from central import audit, days
from central.csv_reading import Outcome
from central.tables import assignment, employee


def leave(
    connection: Connection, text: str, last_day: date, now_ms: int, *, actor: str = "command"
) -> Outcome:
    """Let somebody's work here end with this day: a pension, a move to another regency, a resignation.

    What they did stays. Their fingers are erased at every node once the day is over (`central.orders`). An
    import that names them after that day takes them back in, and says so.

    Args:
        connection: the transaction.
        text: id or NIP.
        last_day: the last one that counts.
        now_ms: central's clock.
        actor: who says so.

    Raises:
        PersonError: nobody has this id, or they do not work here on that day.
    """
    person = find_person(connection, text)
    if person is None:
        raise PersonError(f"Pegawai {text} tidak dikenal.")
    mine = assignment.c.employee == person
    known = connection.execute(select(assignment).where(mine).order_by(assignment.c.valid_from)).all()
    current = [row for row in known if row.valid_from <= last_day]
    if not current or (current[-1].valid_to is not None and current[-1].valid_to < last_day):
        raise PersonError(f"{text} tidak bekerja di sini pada {last_day.isoformat()}.")
    if current[-1].valid_to == last_day and len(current) == len(known):
        return Outcome.SAME
    connection.execute(delete(assignment).where(mine, assignment.c.valid_from > last_day))
    last = mine & (assignment.c.valid_from == current[-1].valid_from)
    connection.execute(update(assignment).where(last).values(valid_to=last_day))
    days.mark_people(connection, {person: last_day})
    audit.note(connection, now_ms, actor, "person-left", person, f"last day {last_day.isoformat()}")
    return Outcome.CHANGED


def find_person(connection: Connection, text: str) -> str | None:
    """The id of whoever has this id or this NIP, as people type it."""
    squeezed = "".join(text.split()).removeprefix("'")
    wanted = (employee.c.id == text.strip()) | (employee.c.nip == squeezed)
    return connection.scalar(select(employee.c.id).where(wanted).order_by(employee.c.id).limit(1))
