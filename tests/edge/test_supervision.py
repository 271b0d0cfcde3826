"""systemd hears that the loop turns. Also: rations, and the way in by command."""

import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.rationing import Ration
from edge.supervision import Supervision


def listener(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    door.settimeout(10)
    door.bind(str(path))
    return door


def test_systemd_is_told_ready_alive_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("edge.supervision.time.monotonic", lambda: now[0])
    with listener(tmp_path / "notify") as door:
        told = Supervision({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000"})
        told.ready()
        told.alive()
        told.alive()
        now[0] += 5.0
        told.alive()
        told.stopping()
        words = [door.recv(100) for _ in range(4)]
    assert words == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_or_when_it_is_gone_nothing_happens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "1"}):
        told = Supervision(environment)
        told.ready()
        told.alive()
        told.stopping()


def test_a_ration_gives_so_many_in_any_stretch_of_time_and_counts_the_rest() -> None:
    ration = Ration(2, timedelta(seconds=10))
    assert [ration.take(ms) for ms in (0, 9_000, 9_999, 10_000, 10_001, 19_000)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert ration.refused == 2


def test_a_bad_configuration_ends_with_its_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hadir.toml").write_text('[node]\nstate_dir = "/s"\n[sensor]\nbaud = 1\n')
    assert main(["punch", "--config", str(tmp_path / "hadir.toml")]) == 2
    assert capsys.readouterr().err == (
        "hadir.toml baris 4: [sensor] baud tidak dikenal. Maksudnya baud_bps?\n"
    )


def test_an_unknown_role_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dance"])
    assert "punch" in capsys.readouterr().err


@pytest.mark.parametrize("role", ["punch", "camera"])
def test_the_processes_at_the_door_have_no_http_client_in_them(role: str) -> None:
    code = f"import sys, edge.{role}_process; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
