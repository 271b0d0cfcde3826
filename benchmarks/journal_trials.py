"""The trials of `journal_proof`: a life of the journal on the crash disk, and what must hold afterwards."""

import errno
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.chain import Link, follow
from attendance.moment import ClockState, Moment
from benchmarks.crash_disk import Card, Folders, Recorder, RecordingDisk, Strike, lay_out
from benchmarks.crash_vfs import recording
from edge.faults import StorageError
from edge.journal import Journal
from edge.journal_database import Database
from edge.journal_disk import Disk
from edge.journal_faults import StorageFault
from edge.journal_survey import survey_segments
from edge.segments import SegmentReader, epoch_folder

KEY = Ed25519PrivateKey.from_private_bytes(b"a key for proofs, not for nodes.")
MOMENT = Moment(1_780_000_000_000, "boot-of-a-proof", 60_000, 60_000, None, ClockState.RTC)


@dataclass(slots=True)
class Count:
    """What was tried and what went wrong.

    Attributes:
        images: crash images opened.
        kills: processes killed.
        faults: faults injected.
        flips: images with a flipped byte or a lost copy on top.
        acknowledged: events that had been acknowledged before, added up over all trials.
        lost: acknowledged events that were not there afterwards, added up.
        silent_restarts: times a journal began anew although events had been acknowledged, without saying so.
        short: by copy, images in which that copy alone lacked an acknowledged event.
        opened: how the journals were opened afterwards.
        stories: what was found in the first bad cases, for the person who looks.
    """

    images: int = 0
    kills: int = 0
    faults: int = 0
    flips: int = 0
    acknowledged: int = 0
    lost: int = 0
    silent_restarts: int = 0
    short: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    stories: list[str] = field(default_factory=list)

    def tell(self, story: str) -> None:
        """Keep the first few."""
        if len(self.stories) < 20:
            self.stories.append(story)


class SmallDisk(Disk):
    """The real disk with the small files of the crash disk."""

    segment_bytes = RecordingDisk.segment_bytes
    wal_bytes = RecordingDisk.wal_bytes


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder in memory where that exists: what it holds is cut off by us, not by the power."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(slots=True)
class Life:
    """One journal on the crash disk.

    Attributes:
        recorder: its log.
        leaves: of the acknowledged events, in order.
        tried: leaves of every event that was written without an acknowledgement; they may turn up.
    """

    recorder: Recorder
    leaves: list[str] = field(default_factory=list)

    def append(self, journal: Journal, number: int, dice: random.Random) -> None:
        """One event; noted as acknowledged when the journal said so."""
        content = {"person": f"p{number}", "slot": number, "note": "x" * dice.choice((10, 200, 1500))}
        journal.append("punch", MOMENT, content)
        link = journal.link
        while len(self.leaves) < link.size:
            # A recovery event may have come first: it is acknowledged together with this one.
            position = len(self.leaves) - link.size
            self.leaves.append(journal.last_events(-position)[0].leaf)
        self.recorder.acknowledged(link.size)


def live(life: Life, disk: Disk, folder: Path, dice: random.Random, events: int) -> None:
    """Create, append, tidy now and then, close and open in between."""
    journal = Journal.open(folder, KEY, create=not life.leaves, disk=disk)
    try:
        for number in range(events):
            life.append(journal, number, dice)
            if dice.random() < 0.3:
                journal.tidy()
            if dice.random() < 0.04:
                journal.reopen()
    finally:
        journal.close()


def judge(folder: Path, leaves: list[str], count: Count, story: str) -> None:
    """Open what a crash left and compare it with what had been acknowledged; then go on writing.

    Args:
        folder: the journal.
        leaves: acknowledged before, in order.
        count: takes the result.
        story: how it came about, for the person who looks.
    """
    count.acknowledged += len(leaves)
    try:
        journal = Journal.open(folder, KEY, disk=SmallDisk())
    except StorageError as error:
        if leaves or error.kind != StorageFault.MISSING:
            count.lost += max(1, len(leaves))
            count.tell(f"{story}: {error}")
            return
        journal = Journal.open(folder, KEY, create=True, disk=SmallDisk())
    try:
        count.opened[journal.opened] += 1
        if leaves and (journal.opened == "created" or journal.link.size == 0):
            count.silent_restarts += 1
        missing = _missing(journal, folder, leaves)
        if missing:
            count.lost += missing
            count.tell(f"{story}: {missing} of {len(leaves)} missing, opened as {journal.opened}")
            return
        before = journal.link
        journal.append("punch", MOMENT, {"after": "the crash"})
        follow(before, journal.last_events(journal.link.size - before.size))
    finally:
        journal.close()


def _missing(journal: Journal, folder: Path, leaves: list[str]) -> int:
    """How many acknowledged events either copy lacks."""
    size = journal.link.size
    rows = [event.leaf for event in journal.last_events(size)] if size else []
    records = [s.event.leaf for s in SegmentReader(folder / "segments").read(1, 1, 10**6, 10**9)]
    in_order = follow(Link(journal.link.node, 1), journal.last_events(size) if size else [])
    assert in_order == journal.link, "the journal's own events do not form its chain"
    wrong = [sum(a != b for a, b in zip(leaves, kept, strict=False)) for kept in (rows, records)]
    return max(wrong[0] + max(0, len(leaves) - len(rows)), wrong[1] + max(0, len(leaves) - len(records)))


