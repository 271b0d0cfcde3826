"""Who may come in by number and PIN, and why: set, set anew, withdrawn, each with a deed in the log.

Only the hash of a PIN is kept. The right is personal: it needs a reason, and a monthly measure beyond which
the report asks; no punch is ever refused for it.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import Connection, delete, func, select

from attendance.errors import HadirError, PersonError
from attendance.moment import from_ms
from attendance.pins import NUMBER_DIGITS, PIN_DIGITS, SALT_BYTES, PinHash, check_pin
from central import audit
from central.database import upsert
from central.tables import assignment, employee, pin, unit
from central.validity import in_force

DEFAULT_MONTHLY_QUOTA = 44
"""22 working days, twice a day: whoever has a PIN because no finger can be read uses it every time. Where a
finger can mostly be read, HR sets less; the regency's own rule for that is three days a month."""
MOST_MONTHLY_QUOTA = 200
SHORTEST_REASON, LONGEST_REASON = 5, 300
_MOST_TRIES = 1000


class Problem(StrEnum):
    """Why a PIN can't be set like this; the pages have the words."""

    NO_PIN = "no-pin"
    NOT_TWICE = "not-twice"
    EASY = "easy"
    """One digit repeated, or digits in a row."""
    BIRTH_DATE = "birth-date"
    """A part of the NIP, which colleagues know."""
    REASON = "reason"
    QUOTA = "quota"
    NOT_HERE = "not-here"
    """Nobody with this id works here."""
    OWN = "own"
    """Nobody gives himself another way in."""
    NO_NUMBER_LEFT = "no-number-left"


class PinError(HadirError):
    """A PIN can't be set like this.

    Attributes:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"this PIN can't be set: {problem.value}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a PIN.

    Attributes:
        unit, unit_name: where they work; None of somebody who has left.
        number: what they type before the PIN.
    """

    employee: str
    name: str
    nip: str | None
    unit: str | None
    unit_name: str | None
    number: str
    reason: str
    monthly_quota: int
    set_by: str
    set_at: datetime


def generated(nip: str | None) -> str:
    """A PIN from the computer that `check_choice` takes."""
    for _ in range(_MOST_TRIES):
        made = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
        if _weakness(made, nip) is None:
            return made
    raise AssertionError("there are no PINs left in the world")


def check_choice(text: str, nip: str | None) -> str:
    """A PIN that somebody chose: not one that a colleague would try first.

    Raises:
        PinError: with the reason.
    """
    try:
        check_pin(text)
    except PersonError as error:
        raise PinError(Problem.NO_PIN) from error
    problem = _weakness(text, nip)
    if problem is not None:
        raise PinError(problem)
    return text


def hashed(chosen: str) -> str:
    """What is stored of a PIN. Takes a while: do it before the transaction."""
    return PinHash.of(chosen, secrets.token_bytes(SALT_BYTES)).text()


def give(
    connection: Connection,
    person: str,
    hash_text: str,
    *,
    reason: str,
    monthly_quota: int,
    actor: str,
    now_ms: int,
) -> str:
    """Let somebody come in by PIN, or give them another one; their number stays.

    Args:
        connection: the transaction.
        person: employee id.
        hash_text: of `hashed`.
        reason: why fingers can't be read.
        monthly_quota: punches a month beyond which the report asks.
        actor: account name.
        now_ms: central's clock.

    Returns:
        The number to type before the PIN.

    Raises:
        PinError: unknown person, no reason, or a measure that is none.
    """
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise PinError(Problem.REASON)
    if not 1 <= monthly_quota <= MOST_MONTHLY_QUOTA:
        raise PinError(Problem.QUOTA)
    if connection.scalar(select(employee.c.id).where(employee.c.id == person)) is None:
        raise PinError(Problem.NOT_HERE)
    before = connection.scalar(select(pin.c.number).where(pin.c.employee == person))
    number = str(before) if before is not None else _free_number(connection)
    values = {
        "number": number,
        "hash": hash_text,
        "reason": reason,
        "monthly_quota": monthly_quota,
        "set_by": actor,
        "set_ms": now_ms,
    }
    put = upsert(connection.dialect.name, pin).values(employee=person, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["employee"], set_=values))
    deed = "pin-set" if before is None else "pin-reset"
    audit.note(connection, now_ms, actor, deed, person, f"{monthly_quota} a month: {reason}")
    return number


def withdraw(connection: Connection, person: str, actor: str, now_ms: int) -> bool:
    """Take the PIN away; the nodes forget it with their next roster. Whether there was one."""
    taken = connection.execute(delete(pin).where(pin.c.employee == person)).rowcount > 0
    if taken:
        audit.note(connection, now_ms, actor, "pin-withdrawn", person)
    return taken


def holders(connection: Connection, day: date, units: Collection[str] | None = None) -> list[Holder]:
    """Everybody with a PIN who works in these units on this day, by name.

    Args:
        connection: for reading.
        day: the day.
        units: codes; None means all of them, and people who have left as well.
    """
    works = (assignment.c.employee == pin.c.employee) & in_force(
        assignment.c.valid_from, assignment.c.valid_to, day
    )
    query = (
        select(pin, employee.c.name, employee.c.nip, unit.c.code, unit.c.name.label("unit_name"))
        .select_from(
            pin.join(employee, employee.c.id == pin.c.employee)
            .outerjoin(assignment, works)
            .outerjoin(unit, unit.c.code == assignment.c.unit)
        )
        .order_by(employee.c.name, employee.c.id)
    )
    if units is not None:
        query = query.where(unit.c.code.in_(units))
    return [
        Holder(
            row.employee,
            row.name,
            row.nip,
            row.code,
            row.unit_name,
            row.number,
            row.reason,
            row.monthly_quota,
            row.set_by,
            from_ms(row.set_ms),
        )
        for row in connection.execute(query)
    ]


def _free_number(connection: Connection) -> str:
    """As short as half of the numbers of that length are still free, so that one is soon found."""
    taken = set(connection.scalars(select(pin.c.number)))
    for digits in NUMBER_DIGITS:
        low, high = 10 ** (digits - 1), 10**digits
        same = connection.scalar(
            select(func.count()).select_from(pin).where(func.length(pin.c.number) == digits)
        )
        if 2 * (same or 0) < high - low:
            while (number := str(low + secrets.randbelow(high - low))) in taken:
                pass
            return number
    raise PinError(Problem.NO_NUMBER_LEFT)


def _weakness(chosen: str, nip: str | None) -> Problem | None:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(chosen)}
    if (len(steps) == 1 and steps <= {0, 1, 9}) or len(set(chosen)) <= 2:
        return Problem.EASY
    if nip is not None and (chosen in nip or chosen in _birth_dates(nip)):
        return Problem.BIRTH_DATE
    return None


def _birth_dates(nip: str) -> frozenset[str]:
    year, month, day = nip[2:4], nip[4:6], nip[6:8]
    return frozenset({day + month + year, year + month + day, month + day + year})
