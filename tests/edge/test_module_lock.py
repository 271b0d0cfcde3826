"""A module gets its own password and address; a cut at any step leaves one that this node still opens."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from attendance.templates import ModuleState
from edge.faults import SensorError
from edge.journal_faults import StorageFault, storage_error
from edge.module_secret import Lock, LockFile, Secret, Stage, random_secret
from edge.sensor_library import SensorLibrary
from tests.support.module_world import CutError, ModuleWorld, module_world

R503, OPTICAL = "r503_200", "zfm20"
FACTORY = {"password": "00000000", "address": "ffffffff"}


def secret_of(here: ModuleWorld) -> dict[str, str]:
    flash = here.flash()
    return {name: flash[name] for name in FACTORY}


def in_journal(here: ModuleWorld) -> list[dict[str, str]]:
    return [{name: f"{one[name]:08x}" for name in FACTORY} for one in here.recoveries()]


def until_locked(here: ModuleWorld) -> None:
    here.office._lock_at = 0.0
    for _ in range(1500):
        here.turn()
        if here.sensor.lock.stage is Stage.SET:
            return
    raise AssertionError(f"never locked: {here.sensor.state} {here.sensor.lock.stage}")


def locked(here: ModuleWorld) -> None:
    here.settle()
    here.know_central()
    until_locked(here)


@pytest.mark.parametrize("profile", [R503, OPTICAL])
def test_a_module_gets_a_secret_of_which_central_has_the_only_copy(tmp_path: Path, profile: str) -> None:
    with module_world(tmp_path, profile, settings="") as here:
        locked(here)
        assert in_journal(here) == [secret_of(here)]
        assert secret_of(here)["password"] != FACTORY["password"]
        assert secret_of(here)["address"] != FACTORY["address"]
        assert here.recoveries()[0]["serial"] == here.told.serial
        assert (tmp_path / "sensor-secret.json").stat().st_mode & 0o777 == 0o600
        assert here.tap("p1") == 1
        for _ in range(2):
            here.restart()
            here.settle()
            assert here.tap("p2") == 2
        assert len(in_journal(here)) == 1
        assert not any(ModuleState(body["state"]).alarming for body in here.log.bodies)


def test_without_central_it_stays_as_it_left_the_factory(tmp_path: Path) -> None:
    with module_world(tmp_path, settings="") as here:
        here.settle()
        for _ in range(60):
            here.turn()
        assert secret_of(here) == FACTORY
        assert not (tmp_path / "sensor-secret.json").exists()


@pytest.mark.parametrize("settings", ["harden = false", "password = 5"])
def test_a_module_that_is_not_to_be_locked_or_is_already_is_left_alone(tmp_path: Path, settings: str) -> None:
    with module_world(tmp_path, settings=settings) as here:
        if settings.startswith("password"):
            here.module.fault("password_set", args={"password": "00000005"})
        here.settle()
        before = secret_of(here)
        here.know_central()
        here.settle()
        for _ in range(60):
            here.turn()
        assert secret_of(here) == before
        assert not in_journal(here)


def test_nothing_is_said_to_the_module_while_the_journal_takes_no_copy(tmp_path: Path) -> None:
    with module_world(tmp_path, settings="") as here:
        here.settle()
        here.know_central()
        here.log.fault = storage_error(StorageFault.FULL, "no room")
        for _ in range(100):
            here.office._lock_at = 0.0
            here.turn()
        assert secret_of(here) == FACTORY
        here.log.fault = None
        until_locked(here)
        assert in_journal(here) == [secret_of(here)]


MODULE_CUTS = [
    ("truncate", "in", {"keep": 9}),
    ("reboot", "out", {"at": "mid_flash_write", "outcome": "old"}),
    ("reboot", "out", {"at": "before_ack"}),
    ("truncate", "out", {"keep": 5}),
    ("reboot", "out", {"at": "after_ack"}),
    ("silence", "out", {}),
]


@pytest.mark.parametrize(("profile", "opcode"), [(R503, "SetPwd"), (OPTICAL, "SetAdder")])
@pytest.mark.parametrize(("kind", "direction", "args"), MODULE_CUTS)
def test_a_cut_of_the_modules_power_leaves_it_open_to_this_node(
    tmp_path: Path, profile: str, opcode: str, kind: str, direction: str, args: dict[str, object]
) -> None:
    with module_world(tmp_path, profile, settings="", people=2) as here:
        here.settle()
        here.know_central()
        here.settle()
        here.module.fault(kind, {"opcode": opcode}, direction=direction, args=args)
        for _ in range(600):
            here.turn()
            here.office._lock_at = 0.0
            if here.sensor.lock.stage is Stage.SET:
                break
        until_locked(here)
        assert in_journal(here)[-1] == secret_of(here)
        assert here.tap("p1") == 1
        assert not any(ModuleState(body["state"]).alarming for body in here.log.bodies)


def cut_at(here: ModuleWorld, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let the process end at this step of the lock."""
    when, what = step.split()

    def cutting(real: Callable[..., object]) -> Callable[..., None]:
        def call(*args: object) -> None:
            if when == "after":
                real(*args)
            raise CutError

        return call

    lock, sensor = here.sensor.lock, here.sensor._sensor
    if what == "event":
        monkeypatch.setattr(here.log, "write", cutting(here.log.write))
    elif what == "prepared":
        monkeypatch.setattr(lock, "_write", cutting(lock._write))
    elif what == "told":
        monkeypatch.setattr(lock, "recovery_is_kept", cutting(lock.recovery_is_kept))
    elif what == "module":
        monkeypatch.setattr(sensor, "lock", cutting(sensor.lock))
    else:
        monkeypatch.setattr("edge.sensor.set_address", cutting(lambda *_: None))


