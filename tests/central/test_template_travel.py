"""Fingers go where people work, two days before they begin, and are gone from where they no longer do."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from attendance.orders import Do
from central import placement_planning, placements, purge_matching
from central.tables import (
    assignment,
    audit_log,
    export_refusal,
    module,
    node,
    person_key,
    placement,
    slot,
    template,
)
from tests.support.central import Central
from tests.support.order_world import CLASS, MONDAY, OFFICE, OTHER_CLASS, Town

HOME, AWAY = OFFICE, "DINKES"
JANUARY = date(2017, 1, 1)
ONE_DAY = timedelta(days=1)


@pytest.fixture
def town(central: Central) -> Town:
    made = Town(central)
    made.unit(HOME)
    made.unit(AWAY)
    made.node("a")
    return made


def slots_at(town: Town, name: str) -> set[tuple[str, int]]:
    return {(row.employee, row.slot) for row in town.rows(select(slot).where(slot.c.node == name))}


def outstanding(town: Town) -> list[tuple[str, str, tuple[int, ...], bool, int]]:
    with town.central.office.database.read() as connection:
        found = placements.outstanding_purges(connection, town.now_ms())
    return [(each.node, each.person, each.slots, each.failed, each.since_ms) for each in found]


def actions(town: Town) -> list[str]:
    return [row.action for row in town.rows(select(audit_log.c.action).order_by(audit_log.c.id))]


# --- to where somebody works


def test_a_cleared_template_goes_to_every_other_sensor_of_the_office_and_both_fingers_travel(
    town: Town,
) -> None:
    town.node("b")
    town.node("elsewhere", AWAY)
    kept = town.enrolled(town.person("p1"), "a", 4, 5)
    town.plan()
    found = {(order.template, order.slots, order.finger) for order in town.orders("b", Do.INSTALL)}
    assert found == {(kept[0], (199,), "right-index"), (kept[1], (198,), "left-index")}
    assert all(order.id.startswith("i-") and len(order.id) == 14 for order in town.orders("b"))
    assert all(order.model_class == CLASS for order in town.orders("b"))
    assert (town.orders("a"), town.orders("elsewhere")) == ([], [])


def test_planning_twice_orders_nothing_twice(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4, 5, state="searching")
    town.lies(town.person("gone", (HOME, JANUARY, MONDAY - ONE_DAY)), "a", 9)
    assert town.plan() > 0
    before = town.rows(select(placement))
    assert town.plan() == 0
    assert town.rows(select(placement)) == before


def test_what_is_not_cleared_does_not_travel(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4, state="held")
    town.plan()
    assert town.orders("b") == []


def test_a_template_of_another_class_does_not_travel(town: Town) -> None:
    town.node("b", model_class=OTHER_CLASS)
    town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    assert town.orders("b") == []


@pytest.mark.parametrize("state", ["swapped", "emptied", "enriched", "rolled-back", "exchanged"])
def test_a_sensor_that_is_not_the_right_one_gets_no_orders(town: Town, state: str) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    town.lies(town.person("p2"), "b", 1)
    town.lies(town.person("gone", (HOME, JANUARY, MONDAY - ONE_DAY)), "b", 9)
    town.plan()
    assert {order.do for order in town.orders("b")} == {Do.EXPORT, Do.INSTALL, Do.PURGE}
    town.run(update(module).where(module.c.node == "b").values(state=state))
    town.plan()
    assert town.orders("b") == []
    assert len(town.rows(select(placement))) == 2  # waiting until a technician has looked


def test_nodes_that_are_not_trusted_get_no_orders(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    for state, count in (("distrusted", 0), ("active", 1), ("retired", 0)):
        town.run(update(node).where(node.c.id == "b").values(state=state))
        town.plan()
        assert len(town.orders("b")) == count


@pytest.mark.parametrize("state", ["distrusted", "retired"])
def test_nothing_is_planned_for_a_node_that_is_not_trusted(town: Town, state: str) -> None:
    town.node("b", state=state)
    town.enrolled(town.person("p1"), "a", 4)
    assert town.plan() == 0
    assert town.rows(select(placement)) == []


def test_a_finding_that_turns_up_takes_an_open_order_back(town: Town) -> None:
    town.node("b")
    (kept,) = town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    town.run(update(template).where(template.c.id == kept).values(state="held"))
    town.plan()
    assert town.orders("b") == []
    assert placements.WITHDRAWN in actions(town)


def test_an_installation_whose_nodes_never_told_of_a_module_gets_no_orders(town: Town) -> None:
    town.node("old", AWAY, told=False)
    town.person("p1", (AWAY, JANUARY, None))
    town.person("gone", (AWAY, JANUARY, MONDAY - ONE_DAY))
    town.lies("p1", "", 1, unit=AWAY)
    town.lies("gone", "old", 2, unit=AWAY)
    assert town.plan() == 0
    assert town.orders("old") == []


def test_a_failed_install_takes_another_slot(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    slots: list[int] = []
    for reason in ("slot-in-use", "not-stored"):
        (order,) = town.orders("b")
        slots += order.slots
        town.end(order.id, "failed", reason)
        town.plan()
    (order,) = town.orders("b")
    assert [*slots, *order.slots] == [199, 198, 197]


@pytest.mark.parametrize("reason", ["not-stored", "bad-seal"])
def test_what_fails_again_and_again_is_tried_ever_more_rarely(town: Town, reason: str) -> None:
    """Also where the node tells of its module all the time: it does so whenever a template comes or goes."""
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    tries = dict.fromkeys(range(8), 0)
    for minute in range(0, len(tries) * 24 * 60, 60):
        town.plan()
        for order in town.orders("b"):
            tries[minute // (24 * 60)] += 1
            town.end(order.id, "failed", reason)
        town.pass_days(1 / 24)
        town.module("b", used=minute % 7)
    assert 2 <= tries[0] <= 7
    assert {tries[day] for day in range(4, 8)} <= {1}


def test_a_sensor_that_stores_nothing_keeps_its_slots_for_the_day_on_which_it_does(town: Town) -> None:
    town.node("b", capacity=40, usable=40)
    for number in range(8):
        town.enrolled(town.person(f"q{number}"), "a", 2 * number, 2 * number + 1)
    for _ in range(placement_planning.AT_ONCE_FAILURES):
        town.plan()
        for order in town.orders("b"):
            town.end(order.id, "failed", "not-stored")
    town.pass_days(1)
    town.plan()
    assert len(town.orders("b")) == 16


def test_a_failure_of_long_ago_is_put_away(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    (order,) = town.orders("b")
    town.end(order.id, "failed", "slot-in-use")
    town.pass_days(31)
    town.plan()
    assert {row.state for row in town.rows(select(placement))} == {"withdrawn", "open"}
    (again,) = town.orders("b")
    assert again.slots == order.slots


def test_a_template_that_the_node_can_not_take_is_not_offered_again_at_once(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4)
    town.plan()
    (order,) = town.orders("b")
    town.end(order.id, "failed", "bad-template")
    town.plan()
    assert town.orders("b") == []


def test_a_slot_for_the_whole_office_is_held_by_every_sensor_of_it(town: Town) -> None:
    town.node("b")
    town.person("p1")
    town.lies("p1", "", 3)
    town.obey("a", "b")
    (kept,) = town.rows(select(template))
    assert (kept.origin_node, kept.state) == ("a", "clear")
    assert slots_at(town, "b") == set()  # nothing is brought to where it is


def test_a_slot_that_the_node_found_empty_holds_nobody(town: Town) -> None:
    town.node("b")
    town.enrolled(town.person("p1"), "a", 4, 5)
    town.lies("p1", "b", 7)
    town.plan()
    assert town.wishes("b") == [("export", "p1", (7,))]
    refusal = {"node": "b", "slot": 7, "employee": "p1", "reason": "slot-empty", "at_ms": town.now_ms()}
    town.run(export_refusal.insert().values(**refusal))
    town.plan()
    assert {slots for _, _, slots in town.wishes("b", Do.INSTALL)} == {(199,), (198,)}


def test_more_people_than_fit_are_shared_out(town: Town) -> None:
    for name in ("b", "c"):
        town.node(name, AWAY, capacity=20, usable=20)
    for number in range(10):
        person = town.person(f"p{number}", (HOME, JANUARY, None))
        town.enrolled(person, "a", 2 * number, 2 * number + 1)
        town.ends(person, MONDAY - ONE_DAY)
        town.stay(person, AWAY, MONDAY)
    town.plan()
    shares = [town.wishes(name, Do.INSTALL) for name in ("b", "c")]
    assert [len(share) for share in shares] == [10, 10]
    assert len({person for share in shares for _, person, _ in share}) == 10
    town.obey("a", "b", "c")
    before = slots_at(town, "b")
    town.person("new", (AWAY, MONDAY, None))
    town.enrolled("new", "b", 0, 1, unit=AWAY)
    town.obey("b", "c")
    assert slots_at(town, "b") == before | {("new", 0), ("new", 1)}


def test_somebody_gives_up_a_second_home_for_who_has_none_and_keeps_the_first(town: Town) -> None:
    town.module("a", capacity=10, usable=10)
    town.node("b", capacity=10, usable=10)
    town.node("elsewhere", AWAY)
    for number in range(3):
        town.enrolled(town.person(f"p{number}"), "a", 2 * number, 2 * number + 1)
    town.obey("a", "b")
    assert len(slots_at(town, "b")) == 6
    town.person("new")
    town.enrolled("new", "elsewhere", 1, 2, unit=AWAY)
    town.plan()
    (order,) = [order for name in "ab" for order in town.orders(name)]
    assert (order.do, order.reason, len(order.slots)) == (Do.PURGE, "moved", 2)
    assert order in town.orders("b")  # where they were enrolled they stay
    assert town.plan() == 0
    town.end(order.id, "failed", "not-yours")
    assert town.plan() == 0
    town.pass_days(1)
    town.obey("a", "b")
    assert len(slots_at(town, "a")) == len(slots_at(town, "b")) == 6
    assert {person for person, _ in slots_at(town, "a")} == {"p0", "p1", "p2"}
    assert "new" in {person for person, _ in slots_at(town, "b")}
    assert town.plan() == 0


# --- moving


def test_a_transfer_brings_the_fingers_two_days_before_and_takes_them_away_after_the_last_day(
    town: Town,
) -> None:
    town.node("b", AWAY)
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY + 4 * ONE_DAY)), "a", 4, 5)
    town.stay("p1", AWAY, MONDAY + 5 * ONE_DAY)
    brought, purged = [], []
    for day in range(7):
        town.plan()
        if town.orders("b", Do.INSTALL):
            brought.append(day)
        if town.orders("a", Do.PURGE):
            purged.append(day)
        town.pass_days(1)
    assert (brought, purged) == ([3, 4, 5, 6], [5, 6])
    (order,) = town.orders("a")
    assert (order.slots, order.reason) == ((4, 5), "moved")
    town.obey("a", "b")
    assert slots_at(town, "a") == set()
    assert slots_at(town, "b") == {("p1", 199), ("p1", 198)}
    assert town.rows(select(person_key))


def test_a_transfer_that_is_called_off_takes_back_what_was_brought(town: Town) -> None:
    town.node("b", AWAY)
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY)), "a", 4)
    town.stay("p1", AWAY, MONDAY + ONE_DAY)
    town.obey("b")
    town.run(assignment.delete().where(assignment.c.unit == AWAY))
    town.run(update(assignment).values(valid_to=None))
    town.plan()
    assert town.wishes("b") == [("purge", "p1", (199,))]
    assert town.wishes("a") == []


def test_who_comes_back_before_the_purge_was_done_keeps_the_finger(town: Town) -> None:
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY)), "a", 4)
    town.node("b", AWAY)
    town.stay("p1", AWAY, MONDAY + ONE_DAY, MONDAY + 2 * ONE_DAY)
    town.pass_days(1)
    town.plan()
    assert len(town.orders("a", Do.PURGE)) == 1
    town.stay("p1", HOME, MONDAY + 3 * ONE_DAY)
    town.plan()
    assert town.orders("a") == []


def test_who_is_enrolled_at_an_office_of_others_stays_there_until_they_leave(town: Town) -> None:
    town.person("guest", (AWAY, JANUARY, None))
    town.enrolled("guest", "a", 4)
    town.plan()
    assert town.orders("a") == []
    town.ends("guest", MONDAY - ONE_DAY)
    town.plan()
    assert [order.reason for order in town.orders("a")] == ["left"]


def test_a_guest_who_was_enrolled_after_the_move_is_one(town: Town) -> None:
    town.person("p1", (HOME, JANUARY, MONDAY - 30 * ONE_DAY))
    town.stay("p1", AWAY, MONDAY - 29 * ONE_DAY)
    town.enrolled("p1", "a", 4)
    town.lies("p1", "a", 9)
    town.plan()
    assert town.wishes("a", Do.PURGE) == [("purge", "p1", (9,))]  # from before the move, by all that is known


def test_a_finger_that_was_never_handed_in_is_so_before_it_is_purged(town: Town) -> None:
    town.node("b", AWAY)
    town.person("p1", (HOME, JANUARY, MONDAY - ONE_DAY))
    town.stay("p1", AWAY, MONDAY)
    town.lies("p1", "a", 4)
    town.plan()
    assert town.wishes("a") == [("export", "p1", (4,))]
    town.obey("a", "b")
    assert slots_at(town, "a") == set()
    assert slots_at(town, "b") == {("p1", 199)}


def test_the_purge_waits_for_the_handing_in_no_longer_than_a_week_and_not_where_it_was_refused(
    town: Town,
) -> None:
    for number in (4, 5):
        town.person(f"p{number}", (HOME, JANUARY, MONDAY - ONE_DAY))
        town.stay(f"p{number}", AWAY, MONDAY)
        town.lies(f"p{number}", "a", number)
    refusal = {"node": "a", "slot": 4, "employee": "p4", "reason": "slot-empty", "at_ms": town.now_ms()}
    town.run(export_refusal.insert().values(**refusal))
    town.plan()
    assert town.wishes("a") == [("purge", "p4", (4,)), ("export", "p5", (5,))]
    town.pass_days(7)
    town.plan()
    assert town.wishes("a") == [("purge", "p4", (4,)), ("purge", "p5", (5,))]


# --- leaving


def test_who_left_is_purged_everywhere_at_once_and_the_key_is_destroyed_after_a_week(town: Town) -> None:
    for name in ("b", "c"):
        town.node(name)
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY)), "a", 4, 5)
    town.obey("b")
    town.plan()
    assert len(town.orders("c", Do.INSTALL)) == 2
    assert town.rows(select(person_key))
    town.pass_days(1)
    town.plan()
    assert town.wishes("c") == []
    assert [order.reason for name in "ab" for order in town.orders(name)] == ["left", "left"]
    town.obey("a", "b")
    assert town.rows(select(slot)) == []
    town.pass_days(6)
    town.plan()
    assert len(town.rows(select(template))) == 2
    town.pass_days(1)
    town.plan()
    assert town.rows(select(person_key)) == []
    assert town.rows(select(template)) == []
    assert placements.DESTROYED in actions(town)
    assert town.plan() == 0


def test_a_leave_that_lies_ahead_changes_nothing_yet(town: Town) -> None:
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY)), "a", 4)
    assert town.plan() == 0
    assert town.rows(select(person_key))


def test_who_never_worked_here_has_not_left(town: Town) -> None:
    town.person("p1")
    town.enrolled("p1", "a", 4)
    town.run(assignment.delete())
    assert town.plan() == 0
    assert town.rows(select(person_key))


def test_who_is_entered_at_the_next_office_days_late_gets_the_finger_back_without_a_second_enrolment(
    town: Town,
) -> None:
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY - ONE_DAY)), "a", 4)
    town.plan()
    town.obey("a")
    assert town.rows(select(slot)) == []
    town.pass_days(5)
    town.stay("p1", HOME, MONDAY)
    town.plan()
    town.obey("a")
    assert [person for person, _ in slots_at(town, "a")] == ["p1"]


def test_who_is_hired_again_before_the_purge_was_confirmed_keeps_the_finger_and_hands_it_in_anew(
    town: Town,
) -> None:
    town.node("b")
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY - 8 * ONE_DAY)), "a", 4)
    town.plan()
    assert len(town.orders("a", Do.PURGE)) == 1
    town.stay("p1", HOME, MONDAY)
    town.plan()
    (order,) = town.orders("a")
    assert (order.do, order.slots) == (Do.EXPORT, (4,))
    town.obey("a", "b")
    assert [person for person, _ in slots_at(town, "b")] == ["p1"]


def test_who_is_hired_again_elsewhere_is_still_purged_where_they_were(town: Town) -> None:
    town.enrolled(town.person("p1", (HOME, JANUARY, MONDAY - 8 * ONE_DAY)), "a", 4)
    town.plan()
    (before,) = town.orders("a")
    town.stay("p1", AWAY, MONDAY)
    town.plan()
    assert town.orders("a") == [before]


def test_a_purge_that_was_refused_is_asked_for_again_a_day_later_and_keeps_its_age(town: Town) -> None:
    town.lies(town.person("p1", (HOME, JANUARY, MONDAY - ONE_DAY)), "a", 4)
    town.plan()
    (first,) = town.orders("a")
    since_ms = town.now_ms()
    town.end(first.id, "failed", "not-yours")
    town.plan()
    assert town.orders("a") == []
    assert outstanding(town) == [("a", "p1", (4,), True, since_ms)]
    town.pass_days(purge_matching.ASK_AGAIN / ONE_DAY)
    town.plan()
    (again,) = town.orders("a")
    assert (again.slots, again.reason, again.id != first.id) == ((4,), "left", True)
    assert outstanding(town) == [("a", "p1", (4,), False, since_ms)]


def test_a_purge_is_taken_back_when_the_slot_is_somebody_elses_by_now(town: Town) -> None:
    town.lies(town.person("p1", (HOME, JANUARY, MONDAY - ONE_DAY)), "a", 4)
    town.plan()
    assert len(town.orders("a")) == 1
    town.run(update(slot).values(employee=town.person("p2")))
    town.plan()
    assert town.wishes("a") == [("export", "p2", (4,))]


def test_purges_wait_for_nodes_that_do_not_answer_and_are_told_with_their_age(town: Town) -> None:
    town.node("b")
    for name, number in (("a", 4), ("b", 7)):
        town.lies(town.person(f"p{name}", (HOME, JANUARY, MONDAY - ONE_DAY)), name, number)
    town.plan()
    since_ms = town.now_ms()
    town.run(update(node).where(node.c.id == "b").values(state="retired"))
    town.pass_days(30)
    town.obey("a")
    assert outstanding(town) == [("b", "pb", (7,), False, since_ms)]
    with town.central.office.database.read() as connection:
        (row,) = placements.outstanding_purges(connection, town.now_ms())
    assert (row.unit, row.state, row.reason, row.last_seen_ms) == (HOME, "retired", "left", since_ms)


# --- enrolled anew, and decided


def test_a_finger_that_was_enrolled_anew_replaces_the_older_one_where_it_had_gone(town: Town) -> None:
    town.node("b")
    (old,) = town.enrolled(town.person("p1"), "a", 4)
    town.obey("b")
    town.run(slot.delete().where(slot.c.node == "a"))
    (new,) = town.enrolled("p1", "a", 5, state="searching")
    town.run(update(template).where(template.c.id == new).values(state="held"))
    town.plan()
    assert town.wishes("b") == []  # the older one serves until the newer one is here
    town.run(update(template).where(template.c.id == new).values(state="clear"))
    town.plan()
    assert [(order.do, order.template) for order in town.orders("b")] == [(Do.INSTALL, new)]
    town.obey("b")
    assert [row.template for row in town.rows(select(slot).where(slot.c.node == "b"))] == [new]
    reasons = [row.reason for row in town.rows(select(placement).where(placement.c.do == "purge"))]
    assert reasons == ["replaced"]
    assert old not in {row.template for row in town.rows(select(slot))}


def test_a_finger_that_was_decided_to_be_anothers_is_purged_everywhere_and_travels_no_more(
    town: Town,
) -> None:
    town.node("b")
    kept = town.enrolled(town.person("p1"), "a", 4, 5)
    town.obey("b")
    town.found(kept[0], "cheat")
    town.run(update(template).where(template.c.id == kept[0]).values(state="held"))
    town.plan()
    assert town.wishes("a", Do.PURGE) == [("purge", "p1", (4,))]
    assert [order.reason for order in town.orders("b")] == ["decided"]
    town.obey("a", "b")
    assert len(slots_at(town, "a")) == len(slots_at(town, "b")) == 1
    assert town.plan() == 0


def test_an_older_template_travels_where_the_newer_one_was_decided_to_be_anothers(town: Town) -> None:
    (older,) = town.enrolled(town.person("p1"), "a", 4)
    (newer,) = town.enrolled("p1", "a", 5, state="held")
    town.node("b")
    town.plan()
    assert town.orders("b") == []  # as long as nobody has decided
    town.found(newer, "cheat")
    town.plan()
    assert [order.template for order in town.orders("b")] == [older]


# --- how much it takes


def test_it_asks_the_database_no_more_for_thousands_of_people_than_for_ten(town: Town) -> None:
    for name in ("b", "c"):
        town.node(name, capacity=30_000, usable=30_000)
    town.module("a", capacity=30_000, usable=30_000)
    counts, orders = [], []
    for start, people in ((0, 10), (10, 2_500)):
        town.crowd(start, people, "a")
        with town.statements() as asked:
            orders.append(town.step())
        counts.append(asked.count)
    assert orders == [40, 5_000]  # the rest is for the next step
    assert counts[0] == counts[1]
    assert town.plan() == 5_000
    slots = {(row.node, row.slots) for row in town.rows(select(placement))}
    assert len(slots) == 2 * 2 * 2_510
