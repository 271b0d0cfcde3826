"""Which slots of a node hold a template that the safe lacks."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select

from attendance.templates import SERVING
from central.local_days import day_of_node
from central.nodes import NodeState
from central.tables import assignment, export_refusal, module, node, slot, template


def wanted_exports(connection: Connection, node_id: str, now_ms: int) -> list[Any]:
    """Rows of `slot` whose template this node is to hand in, in the order of their numbers.

    Nobody's who no longer works here: it would be taken in to be erased. Not those that the node has refused
    since the slot was filled. A slot that stands in the books for every node of the unit is asked of one of
    them, and of the next one where that refuses.
    """
    today = day_of_node(connection, node_id, now_ms)
    works = exists().where(
        assignment.c.employee == slot.c.employee,
        assignment.c.valid_to.is_(None) | (assignment.c.valid_to >= today),
    )
    own = slot.alias()
    overridden = exists().where(
        slot.c.node == "", own.c.unit == slot.c.unit, own.c.node == node_id, own.c.slot == slot.c.slot
    )
    rows = connection.execute(
        select(slot.c.slot, slot.c.employee, slot.c.finger, slot.c.since_ms, slot.c.template)
        .join(node, node.c.unit == slot.c.unit)
        .where(
            node.c.id == node_id,
            or_(slot.c.node == node_id, and_(slot.c.node == "", not_(_asked_of_another(node_id)))),
            not_(overridden),
            not_(exists().where(template.c.id == slot.c.template)),
            not_(_refused_by(node.c.id)),
            works,
        )
        .order_by(slot.c.slot)
    )
    return list(rows)


def _asked_of_another(node_id: str) -> ColumnElement[bool]:
    """A node of the unit comes before this one and has not refused."""
    other, its_module, own = node.alias(), module.alias(), slot.alias()
    overridden = exists().where(
        own.c.unit == slot.c.unit, own.c.node == other.c.id, own.c.slot == slot.c.slot
    )
    return exists().where(
        other.c.unit == slot.c.unit,
        other.c.id < node_id,
        other.c.state == NodeState.ACTIVE,
        its_module.c.node == other.c.id,
        its_module.c.state.in_(SERVING),
        not_(_refused_by(other.c.id)),
        not_(overridden),
    )


def _refused_by(name: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(
        export_refusal.c.node == name,
        export_refusal.c.slot == slot.c.slot,
        export_refusal.c.employee == slot.c.employee,
        slot.c.since_ms.is_(None) | (export_refusal.c.at_ms >= slot.c.since_ms),
    )
