"""The hand that moves the emulated clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import EmulatedClock
from emulators import clock
from emulators.clock import EmulatedTime

MORNING = datetime(2017, 6, 5, 0, 28, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    EmulatedTime(tmp_path / "clock.json").start(MORNING, rate=0)
    return tmp_path / "clock.json"


def test_setting_the_wall_leaves_the_other_clocks_alone(file: Path) -> None:
    before = EmulatedClock(file).now()
    EmulatedTime(file).set(datetime(1970, 1, 1, tzinfo=UTC))
    after = EmulatedClock(file).now()
    assert after.wall_ms == 0
    assert (after.boot, after.bt_ms, after.raw_ms) == (before.boot, before.bt_ms, before.raw_ms)


def test_a_power_cut_gives_a_new_boot_and_the_battery_clock_ran_on(file: Path) -> None:
    before = EmulatedClock(file).now()
    EmulatedTime(file).reboot(off=timedelta(hours=2))
    after = EmulatedClock(file).now()
    assert after.wall_ms - before.wall_ms == 7_200_000
    assert after.boot != before.boot
    assert (after.bt_ms, after.raw_ms) == (0, 0)


def test_without_a_battery_the_wall_comes_up_where_it_is_told(file: Path) -> None:
    EmulatedTime(file).reboot(off=timedelta(hours=2), wall=datetime(1970, 1, 1, tzinfo=UTC))
    assert EmulatedClock(file).now().wall_ms == 0


def test_slewing_bends_boottime_against_raw(file: Path) -> None:
    before = EmulatedClock(file).now()
    EmulatedTime(file).slew(timedelta(seconds=3))
    after = EmulatedClock(file).now()
    assert (after.bt_ms - before.bt_ms, after.raw_ms - before.raw_ms) == (3000, 0)


def test_a_new_rate_makes_no_jump(file: Path) -> None:
    EmulatedTime(file).set_rate(0)
    assert EmulatedTime(file).now() == MORNING


def test_the_command_line_moves_the_clock(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clock.main([str(file), "start", "2017-06-05T07:00:00+07:00", "--rate", "0"]) == 0
    assert clock.main([str(file), "set", "2017-06-05T08:00:00+07:00"]) == 0
    assert clock.main([str(file), "reboot", "--off-s", "60"]) == 0
    assert clock.main([str(file), "show"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2017-06-05T01:01:00.000+00:00"
    assert clock.main([str(file), "rate", "5"]) == 0


def test_a_time_without_its_offset_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        clock.main([str(file), "set", "2017-06-05T08:00:00"])
    assert "needs its offset" in capsys.readouterr().err
