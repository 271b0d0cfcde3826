"""Where the fingers of a person stand, as conditions on `assignment`: held, checked, proven, or missing.

They ask for sets of people ("is one of those who...") where that set is small, so that the database finds it
once and not for each person.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select

from central.nodes import NodeState
from central.tables import assignment, finding, node, pin, slot, template, template_search
from central.template_troubles import OPEN
from central.validity import in_force

SEARCHING = "searching"
NOT_COMPARABLE = frozenset({"other-class", "retired"})
"""Reasons for which a node is not waited for: it holds no finger that could be compared."""


def at_work(day: date, units: frozenset[str] | None) -> ColumnElement[bool]:
    """Assignments in force on a day, in these units (None: all)."""
    working = in_force(assignment.c.valid_from, assignment.c.valid_to, day)
    return working if units is None else and_(working, assignment.c.unit.in_(units))


def _holding() -> ColumnElement[bool]:
    """The node is one whose sensor the entry of `slot` speaks of."""
    return and_(node.c.unit == slot.c.unit, or_(slot.c.node == "", slot.c.node == node.c.id))


def registered() -> ColumnElement[bool]:
    """A node in service holds a finger of them."""
    holders = select(slot.c.employee).join(node, _holding()).where(node.c.state != NodeState.RETIRED)
    return assignment.c.employee.in_(holders)


def under_check() -> ColumnElement[bool]:
    """The template is still searched for somewhere, or a finding about it waits for people.

    Also one that may travel already, because a node did not answer for too long, or could not look.
    """
    doubted = select(finding.c.template).where(finding.c.state == OPEN, finding.c.template.is_not(None))
    unanswered = (
        select(template_search.c.template)
        .join(node, node.c.id == template_search.c.node)
        .where(
            or_(template_search.c.state == "waiting", _would_not_look()), node.c.state != NodeState.RETIRED
        )
    )
    return or_(
        template.c.state == SEARCHING,
        template.c.id.in_(doubted),
        and_(template.c.state == "clear", template.c.id.in_(unanswered)),
    )


def _would_not_look() -> ColumnElement[bool]:
    comparable = template_search.c.reason.not_in(sorted(NOT_COMPARABLE))
    return and_(template_search.c.state == "refused", comparable)


def being_checked() -> ColumnElement[bool]:
    """At least one of their templates was not searched for everywhere, or is doubted; nobody has decided."""
    return assignment.c.employee.in_(select(template.c.employee).where(under_check()))


def travelled_unproven() -> Select[tuple[str]]:
    """Entries of `slot` whose template came from another node and was not matched by a live finger yet."""
    here = and_(template.c.origin_node == slot.c.node, template.c.origin_slot == slot.c.slot)
    entries = select(slot.c.employee).join(template, template.c.id == slot.c.template)
    return entries.where(slot.c.proven_ms.is_(None), not_(here))


def unproven() -> ColumnElement[bool]:
    """A template of theirs travelled, and no live finger has proven it."""
    return assignment.c.employee.in_(travelled_unproven())


def with_pin() -> ColumnElement[bool]:
    """They punch with a PIN in a finger's place."""
    return assignment.c.employee.in_(select(pin.c.employee))


def one_of(people: Collection[str]) -> ColumnElement[bool]:
    """They are among those whom the plan of templates names; see `central.placement_needs`."""
    return assignment.c.employee.in_(sorted(people))
