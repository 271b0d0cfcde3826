"""`hadir-central templates` tells what stands where, what is waited for, and where room runs out."""

from datetime import date, timedelta

import pytest

from central import cli
from central.template_report import tell_templates
from tests.support.central import Central
from tests.support.order_world import MONDAY, OFFICE, OTHER_CLASS, Town


@pytest.fixture
def town(central: Central) -> Town:
    made = Town(central)
    made.unit()
    made.unit("DINKES")
    return made


def test_everything_that_waits_is_told_with_its_place_and_age(town: Town) -> None:
    town.node("a", capacity=10, usable=10)
    town.node("b", "DINKES")
    town.node("c", "DINKES", model_class=OTHER_CLASS)
    town.enrolled(town.person("p1"), "a", 0, 1)
    town.enrolled(town.person("p2"), "a", 2, state="searching")
    town.enrolled(town.person("p3"), "a", 3, state="held")
    town.person("p4")  # finds room when slot 9 is empty
    town.person("p6")
    town.person("p5", ("DINKES", date(2017, 1, 1), None))
    town.lies(town.person("gone", (OFFICE, date(2017, 1, 1), MONDAY - timedelta(days=1))), "a", 9)
    town.plan()
    town.end(town.orders("a")[0].id, "failed", "not-yours")
    town.lies(
        town.person("away", ("DINKES", date(2017, 1, 1), MONDAY - timedelta(days=1))), "b", 9, unit="DINKES"
    )
    town.plan()
    town.pass_days(0.5)
    assert tell_templates(town.central.office).splitlines() == [
        "Sidik jari tersimpan: 4 (2 boleh dikirim, 1 masih dicari, 1 ditahan)",
        "Pencarian yang ditunggu: 1",
        "  DINKES b: 1",
        "Penghapusan yang belum dipastikan alat: 2",
        "  DISKOMINFO a (active): gone, slot 9, ditolak: not-yours, sejak 0 hari",
        "  DINKES b (active): away, slot 9, berhenti, sejak 0 hari",
        "Sensor dan unit yang hampir penuh: 2",
        "  DISKOMINFO seluruhnya: 9 dari 6 tempat yang direncanakan, penuh",
        "  DISKOMINFO a: 5 dari 6 tempat yang direncanakan, hampir penuh",
        "  DISKOMINFO: tidak ada tempat untuk p6",
        "Perlu didaftarkan di alat tempat kerjanya: 1 (0 sudah terdaftar di sensor lain)",
        "  DINKES: 1 orang",
    ]
    town.pass_days(3)
    assert "sejak 3 hari" in tell_templates(town.central.office)


def test_where_nothing_waits_that_is_told_too_by_the_command(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    config = town.central.office.config
    file = config.data_dir / "central.toml"
    lines = [
        f'data_dir = "{config.data_dir}"',
        f'database_url = "{config.database_url}"',
        "plain_http = true",
    ]
    file.write_text("\n".join(lines))
    assert cli.main(["templates", "--config", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Sidik jari tersimpan: 0 (0 boleh dikirim, 0 masih dicari, 0 ditahan)",
        "Pencarian yang ditunggu: 0",
        "Penghapusan yang belum dipastikan alat: 0",
        "Sensor dan unit yang hampir penuh: 0",
        "Perlu didaftarkan di alat tempat kerjanya: 0 (0 sudah terdaftar di sensor lain)",
    ]
