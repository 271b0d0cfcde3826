"""What a demo started dies with it, however it ends, and not before."""

import signal
import subprocess
import sys
import time
from pathlib import Path

_PARENT = """
import sys, threading, time
from pathlib import Path
from demo.processes import Process

for_ever = ["timeit", "-n", "1", "-r", "1", "import time; time.sleep(600)"]
child = Process("sleeper", for_ever, Path(sys.argv[1]))
# The thread lives until the child has had the time to put its leash on.
starter = threading.Thread(target=lambda: (child.start(), time.sleep(1)))
starter.start()
starter.join()
time.sleep(0.5)
print(child._child.pid, child.alive, flush=True)
time.sleep(600)
"""


def runs(pid: int) -> bool:
    """Whether it runs; one that nobody has fetched yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_a_killed_demo_leaves_nothing_running_and_the_end_of_a_thread_ends_nothing(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid, alive = parent.stdout.readline().split()
    assert alive == "True"
    assert runs(int(pid))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    end = time.monotonic() + 30
    while runs(int(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not runs(int(pid))
