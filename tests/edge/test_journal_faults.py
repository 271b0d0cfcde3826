"""Full and failing disks: nothing is half acknowledged, and what follows has no gap."""

import errno
import random
from pathlib import Path

import pytest

from benchmarks.crash_disk import RecordingDisk, Strike
from benchmarks.crash_vfs import recording
from benchmarks.journal_trials import Count, strike_once
from edge.faults import StorageError
from edge.journal import Journal
from edge.journal_faults import SENTENCES
from tests.support.journal_world import MOMENT, opened, punches, records, rows

FULL = Strike(errno.ENOSPC, 0)


def fail(disk: RecordingDisk, strike: Strike, deeds: set[str], name: str = "") -> None:
    """From now on these calls fail, for files whose name ends like that."""
    disk.recorder.strike = lambda deed, path: strike if deed in deeds and path.name.endswith(name) else None


def heal(disk: RecordingDisk) -> None:
    disk.recorder.strike = lambda _deed, _path: None


def refused(journal: Journal) -> StorageError:
    with pytest.raises(StorageError) as caught:
        journal.append("punch", MOMENT, {"slot": 9})
    assert caught.value.sentence_id in SENTENCES
    assert "TIDAK TEREKAM" in SENTENCES[caught.value.sentence_id]
    return caught.value


def test_after_a_full_disk_the_same_process_goes_on_by_itself(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 3)
    fail(disk, FULL, {"write"})
    for _ in range(3):
        error = refused(journal)
        assert (error.kind, error.retry) == ("disk-full", True)
        assert journal.link.head == leaves[-1]
    heal(disk)
    leaves += punches(journal, 12)
    journal.close()
    assert rows(tmp_path) == records(tmp_path) == leaves


def test_a_full_disk_leaves_the_segments_without_the_event_that_was_refused(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 3)
    fail(disk, FULL, {"write"}, "-wal")
    refused(journal)
    assert records(tmp_path) == leaves
    journal.close()
    assert rows(tmp_path) == leaves


def test_an_event_that_only_the_database_kept_turns_up_later_in_its_place(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    punches(journal, 3)
    fail(disk, FULL, {"write"}, ".log")
    refused(journal)
    heal(disk)
    journal.append("punch", MOMENT, {"slot": 10})
    assert [event.content["slot"] for event in journal.last_events(9)] == [0, 1, 2, 9, 10]
    journal.close()
    assert rows(tmp_path) == records(tmp_path)


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("name", ["-wal", ".log"])
def test_after_a_failed_sync_it_refuses_until_it_is_opened_anew(
    tmp_path: Path, name: str, kept: float
) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 3)
    fail(disk, Strike(errno.EIO, kept), {"sync"}, name)
    error = refused(journal)
    assert (error.kind, error.retry) == ("disk-failed", False)
    heal(disk)
    for _ in range(2):
        assert refused(journal).kind == "journal-stopped"
    journal.reopen()
    leaves.append(journal.append("punch", MOMENT, {"slot": 11}).leaf)
    found = [event.leaf for event in journal.last_events(9)]
    assert [leaf for leaf in found if leaf in leaves] == leaves
    assert len(found) <= len(leaves) + 1
    journal.close()
    assert rows(tmp_path) == records(tmp_path) == found


def test_reopening_on_a_disk_that_still_fails_keeps_refusing(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 3)
    fail(disk, Strike(errno.EIO, 0), {"sync", "sync-folder"})
    refused(journal)
    with pytest.raises(StorageError):
        journal.reopen()
    assert refused(journal).kind == "journal-stopped"
    heal(disk)
    journal.reopen()
    assert journal.append("punch", MOMENT, {}).prev != leaves[0]
    journal.close()
    assert rows(tmp_path)[:3] == leaves


def test_tidying_on_a_full_disk_says_so_and_punches_go_on(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 6)
    fail(disk, FULL, {"write"}, "journal.db")
    error = journal.tidy()
    assert error is not None
    assert error.kind == "disk-full"
    leaves.append(journal.append("punch", MOMENT, {}).leaf)
    heal(disk)
    assert journal.tidy() is None
    journal.close()
    assert rows(tmp_path) == leaves


def test_tidying_that_fails_to_sync_stops_the_journal(tmp_path: Path) -> None:
    disk, _vfs = recording(tmp_path)
    journal = opened(tmp_path, create=True, disk=disk)
    leaves = punches(journal, 6)
    fail(disk, Strike(errno.EIO, 0), {"sync"}, "journal.db")
    error = journal.tidy()
    assert error is not None
    assert error.kind == "disk-failed"
    assert refused(journal).kind == "journal-stopped"
    heal(disk)
    journal.reopen()
    journal.close()
    assert rows(tmp_path) == leaves


def test_a_disk_that_is_full_while_a_copy_is_mended_changes_nothing(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    leaves = punches(journal, 30)
    journal.close()
    (tmp_path / "journal.db").unlink()
    disk, _vfs = recording(tmp_path)
    fail(disk, FULL, {"write"}, "journal.db.new")
    with pytest.raises(StorageError) as caught:
        opened(tmp_path, disk=disk)
    assert caught.value.kind == "disk-full"
    assert not (tmp_path / "journal.db").exists()
    heal(disk)
    again = opened(tmp_path, disk=disk)
    assert (again.opened, again.link.head) == ("recovered", leaves[-1])
    again.close()


def test_single_faults_at_random_calls_lose_nothing_even_with_a_power_cut_after() -> None:
    count, dice = Count(), random.Random(20)
    for _ in range(25):
        strike_once(count, dice)
    assert count.faults > 10
    assert (count.lost, count.silent_restarts, count.stories) == (0, 0, [])
    assert not count.short
