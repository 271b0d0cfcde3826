"""A template at rest opens for its own person, finger, id and class, with a key that no database holds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from attendance.errors import MalformedError, PersonError
from central import person_keys, template_vault
from central.person_keys import DamagedVaultError
from central.private_files import PrivateFileError
from central.tables import person_key, slot, template, template_search
from central.template_keys import MissingKekError
from central.template_vault import NoSuchTemplateError
from tests.support.central import Central, make_central, sqlite_engine
from tests.support.template_traces import traces
from tests.support.template_vault_world import a_template, destroy, execute, keep, unseal


@pytest.fixture
def people(central: Central) -> Central:
    central.add_unit()
    for person in ("p1", "p2"):
        central.add_person(person)
    return central


def ids(central: Central) -> set[str]:
    return {row.id for row in central.rows(select(template.c.id))}


def test_what_is_kept_comes_back_and_stands_nowhere_in_clear(people: Central) -> None:
    data = a_template("p1 right-index")
    name = keep(people)
    assert unseal(people, name) == data
    row = people.rows(select(template))[0]
    assert (row.employee, row.finger, row.state, row.size_bytes) == ("p1", "right-index", "searching", 1536)
    key = people.rows(select(person_key))[0]
    assert traces(row.sealed + key.wrapped, [data]) == []
    assert len(key.wrapped) == 12 + 32 + 16


def test_the_same_template_again_is_the_same_one(people: Central) -> None:
    first = keep(people)
    execute(people, update(template).values(state="clear"))
    assert keep(people) == first
    assert keep(people, node="nodeb", slot_number=9) == first
    assert [row.state for row in people.rows(select(template))] == ["clear"]


def test_people_fingers_and_classes_are_kept_apart(people: Central) -> None:
    data = a_template("one")
    names = [
        keep(people, data=data),
        keep(people, finger="left-index", data=data),
        keep(people, model_class="as608/512/-/3", data=data),
        keep(people, "p2", data=data),
    ]
    assert ids(people) == set(names)
    assert len(names) == len(set(names))
    sealed = [row.sealed for row in people.rows(select(template.c.sealed))]
    assert len(set(sealed)) == 4
    assert len({row.wrapped for row in people.rows(select(person_key.c.wrapped))}) == 2


def test_a_new_template_takes_the_place_of_the_older_one_and_of_its_searches(people: Central) -> None:
    old, other = keep(people), keep(people, finger="left-index")
    search = {"state": "waiting", "node": "nodeb", "asked_ms": 1}
    execute(people, *(insert(template_search).values(template=name, **search) for name in (old, other)))
    new = keep(people, data=a_template("enrolled anew"))
    assert ids(people) == {new, other}
    assert [row.template for row in people.rows(select(template_search))] == [other]
    with pytest.raises(NoSuchTemplateError, match=old):
        unseal(people, old)


def test_a_template_that_lies_in_a_slot_stays_and_is_looked_for_on(people: Central) -> None:
    old = keep(people)
    held = {"unit": "DISKOMINFO", "node": "nodea", "slot": 1, "employee": "p1", "template": old}
    execute(people, insert(slot).values(**held))
    new = keep(people, data=a_template("of another node"), node="nodeb")
    assert ids(people) == {old, new}
    assert keep(people) == old  # handed in again: no third one


def test_where_nobody_knows_the_finger_the_place_counts(people: Central) -> None:
    one = keep(people, finger="", data=a_template(1), slot_number=1)
    two = keep(people, finger="", data=a_template(2), slot_number=2)
    assert ids(people) == {one, two}
    new = keep(people, finger="", data=a_template(3), slot_number=1)
    assert ids(people) == {new, two}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (template, {"employee": "p2"}),
        (template, {"finger": "left-index"}),
        (template, {"id": "0123456789abcdef"}),
        (template, {"model_class": "as608/512/-/3"}),
        (template, {"size_bytes": 1535}),
        (template, {"sealed": b""}),
        (template, {"sealed": b"short"}),
        (template, {"sealed": bytes(1564)}),
        (person_key, {"employee": "p2"}),
        (person_key, {"wrapped": b""}),
        (person_key, {"wrapped": bytes(60)}),
    ],
    ids=lambda value: str(value)[:24],
)
@pytest.mark.parametrize("owner_has_a_key", [False, True])
def test_an_altered_row_does_not_open(
    people: Central, table: Any, change: dict[str, Any], owner_has_a_key: bool
) -> None:
    name = keep(people)
    if owner_has_a_key and change.get("employee") != "p2":
        keep(people, "p2")
    execute(people, update(table).where(table.c.employee == "p1").values(**change))
    with pytest.raises(DamagedVaultError):
        unseal(people, change.get("id", name))


def test_every_bit_of_a_sealed_template_and_of_a_wrapped_key_counts(people: Central) -> None:
    name = keep(people, data=a_template("small", 64))
    for table, column in ((template, "sealed"), (person_key, "wrapped")):
        good = people.rows(select(table.c[column]))[0][0]
        for at in range(len(good)):
            bad = bytearray(good)
            bad[at] ^= 1 << at % 8
            execute(people, update(table).values({column: bytes(bad)}))
            with pytest.raises(DamagedVaultError):
                unseal(people, name)
        execute(people, update(table).values({column: good}))
    assert unseal(people, name) == a_template("small", 64)


def test_templates_and_keys_of_two_people_cannot_be_exchanged(people: Central) -> None:
    mine, theirs = keep(people), keep(people, "p2")
    sealed = {row.employee: row.sealed for row in people.rows(select(template))}
    wrapped = {row.employee: row.wrapped for row in people.rows(select(person_key))}

    def exchange(table: Any, column: str, values: dict[str, bytes]) -> None:
        for one, other in (("p1", "p2"), ("p2", "p1")):
            execute(people, update(table).where(table.c.employee == one).values({column: values[other]}))

    exchange(template, "sealed", sealed)
    for name in (mine, theirs):
        with pytest.raises(DamagedVaultError, match="altered"):
            unseal(people, name)
    exchange(person_key, "wrapped", wrapped)
    for name in (mine, theirs):
        with pytest.raises(DamagedVaultError, match="Kunci p"):
            unseal(people, name)


def test_not_even_with_the_same_key_does_a_template_open_for_another_person(people: Central) -> None:
    name, kek = keep(people), people.office.template_keys.newest()
    wrapped = people.rows(select(person_key.c.wrapped))[0][0]
    theirs = person_keys.wrap(kek, "p2", person_keys.unwrap(kek, "p1", wrapped))
    execute(
        people,
        insert(person_key).values(employee="p2", kek=kek.version, wrapped=theirs, created_ms=1),
        update(template).values(employee="p2"),
    )
    with pytest.raises(DamagedVaultError, match="altered"):
        unseal(people, name)


def test_a_destroyed_key_leaves_no_bytes_in_the_file_of_the_database(
    sqlite_template: Path, tmp_path: Path
) -> None:
    central = make_central(tmp_path / "central", sqlite_engine(sqlite_template).fresh(tmp_path))
    central.add_unit()
    central.add_person("p1")
    keep(central)
    wrapped = central.rows(select(person_key.c.wrapped))[0][0]
    with central.office.database.write() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF").close()  # as SQLite is built elsewhere
        assert template_vault.destroy_person(connection, "p1") == 1
    central.office.database.close()
    assert wrapped not in (tmp_path / "central.db").read_bytes()


def test_a_damaged_template_is_replaced_by_the_same_one_handed_in_again(people: Central) -> None:
    old = keep(people)
    execute(people, update(template).values(sealed=bytes(1564)))
    new = keep(people)
    assert ids(people) == {new}
    assert new != old
    assert unseal(people, new) == a_template("p1 right-index")


def test_a_destroyed_person_is_noise_in_every_older_backup_of_templates(people: Central) -> None:
    mine = [keep(people), keep(people, finger="left-index")]
    theirs = keep(people, "p2")
    execute(people, insert(template_search).values(template=mine[0], node="n", state="waiting", asked_ms=1))
    backup = [dict(row._mapping) for row in people.rows(select(template).where(template.c.employee == "p1"))]
    assert destroy(people, "p1") == 2
    assert ids(people) == {theirs}
    assert [row.employee for row in people.rows(select(person_key))] == ["p2"]
    execute(people, insert(template).values(backup))
    for name in mine:
        with pytest.raises(DamagedVaultError, match="destroyed"):
            unseal(people, name)
    keep(people, finger="right-ring")  # they come back: with a key of their own
    for name in mine:
        with pytest.raises(DamagedVaultError, match="altered"):
            unseal(people, name)
    assert unseal(people, theirs) == a_template("p2 right-index")
    assert destroy(people, "p1") == 3
    assert destroy(people, "p1") == 0


def test_without_its_key_file_nothing_opens_and_nothing_is_kept(people: Central) -> None:
    name = keep(people)
    file = people.office.template_keys.versions()[1]
    data = file.read_bytes()
    file.unlink()
    with pytest.raises(MissingKekError, match="template-kek-0001"):
        unseal(people, name)
    with pytest.raises(MissingKekError):
        keep(people, "p2")
    file.write_bytes(data[:31])
    file.chmod(0o600)
    with pytest.raises(PrivateFileError, match="31 bita"):
        unseal(people, name)
    file.write_bytes(bytes(32))
    with pytest.raises(DamagedVaultError, match="p1"):
        unseal(people, name)
    with pytest.raises(DamagedVaultError):
        keep(people)  # no second key over the first
    file.write_bytes(data)
    assert unseal(people, name) == a_template("p1 right-index")
    assert ids(people) == {name}


def test_nothing_is_kept_of_strangers_or_under_an_ambiguous_name(people: Central) -> None:
    with pytest.raises(PersonError, match="p9"):
        keep(people, "p9")
    with pytest.raises(PersonError):
        destroy(people, "p9")
    with pytest.raises(MalformedError):
        keep(people, finger="right|index")
    with pytest.raises(NoSuchTemplateError):
        unseal(people, "0" * 16)
    assert people.rows(select(person_key)) == []


def test_two_hand_ins_at_once_are_one_template(people: Central) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: keep(people), range(8)))
    assert ids(people) == set(names)
    assert len(set(names)) == 1


def test_no_error_and_no_value_prints_a_key_or_a_template(people: Central) -> None:
    keys = people.office.template_keys
    kek = keys.newest()
    assert (
        traces(repr((people.office, keys, kek)).encode(), [kek.key, keys.exchange.private_bytes_raw()]) == []
    )
    assert person_keys.unwrap(kek, "p", person_keys.wrap(kek, "p", bytes(32))) == bytes(32)
