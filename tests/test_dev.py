"""`./dev` never calls a half made environment done."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A Python that makes an environment in which nothing can be installed, as on a machine without network.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "--version ") echo "Python 3.13.0" ;;
  "-m venv")
    mkdir -p .venv/bin
    printf '#!/bin/sh\\necho ran "$*" >&2; exit 1\\n' >.venv/bin/python
    chmod +x .venv/bin/python
    ;;
esac
"""


@pytest.mark.parametrize("command", ["demo", "tap", "test", "check", "bench"])
def test_a_failed_installation_stops_every_command_and_is_tried_again(tmp_path: Path, command: str) -> None:
    home = tmp_path / "a path with spaces"
    tools = tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    shutil.copy(ROOT / "dev", home)
    (home / "requirements.lock").touch()
    for name in ("python3.13", "python3", "gcc", "apt-get", "sudo"):
        (tools / name).write_text(PYTHON)
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [home / "dev", command],
        env={**os.environ, "PATH": f"{tools}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stderr.count("ran -m pip install") == 1
    assert "ran -m demo" not in done.stderr
    assert not (home / ".venv/.stamp").exists()
