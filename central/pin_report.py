"""Who came in by PIN in a month: how often, over which measure, and who stood by. For people to look at.

A pattern is no verdict: in an office of three the same colleague vouches every day.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from attendance.chain import parse_event
from attendance.errors import EvidenceError, MalformedError
from attendance.moment import from_ms, to_ms
from attendance.punch import Punch
from attendance.recap import month_days
from central.event_names import event_name
from central.pin_tries import PAUSED, UNWITNESSED
from central.tables import account, audit_log, employee, event, photo, pin, unit
from central.workplaces import workplace

PATTERN_USES = 6
"""From so many uses on it says something that one person always stood by."""
PATTERN_PERCENT = 90
_WITHDRAWN = "pin-withdrawn"


@dataclass(frozen=True, slots=True)
class Use:
    """One punch by PIN.

    Attributes:
        event: node/epoch/seq.
        name: of the person, for the words under the picture.
        witness: id of who stood by; None where the body was erased by law.
        photo_here: the picture has arrived.
    """

    event: str
    name: str
    at: datetime
    kind: str
    witness: str | None
    witness_name: str | None
    photo: str | None
    photo_here: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One person's month.

    Attributes:
        quota: None where the PIN has been withdrawn since.
        setter: id of the employee whose account set the PIN, or None.
        unwitnessed, paused: right PINs without a witness, and pauses after wrong ones.
    """

    person: str
    name: str
    nip: str | None
    unit: str | None
    unit_name: str | None
    quota: int | None
    setter: str | None
    uses: tuple[Use, ...]
    unwitnessed: int
    paused: int

    @property
    def over(self) -> int:
        """Uses beyond the measure."""
        return max(0, len(self.uses) - self.quota) if self.quota is not None else 0

    @property
    def witnesses(self) -> list[tuple[str, int]]:
        """Name and number of uses of each who stood by, the most frequent first."""
        named = Counter(use.witness_name or use.witness or "?" for use in self.uses)
        return sorted(named.items(), key=lambda each: (-each[1], each[0]))

    @property
    def one_witness(self) -> bool:
        """Whether nearly always the same person stood by: worth a look."""
        most = max(Counter(use.witness for use in self.uses).values(), default=0)
        return len(self.uses) >= PATTERN_USES and 100 * most >= PATTERN_PERCENT * len(self.uses)

    @property
    def by_setter(self) -> int:
        """Uses for which whoever set the PIN stood by, and so may know it."""
        return sum(use.witness == self.setter for use in self.uses) if self.setter else 0

    @property
    def wants_a_look(self) -> bool:
        """Whether anything here should be looked at by a person."""
        return bool(self.over or self.one_witness or self.by_setter or self.unwitnessed or self.paused)


def month_report(
    connection: Connection, month: date, zone: ZoneInfo, units: Collection[str] | None = None
) -> list[Line]:
    """Everybody with a PIN, now or in this month: who wants a look first, then by name.

    Args:
        connection: for reading.
        month: any day of it.
        zone: of the regency, in which the month begins and ends.
        units: codes of the units whose people are wanted; None means all.
    """
    days = list(month_days(month.year, month.month))
    first_ms = _midnight_ms(days[0], zone)
    end_ms = _midnight_ms(date.fromordinal(days[-1].toordinal() + 1), zone)
    people = _people(connection, days[-1], first_ms, units)
    names = [row.id for row in people]
    uses = _uses(connection, names, first_ms, end_ms)
    tries = _tries(connection, names, first_ms, end_ms)
    lines = [
        Line(
            row.id,
            row.name,
            row.nip,
            row.unit,
            row.unit_name,
            row.monthly_quota,
            row.setter,
            tuple(uses.get(row.id, ())),
            tries[UNWITNESSED, row.id],
            tries[PAUSED, row.id],
        )
        for row in people
    ]
    known = [line for line in lines if line.quota is not None or line.uses]
    return sorted(known, key=lambda line: (not line.wants_a_look, line.name, line.person))


def _people(
    connection: Connection, day: date, first_ms: int, units: Collection[str] | None
) -> list[Row[Any]]:
    """Who has a PIN, or had one that was withdrawn since the month began."""
    taken = select(audit_log.c.subject).where(audit_log.c.action == _WITHDRAWN, audit_log.c.at_ms >= first_ms)
    place = workplace(employee.c.id, day)
    query = (
        select(
            employee.c.id,
            employee.c.name,
            employee.c.nip,
            pin.c.monthly_quota,
            account.c.employee.label("setter"),
            unit.c.code.label("unit"),
            unit.c.name.label("unit_name"),
        )
        .select_from(
            employee.outerjoin(pin, pin.c.employee == employee.c.id)
            .outerjoin(account, account.c.name == pin.c.set_by)
            .outerjoin(unit, unit.c.code == place)
        )
        .where(pin.c.employee.is_not(None) | employee.c.id.in_(taken))
    )
    return list(connection.execute(query if units is None else query.where(place.in_(units))))


def _uses(connection: Connection, people: Sequence[str], first_ms: int, end_ms: int) -> dict[str, list[Use]]:
    """Of punches only those by PIN have a person and no slot (`central.event_reading`)."""
    query = (
        select(event, employee.c.name, photo.c.sha256.label("arrived"))
        .select_from(
            event.join(employee, employee.c.id == event.c.person).outerjoin(
                photo, photo.c.sha256 == event.c.photo
            )
        )
        .where(
            event.c.type == "punch",
            event.c.placed_ms >= first_ms,
            event.c.placed_ms < end_ms,
            event.c.person.in_(people),
            event.c.slot.is_(None),
        )
        .order_by(event.c.placed_ms)
    )
    rows = [(row, _witness(row)) for row in connection.execute(query)]
    wanted = {witness for _, witness in rows if witness}
    known = select(employee.c.id, employee.c.name).where(employee.c.id.in_(wanted))
    named = {row.id: row.name for row in connection.execute(known)}
    found: dict[str, list[Use]] = {}
    for row, witness in rows:
        use = Use(
            event_name(row.node, row.epoch, row.seq),
            row.name,
            from_ms(row.placed_ms),
            row.kind or "",
            witness,
            named.get(witness or ""),
            row.photo,
            row.arrived is not None,
        )
        found.setdefault(row.person, []).append(use)
    return found


def _witness(row: Row[Any]) -> str | None:
    if row.body is None:
        return None
    try:
        return Punch.parse(parse_event(bytes(row.header), bytes(row.body)).content).witness
    except (EvidenceError, MalformedError):
        return None


def _tries(
    connection: Connection, people: Sequence[str], first_ms: int, end_ms: int
) -> Counter[tuple[str, str]]:
    query = select(audit_log.c.action, audit_log.c.subject).where(
        audit_log.c.action.in_((UNWITNESSED, PAUSED)),
        audit_log.c.subject.in_(people),
        audit_log.c.at_ms >= first_ms,
        audit_log.c.at_ms < end_ms,
    )
    return Counter((row.action, row.subject) for row in connection.execute(query))


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return to_ms(datetime.combine(day, datetime.min.time(), zone))
