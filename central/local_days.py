"""Which day it is at a node or a unit: each lives by the zone of its office."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from attendance.moment import from_ms
from central.tables import node, unit


def day_of_node(connection: Connection, node_id: str, now_ms: int) -> date:
    """Today in the zone of the node's unit; the node is known."""
    zone = connection.scalar(
        select(unit.c.zone).join(node, node.c.unit == unit.c.code).where(node.c.id == node_id)
    )
    assert zone is not None
    return from_ms(now_ms).astimezone(ZoneInfo(zone)).date()


def days_of_units(connection: Connection, now_ms: int) -> dict[str, date]:
    """Today in every unit."""
    now = from_ms(now_ms)
    rows = connection.execute(select(unit.c.code, unit.c.zone)).all()
    days = {zone: now.astimezone(ZoneInfo(zone)).date() for zone in {row.zone for row in rows}}
    return {row.code: days[row.zone] for row in rows}
