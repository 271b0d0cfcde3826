"""The short form of `./dev prove journal`, and that it would notice a journal that forgets."""

import json
import random

import pytest

from benchmarks import journal_proof
from benchmarks.crash_vfs import recording
from benchmarks.journal_trials import Count, Life, crash, live, scratch
from edge.journal_database import Database
from edge.journal_segments import SegmentWriter


def cut_power(seed: int, lives: int) -> Count:
    count, dice = Count(), random.Random(seed)
    for _ in range(lives):
        with scratch() as folder:
            disk, vfs = recording(folder)
            life = Life(disk.recorder)
            live(life, disk, folder, dice, 25)
            crash(life, count, dice, 50, alone=True)
            del vfs
    return count


def forget_to_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments are written and never waited for."""

    def append(self: SegmentWriter, record: bytes) -> None:
        assert self._file is not None
        self._file.write_at(self._end, record)
        self._end += len(record)

    monkeypatch.setattr(SegmentWriter, "append", append)


def test_the_proof_holds_in_its_short_form(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--images", "150", "--kills", "4", "--faults", "5", "--seed", "7"]
    assert journal_proof.main(options) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(result) == {"images", "kills", "acknowledged", "lost", "silent_restarts"}
    assert result["images"] >= 150
    assert result["kills"] == 4
    assert result["acknowledged"] > 1000
    assert (result["lost"], result["silent_restarts"]) == (0, 0)


def test_each_copy_alone_holds_every_acknowledged_event() -> None:
    count = cut_power(3, 2)
    assert count.images >= 100
    assert (count.lost, dict(count.short)) == (0, {})


def test_a_database_that_does_not_wait_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "SYNCHRONOUS", "NORMAL")
    assert cut_power(3, 2).short["database"] > 0


def test_segments_that_do_not_wait_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_to_sync(monkeypatch)
    assert cut_power(3, 2).short["segments"] > 0


def test_a_journal_that_waits_for_neither_copy_is_found_to_lose_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Database, "SYNCHRONOUS", "NORMAL")
    forget_to_sync(monkeypatch)
    count = cut_power(3, 2)
    assert count.lost > 0
    assert count.stories
