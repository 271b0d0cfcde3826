"""T1 in short: central broken at some steps, and nothing acknowledged that it does not hold."""

import json
import subprocess
import sys


def test_nothing_is_acknowledged_that_central_does_not_hold() -> None:
    # A process of its own: it forks, and must not inherit the threads of the test runner.
    command = [sys.executable, "-m", "benchmarks.truth_under_fault", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert counted["lost"] == counted["ratio"] == 0
    assert counted["stopped"] >= 7
    # The same breakages cost a server that acknowledges on arrival: so the steps did hit.
    assert counted["peer"] > 0
