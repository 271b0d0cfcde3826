"""Each copy can be made anew from the other; bad files are kept aside and a signed event tells of it."""

import shutil
from pathlib import Path

import pytest

from attendance import seal
from attendance.chain import make_event
from edge.faults import StorageError
from edge.journal_survey import read_tolerantly
from edge.segments import SegmentReader, StoredEvent, encode_record
from tests.support.journal_world import (
    KEY,
    MOMENT,
    filled,
    flip,
    opened,
    punches,
    records,
    rows,
    stored_chain,
)

EVENTS = 60


def mended(folder: Path, leaves: list[str]) -> list[dict[str, str]]:
    """Open, see that nothing is lost, and return what the recovery event says."""
    journal = opened(folder)
    assert journal.opened == "recovered"
    assert journal.link.size == len(leaves)
    journal.append("start", MOMENT, {"journal": journal.opened})
    told, start = journal.last_events(2)
    assert (told.type, start.type) == ("recovery", "start")
    journal.close()
    stored = SegmentReader(folder / "segments").read(1, told.seq, 1)[0]
    seal.verify(seal.public_hex(KEY), seal.EVENT, bytes.fromhex(told.leaf), stored.signature_hex)
    after = [*leaves, told.leaf, start.leaf]
    assert rows(folder) == after
    assert records(folder) == after
    again = opened(folder)
    assert again.opened == "opened"
    assert again.append("punch", MOMENT, {}).seq == len(after) + 1
    again.close()
    findings: list[dict[str, str]] = told.content["findings"]
    return findings


def kept_aside(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "quarantine").rglob("*") if path.is_file())


def rot(path: Path, text: bytes) -> bytes:
    """Spoil every place with this text. A database's log, which covers rot with good pages, is taken away."""
    path.with_name("journal.db-wal").unlink(missing_ok=True)
    data = path.read_bytes()
    assert text in data
    path.write_bytes(data.replace(text, bytes([text[0] ^ 0x15]) + text[1:]))
    return path.read_bytes()


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "segments" / "e0001").glob("*.log"))


def test_a_lost_database_is_made_anew_from_the_segments(tmp_path: Path) -> None:
    leaves = filled(tmp_path, EVENTS)
    for path in tmp_path.glob("journal.db*"):
        path.unlink()
    assert mended(tmp_path, leaves) == [
        {"copy": "database", "detail": "the file is not there", "fault": "missing"}
    ]


def test_a_lost_log_of_the_database_is_filled_from_the_segments(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 3)
    journal = opened(tmp_path)
    leaves += punches(journal, 5)
    state = tmp_path / "cut-off"
    shutil.copytree(tmp_path, state, ignore=shutil.ignore_patterns("cut-off"))
    journal.close()
    (state / "journal.db-wal").unlink()
    findings = mended(state, leaves)
    assert [(finding["copy"], finding["fault"]) for finding in findings] == [("database", "behind")]


@pytest.mark.parametrize(
    "where", [b"SQLite", b"CREATE TABLE event", b'"slot":1}', b'"slot":30}', b'"slot":59}']
)
def test_rot_in_the_database_is_mended_and_the_bad_file_kept(tmp_path: Path, where: bytes) -> None:
    leaves = filled(tmp_path, EVENTS)
    data = rot(tmp_path / "journal.db", where)
    findings = mended(tmp_path, leaves)
    assert [(finding["copy"], finding["fault"]) for finding in findings] == [("database", "damaged")]
    assert any(name.endswith("journal.db") for name in kept_aside(tmp_path))
    aside = next(path for path in (tmp_path / "quarantine").rglob("*journal.db"))
    assert aside.read_bytes() == data


@pytest.mark.parametrize("text", [b"\0", b"SQLite format 3\0 and no more", b"\xff" * 9000])
def test_a_database_that_is_none_is_mended(tmp_path: Path, text: bytes) -> None:
    leaves = filled(tmp_path, EVENTS)
    (tmp_path / "journal.db").write_bytes(text)
    assert mended(tmp_path, leaves)[0]["copy"] == "database"


