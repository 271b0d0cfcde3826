"""PINs in the books: hashes only, sealed for the nodes where people work; no new roster without a change."""

import base64
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import delete, insert, select, update

from attendance import exchange, sealing
from attendance import pins as pin_rules
from attendance.people import Roster
from attendance.pins import PinHash
from central import pin_envelopes, pins
from central.pins import Problem
from central.tables import assignment, audit_log, module, pin, pin_envelope, slot
from tests.support.central import Central
from tests.support.central_node import CentralNode

NIP = "198609262015051001"
KEY = X25519PrivateKey.generate()
REASON = "Sidik jari aus karena pekerjaan bengkel"


def give(central: Central, person: str, chosen: str = "480173", **more: Any) -> str:
    values: dict[str, Any] = {
        "reason": REASON,
        "monthly_quota": 44,
        "actor": "hrd",
        "now_ms": central.clock.now_ms(),
    }
    values |= more
    with central.office.database.write() as connection:
        return pins.give(connection, person, pins.hashed(chosen), **values)


def tell_key(central: Central, node: CentralNode, key: X25519PrivateKey = KEY) -> None:
    """What the newest `module` event of a node leaves behind."""
    row = {
        "node": node.id, "model": "r503", "model_class": "r503/1536/-/3", "capacity": 200, "usable": 200,
        "used": 3, "template_key": sealing.public_hex(key), "state": "ok", "detail": "", "event": "x",
        "at_ms": 1,
    }  # fmt: skip
    with central.office.database.write() as connection:
        connection.execute(delete(module).where(module.c.node == node.id))
        connection.execute(insert(module).values(**row))


def fetch(central: Central, node: CentralNode, held: int = 0) -> Roster | None:
    answer = node.request("GET", f"/documents?policy=0&roster={held}").get_json()["roster"]
    if answer is None:
        return None
    document = exchange.open_document(answer.encode(), central.office.keys.document_public, "roster")
    return Roster.parse(document.content)


def opened(roster: Roster | None, key: X25519PrivateKey = KEY) -> dict[str, PinHash]:
    assert roster is not None
    assert roster.pins is not None
    plain = sealing.open_sealed(key, base64.b64decode(roster.pins), sealing.purpose("pins", roster.node))
    return {f"{each.person}/{each.number}": each.hash for each in pin_rules.parse(plain)}


# --- choosing


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ("48017", Problem.NO_PIN),
        ("48017a", Problem.NO_PIN),
        ("١٢٣٤٥٦", Problem.NO_PIN),
        ("777777", Problem.EASY),
        ("123456", Problem.EASY),
        ("987654", Problem.EASY),
        ("890123", Problem.EASY),
        ("121212", Problem.EASY),
        ("260986", Problem.BIRTH_DATE),
        ("860926", Problem.BIRTH_DATE),
        ("051001", Problem.BIRTH_DATE),
    ],
)
def test_a_pin_that_a_colleague_would_try_first_is_refused(chosen: str, problem: Problem) -> None:
    with pytest.raises(pins.PinError) as caught:
        pins.check_choice(chosen, NIP)
    assert caught.value.problem is problem


def test_a_pin_from_the_computer_is_one_that_would_be_taken_and_another_each_time() -> None:
    made = {pins.generated(NIP) for _ in range(50)}
    assert len(made) > 40
    assert all(pins.check_choice(each, NIP) == each for each in made)


# --- the books


def test_only_the_hash_is_kept_and_every_deed_is_written_down(central: Central, node: CentralNode) -> None:
    number = give(central, "p1")
    assert pin_rules.check_number(number) == number
    assert give(central, "p1", "905512", reason="Jari luka bakar, dirawat", monthly_quota=6) == number
    [row] = central.rows(select(pin))
    assert (row.number, row.monthly_quota, row.reason) == (number, 6, "Jari luka bakar, dirawat")
    assert PinHash.parse(row.hash).matches("905512")
    assert not PinHash.parse(row.hash).matches("480173")
    with central.office.database.write() as connection:
        assert pins.withdraw(connection, "p1", "hrd", 1)
        assert not pins.withdraw(connection, "p1", "hrd", 1)
    assert central.rows(select(pin)) == []
    deeds = central.rows(select(audit_log).where(audit_log.c.action.like("pin-%")).order_by(audit_log.c.id))
    assert [(deed.action, deed.subject, deed.actor) for deed in deeds] == [
        ("pin-set", "p1", "hrd"),
        ("pin-reset", "p1", "hrd"),
        ("pin-withdrawn", "p1", "hrd"),
    ]
    assert not [deed for deed in deeds if "480173" in str(deed) or "905512" in str(deed)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"reason": " aus "}, Problem.REASON),
        ({"reason": "x" * 301}, Problem.REASON),
        ({"monthly_quota": 0}, Problem.QUOTA),
        ({"monthly_quota": 201}, Problem.QUOTA),
        ({"person": "nobody"}, Problem.NOT_HERE),
    ],
)
def test_a_pin_without_reason_measure_or_person_is_refused(
    central: Central, node: CentralNode, change: dict[str, Any], problem: Problem
) -> None:
    with pytest.raises(pins.PinError) as caught:
        give(central, **({"person": "p1"} | change))
    assert caught.value.problem is problem
    assert central.rows(select(pin)) == []


