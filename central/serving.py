"""Which node serves whom, and when: the nodes of a person's unit, and every node that holds his finger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from attendance.moment import from_ms, to_ms
from attendance.orders import Do
from central.nodes import NodeState
from central.tables import claim, node, placement, slot, slot_past


def slots_of_node(connection: Connection, name: str) -> dict[int, str]:
    """Whose finger each slot of this node holds; an entry for the node itself wins over one for its unit."""
    rows = connection.execute(
        select(slot.c.slot, slot.c.employee)
        .join(node, node.c.unit == slot.c.unit)
        .where(node.c.id == name, slot.c.node.in_(["", name]))
        .order_by(slot.c.node)
    )
    return {row.slot: row.employee for row in rows}


@dataclass(frozen=True, slots=True)
class Holding:
    """A time in which a node could take a finger for this person's, or served the unit.

    Attributes:
        since: not before this; None where that is not known.
        until: not after this; None while it still can.
    """

    node: str
    since: datetime | None
    until: datetime | None

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies in this span."""
        return (self.since is None or self.since <= end) and (self.until is None or self.until >= start)


@dataclass(frozen=True, slots=True)
class Watch:
    """All nodes that could hold a punch of one person, with the times of those that are not always theirs.

    Attributes:
        always: nodes of the unit where the person works, that never served another.
        holdings: of fingers, at any node; and times in which others served the unit.
    """

    always: frozenset[str]
    holdings: Sequence[Holding] = ()

    @property
    def nodes(self) -> frozenset[str]:
        """At any time."""
        return self.always | {holding.node for holding in self.holdings}

    def during(self, start: datetime, end: datetime) -> frozenset[str]:
        """Those that could hold a punch of this span."""
        return self.always | {holding.node for holding in self.holdings if holding.touches(start, end)}


@dataclass(frozen=True, slots=True)
class _Stay:
    """A time in which a node served a unit; None where it has no such end."""

    node: str
    since_ms: int | None
    until_ms: int | None


class Serving:
    """The nodes that could hold a punch of a person, for many people at once.

    A distrusted node still could hold a punch: it stays in and keeps the day open until a person has looked.

    Args:
        connection: for reading.
        retired: take in retired nodes too, which may hold punches of days on which they were in service.
        since: take in who held a finger after this and no longer does, who may hold one that was sent and of
            which nothing was heard yet, and when nodes served which unit that were claimed into another one;
            None for what stands today alone.
    """

    def __init__(
        self, connection: Connection, *, retired: bool = False, since: datetime | None = None
    ) -> None:
        query = select(node.c.id, node.c.unit)
        rows = connection.execute(query if retired else query.where(node.c.state != NodeState.RETIRED)).all()
        by_unit: dict[str, set[str]] = {}
        for row in rows:
            by_unit.setdefault(row.unit, set()).add(row.id)
        self._by_unit: Mapping[str, frozenset[str]] = {key: frozenset(ids) for key, ids in by_unit.items()}
        self._names = frozenset(row.id for row in rows)
        self._by_person: dict[str, list[Holding]] = {}
        self._stays = _stays_of_moved(connection, self._names) if since is not None else {}
        self._moved = frozenset(stay.node for stays in self._stays.values() for stay in stays)
        self._read_slots(connection)
        if since is not None:
            self._read_past(connection, to_ms(since))
            self._read_sent(connection)

    def watch(self, person: str, unit_code: str) -> Watch:
        """Every node that could hold a punch of this person, and when."""
        always = self._by_unit.get(unit_code, frozenset()) - self._moved
        return Watch(always, (*self._by_person.get(person, ()), *self._there_for_a_time(unit_code)))

    def nodes_of(self, person: str, unit_code: str) -> frozenset[str]:
        """Every node that could hold a punch of this person at any time."""
        return self.watch(person, unit_code).nodes

    def units_of(self, names: Iterable[str]) -> frozenset[str]:
        """Units whose people one of these nodes serves, or served."""
        wanted = frozenset(names)
        before = {code for code, stays in self._stays.items() if any(stay.node in wanted for stay in stays)}
        return frozenset(before) | {unit_code for unit_code, ids in self._by_unit.items() if ids & wanted}

    def holders_on(self, names: Iterable[str]) -> frozenset[str]:
        """People whose finger one of these nodes holds."""
        wanted = frozenset(names)
        return frozenset(
            person
            for person, holdings in self._by_person.items()
            if any(holding.node in wanted for holding in holdings)
        )

    def _there_for_a_time(self, unit_code: str) -> Iterable[Holding]:
        return (_holding(stay.node, stay.since_ms, stay.until_ms) for stay in self._stays.get(unit_code, ()))

    def _read_slots(self, connection: Connection) -> None:
        for row in connection.execute(select(slot.c.unit, slot.c.node, slot.c.employee, slot.c.since_ms)):
            of_unit = self._by_unit.get(row.unit, frozenset()) - self._moved
            for name in of_unit if row.node == "" else of_unit & {row.node}:
                self._add(row.employee, name, row.since_ms, None)
            for stay in self._stays.get(row.unit, ()):
                if row.node in ("", stay.node):
                    since = max(stay.since_ms or 0, row.since_ms or 0) or None
                    self._add(row.employee, stay.node, since, stay.until_ms)

    def _read_past(self, connection: Connection, since_ms: int) -> None:
        """Also who lost a place of which the node has not heard: it may still book for them."""
        past = or_(slot_past.c.learned_ms.is_(None), slot_past.c.learned_ms >= since_ms)
        for row in connection.execute(select(slot_past).where(past)):
            self._add(row.employee, row.node, row.since_ms, row.learned_ms)

    def _read_sent(self, connection: Connection) -> None:
        """An order to install may have been done without central knowing it yet."""
        sent = (placement.c.do == Do.INSTALL.value) & (placement.c.state == "open")
        query = select(placement.c.employee, placement.c.node, placement.c.ordered_ms).where(sent)
        for row in connection.execute(query):
            self._add(row.employee, row.node, row.ordered_ms, None)

    def _add(self, person: str, name: str, since_ms: int | None, until_ms: int | None) -> None:
        if name in self._names:
            self._by_person.setdefault(person, []).append(_holding(name, since_ms, until_ms))


def _stays_of_moved(connection: Connection, names: Collection[str]) -> dict[str, list[_Stay]]:
    """By unit, the times of nodes that were claimed into more than one: past days stay where they were.

    A node is taken to serve a new office from its claim on, and the first one since ever.
    """
    moved = select(claim.c.node).join(node, node.c.id == claim.c.node).where(claim.c.unit != node.c.unit)
    query = select(claim.c.node, claim.c.unit, claim.c.used_ms).where(claim.c.node.in_(moved))
    claims: dict[str, list[tuple[str, int]]] = {}
    for name, unit_code, used_ms in connection.execute(query.order_by(claim.c.used_ms)):
        if name in names:
            claims.setdefault(name, []).append((unit_code, used_ms))
    stays: dict[str, list[_Stay]] = {}
    for name, units in claims.items():
        ends: list[int | None] = [*(used_ms for _, used_ms in units[1:]), None]
        for number, ((unit_code, used_ms), until_ms) in enumerate(zip(units, ends, strict=True)):
            stays.setdefault(unit_code, []).append(_Stay(name, used_ms if number else None, until_ms))
    return stays


def _holding(name: str, since_ms: int | None, until_ms: int | None) -> Holding:
    since = from_ms(since_ms) if since_ms is not None else None
    return Holding(name, since, from_ms(until_ms) if until_ms is not None else None)
