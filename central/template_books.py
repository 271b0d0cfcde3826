"""What decides where templates belong, read at once: people, sensors, slots, templates, open orders.

A dozen statements, however many people there are.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from attendance.moment import from_ms
from attendance.templates import SERVING
from central import template_states
from central.local_days import days_of_units
from central.nodes import NodeState
from central.placement_rows import UNDONE, read_slots
from central.tables import (
    assignment,
    export_refusal,
    module,
    node,
    person_key,
    placement,
    slot,
    template,
    unit,
)

AHEAD = timedelta(days=2)
"""How long before somebody begins at an office their fingers go there: time for a node that is switched off
over a weekend, and short enough that a transfer that is called off has mostly not begun."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An assignment."""

    unit: str
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class NodeModule:
    """A node that told of its module, and the module.

    Attributes:
        state: of the node.
        serving: the node is trusted, and its module is the one whose slots stand for people.
        told_ms: when it told.
    """

    id: str
    unit: str
    state: str
    serving: bool
    model_class: str
    capacity: int
    usable: int
    used: int
    told_ms: int


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """A slot of a node that the books give to somebody.

    Attributes:
        since: the day on which it was filled; None where nobody knows.
    """

    node: str
    unit: str
    slot: int
    employee: str
    finger: str
    template: str | None
    since: date | None
    proven: bool


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A template in the safe."""

    id: str
    employee: str
    finger: str
    model_class: str
    state: str
    origin_node: str
    created_ms: int

    @property
    def which(self) -> tuple[str, str, str]:
        """Person, finger and class. Where nobody knows the finger, each template is one of its own."""
        return (self.employee, self.finger or self.id, self.model_class)


@dataclass(frozen=True, slots=True)
class Placement:
    """A row of `placement` that is wanted and not done."""

    id: str
    do: str
    node: str
    employee: str
    finger: str
    template: str | None
    slots: tuple[int, ...]
    reason: str
    state: str
    ordered_ms: int
    ended_ms: int | None


@dataclass(frozen=True)
class TemplateBooks:
    """All of it.

    Attributes:
        days: today, by unit.
        emptied: slots that were emptied since the node told of its module, by node.
        cheats: templates that were decided to be somebody else's finger.
        keyed: people who have a key in the safe.
        refusals: why the template of a slot could not be handed in, by node and slot.
    """

    now_ms: int
    days: dict[str, date]
    stays: dict[str, tuple[Stay, ...]]
    nodes: dict[str, NodeModule]
    slots: tuple[HeldSlot, ...]
    templates: dict[str, KeptTemplate]
    placements: tuple[Placement, ...]
    emptied: dict[str, int]
    cheats: frozenset[str]
    keyed: frozenset[str]
    refusals: dict[tuple[str, int], str]

    def present(self, person: str, unit_code: str, ahead: timedelta = AHEAD) -> bool:
        """Whether they work there today, or begin soon."""
        today = self.days[unit_code]
        return any(
            stay.unit == unit_code
            and stay.first <= today + ahead
            and (stay.last is None or stay.last >= today)
            for stay in self.stays.get(person, ())
        )

    @cached_property
    def people_of(self) -> dict[str, tuple[str, ...]]:
        """Everybody who works at a unit, or begins soon, by unit."""
        found: dict[str, list[str]] = {}
        for person, stays in self.stays.items():
            for unit_code in {stay.unit for stay in stays}:
                if self.present(person, unit_code):
                    found.setdefault(unit_code, []).append(person)
        return {unit_code: tuple(people) for unit_code, people in found.items()}

    @cached_property
    def newest(self) -> dict[tuple[str, str, str], KeptTemplate]:
        """The template of each finger that goes to other nodes, by `KeptTemplate.which`.

        The newest one: also where it is still looked for, or the older one would be brought only to be
        replaced. Not one that was decided to be somebody else's.
        """
        found: dict[tuple[str, str, str], KeptTemplate] = {}
        for kept in sorted(self.templates.values(), key=lambda kept: (kept.created_ms, kept.id)):
            if kept.id not in self.cheats:
                found[kept.which] = kept
        return found

    @property
    def basis(self) -> frozenset[tuple[str, str]]:
        """Id and state of every order that is not done."""
        return frozenset((each.id, each.state) for each in self.placements)

    def left(self, person: str, ago: timedelta = timedelta()) -> bool:
        """Whether they worked here, and neither do nor will any more. Who never did has not left.

        Args:
            person: employee id.
            ago: and have not for at least as long.
        """
        stays = self.stays.get(person, ())
        return bool(stays) and all(
            stay.last is not None and stay.last + ago < self.days[stay.unit] for stay in stays
        )

    def is_copy(self, held: HeldSlot) -> bool:
        """Whether a template was brought into this slot from another node."""
        kept = self.templates.get(held.template or "")
        return kept is not None and kept.origin_node != held.node


def read_books(connection: Connection, now_ms: int) -> TemplateBooks:
    """Read all of it."""
    nodes = {row.id: row for row in _nodes(connection)}
    return TemplateBooks(
        now_ms,
        days_of_units(connection, now_ms),
        _stays(connection),
        nodes,
        tuple(_slots(connection, nodes)),
        _templates(connection),
        tuple(_placements(connection)),
        _emptied(connection),
        frozenset(connection.scalars(template_states.false_ones())),
        frozenset(connection.scalars(select(person_key.c.employee))),
        _refusals(connection),
    )


def _stays(connection: Connection) -> dict[str, tuple[Stay, ...]]:
    query = select(
        assignment.c.employee, assignment.c.unit, assignment.c.valid_from, assignment.c.valid_to
    ).order_by(assignment.c.employee, assignment.c.valid_from)
    stays: dict[str, tuple[Stay, ...]] = {}
    for person, unit_code, first, last in connection.execute(query):
        stays[person] = (*stays.get(person, ()), Stay(unit_code, first, last))
    return stays


def _nodes(connection: Connection) -> Iterable[NodeModule]:
    rows = connection.execute(
        select(node.c.id, node.c.unit, node.c.state, module).join(module, module.c.node == node.c.id)
    ).mappings()
    for row in rows:
        right = row[module.c.state] in SERVING
        yield NodeModule(
            row[node.c.id],
            row[node.c.unit],
            row[node.c.state],
            right and row[node.c.state] == NodeState.ACTIVE,
            row[module.c.model_class],
            row[module.c.capacity],
            row[module.c.usable],
            row[module.c.used],
            row[module.c.at_ms],
        )


def _slots(connection: Connection, nodes: dict[str, NodeModule]) -> Iterable[HeldSlot]:
    """Slots by node. An entry for a whole unit counts at each node that has none of its own for the slot."""
    zones = {row.code: ZoneInfo(row.zone) for row in connection.execute(select(unit.c.code, unit.c.zone))}
    of_unit: dict[str, list[str]] = {}
    for each in nodes.values():
        of_unit.setdefault(each.unit, []).append(each.id)
    rows = connection.execute(select(slot)).all()
    own = {(row.node, row.slot) for row in rows if row.node}
    for row in rows:
        since = from_ms(row.since_ms).astimezone(zones[row.unit]).date() if row.since_ms else None
        for name in [row.node] if row.node else of_unit.get(row.unit, []):
            if name in nodes and nodes[name].unit == row.unit and (row.node or (name, row.slot) not in own):
                yield HeldSlot(
                    name,
                    row.unit,
                    row.slot,
                    row.employee,
                    row.finger,
                    row.template,
                    since,
                    row.proven_ms is not None,
                )


def _templates(connection: Connection) -> dict[str, KeptTemplate]:
    columns = ("id", "employee", "finger", "model_class", "state", "origin_node", "created_ms")
    rows = connection.execute(select(*(template.c[name] for name in columns)))
    return {row[0]: KeptTemplate(*row) for row in rows}


def _placements(connection: Connection) -> Iterable[Placement]:
    for row in connection.execute(select(placement).where(placement.c.state.in_(UNDONE))):
        yield Placement(
            row.id,
            row.do,
            row.node,
            row.employee,
            row.finger,
            row.template,
            read_slots(row.slots),
            row.reason,
            row.state,
            row.ordered_ms,
            row.ended_ms,
        )


def _refusals(connection: Connection) -> dict[tuple[str, int], str]:
    rows = connection.execute(select(export_refusal.c.node, export_refusal.c.slot, export_refusal.c.reason))
    return {(row.node, row.slot): row.reason for row in rows}


def _emptied(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        select(placement.c.node, placement.c.slots)
        .join(module, module.c.node == placement.c.node)
        .where(placement.c.do == "purge", placement.c.state == "done", placement.c.ended_ms > module.c.at_ms)
    )
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.node] += len(read_slots(row.slots))
    return dict(counts)
