"""What is remembered of a module, the seal that marks it, and what a difference between the two means."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance.templates import ModuleState
from edge.faults import SensorError
from edge.module_auditing import AUDIT_S, AuditPlan
from edge.module_judging import judge_library, judge_marks, judge_template
from edge.module_memory import MemoryFile, ModuleMemory
from edge.module_seal import PAGE_BYTES, ModuleSeal
from edge.sensor_identity import SensorIdentity, differences, index_sha256
from edge.sensor_make import SensorMake
from tests.support.module_world import DAY, NIGHT

SEAL = ModuleSeal.of(X25519PrivateKey.generate())
HASH, OTHER = "ab" * 32, "cd" * 32


def identity(serial: str | None = "aa", counter: int = 3, slots: tuple[int, ...] = (1, 7)) -> SensorIdentity:
    page = SEAL.page(serial, counter).hex()
    return SensorIdentity("r503", 200, 5, serial, len(slots), index_sha256(slots), page)


KNOWN = ModuleMemory(
    identity(),
    SensorMake("r503", 1536, "fw", 3),
    ModuleState.TRUSTED,
    "a sentence",
    {1: HASH, 7: None},
    frozenset({9}),
    3,
    doubted={7: OTHER, 1: None},
)


def test_a_seal_is_of_one_key_one_serial_number_and_one_counter() -> None:
    page = SEAL.page("aa", 7)
    assert len(page) == PAGE_BYTES
    assert SEAL.counter_in(page, "aa") == 7
    assert SEAL.counter_in(page, "ab") is None
    assert SEAL.counter_in(page, None) is None
    assert ModuleSeal(bytes(32)).counter_in(page, "aa") is None
    for at in range(PAGE_BYTES):
        spoiled = bytearray(page)
        spoiled[at] ^= 1
        assert SEAL.counter_in(bytes(spoiled), "aa") is None
    assert SEAL.counter_in(bytes(PAGE_BYTES), "aa") is None


def test_a_seal_hangs_on_the_key_of_the_node_alone() -> None:
    key = X25519PrivateKey.generate()
    assert ModuleSeal.of(key) == ModuleSeal.of(key)
    assert ModuleSeal.of(key).key != ModuleSeal.of(X25519PrivateKey.generate()).key


def test_the_memory_survives_its_file(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "sensor.json")
    assert file.read() is None
    file.write(KNOWN)
    assert file.read() == KNOWN
    file.write(replace(KNOWN, make=None, sealed=False))
    assert file.read() == replace(KNOWN, make=None, sealed=False)


@pytest.mark.parametrize("harm", ["state", "hashes", "doubted", "make", "counter", "serial", "hash", "slot"])
def test_a_damaged_memory_is_named(tmp_path: Path, harm: str) -> None:
    values = KNOWN.content()
    if harm in values:
        del values[harm]
    elif harm == "hash":
        values["hashes"] = {"1": "ab"}
    else:
        values["hashes"] = {"one": HASH}
    (tmp_path / "sensor.json").write_text(json.dumps(values))
    with pytest.raises(SensorError) as caught:
        MemoryFile(tmp_path / "sensor.json").read()
    assert caught.value.kind == "identity-unreadable"
    assert not caught.value.retry


@pytest.mark.parametrize(
    ("met", "state"),
    [
        (identity(), None),
        (replace(identity(), address=9), None),
        (replace(identity(), model="optical"), ModuleState.SWAPPED),
        (replace(identity(), capacity=500), ModuleState.SWAPPED),
        (identity("bb"), ModuleState.SWAPPED),
        (replace(identity(), notepad=None), ModuleState.SWAPPED),
        (replace(identity(), notepad="00" * 32), ModuleState.SWAPPED),
        (replace(identity(), notepad=SEAL.page("bb", 3).hex()), ModuleState.SWAPPED),
        (identity(counter=2), ModuleState.ROLLED_BACK),
        (identity(counter=4), ModuleState.ROLLED_BACK),
    ],
)
def test_what_the_marks_of_a_module_mean(met: SensorIdentity, state: ModuleState | None) -> None:
    found = judge_marks(KNOWN, met, SEAL)
    assert (found.state if found else None) == state


def test_only_the_seal_that_was_about_to_be_written_is_tolerated_besides_the_last() -> None:
    # The file says 4 is due; the notepad was last seen with 3.
    due = replace(KNOWN, counter=4, sealed=False)
    assert judge_marks(due, identity(counter=3), SEAL) is None
    assert judge_marks(due, identity(counter=4), SEAL) is None
    for counter in (2, 5):
        found = judge_marks(due, identity(counter=counter), SEAL)
        assert found is not None
        assert found.state is ModuleState.ROLLED_BACK


@pytest.mark.parametrize(
    ("slots", "unsure", "state"),
    [
        ({1, 7}, set(), None),
        ({1}, {7}, None),
        ({1, 2, 7}, {2}, None),
        ({1, 2}, {2, 7}, None),
        ({1}, {2}, ModuleState.EMPTIED),
        (set(), set(), ModuleState.EMPTIED),
        ({1, 2, 7}, {7}, ModuleState.ENRICHED),
        ({1, 2}, set(), ModuleState.ENRICHED),
        (set(range(100)), set(), ModuleState.ENRICHED),
    ],
)
def test_only_unsure_slots_may_come_or_go(
    slots: set[int], unsure: set[int], state: ModuleState | None
) -> None:
    found = judge_library(KNOWN, frozenset(slots), frozenset(unsure))
    assert (found.state if found else None) == state
    assert found is None or len(found.detail) < 200


def test_a_template_is_the_one_that_was_stored_or_an_alarm() -> None:
    assert judge_template(KNOWN, 1, HASH) is None
    assert judge_template(KNOWN, 7, OTHER) is None, "it was never read"
    exchanged, gone = judge_template(KNOWN, 1, OTHER), judge_template(KNOWN, 1, None)
    assert exchanged is not None
    assert exchanged.state is ModuleState.EXCHANGED
    assert gone is not None
    assert gone.state is ModuleState.EMPTIED


def test_what_was_unsure_is_read_anew_and_nothing_else() -> None:
    met = identity(slots=(1, 7, 9))
    after = replace(KNOWN, unsure=frozenset({1, 9})).with_library(met, {1, 7, 9, 11}, {11: OTHER})
    assert after.hashes == {1: None, 7: None, 9: None, 11: OTHER}
    assert not after.unsure
    assert replace(KNOWN, unsure=frozenset()).with_library(met, {1}, {}).hashes == {1: HASH}


def test_a_module_without_notepad_is_owed_no_seal() -> None:
    bare = replace(KNOWN, identity=replace(identity(), notepad=None))
    assert bare.to_be_sealed() == bare
    assert KNOWN.to_be_sealed().counter == 4
    assert not KNOWN.to_be_sealed().sealed


def test_the_differences_of_two_modules_are_said_in_words() -> None:
    assert differences(identity(), identity()) == ()
    said = differences(identity(), identity("bb", counter=4))
    assert [words.split()[0] for words in said] == ["serial", "notepad"]


def memory(slots: int, unread: tuple[int, ...] = ()) -> ModuleMemory:
    return replace(KNOWN, hashes={slot: None if slot in unread else HASH for slot in range(slots)})


def test_what_was_never_read_is_looked_at_first() -> None:
    plan = AuditPlan(0.0)
    assert plan.next_slot(memory(5, (2, 4)), frozenset({2}), DAY, 0.0) == 4


def test_by_day_one_slot_now_and_then_and_in_the_night_each_of_them_once() -> None:
    plan, known = AuditPlan(0.0), memory(6)
    assert plan.next_slot(known, frozenset(), DAY, AUDIT_S - 1) is None
    assert plan.next_slot(known, frozenset({0, 1, 2, 3, 4}), DAY, AUDIT_S) == 5
    assert plan.next_slot(known, frozenset(), DAY, AUDIT_S + 1) is None
    night = [plan.next_slot(known, frozenset({3}), NIGHT, AUDIT_S + 1) for _ in range(6)]
    assert night == [0, 1, 2, 4, 5, None]
    tomorrow = NIGHT + timedelta(days=1)
    assert plan.next_slot(known, frozenset(), tomorrow, AUDIT_S + 1) == 0


def test_nobody_can_foretell_which_slot_is_looked_at() -> None:
    plan, known = AuditPlan(0.0), memory(50)
    chosen = {plan.next_slot(known, frozenset(), DAY, AUDIT_S * (turn + 1)) for turn in range(200)}
    assert len(chosen) > 20
    assert plan.next_slot(memory(0), frozenset(), DAY, AUDIT_S * 300) is None
