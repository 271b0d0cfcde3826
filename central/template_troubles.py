"""What of the fingerprints waits for somebody, short enough for a line on other pages."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from attendance.templates import ModuleState
from central.nodes import NodeState
from central.tables import finding, module, node
from central.workplaces import workplace

ALARMING = tuple(state.value for state in ModuleState if state.alarming)
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Troubles:
    """Of the whole regency.

    Attributes:
        findings: for each open finding the units of its two people.
        sensors: for each sensor that is not the one we know the unit of its node.
    """

    findings: tuple[frozenset[str | None], ...] = ()
    sensors: tuple[str, ...] = ()

    def findings_in(self, units: frozenset[str] | None) -> int:
        """How many open findings concern these units; None for all."""
        return len(self.findings) if units is None else sum(bool(both & units) for both in self.findings)

    def sensors_in(self, units: frozenset[str] | None) -> int:
        """How many such sensors stand in these units."""
        return len(self.sensors) if units is None else sum(code in units for code in self.sensors)


def read_troubles(connection: Connection, day: date) -> Troubles:
    """Read them all, in two statements."""
    both = select(workplace(finding.c.employee, day), workplace(finding.c.other, day))
    findings = connection.execute(both.where(finding.c.state == OPEN).order_by(finding.c.id))
    sensors = connection.scalars(
        select(node.c.unit)
        .join(module, module.c.node == node.c.id)
        .where(module.c.state.in_(ALARMING), node.c.state != NodeState.RETIRED)
        .order_by(node.c.id)
    )
    return Troubles(tuple(frozenset(row) for row in findings), tuple(sensors))
