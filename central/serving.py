"""Which node serves whom: the nodes of a person's unit, and every node whose sensor holds his finger."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from central.nodes import NodeState
from central.tables import node, slot


def slots_of_node(connection: Connection, name: str) -> dict[int, str]:
    """Whose finger each slot of this node holds; an entry for the node itself wins over one for its unit."""
    rows = connection.execute(
        select(slot.c.slot, slot.c.employee)
        .join(node, node.c.unit == slot.c.unit)
        .where(node.c.id == name, slot.c.node.in_(["", name]))
        .order_by(slot.c.node)
    )
    return {row.slot: row.employee for row in rows}


class Serving:
    """The nodes that could hold a punch of a person, for many people at once.

    A distrusted node still could hold a punch: it stays in and keeps the day open until a person has looked.

    Args:
        connection: for reading.
        retired: take in retired nodes too, which may hold punches of days on which they were in service.
    """

    def __init__(self, connection: Connection, *, retired: bool = False) -> None:
        query = select(node.c.id, node.c.unit)
        rows = connection.execute(query if retired else query.where(node.c.state != NodeState.RETIRED)).all()
        by_unit: dict[str, set[str]] = {}
        for row in rows:
            by_unit.setdefault(row.unit, set()).add(row.id)
        self._by_unit: Mapping[str, frozenset[str]] = {key: frozenset(ids) for key, ids in by_unit.items()}
        self._by_person: dict[str, set[str]] = {}
        for entry in connection.execute(select(slot.c.unit, slot.c.node, slot.c.employee)):
            of_unit = self._by_unit.get(entry.unit, frozenset())
            holding = of_unit if entry.node == "" else of_unit & {entry.node}
            self._by_person.setdefault(entry.employee, set()).update(holding)

    def nodes_of(self, person: str, unit_code: str) -> frozenset[str]:
        """Every node that could hold a punch of this person."""
        return self._by_unit.get(unit_code, frozenset()) | self._by_person.get(person, set())

    def units_of(self, names: Iterable[str]) -> frozenset[str]:
        """Units whose people one of these nodes serves."""
        wanted = frozenset(names)
        return frozenset(unit_code for unit_code, ids in self._by_unit.items() if ids & wanted)

    def holders_on(self, names: Iterable[str]) -> frozenset[str]:
        """People whose finger one of these nodes holds."""
        wanted = frozenset(names)
        return frozenset(person for person, ids in self._by_person.items() if ids & wanted)
