"""Whether templates are held back by findings."""

from collections.abc import Iterable

from sqlalchemy import Connection, exists, select, update

from central.tables import finding, template

HELD = "held"
SEARCHING = "searching"
HOLDING = ("open", "cheat")
"""States of a finding in which its template goes nowhere."""


def refresh(connection: Connection, templates: Iterable[str | None]) -> None:
    """Hold the templates that a finding holds back, and let go of the others.

    One that nothing holds any more is searched for again where that was not done; planning then clears it,
    or orders that its slots are emptied where people called it cheating. One that is no longer kept, replaced
    or destroyed since, needs nothing.
    """
    named = {name for name in templates if name is not None}
    held = exists(
        select(finding.c.id).where(finding.c.template == template.c.id, finding.c.state.in_(HOLDING))
    )
    mine = template.c.id.in_(named)
    connection.execute(update(template).where(mine, held).values(state=HELD))
    free = update(template).where(mine, ~held, template.c.state == HELD)
    connection.execute(free.values(state=SEARCHING))
