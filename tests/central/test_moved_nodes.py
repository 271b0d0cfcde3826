"""A node that is claimed into another office still answers for what it may have held at the old one."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from central import commands, days
from central.tables import attendance_day
from tests.support.central import WIB, Central
from tests.support.central_node import CentralNode
from tests.support.central_templates import one

MONDAY = date(2017, 3, 6)
TUESDAY = date(2017, 3, 7)
OPEN, CLOSE = datetime(2017, 3, 6, 5, 30, tzinfo=WIB), datetime(2017, 3, 7, 0, 0, tzinfo=WIB)
MOVED = datetime(2017, 3, 7, 0, 30, tzinfo=WIB)
A_DAY = timedelta(days=1)


@pytest.fixture
def offices(central: Central, node: CentralNode) -> Central:
    """Rules in force since before Monday, and q1 at a second office."""
    commands.set_policy(central.office, "tanggamus-2017")
    central.clock.at = OPEN - timedelta(hours=8)
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("q1", "DINKES")
    days.fold(central.office)
    return central


def another(central: Central, seed: int, unit: str) -> CentralNode:
    made = CentralNode(central, seed=seed)
    assert made.claim(central.token(unit)).status_code == 200
    return made


def listened(central: Central, node: CentralNode, since: datetime, until: datetime) -> None:
    """It hears everything of that time and reports a moment later."""
    central.clock.at = max(central.clock.at, until + timedelta(minutes=10))
    node.listen(since, until)
    node.listen(until, until + timedelta(minutes=10))
    node.sent(node.events[-2:])
    days.fold(central.office)


def move(central: Central, node: CentralNode, unit: str = "DINKES") -> None:
    central.clock.at = max(central.clock.at, MOVED)
    assert node.claim(central.token(unit)).status_code == 200


def day_of(central: Central, person: str, day: date = MONDAY) -> Any:
    """Derived anew, so that it says what the books say now."""
    days.rebuild(central.office)
    return one(central, attendance_day, person=person, day=day)


def test_a_past_day_of_the_old_office_waits_for_the_node_that_stood_there(
    offices: Central, node: CentralNode
) -> None:
    stays = another(offices, 2, "DISKOMINFO")
    central = offices
    central.clock.at = OPEN
    days.fold(central.office)
    listened(central, stays, OPEN, CLOSE)
    move(central, node)
    waiting = day_of(central, "p1")
    assert (waiting.code, waiting.final, waiting.waiting_for) == ("pending", False, node.id)


def test_what_it_had_heard_at_the_old_office_still_closes_that_day(
    offices: Central, node: CentralNode
) -> None:
    offices.clock.at = OPEN.replace(hour=7)
    days.fold(offices.office)
    node.punch("p2")
    node.sent()
    listened(offices, node, OPEN, CLOSE)
    before = {person: day_of(offices, person) for person in ("p1", "p2")}
    assert [(day.code, day.final) for day in before.values()] == [("TK", True), ("H", True)]
    move(offices, node)
    assert {person: day_of(offices, person) for person in ("p1", "p2")} == before


def test_past_days_of_the_new_office_do_not_wait_for_a_node_that_was_elsewhere(
    offices: Central, node: CentralNode
) -> None:
    there = another(offices, 2, "DINKES")
    offices.clock.at = OPEN
    days.fold(offices.office)
    listened(offices, there, OPEN, CLOSE)
    assert day_of(offices, "q1").code == "TK"
    move(offices, node)
    assert day_of(offices, "q1").code == "TK"
    offices.clock.at = OPEN + A_DAY
    days.fold(offices.office)
    listened(offices, there, OPEN + A_DAY, CLOSE + A_DAY)
    now = day_of(offices, "q1", TUESDAY)
    assert (now.code, now.waiting_for) == ("pending", node.id), "from its move on they do"


def test_a_guest_whose_finger_it_held_at_the_old_office_is_waited_for_too(
    offices: Central, node: CentralNode
) -> None:
    there = another(offices, 2, "DINKES")
    offices.add_unit("SETDA", "Sekretariat Daerah")
    commands.assign_slot(offices.office, "DISKOMINFO", 9, "q1", "")
    offices.clock.at = OPEN
    days.fold(offices.office)
    listened(offices, there, OPEN, CLOSE)
    move(offices, node, "SETDA")
    assert (day_of(offices, "q1").code, day_of(offices, "q1").waiting_for) == ("pending", node.id)


def test_a_node_that_comes_back_leaves_the_time_between_to_the_other_office(
    offices: Central, node: CentralNode
) -> None:
    stays = another(offices, 2, "DISKOMINFO")
    move(offices, node)
    offices.clock.at = OPEN + A_DAY
    days.fold(offices.office)
    listened(offices, stays, OPEN, CLOSE)
    listened(offices, stays, OPEN + A_DAY, CLOSE + A_DAY)
    offices.clock.at = OPEN + 2 * A_DAY
    move(offices, node, "DISKOMINFO")
    assert day_of(offices, "p1").waiting_for == node.id
    there = day_of(offices, "p1", TUESDAY)
    assert (there.code, there.waiting_for) == ("TK", "")


def test_a_report_of_the_moved_node_looks_again_at_days_of_its_old_office(
    offices: Central, node: CentralNode
) -> None:
    stays = another(offices, 2, "DISKOMINFO")
    offices.clock.at = OPEN
    days.fold(offices.office)
    listened(offices, stays, OPEN, CLOSE)
    move(offices, node)
    assert day_of(offices, "p1").code == "pending"
    listened(offices, node, OPEN, CLOSE)
    assert one(offices, attendance_day, person="p1", day=MONDAY).code == "TK"