def crash(life: Life, count: Count, dice: random.Random, images: int, *, alone: bool = False) -> None:
    """Cut the power at random instants of a life.

    Args:
        life: lived on a crash disk.
        count: takes the results.
        dice: chooses.
        images: how many.
        alone: also count the images in which one copy alone would not have been enough.
    """
    folders = dice.choice(list(Folders))
    neighbours = folders is Folders.EXT4 and dice.random() < 0.4
    card = Card(life.recorder, folders)
    for instant in sorted(dice.randint(0, len(life.recorder.log)) for _ in range(images)):
        card.play(instant)
        image = card.image(dice, neighbours=neighbours)
        leaves = life.leaves[: card.acknowledged]
        with scratch() as folder:
            lay_out(image, folder)
            count.images += 1
            if alone and not neighbours:
                _count_short(folder, len(leaves), count)
            story = f"power cut at {instant} of {len(life.recorder.log)}, {folders}, neighbours={neighbours}"
            if leaves and not neighbours and dice.random() < 0.25:
                story += f", then {damage(folder, dice)}"
                count.flips += 1
                if dice.random() < 0.5:
                    _crash_while_mending(folder, leaves, count, dice, story)
                    continue
            judge(folder, leaves, count, story)


def damage(folder: Path, dice: random.Random) -> str:
    """Flip a bit of one copy, or take a file of it away; says what was done."""
    database = [path for path in folder.glob("journal.db*") if path.stat().st_size]
    segments = sorted((folder / "segments").rglob("*.log"))
    copy = [path for path in dice.choice((database, segments)) if path.stat().st_size]
    if not copy:
        return "nothing"
    path = dice.choice(copy)
    kind = dice.choice(("flip", "flip", "flip", "remove", "empty", "cut"))
    data = bytearray(path.read_bytes())
    if kind == "remove":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(data[: dice.randrange(len(data))])
    else:
        data[dice.randrange(len(data.rstrip(b"\0")) or 1)] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
    return f"{kind} {path.name}"


def _crash_while_mending(
    folder: Path, leaves: list[str], count: Count, dice: random.Random, story: str
) -> None:
    """Open the damaged journal on a crash disk and cut the power again, while the copies mend each other."""
    disk, vfs = recording(folder)
    again = Life(disk.recorder, list(leaves))
    disk.recorder.acknowledged(len(leaves))
    try:
        live(again, disk, folder, dice, 2)
    except StorageError as error:
        count.lost += 1
        count.tell(f"{story}: {error}")
        return
    finally:
        del vfs
    card = Card(again.recorder, dice.choice(list(Folders)))
    for instant in sorted(dice.randint(1, len(again.recorder.log)) for _ in range(3)):
        card.play(instant)
        with scratch() as second:
            lay_out(card.image(dice), second)
            count.images += 1
            cut = f"{story}, then a power cut at {instant} of {len(again.recorder.log)}"
            judge(second, again.leaves[: card.acknowledged], count, cut)


def _count_short(folder: Path, acknowledged: int, count: Count) -> None:
    if survey_segments(epoch_folder(folder / "segments", 1)).last < acknowledged:
        count.short["segments"] += 1
    rows = 0
    if (folder / "journal.db").exists():
        try:
            database = Database(folder / "journal.db", SmallDisk())
        except StorageError:
            pass
        else:
            rows = database.bounds(1)[1]
            database.close()
    if rows < acknowledged:
        count.short["database"] += 1


def strike_once(count: Count, dice: random.Random) -> None:
    """Let the disk fail at one call of a life, see that nothing is half acknowledged, and go on.

    Afterwards the power is cut too: a failed sync may have dropped what it was to write.
    """
    error, deeds = dice.choice(
        ((errno.ENOSPC, ("write",)), (errno.EIO, ("write", "sync", "sync-folder", "rename")))
    )
    deed = dice.choice(deeds)
    strike = Strike(error, dice.choice((0, 0.5, 1) if deed == "write" else (0, 1)))
    calls_left = int(dice.expovariate(1 / 40)) + 1
    persists = dice.random() < 0.3

    def struck(called: str, _path: Path) -> Strike | None:
        nonlocal calls_left
        if called != deed or calls_left <= 0:
            return None
        calls_left -= 1
        if calls_left == 0 and persists:
            calls_left = 1
            return strike
        return strike if calls_left == 0 else None

    with scratch() as folder:
        disk, vfs = recording(folder)
        life = Life(disk.recorder)
        disk.recorder.strike = struck
        failed = _live_through_faults(life, disk, folder, dice)
        count.faults += failed
        story = f"{errno.errorcode[error]} at {deed}, kept {strike.kept}, persists {persists}"
        with scratch() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            judge(copy, life.leaves, count, story)
        crash(life, count, dice, 4, alone=True)
        del vfs


def _live_through_faults(life: Life, disk: RecordingDisk, folder: Path, dice: random.Random) -> int:
    """Append; after a fault the disk is well again and the owner goes on as the punch process does."""
    failed, journal = 0, None
    for number in range(30):
        try:
            if journal is None:
                journal = Journal.open(folder, KEY, create=not life.leaves, disk=disk)
            if journal.fault is not None and journal.fault.kind != StorageFault.FULL:
                journal.reopen()
            life.append(journal, number, dice)
            if dice.random() < 0.3:
                journal.tidy()
        except StorageError as error:
            failed += 1
            if error.kind not in {StorageFault.FULL, StorageFault.FAILED, StorageFault.STOPPED}:
                raise
            if failed > 1:
                disk.recorder.strike = lambda _deed, _path: None
    if journal is not None:
        journal.close()
    return failed
