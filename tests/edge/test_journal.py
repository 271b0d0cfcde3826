"""The journal in ordinary life: durable twice, one chain, one owner, never begun silently."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Link, follow
from attendance.errors import MalformedError, OversizeError
from edge.faults import StorageError
from edge.journal import Journal
from edge.journal_disk import Disk, OpenFile
from edge.segments import SegmentReader
from tests.support.journal_world import KEY, MOMENT, NODE, SmallDisk, filled, opened, punches, records, rows


def kind_of(error: pytest.ExceptionInfo[StorageError]) -> str:
    return error.value.kind


def test_an_event_stands_in_both_copies_when_append_returns(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    for _ in range(5):
        event = journal.append("punch", MOMENT, {"slot": 1}, photo="a" * 64)
        assert journal.last_events(1) == [event]
        assert records(tmp_path)[-1] == event.leaf
        assert event.photo == "a" * 64
    journal.close()


def test_events_form_one_chain_and_each_is_signed(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    punches(journal, 60)
    stored = SegmentReader(tmp_path / "segments").read(1, 1)
    assert follow(Link(NODE, 1), [item.event for item in stored]) == journal.link
    for item in stored:
        seal.verify(seal.public_hex(KEY), seal.EVENT, bytes.fromhex(item.event.leaf), item.signature_hex)
    assert len({item.event.content["salt"] for item in stored}) == 60
    journal.close()


def test_segments_roll_and_are_filled_ahead(tmp_path: Path) -> None:
    filled(tmp_path, 60)
    files = sorted((tmp_path / "segments" / "e0001").glob("*.log"))
    assert len(files) > 3
    assert files[0].name == "000000000001.log"
    assert {path.stat().st_size for path in files} == {SmallDisk.segment_bytes}


def test_a_missing_journal_is_refused_unless_a_new_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        opened(tmp_path)
    assert kind_of(caught) == "journal-missing"
    assert not (tmp_path / "journal.db").exists()
    journal = opened(tmp_path, create=True)
    assert (journal.opened, journal.link) == ("created", Link(NODE, 1))
    journal.close()


def test_an_empty_journal_that_was_created_opens(tmp_path: Path) -> None:
    opened(tmp_path, create=True).close()
    journal = opened(tmp_path)
    assert (journal.opened, journal.link.size) == ("opened", 0)
    journal.close()


def test_asking_for_a_new_journal_keeps_the_one_that_is_there(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 9)
    journal = opened(tmp_path, create=True)
    assert (journal.opened, journal.link.head) == ("opened", leaves[-1])
    journal.close()


def test_both_copies_lost_is_said_and_nothing_begins(tmp_path: Path) -> None:
    filled(tmp_path, 9)
    (tmp_path / "journal.db").unlink()
    for path in (tmp_path / "segments" / "e0001").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(StorageError) as caught:
        opened(tmp_path)
    assert kind_of(caught) == "journal-missing"
    journal = opened(tmp_path, create=True)
    assert (journal.opened, journal.link.size) == ("created", 0)
    journal.append("start", MOMENT, {})
    assert [event.type for event in journal.last_events(5)] == ["recovery", "start"]
    journal.close()


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 3)
    journal = opened(tmp_path)
    assert (journal.opened, journal.link.head) == ("opened", leaves[-1])
    event = journal.append("punch", MOMENT, {})
    assert (event.seq, event.prev) == (4, leaves[-1])
    journal.close()


def test_a_second_owner_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    with pytest.raises(StorageError) as caught:
        opened(tmp_path)
    assert (kind_of(caught), caught.value.retry) == ("journal-busy", True)
    journal.append("punch", MOMENT, {})
    journal.close()
    opened(tmp_path).close()


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    code = (
        "import sys; from tests.support.journal_world import opened; from pathlib import Path\n"
        "try: opened(Path(sys.argv[1]))\nexcept Exception as error: print(error.kind)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "journal-busy"
    journal.close()


def test_another_nodes_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 3)
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    for create in (False, True):
        with pytest.raises(StorageError) as caught:
            Journal.open(tmp_path, other, create=create, disk=SmallDisk())
        assert kind_of(caught) == "journal-foreign"
    (tmp_path / "journal.db").unlink()
    with pytest.raises(StorageError) as caught:
        Journal.open(tmp_path, other, create=True, disk=SmallDisk())
    assert kind_of(caught) == "journal-foreign"
    assert rows(tmp_path)[:3] == records(tmp_path)[:3] == leaves


def test_a_new_epoch_begins_only_when_asked_and_ends_the_old_one(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    with pytest.raises(StorageError) as caught:
        opened(tmp_path, epoch=2)
    assert kind_of(caught) == "journal-missing"
    journal = opened(tmp_path, epoch=2, create=True)
    event = journal.append("start", MOMENT, {})
    assert (journal.opened, event.epoch, event.seq) == ("created", 2, 1)
    journal.close()
    with pytest.raises(StorageError) as caught:
        opened(tmp_path, epoch=1)
    assert kind_of(caught) == "journal-foreign"
    (tmp_path / "journal.db").unlink()
    journal = opened(tmp_path, epoch=2)
    assert (journal.opened, journal.link.size) == ("recovered", 1)
    journal.close()
    database = apsw.Connection(str(tmp_path / "journal.db"))
    assert database.execute("SELECT count(*) FROM event").get == 4
    database.close()
    assert len(records(tmp_path)) == 3


def test_content_that_is_no_event_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    with pytest.raises(MalformedError):
        journal.append("punch", MOMENT, {"score": 0.5})
    with pytest.raises(OversizeError):
        journal.append("punch", MOMENT, {"note": "x" * 9000})
    assert journal.append("punch", MOMENT, {"note": "x" * 8000}).seq == 1
    journal.close()


def test_a_closed_journal_refuses_by_name(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    journal.close()
    journal.close()
    with pytest.raises(StorageError) as caught:
        journal.append("punch", MOMENT, {})
    assert kind_of(caught) == "journal-stopped"


def test_an_append_that_is_interrupted_stops_the_journal_and_the_event_may_stay(tmp_path: Path) -> None:
    class Interrupting(SmallDisk):
        armed = False

        def open(self, path: Path) -> OpenFile:
            return _Interrupted(super().open(path), self)

    class _Interrupted:
        def __init__(self, file: OpenFile, disk: Interrupting) -> None:
            self.file, self.disk = file, disk
            self.write_at, self.close = file.write_at, file.close

        def sync(self) -> None:
            if self.disk.armed:
                raise KeyboardInterrupt
            self.file.sync()

    disk = Interrupting()
    journal = opened(tmp_path, create=True, disk=disk)
    first = journal.append("punch", MOMENT, {"slot": 1})
    disk.armed = True
    with pytest.raises(KeyboardInterrupt):
        journal.append("punch", MOMENT, {"slot": 2})
    assert journal.link.head == first.leaf
    disk.armed = False
    with pytest.raises(StorageError) as caught:
        journal.append("punch", MOMENT, {"slot": 3})
    assert kind_of(caught) == "journal-stopped"
    journal.reopen()
    journal.append("punch", MOMENT, {"slot": 3})
    assert [event.content["slot"] for event in journal.last_events(9)] == [1, 2, 3]
    journal.close()


def test_the_database_waits_for_the_disk_at_every_commit_and_keeps_its_log(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    assert journal._copies is not None
    pragma = journal._copies.database._connection.pragma
    settings = [pragma(name) for name in ("journal_mode", "synchronous", "locking_mode", "mmap_size")]
    assert settings == ["wal", 2, "exclusive", 0]
    assert not (tmp_path / "journal.db-shm").exists()
    for _ in range(12):
        punches(journal, 10)
        assert journal.tidy() is None
    assert (tmp_path / "journal.db-wal").stat().st_size == SmallDisk.wal_bytes
    journal.close()


def test_without_a_quiet_moment_the_log_is_still_emptied(tmp_path: Path) -> None:
    journal = opened(tmp_path, create=True)
    punches(journal, 120)
    assert (tmp_path / "journal.db-wal").stat().st_size < 2 * SmallDisk.wal_bytes
    journal.close()


def test_the_sqlite_in_use_is_outside_the_wal_reset_corruption_range() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_a_folder_that_is_not_there_is_a_named_fault(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        opened(tmp_path / "nowhere", create=True)
    assert kind_of(caught) == "disk-failed"


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    files = [*tmp_path.glob("journal.db*"), *(tmp_path / "segments").rglob("*.log")]
    assert len(files) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_the_real_disk_fills_whole_files(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, KEY, create=True, disk=Disk())
    journal.append("start", MOMENT, {})
    assert (tmp_path / "segments/e0001/000000000001.log").stat().st_size == 4 * 1024 * 1024
    assert (tmp_path / "journal.db-wal").stat().st_size == 1024 * 1024
    journal.close()
