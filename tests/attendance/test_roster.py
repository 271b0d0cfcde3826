from copy import deepcopy
from typing import Any

import pytest

from attendance.errors import PersonError
from attendance.people import Roster, check_group, check_node_id, check_unit_code

CONTENT: dict[str, Any] = {
    "serial": 7,
    "node": "abcdefghijklmn23",
    "unit": "DISKOMINFO",
    "unit_name": "Dinas Kominfo",
    "zone": "Asia/Jakarta",
    "persons": [
        {
            "person": "e1",
            "name": "Siti Aminah",
            "unit": "DISKOMINFO",
            "group": "umum",
            "salutation": "Ibu",
            "shifts": [{"day": "2026-03-02", "shift": "malam"}],
        },
        {"person": "e2", "name": "Budi", "unit": "RSUD", "group": "piket", "salutation": None, "shifts": []},
    ],
    "slots": {"0": "e1", "1": "e1", "17": "e2"},
}


def test_a_roster_reads_back_as_the_same_content() -> None:
    assert Roster.parse(CONTENT).content() == CONTENT


def test_two_fingers_in_two_slots_are_one_person_and_an_empty_slot_is_nobody() -> None:
    roster = Roster.parse(CONTENT)
    first, second = roster.person_in(0), roster.person_in(1)
    assert first is second
    assert first is not None
    assert first.name == "Siti Aminah"
    assert roster.person_in(5) is None


def test_fields_of_a_newer_version_are_kept_on_every_level() -> None:
    content = deepcopy(CONTENT)
    content["purge"] = ["e9"]
    content["persons"][0]["voice"] = "id"
    content["persons"][0]["shifts"][0]["place"] = "IGD"
    assert Roster.parse(content).content() == content


def _broken(path: str, value: Any) -> dict[str, Any]:
    content: Any = deepcopy(CONTENT)
    target, *keys = content, *path.split("/")
    for key in keys[:-1]:
        target = target[int(key)] if isinstance(target, list) else target[key]
    target[int(keys[-1]) if isinstance(target, list) else keys[-1]] = value
    return dict(content)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("serial", 0, "serial must be a whole number"),
        ("serial", True, "serial must be a whole number"),
        ("node", "short", "node is wrong: .*not a node id"),
        ("node", None, "node must be text"),
        ("unit", "a b", "unit is wrong: .*not a unit code"),
        ("zone", "Jakarta", "zone is wrong: .*no time zone"),
        ("persons", "e1", "persons must be a list"),
        ("persons/0", "e1", r"persons\[1\] must be a table"),
        ("persons/1/person", "e1", r"persons\[2\].person repeats the employee e1"),
        ("persons/1/person", "../e", r"persons\[2\].person is wrong: .*not an employee id"),
        ("persons/1/name", "", r"persons\[2\].name must be text"),
        ("persons/1/name", "x" * 121, r"persons\[2\].name is wrong: .*no name"),
        ("persons/1/group", "UMUM", r"persons\[2\].group is wrong: .*not a group name"),
        ("persons/1/salutation", "Sir", r"persons\[2\].salutation is wrong: .*no salutation"),
        ("persons/0/shifts/0/day", "2026-02-30", r"shifts\[1\].day must be a date"),
        ("persons/0/shifts/0/day", "20260302", r"shifts\[1\].day must be a date"),
        ("slots", [], "slots must be a table"),
        ("slots/17", "e3", "slots.17 belongs to 'e3'"),
        ("slots/-1", "e1", "slots.-1 is no slot"),
        ("slots/01", "e1", "slots.01 is no slot"),
        ("slots/65536", "e1", "slots.65536 is no slot"),
        ("slots/5", 3, "slots.5 must be text"),
    ],
)
def test_a_wrong_roster_is_refused_with_the_place_in_it(path: str, value: Any, words: str) -> None:
    with pytest.raises(PersonError, match=words):
        Roster.parse(_broken(path, value))


def test_two_shifts_of_one_person_on_one_day_are_refused() -> None:
    content = deepcopy(CONTENT)
    content["persons"][0]["shifts"] *= 2
    with pytest.raises(PersonError, match="second shift on 2026-03-02"):
        Roster.parse(content)


def test_ids_are_checked_in_full_and_not_by_their_beginning() -> None:
    for check, text in (
        (check_node_id, "a" * 16 + "\n"),
        (check_unit_code, "A;DROP"),
        (check_group, "umum "),
    ):
        with pytest.raises(PersonError):
            check(text)


def test_sealed_pins_are_carried_and_not_printed() -> None:
    roster = Roster.parse({**CONTENT, "pins": "c2VhbGVk"})
    assert (roster.pins, roster.content()) == ("c2VhbGVk", {**CONTENT, "pins": "c2VhbGVk"})
    assert "c2VhbGVk" not in repr(roster)
    assert Roster.parse(CONTENT).pins is None


@pytest.mark.parametrize("pins", ["", "not base64!", 7, ["c2VhbGVk"], {"e1": "123456"}])
def test_pins_that_are_not_sealed_are_refused(pins: Any) -> None:
    with pytest.raises(PersonError, match="pins"):
        Roster.parse({**CONTENT, "pins": pins})
