"""A finger goes from one office to another and leaves both, by what nodes send and get alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from attendance import sealing
from attendance.orders import Do, Order
from attendance.templates import (
    INSTALLED,
    MODULE,
    PURGED,
    SEARCHED,
    Installed,
    Module,
    ModuleState,
    Purged,
    Searched,
)
from central import people
from central.orders import plan_everything
from central.placements import outstanding_purges
from central.tables import assignment, person_key, slot, template
from central.template_report import tell_templates
from tests.support.central import Central
from tests.support.central_node import CentralNode, node_of_another_office
from tests.support.template_vault_world import (
    MODEL_CLASS,
    NODE_KEY,
    a_template,
    get,
    handed_in,
    open_orders,
    opened,
    put,
)

DATA = a_template("of p1")


@pytest.fixture
def second(central: Central, node: CentralNode) -> CentralNode:
    return node_of_another_office(central, "DINSOS", "Dinas Sosial", seed=2)


def tell(node: CentralNode, kind: str, content: dict[str, object]) -> None:
    """Write it down, hand in what is new, and let central plan."""
    node.write(kind, content)
    node.sent(node.events[-1:])
    plan_everything(node.central.office)


def told_module(node: CentralNode) -> None:
    key = sealing.public_hex(NODE_KEY)
    module = Module("R503", MODEL_CLASS, None, 200, 200, 0, key, ModuleState.TRUSTED)
    tell(node, MODULE, module.content())


def open_at(node: CentralNode, do: Do) -> list[Order]:
    return [order for order in open_orders(node.central, node.id) if order.do is do]


def move(central: Central, person: str, unit: str) -> None:
    """To another office from tomorrow on."""
    today = central.clock.at.date()
    with central.office.database.write() as connection:
        mine = assignment.c.employee == person
        connection.execute(update(assignment).where(mine).values(valid_to=today))
        tomorrow = today + timedelta(days=1)
        connection.execute(
            assignment.insert().values(employee=person, unit=unit, grp="umum", valid_from=tomorrow)
        )
    plan_everything(central.office)


def hand_in_first(central: Central, node: CentralNode, second: CentralNode) -> None:
    """Both nodes tell of their modules, and the first one hands in the finger of p1."""
    told_module(node)
    told_module(second)
    with central.office.database.write() as connection:
        connection.execute(update(slot).where(slot.c.slot == 1).values(finger="right-index"))
    handing_in = next(order for order in open_at(node, Do.EXPORT) if order.person == "p1")
    assert put(node, handing_in.id, handed_in(central, node.id, handing_in, DATA)).status_code == 200
    plan_everything(central.office)


def test_a_finger_moves_to_another_office_and_is_gone_when_its_owner_leaves(
    central: Central, node: CentralNode, second: CentralNode
) -> None:
    hand_in_first(central, node, second)

    (search,) = open_at(second, Do.SEARCH)
    assert opened(second.id, search, get(second, search.id).get_data()).data == DATA
    tell(second, SEARCHED, Searched(search.id, search.template, "p1", 0, ()).content())
    assert [row.state for row in central.rows(select(template.c.state))] == ["clear"]
    assert open_at(second, Do.INSTALL) == []

    move(central, "p1", "DINSOS")
    (install,) = open_at(second, Do.INSTALL)
    assert opened(second.id, install, get(second, install.id).get_data()).data == DATA
    place = Installed(install.id, "p1", "right-index", install.slots[0], install.template, "0" * 64)
    tell(second, INSTALLED, place.content())
    assert open_at(second, Do.INSTALL) == []
    assert open_at(node, Do.PURGE) == []

    central.clock.at += timedelta(days=1)
    plan_everything(central.office)
    (purge,) = open_at(node, Do.PURGE)
    assert (purge.person, purge.slots, purge.reason) == ("p1", (1,), "moved")
    tell(node, PURGED, Purged(purge.id, "p1", (1,)).content())
    assert [row.unit for row in central.rows(select(slot).where(slot.c.employee == "p1"))] == ["DINSOS"]

    with central.office.database.write() as connection:
        people.leave(connection, "p1", central.clock.at.date(), central.clock.now_ms())
    central.clock.at += timedelta(days=8)
    plan_everything(central.office)
    assert central.rows(select(person_key)) == []
    assert tell_templates(central.office).startswith("Sidik jari tersimpan: 0 ")
    (purge,) = open_at(second, Do.PURGE)
    with central.office.database.read() as connection:
        (owed,) = outstanding_purges(connection, central.clock.now_ms())
    assert (owed.node, owed.unit, owed.person, owed.slots) == (second.id, "DINSOS", "p1", install.slots)
    tell(second, PURGED, Purged(purge.id, "p1", purge.slots).content())
    assert central.rows(select(slot).where(slot.c.employee == "p1")) == []
    with central.office.database.read() as connection:
        assert outstanding_purges(connection, central.clock.now_ms()) == []


def test_an_install_that_was_taken_back_too_late_is_purged(
    central: Central, node: CentralNode, second: CentralNode
) -> None:
    hand_in_first(central, node, second)
    (search,) = open_at(second, Do.SEARCH)
    tell(second, SEARCHED, Searched(search.id, search.template, "p1", 0, ()).content())
    move(central, "p1", "DINSOS")
    (install,) = open_at(second, Do.INSTALL)
    with central.office.database.write() as connection:
        people.leave(connection, "p1", central.clock.at.date(), central.clock.now_ms())
    central.clock.at += timedelta(days=1)
    plan_everything(central.office)
    assert open_at(second, Do.INSTALL) == []
    place = Installed(install.id, "p1", "right-index", install.slots[0], install.template, "0" * 64)
    tell(second, INSTALLED, place.content())
    (purge,) = open_at(second, Do.PURGE)
    assert (purge.slots, purge.reason) == (install.slots, "left")
