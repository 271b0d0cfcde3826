"""A finding is told once, holds the template back, flags the days, and is decided by people with a reason."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from attendance.enrolment import ENROL, FAILED, EnrolledFinger, Enrolment, FailedEnrolment
from central import commands, days, findings
from central.findings import FindingError
from central.orders import plan_everything
from central.tables import attendance_day, audit_log, finding, placement, slot, template_search
from central.tables import template as template_table
from tests.support.central import WIB, Central
from tests.support.central_node import CentralNode
from tests.support.central_templates import (
    ask_search,
    entry,
    keep_template,
    one,
    order,
    tell_installed,
    tell_module,
    tell_searched,
)

FACE, OTHER_FACE, PUNCH_FACE = "1" * 64, "2" * 64, "3" * 64
DAY = date(2017, 3, 6)


@pytest.fixture
def offices(central: Central, node: CentralNode) -> tuple[CentralNode, CentralNode]:
    """Two offices, with q1 at the second."""
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("q1", "DINKES")
    second = CentralNode(central, seed=2)
    assert second.claim(central.token("DINKES")).status_code == 200
    for each in (node, second):
        tell_module(each)
        each.sent()
    return node, second


def enrol(node: CentralNode, person: str, number: int, photo: str | None = None) -> None:
    finger = EnrolledFinger("right-index", number, 3, 0, (120,))
    body = Enrolment(person, (finger,), "p2", 9, None, "r503", "SK", "v1", 1, None).content()
    node.write(ENROL, body, photo=photo)
    node.sent(node.events[-1:])


def refuse(node: CentralNode, person: str, other: str, number: int, photo: str | None = None) -> None:
    body = FailedEnrolment(person, "belongs-to-another", (), other, number).content()
    node.write(FAILED, body, photo=photo)
    node.sent(node.events[-1:])


def hit(
    central: Central, node: CentralNode, template: str, person: str, *hits: tuple[int, str | None]
) -> None:
    """Ask for a search and let the node answer it."""
    if not central.rows(select(template_search).filter_by(template=template, node=node.id)):
        ask_search(central, template, node)
    tell_searched(node, template, person, *hits)
    node.sent(node.events[-1:])


def suspect(central: Central, offices: tuple[CentralNode, CentralNode]) -> int:
    """p1's new finger is found in a slot of q1 at the other office."""
    home, second = offices
    enrol(second, "q1", 7)
    enrol(home, "p1", 11)
    keep_template(central, "t1", "p1", home, 11)
    with central.office.database.write() as connection:
        connection.execute(slot.update().where(slot.c.slot == 11).values(template="t1"))
    hit(central, second, "t1", "p1", (7, "q1"))
    return int(one(central, finding).id)


def decide(central: Central, number: int, verdict: str, note: str = "foto diperiksa") -> list[int]:
    with central.office.database.write() as connection:
        return findings.decide(connection, number, verdict, note, "bkpsdm", central.clock.now_ms())


def states(central: Central) -> list[str]:
    return [row.state for row in central.rows(select(finding.c.state).order_by(finding.c.id))]


def state_of(central: Central, template: str) -> str:
    return str(one(central, template_table, id=template).state)


# --- told once


