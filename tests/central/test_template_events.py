"""What nodes tell of modules and orders enters the books, and never against them."""

import pytest
from sqlalchemy import select

from attendance.templates import MODULE, TYPES, ModuleState
from central import slots
from central.tables import (
    audit_log,
    export_refusal,
    finding,
    module,
    placement,
    slot,
    slot_past,
    template_search,
)
from central.tables import template as template_table
from tests.support.central import Central
from tests.support.central_node import CentralNode, node_of_another_office
from tests.support.central_templates import (
    CLASS,
    ask_search,
    entry,
    keep_template,
    one,
    order,
    tell_failed,
    tell_installed,
    tell_module,
    tell_purged,
    tell_searched,
)


@pytest.fixture
def other(central: Central, node: CentralNode) -> CentralNode:
    """A second office, to which templates travel."""
    return node_of_another_office(central, "DINKES", "Dinas Kesehatan", seed=2)


def told(central: Central) -> list[tuple[str, str]]:
    """What nodes put into the log of deeds, beside their claims."""
    query = select(audit_log.c.action, audit_log.c.subject).where(audit_log.c.actor.like("node:%"))
    rows = central.rows(query.order_by(audit_log.c.id))
    return [(row.action, row.subject) for row in rows if row.action != "node-claimed"]


# --- the module


def test_the_newest_module_event_is_what_is_known(central: Central, node: CentralNode) -> None:
    tell_module(node, used=3)
    tell_module(node, used=4)
    node.sent()
    kept = one(central, module)
    assert (kept.node, kept.model_class, kept.used, kept.event) == (node.id, CLASS, 4, f"{node.id}/1/2")


def test_a_node_installed_anew_is_known_by_its_new_epoch(central: Central, node: CentralNode) -> None:
    for used in (1, 2, 3):
        tell_module(node, used=used)
    node.sent()
    node.claim()
    tell_module(node, used=9)
    node.sent(node.events[-1:])
    assert one(central, module).used == 9


def test_the_recovery_copy_is_kept_until_there_is_a_newer_one(central: Central, node: CentralNode) -> None:
    tell_module(node, recovery="first")
    tell_module(node, recovery=None)
    node.sent()
    assert one(central, module).recovery == "first"
    tell_module(node, recovery="second")
    node.sent(node.events[-1:])
    assert one(central, module).recovery == "second"


def test_an_alarm_stands_in_the_log_once_and_so_does_its_end(central: Central, node: CentralNode) -> None:
    for _ in range(3):
        tell_module(node, state=ModuleState.SWAPPED, detail="another serial number")
    tell_module(node, state=ModuleState.NEW)
    tell_module(node)
    node.sent()
    assert told(central) == [("module-alarm", node.id), ("module-trusted", node.id)]


def test_a_module_that_cannot_be_is_told_and_not_kept(central: Central, node: CentralNode) -> None:
    tell_module(node, capacity=2**40)
    tell_module(node, model_class="x" * 129)
    node.write(MODULE, {"model": "r503", "state": "perfect"})
    assert node.sent().size == 3
    assert central.rows(select(module)) == []
    assert told(central) == [("template-event-unreadable", node.id)] * 3


def test_an_empty_module_in_the_place_of_another_empties_the_slots_of_this_node_only(
    central: Central, node: CentralNode
) -> None:
    neighbour = CentralNode(central, seed=2)
    neighbour.claim()
    tell_module(node, used=3)
    tell_module(node, used=0, serial="new1", state=ModuleState.NEW)
    node.sent()
    assert {(row.node, row.slot) for row in central.rows(select(slot))} == {
        (neighbour.id, number) for number in (1, 2, 3)
    }
    assert {(row.node, row.employee) for row in central.rows(select(slot_past))} == {
        (node.id, person) for person in ("p1", "p2", "p3")
    }
    assert ("module-replaced", node.id) in told(central)


def test_the_first_module_of_a_node_empties_nothing(central: Central, node: CentralNode) -> None:
    tell_module(node, used=0, state=ModuleState.NEW)
    node.sent()
    assert len(central.rows(select(slot))) == 3


# --- templates that came


