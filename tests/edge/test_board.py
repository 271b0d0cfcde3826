"""What the board tells, and that it may tell nothing."""

from pathlib import Path

from edge.board import Board


def put(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


def test_the_power_flags_of_a_pi_are_named(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "50001\n")
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "48312\n")
    put(tmp_path, "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
    board = Board(tmp_path)
    assert board.power() == {
        "under_voltage": 1,
        "frequency_capped": 0,
        "throttled": 0,
        "under_voltage_since_boot": 1,
        "throttled_since_boot": 1,
        "temperature_mc": 48312,
    }
    assert board.model() == "Raspberry Pi 4 Model B Rev 1.5"


def test_a_machine_that_is_no_pi_leaves_the_facts_out(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "hot")
    assert Board(tmp_path).power() == {}
    assert Board(tmp_path).model() is None
    assert Board(tmp_path).disk(tmp_path / "nowhere") == {}


def test_the_disk_is_the_one_of_the_folder(tmp_path: Path) -> None:
    facts = Board().disk(tmp_path)
    assert 0 < facts["free_bytes"] <= facts["total_bytes"]
