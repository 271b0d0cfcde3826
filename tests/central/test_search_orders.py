"""A new template is looked for at every other sensor of its class, and waits for none for ever."""

import pytest
from sqlalchemy import select, update

from attendance.orders import Do
from central import search_orders
from central.tables import node, template_search
from tests.support.central import Central
from tests.support.order_world import OTHER_CLASS, RIGHT_INDEX, Town


@pytest.fixture
def town(central: Central) -> Town:
    made = Town(central)
    made.unit()
    made.unit("DINKES")
    made.person("p1")
    made.node("a")
    return made


def test_a_new_template_is_looked_for_at_every_other_node_of_its_class(town: Town) -> None:
    town.node("b", "DINKES")
    town.node("of-another-class", "DINKES", model_class=OTHER_CLASS)
    town.node("told-nothing", "DINKES", told=False)
    town.node("distrusted", "DINKES", state="distrusted")
    town.node("swapped", "DINKES", state="active")
    town.module("swapped", state="swapped")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    assert [(row.template, row.node, row.state) for row in town.rows(select(template_search))] == [
        (kept, "b", "waiting")
    ]
    (order,) = town.orders("b")
    assert (order.id, order.do, order.person, order.finger) == (f"s-{kept}", Do.SEARCH, "p1", RIGHT_INDEX)
    assert town.wishes("a") == []


def test_it_is_clear_when_everybody_has_answered_and_not_before(town: Town) -> None:
    town.node("b", "DINKES")
    town.node("c", "DINKES")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    town.answer("b", kept, "clear")
    town.plan()
    assert town.state_of(kept) == "searching"
    town.answer("c", kept, "refused")
    town.plan()
    assert town.state_of(kept) == "clear"


def test_without_any_other_node_there_is_nothing_to_wait_for(town: Town) -> None:
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    assert town.state_of(kept) == "clear"


@pytest.mark.parametrize("state", ["open", "cheat"])
def test_a_finding_holds_it_back(town: Town, state: str) -> None:
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.found(kept, state)
    town.plan()
    assert town.state_of(kept) == "searching"


@pytest.mark.parametrize("state", ["chance", "same-person"])
def test_a_finding_that_people_settled_does_not(town: Town, state: str) -> None:
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.found(kept, state)
    town.plan()
    assert town.state_of(kept) == "clear"


def test_a_node_that_joins_later_looks_for_what_is_still_looked_for(town: Town) -> None:
    town.node("b", "DINKES")
    (open_one,) = town.enrolled("p1", "a", 4, state="searching")
    town.person("p2")
    town.enrolled("p2", "a", 5)
    town.plan()
    town.node("late", "DINKES")
    town.plan()
    assert [order.template for order in town.orders("late", Do.SEARCH)] == [open_one]
    town.answer("b", open_one, "clear")
    town.plan()
    assert town.state_of(open_one) == "searching"


def test_a_node_that_is_silent_for_long_holds_nobody_up_and_stays_asked(town: Town) -> None:
    town.node("b", "DINKES")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    town.pass_days(search_orders.PATIENCE.days)
    town.plan()
    assert town.state_of(kept) == "searching"
    town.pass_days(1)
    town.plan()
    assert town.state_of(kept) == "clear"
    assert [order.do for order in town.orders("b")] == [Do.SEARCH]
    town.person("p2")
    (next_one,) = town.enrolled("p2", "a", 5, state="searching")
    town.plan()
    assert town.state_of(next_one) == "clear"  # it is silent already


def test_a_node_that_reports_and_never_answers_holds_nobody_up_for_ever(town: Town) -> None:
    town.node("b", "DINKES")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    for _day in range(search_orders.PATIENCE.days + 1):
        assert town.state_of(kept) == "searching"
        town.pass_days(1)
        town.heard_of("b")
        town.plan()
    assert town.state_of(kept) == "clear"


def test_a_retired_node_and_one_that_got_another_sensor_will_not_look(town: Town) -> None:
    for name in ("b", "c", "d"):
        town.node(name, "DINKES")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    town.plan()
    town.run(update(node).where(node.c.id == "b").values(state="retired"))
    town.module("c", model_class=OTHER_CLASS)
    town.plan()
    found = {row.node: (row.state, row.reason) for row in town.rows(select(template_search))}
    assert found == {"b": ("refused", "retired"), "c": ("refused", "other-class"), "d": ("waiting", "")}
    assert town.state_of(kept) == "searching"


def test_more_searches_than_one_transaction_takes_are_all_ordered_before_anything_is_clear(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.orders.PLANNED_AT_ONCE", 3)
    for name in ("b", "c"):
        town.node(name, "DINKES")
    kept = [
        town.enrolled(town.person(f"q{number}"), "a", number, state="searching")[0] for number in range(5)
    ]
    town.plan()
    assert len(town.rows(select(template_search))) == 10
    assert {town.state_of(name) for name in kept} == {"searching"}


def test_the_search_for_one_new_template_is_ordered_without_planning_all(town: Town) -> None:
    town.node("b", "DINKES")
    (kept,) = town.enrolled("p1", "a", 4, state="searching")
    (other,) = town.enrolled(town.person("p2"), "a", 5, state="searching")
    with town.central.office.database.write() as connection:
        assert search_orders.ask(connection, town.now_ms(), 100, only=kept).count == 1
        assert search_orders.ask(connection, town.now_ms(), 100, only=kept).count == 0
    assert [row.template for row in town.rows(select(template_search))] == [kept]
    assert town.state_of(other) == "searching"
