"""The units start what the package installs, with a verb that it has, and stay narrow."""

import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "systemd").glob("*.service"))


def exec_start(unit: Path) -> list[str]:
    found = re.search(r"^ExecStart=(.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1].split()


def test_there_is_a_unit_for_every_role() -> None:
    assert [unit.stem for unit in UNITS] == ["hadir-camera", "hadir-central", "hadir-punch", "hadir-sync"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_an_installed_command_with_a_verb_that_it_knows(unit: Path) -> None:
    program, verb, *_ = exec_start(unit)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module = scripts[Path(program).name].partition(":")[0]
    known = subprocess.run(
        [sys.executable, "-m", module, verb, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert known.returncode == 0, known.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_no_unit_may_gain_rights_or_set_the_clock(unit: Path) -> None:
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.optionxform = str  # type: ignore[assignment, method-assign]
    service.read(unit)
    section = service["Service"]
    assert section["NoNewPrivileges"] == "yes"
    assert section["CapabilityBoundingSet"] == ""
    assert section["ProtectClock"] == "yes"
    assert section["User"] not in ("", "root")


@pytest.mark.parametrize("name", ["hadir-punch", "hadir-central"])
def test_what_holds_fingers_in_clear_leaves_its_memory_on_no_disk(name: str) -> None:
    lines = (ROOT / "systemd" / f"{name}.service").read_text(encoding="utf-8").splitlines()
    assert {"LimitCORE=0", "MemorySwapMax=0"} <= set(lines)


def test_only_the_units_with_the_network_may_open_internet_sockets() -> None:
    networked = {unit.stem for unit in UNITS if "AF_INET" in unit.read_text(encoding="utf-8")}
    assert networked == {"hadir-sync", "hadir-central"}
