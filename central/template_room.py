"""What is known of a unit's sensors and of the people who punch there, to place templates by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PLANNED_PERCENT = 60
"""Of a sensor's capacity. The rest is for fingers enrolled anew, for people who come, and for fewer wrong
hits in a smaller library."""
NEAR_PERCENT = 80
"""Of the plan: from here on somebody should see to another sensor."""
FINGERS_EACH = 2
"""Slots that somebody needs who is not enrolled yet."""


class Level(StrEnum):
    """How near a sensor or a unit is to its plan."""

    FREE = "free"
    NEAR = "near"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Sensor:
    """The module of one node.

    Attributes:
        capacity, usable: slots; as in `attendance.templates.Module`.
        used: slots in use, as the module counts them.
        taken: numbers that the books give to somebody, or that an open order is to fill.
        blocked: numbers that were found in use, whatever the books say.
        leaving: slots that open orders are to empty.
    """

    node: str
    model_class: str
    capacity: int
    usable: int
    used: int = 0
    taken: frozenset[int] = frozenset()
    blocked: frozenset[int] = frozenset()
    leaving: int = 0

    @property
    def plan(self) -> int:
        """Slots that may be given away."""
        return min(self.usable, self.capacity * PLANNED_PERCENT // 100)

    @property
    def load(self) -> int:
        """Slots in use, or soon so; the module may hold some that the books do not know."""
        return max(self.used, len(self.taken | self.blocked))


@dataclass(frozen=True, slots=True)
class Held:
    """A finger that a sensor holds, or that an open order brings there.

    Attributes:
        finger: "" where nobody knows.
        template: central's id, or None where the safe has none of it.
        outdated: the finger was enrolled anew since, elsewhere; the newer one is to come here too.
        copy: it was brought here, not enrolled here.
        proven: a live finger has matched it here.
    """

    finger: str
    template: str | None = None
    outdated: bool = False
    copy: bool = False
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Travelling:
    """The newest template of a finger.

    Attributes:
        clear: it may be installed. One that is still looked for elsewhere only keeps its place.
    """

    id: str
    finger: str
    model_class: str
    clear: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who works at the unit today, or begins within days.

    Attributes:
        held: what the sensors of the unit hold of them, by node.
    """

    id: str
    templates: tuple[Travelling, ...] = ()
    held: Mapping[str, tuple[Held, ...]] = field(default_factory=dict, hash=False)

    def of_class(self, model_class: str) -> tuple[Travelling, ...]:
        """Their templates that a sensor of this class understands."""
        return tuple(template for template in self.templates if template.model_class == model_class)

    def missing_at(self, sensor: Sensor) -> tuple[Travelling, ...]:
        """Templates that this sensor should hold of them and does not.

        None where it holds a finger of them that nobody can name: it may be any of these.
        """
        here = self.held.get(sensor.node, ())
        if any(not held.finger and held.template is None for held in here):
            return ()
        fingers = {held.finger for held in here if held.finger and not held.outdated}
        ids = {held.template for held in here}
        return tuple(
            template
            for template in self.of_class(sensor.model_class)
            if template.id not in ids and template.finger not in fingers
        )

    def need_at(self, sensor: Sensor) -> int:
        """Slots still to be taken for them at this sensor."""
        if not self.of_class(sensor.model_class) and not self.held.get(sensor.node):
            return FINGERS_EACH
        return len(self.missing_at(sensor))