STEPS = [
    ("before prepared", True),
    ("after prepared", True),
    ("before event", False),
    ("after event", True),
    ("before told", True),
    ("after told", False),
    ("before module", True),
    ("before address", True),
    ("before address", False),
    ("after module", True),
    ("after module", False),
]


@pytest.mark.parametrize(("step", "powered"), STEPS)
def test_a_cut_of_the_process_leaves_a_module_that_this_node_opens(
    tmp_path: Path, step: str, powered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with module_world(tmp_path, settings="", people=2) as here:
        here.settle()
        here.know_central()
        here.settle()
        with monkeypatch.context() as patched:
            cut_at(here, patched, step)
            with pytest.raises(CutError):
                until_locked(here)
        assert secret_of(here) == FACTORY or any(
            secret_of(here)["password"] == one["password"] for one in in_journal(here)
        ), "a password that nobody has a copy of"
        if not powered:
            here.module.power(on=False)
            here.module.power(on=True)
        here.crash()
        until_locked(here)
        assert in_journal(here)[-1] == secret_of(here)
        here.restart()
        here.settle()
        assert here.tap("p0") == 0
        assert not any(ModuleState(body["state"]).alarming for body in here.log.bodies)


def test_a_password_that_was_damaged_on_its_way_is_set_again_in_the_same_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's sum is weak: two flipped bits may pass, and nobody would ever know that password."""
    sent: list[int] = []
    real = SensorLibrary.set_password

    def damaged(library: SensorLibrary, password: int) -> int:
        sent.append(password)
        return real(library, password if len(sent) > 1 else password ^ 0x0101_0000)

    monkeypatch.setattr(SensorLibrary, "set_password", damaged)
    with module_world(tmp_path, settings="", people=1) as here:
        locked(here)
        assert len(sent) == 2
        assert in_journal(here) == [secret_of(here)]


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("keep_library", [True, False])
def test_a_module_from_the_shop_in_place_of_a_locked_one_stops_the_work(
    tmp_path: Path, running: bool, keep_library: bool
) -> None:
    with module_world(tmp_path, OPTICAL, settings="", people=2) as here:
        locked(here)
        if not running:
            here.end()
        here.module.swap("X", keep_library=keep_library)
        if not running:
            here.start()
        here.stopped()
        here.settle(ModuleState.SWAPPED)
        here.accept()
        here.settle(ModuleState.TRUSTED)
        until_locked(here)
        assert len(in_journal(here)) == 2
        assert in_journal(here)[-1] == secret_of(here)


def test_a_node_that_lost_its_card_opens_its_module_with_the_recovery_copy(tmp_path: Path) -> None:
    with module_world(tmp_path, settings="", people=2) as here:
        locked(here)
        here.end()
        copy = here.recoveries()[-1]
        for name in ("sensor.json", "sensor-secret.json", "template.key"):
            (tmp_path / name).unlink()
        here.start()
        seen = [here.turn() for _ in range(3)]
        assert all(isinstance(one, SensorError) and one.kind == "sensor-silent" for one in seen)
        LockFile(tmp_path / "sensor-secret.json").write(
            Lock(Secret(copy["password"], copy["address"]), Stage.SET)
        )
        here.settle()
        assert here.tap("p1") == 1


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"password": 1, "address": 2}', '{"password": -1, "address": 2, "stage": "set"}',
     '{"password": true, "address": 2, "stage": "set"}', '{"password": 1, "address": 2, "stage": "x"}'],
)  # fmt: skip
def test_a_damaged_secret_is_named_and_never_replaced(tmp_path: Path, text: str) -> None:
    with module_world(tmp_path, settings="") as here:
        (tmp_path / "sensor-secret.json").write_text(text)
        error = here.stopped()
        assert error.kind == "secret-unreadable"
        assert (tmp_path / "sensor-secret.json").read_text() == text


def test_a_secret_survives_its_file_and_looks_like_no_packet(tmp_path: Path) -> None:
    file = LockFile(tmp_path / "x")
    assert file.read() is None
    for _ in range(500):
        secret = random_secret()
        assert 0xEF not in secret.password.to_bytes(4, "big") + secret.address.to_bytes(4, "big")
        assert secret.password != 0
    file.write(Lock(secret, Stage.TOLD))
    assert file.read() == Lock(secret, Stage.TOLD)
    assert json.loads((tmp_path / "x").read_bytes())["stage"] == "told"
    file.forget()
    file.forget()


def test_each_way_in_is_one_that_a_cut_can_have_left() -> None:
    start, new = Secret(0, 0xFFFFFFFF), Secret(7, 8)
    assert Lock(new, Stage.PREPARED).ways_in(start) == (start,)
    assert Lock(new, Stage.TOLD).ways_in(start) == (new, Secret(7, 0xFFFFFFFF), start)
    assert Lock(new, Stage.SET).ways_in(start) == (new,)


def test_a_flash_that_takes_no_password_is_no_locked_module(tmp_path: Path) -> None:
    with module_world(tmp_path, settings="", people=1) as here:
        here.settle()
        here.know_central()
        here.settle()
        here.module.fault("flash_failure", {"opcode": "SetPwd", "times": None})
        for _ in range(30):
            here.office._lock_at = 0.0
            seen = here.turn()
            assert not isinstance(seen, SensorError) or seen.retry
        assert here.sensor.lock.stage is Stage.TOLD
        assert here.tap("p0") == 0
        here.module.clear_faults()
        until_locked(here)