def test_a_hit_is_one_finding_however_often_it_is_told(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    suspect(central, offices)
    hit(central, offices[1], "t1", "p1", (7, "q1"))
    assert states(central) == ["open"]
    hit(central, offices[1], "t1", "p1", (7, "q1"), (8, "q1"))
    assert states(central) == ["open", "open"]


def test_a_refused_enrolment_is_one_finding_with_the_face_of_that_moment(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, _ = offices
    enrol(home, "p2", 12, OTHER_FACE)
    refuse(home, "p1", "p2", 12, FACE)
    refuse(home, "p1", "p2", 12, PUNCH_FACE)
    found = one(central, finding)
    assert (found.kind, found.employee, found.other, found.slot) == ("enrolment", "p1", "p2", 12)
    assert (found.template, found.photo, found.other_photo) == (None, FACE, OTHER_FACE)


def test_a_refused_enrolment_of_somebody_unknown_is_in_the_log_alone(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    refuse(offices[0], "nobody-known", "p2", 12)
    assert states(central) == []
    assert "enrolment-finger-of-another" in central.audit_actions()


# --- both faces


def test_a_finding_shows_the_faces_of_both_enrolments(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    enrol(second, "q1", 7, OTHER_FACE)
    enrol(home, "p1", 11, FACE)
    keep_template(central, "t1", "p1", home, 11)
    hit(central, second, "t1", "p1", (7, "q1"))
    found = one(central, finding)
    assert (found.photo, found.other_photo) == (FACE, OTHER_FACE)


def test_the_face_of_a_finger_that_travelled_is_that_of_its_enrolment(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    enrol(second, "q1", 7, OTHER_FACE)
    keep_template(central, "tq", "q1", second, 7, "clear")
    order(central, "i-1", "install", home, "q1", 30, template="tq")
    tell_installed(home, "i-1", "q1", 30, "tq")
    home.sent(home.events[-1:])
    keep_template(central, "t1", "p1", second, 9)
    hit(central, home, "t1", "p1", (30, "q1"))
    found = one(central, finding)
    assert (found.other_photo, found.other_template) == (OTHER_FACE, "tq")


def test_the_face_stays_that_of_the_enrolment_when_the_slot_is_anothers_now(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    enrol(home, "p1", 11, FACE)
    keep_template(central, "t1", "p1", home, 11)
    commands.assign_slot(central.office, "DISKOMINFO", 11, "p3", home.id)
    hit(central, second, "t1", "p1", (7, "q1"))
    assert one(central, finding).photo == FACE


def test_without_a_photo_of_an_enrolment_the_newest_punch_shows_the_face(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    second.punch("q1", photo=OTHER_FACE)
    central.clock.at += timedelta(hours=1)
    second.punch("q1", photo=PUNCH_FACE)
    second.punch("q1")
    second.sent(second.events[-3:])
    keep_template(central, "t1", "p1", home, 1)
    hit(central, second, "t1", "p1", (7, "q1"), (99, None))
    found = {row.other: row for row in central.rows(select(finding))}
    assert (found["q1"].photo, found["q1"].other_photo) == (None, PUNCH_FACE)
    assert found[None].other_photo is None


def test_a_punch_of_long_ago_shows_nobodys_face(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    second.punch("q1", photo=PUNCH_FACE)
    second.sent(second.events[-1:])
    central.clock.at += timedelta(days=40)
    keep_template(central, "t1", "p1", home, 1)
    hit(central, second, "t1", "p1", (7, "q1"))
    assert one(central, finding).other_photo is None


# --- decided


def test_chance_lets_the_template_travel(central: Central, offices: tuple[CentralNode, CentralNode]) -> None:
    number = suspect(central, offices)
    plan_everything(central.office)
    assert state_of(central, "t1") == "held"
    decide(central, number, "chance", "dua orang, dua wajah")
    plan_everything(central.office)
    assert state_of(central, "t1") == "clear"
    decided = one(central, finding)
    assert (decided.state, decided.decided_by, decided.note) == ("chance", "bkpsdm", "dua orang, dua wajah")
    assert decided.decided_ms == central.clock.now_ms()


def test_another_open_finding_still_holds_the_template(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, _ = offices
    number = suspect(central, offices)
    hit(central, home, "t1", "p1", (3, "p3"))
    decide(central, number, "chance")
    plan_everything(central.office)
    assert (states(central), state_of(central, "t1")) == (["chance", "open"], "held")


def test_the_same_two_fingers_at_another_node_are_not_asked_again(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, _ = offices
    number = suspect(central, offices)
    decide(central, number, "chance")
    hit(central, home, "t1", "p1", (40, "q1"))
    assert states(central) == ["chance"]
    assert state_of(central, "t1") != "held"


def test_the_same_two_fingers_looked_for_the_other_way_round_are_not_asked_again(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    enrol(second, "q1", 7)
    keep_template(central, "tq", "q1", second, 7)
    with central.office.database.write() as connection:
        connection.execute(slot.update().where(slot.c.slot == 7).values(template="tq"))
    number = suspect_again(central, offices)
    decide(central, number, "chance")
    with central.office.database.write() as connection:
        connection.execute(slot.update().where(slot.c.slot == 11).values(template="t1"))
    hit(central, home, "tq", "q1", (11, "p1"))
    assert states(central) == ["chance"]


def suspect_again(central: Central, offices: tuple[CentralNode, CentralNode]) -> int:
    """As `suspect`, where q1 is enrolled already."""
    home, second = offices
    enrol(home, "p1", 11)
    keep_template(central, "t1", "p1", home, 11)
    hit(central, second, "t1", "p1", (7, "q1"))
    return int(one(central, finding).id)


def test_a_second_finger_of_the_same_two_people_is_a_finding_of_its_own(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    decide(central, suspect(central, offices), "chance")
    keep_template(central, "t2", "p1", home, 12)
    hit(central, second, "t2", "p1", (8, "q1"))
    assert states(central) == ["chance", "open"]


def test_findings_of_the_same_two_fingers_are_decided_together(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    number = suspect(central, offices)
    hit(central, home, "t1", "p1", (40, "q1"))
    keep_template(central, "t2", "p1", home, 12)
    hit(central, second, "t2", "p1", (8, "q1"))
    assert len(decide(central, number, "chance")) == 2
    assert states(central) == ["chance", "chance", "open"]


def test_one_human_with_two_ids_may_have_any_finger_alike(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, second = offices
    decide(central, suspect(central, offices), "same-person")
    keep_template(central, "t2", "p1", home, 12)
    keep_template(central, "tq", "q1", second, 7)
    hit(central, second, "t2", "p1", (8, "q1"))
    hit(central, home, "tq", "q1", (11, "p1"))
    refuse(second, "p1", "q1", 8)
    assert states(central) == ["same-person"]
    plan_everything(central.office)
    assert state_of(central, "t1") == "clear"


def test_a_cheats_finger_is_purged_where_it_is_and_travels_nowhere(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, _ = offices
    number = suspect(central, offices)
    decide(central, number, "cheat", "wajah yang sama di dua pendaftaran")
    plan_everything(central.office)
    assert state_of(central, "t1") == "held"
    purge = one(central, placement)
    assert (purge.do, purge.node, purge.employee, purge.slots) == ("purge", home.id, "p1", "11")
    assert (purge.reason, purge.state) == ("decided", "open")
    assert entry(central, offices[1].id, 7).employee == "q1"


def older_in_the_safe(central: Central, second: CentralNode) -> None:
    keep_template(central, "t0", "q1", second, 7, state="clear")
    with central.office.database.write() as connection:
        connection.execute(slot.update().where(slot.c.slot == 7).values(template="t0"))


def test_an_older_finger_that_is_false_is_purged_and_its_owners_new_one_is_free(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    """q1 was enrolled with a finger of p1, who comes to be enrolled only now and is no cheat."""
    home, second = offices
    enrol(second, "q1", 7)
    older_in_the_safe(central, second)
    enrol(home, "p1", 11)
    keep_template(central, "t1", "p1", home, 11)
    with central.office.database.write() as connection:
        connection.execute(slot.update().where(slot.c.slot == 11).values(template="t1"))
    hit(central, second, "t1", "p1", (7, "q1"))
    number = one(central, finding).id
    decide(central, number, "cheat-other", "p1 menempelkan jarinya sendiri, q1 tidak punya jari itu")
    plan_everything(central.office)
    (purge,) = central.rows(select(placement).where(placement.c.do == "purge"))
    assert (purge.employee, purge.node, purge.slots, purge.reason) == ("q1", second.id, "7", "decided")
    states_of = {row.id: row.state for row in central.rows(select(template_table))}
    assert states_of == {"t0": "held", "t1": "clear"}
    hit(central, second, "t1", "p1", (7, "q1"))  # not yet erased, and not asked again
    assert states(central) == ["cheat-other"]
    decide(central, number, "chance", "ternyata kembar")
    plan_everything(central.office)
    assert one(central, template_table, id="t0").state == "searching"  # held no more
    assert {row.state for row in central.rows(select(placement).where(placement.c.do == "purge"))} == {
        "withdrawn"
    }


def test_who_is_refused_for_an_older_false_finger_can_be_enrolled_afterwards(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    _, second = offices
    enrol(second, "q1", 7)
    refuse(second, "p1", "q1", 7)
    number = one(central, finding).id
    with pytest.raises(FindingError, match="belum ada di simpanan"):
        decide(central, number, "cheat-other", "jari q1 itu jari p1")
    older_in_the_safe(central, second)
    refuse(second, "p2", "q1", 7)
    later = max(row.id for row in central.rows(select(finding)))
    decide(central, later, "cheat-other", "jari q1 itu jari p2")
    plan_everything(central.office)
    (purge,) = central.rows(select(placement).where(placement.c.do == "purge"))
    assert (purge.employee, purge.slots) == ("q1", "7")


def test_a_decision_can_be_corrected_and_both_stay_in_the_log(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    number = suspect(central, offices)
    decide(central, number, "cheat", "wajah sama")
    plan_everything(central.office)
    decide(central, number, "chance", "ternyata saudara kembar")
    plan_everything(central.office)
    assert (states(central), state_of(central, "t1")) == (["chance"], "clear")
    assert not central.rows(select(placement).where(placement.c.do == "purge", placement.c.state == "open"))
    told = central.rows(select(audit_log).where(audit_log.c.action == "finding-decided"))
    assert [row.actor for row in told] == ["bkpsdm", "bkpsdm"]
    assert "wajah sama" in told[0].detail
    assert "before: cheat wajah sama" in told[1].detail
    assert "ternyata saudara kembar" in told[1].detail


def test_a_refused_enrolment_that_was_chance_is_not_asked_again_but_a_cheats_is(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    home, _ = offices
    refuse(home, "p1", "p2", 12)
    decide(central, one(central, finding).id, "chance")
    refuse(home, "p1", "p2", 12)
    assert states(central) == ["chance"]
    decide(central, one(central, finding).id, "cheat")
    refuse(home, "p1", "p2", 12)
    assert states(central) == ["cheat", "open"]


@pytest.mark.parametrize(
    ("verdict", "note", "sentence"),
    [("guilty", "x", "tidak dikenal"), ("chance", "  ", "Alasan kosong")],
)
def test_a_decision_without_a_known_verdict_and_a_reason_is_none(
    central: Central, offices: tuple[CentralNode, CentralNode], verdict: str, note: str, sentence: str
) -> None:
    number = suspect(central, offices)
    with pytest.raises(FindingError, match=sentence):
        decide(central, number, verdict, note)
    assert states(central) == ["open"]


def test_nobody_decides_what_is_not_there_or_stands_so_already(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    number = suspect(central, offices)
    with pytest.raises(FindingError, match="tidak ada"):
        decide(central, number + 1, "chance")
    decide(central, number, "chance")
    with pytest.raises(FindingError, match="sudah diputus"):
        decide(central, number, "chance")


def test_a_template_that_is_gone_leaves_the_finding_to_be_decided(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    number = suspect(central, offices)
    with central.office.database.write() as connection:
        connection.execute(template_search.delete())
        connection.execute(template_table.delete())
    assert decide(central, number, "cheat") == [number]


# --- days


def test_days_are_flagged_while_people_have_to_decide_and_not_afterwards(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    commands.set_policy(central.office, "tanggamus-2017")
    central.clock.at = datetime(2017, 3, 3, 8, 0, tzinfo=WIB)
    days.fold(central.office)
    central.clock.at = datetime(2017, 3, 6, 8, 0, tzinfo=WIB)
    number = suspect(central, offices)
    offices[0].punch("p1", at=central.clock.at)
    offices[0].sent(offices[0].events[-1:])
    days.fold(central.office)
    assert flagged(central) == {("p1", DAY)}
    assert one(central, attendance_day, person="p1", day=DAY).code == "H"
    rebuilt(central)
    decide(central, number, "chance")
    days.fold(central.office)
    assert flagged(central) == set()
    rebuilt(central)


def test_days_of_a_node_without_network_are_flagged_from_the_enrolment_on(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    """Enrolled on a Wednesday at an office whose line is dead, and searched for on the Monday after."""
    home, second = offices
    commands.set_policy(central.office, "tanggamus-2017")
    enrol(second, "q1", 7)
    enrolled = datetime(2017, 3, 1, 7, 0, tzinfo=WIB)
    for day in (1, 2, 3):
        central.clock.at = datetime(2017, 3, day, 8, 0, tzinfo=WIB)
        days.fold(central.office)
    central.clock.at = datetime(2017, 3, 6, 8, 0, tzinfo=WIB)
    keep_template(central, "t1", "p1", home, 11)
    values = {"unit": "DISKOMINFO", "node": home.id, "slot": 11, "employee": "p1", "template": "t1"}
    with central.office.database.write() as connection:
        connection.execute(slot.insert().values(**values, since_ms=int(enrolled.timestamp() * 1000)))
    hit(central, second, "t1", "p1", (7, "q1"))
    days.fold(central.office)
    assert {("p1", date(2017, 3, day)) for day in (1, 2, 3)} <= flagged(central)
    with central.office.database.write() as connection:
        connection.execute(slot.delete().where(slot.c.slot == 11))
    rebuilt(central)
    decide(central, one(central, finding).id, "chance")
    days.fold(central.office)
    assert flagged(central) == set()


def test_a_finger_that_was_never_stored_flags_no_day(
    central: Central, offices: tuple[CentralNode, CentralNode]
) -> None:
    commands.set_policy(central.office, "tanggamus-2017")
    refuse(offices[0], "p1", "p2", 12)
    days.fold(central.office)
    assert flagged(central) == set()


def flagged(central: Central) -> set[tuple[str, date]]:
    rows: list[Any] = central.rows(select(attendance_day))
    return {(row.person, row.day) for row in rows if "finding-open" in row.flags.split()}


def rebuilt(central: Central) -> None:
    everything = select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day)
    before = central.rows(everything)
    days.rebuild(central.office)
    assert central.rows(everything) == before
