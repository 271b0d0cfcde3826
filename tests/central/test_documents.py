"""Nodes get rules and rosters that central signed; numbers rise only when something changed."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from attendance.errors import PolicyError, SignatureError
from attendance.exchange import Document, open_document
from attendance.people import Roster
from attendance.policy import Policy
from central import commands, policies
from central.tables import assignment, employee, policy_document, roster_document, slot
from tests.support.central import Central
from tests.support.central_node import CentralNode, error_of


def fetch(node: CentralNode, policy: int = 0, roster: int = 0) -> dict[str, Any]:
    response = node.request("GET", f"/documents?policy={policy}&roster={roster}")
    assert response.status_code == 200, response.get_data()
    return dict(response.get_json())


def opened(central: Central, text: str, kind: str) -> Document:
    return open_document(text.encode(), central.office.keys.document_public, kind)


def test_a_node_gets_the_rules_in_force_and_its_own_roster(central: Central, node: CentralNode) -> None:
    commands.set_policy(central.office, "tanggamus-2017")
    answer = fetch(node)
    policy = Policy.parse(opened(central, answer["policy"], "policy").content)
    assert (policy.serial, policy.versions[0].id) == (1, "tanggamus-2017")
    assert policy.holidays
    roster = Roster.parse(opened(central, answer["roster"], "roster").content)
    assert (roster.node, roster.unit, roster.zone, roster.serial) == (
        node.id,
        "DISKOMINFO",
        "Asia/Jakarta",
        1,
    )
    assert sorted(roster.persons) == ["p1", "p2", "p3"]
    assert dict(roster.slots) == {1: "p1", 2: "p2", 3: "p3"}


def test_what_the_node_holds_is_not_sent_again(central: Central, node: CentralNode) -> None:
    commands.set_policy(central.office, "tanggamus-2017")
    fetch(node)
    assert fetch(node, policy=1, roster=1) == {"policy": None, "roster": None}
    assert len(central.rows(select(roster_document))) == 1


def test_a_roster_gets_a_new_number_only_when_it_changed(central: Central, node: CentralNode) -> None:
    fetch(node)
    with central.office.database.write() as connection:
        connection.execute(update(employee).where(employee.c.id == "p1").values(grade="III/a"))
    assert fetch(node, roster=1)["roster"] is None  # nothing that a node must know
    with central.office.database.write() as connection:
        connection.execute(update(employee).where(employee.c.id == "p1").values(name="Nama Baru"))
    changed = opened(central, fetch(node, roster=1)["roster"], "roster")
    assert changed.serial == 2
    assert changed.content["serial"] == 2


def test_a_slot_of_this_node_wins_over_one_of_its_unit(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        connection.execute(slot.insert().values(unit="DISKOMINFO", node=node.id, slot=1, employee="p3"))
        connection.execute(slot.insert().values(unit="DISKOMINFO", node="other", slot=2, employee="p3"))
    roster = Roster.parse(opened(central, fetch(node)["roster"], "roster").content)
    assert dict(roster.slots) == {1: "p3", 2: "p2", 3: "p3"}


def test_people_of_other_offices_are_on_it_only_with_a_finger_there(
    central: Central, node: CentralNode
) -> None:
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("guest", "DINKES")
    central.add_person("stranger", "DINKES")
    with central.office.database.write() as connection:
        connection.execute(slot.insert().values(unit="DISKOMINFO", node="", slot=9, employee="guest"))
        connection.execute(
            update(assignment).where(assignment.c.employee == "p2").values(valid_to=assignment.c.valid_from)
        )
    roster = Roster.parse(opened(central, fetch(node)["roster"], "roster").content)
    assert sorted(roster.persons) == ["guest", "p1", "p3"]
    assert dict(roster.slots) == {1: "p1", 3: "p3", 9: "guest"}


def test_a_number_that_is_none_is_refused(node: CentralNode) -> None:
    for query in ("policy=x&roster=0", "policy=-1&roster=0", "roster=0", "policy=0"):
        assert error_of(node.request("GET", f"/documents?{query}")) == "malformed"


def test_the_same_rules_get_no_new_number_and_others_stand_beside_them(central: Central) -> None:
    for name in ("tanggamus-2017", "tanggamus-2017", "asn-2023", "asn-2023"):
        commands.set_policy(central.office, name)
    with central.office.database.read() as connection:
        stored = policies.newest(connection, central.office.keys.document_public)
    assert stored is not None
    assert (stored.serial, [version.id for version in stored.policy.versions]) == (
        2,
        ["tanggamus-2017", "asn-2023"],
    )
    days = [(holiday.date, holiday.name) for holiday in stored.policy.holidays]
    assert len(days) == len(set(days))


def test_rules_that_were_altered_in_the_database_are_not_believed(central: Central) -> None:
    commands.set_policy(central.office, "tanggamus-2017")
    text = central.rows(select(policy_document.c.data))[0].data
    forged = text.replace("09:00:59", "11:00:59")
    assert forged != text
    with central.office.database.write() as connection:
        connection.execute(update(policy_document).values(data=forged))
    with central.office.database.read() as connection, pytest.raises(SignatureError):
        policies.newest(connection, central.office.keys.document_public)


def test_rules_that_cannot_be_are_refused(central: Central, tmp_path: Any) -> None:
    for name, text in {"a": "id = ", "b": 'id = "x"\n'}.items():
        file = tmp_path / f"{name}.toml"
        file.write_text(text)
        with pytest.raises(PolicyError):
            commands.set_policy(central.office, str(file))
    for missing in ("no-preset", str(tmp_path / "missing.toml")):
        with pytest.raises(PolicyError):
            commands.set_policy(central.office, missing)
    assert central.rows(select(policy_document)) == []


def test_documents_are_text_that_json_carries_unchanged(central: Central, node: CentralNode) -> None:
    fetched = fetch(node)["roster"]
    assert json.loads(json.dumps(fetched)) == central.rows(select(roster_document.c.data))[0].data
