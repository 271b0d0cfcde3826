"""What becomes of an order is decided from what the node knows, without touching anything."""

import pytest

from attendance.orders import Do, Order
from attendance.people import Roster
from edge.errand_choosing import (
    DISPUTED,
    MAX_HELD,
    Books,
    holders_of,
    must_wait,
    open_errands,
    refusal,
    to_do,
    to_fetch,
)
from edge.errand_patience import LONGEST_PAUSE_S, Patience
from edge.sensor_faults import SensorFault, sensor_error
from tests.support.door_people import roster_content

CLASS = "r503/1536/fw/3"
BOOKS = Books({1: "p-siti", 7: "p-budi", 8: DISPUTED}, CLASS, 200)


def order(do: Do, slot: int | None = None, person: str = "p-siti", model_class: str = CLASS) -> Order:
    slots = () if slot is None else (slot,)
    return Order(f"{do[0]}-1", do, person, slots=slots, template="t", model_class=model_class)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (order(Do.EXPORT, 1), None),
        (order(Do.EXPORT, 7), "not-yours"),
        (order(Do.EXPORT, 8), "not-yours"),
        (order(Do.EXPORT, 9), "not-yours"),
        (order(Do.EXPORT, 200), "slot-out-of-range"),
        (order(Do.INSTALL, 1), None),
        (order(Do.INSTALL, 9), None),
        (order(Do.INSTALL, 7), "slot-in-use"),
        (order(Do.INSTALL, 8), "slot-in-use"),
        (order(Do.INSTALL, 9, model_class="r503/512/fw/3"), "other-class"),
        (order(Do.INSTALL, 200), "slot-out-of-range"),
        (order(Do.PURGE, 1), None),
        (order(Do.PURGE, 9), None),
        (order(Do.PURGE, 7), "not-yours"),
        (order(Do.PURGE, 8), "not-yours"),
        (order(Do.SEARCH), None),
        (order(Do.SEARCH, model_class="r307/512/-/3"), "other-class"),
    ],
)
def test_what_goes_against_the_books_is_refused(wish: Order, reason: str | None) -> None:
    found = refusal(wish, BOOKS)
    assert (found.reason if found else None) == reason


def test_a_template_waits_for_the_slot_that_another_order_empties() -> None:
    books = Books({7: "p-budi"}, CLASS, 200, frozenset({7}))
    assert must_wait(order(Do.INSTALL, 7), books)
    assert refusal(order(Do.INSTALL, 7), books) is None
    assert not must_wait(order(Do.PURGE, 7), books)
    assert refusal(order(Do.PURGE, 7), books) is not None
    assert refusal(order(Do.INSTALL, 200), books) is not None


def test_what_is_not_known_yet_refuses_nothing() -> None:
    unknown = Books({}, None, None)
    assert refusal(order(Do.INSTALL, 60_000, model_class="any"), unknown) is None
    errands = [order(Do.INSTALL, 3), order(Do.EXPORT, 1), order(Do.PURGE, 9)]
    chosen = to_do(errands, {"i-1"}, class_known=False, may_export=True)
    assert chosen is errands[2]


def test_the_first_that_can_be_done_is_done() -> None:
    errands = [order(Do.INSTALL, 3), order(Do.SEARCH), order(Do.EXPORT, 1)]
    assert to_do(errands, set(), class_known=True, may_export=False) is None
    assert to_do(errands, set(), class_known=True, may_export=True) is errands[2]
    assert to_do(errands, {"s-1"}, class_known=True, may_export=True) is errands[1]
    assert to_do(errands, {"s-1", "i-1"}, class_known=True, may_export=True) is errands[0]


def test_templates_are_fetched_in_turn_up_to_a_number() -> None:
    errands = [order(Do.PURGE, 9), order(Do.INSTALL, 3), order(Do.SEARCH)]
    assert to_fetch(errands, set()) is errands[1]
    assert to_fetch(errands, {"i-1"}) is errands[2]
    assert to_fetch(errands, {"i-1", "s-1"}) is None
    assert to_fetch(errands, {f"x{number}" for number in range(MAX_HELD)}) is None


def test_orders_to_enrol_and_those_that_have_ended_are_no_errands() -> None:
    wishes = [Order("e-1", Do.ENROL, "p-siti"), order(Do.SEARCH), order(Do.PURGE, 9)]
    assert open_errands(wishes, {"s-1"}) == [wishes[2]]


def test_where_roster_and_journal_name_two_the_slot_is_nobodys() -> None:
    roster = Roster.parse(roster_content())
    holders = holders_of(roster, {7: "p-siti", 9: "p-gone"}, {(1, "p-siti"), (2, "p-budi")})
    assert holders == {2: "p-siti", 7: DISPUTED, 9: "p-gone"}
    assert holders_of(None, {9: "p-gone"}, set()) == {9: "p-gone"}


def test_a_fault_that_may_pass_is_waited_out_longer_each_time() -> None:
    patience, wish, now = Patience(), order(Do.EXPORT, 3), 0.0
    for number in range(30):
        assert patience.allows(wish.id, now)
        assert patience.failed(wish, sensor_error(SensorFault.NO_ANSWER, "x"), now, 1.0) is None
        assert not patience.allows(wish.id, now + 4.9)
        now += min(5.0 * 2**number, LONGEST_PAUSE_S)
    patience.forget(set())
    assert patience.allows(wish.id, 0.0)


@pytest.mark.parametrize(
    ("fault", "times", "reason"),
    [
        (SensorFault.TEMPLATE_SIZE, 1, "bad-template"),
        (SensorFault.SLOT_RANGE, 1, "slot-out-of-range"),
        (SensorFault.FLASH, 3, "not-stored"),
        (SensorFault.NOT_STORED, 5, "not-stored"),
        (SensorFault.REFUSED, 5, "impossible"),
        (SensorFault.NO_ANSWER, 12, "impossible"),
        (SensorFault.FOREIGN_ANSWER, 12, "impossible"),
    ],
)
def test_what_does_not_pass_is_told_but_a_purge_is_never_given_up(
    fault: SensorFault, times: int, reason: str
) -> None:
    error = sensor_error(fault, "in words")
    patience = Patience()
    ends = [patience.failed(order(Do.INSTALL, 3), error, 0.0, 1.0) for _ in range(times)]
    assert ends[:-1] == [None] * (times - 1)
    assert ends[-1] is not None
    assert (ends[-1].reason, ends[-1].detail) == (reason, "in words")
    assert [patience.failed(order(Do.PURGE, 3), error, 0.0, 1.0) for _ in range(20)] == [None] * 20


def test_a_search_that_the_module_garbles_each_time_frees_its_place_in_the_end() -> None:
    patience, search = Patience(), order(Do.SEARCH)
    error = sensor_error(SensorFault.DAMAGED_ANSWER, "in words")
    ends = [patience.failed(search, error, 0.0, 1.0) for _ in range(12)]
    assert ends[:-1] == [None] * 11
    assert ends[-1] is not None
    assert ends[-1].reason == "impossible"
