"""Where a new template is still to be looked for, and when it has been looked for enough to travel.

Two templates are compared where either is looked for in the library that holds the other. So a new one goes
to every other node of its class, and one that was cleared is not sent again to a node that joins later: what
that node holds is handed in, and looked for in its turn.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, not_, or_, select, update

from attendance.templates import SERVING
from central import template_states
from central.database import upsert
from central.nodes import NodeState
from central.tables import module, node, template, template_search

PATIENCE = timedelta(days=14)
"""How long a template waits for nodes that do not answer. Offices stand locked for up to ten days around
Idulfitri, with everything switched off; whoever came new must not wait for a door that is broken for good.
The search stays ordered: the page calls the template not yet searched everywhere until the last node has
answered."""

_MS = timedelta(milliseconds=1)


def order_name(template_id: str, asked_again: int) -> str:
    """The name of the order. Asked again it is another one: a node does none twice that it has ended."""
    return f"s-{template_id}-{asked_again}" if asked_again else f"s-{template_id}"


def named_in(order_id: str) -> frozenset[str]:
    """Ids of the template that an order of this name may be for; none where it is no search."""
    if not order_id.startswith("s-"):
        return frozenset()
    rest = order_id.removeprefix("s-")
    return frozenset({rest, rest.rpartition("-")[0]})


@dataclass(frozen=True, slots=True)
class Asked:
    """Searches that were ordered.

    Attributes:
        last: of the last template that was looked at, where there may be more; else "".
    """

    count: int
    last: str


def ask(
    connection: Connection, now_ms: int, limit: int, *, after: str = "", only: str | None = None
) -> Asked:
    """Order the searches that are missing, at most so many.

    Args:
        connection: a transaction that may write.
        now_ms: central's clock.
        limit: rows to write.
        after: those for templates from this id on; going on there finds them faster than beginning anew.
        only: those for this template.
    """
    missing = _missing().order_by(template.c.id).limit(limit).where(template.c.id >= after)
    if only is not None:
        missing = missing.where(template.c.id == only)
    rows = [
        {"template": row.id, "node": row.node, "state": "waiting", "reason": "", "asked_ms": now_ms}
        for row in connection.execute(missing)
    ]
    if rows:
        query = upsert(connection.dialect.name, template_search).on_conflict_do_nothing()
        connection.execute(query, rows)
    return Asked(len(rows), rows[-1]["template"] if len(rows) == limit else "")


def give_up(connection: Connection, now_ms: int) -> int:
    """End the searches that nobody will do: the node is retired, or its module is of another class now."""
    waiting = update(template_search).where(template_search.c.state == "waiting")
    ended = 0
    for condition, reason in ((_retired(), "retired"), (_of_another_class(), "other-class")):
        values = {"state": "refused", "reason": reason, "ended_ms": now_ms}
        ended += connection.execute(waiting.where(condition).values(**values)).rowcount
    return ended


def clear(connection: Connection, now_ms: int) -> int:
    """Let the templates travel that nothing holds back any more; return how many."""
    return connection.execute(update(template).where(_cleared(now_ms)).values(state="clear")).rowcount


def pending(connection: Connection, now_ms: int) -> bool:
    """Whether any of these has something to do."""
    hopeless = and_(template_search.c.state == "waiting", or_(_retired(), _of_another_class()))
    queries = (
        _missing(),
        select(template_search.c.template).where(hopeless),
        select(template.c.id).where(_cleared(now_ms)),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def _retired() -> ColumnElement[bool]:
    return template_search.c.node.in_(select(node.c.id).where(node.c.state == NodeState.RETIRED))


def _of_another_class() -> ColumnElement[bool]:
    return not_(
        exists().where(
            template.c.id == template_search.c.template,
            module.c.node == template_search.c.node,
            module.c.model_class == template.c.model_class,
        )
    )


def _cleared(now_ms: int) -> ColumnElement[bool]:
    held = exists().where(template_states.holds_back())
    awaited = exists().where(
        template_search.c.template == template.c.id,
        template_search.c.node == node.c.id,
        template_search.c.state == "waiting",
        template_search.c.asked_ms >= now_ms - PATIENCE // _MS,
        _within_reach(now_ms),
    )
    return and_(template.c.state == "searching", not_(held), not_(awaited))


def _within_reach(now_ms: int) -> ColumnElement[bool]:
    """The node may answer soon: it is trusted, and was heard of lately."""
    return and_(node.c.state == NodeState.ACTIVE, node.c.last_seen_ms >= now_ms - PATIENCE // _MS)


def _missing() -> Select[Any]:
    known = exists().where(
        template_search.c.template == template.c.id, template_search.c.node == module.c.node
    )
    return (
        select(template.c.id, module.c.node)
        .join(module, module.c.model_class == template.c.model_class)
        .join(node, node.c.id == module.c.node)
        .where(
            template.c.state == "searching",
            node.c.state == NodeState.ACTIVE,
            module.c.state.in_(SERVING),
            module.c.node != template.c.origin_node,
            not_(known),
        )
    )
