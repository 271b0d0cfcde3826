"""A swapped module that a technician takes, from the glass to the books: nobody is booked as another.

The node is a real one over the emulated module; what it writes is handed in under the name of a node of this
central, and what central orders is given to it.
"""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from attendance.orders import Do
from attendance.template_parcel import Parcel
from central.orders import plan_everything
from central.tables import slot, slot_past
from edge.faults import SensorError
from tests.support.central import Central
from tests.support.central_node import CentralNode
from tests.support.central_templates import tell_module
from tests.support.errand_world import FINGER, ErrandWorld, errand_world
from tests.support.module_changes import accept, clear, read_all, swap_module
from tests.support.template_vault_world import cleared, keep, open_orders, unseal

PEOPLE = {1: "p1", 2: "p2", 3: "p3"}


def settled(here: ErrandWorld, central: Central, node: CentralNode) -> None:
    """Three people at the door and in the books; of the first two the safe has the templates."""
    for number, person in PEOPLE.items():
        here.enrolled_before(number, person)
    here.module.erase(7)
    del here.roster["slots"]["7"]
    here.send_roster()
    here.acquaint()
    read_all(here)
    tell_module(node, model_class=here.model_class, capacity=200, usable=200, used=3)
    node.sent()
    with central.office.database.write() as connection:
        connection.execute(update(slot).values(finger=FINGER))
    for number in (1, 2):
        data = bytes.fromhex(here.flash()[number])
        name = keep(
            central,
            PEOPLE[number],
            FINGER,
            data,
            model_class=here.model_class,
            node=node.id,
            slot_number=number,
        )
        cleared(central, name)
        with central.office.database.write() as connection:
            connection.execute(update(slot).where(slot.c.slot == number).values(template=name))


def hand_in(here: ErrandWorld, node: CentralNode, since: int) -> int:
    """What the node told since goes to central, which plans; how much it is by now."""
    told = here.told()
    for type_, content in told[since:]:
        node.write(type_, content)
    if told[since:]:
        node.sent(node.events[-len(told[since:]) :])
    plan_everything(node.central.office)
    return len(told)


def test_everybody_is_booked_under_their_own_name_or_is_to_be_enrolled(
    tmp_path: Path, central: Central, node: CentralNode
) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    with errand_world(folder) as here:
        settled(here, central, node)
        swap_module(here, s1="stranger", s2="p1", s9="thief")
        here.crash()
        with pytest.raises(SensorError, match="serial"):
            here.settle()
        accept(here)
        assert [here.who_taps(person, FINGER) for person in ("stranger", "p1", "thief")] == [None] * 3
        clear(here)
        handed_in = hand_in(here, node, 0)
        assert {row.employee for row in central.rows(select(slot_past))} == {"p1", "p2", "p3"}
        installs = [order for order in open_orders(central, node.id) if order.do is Do.INSTALL]
        assert {order.person for order in installs} == {"p1", "p2"}
        for order in installs:
            here.templates[order.template] = Parcel(
                order.person, order.finger, order.model_class, unseal(central, order.template)
            )
        here.give(*installs)
        here.work()
        hand_in(here, node, handed_in)
        assert [here.who_taps(f"p{number}", FINGER) for number in PEOPLE] == ["p1", "p2", None]
        assert [here.who_taps(person, FINGER) for person in ("stranger", "thief")] == [None] * 2
        assert {row.employee for row in central.rows(select(slot.c.employee))} == {"p1", "p2"}
        here.witness = ("p1", FINGER)
        assert here.enrol("p3") == "enrolled", "nothing unknown is left that enrolling would refuse"
        assert here.who_taps("p3", FINGER) == "p3"
