"""Who must be enrolled once more at their office, and for whom its sensors have no room, by the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from central import placements
from central.placement_planning import Changes
from central.tables import template


@dataclass(frozen=True, slots=True)
class Needs:
    """What only people can do.

    Attributes:
        elsewhere: nodes at which somebody is to be enrolled though they are enrolled at others, by person: no
            template of theirs fits the sensors there.
        without_room: people who should get a place in a sensor of their unit where there is none, by unit.
    """

    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without_room: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def homeless(self, units: frozenset[str] | None) -> frozenset[str]:
        """People without room in these units (None: in all)."""
        return frozenset(
            person
            for unit_code, people in self.without_room.items()
            if units is None or unit_code in units
            for person in people
        )


def read_needs(connection: Connection, now_ms: int) -> Needs:
    """Plan, and tell what the plan can't do by itself. It takes as long as planning does: a tenth of a
    millisecond for each person.
    """
    return needs_of(placements.read_changes(connection, now_ms), enrolled_people(connection))


def enrolled_people(connection: Connection) -> frozenset[str]:
    """Everybody of whom the safe keeps a template."""
    return frozenset(connection.scalars(select(template.c.employee).distinct()))


def needs_of(changes: Changes, enrolled: frozenset[str]) -> Needs:
    """The same of a plan that was read already."""
    elsewhere: dict[str, tuple[str, ...]] = {}
    for placing in changes.units.values():
        for person, node in placing.to_enrol:
            if person in enrolled:
                elsewhere[person] = (*elsewhere.get(person, ()), node)
    homeless = {code: placing.without_room for code, placing in changes.units.items() if placing.without_room}
    return Needs(elsewhere, homeless)
