"""A day says what the punches and the gate allow, is current for what changed, and can be derived anew."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from attendance.coverage import Span
from attendance.moment import ClockState
from central import commands, coverage, days, nodes, policies
from central.tables import assignment, attendance_day, dirty_day, dirty_node, slot
from central.tables import node as node_table
from central.tables import shift as shift_table
from tests.support.central import WIB, Central
from tests.support.central_node import CentralNode

DAY = date(2017, 3, 6)
OPEN, CLOSE = datetime(2017, 3, 6, 5, 30, tzinfo=WIB), datetime(2017, 3, 7, 0, 0, tzinfo=WIB)


def at(hour: int, minute: int, day: int = 6) -> datetime:
    return datetime(2017, 3, day, hour, minute, tzinfo=WIB)


@pytest.fixture
def ruled(central: Central, node: CentralNode) -> Central:
    """Rules in force, and the clock at the opening of Monday."""
    commands.set_policy(central.office, "tanggamus-2017")
    central.clock.at = OPEN
    with central.office.database.write() as connection:
        connection.execute(update(node_table).values(claimed_at_ms=central.clock.now_ms() - 86_400_000))
    days.fold(central.office)
    return central


def fold(central: Central) -> int:
    return days.fold(central.office)


def day_of(central: Central, person: str, day: date = DAY) -> Any:
    query = select(attendance_day).where(attendance_day.c.person == person, attendance_day.c.day == day)
    return central.rows(query)[0]


def whole_day(central: Central, node: CentralNode) -> None:
    """The node listens through Monday and reports after its end."""
    central.clock.at = CLOSE + timedelta(minutes=10)
    node.listen(OPEN, CLOSE)
    node.listen(CLOSE, central.clock.at)
    node.sent(node.events)
    fold(central)


def test_a_day_opens_for_everybody_as_pending(ruled: Central) -> None:
    assert {row.person: row.code for row in ruled.rows(select(attendance_day))} == {
        "p1": "pending", "p2": "pending", "p3": "pending"
    }  # fmt: skip


def test_a_punch_shows_at_once_and_nobody_is_called_absent(ruled: Central, node: CentralNode) -> None:
    ruled.clock.at = at(9, 5)
    node.punch("p1", at=at(7, 10))
    node.punch("p2", at=at(9, 4))
    node.sent()
    fold(ruled)
    first, late, none = (day_of(ruled, person) for person in ("p1", "p2", "p3"))
    assert (first.code, first.late_minutes, first.in_event) == ("H", 0, f"{node.id}/1/1")
    assert (late.code, late.late_minutes, late.late_tier) == ("H", 4, "TL")
    assert (none.code, none.final) == ("pending", False)


def test_absent_is_said_only_after_the_node_listened_and_reported(ruled: Central, node: CentralNode) -> None:
    ruled.clock.at = CLOSE + timedelta(hours=8)
    fold(ruled)
    assert (day_of(ruled, "p3").code, day_of(ruled, "p3").waiting_for) == ("pending", node.id)
    whole_day(ruled, node)
    settled = day_of(ruled, "p3")
    assert (settled.code, settled.final, settled.waiting_for) == ("TK", True, "")


def test_a_hole_in_listening_keeps_the_day_open(ruled: Central, node: CentralNode) -> None:
    ruled.clock.at = CLOSE + timedelta(minutes=10)
    node.listen(OPEN, at(12, 0))
    node.listen(at(13, 0), ruled.clock.at)
    node.sent()
    fold(ruled)
    assert day_of(ruled, "p3").code == "pending"


def test_another_node_that_holds_the_finger_must_report_too(ruled: Central, node: CentralNode) -> None:
    ruled.add_unit("DINKES", "Dinas Kesehatan")
    other = CentralNode(ruled, seed=2)
    other.claim(ruled.token("DINKES"))
    with ruled.office.database.write() as connection:
        connection.execute(slot.insert().values(unit="DINKES", node="", slot=5, employee="p3"))
    whole_day(ruled, node)
    assert (day_of(ruled, "p2").code, day_of(ruled, "p3").code) == ("TK", "pending")
    assert day_of(ruled, "p3").waiting_for == other.id
    other.listen(OPEN, CLOSE + timedelta(minutes=5))
    other.sent()
    fold(ruled)
    assert day_of(ruled, "p3").code == "TK"


def test_a_distrusted_node_closes_nothing(ruled: Central, node: CentralNode) -> None:
    whole_day(ruled, node)
    assert day_of(ruled, "p3").code == "TK"
    with ruled.office.database.write() as connection:
        connection.execute(update(node_table).values(state="distrusted"))
        days.mark_stored(connection)
    fold(ruled)
    assert day_of(ruled, "p3").code == "pending"


def test_a_day_does_not_wait_for_a_node_that_was_claimed_after_it(ruled: Central, node: CentralNode) -> None:
    whole_day(ruled, node)
    ruled.clock.at = at(8, 0, day=8)
    CentralNode(ruled, seed=3).claim()
    days.rebuild(ruled.office)
    assert day_of(ruled, "p3").code == "TK"


def test_days_before_its_retirement_still_wait_for_a_node_that_never_reported(
    ruled: Central, node: CentralNode
) -> None:
    spare = CentralNode(ruled, seed=3)
    spare.claim()
    with ruled.office.database.write() as connection:
        connection.execute(update(node_table).values(claimed_at_ms=1))
    whole_day(ruled, node)
    commands.retire_node(ruled.office, spare.id)
    fold(ruled)
    assert (day_of(ruled, "p3").code, day_of(ruled, "p3").waiting_for) == ("pending", spare.id)


def test_days_after_its_retirement_do_not_wait_for_a_node(ruled: Central, node: CentralNode) -> None:
    spare = CentralNode(ruled, seed=3)
    spare.claim()
    with ruled.office.database.write() as connection:
        connection.execute(update(node_table).values(claimed_at_ms=1))
    ruled.clock.at = OPEN - timedelta(hours=1)
    commands.retire_node(ruled.office, spare.id)
    whole_day(ruled, node)
    assert day_of(ruled, "p3").code == "TK"


def test_a_day_that_a_retired_node_witnessed_stays_closed_when_derived_anew(
    ruled: Central, node: CentralNode
) -> None:
    whole_day(ruled, node)
    commands.retire_node(ruled.office, node.id)
    days.rebuild(ruled.office)
    assert day_of(ruled, "p3").code == "TK"


def test_an_office_whose_only_node_is_retired_is_never_called_absent(
    ruled: Central, node: CentralNode
) -> None:
    ruled.clock.at = OPEN - timedelta(hours=1)
    commands.retire_node(ruled.office, node.id)
    ruled.clock.at = CLOSE + timedelta(hours=8)
    days.rebuild(ruled.office)
    assert day_of(ruled, "p3").code == "pending"


def test_distrust_opens_days_again_and_trust_closes_them(ruled: Central, node: CentralNode) -> None:
    whole_day(ruled, node)
    with ruled.office.database.write() as connection:
        nodes.distrust(connection, node.id, "fork", 1, actor="central")
    fold(ruled)
    assert day_of(ruled, "p3").code == "pending"
    assert "dipercaya" in commands.trust_node(
        ruled.office, node.id, "Kartu diperiksa teknisi, bukan salinan."
    )
    fold(ruled)
    assert day_of(ruled, "p3").code == "TK"
    assert ruled.audit_actions()[-1] == "node-trusted"


def test_a_distrusted_node_that_is_retired_closes_nothing(ruled: Central, node: CentralNode) -> None:
    whole_day(ruled, node)
    with ruled.office.database.write() as connection:
        nodes.distrust(connection, node.id, "fork", 1, actor="central")
    commands.retire_node(ruled.office, node.id)
    fold(ruled)
    assert day_of(ruled, "p3").code == "pending"


def test_only_a_distrusted_node_is_trusted_again_and_only_for_a_reason(
    ruled: Central, node: CentralNode
) -> None:
    with pytest.raises(nodes.NodeStateError, match="distrusted"):
        commands.trust_node(ruled.office, node.id, "salah ketik")
    with ruled.office.database.write() as connection:
        nodes.distrust(connection, node.id, "fork", 1, actor="central")
    with pytest.raises(nodes.NodeStateError, match="Alasan"):
        commands.trust_node(ruled.office, node.id, " ")
    commands.retire_node(ruled.office, node.id)
    for deed in (
        lambda: commands.retire_node(ruled.office, node.id),
        lambda: commands.trust_node(ruled.office, node.id, "mencoba"),
    ):
        with pytest.raises(nodes.NodeStateError):
            deed()


def test_a_finger_at_another_office_opens_days_as_a_rebuild_would(ruled: Central, node: CentralNode) -> None:
    ruled.add_unit("DINKES", "Dinas Kesehatan")
    CentralNode(ruled, seed=2).claim(ruled.token("DINKES"))
    whole_day(ruled, node)
    commands.assign_slot(ruled.office, "DINKES", 5, "p3", "")
    fold(ruled)
    kept = ruled.rows(select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day))
    days.rebuild(ruled.office)
    anew = ruled.rows(select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day))
    assert kept == anew


def test_rules_that_reach_further_back_are_applied_to_days_without_any(
    central: Central, node: CentralNode
) -> None:
    later = dict(policies.preset_content("tanggamus-2017"))
    later["policies"] = [{**version, "valid_from": "2017-04-01"} for version in later["policies"]]
    with central.office.database.write() as connection:
        policies.put_in_force(connection, central.office.keys, later, "later", 1)
    central.clock.at = OPEN
    days.fold(central.office)
    assert central.rows(select(attendance_day)) == []
    commands.set_policy(central.office, "tanggamus-2017")
    days.fold(central.office)
    assert {row.person for row in central.rows(select(attendance_day))} == {"p1", "p2", "p3"}


def test_a_late_batch_turns_pending_into_present_with_the_time_of_capture(
    ruled: Central, node: CentralNode
) -> None:
    """Case 6 of the domain page: two days without a network, and no TK was ever said."""
    node.punch("p1", at=at(7, 28))
    node.punch("p1", at=at(15, 31))
    ruled.clock.at = at(8, 0, day=8)
    fold(ruled)
    assert day_of(ruled, "p1").code == "pending"
    node.listen(OPEN, CLOSE + timedelta(minutes=5))
    node.sent()
    fold(ruled)
    settled = day_of(ruled, "p1")
    assert (settled.code, settled.final, settled.early_minutes) == ("H", True, 0)
    assert settled.check_in_ms == int(at(7, 28).timestamp() * 1000)


def test_a_double_tap_in_the_morning_is_never_going_home(ruled: Central, node: CentralNode) -> None:
    node.punch("p1", at=at(7, 10))
    node.punch("p1", at=at(7, 12))
    whole_day(ruled, node)
    settled = day_of(ruled, "p1")
    assert (settled.code, settled.missing_out, settled.check_out_ms) == ("H", True, None)


def test_a_doubtful_time_is_flagged_and_not_counted(ruled: Central, node: CentralNode) -> None:
    ruled.clock.at = at(7, 30)
    node.punch("p1", at=at(7, 10).replace(year=1970), state=ClockState.DOUBTFUL)
    node.sent()
    whole_day(ruled, node)
    settled = day_of(ruled, "p1")
    assert (settled.code, settled.check_in_ms, settled.final) == ("pending", None, False)
    assert "doubtful-time" in settled.flags
    assert day_of(ruled, "p2").code == "TK"


def test_a_shift_past_midnight_belongs_to_the_day_it_began(ruled: Central, node: CentralNode) -> None:
    content = {
        "policies": [
            {
                **commands.policies.preset_content("tanggamus-2017")["policies"][0],
                "shifts": {
                    "malam": {
                        "in_open": "19:00",
                        "on_time_until": "20:00:59",
                        "split": "02:00+1d",
                        "out_earliest": "07:00:00+1d",
                        "out_close": "09:00:00+1d",
                    }
                },
            }
        ]
    }
    with ruled.office.database.write() as connection:
        commands.policies.put_in_force(connection, ruled.office.keys, content, "shifts", 1)
        connection.execute(shift_table.insert().values(employee="p1", day=DAY, name="malam"))
    ruled.clock.at = at(8, 0, day=7)
    node.punch("p1", at=at(19, 55))
    node.punch("p1", at=at(7, 5, day=7))
    node.sent()
    fold(ruled)
    settled = day_of(ruled, "p1")
    assert (settled.check_in_ms, settled.check_out_ms) == (
        int(at(19, 55).timestamp() * 1000),
        int(at(7, 5, day=7).timestamp() * 1000),
    )


def test_a_shift_that_later_rules_do_not_know_leaves_the_day_pending_and_flagged(
    ruled: Central, node: CentralNode
) -> None:
    """Or the person would vanish from the recap without anybody noticing."""
    with ruled.office.database.write() as connection:
        connection.execute(shift_table.insert().values(employee="p1", day=DAY, name="dihapus"))
        days.mark_stored(connection)
    ruled.clock.at = at(8, 0)
    node.punch("p1", at=at(7, 10))
    node.sent()
    whole_day(ruled, node)
    held = day_of(ruled, "p1")
    assert (held.code, held.final, held.flags, held.check_in_ms) == ("pending", False, "no-windows", None)
    assert (held.unit, held.grp) == (day_of(ruled, "p2").unit, day_of(ruled, "p2").grp)
    assert (day_of(ruled, "p2").code, held.policy_id) == ("TK", day_of(ruled, "p2").policy_id)
    with ruled.office.database.write() as connection:
        connection.execute(shift_table.delete())
        days.mark_stored(connection)
    fold(ruled)
    assert day_of(ruled, "p1").code == "H"


def test_days_derived_anew_are_the_same_rows(ruled: Central, node: CentralNode) -> None:
    node.punch("p1", at=at(7, 10))
    node.punch("p2", at=at(9, 4))
    node.punch("p2", at=at(15, 0))
    whole_day(ruled, node)
    ruled.clock.at = at(9, 0, day=8)
    node.punch("p3", at=at(8, 59, day=8))
    node.sent(node.events[-1:])
    fold(ruled)
    everything = select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day)
    before = ruled.rows(everything)
    assert len(before) >= 9
    days.rebuild(ruled.office)
    assert ruled.rows(everything) == before


def test_only_marked_days_are_folded(ruled: Central, node: CentralNode) -> None:
    assert fold(ruled) == 0
    node.punch("p1", at=OPEN)
    node.sent()
    assert 1 <= fold(ruled) <= 4
    assert ruled.rows(select(dirty_day)) == []
    assert ruled.rows(select(dirty_node)) == []
    assert fold(ruled) == 0


def test_every_day_between_is_opened_when_central_was_away(ruled: Central) -> None:
    ruled.clock.at = at(8, 0, day=9)
    fold(ruled)
    assert {row.day.day for row in ruled.rows(select(attendance_day.c.day))} == {6, 7, 8, 9}


def test_without_rules_nothing_is_said_and_nothing_forgotten(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    node.sent()
    assert fold(central) == 0
    assert central.rows(select(attendance_day)) == []
    commands.set_policy(central.office, "tanggamus-2017")
    assert fold(central) > 0
    assert day_of(central, "p1").code == "H"


def test_new_rules_are_applied_to_days_that_stand(ruled: Central, node: CentralNode) -> None:
    node.punch("p1", at=at(7, 45))
    ruled.clock.at = at(8, 0)
    node.sent()
    fold(ruled)
    assert day_of(ruled, "p1").late_minutes == 0
    content = commands.policies.preset_content("tanggamus-2017")
    for window in content["policies"][0]["groups"]["umum"]["week"].values():
        if isinstance(window, dict):
            window["on_time_until"] = "07:30:59"
    with ruled.office.database.write() as connection:
        commands.policies.put_in_force(connection, ruled.office.keys, content, "stricter", 1)
        days.mark_stored(connection)
    fold(ruled)
    assert day_of(ruled, "p1").late_minutes == 15


def test_somebody_who_left_has_no_day(ruled: Central, node: CentralNode) -> None:
    with ruled.office.database.write() as connection:
        connection.execute(
            update(assignment).where(assignment.c.employee == "p3").values(valid_to=date(2017, 3, 5))
        )
        days.mark_people(connection, {"p3": DAY})
    fold(ruled)
    assert {row.person for row in ruled.rows(select(attendance_day.c.person))} == {"p1", "p2"}


def test_coverage_is_told_per_office_and_never_rounded_up(ruled: Central, node: CentralNode) -> None:
    ruled.add_unit("KOSONG", "Tanpa alat")
    ruled.clock.at = CLOSE
    node.listen(OPEN, CLOSE - timedelta(minutes=1))
    node.sent()
    fold(ruled)
    with ruled.office.database.read() as connection:
        lines = coverage.unit_coverage(connection, DAY, Span(OPEN, CLOSE))
    told = {line.unit: line for line in lines}
    assert (told["DISKOMINFO"].percent, told["DISKOMINFO"].people, told["DISKOMINFO"].settled) == (99, 3, 0)
    assert told["DISKOMINFO"].nodes[0].node == node.id
    assert told["KOSONG"].percent is None


def test_quiet_nodes_are_named_since_when(ruled: Central, node: CentralNode) -> None:
    CentralNode(ruled, seed=2).claim()
    node.punch("p1")
    node.sent()
    spoke = ruled.clock.at
    ruled.clock.at += timedelta(hours=1)
    with ruled.office.database.read() as connection:
        quiet = coverage.quiet_nodes(connection, ruled.clock.at)
    assert [(line.node == node.id, line.since) for line in quiet] == [(False, None), (True, spoke)]
    assert node.id in commands.tell_coverage(ruled.office, DAY)


def test_folding_while_nodes_hand_in_loses_no_day(ruled: Central, node: CentralNode) -> None:
    """Marks that come while a fold takes others away are kept, and neither waits for the other for ever."""
    ruled.clock.at = at(8, 0)
    for number in range(60):
        node.punch(f"p{number % 3 + 1}", at=at(7, 0) + timedelta(seconds=number))
        node.listen(at(6, 0), at(6, 0) + timedelta(minutes=number))
    done = threading.Event()
    refused: list[int] = []

    def hand_in() -> None:
        for start in range(0, len(node.events), 4):
            status = node.send(node.events[start : start + 4]).status_code
            if status != 200:
                refused.append(status)
        done.set()

    sender = threading.Thread(target=hand_in)
    sender.start()
    while not done.is_set():
        fold(ruled)
    sender.join()
    fold(ruled)
    assert refused == []
    assert ruled.rows(select(dirty_day)) == []
    everything = select(attendance_day).order_by(attendance_day.c.person, attendance_day.c.day)
    before = ruled.rows(everything)
    assert {row.check_in_ms for row in before if row.day == DAY} == {
        int((at(7, 0) + timedelta(seconds=second)).timestamp() * 1000) for second in range(3)
    }
    days.rebuild(ruled.office)
    assert ruled.rows(everything) == before
