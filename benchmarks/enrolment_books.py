"""What central's books say of an enrolment proof, read past its pages."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from central.database import Database
from central.tables import (
    event,
    finding,
    module,
    node,
    person_key,
    placement,
    slot,
    template,
    template_search,
)


class Books:
    """The database of a running central; everything here only reads."""

    def __init__(self, file: Path) -> None:
        self.database = Database(f"sqlite:///{file}")

    def close(self) -> None:
        """Let go of it."""
        self.database.close()

    def nodes(self) -> dict[str, str]:
        """The unit of each node."""
        with self.database.read() as connection:
            return {row.id: row.unit for row in connection.execute(select(node.c.id, node.c.unit))}

    def holders(self, name: str) -> set[str]:
        """Whose fingers a node holds."""
        with self.database.read() as connection:
            return set(connection.scalars(select(slot.c.employee).where(slot.c.node == name)))

    def templates(self) -> dict[str, list[str]]:
        """The states of the templates of each person."""
        found: dict[str, list[str]] = {}
        with self.database.read() as connection:
            for row in connection.execute(select(template.c.employee, template.c.state)):
                found.setdefault(row.employee, []).append(row.state)
        return found

    def waiting_searches(self) -> int:
        """Searches that some node has not answered yet."""
        waiting = template_search.c.state == "waiting"
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(template_search).where(waiting)) or 0

    def open_placements(self) -> list[tuple[str, str, str]]:
        """Installs and purges that no node has confirmed, as (what, node, person)."""
        with self.database.read() as connection:
            rows = connection.execute(select(placement).where(placement.c.state == "open"))
            return [(row.do, row.node, row.employee) for row in rows]

    def findings(self) -> list[tuple[int, str, str | None]]:
        """Open findings: number, whose new finger it was, and who holds it already."""
        with self.database.read() as connection:
            rows = connection.execute(select(finding).where(finding.c.state == "open"))
            return [(row.id, row.employee, row.other) for row in rows]

    def module_states(self) -> dict[str, str]:
        """What each node says of its module."""
        with self.database.read() as connection:
            return {row.node: row.state for row in connection.execute(select(module))}

    def keys(self) -> set[str]:
        """People whose templates can still be opened."""
        with self.database.read() as connection:
            return set(connection.scalars(select(person_key.c.employee)))

    def has(self, name: str, seq: int) -> bool:
        """Whether central holds this event of a node."""
        return self._event(name, seq) is not None

    def person_of(self, name: str, seq: int) -> str | None:
        """Whom central takes a punch for."""
        row = self._event(name, seq)
        return None if row is None else row.person

    def _event(self, name: str, seq: int) -> Row[Any] | None:
        with self.database.read() as connection:
            wanted = (event.c.node == name) & (event.c.seq == seq)
            return connection.execute(select(event.c.person).where(wanted)).one_or_none()
