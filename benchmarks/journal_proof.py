"""`./dev prove journal`: what the screen confirmed survives power cuts, kills, failing disks and rot.

Power cuts are played on a disk that forgets what was not synced (`crash_disk`), under both copies at once,
with names that reach the card in order (ext4) or in any order (strict POSIX), with torn sectors and spoilt
blocks, also while the copies mend each other. Then the disk fails at single calls, and a real process is
killed. The last line is JSON; the exit status is 0 only if nothing was lost and nothing began anew silently.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.crash_vfs import recording
from benchmarks.journal_trials import Count, Life, crash, judge, live, scratch, strike_once
from edge.segments import SegmentReader

_IMAGES_PER_LIFE = 60
_EVENTS_PER_LIFE = 30


def prove(images: int, kills: int, faults: int, seed: int) -> Count:
    """Run all trials.

    Args:
        images: crash images at least.
        kills: of a real process, by SIGKILL.
        faults: single failing calls of the disk.
        seed: for the dice.
    """
    count, dice = Count(), random.Random(seed)
    while count.images < images:
        with scratch() as folder:
            disk, vfs = recording(folder)
            life = Life(disk.recorder)
            live(life, disk, folder, dice, _EVENTS_PER_LIFE)
            crash(life, count, dice, min(_IMAGES_PER_LIFE, images), alone=True)
            del vfs
    for _ in range(faults):
        strike_once(count, dice)
    with tempfile.TemporaryDirectory() as name:
        leaves: list[str] = []
        for _ in range(kills):
            kill_once(Path(name), leaves, count, dice)
    return count


def kill_once(folder: Path, leaves: list[str], count: Count, dice: random.Random) -> None:
    """Start the writer on the real disk, kill it at a random moment, and judge what it left.

    Args:
        folder: the journal, which lives on from kill to kill.
        leaves: acknowledged so far; grows.
        count: takes the result.
        dice: chooses the moment, sometimes while the journal is being opened.
    """
    command = [sys.executable, "-m", "benchmarks.journal_writer", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        try:
            writer.stdout.readline()
            if dice.random() < 0.8:
                _note(writer.stdout.readline(), leaves)
            time.sleep(dice.random() * 0.05)
        finally:
            writer.kill()
        for line in writer.stdout:
            _note(line, leaves)
    count.kills += 1
    judge(folder, leaves, count, f"killed after {len(leaves)} events")
    _note_own(folder, leaves)


def _note(line: str, leaves: list[str]) -> None:
    """Take an acknowledgement; the last line may be cut off."""
    words = line.split()
    if not line.endswith("\n") or len(words) != 2:
        return
    seq = int(words[0])
    # Events kept without an acknowledgement came in between; judge() saw that they fit.
    assert seq == len(leaves) + 1, f"event {seq} was acknowledged after {len(leaves)}"
    leaves.append(words[1])


def _note_own(folder: Path, leaves: list[str]) -> None:
    """Whatever the journal holds now is to stay."""
    kept = SegmentReader(folder / "segments").read(1, len(leaves) + 1, 10**6, 10**9)
    leaves += [stored.event.leaf for stored in kept]


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; the exit status is the verdict."""
    parser = argparse.ArgumentParser(prog="./dev prove journal", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2500, help="crash images at least")
    parser.add_argument("--kills", type=int, default=100, help="times a real process is killed")
    parser.add_argument("--faults", type=int, default=250, help="disk calls that fail")
    parser.add_argument("--seed", type=int, default=1, help="for the dice")
    options = parser.parse_args(arguments)
    count = prove(options.images, options.kills, options.faults, options.seed)
    for story in count.stories:
        print(story)
    print(
        f"opened afterwards: {dict(count.opened)}; damaged on top: {count.flips};"
        f" disk faults: {count.faults};"
        f" one copy alone too short: {dict(count.short)}"
    )
    result = {
        "images": count.images,
        "kills": count.kills,
        "acknowledged": count.acknowledged,
        "lost": count.lost,
        "silent_restarts": count.silent_restarts,
    }
    print(json.dumps(result))
    return int(bool(count.lost or count.silent_restarts))


if __name__ == "__main__":
    sys.exit(main())