def test_an_installed_template_fills_its_slot_unproven(central: Central, other: CentralNode) -> None:
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    other.sent()
    held = entry(central, other.id, 20)
    assert (held.unit, held.employee, held.finger, held.template) == ("DINKES", "p1", "right-index", "t1")
    assert (held.since_ms, held.proven_ms) == (central.clock.now_ms(), None)
    ended = one(central, placement)
    assert (ended.state, ended.ended_ms) == ("done", central.clock.now_ms())
    assert told(central) == [("template-installed", "p1")]


def test_the_same_installation_told_twice_changes_nothing(central: Central, other: CentralNode) -> None:
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    other.sent()
    assert entry(central, other.id, 20).employee == "p1"
    assert central.rows(select(slot_past)) == []


@pytest.mark.parametrize(
    ("name", "person", "slot_number", "template"),
    [
        ("i-2", "p1", 20, "t1"),
        ("i-1", "p2", 20, "t1"),
        ("i-1", "p1", 21, "t1"),
        ("i-1", "p1", 20, "t2"),
    ],
)
def test_an_installation_that_nobody_ordered_is_told_and_enters_no_slot(
    central: Central, other: CentralNode, name: str, person: str, slot_number: int, template: str
) -> None:
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, name, person, slot_number, template)
    other.sent()
    assert entry(central, other.id, slot_number) is None
    assert one(central, placement).state == "open"
    assert told(central) == [("template-event-unexpected", person)]


