"""How far the regency-wide search for somebody's new fingers has got, and which nodes are still to answer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from attendance.moment import from_ms
from central.board import is_quiet
from central.nodes import NodeState
from central.tables import node, template, template_search, unit
from central.template_standing import NOT_COMPARABLE, under_check

ANSWERED = frozenset({"clear", "hit"})


@dataclass(frozen=True, slots=True)
class Missing:
    """A node that has not looked yet.

    Attributes:
        seen: when it last asked for anything; None for never.
        quiet: it does not report now.
        refused: why it will not search, or "" where it is only waited for.
    """

    node: str
    unit_name: str
    seen: datetime | None
    quiet: bool
    refused: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Of all templates of a person that are under check together.

    Attributes:
        asked: nodes that were asked.
        missing: of them, those that have not answered for each template.
        travels: the templates may go to other offices already: nodes that do not answer are not waited for
            without end, though they are still asked.
    """

    asked: int
    missing: tuple[Missing, ...]
    travels: bool

    @property
    def done(self) -> int:
        """Nodes that have answered."""
        return self.asked - len(self.missing)


def progress_of(connection: Connection, people: Collection[str], now: datetime) -> dict[str, Progress]:
    """The progress of these people in one statement; who is asked nowhere has no entry.

    Nodes that hold nothing to compare with do not count.
    """
    query = (
        select(
            template.c.employee,
            template.c.state.label("template_state"),
            template_search.c.node,
            template_search.c.state,
            template_search.c.reason,
            node.c.last_seen_ms,
            unit.c.name.label("unit_name"),
        )
        .select_from(
            template_search.join(template, template.c.id == template_search.c.template)
            .join(node, node.c.id == template_search.c.node)
            .join(unit, unit.c.code == node.c.unit)
        )
        .where(template.c.employee.in_(people), under_check(), node.c.state != NodeState.RETIRED)
        .order_by(unit.c.name, template_search.c.node)
    )
    asked: dict[str, set[str]] = {}
    missing: dict[str, dict[str, Missing]] = {}
    waiting: set[str] = set()
    for row in connection.execute(query):
        if row.state == "refused" and row.reason in NOT_COMPARABLE:
            continue
        asked.setdefault(row.employee, set()).add(row.node)
        if row.template_state != "clear":
            waiting.add(row.employee)
        if row.state not in ANSWERED:
            seen = from_ms(row.last_seen_ms) if row.last_seen_ms is not None else None
            line = Missing(row.node, row.unit_name, seen, is_quiet(seen, now), row.reason)
            missing.setdefault(row.employee, {}).setdefault(row.node, line)
    return {
        person: Progress(len(nodes), tuple(missing.get(person, {}).values()), person not in waiting)
        for person, nodes in asked.items()
    }