def test_numbers_are_different_and_grow_a_digit_when_half_are_taken(
    central: Central, node: CentralNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [len(give(central, person)) for person in ("p1", "p2", "p3")] == [4, 4, 4]
    monkeypatch.setattr(pins, "NUMBER_DIGITS", range(1, 3))
    numbers = [give(central, central.add_person(f"q{each}")) for each in range(7)]
    assert [len(number) for number in numbers] == [1] * 5 + [2] * 2
    assert len(set(numbers)) == 7
    monkeypatch.setattr(pins, "NUMBER_DIGITS", range(1, 2))
    with pytest.raises(pins.PinError) as caught:
        give(central, central.add_person("q9"))
    assert caught.value.problem is Problem.NO_NUMBER_LEFT


def test_the_list_shows_who_works_here_and_the_whole_list_also_who_left(
    central: Central, node: CentralNode
) -> None:
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("p9", "DINKES")
    for person in ("p1", "p2", "p9"):
        give(central, person)
    gone = update(assignment).where(assignment.c.employee == "p2").values(valid_to=date(2017, 2, 1))
    with central.office.database.write() as connection:
        connection.execute(gone)
    today = date(2017, 3, 6)
    with central.office.database.read() as connection:
        everybody = pins.holders(connection, today)
        here = pins.holders(connection, today, {"DISKOMINFO"})
        none = pins.holders(connection, today, frozenset())
    assert [(each.employee, each.unit) for each in everybody] == [
        ("p1", "DISKOMINFO"),
        ("p2", None),
        ("p9", "DINKES"),
    ]
    assert [each.employee for each in here] == ["p1"]
    assert none == []


# --- on the way to a node


def test_a_node_gets_the_pins_of_its_people_sealed_for_it_and_nobody_elses(
    central: Central, node: CentralNode
) -> None:
    central.add_unit("DINKES", "Dinas Kesehatan")
    central.add_person("p9", "DINKES")
    tell_key(central, node)
    number = give(central, "p1")
    give(central, "p9")
    roster = fetch(central, node)
    found = opened(roster)
    assert list(found) == [f"p1/{number}"]
    assert found[f"p1/{number}"].matches("480173")
    assert roster is not None
    with pytest.raises(sealing.SealError):
        opened(roster, X25519PrivateKey.generate())


def test_the_same_pins_are_no_new_roster_although_sealing_is_never_twice_the_same(
    central: Central, node: CentralNode
) -> None:
    tell_key(central, node)
    give(central, "p1")
    first = fetch(central, node)
    assert first is not None
    for _ in range(3):
        assert fetch(central, node, held=first.serial) is None
        again = fetch(central, node)
        assert again is not None
        assert (again.serial, again.pins) == (first.serial, first.pins)


def test_two_questions_of_a_node_at_once_seal_once(central: Central, node: CentralNode) -> None:
    tell_key(central, node)
    give(central, "p1")
    sealed = []
    for _ in range(2):
        with central.office.database.write() as connection:
            pin_envelopes.renew(connection, node.id, {"p1"})
            sealed.append(pin_envelopes.sealed_for(connection, node.id))
    assert sealed[0] == sealed[1]


@pytest.mark.parametrize("change", ["reset", "another", "withdrawn", "key"])
def test_each_change_of_the_pins_or_of_the_nodes_key_is_a_new_roster(
    central: Central, node: CentralNode, change: str
) -> None:
    tell_key(central, node)
    give(central, "p1")
    first = fetch(central, node)
    assert first is not None
    other = X25519PrivateKey.generate()
    if change == "reset":
        give(central, "p1", "905512")
    elif change == "another":
        give(central, "p2")
    elif change == "key":
        tell_key(central, node, other)
    else:
        with central.office.database.write() as connection:
            pins.withdraw(connection, "p1", "hrd", 1)
    second = fetch(central, node, held=first.serial)
    assert second is not None
    assert second.serial == first.serial + 1
    if change == "withdrawn":
        assert second.pins is None
        assert central.rows(select(pin_envelope)) == []
    else:
        assert len(opened(second, other if change == "key" else KEY)) == (2 if change == "another" else 1)


def test_who_moves_away_takes_the_pin_along(central: Central, node: CentralNode) -> None:
    central.add_unit("DINKES", "Dinas Kesehatan")
    tell_key(central, node)
    give(central, "p1")
    assert len(opened(fetch(central, node))) == 1
    with central.office.database.write() as connection:
        connection.execute(update(assignment).where(assignment.c.employee == "p1").values(unit="DINKES"))
        connection.execute(delete(slot).where(slot.c.employee == "p1"))
    second = fetch(central, node)
    assert second is not None
    assert second.pins is None


def test_a_node_that_told_no_key_gets_a_roster_without_pins(central: Central, node: CentralNode) -> None:
    give(central, "p1")
    roster = fetch(central, node)
    assert roster is not None
    assert roster.pins is None
    assert roster.persons


def test_neither_pin_nor_hash_travels_or_lies_there_in_clear(central: Central, node: CentralNode) -> None:
    tell_key(central, node)
    give(central, "p1")
    roster = fetch(central, node)
    [row] = central.rows(select(pin))
    text = str(roster.content() if roster else "") + str(central.rows(select(pin_envelope)))
    for secret in ("480173", row.hash, row.hash.split("$")[-1]):
        assert secret not in text
