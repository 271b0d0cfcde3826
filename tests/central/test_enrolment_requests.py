"""A request to enrol somebody: when it is taken, what the node is told, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from attendance.enrolment import (
    BEGUN,
    ENROL,
    FAILED,
    INTENT,
    Begun,
    EnrolledFinger,
    Enrolment,
    FailedEnrolment,
    Intent,
)
from attendance.exchange import open_document
from attendance.orders import Do, Orders
from central import enrolment_requests, nodes, orders
from central.enrolment_requests import VALID_FOR, Refusal, Wanted, expire_due, open_for
from central.tables import assignment, audit_log, enrolment_request
from tests.support.central import Central
from tests.support.central_node import CentralNode
from tests.support.enrolment_requests import tell_module, wanted

BOTH = ("right-index", "left-index")
REFUSED_WORDS: list[tuple[dict[str, Any], Refusal]] = [
    ({"fingers": ()}, Refusal.NO_FINGERS),
    ({"fingers": ("right-index",)}, Refusal.NO_FINGERS),
    ({"fingers": ("right-index", "left-toe")}, Refusal.NO_FINGERS),
    ({"fingers": ("right-index", "left-index", "left-thumb")}, Refusal.NO_FINGERS),
    ({"fingers": ("right-index", "right-thumb")}, Refusal.ONE_HAND),
    ({"fingers": ("right-index", "right-index")}, Refusal.ONE_HAND),
    ({"legal_basis": "  "}, Refusal.NO_BASIS),
    ({"legal_basis": "SK\x00"}, Refusal.NO_BASIS),
    ({"notice": ""}, Refusal.NO_NOTICE),
    ({"notice": "v" * 201}, Refusal.TOO_LONG),
    ({"person": "nobody"}, Refusal.UNKNOWN_PERSON),
    ({"person": "elsewhere"}, Refusal.NOT_HERE),
    ({"node": "nonodeaaaaaaaaaa"}, Refusal.UNKNOWN_NODE),
]


@pytest.fixture
def ready(central: Central, node: CentralNode) -> CentralNode:
    """A node that has told of its sensor; somebody works at another office."""
    tell_module(central.office, node.id)
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("elsewhere", "DINKES")
    return node


def ask(central: Central, asked: Wanted) -> str | Refusal:
    with central.office.database.write() as connection:
        return enrolment_requests.request(connection, asked, "admin", central.clock.now_ms())


def asked(central: Central, node: CentralNode, person: str = "p1") -> str:
    name = ask(central, wanted(node.id, person))
    assert not isinstance(name, Refusal)
    return name


def take_back(central: Central, name: str) -> bool:
    with central.office.database.write() as connection:
        return enrolment_requests.cancel(connection, name, "admin", central.clock.now_ms())


def state(central: Central, name: str) -> tuple[str, str]:
    its = enrolment_request.c
    row = central.rows(select(its.state, its.reason).where(its.id == name))[0]
    return row.state, row.reason


def open_ids(central: Central, node: CentralNode) -> list[str]:
    with central.office.database.read() as connection:
        return [order.id for order in open_for(connection, node.id, central.clock.now_ms())]


def deeds(central: Central) -> list[str]:
    query = select(audit_log.c.action).where(audit_log.c.action.like("enrolment-%"))
    return [row.action for row in central.rows(query.order_by(audit_log.c.id))]


def enrolled(request: str | None, person: str = "p1") -> dict[str, Any]:
    fingers = (EnrolledFinger("right-index", 20, 3, 0, (120,)), EnrolledFinger("left-index", 21, 3, 0, (99,)))
    return Enrolment(person, fingers, "p2", 2, None, "r503", "SK", "v1", 1, None, request).content()


def failed(request: str | None, reason: str, person: str = "p1") -> dict[str, Any]:
    return FailedEnrolment(person, reason, request=request).content()


def begun(request: str, person: str = "p1") -> dict[str, Any]:
    return Begun(person, request).content()


# -- taking it


def test_a_good_request_becomes_an_order_that_the_node_can_read(central: Central, ready: CentralNode) -> None:
    name = asked(central, ready)
    text = orders.newer_orders(central.office, ready.id, 0)
    assert text is not None
    content = open_document(text.encode(), central.office.keys.document_public, "orders").content
    order = Orders.parse(content).orders[0]  # before anything else that is open for this node
    assert (order.id, order.do, order.person, order.name) == (name, Do.ENROL, "p1", "Orang p1")
    assert (order.fingers, order.legal_basis, order.notice) == (BOTH, "SK 800/12", "v1")
    assert order.expires_ms == central.clock.now_ms() + VALID_FOR // timedelta(milliseconds=1)
    assert deeds(central) == ["enrolment-requested"]


@pytest.mark.parametrize(("changes", "expected"), REFUSED_WORDS)
def test_what_is_wrong_with_a_request_has_a_name_and_nothing_is_written(
    central: Central, ready: CentralNode, changes: dict[str, Any], expected: Refusal
) -> None:
    values = {"node": ready.id, "person": "p1", **changes}
    assert ask(central, wanted(**values)) is expected
    assert central.rows(select(enrolment_request)) == []
    assert deeds(central) == []


def test_somebody_whose_assignment_is_over_or_still_to_come_is_not_enrolled(
    central: Central, ready: CentralNode
) -> None:
    with central.office.database.write() as connection:
        last_day = central.clock.at.date()
        connection.execute(update(assignment).where(assignment.c.employee == "p1").values(valid_to=last_day))
    assert take_back(central, asked(central, ready)), "the last day counts"
    central.clock.at += timedelta(days=1)
    assert ask(central, wanted(ready.id, "p1")) is Refusal.NOT_HERE
    central.clock.at -= timedelta(days=90)
    assert ask(central, wanted(ready.id, "p2")) is Refusal.NOT_HERE


def test_a_node_that_never_told_of_its_sensor_is_refused(central: Central, node: CentralNode) -> None:
    assert ask(central, wanted(node.id, "p1")) is Refusal.NO_MODULE


@pytest.mark.parametrize("deed", ["distrust", "retire"])
def test_a_node_that_is_not_trusted_is_refused(central: Central, ready: CentralNode, deed: str) -> None:
    with central.office.database.write() as connection:
        if deed == "distrust":
            nodes.distrust(connection, ready.id, "a test", central.clock.now_ms(), actor="test")
        else:
            nodes.retire(connection, ready.id, central.clock.now_ms(), actor="test")
    assert ask(central, wanted(ready.id, "p1")) is {"distrust": Refusal.DISTRUSTED}.get(deed, Refusal.RETIRED)


def test_one_node_does_one_at_a_time(central: Central, ready: CentralNode) -> None:
    first = asked(central, ready)
    assert ask(central, wanted(ready.id, "p2")) is Refusal.BUSY
    assert take_back(central, first)
    second = asked(central, ready, "p2")
    central.clock.at += VALID_FOR + timedelta(seconds=1)
    third = asked(central, ready, "p3")
    assert [state(central, name)[0] for name in (first, second, third)] == ["cancelled", "expired", "waiting"]
    assert open_ids(central, ready) == [third]


# -- what the node writes


def test_it_runs_and_ends_as_the_node_says(central: Central, ready: CentralNode) -> None:
    name = asked(central, ready)
    ready.write(BEGUN, begun(name))
    ready.sent()
    assert state(central, name) == ("running", "")
    assert open_ids(central, ready) == [name], "an order that vanishes is one that was cancelled"
    ready.write(INTENT, Intent("p1", "right-index", 20, (), name).content())
    event = ready.write(ENROL, enrolled(name))
    ready.sent(ready.events[-2:])
    assert state(central, name) == ("enrolled", "")
    assert open_ids(central, ready) == []
    row = central.rows(select(enrolment_request))[0]
    assert row.event == f"{ready.id}/1/{event.seq}"
    assert row.begun_ms == row.ended_ms == central.clock.now_ms()
    assert deeds(central) == ["enrolment-requested", "enrolment-ended"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("belongs-to-another", "refused"), ("interrupted", "refused"), ("expired", "expired")],
)
def test_a_failure_keeps_its_reason(central: Central, ready: CentralNode, reason: str, expected: str) -> None:
    name = asked(central, ready)
    ready.write(FAILED, failed(name, reason))
    ready.sent()
    assert state(central, name) == (expected, reason)
    assert open_ids(central, ready) == []


def test_whatever_a_node_writes_of_a_request_that_is_not_its_own_changes_nothing(
    central: Central, ready: CentralNode
) -> None:
    name = asked(central, ready)
    other = CentralNode(central, seed=2)
    other.claim()
    other.write(ENROL, enrolled(name))
    other.write(FAILED, failed(name, "full"))
    other.sent()
    ready.write(BEGUN, begun(name, person="p2"))
    ready.write(FAILED, {**failed(None, "full"), "request": {"a": 1}})
    ready.write(FAILED, {**failed(None, "full"), "request": "e-unknown", "person": None})
    assert ready.sent().size == 3
    assert state(central, name) == ("waiting", "")
    assert deeds(central).count("enrolment-of-no-request") == 5


def test_an_enrolment_without_a_request_is_none_of_ours(central: Central, ready: CentralNode) -> None:
    name = asked(central, ready)
    ready.write(ENROL, enrolled(None))
    ready.sent()
    assert state(central, name) == ("waiting", "")


# -- cancelling and expiring


def test_a_cancelled_request_leaves_the_orders_and_stays_cancelled_when_the_node_gives_up(
    central: Central, ready: CentralNode
) -> None:
    name = asked(central, ready)
    ready.write(BEGUN, begun(name))
    ready.sent()
    assert take_back(central, name)
    assert not take_back(central, name)
    assert open_ids(central, ready) == []
    ready.write(INTENT, Intent("p1", "right-index", 20, (), name).content())
    ready.sent(ready.events[-1:])
    assert open_ids(central, ready) == [], "an order that was cancelled comes back"
    ready.write(FAILED, failed(name, "cancelled"))
    ready.sent(ready.events[-1:])
    assert state(central, name) == ("cancelled", "cancelled")


def test_what_the_node_finished_before_it_heard_of_the_cancel_counts(
    central: Central, ready: CentralNode
) -> None:
    name = asked(central, ready)
    take_back(central, name)
    ready.write(BEGUN, begun(name))
    ready.write(ENROL, enrolled(name))
    ready.write(FAILED, failed(name, "interrupted"))
    ready.sent()
    assert state(central, name) == ("enrolled", "")


def test_a_request_that_nobody_took_expires_and_says_so_once(central: Central, ready: CentralNode) -> None:
    name = asked(central, ready)
    expire_due(central.office)
    assert state(central, name) == ("waiting", "")
    central.clock.at += VALID_FOR + timedelta(seconds=1)
    assert open_ids(central, ready) == []
    assert not take_back(central, name)
    expire_due(central.office)
    expire_due(central.office)
    assert state(central, name) == ("expired", "")
    assert deeds(central) == ["enrolment-requested", "enrolment-expired"]


def test_a_node_that_began_in_time_is_believed_although_its_word_comes_late(
    central: Central, ready: CentralNode
) -> None:
    name = asked(central, ready)
    central.clock.at += VALID_FOR + timedelta(minutes=5)
    expire_due(central.office)
    ready.write(BEGUN, begun(name))
    ready.sent()
    assert state(central, name) == ("running", "")
    assert central.rows(select(enrolment_request.c.ended_ms))[0].ended_ms is None


def test_nobody_cancels_what_never_was(central: Central, ready: CentralNode) -> None:
    assert not take_back(central, "e-000000000000")