def test_all_segments_lost_are_made_anew_from_the_database(tmp_path: Path) -> None:
    leaves = filled(tmp_path, EVENTS)
    names = [path.name for path in segments(tmp_path)]
    shutil.rmtree(tmp_path / "segments")
    assert [f["fault"] for f in mended(tmp_path, leaves)] == ["missing"]
    assert names[:3] == [path.name for path in segments(tmp_path)][:3]


@pytest.mark.parametrize("which", [0, 1, -2, -1])
@pytest.mark.parametrize("deed", ["lose", "empty", "rot", "cut"])
def test_one_segment_is_made_anew_and_the_others_stand(tmp_path: Path, which: int, deed: str) -> None:
    leaves = filled(tmp_path, EVENTS)
    files = segments(tmp_path)
    before = {path.name: path.stat().st_ino for path in files}
    bad = files[which]
    if deed == "lose":
        bad.unlink()
    elif deed == "empty":
        bad.write_bytes(b"")
    elif deed == "rot":
        flip(bad, 900)
    else:
        bad.write_bytes(bad.read_bytes()[:1500])
    assert {finding["copy"] for finding in mended(tmp_path, leaves)} == {"segments"}
    untouched = [path for path in segments(tmp_path)[: len(files) - 1] if path.name != bad.name]
    assert all(before.get(path.name) == path.stat().st_ino for path in untouched)


def test_both_copies_damaged_in_different_places_are_joined(tmp_path: Path) -> None:
    leaves = filled(tmp_path, EVENTS)
    flip(segments(tmp_path)[0], 900)
    flip(segments(tmp_path)[2], 40)
    rot(tmp_path / "journal.db", b'"slot":55}')
    assert {finding["copy"] for finding in mended(tmp_path, leaves)} == {"segments", "database"}


def test_an_event_lost_in_both_copies_is_named_and_nothing_is_touched(tmp_path: Path) -> None:
    filled(tmp_path, EVENTS)
    for path in (segments(tmp_path)[0], tmp_path / "journal.db"):
        rot(path, b'"slot":3}')
    before = {path: path.read_bytes() for path in segments(tmp_path)}
    for create in (False, True):
        with pytest.raises(StorageError, match="event 4 is damaged in both") as caught:
            opened(tmp_path, create=create)
        assert (caught.value.kind, caught.value.retry) == ("journal-lost", False)
    assert {path: path.read_bytes() for path in segments(tmp_path)} == before


def test_an_event_in_the_database_alone_is_completed_without_ado(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 20)
    last = segments(tmp_path)[-1]
    data = last.read_bytes()
    record = encode_record(SegmentReader(tmp_path / "segments").read(1, 20, 1)[0])
    place = data.index(record)
    for kept in (0, 5, 100, len(record) - 1):
        torn = record[:kept] + bytes(len(record) - kept)
        last.write_bytes(data[:place] + torn + data[place + len(record) :])
        journal = opened(tmp_path)
        assert (journal.opened, journal.link.size) == ("opened", 20)
        journal.close()
        assert records(tmp_path) == leaves
    assert not (tmp_path / "quarantine").exists()


def test_an_event_in_the_segments_alone_is_completed_if_this_node_signed_it(tmp_path: Path) -> None:
    chain = stored_chain(4)
    folder = tmp_path / "segments" / "e0001"
    folder.mkdir(parents=True)
    path = folder / "000000000001.log"
    path.write_bytes(b"".join(map(encode_record, chain[:3])))
    opened(tmp_path).close()
    with path.open("r+b") as file:
        file.seek(sum(len(encode_record(stored)) for stored in chain[:3]))
        file.write(encode_record(chain[3]))
    journal = opened(tmp_path)
    assert journal.link.head == chain[3].event.leaf
    journal.close()
    assert rows(tmp_path) == [stored.event.leaf for stored in chain]


def test_a_planted_event_is_not_taken_over(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 2)
    journal = opened(tmp_path)
    planted = stored_chain(1)[0]
    event = make_event(journal.link, "punch", MOMENT, {"person": "friend"}, salt="0" * 32)
    journal.close()
    path = segments(tmp_path)[-1]
    end = sum(len(encode_record(stored)) for stored in SegmentReader(tmp_path / "segments").read(1, 1))
    with path.open("r+b") as file:
        file.seek(end)
        file.write(encode_record(StoredEvent(event, planted.signature_hex)))
    with pytest.raises(StorageError) as caught:
        opened(tmp_path)
    assert caught.value.kind == "journal-foreign"
    assert leaves == records(tmp_path)[:2]


