"""Decides which installs and purges are to be ordered, which to be taken back; touches nothing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from attendance.orders import Do
from central.nodes import NodeState
from central.purge_matching import PurgeMatching
from central.purge_planning import MOVED, Outdated, Purge
from central.template_books import HeldSlot, NodeModule, Placement, TemplateBooks
from central.template_placing import Install, Placing, place
from central.template_room import Held, Sensor, Travelling, Worker

REMEMBERED = timedelta(days=30)
"""How long a slot in which something else was found is left alone, and failures count."""
KEY_KEPT = timedelta(days=7)
"""From the last day on until a leaver's key is destroyed. Offices often end one assignment days before they
enter the next; sensors are emptied at once, and what is kept fills them again without a second enrolment."""
AT_ONCE_FAILURES = 3
"""Of one template at one node, each in another slot, before it waits."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(days=1)
"""After these failures; each further one makes the wait three times as long."""
NOT_STORED_REMEMBERED = timedelta(days=1)
MOST_BAD_SLOTS = 8
"""Of one sensor. Where more would not store, it is the sensor and no slot of it: none is left out."""
_NOT_STORED = "not-stored"
_SLOT_TROUBLES = ("slot-in-use", "slot-out-of-range", _NOT_STORED)
_EMPTY = "slot-empty"
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written.

    Attributes:
        withdraw: rows of `placement` that nobody wants any more.
        repeat: refused purges to be ordered once more, with their reasons.
        destroy: people whose key and templates are to go.
        units: what was decided for each unit that has sensors.
        basis: id and state of the orders that it was decided upon.
    """

    installs: tuple[Install, ...]
    purges: tuple[Purge, ...]
    withdraw: tuple[Placement, ...]
    repeat: tuple[tuple[Placement, str], ...]
    destroy: tuple[str, ...]
    units: Mapping[str, Placing]
    basis: frozenset[tuple[str, str]]

    @property
    def count(self) -> int:
        """How many rows it is."""
        lists = (self.installs, self.purges, self.withdraw, self.repeat, self.destroy)
        return sum(len(each) for each in lists)


def decide(books: TemplateBooks) -> Changes:
    """Everything that is to be changed so that the orders are those that are wanted."""
    purging = PurgeMatching(books)
    leaving = purging.leaving
    held = [each for each in books.slots if not _is_gone(books, leaving, each)]
    stale = [each for each in books.placements if each.do == Do.INSTALL and _unwanted(books, each)]
    gone = {each.id for each in stale}
    arriving = [
        each
        for each in books.placements
        if each.do == Do.INSTALL and each.state == "open" and each.id not in gone
    ]
    units = _place_all(books, held, arriving, leaving)
    refused = _refused(books)
    installs = [
        install
        for placing in units.values()
        for install in placing.installs
        if (install.node, install.template) not in refused
    ]
    spare = [
        Purge(node, person, _slots(held, node, person), MOVED)
        for placing in units.values()
        for node, person in placing.spare
    ]
    owners = books.keyed | {kept.employee for kept in books.templates.values()}
    return Changes(
        tuple(installs),
        (*purging.fresh, *spare),
        (*purging.withdraw, *stale),
        tuple(purging.repeat),
        tuple(sorted(person for person in owners if books.left(person, KEY_KEPT))),
        units,
        books.basis,
    )


def _is_gone(books: TemplateBooks, leaving: Collection[tuple[str, int]], held: HeldSlot) -> bool:
    """The slot is to be emptied, or the node has found it empty, whatever the books say."""
    place_of = (held.node, held.slot)
    return place_of in leaving or books.refusals.get(place_of) == _EMPTY


def _unwanted(books: TemplateBooks, order: Placement) -> bool:
    """An install that is open and must not be done any more, or failed so long ago that it says nothing."""
    kept, known = books.templates.get(order.template or ""), books.nodes.get(order.node)
    if order.state != "open":
        return (order.ended_ms or 0) < books.now_ms - REMEMBERED // _MS
    if kept is None or known is None or kept.state != "clear" or known.state == NodeState.RETIRED:
        return True
    return known.model_class != kept.model_class or not books.present(order.employee, known.unit)


def _refused(books: TemplateBooks) -> set[tuple[str, str]]:
    """(node, template) that is not tried now.

    What the node would not take at all waits until it tells anew of its module, and then too no shorter than
    other failures: it tells at each start, and each time a template has come or gone.
    """
    failures: dict[tuple[str, str], list[Placement]] = {}
    for each in books.placements:
        if each.node in books.nodes and each.do == Do.INSTALL and each.state == "failed" and each.template:
            failures.setdefault((each.node, each.template), []).append(each)
    return {pair for pair, failed in failures.items() if _waits(books, books.nodes[pair[0]], failed)}


def _waits(books: TemplateBooks, known: NodeModule, failed: Iterable[Placement]) -> bool:
    last_ms, count, final = 0, 0, False
    for each in failed:
        ended_ms, hopeless = each.ended_ms or 0, each.reason not in _SLOT_TROUBLES
        last_ms = max(last_ms, ended_ms)
        count += AT_ONCE_FAILURES if hopeless else 1
        final = final or (hopeless and ended_ms >= known.told_ms)
    if count < AT_ONCE_FAILURES:
        return False
    wait = min(FIRST_WAIT * 3 ** min(count - AT_ONCE_FAILURES, 10), LONGEST_WAIT)
    return final or books.now_ms < last_ms + wait // _MS


def _place_all(
    books: TemplateBooks,
    held: Iterable[HeldSlot],
    arriving: Iterable[Placement],
    leaving: Collection[tuple[str, int]],
) -> dict[str, Placing]:
    """What is to be done at each unit that has a sensor in service."""
    at: dict[str, dict[str, list[Held]]] = {}
    outdated = Outdated(books)
    for each in held:
        place_of = at.setdefault(each.employee, {}).setdefault(each.node, [])
        place_of.append(_held(books, outdated, each))
    for order in arriving:
        at.setdefault(order.employee, {}).setdefault(order.node, []).append(
            Held(order.finger, order.template)
        )
    travelling = _travelling(books)
    sensors: dict[str, list[Sensor]] = {}
    taken, blocked = _taken(books, arriving), _blocked(books)
    for known in books.nodes.values():
        if known.serving:
            sensors.setdefault(known.unit, []).append(_sensor(books, known, taken, blocked, leaving))
    return {
        unit_code: place(group, _workers(books, unit_code, group, travelling, at))
        for unit_code, group in sorted(sensors.items())
    }


def _workers(
    books: TemplateBooks,
    unit_code: str,
    sensors: Iterable[Sensor],
    travelling: Mapping[str, tuple[Travelling, ...]],
    at: Mapping[str, Mapping[str, list[Held]]],
) -> list[Worker]:
    names = [sensor.node for sensor in sensors]
    workers = []
    for person in books.people_of.get(unit_code, ()):
        theirs = at.get(person, {})
        here = {name: tuple(theirs[name]) for name in names if name in theirs}
        workers.append(Worker(person, travelling.get(person, ()), here))
    return workers


def _sensor(
    books: TemplateBooks,
    known: NodeModule,
    taken: Mapping[str, set[int]],
    blocked: Mapping[str, set[int]],
    leaving: Collection[tuple[str, int]],
) -> Sensor:
    numbers = taken.get(known.id, set())
    return Sensor(
        known.id,
        known.model_class,
        known.capacity,
        known.usable,
        max(known.used - books.emptied.get(known.id, 0), 0),
        frozenset(numbers),
        frozenset(blocked.get(known.id, ())),
        sum((known.id, slot) in leaving for slot in numbers),
    )


def _taken(books: TemplateBooks, arriving: Iterable[Placement]) -> dict[str, set[int]]:
    taken: dict[str, set[int]] = {}
    for held in books.slots:
        taken.setdefault(held.node, set()).add(held.slot)
    for order in arriving:
        taken.setdefault(order.node, set()).update(order.slots)
    return taken


def _blocked(books: TemplateBooks) -> dict[str, set[int]]:
    """Slots in which something else was found of late, or which would not store."""
    in_use_ms = books.now_ms - REMEMBERED // _MS
    stored_ms = books.now_ms - NOT_STORED_REMEMBERED // _MS
    blocked: dict[str, set[int]] = {}
    bad: dict[str, set[int]] = {}
    for each in books.placements:
        if each.do != Do.INSTALL or each.state != "failed" or each.reason not in _SLOT_TROUBLES:
            continue
        in_slot = each.reason != _NOT_STORED
        if (each.ended_ms or 0) >= (in_use_ms if in_slot else stored_ms):
            (blocked if in_slot else bad).setdefault(each.node, set()).update(each.slots)
    for name, slots in bad.items():
        if len(slots) <= MOST_BAD_SLOTS:
            blocked.setdefault(name, set()).update(slots)
    return blocked


def _travelling(books: TemplateBooks) -> dict[str, tuple[Travelling, ...]]:
    found: dict[str, tuple[Travelling, ...]] = {}
    for kept in books.newest.values():
        one = Travelling(kept.id, kept.finger, kept.model_class, kept.state == "clear")
        found[kept.employee] = (*found.get(kept.employee, ()), one)
    return found


def _held(books: TemplateBooks, outdated: Outdated, held: HeldSlot) -> Held:
    old = outdated.has(held.template, books)
    return Held(held.finger, held.template, old, books.is_copy(held), held.proven)


def _slots(held: Iterable[HeldSlot], node: str, person: str) -> tuple[int, ...]:
    return tuple(sorted(each.slot for each in held if (each.node, each.employee) == (node, person)))
