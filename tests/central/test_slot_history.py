"""A place that changes hands keeps its past: punches of that time stay theirs, and their days wait for it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from central import commands, days, rosters, slot_history, slots
from central.csv_reading import Outcome
from central.tables import attendance_day, slot_past
from central.tables import node as node_table
from tests.support.central import WIB, Central
from tests.support.central_node import CentralNode
from tests.support.central_templates import entry, one, order, tell_installed, tell_purged

DAY = date(2017, 3, 6)
OPEN, CLOSE = datetime(2017, 3, 6, 5, 30, tzinfo=WIB), datetime(2017, 3, 7, 0, 0, tzinfo=WIB)
AFTER = CLOSE + timedelta(minutes=10)


@pytest.fixture
def ruled(central: Central, node: CentralNode) -> Central:
    """Rules in force, and the clock at the opening of Monday."""
    commands.set_policy(central.office, "tanggamus-2017")
    central.clock.at = OPEN
    return central


@pytest.fixture
def away(ruled: Central, node: CentralNode) -> CentralNode:
    """A node of another office that stands there since long ago and holds a finger of p3."""
    ruled.add_unit("DINKES", "Dinas Kesehatan")
    ruled.add_person("q1", "DINKES")
    made = CentralNode(ruled, seed=2)
    made.claim(ruled.token("DINKES"))
    with ruled.office.database.write() as connection:
        connection.execute(update(node_table).values(claimed_at_ms=1))
        slots.assign_slot(connection, "DINKES", 5, "p3", 1)
    days.fold(ruled.office)
    return made


def give(central: Central, unit: str, number: int, person: str, node_id: str = "") -> None:
    commands.assign_slot(central.office, unit, number, person, node_id)


def listened(central: Central, node: CentralNode, until: datetime = AFTER) -> None:
    """The node listens from Monday's opening and reports."""
    central.clock.at = max(central.clock.at, until)
    node.listen(OPEN, CLOSE)
    node.listen(CLOSE, until)
    node.sent(node.events[-2:])
    days.fold(central.office)


def day_of(central: Central, person: str, day: date = DAY) -> Any:
    return one(central, attendance_day, person=person, day=day)


def rebuilt(central: Central) -> None:
    """Derive everything anew and expect the same."""
    everything = select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day)
    before = central.rows(everything)
    days.rebuild(central.office)
    assert central.rows(everything) == before


def fetch_roster(central: Central, node: CentralNode) -> None:
    """Ask until the node holds the newest."""
    held = 0
    for _ in range(2):
        _, text = rosters.newer_documents(central.office, node.id, policy_held=10**6, roster_held=held)
        held += 1 if text is not None else 0


# --- days of a former holder


