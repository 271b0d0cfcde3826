"""The name of an event in other rows and on pages: node/epoch/seq."""

from sqlalchemy import ColumnElement, and_, false

from central.tables import event


def event_name(node: str, epoch: int, seq: int) -> str:
    """The name."""
    return f"{node}/{epoch}/{seq}"


def read_event_name(text: str) -> tuple[str, int, int]:
    """Node, epoch and number that a name is of.

    Raises:
        ValueError: it is none.
    """
    node, epoch, seq = text.split("/")
    return node, int(epoch), int(seq)


def is_event(name: str) -> ColumnElement[bool]:
    """The condition for the one event of this name; for none, where the text names none."""
    try:
        node, epoch, seq = read_event_name(name)
    except ValueError:
        return false()
    return and_(event.c.node == node, event.c.epoch == epoch, event.c.seq == seq)
