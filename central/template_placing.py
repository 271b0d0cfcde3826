"""Decides which template belongs into which slot of a unit's sensors; touches nothing.

Where everybody fits into every sensor of a class, every one gets everybody. Where not, everybody gets a home:
both fingers at one sensor. Who has one keeps it. Only where nobody else would find room, somebody who has two
loses the second, which no finger was ever put on if there is such a one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from attendance import seal
from central.template_room import FINGERS_EACH, NEAR_PERCENT, Level, Sensor, Travelling, Worker


@dataclass(frozen=True, slots=True)
class Install:
    """A template, and the slot that it goes into."""

    node: str
    person: str
    template: str
    finger: str
    slot: int


@dataclass(frozen=True, slots=True)
class Load:
    """How far the plan of a sensor, or of a whole unit, is used up when everything is placed.

    Attributes:
        name: of the node; of the unit it is "".
        slots: planned use. plan: what may be.
    """

    name: str
    slots: int
    plan: int
    level: Level


@dataclass(frozen=True, slots=True)
class Placing:
    """What is to be done at a unit.

    Attributes:
        installs: in the order in which they were decided.
        spare: (node, person) of second homes to be given up, so that somebody without any finds room.
        to_enrol: (person, node): no sensor of a class that stands there knows a finger of them.
        without_room: people who should get a place, for whom there is none.
        loads: of every sensor. unit: of all of them, where everybody has one home.
    """

    installs: tuple[Install, ...]
    spare: tuple[tuple[str, str], ...]
    to_enrol: tuple[tuple[str, str], ...]
    without_room: tuple[str, ...]
    loads: tuple[Load, ...]
    unit: Load


def place(sensors: Sequence[Sensor], workers: Iterable[Worker]) -> Placing:
    """Decide for one unit.

    Args:
        sensors: those that serve; none of another unit.
        workers: everybody who is to punch there.
    """
    desk = _Desk(sensors)
    people = sorted(workers, key=lambda worker: worker.id)
    classes = sorted({sensor.model_class for sensor in sensors})
    groups = [[sensor for sensor in desk.sensors if sensor.model_class == name] for name in classes]
    whole = [group for group in groups if desk.fits(group, people)]
    for group in whole:
        desk.give_everybody(group, people)
    shared = [group for group in groups if group not in whole]
    for group in shared:
        desk.complete(group, people)
    homeless = [worker for worker in people if shared and not desk.at_home(worker, shared)]
    for worker in homeless:
        desk.find_home(worker, shared)
    return desk.placing(people)


class _Desk:
    """Keeps count while places are given away."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self.sensors = sorted(sensors, key=lambda sensor: sensor.node)
        self._load = {sensor.node: sensor.load for sensor in sensors}
        self._coming = {sensor.node: sensor.leaving for sensor in sensors}
        self._free = {sensor.node: _free_slots(sensor) for sensor in sensors}
        self._installs: list[Install] = []
        self._spare: list[tuple[str, str]] = []
        self._to_enrol: list[tuple[str, str]] = []
        self._without_room: dict[str, None] = {}
        self._homes: set[str] = set()
        self._called: set[str] = set()
        self._home_count: Counter[str] = Counter()
        self._copies: dict[str, list[Worker]] = {}

    def room(self, sensor: Sensor) -> int:
        """Slots of the plan that nobody has."""
        return sensor.plan - self._load[sensor.node]

    def fits(self, group: Sequence[Sensor], people: Sequence[Worker]) -> bool:
        """Whether every sensor has room for everybody."""
        return all(self.room(each) >= sum(worker.need_at(each) for worker in people) for each in group)

    def give_everybody(self, group: Sequence[Sensor], people: Sequence[Worker]) -> None:
        """Every sensor of the group gets everybody who is enrolled; the others are to be enrolled at one."""
        for worker in people:
            if worker.of_class(group[0].model_class) or _holding(worker, group):
                for sensor in group:
                    self._bring(worker, sensor)
            else:
                self._call_to(worker, max(group, key=self._roomier(worker)), group)

    def complete(self, group: Sequence[Sensor], people: Sequence[Worker]) -> None:
        """Who has a home there gets what is missing of them at it."""
        for worker in people:
            homes = _holding(worker, group)
            for sensor in homes:
                missing = worker.missing_at(sensor)
                if not missing or self.room(sensor) >= len(missing):
                    self._bring(worker, sensor)
                else:
                    self._without_room[worker.id] = None
            self._home_count[worker.id] += len(homes)
            for sensor in homes:
                if all(held.copy for held in worker.held[sensor.node]):
                    self._copies.setdefault(sensor.node, []).append(worker)
        for node, copies in self._copies.items():
            copies.sort(key=lambda worker: _unproven_first(worker, node))

    def at_home(self, worker: Worker, shared: Sequence[Sequence[Sensor]]) -> bool:
        """Whether they punch, or will, at a sensor of the unit.

        To be called to one is not enough for whom a template is at hand that one of the others understands.
        """
        if worker.id in self._homes or _holding(worker, self.sensors):
            return True
        return worker.id in self._called and not any(
            worker.of_class(group[0].model_class) for group in shared
        )

    def find_home(self, worker: Worker, shared: Sequence[Sequence[Sensor]]) -> None:
        """Give them the emptiest sensor that understands a template of theirs, else call them to one."""
        group = [sensor for sensors in shared for sensor in sensors]
        fitting = [sensor for sensor in group if worker.of_class(sensor.model_class)]
        target = max(fitting or group, key=self._roomier(worker))
        need = worker.need_at(target)
        if self.room(target) >= need:
            if fitting:
                self._bring(worker, target)
            else:
                self._call_to(worker, target, [target])
        elif not self._make_room(fitting or group, need) and worker.id not in self._called:
            self._without_room[worker.id] = None

    def placing(self, people: Sequence[Worker]) -> Placing:
        """What was decided."""
        loads = tuple(_load(each.node, self._load[each.node], each.plan) for each in self.sensors)
        plan = sum(sensor.plan for sensor in self.sensors)
        unit = _load("", self._demand(people), plan, full=bool(self._without_room))
        return Placing(
            tuple(self._installs),
            tuple(self._spare),
            tuple(self._to_enrol),
            tuple(self._without_room),
            loads,
            unit,
        )

    def _demand(self, people: Sequence[Worker]) -> int:
        """Slots that the unit needs where nobody has a second home; strangers' slots count as they are."""
        theirs = sum(len(held) for worker in people for held in worker.held.values())
        strangers = sum(sensor.load for sensor in self.sensors) - theirs
        return max(strangers, 0) + sum(_slots_of(worker) for worker in people)

    def _bring(self, worker: Worker, sensor: Sensor) -> None:
        self._homes.add(worker.id)
        for template in worker.missing_at(sensor):
            self._load[sensor.node] += 1
            if template.clear:
                self._install(worker, sensor, template)

    def _install(self, worker: Worker, sensor: Sensor, template: Travelling) -> None:
        free = self._free[sensor.node]
        if free:
            self._installs.append(Install(sensor.node, worker.id, template.id, template.finger, free.pop()))
        else:
            self._without_room[worker.id] = None

    def _call_to(self, worker: Worker, sensor: Sensor, reserving: Iterable[Sensor]) -> None:
        self._called.add(worker.id)
        self._to_enrol.append((worker.id, sensor.node))
        for each in reserving:
            self._load[each.node] += FINGERS_EACH

    def _make_room(self, group: Iterable[Sensor], need: int) -> bool:
        """Whether slots of a sensor are being emptied, or can be, for somebody who has no home."""
        for sensor in sorted(group, key=lambda each: -self.room(each) - self._coming[each.node]):
            lacking = need - self.room(sensor) - self._coming[sensor.node]
            given_up: list[Worker] = []
            for copy in self._copies.get(sensor.node, []):
                if lacking > 0 and self._home_count[copy.id] > 1:
                    given_up.append(copy)
                    lacking -= len(copy.held[sensor.node])
            if lacking <= 0:
                self._give_up(sensor, given_up, need)
                return True
        return False

    def _give_up(self, sensor: Sensor, copies: Sequence[Worker], need: int) -> None:
        for worker in copies:
            self._copies[sensor.node].remove(worker)
            self._home_count[worker.id] -= 1
            self._coming[sensor.node] += len(worker.held[sensor.node])
            self._spare.append((sensor.node, worker.id))
        self._coming[sensor.node] -= need

    def _roomier(self, worker: Worker) -> Callable[[Sensor], tuple[int, str]]:
        """More room first; between equals the same one each time, and not the same one for all."""
        return lambda sensor: (self.room(sensor), _lot(worker.id, sensor.node))


def _holding(worker: Worker, sensors: Iterable[Sensor]) -> list[Sensor]:
    return [sensor for sensor in sensors if worker.held.get(sensor.node)]


def _free_slots(sensor: Sensor) -> list[int]:
    """From the highest down when taken from its end: a node that enrols takes the lowest one."""
    gone = sensor.taken | sensor.blocked
    return [number for number in range(sensor.usable) if number not in gone]


def _slots_of(worker: Worker) -> int:
    """What one home of theirs takes."""
    classes = {template.model_class for template in worker.templates}
    counts = [len(held) for held in worker.held.values()] + [len(worker.of_class(name)) for name in classes]
    return max(counts, default=0) or FINGERS_EACH


def _unproven_first(worker: Worker, node: str) -> tuple[bool, str]:
    return any(held.proven for held in worker.held[node]), _lot(worker.id, node)


def _lot(person: str, node: str) -> str:
    return seal.sha256_hex(f"{person} {node}".encode())


def _load(name: str, slots: int, plan: int, *, full: bool = False) -> Load:
    near = slots * 100 > plan * NEAR_PERCENT
    level = Level.FULL if full or slots >= plan else Level.NEAR if near else Level.FREE
    return Load(name, slots, plan, level)
