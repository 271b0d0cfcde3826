"""What the technician is told about the sensor, in plain words, and what their word does."""

import os
from pathlib import Path
from typing import Any

import pytest

from attendance.templates import ModuleState
from edge import __main__ as edge_main
from edge import config
from edge.module_memory import MemoryFile, ModuleMemory
from edge.module_secret import Lock, LockFile, Secret, Stage
from edge.sensor_identity import SensorIdentity
from edge.sensor_make import SensorMake
from edge.sensor_screen import accept, recover, status
from edge.technician import TechnicianWord

IDENTITY = SensorIdentity("r503", 200, 5, "4a4b", 2, "x" * 64, "00" * 32)


def settings(folder: Path) -> config.NodeConfig:
    return config.parse(f'[node]\nstate_dir = "{folder}"\n')


def remember(folder: Path, state: ModuleState = ModuleState.TRUSTED, **more: Any) -> None:
    make = SensorMake("r503", 1536, None, 3)
    memory = ModuleMemory(IDENTITY, make, state, "a detail", {1: None, 2: None}, **more)
    MemoryFile(folder / "sensor.json").write(memory)


def told(folder: Path) -> tuple[int, str]:
    lines: list[str] = []
    code = status(settings(folder), lines.append)
    return code, "\n".join(lines)


def test_before_the_first_module_there_is_little_to_say(tmp_path: Path) -> None:
    code, text = told(tmp_path)
    assert code == 0
    assert "Belum ada sensor" in text


def test_a_trusted_module_is_described_and_its_secret_is_not(tmp_path: Path) -> None:
    remember(tmp_path)
    LockFile(tmp_path / "sensor-secret.json").write(Lock(Secret(123456789, 987654321), Stage.SET))
    code, text = told(tmp_path)
    assert code == 0
    assert "dipercaya" in text
    assert "nomor seri 4a4b" in text
    assert "2 dari 200" in text
    assert "r503/1536/-/3" in text
    assert "server" in text
    assert "123456789" not in text
    assert "987654321" not in text


@pytest.mark.parametrize("state", [state for state in ModuleState if state.alarming])
def test_a_stopped_module_says_why_and_what_to_do(tmp_path: Path, state: ModuleState) -> None:
    remember(tmp_path, state)
    code, text = told(tmp_path)
    assert code == 1
    assert "BERHENTI" in text
    assert "a detail" in text
    assert "hadir-edge sensor accept" in text


@pytest.mark.parametrize("file", ["sensor.json", "sensor-secret.json"])
def test_damaged_files_are_said_to_be(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("{")
    code, text = told(tmp_path)
    assert code == 1
    assert "tidak dapat dibaca" in text


def test_a_word_counts_once(tmp_path: Path) -> None:
    word = TechnicianWord(tmp_path)
    assert not word.take()
    lines: list[str] = []
    assert accept(settings(tmp_path), lines.append) == 0
    assert "dianggap benar" in lines[0]
    assert word.take()
    assert not word.take()


def test_a_recovery_copy_opens_the_module_from_now_on(tmp_path: Path) -> None:
    lines: list[str] = []
    assert recover(settings(tmp_path), 7, 8, lines.append) == 0
    assert LockFile(tmp_path / "sensor-secret.json").read() == Lock(Secret(7, 8), Stage.SET)
    assert "Dicatat" in lines[0]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    gone = settings(tmp_path / "none")
    lines: list[str] = []
    assert accept(gone, lines.append) == 1
    assert recover(gone, 1, 2, lines.append) == 1
    assert all("sudo" in line for line in lines)


def test_root_hands_its_files_to_the_owner_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, *ids: given.append((path.name, *ids)))
    TechnicianWord(tmp_path).leave()
    owner = tmp_path.stat()
    assert given == [("sensor-accepted", owner.st_uid, owner.st_gid)]


def test_the_command_line_knows_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hadir.toml"
    file.write_text(f'[node]\nstate_dir = "{tmp_path}"\n')
    where = ["--config", str(file)]
    remember(tmp_path, ModuleState.SWAPPED)
    assert edge_main.main(["sensor", "status", *where]) == 1
    assert "Sensor diganti" in capsys.readouterr().out
    assert edge_main.main(["sensor", "accept", *where]) == 0
    assert TechnicianWord(tmp_path).take()
    numbers = ["--password", "0x10", "--address", "4294967295"]
    assert edge_main.main(["sensor", "recover", *numbers, *where]) == 0
    assert LockFile(tmp_path / "sensor-secret.json").read() == Lock(Secret(16, 0xFFFFFFFF), Stage.SET)


@pytest.mark.parametrize("number", ["-1", "4294967296", "x", ""])
def test_a_number_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(SystemExit):
        edge_main.main(["sensor", "recover", f"--password={number}", "--address", "1"])
    with pytest.raises(SystemExit):
        edge_main.main(["sensor"])
