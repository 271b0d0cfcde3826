"""A PIN from the wire to the day and to the monthly report, on both engines."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from attendance.punch import Method, Punch
from central import commands, coverage, days, pins
from central.pin_report import PATTERN_USES, Line, month_report
from central.tables import account, assignment, attendance_day, audit_log, event
from tests.support.central import WIB, Central
from tests.support.central_node import CentralNode

MARCH = date(2017, 3, 1)


def at(day: int, hour: int = 7, minute: int = 20) -> datetime:
    return datetime(2017, 3, day, hour, minute, tzinfo=WIB)


def by_pin(node: CentralNode, person: str, when: datetime, witness: str | None = "p2") -> None:
    punch = Punch(person, None, 0, "in", when.date(), 0, 1, 1, "no-camera", Method.PIN, witness)
    node.write("punch", punch.content(), at=when)


def give(central: Central, person: str, quota: int = 44, actor: str = "hrd") -> None:
    with central.office.database.write() as connection:
        pins.give(
            connection,
            person,
            pins.hashed("480173"),
            reason="Sidik jari aus",
            monthly_quota=quota,
            actor=actor,
            now_ms=central.clock.now_ms(),
        )


def report(central: Central, units: set[str] | None = None, month: date = MARCH) -> list[Line]:
    with central.office.database.read() as connection:
        return month_report(connection, month, WIB, units)


@pytest.fixture
def april(central: Central, node: CentralNode) -> Central:
    """Late enough that everything of March is believed."""
    central.clock.at = datetime(2017, 4, 3, 8, tzinfo=WIB)
    return central


def test_a_punch_by_pin_makes_a_day_like_any_other_that_carries_a_flag(
    april: Central, node: CentralNode
) -> None:
    commands.set_policy(april.office, "tanggamus-2017")
    by_pin(node, "p1", at(6))
    node.punch("p2", at=at(6))
    node.punch("p1", at=at(6, 16, 5))
    node.sent()
    days.fold(april.office)
    query = select(attendance_day).where(attendance_day.c.day == date(2017, 3, 6))
    rows = {row.person: row for row in april.rows(query.order_by(attendance_day.c.person))}
    assert rows["p1"].check_in_ms == int(at(6).timestamp() * 1000)
    assert (rows["p1"].late_minutes, "by-pin" in rows["p1"].flags.split()) == (0, True)
    assert "by-pin" not in rows["p2"].flags.split()


@pytest.mark.parametrize(
    "change", [{"method": "finger"}, {"method": "card"}, {"person": None}, {"person": 7}, {"slot": "1"}]
)
def test_a_punch_without_a_slot_that_is_no_pin_is_kept_as_nobodys(
    central: Central, node: CentralNode, change: dict[str, Any]
) -> None:
    body = Punch("p1", None, 0, "in", None, 0, 1, 1, None, Method.PIN, "p2").content() | change
    node.write("punch", body)
    node.sent()
    [row] = central.rows(select(event.c.person, event.c.slot))
    assert (row.person, row.slot) == (None, None)
    assert "event-unreadable" in central.audit_actions()


def test_a_pin_of_somebody_whom_central_does_not_know_is_listed_as_nobodys(
    central: Central, node: CentralNode
) -> None:
    by_pin(node, "stranger", central.clock.at)
    node.sent()
    with central.office.database.read() as connection:
        assert len(coverage.nobodys_punches(connection)) == 1


def test_the_month_counts_uses_and_says_who_is_over_their_measure(april: Central, node: CentralNode) -> None:
    for person, quota in (("p1", 2), ("p3", 3)):
        give(april, person, quota)
    for day in (6, 7, 8):
        by_pin(node, "p1", at(day), "p2")
        by_pin(node, "p3", at(day), "p1")
    node.punch("p1", at=at(9))
    node.sent()
    first, second = report(april)
    assert (first.person, len(first.uses), first.quota, first.over) == ("p1", 3, 2, 1)
    assert (second.person, len(second.uses), second.over, second.wants_a_look) == ("p3", 3, 0, False)
    assert first.witnesses == [("Orang p2", 3)]
    assert [use.at for use in first.uses] == [at(6), at(7), at(8)]
    assert {use.witness for use in second.uses} == {"p1"}


def test_a_month_is_that_of_the_regencys_zone(april: Central, node: CentralNode) -> None:
    give(april, "p1")
    for when in (
        datetime(2017, 2, 28, 23, 59, tzinfo=WIB),
        datetime(2017, 3, 1, 0, 0, tzinfo=WIB),
        datetime(2017, 3, 31, 23, 59, tzinfo=WIB),
        datetime(2017, 4, 1, 0, 0, tzinfo=WIB),
    ):
        by_pin(node, "p1", when)
    node.sent()
    found = [len(report(april, month=date(2017, month, 15))[0].uses) for month in (2, 3, 4)]
    assert found == [1, 2, 1]


def test_the_same_witness_nearly_always_is_worth_a_look_and_changing_ones_are_not(
    april: Central, node: CentralNode
) -> None:
    for person in ("p1", "p3"):
        give(april, person)
    for number in range(PATTERN_USES):
        by_pin(node, "p1", at(6 + number), "p2")
        by_pin(node, "p3", at(6 + number), "p1" if number % 2 else "p2")
    node.sent()
    lines = {line.person: line for line in report(april)}
    assert lines["p1"].one_witness
    assert not lines["p3"].one_witness
    assert lines["p3"].witnesses == [("Orang p1", 3), ("Orang p2", 3)]


def test_a_few_uses_with_one_witness_are_no_pattern(april: Central, node: CentralNode) -> None:
    give(april, "p1")
    for number in range(PATTERN_USES - 1):
        by_pin(node, "p1", at(6 + number), "p2")
    node.sent()
    assert not report(april)[0].wants_a_look


def test_who_set_the_pin_and_stands_by_is_said(april: Central, node: CentralNode) -> None:
    with april.office.database.write() as connection:
        row = {"name": "adminopd", "full_name": "x", "role": "unit_admin", "employee": "p2", "active": True}
        connection.execute(insert(account).values(**row, created_ms=1))
    give(april, "p1", actor="adminopd")
    by_pin(node, "p1", at(6), "p2")
    by_pin(node, "p1", at(7), "p3")
    node.sent()
    assert (report(april)[0].by_setter, report(april)[0].wants_a_look) == (1, True)


def test_tries_that_booked_nothing_are_counted_with_their_person(april: Central, node: CentralNode) -> None:
    give(april, "p1")
    april.clock.at = at(20)
    node.write("unmatched", {"reason": "pin-unwitnessed", "person": "p1"})
    node.write("unmatched", {"reason": "pin-unwitnessed", "person": "p1"})
    node.write("unmatched", {"reason": "pin-paused", "person": "p1", "pause_s": 900})
    node.write("unmatched", {"reason": "pin-paused", "person": None})
    node.write("unmatched", {"reason": "pin-wrong", "person": "p1"})
    node.write("unmatched", {"reason": "unknown-finger"})
    node.write("unmatched", {"reason": ["pin-paused"]})
    node.sent()
    [line] = report(april)
    assert (line.unwitnessed, line.paused, len(line.uses)) == (2, 1, 0)
    deeds = april.rows(select(audit_log.c.action, audit_log.c.subject, audit_log.c.actor))
    told = [deed for deed in deeds if deed.action in ("pin-unwitnessed", "pin-paused", "pin-wrong")]
    assert [(deed.action, deed.subject) for deed in told].count(("pin-paused", "")) == 1
    assert {deed.actor for deed in told} == {f"node:{node.id}"}
    assert len(told) == 4


def test_a_node_that_was_taken_over_can_t_fill_the_log_with_tries(
    central: Central, node: CentralNode
) -> None:
    for _ in range(100):
        node.write("unmatched", {"reason": "pin-paused", "person": "p1"})
    node.sent()
    assert central.audit_actions().count("pin-paused") == 20


def test_a_withdrawn_pin_stays_in_the_report_of_its_month_and_leaves_that_of_the_next(
    april: Central, node: CentralNode
) -> None:
    give(april, "p1")
    by_pin(node, "p1", at(6))
    node.sent()
    with april.office.database.write() as connection:
        pins.withdraw(connection, "p1", "hrd", april.clock.now_ms())
    [line] = report(april)
    assert (line.quota, len(line.uses), line.over) == (None, 1, 0)
    assert report(april, month=date(2017, 5, 1)) == []


def test_an_erased_body_is_a_use_without_a_witness(april: Central, node: CentralNode) -> None:
    give(april, "p1")
    by_pin(node, "p1", at(6))
    node.sent()
    with april.office.database.write() as connection:
        connection.execute(update(event).values(body=None))
    [line] = report(april)
    assert [(use.witness, use.kind) for use in line.uses] == [(None, "in")]


def test_a_unit_sees_its_own_people_only(april: Central, node: CentralNode) -> None:
    april.add_unit("DINKES", "Dinas Kesehatan")
    april.add_person("p9", "DINKES")
    for person in ("p1", "p9"):
        give(april, person)
    moved = update(assignment).where(assignment.c.employee == "p1")
    assert [line.person for line in report(april, {"DISKOMINFO"})] == ["p1"]
    assert [line.person for line in report(april, {"DINKES"})] == ["p9"]
    assert report(april, set()) == []
    with april.office.database.write() as connection:
        connection.execute(moved.values(valid_from=date(2017, 3, 10), unit="DINKES"))
    assert [line.person for line in report(april, {"DINKES"})] == ["p1", "p9"]