def test_an_owed_recovery_event_outlives_a_restart_before_it_was_written(tmp_path: Path) -> None:
    leaves = filled(tmp_path, 5)
    (tmp_path / "journal.db").unlink()
    opened(tmp_path).close()
    journal = opened(tmp_path)
    assert journal.opened == "opened"
    journal.append("start", MOMENT, {})
    assert [event.type for event in journal.last_events(2)] == ["recovery", "start"]
    journal.append("punch", MOMENT, {})
    assert journal.last_events(1)[0].type == "punch"
    journal.close()
    assert rows(tmp_path)[:5] == leaves


def test_scrubbing_finds_rot_in_old_segments(tmp_path: Path) -> None:
    leaves = filled(tmp_path, EVENTS)
    journal = opened(tmp_path)
    count = len(segments(tmp_path))
    assert all(journal.scrub() for _ in range(count + 1))
    flip(segments(tmp_path)[1], 700)
    assert [journal.scrub() for _ in range(count)].count(False) == 1
    assert records(tmp_path) == leaves
    assert all(journal.scrub() for _ in range(count))
    assert journal.append("start", MOMENT, {}).seq == EVENTS + 2
    assert journal.last_events(2)[0].type == "recovery"
    journal.close()


@pytest.mark.parametrize("deed", ["rot", "lose"])
def test_the_place_that_a_reader_could_not_read_is_mended_at_once(tmp_path: Path, deed: str) -> None:
    leaves = filled(tmp_path, EVENTS)
    journal = opened(tmp_path)
    assert all(journal.mend(seq) for seq in (1, EVENTS, EVENTS + 500))
    path = segments(tmp_path)[1]
    first = int(path.stem)
    if deed == "rot":
        flip(path, 300)
    else:
        path.unlink()
    with pytest.raises(StorageError) as caught:
        SegmentReader(tmp_path / "segments").read(1, first)
    assert caught.value.event == first
    assert not journal.mend(first)
    assert records(tmp_path) == leaves
    assert journal.append("start", MOMENT, {}).seq == EVENTS + 2
    journal.close()


def test_an_old_event_that_is_lost_in_both_copies_is_told_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal_survey._WINDOW_BYTES", 1)  # it is older than what opening looks at
    filled(tmp_path, EVENTS)
    journal = opened(tmp_path)
    assert journal._copies is not None
    journal._copies.database._connection.execute("DELETE FROM event WHERE place & 0xff = 9")
    path = segments(tmp_path)[0]
    path.write_bytes(
        path.read_bytes().replace(b'"slot":8}', b'"slot":0}').replace(b'"slot":8,', b'"slot":0,')
    )
    with pytest.raises(StorageError) as caught:
        journal.mend(9)
    assert caught.value.kind == "journal-lost"
    assert journal.fault is None
    assert journal.append("punch", MOMENT, {}).seq == EVENTS + 2
    assert journal.last_events(2)[0].type == "recovery"
    journal.close()


def test_scrubbing_finds_rows_that_were_altered(tmp_path: Path) -> None:
    leaves = filled(tmp_path, EVENTS)
    journal = opened(tmp_path)
    assert journal._copies is not None
    journal._copies.database._connection.execute(
        "UPDATE event SET body = CAST(replace(body, 'slot', 'sl0t') AS BLOB) WHERE place & 0xff = 5"
    )
    assert [journal.scrub() for _ in segments(tmp_path)].count(False) == 1
    assert [event.leaf for event in journal.last_events(EVENTS)] == leaves
    assert "slot" in journal.last_events(EVENTS)[4].content
    journal.close()


def test_blocks_that_can_not_be_read_come_as_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"a" * 4096 + b"b" * 4096 + b"c" * 100)

    def unreadable(_path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    assert read_tolerantly(path) == b"a" * 4096 + b"b" * 4096 + b"c" * 100
