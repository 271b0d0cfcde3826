"""A key is made once, also when two processes of a new node start in the same moment."""

import subprocess
import sys
from pathlib import Path

import pytest

_CHILD = """
import os, sys, time
from pathlib import Path
from attendance import seal, sealing
from edge import keys, template_key

def slow(descriptor, fsync=os.fsync):
    time.sleep(0.3)
    fsync(descriptor)

os.fsync = slow  # a slow card: both find no key before either has written one
room, public = {"event.key": (keys, seal), "template.key": (template_key, sealing)}[sys.argv[2]]
print("ready", flush=True)
sys.stdin.readline()
print(public.public_hex(room.load_or_create(Path(sys.argv[1]) / sys.argv[2])))
"""


@pytest.mark.parametrize("name", ["event.key", "template.key"])
def test_two_processes_that_start_at_once_end_with_the_same_key(tmp_path: Path, name: str) -> None:
    twins = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for twin in twins:
        assert twin.stdout is not None
        assert twin.stdout.readline() == "ready\n"
    for twin in twins:
        assert twin.stdin is not None
        twin.stdin.write("\n")
        twin.stdin.flush()
    told = [twin.communicate(timeout=60)[0] for twin in twins]
    assert [twin.returncode for twin in twins] == [0, 0]
    assert len(told[0].strip()) == 64
    assert told[0] == told[1]
    assert [path.name for path in tmp_path.iterdir()] == [name]
