"""The promise of the demo: a day through real processes, with kills and cuts, and every tap accounted for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.xdist_group("demo")
def test_every_confirmed_tap_of_a_day_with_kills_and_cuts_is_at_central_once(tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    # A folder of its own, and short: Unix sockets allow 107 bytes.
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--once", "--report", report_file, "--folder", tmp_path / "d"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert report_file.exists(), done.stdout + done.stderr
    report = json.loads(report_file.read_text(encoding="utf-8"))
    logs = sorted((tmp_path / "d").rglob("*.log"))
    ends = {str(log): log.read_text(errors="replace").splitlines()[-8:] for log in logs}
    assert report["problems"] == [], json.dumps(ends, indent=1)
    counted = ("lost", "duplicated", "wrong_person", "days_wrong")
    assert {name: report[name] for name in counted} == dict.fromkeys(counted, 0)
    assert report["taps"] >= 110
    assert report["at_central"] == report["confirmed"] >= 0.95 * report["enrolled_taps"]
    assert done.returncode == 0