def test_an_order_of_another_node_counts_for_nothing_here(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    order(central, "i-1", "install", node, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    other.sent()
    assert entry(central, other.id, 20) is None
    assert told(central) == [("template-event-unexpected", "p1")]


def test_a_slot_of_somebody_else_is_not_taken_by_a_template(central: Central, other: CentralNode) -> None:
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DINKES", 20, "p2", 1)
    order(central, "i-1", "install", other, "p1", 20, template="t1")
    tell_installed(other, "i-1", "p1", 20, "t1")
    other.sent()
    assert entry(central, other.id, 20) is None
    assert entry(central, "", 20).employee == "p2"
    ended = one(central, placement)
    assert (ended.state, ended.reason) == ("failed", "slot-in-use")
    assert told(central) == [("template-conflict", "p1")]


# --- the first live match


def test_the_first_live_match_proves_a_template_that_travelled(central: Central, other: CentralNode) -> None:
    order(central, "i-1", "install", other, "p1", 1, template="t1")
    tell_installed(other, "i-1", "p1", 1, "t1")
    other.punch("p2")
    other.sent()
    assert entry(central, other.id, 1).proven_ms is None
    other.punch("p1")
    first = central.clock.now_ms()
    other.sent(other.events[-1:])
    assert entry(central, other.id, 1).proven_ms == first


def test_a_match_in_the_batch_that_tells_of_the_template_proves_it(
    central: Central, other: CentralNode
) -> None:
    order(central, "i-1", "install", other, "p1", 1, template="t1")
    tell_installed(other, "i-1", "p1", 1, "t1")
    other.punch("p1")
    other.sent()
    assert entry(central, other.id, 1).proven_ms == central.clock.now_ms()


def test_a_match_from_before_proves_nothing(central: Central, other: CentralNode) -> None:
    order(central, "i-1", "install", other, "p1", 1, template="t1")
    other.punch("p1", at=central.clock.at.replace(hour=6))
    tell_installed(other, "i-1", "p1", 1, "t1")
    other.sent()
    assert entry(central, other.id, 1).proven_ms is None


# --- templates that went


def test_a_purged_slot_is_empty_and_its_holder_goes_into_the_history(
    central: Central, other: CentralNode
) -> None:
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DINKES", 20, "p1", 1, node_id=other.id)
    order(central, "p-1", "purge", other, "p1", 20, 21)
    tell_purged(other, "p-1", "p1", 20, 21)
    other.sent()
    assert entry(central, other.id, 20) is None
    past = one(central, slot_past)
    assert (past.node, past.slot, past.employee, past.since_ms) == (other.id, 20, "p1", 1)
    assert past.until_ms == past.learned_ms == central.clock.now_ms()
    assert (one(central, placement).state, one(central, placement).reason) == ("done", "moved")
    assert told(central) == [("template-purged", "p1")]


def test_a_purge_of_some_of_its_slots_leaves_the_order_open(central: Central, other: CentralNode) -> None:
    order(central, "p-1", "purge", other, "p1", 20, 21)
    tell_purged(other, "p-1", "p1", 20)
    other.sent()
    assert one(central, placement).state == "open"


def test_a_slot_that_the_books_give_to_somebody_else_is_not_emptied_for_him(
    central: Central, other: CentralNode
) -> None:
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DINKES", 20, "p2", 1, node_id=other.id)
    order(central, "p-1", "purge", other, "p1", 20)
    tell_purged(other, "p-1", "p1", 20)
    other.sent()
    assert entry(central, other.id, 20).employee == "p2"
    assert [action for action, _ in told(central)] == ["template-conflict", "template-purged"]


def test_slots_that_no_order_named_stay_in_the_books(central: Central, other: CentralNode) -> None:
    with central.office.database.write() as connection:
        for number in (20, 30):
            slots.assign_slot(connection, "DINKES", number, "p1", 1, node_id=other.id)
    order(central, "p-1", "purge", other, "p1", 20)
    tell_purged(other, "p-1", "p1", 20, 30)
    tell_purged(other, "p-9", "p1", 30)
    other.sent()
    assert entry(central, other.id, 20) is None
    assert entry(central, other.id, 30).employee == "p1"
    assert [action for action, _ in told(central)].count("template-event-unexpected") == 2


def test_a_purge_at_one_node_leaves_an_entry_of_the_unit_to_the_others(
    central: Central, node: CentralNode
) -> None:
    neighbour = CentralNode(central, seed=2)
    neighbour.claim()
    order(central, "p-1", "purge", node, "p1", 1)
    tell_purged(node, "p-1", "p1", 1)
    node.sent()
    assert entry(central, "", 1) is None
    assert entry(central, node.id, 1) is None
    assert entry(central, neighbour.id, 1).employee == "p1"


# --- searches


def test_a_library_without_such_a_finger_is_clear(central: Central, node: CentralNode) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", node)
    tell_searched(node, "t1", "p1")
    node.sent()
    asked = one(central, template_search)
    assert (asked.state, asked.library, asked.ended_ms) == ("clear", 40, central.clock.now_ms())
    assert central.rows(select(finding)) == []


def test_a_hit_on_somebody_else_is_a_finding_and_holds_the_template(
    central: Central, node: CentralNode, other: CentralNode
) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", other)
    tell_searched(other, "t1", "p1", (7, "p2"))
    other.sent()
    assert one(central, template_search).state == "hit"
    found = one(central, finding)
    assert (found.kind, found.employee, found.other, found.template) == ("search", "p1", "p2", "t1")
    assert (found.node, found.slot, found.score, found.state) == (other.id, 7, 90, "open")
    assert found.event == f"{other.id}/1/1"
    assert one(central, template_table).state == "held"


def test_a_hit_on_a_slot_of_the_person_is_none(central: Central, node: CentralNode) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", node)
    tell_searched(node, "t1", "p1", (1, None))
    node.sent()
    assert one(central, template_search).state == "clear"
    assert central.rows(select(finding)) == []


def test_a_slot_whose_holder_the_node_does_not_know_is_looked_up_in_the_books(
    central: Central, node: CentralNode
) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", node)
    tell_searched(node, "t1", "p1", (2, None), (99, "nobody-known"))
    node.sent()
    found = central.rows(select(finding.c.slot, finding.c.other).order_by(finding.c.slot))
    assert [tuple(row) for row in found] == [(2, "p2"), (99, None)]


def test_what_a_search_once_found_is_not_taken_back_by_a_second_look(
    central: Central, node: CentralNode
) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", node)
    tell_searched(node, "t1", "p1", (2, "p2"))
    tell_searched(node, "t1", "p1")
    node.sent()
    assert one(central, template_search).state == "hit"


def test_a_search_that_nobody_ordered_is_told_and_finds_nothing(central: Central, node: CentralNode) -> None:
    keep_template(central, "t1", "p1", node, 1)
    keep_template(central, "t2", "p2", node, 2)
    ask_search(central, "t1", node)
    tell_searched(node, "t2", "p2", (3, "p3"))
    tell_searched(node, "t1", "p3", (2, "p2"))
    tell_searched(node, "t9", "p1", (2, "p2"))
    node.sent()
    assert one(central, template_search).state == "waiting"
    assert central.rows(select(finding)) == []
    assert [action for action, _ in told(central)] == ["template-event-unexpected"] * 3


# --- orders that are not done


@pytest.mark.parametrize("do", ["install", "purge"])
def test_a_refused_placement_has_failed_with_its_reason(central: Central, node: CentralNode, do: str) -> None:
    name = f"{do[0]}-1"
    order(central, name, do, node, "p1", 20, template="t1")
    tell_failed(node, name, "p1", "slot-in-use")
    node.sent()
    ended = one(central, placement)
    assert (ended.state, ended.reason, ended.ended_ms) == ("failed", "slot-in-use", central.clock.now_ms())
    assert told(central) == [("order-failed", "p1")]


def test_a_placement_that_was_done_does_not_fail_afterwards(central: Central, node: CentralNode) -> None:
    order(central, "i-1", "install", node, "p1", 20, template="t1")
    tell_installed(node, "i-1", "p1", 20, "t1")
    tell_failed(node, "i-1", "p1", "slot-in-use")
    node.sent()
    assert one(central, placement).state == "done"


def test_a_refused_search_says_why(central: Central, node: CentralNode) -> None:
    keep_template(central, "t1", "p1", node, 1)
    ask_search(central, "t1", node)
    tell_failed(node, "s-t1", "p1", "other-class")
    node.sent()
    asked = one(central, template_search)
    assert (asked.state, asked.reason) == ("refused", "other-class")


def test_a_refused_hand_in_is_remembered_until_the_slot_changes_hands(
    central: Central, node: CentralNode
) -> None:
    tell_failed(node, "x-1-0123abcd", "p1", "slot-empty")
    node.sent()
    refused = one(central, export_refusal)
    assert (refused.node, refused.slot, refused.employee) == (node.id, 1, "p1")
    assert refused.reason == "slot-empty"
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DISKOMINFO", 1, "p2", 1, node_id=node.id)
    assert central.rows(select(export_refusal)) == []


def test_a_failure_of_an_order_that_nobody_gave_is_told_and_changes_nothing(
    central: Central, node: CentralNode
) -> None:
    order(central, "i-1", "install", node, "p1", 20, template="t1")
    for name, person in (("i-1", "p2"), ("i-9", "p1"), ("s-t9", "p1"), ("x-1-0123abcd", "p2"), ("z-1", "p1")):
        tell_failed(node, name, person)
    node.sent()
    assert one(central, placement).state == "open"
    assert central.rows(select(export_refusal)) == []
    assert {action for action, _ in told(central)} == {"template-event-unexpected"}


# --- whatever they say


def test_an_unreadable_event_of_each_type_is_told_and_the_batch_is_kept(
    central: Central, node: CentralNode
) -> None:
    for kind in TYPES:
        node.write(kind, {"order": 5})
    assert node.sent().size == len(TYPES)
    assert told(central) == [("template-event-unreadable", node.id)] * len(TYPES)


def test_text_that_no_database_keeps_is_told_and_the_batch_is_kept(
    central: Central, node: CentralNode
) -> None:
    tell_failed(node, "i-1", "p1", "odd\0reason")
    tell_module(node, detail="odd\0detail")
    assert node.sent().size == 2
    assert told(central) == [("template-event-unreadable", node.id)] * 2


# --- orders that were taken back while the node did them


def test_an_installation_that_was_done_before_its_withdrawal_is_in_the_books(
    central: Central, other: CentralNode
) -> None:
    """Or nobody would ever order that the finger is purged."""
    order(central, "i-1", "install", other, "p1", 20, template="t1", state="withdrawn")
    tell_installed(other, "i-1", "p1", 20, "t1")
    other.sent()
    assert entry(central, other.id, 20).employee == "p1"
    assert one(central, placement).state == "done"


def test_a_purge_that_was_done_before_its_withdrawal_empties_the_slot(
    central: Central, other: CentralNode
) -> None:
    with central.office.database.write() as connection:
        slots.assign_slot(connection, "DINKES", 20, "p1", 1, node_id=other.id)
    order(central, "p-1", "purge", other, "p1", 20, state="withdrawn")
    tell_purged(other, "p-1", "p1", 20)
    other.sent()
    assert entry(central, other.id, 20) is None


def test_a_refusal_of_an_order_that_was_taken_back_leaves_it_so(central: Central, node: CentralNode) -> None:
    order(central, "i-1", "install", node, "p1", 20, template="t1", state="withdrawn")
    tell_failed(node, "i-1", "p1", "slot-in-use")
    node.sent()
    assert one(central, placement).state == "withdrawn"