def test_a_day_waits_for_the_node_that_held_the_finger_then_though_it_is_anothers_now(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    """Before places had a history, this day was closed as TK with a punch of p3 still on its way."""
    ruled.clock.at = AFTER
    give(ruled, "DINKES", 5, "q1")
    listened(ruled, node)
    assert (day_of(ruled, "p3").code, day_of(ruled, "p3").waiting_for) == ("pending", away.id)
    rebuilt(ruled)
    away.punch("p3", at=OPEN.replace(hour=7))
    away.sent()
    listened(ruled, away)
    settled = day_of(ruled, "p3")
    assert (settled.code, settled.in_event, settled.final) == ("H", f"{away.id}/1/1", True)
    rebuilt(ruled)


def test_a_node_that_has_not_heard_of_the_change_may_still_book_for_the_former_holder(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    give(ruled, "DINKES", 5, "q1")
    listened(ruled, node)
    assert (day_of(ruled, "p3").code, day_of(ruled, "p3").waiting_for) == ("pending", away.id)
    assert one(ruled, slot_past).learned_ms is None


def test_days_after_the_node_has_heard_do_not_wait_for_it(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    ruled.clock.at = OPEN - timedelta(hours=1)
    give(ruled, "DINKES", 5, "q1")
    fetch_roster(ruled, away)
    heard = one(ruled, slot_past).learned_ms
    assert ruled.clock.now_ms() <= heard < int(OPEN.timestamp() * 1000)
    listened(ruled, node)
    assert day_of(ruled, "p3").code == "TK"
    rebuilt(ruled)


def test_a_day_that_waited_is_closed_when_the_node_turns_out_to_have_heard_before_it(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    ruled.clock.at = OPEN - timedelta(hours=1)
    give(ruled, "DINKES", 5, "q1")
    at = ruled.clock.at
    listened(ruled, node)
    assert day_of(ruled, "p3").code == "pending"
    ruled.clock.at = at
    fetch_roster(ruled, away)
    ruled.clock.at = AFTER
    days.fold(ruled.office)
    assert day_of(ruled, "p3").code == "TK"


def test_a_roster_that_the_node_does_not_hold_yet_is_not_heard(ruled: Central, away: CentralNode) -> None:
    give(ruled, "DINKES", 5, "q1")
    rosters.newer_documents(ruled.office, away.id, policy_held=10**6, roster_held=0)
    assert one(ruled, slot_past).learned_ms is None


def test_a_new_holder_does_not_wait_for_what_the_node_missed_before(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    listened(ruled, node)
    assert day_of(ruled, "p2").code == "TK"
    give(ruled, "DINKES", 6, "p2")
    days.fold(ruled.office)
    assert day_of(ruled, "p2").code == "TK"
    rebuilt(ruled)


def test_a_day_waits_for_a_node_that_may_have_installed_the_finger_unheard(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    order(ruled, "i-1", "install", away, "p2", 20, template="t1")
    ruled.clock.at = OPEN.replace(hour=7)
    tell_installed(away, "i-1", "p2", 20, "t1")
    away.punch("p2", at=OPEN.replace(hour=8))
    listened(ruled, node)
    assert (day_of(ruled, "p2").code, day_of(ruled, "p2").waiting_for) == ("pending", away.id)
    rebuilt(ruled)
    away.sent()
    listened(ruled, away)
    assert day_of(ruled, "p2").code == "H"
    rebuilt(ruled)


def test_a_purge_ends_the_waiting_from_then_on(ruled: Central, node: CentralNode, away: CentralNode) -> None:
    ruled.clock.at = OPEN - timedelta(hours=1)
    order(ruled, "p-1", "purge", away, "p3", 5)
    tell_purged(away, "p-1", "p3", 5)
    away.sent()
    listened(ruled, node)
    assert day_of(ruled, "p3").code == "TK"
    rebuilt(ruled)


def test_a_purge_in_the_middle_of_the_day_leaves_its_morning_to_wait(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    ruled.clock.at = OPEN.replace(hour=12)
    order(ruled, "p-1", "purge", away, "p3", 5)
    tell_purged(away, "p-1", "p3", 5)
    away.sent()
    listened(ruled, node)
    assert (day_of(ruled, "p3").code, day_of(ruled, "p3").waiting_for) == ("pending", away.id)
    rebuilt(ruled)


def test_distrust_in_a_node_opens_the_days_of_those_whose_finger_it_held(
    ruled: Central, node: CentralNode, away: CentralNode
) -> None:
    ruled.clock.at = AFTER
    give(ruled, "DINKES", 5, "q1")
    listened(ruled, node)
    listened(ruled, away)
    assert day_of(ruled, "p3").code == "TK"
    with ruled.office.database.write() as connection:
        commands.nodes.distrust(connection, away.id, "fork", 1, actor="central")
    days.fold(ruled.office)
    assert day_of(ruled, "p3").code == "pending"


# --- the books of places


def test_each_node_of_a_unit_keeps_its_own_past(central: Central, node: CentralNode) -> None:
    neighbour = CentralNode(central, seed=2)
    neighbour.claim()
    give(central, "DISKOMINFO", 1, "p2")
    past = central.rows(select(slot_past.c.node, slot_past.c.employee, slot_past.c.since_ms))
    assert {tuple(row) for row in past} == {(node.id, "p1", None), (neighbour.id, "p1", None)}
    assert entry(central, "", 1).employee == "p2"
    assert entry(central, "", 1).since_ms == central.clock.now_ms()


def test_the_same_holder_again_is_no_change(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        assert slots.assign_slot(connection, "DISKOMINFO", 1, "p1", 5) is Outcome.SAME
        assert slots.assign_slot(connection, "DISKOMINFO", 1, "p2", 6) is Outcome.CHANGED
    assert len(central.rows(select(slot_past))) == 1


def test_an_import_keeps_the_past_too(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        slots.import_slots(connection, b"skpd,slot,pegawai\nDISKOMINFO,1,p2\n", 9)
    assert one(central, slot_past).employee == "p1"


def test_the_nodes_own_entry_wins_over_that_of_its_unit(central: Central, node: CentralNode) -> None:
    give(central, "DISKOMINFO", 1, "p2", node.id)
    with central.office.database.read() as connection:
        held = slot_history.holder(connection, "DISKOMINFO", node.id, 1)
        both = slot_history.holders(connection, "DISKOMINFO", node.id, 1)
        assert slot_history.holder(connection, "DISKOMINFO", node.id, 99) is None
    assert held is not None
    assert held.employee == "p2"
    assert {name: each.employee for name, each in both.items()} == {"": "p1", node.id: "p2"}


def test_an_emptied_place_is_nobodys(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DISKOMINFO", 1, "p2", 5, node_id=node.id)
        assert slot_history.vacate(connection, "DISKOMINFO", node.id, 1, 9) == "p2"
        assert slot_history.holder(connection, "DISKOMINFO", node.id, 1) is None
        assert slot_history.vacate(connection, "DISKOMINFO", node.id, 1, 10) is None
