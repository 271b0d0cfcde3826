"""A node tells which slots are empty after a technician took its module."""

import pytest
from sqlalchemy import select, update

from attendance.templates import CLEARED, Cleared
from central.tables import slot, slot_past
from tests.support.central import Central
from tests.support.central_node import CentralNode


def tell(node: CentralNode, **slots: str | None) -> None:
    node.write(CLEARED, Cleared({int(name[1:]): person for name, person in slots.items()}).content())
    node.sent(node.events[-1:])


def held(central: Central) -> dict[int, str]:
    return {row.slot: row.employee for row in central.rows(select(slot))}


def test_slots_that_were_cleared_are_nobodys_and_keep_their_history(
    central: Central, node: CentralNode
) -> None:
    tell(node, s1="p1", s9=None)
    assert held(central) == {2: "p2", 3: "p3"}
    assert [row.employee for row in central.rows(select(slot_past))] == ["p1"]
    assert "slots-cleared" in central.audit_actions()
    tell(node, s1="p1", s9=None)
    assert held(central) == {2: "p2", 3: "p3"}


def test_a_slot_that_was_given_to_another_by_hand_is_for_people_to_look_at(
    central: Central, node: CentralNode
) -> None:
    tell(node, s1="p2")
    assert held(central) == {1: "p1", 2: "p2", 3: "p3"}
    assert "template-conflict" in central.audit_actions()


def test_a_slot_that_the_node_itself_filled_is_empty_whoever_it_names(
    central: Central, node: CentralNode
) -> None:
    """Two books named two people: the node tells of nobody."""
    with central.office.database.write() as connection:
        connection.execute(update(slot).where(slot.c.slot == 1).values(event=f"{node.id}/1/1"))
    tell(node, s1=None)
    assert held(central) == {2: "p2", 3: "p3"}


@pytest.mark.parametrize(
    "content",
    [{}, {"slots": 3}, {"slots": [7]}, {"slots": [{"slot": "7"}]}, {"slots": [{"slot": 7, "person": 5}]}],
)
def test_what_cannot_be_read_changes_nothing(
    content: dict[str, object], central: Central, node: CentralNode
) -> None:
    node.write(CLEARED, content)
    node.sent(node.events[-1:])
    assert held(central) == {1: "p1", 2: "p2", 3: "p3"}
    assert "template-event-unreadable" in central.audit_actions()
