"""The real punch process and a module that was tampered with: what the door says, what central hears."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attendance.punch import PUNCH
from attendance.templates import MODULE
from tests.support.door_people import wib
from tests.support.node_process import NodeProcess, wait_until


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    made = NodeProcess(tmp_path, wib("2017-06-05 07:28:00"), camera=False)
    yield made
    made.end()


def states(node: NodeProcess) -> list[str]:
    return [str(event.content["state"]) for event in node.events() if event.type == MODULE]


def sensor_command(node: NodeProcess, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", "sensor", *words, "--config", str(node.folder / "hadir.toml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_template_from_behind_the_back_stops_the_door_until_a_technician_speaks(node: NodeProcess) -> None:
    sensor = node.begin()
    sensor.enrol(1, "siti", "r1")
    node.start("punch")
    wait_until(lambda: states(node) == ["new", "trusted"])
    told = next(event.content for event in node.events() if event.type == MODULE)
    assert (told["model"], told["used"], told["recovery"]) == ("r503", 1, None)
    assert told["class"] == "r503/1536/hadir-emu-fw-1/3"

    node.forget_screen()
    sensor.enrol(9, "thief", "r1")
    sensor.power(on=False)
    sensor.power(on=True)
    stopped = node.screen("fault")
    while stopped["screen"] != [["Absen berhenti", "Hub. teknisi"]]:
        stopped = node.screen("fault")
    assert stopped["voice"] == "Ada sidik jari asing di sensor. Absensi dihentikan. Hubungi teknisi."
    wait_until(lambda: states(node)[-1] == "enriched")
    sensor.tap("thief", "r1", hold_ms=3000)

    node.stop("punch")
    node.start("punch")
    wait_until(lambda: states(node)[2:] == ["enriched", "enriched"])
    assert sensor_command(node, "status").returncode == 1
    assert "BERHENTI" in sensor_command(node, "status").stdout
    assert not [event for event in node.events() if event.type == PUNCH]

    assert sensor_command(node, "accept").returncode == 0
    wait_until(lambda: states(node)[4:6] == ["new", "trusted"])
    node.forget_screen()
    sensor.place("siti", "r1")
    assert node.screen("stored")["screen"]
    assert sensor_command(node, "status").returncode == 0


def test_a_damaged_key_for_templates_ends_the_process_with_a_sentence(node: NodeProcess) -> None:
    node.begin()
    node.state.mkdir()
    (node.state / "template.key").write_text("no key")
    ended = subprocess.run(
        [sys.executable, "-m", "edge", "punch", "--config", str(node.folder / "hadir.toml")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "key-damaged" in ended.stderr
    assert (node.state / "template.key").read_text() == "no key"
