"""Whether templates are held back by findings."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, CompoundSelect, Connection, and_, exists, or_, select, update

from central.tables import finding, template

HELD = "held"
SEARCHING = "searching"
HOLDING = ("open", "cheat")
"""States of a finding in which its template goes nowhere."""
FALSE, OTHER_FALSE = "cheat", "cheat-other"
"""States in which its template, or the one that it was found alike to, is somebody else's finger."""


def holds_back() -> ColumnElement[bool]:
    """The finding, joined to a template, keeps it from travelling."""
    return or_(
        and_(finding.c.template == template.c.id, finding.c.state.in_(HOLDING)),
        and_(finding.c.other_template == template.c.id, finding.c.state == OTHER_FALSE),
    )


def false_ones() -> CompoundSelect[tuple[str]]:
    """Ids of the templates that people have decided to be somebody else's finger."""
    new = select(finding.c.template).where(finding.c.state == FALSE)
    return new.union(select(finding.c.other_template).where(finding.c.state == OTHER_FALSE))


def refresh(connection: Connection, templates: Iterable[str | None]) -> None:
    """Hold the templates that a finding holds back, and let go of the others.

    One that nothing holds any more is searched for again where that was not done; planning then clears it,
    or orders that its slots are emptied where people called it cheating. One that is no longer kept, replaced
    or destroyed since, needs nothing.
    """
    named = {name for name in templates if name is not None}
    held = exists(select(finding.c.id).where(holds_back()))
    mine = template.c.id.in_(named)
    connection.execute(update(template).where(mine, held).values(state=HELD))
    free = update(template).where(mine, ~held, template.c.state == HELD)
    connection.execute(free.values(state=SEARCHING))
