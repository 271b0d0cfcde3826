"""Searches due although a template was cleared: what it is to be compared with was not there then.

Two templates are compared where one is looked for in a library that holds the other. Libraries change: a
sensor stands aside while it is not trusted, and a template that travels may come to a node that has looked
for a newer one already, and go from one that has not looked yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    false,
    not_,
    null,
    or_,
    select,
    update,
)

from central.database import upsert
from central.nodes import NodeState
from central.tables import module, node, slot, slot_past, template, template_search

_MET = ("clear", "hit")
_CURABLE = ("other-class", "bad-seal")
"""Refusals that say nothing of the node as it is now, once it tells of its module again."""
_OF_THE_MODULE = ("impossible", "bad-template")
"""Refusals that say nothing of another module."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """A node held the template from then to then; None where it holds it still."""

    node: str
    slot: int
    since_ms: int
    until_ms: int | None


def of_node(connection: Connection, node_id: str, now_ms: int, *, changed: bool) -> int:
    """Ask a node that told of its module again for what it was not asked while it could not look.

    Args:
        connection: the transaction, in which the module is entered already.
        node_id: which.
        now_ms: central's clock.
        changed: its module did not serve before, or was of another class. Else only templates can be missing
            that were made since the node is known: what it holds itself was looked for elsewhere.
    """
    here = (
        select(template.c.id)
        .join(module, module.c.model_class == template.c.model_class)
        .join(node, node.c.id == module.c.node)
        .where(node.c.id == node_id, node.c.state == NodeState.ACTIVE)
    )
    curable = and_(
        template_search.c.node == node_id,
        template_search.c.state == "refused",
        template_search.c.reason.in_(_CURABLE + (_OF_THE_MODULE if changed else ())),
        template_search.c.template.in_(here),
    )
    again = {"state": "waiting", "reason": "", "asked_ms": now_ms, "ended_ms": None}
    again_count = {"asked_again": template_search.c.asked_again + 1}
    asked = connection.execute(update(template_search).where(curable).values(**again, **again_count)).rowcount
    known = exists().where(template_search.c.template == template.c.id, template_search.c.node == node_id)
    missing = here.where(template.c.origin_node != node_id, not_(known))
    if not changed:
        missing = missing.where(template.c.created_ms >= node.c.claimed_at_ms)
    return asked + _ask(connection, list(connection.scalars(missing)), node_id, now_ms)


def after_move(
    connection: Connection, template_id: str, now_ms: int, *, arrived_at: tuple[str, int] | None
) -> int:
    """Look for newer templates once more that this one, which has come or gone, was never compared with.

    The older ones it was looked for itself, where they lay.

    Args:
        connection: the transaction, in which the slots are as they are now.
        template_id: of what has come or gone.
        now_ms: central's clock.
        arrived_at: node and slot that it has come to just now; None where it has gone from one. What that
            node told of before, in this batch too, it did without it.

    Returns:
        How many searches were ordered.
    """
    moved = connection.execute(select(template).where(template.c.id == template_id)).one_or_none()
    lies = _lies_at(connection, template_id)
    if moved is None or not lies:
        return 0
    stays = [stay for stay in lies if (stay.node, stay.slot) != arrived_at] + _gone_from(
        connection, moved.employee
    )
    # What else waits elsewhere may come too late there: this one may be gone by then.
    there = [arrived_at[0]] if arrived_at else [stay.node for stay in lies]
    awaited = exists().where(
        template_search.c.template == template.c.id,
        template_search.c.state == "waiting",
        template_search.c.node.in_(there),
    )
    strangers = select(template.c.id).where(
        template.c.model_class == moved.model_class,
        template.c.employee != moved.employee,
        template.c.created_ms >= moved.created_ms,
        not_(_met(stays)),
        not_(awaited),
    )
    target = _most_willing(connection, there)
    return _ask(connection, list(connection.scalars(strangers)), target, now_ms)


def _met(stays: Iterable[_Stay]) -> ColumnElement[bool]:
    """Looked for, or enrolled, at a node while it held the other one."""
    looked, enrolled = [], []
    for stay in stays:
        in_time = [template_search.c.ended_ms >= stay.since_ms]
        made = [template.c.created_ms >= stay.since_ms]
        if stay.until_ms is not None:
            in_time.append(template_search.c.ended_ms < stay.until_ms)
            made.append(template.c.created_ms < stay.until_ms)
        looked.append(and_(template_search.c.node == stay.node, *in_time))
        enrolled.append(and_(template.c.origin_node == stay.node, *made))
    search = exists().where(
        template_search.c.template == template.c.id,
        template_search.c.state.in_(_MET),
        or_(false(), *looked),
    )
    return or_(search, *enrolled)


def _lies_at(connection: Connection, template_id: str) -> list[_Stay]:
    """Where it is by the books; an entry for a whole unit speaks of all of its nodes."""
    query = (
        select(node.c.id, slot.c.slot, slot.c.since_ms)
        .join(slot, and_(slot.c.unit == node.c.unit, or_(slot.c.node == "", slot.c.node == node.c.id)))
        .where(slot.c.template == template_id, node.c.state != NodeState.RETIRED)
        .order_by(node.c.id)
    )
    return [_Stay(row.id, row.slot, row.since_ms or 0, None) for row in connection.execute(query)]


def _gone_from(connection: Connection, person: str) -> list[_Stay]:
    """Where their fingers were; the history does not say which of them."""
    query = select(slot_past.c.node, slot_past.c.slot, slot_past.c.since_ms, slot_past.c.until_ms)
    rows = connection.execute(query.where(slot_past.c.employee == person).distinct())
    return [_Stay(row.node, row.slot, row.since_ms or 0, row.until_ms) for row in rows]


def _most_willing(connection: Connection, names: list[str]) -> str:
    """The one of them that was heard of last, of those that may be asked."""
    query = (
        select(node.c.id)
        .where(node.c.id.in_(names), node.c.state == NodeState.ACTIVE)
        .order_by(node.c.last_seen_ms.desc(), node.c.id)
    )
    return connection.scalars(query.limit(1)).first() or names[0]


def _ask(connection: Connection, names: list[str], node_id: str, now_ms: int) -> int:
    if not names:
        return 0
    values: dict[str, Any] = {"state": "waiting", "reason": "", "asked_ms": now_ms}
    rows = [{"template": name, "node": node_id, **values} for name in names]
    anew = {"asked_again": template_search.c.asked_again + 1, "ended_ms": null()}
    query = upsert(connection.dialect.name, template_search).on_conflict_do_update(
        index_elements=["template", "node"], set_={**values, **anew}
    )
    connection.execute(query, rows)
    return len(rows)
