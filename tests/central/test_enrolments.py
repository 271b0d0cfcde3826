"""What nodes enrolled enters the books, and never against them."""

from typing import Any

from sqlalchemy import select

from attendance.enrolment import ENROL, FAILED, EnrolledFinger, Enrolment, FailedEnrolment
from attendance.exchange import open_document
from central import rosters
from central.tables import audit_log, slot
from tests.support.central import Central
from tests.support.central_node import CentralNode


def enrolment(person: str = "p1", slots: tuple[int, ...] = (13, 14), **changes: Any) -> dict[str, Any]:
    names = ("right-index", "left-index")
    replaced = changes.pop("replaced", ())
    fingers = tuple(
        EnrolledFinger(name, number, 3, 0, (120, 110), replaced if name == "right-index" else ())
        for name, number in zip(names, slots, strict=False)
    )
    values: dict[str, Any] = {"witness": "p2", "witness_slot": 9, "witness_missing": None} | changes
    return Enrolment(
        person, fingers, model="r503", legal_basis="SK", notice="v1", roster=1, photo_missing=None, **values
    ).content()


def held(central: Central) -> dict[tuple[str, int], str]:
    """Beside the slots 1 to 3 that the fixture's people hold."""
    rows = central.rows(select(slot))
    return {(row.node, row.slot): row.employee for row in rows if row.slot > 10}


def findings(central: Central) -> list[tuple[str, str]]:
    query = select(audit_log.c.action, audit_log.c.subject).where(audit_log.c.actor.like("node:%"))
    rows = central.rows(query.order_by(audit_log.c.id))
    return [(row.action, row.subject) for row in rows if row.action.startswith(("enrolment", "slot"))]


def roster_slots(central: Central, node: CentralNode) -> dict[str, str]:
    _, text = rosters.newer_documents(central.office, node.id, policy_held=10**6, roster_held=0)
    assert text is not None
    content = open_document(text.encode(), central.office.keys.document_public, "roster").content
    return dict(content["slots"])


def test_an_enrolment_fills_its_slots_and_the_next_roster_names_them(
    central: Central, node: CentralNode
) -> None:
    node.write(ENROL, enrolment())
    node.sent()
    assert held(central) == {(node.id, 13): "p1", (node.id, 14): "p1"}
    assert findings(central) == [("slot-enrolled", "p1"), ("slot-enrolled", "p1")]
    assert roster_slots(central, node) == {"1": "p1", "2": "p2", "3": "p3", "13": "p1", "14": "p1"}


def test_the_same_batch_again_enters_nothing_twice(central: Central, node: CentralNode) -> None:
    node.write(ENROL, enrolment())
    node.sent()
    node.sent()
    assert len(findings(central)) == 2


def test_a_slot_that_is_theirs_already_stays_as_it_is(central: Central, node: CentralNode) -> None:
    central.add_person("p9", slots=(13, 14))
    node.write(ENROL, enrolment("p9"))
    node.sent()
    assert held(central) == {("", 13): "p9", ("", 14): "p9"}
    assert findings(central) == []


def test_a_slot_of_somebody_else_is_a_finding_and_not_taken(central: Central, node: CentralNode) -> None:
    central.add_person("p9", slots=(13,))
    node.write(ENROL, enrolment())
    node.sent()
    assert held(central) == {("", 13): "p9", (node.id, 14): "p1"}
    assert findings(central) == [("enrolment-conflict", "p1"), ("slot-enrolled", "p1")]


def test_a_replaced_slot_is_given_up(central: Central, node: CentralNode) -> None:
    node.write(ENROL, enrolment())
    node.write(ENROL, enrolment(slots=(15, 16), replaced=(13,)))
    node.sent()
    assert held(central) == {(node.id, 14): "p1", (node.id, 15): "p1", (node.id, 16): "p1"}


def test_an_enrolment_that_was_taken_back_leaves_nothing(central: Central, node: CentralNode) -> None:
    node.write(ENROL, enrolment())
    node.write(FAILED, FailedEnrolment("p1", "interrupted", (13, 14)).content())
    node.sent()
    assert held(central) == {}


def test_a_failure_takes_nothing_from_anybody_else(central: Central, node: CentralNode) -> None:
    node.write(ENROL, enrolment())
    node.write(FAILED, FailedEnrolment("p2", "interrupted", (13, 14)).content())
    node.sent()
    assert held(central) == {(node.id, 13): "p1", (node.id, 14): "p1"}


def test_a_colleagues_finger_is_a_finding(central: Central, node: CentralNode) -> None:
    node.write(FAILED, FailedEnrolment("p1", "belongs-to-another", (), "p2", 9).content())
    node.sent()
    assert findings(central) == [("enrolment-finger-of-another", "p1")]


def test_what_is_odd_is_told_and_the_batch_is_kept(central: Central, node: CentralNode) -> None:
    node.write(ENROL, enrolment("nobody-known"))
    node.write(ENROL, {"person": "p1", "fingers": []})
    node.write(ENROL, enrolment(slots=(13,), witness=None, witness_slot=None, witness_missing="first"))
    assert node.sent().size == 3
    assert [action for action, _ in findings(central)] == [
        "enrolment-unknown-person",
        "enrolment-unreadable",
        "enrolment-without-witness",
        "slot-enrolled",
    ]
    assert held(central) == {(node.id, 13): "p1"}
