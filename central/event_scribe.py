"""Writes what one event of a node came to, in the transaction of its batch."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from attendance.chain import Event
from central import audit
from central.event_names import event_name
from central.nodes import Node
from central.tables import employee


@dataclass(frozen=True, slots=True)
class Scribe:
    """For one event.

    Attributes:
        connection: the transaction of the batch.
        node: whose event it is, as it stood before the batch.
        event: verified.
        now_ms: central's clock.
    """

    connection: Connection
    node: Node
    event: Event
    now_ms: int

    @property
    def reference(self) -> str:
        """The name of the event: node/epoch/seq."""
        return event_name(self.node.id, self.event.epoch, self.event.seq)

    @property
    def happened_ms(self) -> int | None:
        """It happened no earlier than this; None where nothing is known of that."""
        moment = self.event.moment
        if moment.trusted:
            return min(moment.wall_ms, self.now_ms)
        return self.node.reported_until_ms

    def knows(self, person: str) -> bool:
        """Whether the books have somebody of this id."""
        query = select(employee.c.id).where(employee.c.id == person)
        return self.connection.scalar(query) is not None

    def note(self, action: str, subject: str, detail: str) -> None:
        """Write into the log of deeds what the node told."""
        place = f"{self.node.unit}/{self.node.id}, event {self.event.seq}"
        audit.note(
            self.connection, self.now_ms, f"node:{self.node.id}", action, subject, f"{place}: {detail}"
        )
