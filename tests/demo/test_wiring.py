"""The demo clears its own folder and no other, and never one that another demo plays in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.processes import DemoError
from demo.wiring import Town

MORNING = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands for central, which are not run here."""
    commands: list[str] = []
    monkeypatch.setattr(Town, "tell", lambda _self, *deed: commands.append(deed[0]))
    return commands


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(DemoError, match="holds other files"):
        Town(tmp_path).prepare(MORNING)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert told == []


def test_the_folder_of_an_earlier_demo_is_cleared(tmp_path: Path, told: list[str]) -> None:
    first = Town(tmp_path)
    first.prepare(MORNING)
    (tmp_path / "central").mkdir()
    first.close()
    second = Town(tmp_path)
    second.prepare(MORNING)
    second.close()
    assert not (tmp_path / "central").exists()
    assert told.count("init") == 2


def test_a_running_demo_keeps_its_folder(tmp_path: Path, told: list[str]) -> None:
    first = Town(tmp_path)
    first.prepare(MORNING)
    second = Town(tmp_path)
    with pytest.raises(DemoError, match="is running"):
        second.prepare(MORNING)
    second.close()
    assert (tmp_path / "central.toml").exists()
    first.close()
    assert told.count("init") == 1
