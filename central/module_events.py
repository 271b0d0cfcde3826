"""The module at a node's door, as its newest event tells of it."""

from typing import Any

from sqlalchemy import Row, select

from attendance.errors import MalformedError
from attendance.templates import SERVING, Module, ModuleState
from central import search_renewal, slot_history
from central.database import upsert
from central.event_names import read_event_name
from central.event_scribe import Scribe
from central.tables import module, node, slot

ALARM = "module-alarm"
TRUSTED_AGAIN = "module-trusted"
REPLACED = "module-replaced"

_LONGEST = {"model": 64, "model_class": 128, "serial": 64}
_MOST_SLOTS = 1 << 16


def enter(scribe: Scribe, told: Module) -> None:
    """Keep what the newest event says.

    Raises:
        MalformedError: a number or a text of it is beyond anything a module can have.
    """
    _require_possible(told)
    connection = scribe.connection
    before = connection.execute(select(module).where(module.c.node == scribe.node.id)).one_or_none()
    if before is not None and read_event_name(before.event)[1:] >= (scribe.event.epoch, scribe.event.seq):
        return
    _tell_state(scribe, told, before)
    if before is not None and _is_empty_anew(told, before):
        _empty_places(scribe)
    values: dict[str, Any] = {
        "model": told.model,
        "model_class": told.model_class,
        "serial": told.serial,
        "capacity": told.capacity,
        "usable": told.usable,
        "used": told.used,
        "template_key": told.template_key,
        "state": told.state.value,
        "detail": told.detail,
        "event": scribe.reference,
        "at_ms": scribe.event.moment.wall_ms if scribe.event.moment.trusted else scribe.now_ms,
    }
    if told.recovery is not None:
        values["recovery"] = told.recovery  # else the older copy stays: it is the only way into the module
    connection.execute(
        upsert(connection.dialect.name, module)
        .values(node=scribe.node.id, **values)
        .on_conflict_do_update(index_elements=["node"], set_=values)
    )
    if before is not None and told.state in SERVING:
        served_so = before.state in SERVING and before.model_class == told.model_class
        search_renewal.of_node(connection, scribe.node.id, scribe.now_ms, changed=not served_so)


def _require_possible(told: Module) -> None:
    for name, longest in _LONGEST.items():
        if len(getattr(told, name) or "") > longest:
            raise MalformedError(f"the {name} of a module has more than {longest} characters")
    if max(told.capacity, told.usable, told.used) > _MOST_SLOTS:
        raise MalformedError(f"a module tells of more than {_MOST_SLOTS} slots")


def _tell_state(scribe: Scribe, told: Module, before: Row[Any] | None) -> None:
    """Alarms stand in the log once, not once for each start of the node."""
    was_alarming = before is not None and ModuleState(before.state).alarming
    said = f"{told.state}: {told.detail}"
    if told.state.alarming and (before is None or said != f"{before.state}: {before.detail}"):
        scribe.note(ALARM, scribe.node.id, said)
    elif was_alarming and not told.state.alarming:
        scribe.note(TRUSTED_AGAIN, scribe.node.id, said)


def _is_empty_anew(told: Module, before: Row[Any]) -> bool:
    """A technician has taken an empty module as the right one, where there was one with templates."""
    return told.state is ModuleState.NEW and told.used == 0 and before.used > 0


def _empty_places(scribe: Scribe) -> None:
    """The templates went with the module: nobody's finger is in this one, and they are to be sent anew."""
    connection, mine = scribe.connection, scribe.node
    numbers = connection.scalars(
        select(slot.c.slot)
        .distinct()
        .join(node, node.c.unit == slot.c.unit)
        .where(node.c.id == mine.id, slot.c.node.in_(["", mine.id]))
        .order_by(slot.c.slot)
    ).all()
    for number in numbers:
        slot_history.vacate(connection, mine.unit, mine.id, number, scribe.now_ms)
    scribe.note(REPLACED, mine.id, f"an empty module took the place of another: {len(numbers)} slots emptied")
