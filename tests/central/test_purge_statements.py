"""What a statement does to the books, and what a node may still tell after it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from attendance.moment import from_ms
from attendance.orders import Do
from central import people, purge_statements
from central.orders import plan_everything
from central.placements import outstanding_purges
from central.purge_statements import Fate, StatementError
from central.purge_waits import NodeWaits, read_waits
from central.tables import node as node_table
from central.tables import placement, slot
from tests.support.central import Central
from tests.support.central_node import CentralNode
from tests.support.central_templates import tell_failed, tell_module, tell_purged
from tests.support.template_vault_world import open_orders

TEXT = "Dimusnahkan di depan saksi, berita acara 4/2017."


@pytest.fixture
def owed(central: Central, node: CentralNode) -> NodeWaits:
    """Somebody left; their finger lies in a node that was not heard of for days."""
    tell_module(node)
    node.sent()
    with central.office.database.write() as connection:
        people.leave(connection, "p1", central.clock.at.date(), central.clock.now_ms())
    central.clock.at += timedelta(days=3)
    plan_everything(central.office)
    return waits(central)[0]


def waits(central: Central) -> list[NodeWaits]:
    now_ms = central.clock.now_ms()
    with central.office.database.read() as connection:
        return read_waits(connection, from_ms(now_ms), None)


def state(central: Central, owed: NodeWaits, text: str = TEXT) -> int:
    with central.office.database.write() as connection:
        return purge_statements.state(
            connection, owed, Fate.DESTROYED, text, "hradmin", central.clock.now_ms()
        )


def order_of(central: Central) -> tuple[str, str]:
    (row,) = central.rows(select(placement.c.id, placement.c.state).where(placement.c.do == "purge"))
    return row.id, row.state


def statements(central: Central) -> list[purge_statements.Statement]:
    with central.office.database.read() as connection:
        return purge_statements.read_statements(connection, None)


def test_a_statement_ends_the_waiting_for_good(central: Central, owed: NodeWaits) -> None:
    assert state(central, owed) == 1
    for _day in range(3):
        plan_everything(central.office)
        assert waits(central) == []
        central.clock.at += timedelta(days=1)
    with central.office.database.read() as connection:
        assert outstanding_purges(connection, central.clock.now_ms()) == []
    assert central.rows(select(slot).where(slot.c.employee == "p1")) == []
    assert len(central.rows(select(slot))) == 2
    (said,) = statements(central)
    assert (said.fate, said.text, said.by, said.slots) == ("destroyed", TEXT, "hradmin", (1,))
    assert not said.confirmed


def test_a_node_that_comes_back_still_erases_and_is_believed(
    central: Central, node: CentralNode, owed: NodeWaits
) -> None:
    state(central, owed)
    (order,) = [order for order in open_orders(central, node.id) if order.do is Do.PURGE]
    tell_purged(node, order.id, "p1", 1)
    node.sent(node.events[-1:])
    assert order_of(central) == (order.id, "done")
    assert "template-purged" in central.audit_actions()
    assert statements(central)[0].confirmed
    assert [order for order in open_orders(central, node.id) if order.do is Do.PURGE] == []


def test_a_node_that_refuses_after_the_statement_is_not_asked_again(
    central: Central, node: CentralNode, owed: NodeWaits
) -> None:
    state(central, owed)
    tell_failed(node, order_of(central)[0], "p1", "not-yours")
    node.sent(node.events[-1:])
    plan_everything(central.office)
    assert waits(central) == []
    assert [order for order in open_orders(central, node.id) if order.do is Do.PURGE] == []


def test_a_retired_node_is_spoken_for_and_gets_no_orders(
    central: Central, node: CentralNode, owed: NodeWaits
) -> None:
    with central.office.database.write() as connection:
        connection.execute(update(node_table).values(state="retired", last_seen_ms=central.clock.now_ms()))
    (now_owed,) = waits(central)
    assert state(central, now_owed) == 1
    assert open_orders(central, node.id) == []


def test_who_can_be_waited_for_is_not_spoken_for(central: Central, owed: NodeWaits) -> None:
    with central.office.database.write() as connection:
        connection.execute(update(node_table).values(last_seen_ms=central.clock.now_ms()))
    (now_owed,) = waits(central)
    with pytest.raises(StatementError, match="confirms what it erases itself"):
        state(central, now_owed)
    assert order_of(central)[1] == "open"


@pytest.mark.parametrize("text", ["", " hilang ", "x" * 1001, " " * 40])
def test_a_statement_says_something(central: Central, owed: NodeWaits, text: str) -> None:
    with pytest.raises(StatementError, match="20 to 1000"):
        state(central, owed, text)


def test_what_the_node_has_told_meanwhile_needs_no_statement(
    central: Central, node: CentralNode, owed: NodeWaits
) -> None:
    tell_purged(node, order_of(central)[0], "p1", 1)
    node.sent(node.events[-1:])
    with pytest.raises(StatementError, match="owes nothing"):
        state(central, owed)
    assert statements(central) == []
