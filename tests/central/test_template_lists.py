"""What the section of fingerprints reads gives the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, update

from attendance.moment import to_ms
from central import tables
from central.finding_cases import count_open, list_findings, open_findings_of, read_case
from central.module_lines import Fullness, read_modules
from central.paging import PAGE_ROWS
from central.placement_needs import Needs, read_needs
from central.purge_waits import read_waits
from central.search_progress import progress_of
from central.template_counts import read_counts, unit_counts
from central.template_people import (
    PeopleList,
    enrolled_classes,
    list_people,
    unit_classes,
    unproven_places,
)
from tests.support.board_world import DAY, NOW, BoardWorld
from tests.support.template_world import AS608, R503, TemplateWorld

DINKES_NODE, KOMINFO_NODE, QUIET_NODE = "dinkesaaaaaaaaaa", "kominfoaaaaaaaaa", "dishubaaaaaaaaaa"
DINKES, KOMINFO = frozenset({"DINKES"}), frozenset({"KOMINFO"})


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[BoardWorld]:
    made = BoardWorld(tmp_path, database_url=database_url)
    made.unit("KAB", "Kabupaten", kind="kabupaten")
    for code, name in (
        ("DINKES", "Dinas Kesehatan"),
        ("KOMINFO", "Dinas Kominfo"),
        ("DISHUB", "Dinas Hubung"),
    ):
        made.unit(code, name, parent="KAB")
    made.people(
        [
            ("alice", "Alice Anggraini", "DINKES", "198001012005012001"),
            ("ani", "Ani 100%", "DINKES", None),
            ("bob", "Bob Budiman", "KOMINFO", None),
            ("dewi", "Dewi Damayanti", "DISHUB", None),
        ]
    )
    made.node(DINKES_NODE, "DINKES")
    made.node(KOMINFO_NODE, "KOMINFO")
    made.node(QUIET_NODE, "DISHUB", seen=NOW - timedelta(hours=5))
    yield made
    made.close()


@pytest.fixture
def fingers(world: BoardWorld) -> TemplateWorld:
    return TemplateWorld(world)


@contextmanager
def reading(world: BoardWorld) -> Iterator[Any]:
    with world.office.database.read() as connection:
        yield connection


def needs(connection: Any, world: BoardWorld) -> Needs:
    return read_needs(connection, world.clock.now_ms())


def names(
    world: BoardWorld, which: PeopleList, units: frozenset[str] | None = None, **asked: Any
) -> list[str]:
    with reading(world) as connection:
        return [
            line.id
            for line in list_people(connection, which, DAY, units, needs(connection, world), **asked).items
        ]


def counts(world: BoardWorld, units: frozenset[str] | None = None) -> Any:
    with reading(world) as connection:
        lines = unit_counts(connection, DAY, units, needs(connection, world))
        return read_counts(connection, lines, DAY, units)


def test_people_are_counted_and_listed_by_where_their_fingers_stand(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    for node in (DINKES_NODE, KOMINFO_NODE):
        fingers.sensor(node)
    fingers.sensor(QUIET_NODE, AS608)
    fingers.template("t-alice", "alice", DINKES_NODE, 1, state="searching")
    fingers.slot(KOMINFO_NODE, 9, "alice", template="t-alice")
    fingers.template("t-dewi", "dewi", DINKES_NODE, 2)
    fingers.pin("ani")
    found = counts(world)
    assert (found.people, found.registered, found.without, found.by_pin) == (4, 2, 2, 1)
    assert (found.checking, found.unproven, found.other_class) == (1, 1, 1)
    assert names(world, PeopleList.CHECKING) == ["alice"]
    assert names(world, PeopleList.UNPROVEN) == ["alice"]
    assert names(world, PeopleList.OTHER_CLASS) == ["dewi"]
    assert names(world, PeopleList.WITHOUT) == ["ani", "bob"]
    assert names(world, PeopleList.ALL) == ["alice", "ani", "bob", "dewi"]
    with reading(world) as connection:
        places = unproven_places(connection, ["alice", "dewi"])
        assert enrolled_classes(connection, ["dewi"]) == {"dewi": [R503]}
        assert unit_classes(connection, ["DISHUB"]) == {"DISHUB": [AS608]}
    assert [(place.node, place.slot) for place in places["alice"]] == [(KOMINFO_NODE, 9)]
    assert "dewi" not in places


def test_a_finger_where_it_was_enrolled_needs_no_proof_and_a_travelled_one_does_until_it_matched(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.template("t-alice", "alice", DINKES_NODE, 1)
    with world.office.database.write() as connection:
        connection.execute(update(tables.slot).values(proven_ms=None))
    assert names(world, PeopleList.UNPROVEN) == []
    fingers.slot(KOMINFO_NODE, 9, "alice", template="t-alice")
    assert names(world, PeopleList.UNPROVEN) == ["alice"]
    with world.office.database.write() as connection:
        connection.execute(update(tables.slot).values(proven_ms=1))
    assert names(world, PeopleList.UNPROVEN) == []


def test_a_unit_sees_its_own_people_only(world: BoardWorld, fingers: TemplateWorld) -> None:
    fingers.template("t-alice", "alice", DINKES_NODE, 1, state="searching")
    assert counts(world, KOMINFO).checking == 0
    assert counts(world, DINKES).checking == 1
    assert names(world, PeopleList.ALL, KOMINFO) == ["bob"]
    assert names(world, PeopleList.ALL, frozenset()) == []


def test_a_finger_in_a_retired_node_registers_nobody(world: BoardWorld, fingers: TemplateWorld) -> None:
    fingers.slot(DINKES_NODE, 1, "alice")
    assert counts(world).registered == 1
    with world.office.database.write() as connection:
        connection.execute(update(tables.node).where(tables.node.c.id == DINKES_NODE).values(state="retired"))
    assert counts(world).registered == 0


def test_an_entry_for_all_nodes_of_a_unit_registers_its_people(world: BoardWorld) -> None:
    with world.office.database.write() as connection:
        connection.execute(insert(tables.slot).values(unit="DINKES", node="", slot=1, employee="alice"))
    assert counts(world).registered == 1


def test_who_left_or_has_not_come_yet_stands_in_no_list(world: BoardWorld) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE assignment SET valid_to = '2026-11-23' WHERE employee = 'ani'")
        connection.exec_driver_sql("UPDATE assignment SET valid_from = '2026-11-25' WHERE employee = 'bob'")
    assert names(world, PeopleList.ALL) == ["alice", "dewi"]
    assert counts(world).people == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALICE", ["alice"]),
        ("anggraini ali", ["alice"]),
        ("19800101 200501", ["alice"]),
        ("100%", ["ani"]),
        ("%", ["ani"]),
        ("_", []),
        ("'; DROP TABLE employee; --", []),
    ],
)
def test_people_are_found_by_parts_of_name_or_nip(world: BoardWorld, text: str, expected: list[str]) -> None:
    assert names(world, PeopleList.ALL, text=text) == expected


def test_progress_says_who_has_searched_and_who_is_missing(world: BoardWorld, fingers: TemplateWorld) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="searching")
    fingers.template("t-2", "alice", DINKES_NODE, 2, state="searching")
    fingers.searches("t-1", **{KOMINFO_NODE: "clear", QUIET_NODE: "waiting"})
    fingers.searches("t-2", **{KOMINFO_NODE: "hit", QUIET_NODE: "clear"})
    with reading(world) as connection:
        progress = progress_of(connection, ["alice", "bob"], NOW)
    assert list(progress) == ["alice"]
    assert (progress["alice"].done, progress["alice"].asked) == (1, 2)
    missing = progress["alice"].missing[0]
    assert (missing.node, missing.unit_name, missing.quiet) == (QUIET_NODE, "Dinas Hubung", True)
    assert missing.seen == NOW - timedelta(hours=5)


def test_a_template_that_may_travel_is_listed_until_the_last_node_has_answered(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="clear")
    fingers.searches("t-1", **{KOMINFO_NODE: "clear", QUIET_NODE: "waiting"})
    assert names(world, PeopleList.CHECKING) == ["alice"]
    with reading(world) as connection:
        assert progress_of(connection, ["alice"], NOW)["alice"].travels
    with world.office.database.write() as connection:
        connection.execute(update(tables.template_search).values(state="clear"))
    assert names(world, PeopleList.CHECKING) == []


def test_who_holds_nothing_to_compare_with_is_not_waited_for(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="searching")
    fingers.searches("t-1", **{KOMINFO_NODE: "refused:other-class", QUIET_NODE: "waiting"})
    with reading(world) as connection:
        progress = progress_of(connection, ["alice"], NOW)["alice"]
    assert (progress.done, progress.asked, progress.travels) == (0, 1, False)
    assert [line.node for line in progress.missing] == [QUIET_NODE]


@pytest.mark.parametrize(
    ("answer", "listed"), [("bad-seal", True), ("impossible", True), ("other-class", False)]
)
def test_a_template_that_a_node_could_not_look_for_is_not_called_checked_everywhere(
    world: BoardWorld, fingers: TemplateWorld, answer: str, listed: bool
) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="clear")
    fingers.searches("t-1", **{KOMINFO_NODE: f"refused:{answer}", QUIET_NODE: "clear"})
    assert names(world, PeopleList.CHECKING) == (["alice"] if listed else [])


def test_a_refusal_counts_as_missing_with_its_reason_and_a_retired_node_not_at_all(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="searching")
    fingers.searches("t-1", **{KOMINFO_NODE: "refused:bad-seal", QUIET_NODE: "waiting"})
    with world.office.database.write() as connection:
        connection.execute(update(tables.node).where(tables.node.c.id == QUIET_NODE).values(state="retired"))
    with reading(world) as connection:
        progress = progress_of(connection, ["alice"], NOW)["alice"]
    assert (progress.done, progress.asked) == (0, 1)
    assert [line.refused for line in progress.missing] == ["bad-seal"]


def test_a_held_template_is_under_check_while_its_finding_is_open(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="held")
    number = fingers.finding("alice", "bob", KOMINFO_NODE, template="t-1")
    assert names(world, PeopleList.CHECKING) == ["alice"]
    with reading(world) as connection:
        assert open_findings_of(connection, ["alice", "bob"]) == {"alice": [number]}
    with world.office.database.write() as connection:
        connection.execute(update(tables.finding).values(state="cheat"))
    assert names(world, PeopleList.CHECKING) == []


def test_findings_come_open_and_oldest_first_and_decided_last(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    def days_ago(days: int) -> int:
        return to_ms(NOW - timedelta(days=days))

    old = fingers.finding("alice", "bob", KOMINFO_NODE, state="chance", opened_ms=1, decided_ms=days_ago(9))
    recent = fingers.finding("alice", "bob", KOMINFO_NODE, state="cheat", opened_ms=2, decided_ms=days_ago(1))
    young = fingers.finding("alice", "bob", KOMINFO_NODE, opened_ms=days_ago(2))
    oldest = fingers.finding("bob", None, KOMINFO_NODE, opened_ms=days_ago(5), kind="enrolment", slot=None)
    with reading(world) as connection:
        page = list_findings(connection, DAY, None)
        assert count_open(connection, DAY, None) == 2
    assert [line.id for line in page.items] == [oldest, young, recent, old]
    assert page.items[0].other.id is None
    line = page.items[1]
    assert (line.employee.name, line.employee.unit_name) == ("Alice Anggraini", "Dinas Kesehatan")
    assert (line.other.name, line.other.unit, line.same_unit) == ("Bob Budiman", "KOMINFO", False)
    assert line.node_unit == "Dinas Kominfo"


def test_a_finding_concerns_the_units_of_both_people_and_nobody_else(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    number = fingers.finding("alice", "bob", QUIET_NODE)
    with reading(world) as connection:
        for units, seen in (
            (None, 1),
            (DINKES, 1),
            (KOMINFO, 1),
            (frozenset({"DISHUB"}), 0),
            (frozenset(), 0),
        ):
            assert count_open(connection, DAY, units) == seen
            assert list_findings(connection, DAY, units).total == seen
            assert (read_case(connection, number, DAY, units) is not None) == bool(seen)
        assert read_case(connection, number + 1, DAY, None) is None


def test_a_finding_about_people_who_left_stays_with_their_last_unit(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.finding("alice", "bob", QUIET_NODE)
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE assignment SET valid_to = '2026-11-01' WHERE employee = 'bob'")
        connection.execute(
            insert(tables.assignment).values(
                employee="alice", valid_from=DAY + timedelta(days=1), unit="DISHUB", grp="umum"
            )
        )
    with reading(world) as connection:
        assert count_open(connection, DAY, KOMINFO) == 1
        assert count_open(connection, DAY, frozenset({"DISHUB"})) == 0


def test_a_case_shows_both_enrolments_with_witness_and_legal_basis(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    face = world.photo(DINKES_NODE, 1)
    alice = fingers.enrolled(DINKES_NODE, "alice", 1, witness="ani", photo=face)
    bob = fingers.enrolled(
        KOMINFO_NODE, "bob", 7, witness=None, witness_missing="no-other-person", legal_basis="SK lama"
    )
    fingers.template("t-1", "alice", DINKES_NODE, 1, state="held", event=alice)
    fingers.slot(KOMINFO_NODE, 7, "bob", event=bob)
    told = world.event(KOMINFO_NODE, "template-searched", NOW, {})
    number = fingers.finding(
        "alice", "bob", KOMINFO_NODE, template="t-1", event=told, photo=face, other_photo="f" * 64
    )
    with reading(world) as connection:
        case = read_case(connection, number, DAY, None)
    assert case
    assert case.happened == NOW
    assert (case.slot, case.score) == (7, 84)
    assert (case.new.photo, case.other.photo) == (face, None)
    assert case.new.enrolment
    assert (case.new.enrolment.witness, case.new.enrolment.legal_basis) == ("Ani 100%", "SK Bupati 12/2026")
    assert (case.new.enrolment.photo, case.new.enrolment.node_unit) == (face, "Dinas Kesehatan")
    assert case.other.enrolment
    assert (case.other.enrolment.witness, case.other.enrolment.witness_missing) == (None, "no-other-person")
    assert case.other.enrolment.legal_basis == "SK lama"


def test_a_case_follows_a_travelled_template_to_the_enrolment_it_is_from(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    enrolled = fingers.enrolled(DINKES_NODE, "bob", 5, witness="ani")
    installed = world.event(KOMINFO_NODE, "template-installed", NOW, {})
    fingers.template("t-bob", "bob", DINKES_NODE, 5, event=enrolled)
    fingers.slot(KOMINFO_NODE, 7, "bob", template="t-bob", event=installed)
    number = fingers.finding("alice", "bob", KOMINFO_NODE, other_template="t-bob")
    with reading(world) as connection:
        case = read_case(connection, number, DAY, None)
    assert case
    assert case.other.enrolment
    assert case.other.enrolment.node == DINKES_NODE
    assert case.new.enrolment is None


def test_what_no_event_tells_of_is_left_open(world: BoardWorld, fingers: TemplateWorld) -> None:
    number = fingers.finding("gone", None, "nobodyaaaaaaaaaa", event="not-a-reference", slot=None, score=None)
    with reading(world) as connection:
        case = read_case(connection, number, DAY, None)
    assert case
    assert (case.line.employee.name, case.line.employee.unit, case.line.same_unit) == ("gone", None, False)
    assert (case.happened, case.new.enrolment, case.other.enrolment) == (None, None, None)


def test_purges_that_nobody_confirmed_come_by_node_the_oldest_first(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.purge("p-1", KOMINFO_NODE, "bob", "5")
    fingers.purge("p-2", QUIET_NODE, "alice", "3 4", ordered_ms=to_ms(NOW - timedelta(days=9)))
    fingers.purge("p-3", QUIET_NODE, "bob", "6", state="failed", reason="not-yours")
    fingers.purge("p-4", DINKES_NODE, "bob", "1", state="done")
    with reading(world) as connection:
        waits = read_waits(connection, NOW, None)
        assert [wait.node for wait in read_waits(connection, NOW, KOMINFO)] == [KOMINFO_NODE]
        assert read_counts(connection, [], DAY, None).purges == 3
        assert read_counts(connection, [], DAY, DINKES).purges == 0
    assert [wait.node for wait in waits] == [QUIET_NODE, KOMINFO_NODE]
    assert (waits[0].slots, waits[0].quiet, waits[0].oldest) == (3, True, NOW - timedelta(days=9))
    assert [(wait.name, wait.slots, wait.failed) for wait in waits[0].waits] == [
        ("Alice Anggraini", (3, 4), False),
        ("Bob Budiman", (6,), True),
    ]


def test_sensors_come_alarms_first_then_the_fullest(world: BoardWorld, fingers: TemplateWorld) -> None:
    fingers.sensor(DINKES_NODE, capacity=100, usable=100, used=58)
    fingers.sensor(KOMINFO_NODE, state="swapped", detail="another serial number")
    fingers.template("t-1", "alice", DINKES_NODE, 1)
    for number in (70, 71, 72, 73):
        fingers.install(f"i-{number}", DINKES_NODE, "alice", number, "t-1")
    fingers.purge("p-1", DINKES_NODE, "bob", "1")
    fingers.slot(DINKES_NODE, 60, "dewi", template="t-1")
    with reading(world) as connection:
        lines = read_modules(connection, None)
        assert read_counts(connection, [], DAY, None).alarms == 1
        assert read_counts(connection, [], DAY, DINKES).alarms == 0
        assert [line.node for line in read_modules(connection, DINKES)] == [DINKES_NODE]
    assert [line.node for line in lines] == [KOMINFO_NODE, DINKES_NODE, QUIET_NODE]
    assert lines[0].alarming
    assert lines[2].sensor is None
    sensor = lines[1].sensor
    assert sensor
    assert (sensor.planned, sensor.plan, sensor.fullness) == (61, 60, Fullness.ABOVE_PLAN)
    assert sensor.unproven == 1


def test_templates_that_would_not_go_in_are_counted_until_they_are_in(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    fingers.sensor(DINKES_NODE)
    for number in (1, 2, 3):
        fingers.template(f"t-{number}", "alice", KOMINFO_NODE, number)
    why = {"i-1": "slot-in-use", "i-2": "not-stored", "i-3": "not-stored"}
    for number, (name, reason) in enumerate(why.items(), 1):
        fingers.install(name, DINKES_NODE, "alice", number, f"t-{number}", state="failed", reason=reason)
    fingers.slot(DINKES_NODE, 9, "alice", template="t-3")
    with reading(world) as connection:
        sensor = read_modules(connection, DINKES)[0].sensor
    assert sensor
    assert (sensor.failing, sensor.failing_for) == (2, "not-stored")


@pytest.mark.parametrize(
    ("used", "capacity", "usable", "fullness"),
    [
        (0, 100, 100, Fullness.ROOM),
        (47, 100, 100, Fullness.ROOM),
        (48, 100, 100, Fullness.NEAR_PLAN),
        (60, 100, 100, Fullness.NEAR_PLAN),
        (61, 100, 100, Fullness.ABOVE_PLAN),
        (30, 100, 30, Fullness.FULL),
        (101, 100, 100, Fullness.FULL),
        (0, 0, 0, Fullness.FULL),
    ],
)
def test_fullness_has_a_word(
    world: BoardWorld, fingers: TemplateWorld, used: int, capacity: int, usable: int, fullness: Fullness
) -> None:
    fingers.sensor(DINKES_NODE, used=used, capacity=capacity, usable=usable)
    with reading(world) as connection:
        sensor = read_modules(connection, DINKES)[0].sensor
    assert sensor
    assert sensor.fullness == fullness


def test_five_thousand_people_cost_as_many_statements_as_four(
    world: BoardWorld, fingers: TemplateWorld
) -> None:
    def statements(which: PeopleList, page: int) -> tuple[int, int]:
        asked: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.append(statement)

        with reading(world) as connection:
            event.listen(connection, "before_cursor_execute", count)
            unit_counts(connection, DAY, None, Needs())
            found = list_people(connection, which, DAY, None, Needs(), page=page)
            progress_of(connection, [line.id for line in found.items], NOW)
            open_findings_of(connection, [line.id for line in found.items])
        return len(asked), len(found.items)

    few, _ = statements(PeopleList.ALL, 1)
    with world.office.database.write() as connection:
        connection.execute(delete(tables.assignment))
    world.people([(f"p{number}", f"Nama {number:04}", "DINKES", None) for number in range(5000)])
    many, shown = statements(PeopleList.ALL, 37)
    assert (many, shown) == (few, PAGE_ROWS)
    assert few <= 6
    with reading(world) as connection:
        last = list_people(connection, PeopleList.WITHOUT, DAY, None, Needs(), page=10**6)
    assert (last.number, last.last, last.total) == (100, 100, 5000)
    assert (last.first_item, last.last_item) == (4951, 5000)
    assert last.items[-1].name == "Nama 4999"
