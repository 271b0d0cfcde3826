"""The owner of the sensor: connects it, knows which module it has to be, and gets it back after a fault."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge import config, module_book, module_memory, sensor_keeper
from edge.faults import SensorError
from edge.module_seal import ModuleSeal
from edge.sensor import Match, NoFinger
from edge.sensor_keeper import SensorKeeper
from edge.wording import Outcome
from emulators.fingerprint_module.client import ModuleProcess, Remote


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Remote]:
    with ModuleProcess(tmp_path / "tty", tmp_path / "module.sock", "--fast", "--speed", "inf") as remote:
        remote.enrol(1, "siti", "r1")
        yield remote


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor_keeper, "_FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(sensor_keeper, "_LONGEST_PAUSE_S", 0.0)


def keeper(folder: Path) -> SensorKeeper:
    text = f'[node]\nstate_dir = "/s"\n[sensor]\npath = "{folder / "tty"}"\n'
    return SensorKeeper(config.parse(text).sensor, folder / "sensor.json", ModuleSeal(bytes(32)))


def look(kept: SensorKeeper, *, until: type, looks: int = 500) -> Any:
    """Look again and again; faults on the way are what the keeper is for."""
    for _ in range(looks):
        try:
            seen = kept.look()
        except SensorError:
            continue
        if isinstance(seen, until):
            return seen
    raise AssertionError(f"never saw {until.__name__}; the sensor is {kept.state}")


def test_a_sensor_is_connected_and_remembered(module: Remote, tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    assert kept.state == "starting"
    look(kept, until=NoFinger)
    assert kept.state == "ok"
    assert json.loads((tmp_path / "sensor.json").read_text())["template_count"] == 1
    module.place("siti", "r1")
    assert look(kept, until=Match).slot == 1
    kept.light(Outcome.STORED)
    assert kept.facts()["identity"]["template_count"] == 1
    kept.close()


def test_without_a_sensor_each_try_is_a_fault_and_pauses_lie_between(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    with pytest.raises(SensorError):
        kept.look()
    assert kept.state == "port-missing"
    assert kept.look() is None
    kept.light(Outcome.FAULT)
    kept.close()


def test_a_sensor_that_is_plugged_in_later_works(module: Remote, tmp_path: Path, no_pauses: None) -> None:
    module.unplug()
    kept = keeper(tmp_path)
    with pytest.raises(SensorError):
        kept.look()
    module.replug()
    look(kept, until=NoFinger)
    module.unplug()
    with pytest.raises(SensorError):
        kept.look()
    module.replug()
    look(kept, until=NoFinger)
    kept.close()


def test_a_finger_that_came_behind_the_back_is_refused_until_a_technician_accepts_it(
    module: Remote, tmp_path: Path, no_pauses: None
) -> None:
    first = keeper(tmp_path)
    look(first, until=NoFinger)
    first.close()
    module.enrol(2, "budi", "r1")
    kept = keeper(tmp_path)
    for _ in range(3):
        with pytest.raises(SensorError) as caught:
            kept.look()
        assert caught.value.kind == "sensor-enriched"
    assert kept.state == "sensor-enriched"
    kept.close()
    accepted = keeper(tmp_path)
    accepted.accept()
    look(accepted, until=NoFinger)
    accepted.close()
    look(again := keeper(tmp_path), until=NoFinger)
    again.close()


@pytest.mark.parametrize("content", ["", "[]", '{"model": "r503"}'])
def test_a_damaged_memory_of_the_module_is_no_reason_to_take_any(
    module: Remote, tmp_path: Path, content: str
) -> None:
    (tmp_path / "sensor.json").write_text(content)
    kept = keeper(tmp_path)
    with pytest.raises(SensorError) as caught:
        kept.look()
    assert caught.value.kind == "identity-unreadable"
    assert not caught.value.retry
    kept.close()


def test_a_full_card_keeps_nobody_from_punching_and_the_module_is_remembered_later(
    module: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(module_book, "_WRITE_AGAIN_S", 0.0)
    kept = keeper(tmp_path)
    with monkeypatch.context() as disk:
        disk.setattr(module_memory, "write_durably", full)
        look(kept, until=NoFinger)
        module.place("siti", "r1")
        assert look(kept, until=Match).slot == 1
    assert not (tmp_path / "sensor.json").exists()
    module.lift()
    look(kept, until=NoFinger)
    assert json.loads((tmp_path / "sensor.json").read_text())["template_count"] == 1
    kept.close()
