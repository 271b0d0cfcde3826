"""Two fingers of one human under two names are compared, whatever has become of sensors meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from attendance.orders import Do
from attendance.templates import SEARCHED, ModuleState, Searched
from central import orders, tables
from central.tables import finding, slot, template_search
from central.tables import template as template_table
from tests.support.central import Central
from tests.support.central_node import CentralNode, node_of_another_office
from tests.support.central_templates import (
    ask_search,
    keep_template,
    one,
    order,
    tell_failed,
    tell_installed,
    tell_module,
    tell_purged,
    tell_searched,
)

OTHER_CLASS = "r503/1536/0102/4"


@pytest.fixture
def other(central: Central, node: CentralNode) -> CentralNode:
    return node_of_another_office(central, "DINKES", "Dinas Kesehatan", seed=2)


@pytest.fixture
def third(central: Central, node: CentralNode) -> CentralNode:
    return node_of_another_office(central, "DINSOS", "Dinas Sosial", seed=3)


def searches_for(central: Central, node: CentralNode) -> list[tuple[str, str]]:
    """Names and templates of the searches that are open for a node."""
    with central.office.database.read() as connection:
        found = orders.open_orders(connection, node.id, central.clock.now_ms())
    return [(order.id, str(order.template)) for order in found if order.do is Do.SEARCH]


def lies(central: Central, name: str, unit: str, node: CentralNode, number: int, person: str) -> None:
    with central.office.database.write() as connection:
        values = {"unit": unit, "node": node.id, "slot": number, "employee": person, "since_ms": 1}
        connection.execute(insert(slot).values(template=name, **values))


def tick(central: Central) -> None:
    central.clock.at += timedelta(seconds=1)


def told(central: Central, *nodes: CentralNode) -> None:
    for each in nodes:
        tell_module(each)
        each.sent()
        tick(central)


def send_new(node: CentralNode, count: int) -> None:
    node.sent(node.events[-count:])


@pytest.mark.parametrize("away", ["swapped", "other-class"])
def test_a_sensor_that_stood_aside_looks_afterwards_for_what_was_cleared_meanwhile(
    central: Central, node: CentralNode, other: CentralNode, away: str
) -> None:
    """A cheat waits for an alarm at the office of the other one, and enrols then."""
    told(central, node, other)
    changes = {"state": ModuleState.SWAPPED} if away == "swapped" else {"model_class": OTHER_CLASS}
    tell_module(other, **changes)
    send_new(other, 1)
    tick(central)
    keep_template(central, "t1", "p1", node, 1, state="searching")
    orders.plan_everything(central.office)
    assert one(central, template_table).state == "clear"
    tell_module(other)
    send_new(other, 1)
    assert searches_for(central, other) == [("s-t1", "t1")]


def test_a_search_that_was_given_up_for_another_class_is_done_when_the_class_is_back(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    told(central, node, other)
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", other)
    tell_module(other, model_class=OTHER_CLASS)
    send_new(other, 1)
    orders.plan_everything(central.office)
    assert one(central, template_search).state == "refused"
    tell_module(other)
    send_new(other, 1)
    assert searches_for(central, other) == [("s-t1-1", "t1")]


def test_what_a_sensor_could_not_search_is_searched_by_the_one_that_takes_its_place(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    told(central, node, other)
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", other)
    tell_failed(other, "s-t1", "p1", "impossible")
    tell_module(other, used=4)
    send_new(other, 2)
    assert searches_for(central, other) == []
    tell_module(other, state=ModuleState.SWAPPED)
    tell_module(other, state=ModuleState.NEW, serial="another")
    send_new(other, 2)
    assert searches_for(central, other) == [("s-t1-1", "t1")]


def test_a_node_that_joins_is_not_asked_for_all_that_was_cleared_before(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    told(central, node)
    keep_template(central, "t1", "p1", node, 1, state="clear")
    with central.office.database.write() as connection:
        late = central.clock.now_ms() + 1
        mine = tables.node.c.id == other.id
        connection.execute(update(tables.node).where(mine).values(claimed_at_ms=late))
    told(central, other)
    tell_module(other, used=4)
    send_new(other, 1)
    assert searches_for(central, other) == []


def test_what_comes_to_a_sensor_that_has_looked_already_is_compared_all_the_same(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    """The first sensor of the one breaks before it has looked; the fingers come to the new one afterwards."""
    told(central, node, other)
    keep_template(central, "t1", "p1", node, 1, state="clear")
    tick(central)
    keep_template(central, "t2", "p2", node, 2)
    ask_search(central, "t2", other)
    tell_searched(other, "t2", "p2")
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    send_new(other, 2)
    assert searches_for(central, other) == [("s-t2-1", "t2")]
    tell_searched(other, "t2", "p2", (20, "p1"))  # told late, under the older name: a hit is a hit
    other.write(SEARCHED, Searched("s-t2-1", "t2", "p2", 41, ()).content())
    send_new(other, 2)
    assert one(central, finding).other == "p1"
    assert one(central, template_table, id="t2").state == "held"
    assert searches_for(central, other) == []


def test_a_template_that_is_told_to_be_there_twice_came_once(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    told(central, node, other)
    keep_template(central, "t1", "p1", node, 1, state="clear")
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    send_new(other, 1)
    tick(central)
    keep_template(central, "t2", "p2", node, 2)
    ask_search(central, "t2", other)
    tell_searched(other, "t2", "p2")
    tell_installed(other, "i-1", "p1", 20, "t1")
    send_new(other, 2)
    assert searches_for(central, other) == []


def test_an_older_answer_does_not_end_a_search_that_was_ordered_anew(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    told(central, node, other)
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", other)
    with central.office.database.write() as connection:
        connection.execute(update(template_search).values(asked_again=2))
    tell_searched(other, "t1", "p1")
    tell_failed(other, "s-t1-1", "p1", "impossible")
    send_new(other, 2)
    assert one(central, template_search).state == "waiting"
    tell_failed(other, "s-t1-2", "p1", "impossible")
    send_new(other, 1)
    assert one(central, template_search).state == "refused"


def test_what_was_compared_where_it_lay_before_is_not_compared_again(
    central: Central, node: CentralNode, other: CentralNode, third: CentralNode
) -> None:
    told(central, node, other, third)
    keep_template(central, "t1", "p1", node, 1, state="clear")
    lies(central, "t1", "DISKOMINFO", node, 77, "p1")
    tick(central)
    keep_template(central, "t2", "p2", third, 2)
    ask_search(central, "t2", node, other)
    for each in (node, other):
        tell_searched(each, "t2", "p2")
        send_new(each, 1)
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    send_new(other, 1)
    assert searches_for(central, other) == []


def test_what_goes_from_a_sensor_that_has_not_looked_yet_is_compared_where_it_is(
    central: Central, node: CentralNode, other: CentralNode, third: CentralNode
) -> None:
    """A transfer, while the old office was without a network for days."""
    told(central, node, other, third)
    keep_template(central, "t1", "p1", node, 1, state="clear")
    lies(central, "t1", "DISKOMINFO", node, 77, "p1")
    lies(central, "t1", "DINKES", other, 20, "p1")
    tick(central)
    keep_template(central, "t2", "p2", third, 2)
    with central.office.database.write() as connection:
        came_ms = central.clock.now_ms() + 500
        connection.execute(update(slot).where(slot.c.node == other.id).values(since_ms=came_ms))
    ask_search(central, "t2", node, other)
    tell_searched(other, "t2", "p2")
    send_new(other, 1)
    tick(central)
    assert searches_for(central, other) == []
    order(central, "p-1", "purge", node, "p1", 77)
    tell_purged(node, "p-1", "p1", 77)
    tell_searched(node, "t2", "p2")
    send_new(node, 2)
    assert searches_for(central, other) == [("s-t2-1", "t2")]
