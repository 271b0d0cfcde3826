"""Each node gets what is open for it as a signed document, numbered anew only when that changes."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from attendance.exchange import open_document
from attendance.orders import Do, Orders
from central import orders
from central.office import open_office
from central.tables import (
    enrolment_request,
    export_refusal,
    module,
    node,
    orders_document,
    placement,
    slot,
    template,
    template_search,
)
from tests.support.central import Central
from tests.support.central_node import CentralNode, error_of
from tests.support.order_world import MONDAY, OFFICE, Town


@pytest.fixture
def town(central: Central) -> Town:
    return Town(central)


def fetch(node: CentralNode, held: int = 0) -> Any:
    response = node.request("GET", f"/documents?policy=0&roster=0&orders={held}")
    assert response.status_code == 200, response.get_data()
    return response.get_json()["orders"]


def opened(central: Central, text: str) -> Orders:
    document = open_document(text.encode(), central.office.keys.document_public, "orders")
    read = Orders.parse(document.content)
    assert read.serial == document.serial
    return read


def purge(town: Town, node_id: str, name: str = "p-1", slots: str = "1 2") -> None:
    values = {"do": "purge", "node": node_id, "employee": "p1", "reason": "left", "state": "open"}
    town.run(insert(placement).values(id=name, slots=slots, ordered_ms=town.now_ms(), **values))


def test_a_node_that_asks_gets_its_orders_signed_for_it(town: Town, node: CentralNode) -> None:
    purge(town, node.id)
    purge(town, "another", "p-2")
    read = opened(town.central, fetch(node))
    assert (read.serial, read.node, read.orders) == (1, node.id, ())  # it never told of a module
    town.module(node.id)
    read = opened(town.central, fetch(node, held=1))
    assert [order.id for order in read.orders if order.do is Do.PURGE] == ["p-1"]
    assert read.orders[0].slots == (1, 2)
    assert read.central_key == town.central.office.template_keys.public_hex


def test_an_old_node_that_knows_no_orders_gets_none(town: Town, node: CentralNode) -> None:
    town.module(node.id)
    purge(town, node.id)
    answer = node.request("GET", "/documents?policy=0&roster=0").get_json()
    assert sorted(answer) == ["policy", "roster"]
    assert town.rows(select(orders_document)) == []


def test_what_the_node_holds_is_not_sent_again_and_a_change_gets_the_next_number(
    town: Town, node: CentralNode
) -> None:
    town.module(node.id)
    purge(town, node.id)
    first = fetch(node)
    assert fetch(node, held=1) is None
    assert fetch(node) == first
    town.run(update(placement).values(state="done"))
    read = opened(town.central, fetch(node, held=1))
    assert read.serial == 2
    assert Do.PURGE not in {order.do for order in read.orders}
    assert len(town.rows(select(orders_document))) == 1


def test_numbers_go_on_after_a_restart(town: Town, node: CentralNode) -> None:
    town.module(node.id)
    fetch(node)
    office = open_office(town.central.office.config)
    try:
        purge(town, node.id)
        text = orders.newer_orders(office, node.id, 1)
        assert text is not None
        assert opened(town.central, text).serial == 2
    finally:
        office.database.close()


def test_after_a_backup_was_restored_numbering_goes_on_after_what_the_node_holds(
    town: Town, node: CentralNode
) -> None:
    assert opened(town.central, fetch(node)).serial == 1
    assert opened(town.central, fetch(node, held=7)).serial == 8
    assert fetch(node, held=8) is None
    assert opened(town.central, fetch(node, held=7)).serial == 8
    assert fetch(node, held=999_999_999_999_999) is None
    assert town.rows(select(orders_document.c.serial))[0].serial == 8


def test_a_number_that_is_none_is_refused(node: CentralNode) -> None:
    for text in ("x", "-1", "", "1.5"):
        response = node.request("GET", f"/documents?policy=0&roster=0&orders={text}")
        assert error_of(response) == "malformed"


def test_a_document_is_kept_small_and_what_is_urgent_comes_first(town: Town, node: CentralNode) -> None:
    town.module(node.id)
    town.unit("DINKES")
    town.node("far", "DINKES")
    for number in range(orders.AT_ONCE + 20):
        person = town.person(f"q{number}")
        kept = town.kept(person, "right-index", "far", number, state="searching")
        values = {"state": "waiting", "asked_ms": number}
        town.run(insert(template_search).values(template=kept, node=node.id, **values))
    purge(town, node.id)
    found = opened(town.central, fetch(node)).orders
    assert len(found) == orders.AT_ONCE
    assert [order.do for order in found[:3]] == [Do.PURGE, Do.EXPORT, Do.SEARCH]
    with town.central.office.database.read() as connection:
        later = orders.find_open(connection, node.id, f"s-{kept}", town.now_ms())
        assert later is not None
        assert later.template == kept
        for order in found:
            assert orders.find_open(connection, node.id, order.id, town.now_ms()) == order
        assert orders.find_open(connection, node.id, "s-nothing", town.now_ms()) is None
        assert orders.find_open(connection, "far", "p-1", town.now_ms()) is None
        assert orders.find_open(connection, "nowhere", "p-1", town.now_ms()) is None


def test_an_enrolment_that_an_officer_asked_for_stands_first(town: Town, node: CentralNode) -> None:
    town.module(node.id)
    purge(town, node.id)
    values = {"legal_basis": "UU", "notice": "1", "requested_by": "admin", "requested_ms": 1}
    until_ms = town.now_ms() + 60_000
    town.run(
        insert(enrolment_request).values(
            id="e-0123456789ab",
            node=node.id,
            employee="p1",
            fingers="right-index left-index",
            state="waiting",
            expires_ms=until_ms,
            **values,
        )
    )
    assert [order.do for order in town.orders(node.id)][:2] == [Do.ENROL, Do.PURGE]


# --- what is to be handed in


@pytest.fixture
def office(town: Town) -> Town:
    town.unit()
    town.node("a")
    town.person("p1")
    return town


def exports(town: Town, name: str = "a") -> list[tuple[str, int]]:
    return [(order.person, order.slots[0]) for order in town.orders(name, Do.EXPORT)]


def test_a_slot_whose_template_the_safe_lacks_is_to_be_handed_in(office: Town) -> None:
    office.lies("p1", "a", 4, "right-index")
    (order,) = office.orders("a")
    assert order.id.startswith("x-4-")
    assert (len(order.id), order.person, order.finger) == (12, "p1", "right-index")
    office.run(update(slot).values(template=office.kept("p1", "right-index", "a", 4)))
    assert exports(office) == []
    office.run(delete(template))  # destroyed, and the person is here again
    assert exports(office) == [("p1", 4)]
    assert office.orders("a")[0].id != order.id


def test_the_name_of_a_hand_in_holds_no_capital_and_changes_with_the_slot(office: Town) -> None:
    office.person("ASN.1-B")
    office.lies("ASN.1-B", "a", 5)
    (first,) = office.orders("a")
    assert first.id == first.id.lower()
    office.run(update(slot).values(since_ms=5))
    assert office.orders("a")[0].id != first.id


def test_what_a_node_refused_is_asked_for_again_only_when_the_slot_changes(office: Town) -> None:
    office.lies("p1", "a", 4)
    values = {"node": "a", "slot": 4, "employee": "p1", "reason": "slot-empty", "at_ms": office.now_ms()}
    office.run(insert(export_refusal).values(**values))
    assert exports(office) == []
    office.run(update(slot).values(since_ms=office.now_ms() + 1))
    assert exports(office) == [("p1", 4)]
    office.run(update(slot).values(since_ms=None, employee=office.person("p2")))
    assert exports(office) == [("p2", 4)]


def test_a_slot_of_the_whole_office_is_asked_of_one_node_and_of_the_next_where_that_refuses(
    office: Town,
) -> None:
    office.node("b")
    office.lies("p1", "", 4)
    assert (exports(office, "a"), exports(office, "b")) == ([("p1", 4)], [])
    values = {"node": "a", "slot": 4, "employee": "p1", "reason": "slot-empty", "at_ms": office.now_ms()}
    office.run(insert(export_refusal).values(**values))
    assert (exports(office, "a"), exports(office, "b")) == ([], [("p1", 4)])
    office.run(delete(export_refusal))
    office.run(update(module).where(module.c.node == "a").values(state="swapped"))
    assert (exports(office, "a"), exports(office, "b")) == ([], [("p1", 4)])
    office.run(update(module).values(state="trusted"))
    office.run(update(node).where(node.c.id == "a").values(state="retired"))
    assert (exports(office, "a"), exports(office, "b")) == ([], [("p1", 4)])


def test_a_nodes_own_entry_wins_over_that_of_its_office(office: Town) -> None:
    office.lies("p1", "", 4)
    office.lies(office.person("p2"), "a", 4)
    assert exports(office) == [("p2", 4)]
    office.node("b")
    assert exports(office, "b") == [("p1", 4)]


def test_nobody_hands_in_the_fingers_of_who_has_left(office: Town) -> None:
    office.lies("p1", "a", 4)
    office.lies(office.person("p2", (OFFICE, date(2017, 1, 1), MONDAY)), "a", 5)
    assert exports(office) == [("p1", 4), ("p2", 5)]
    office.pass_days(1)
    assert exports(office) == [("p1", 4)]


def test_today_is_the_day_of_the_office_not_that_of_greenwich(office: Town) -> None:
    office.lies(office.person("p2", (OFFICE, date(2017, 1, 1), MONDAY)), "a", 5)
    office.central.clock.at += timedelta(hours=16, minutes=59)  # 23:59 in Jakarta
    assert exports(office) == [("p2", 5)]
    office.central.clock.at += timedelta(minutes=1)
    assert exports(office) == []
