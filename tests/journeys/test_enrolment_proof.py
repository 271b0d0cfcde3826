"""Cheats at enrolment are refused or found, nobody honest is kept out, and no template is seen in clear.

The short form of `./dev prove enrolment`, over a wire on which somebody listens.
"""

from pathlib import Path

import pytest

from benchmarks.enrolment_play import Play
from benchmarks.enrolment_town import ProofTown, citizens
from tests.support.template_traces import traces
from tests.support.wire_tap import tapped

PEOPLE, OFFICES = 24, 3


@pytest.mark.xdist_group("demo")
def test_every_cheat_is_found_nobody_honest_is_refused_and_no_template_is_anywhere_in_clear(
    tmp_path: Path,
) -> None:
    wire = tmp_path / "wire"
    town = ProofTown(tmp_path / "t", citizens(PEOPLE, OFFICES), OFFICES, plain_http=True)
    play = Play(town, seed=1, twin_rate=0.1)
    with tapped(town.port, wire) as port:
        town.node_url = f"http://127.0.0.1:{port}"
        with town.running():
            report = play.run()
    assert report["missed"] == report["refused"] == []
    assert report["cheats_found"] == report["cheats"] == 7
    assert (report["honest_refused"], report["leavers_erased"], report["twins"]) == (0, 1, 2)

    assert len(play.templates) >= 2 * (PEOPLE - 7)
    own_flash = {door.folder / "flash.json" for door in town.doors.values()}
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file not in own_flash]
    assert wire in files
    assert {"central.db", "central.log", "punch.log", "journal.db"} <= {file.name for file in files}
    templates = sorted(play.templates)
    found = {str(file.relative_to(tmp_path)): traces(file.read_bytes(), templates) for file in files}
    assert {name: what for name, what in found.items() if what} == {}
    # The search itself finds what it looks for; the module on the last wires is a stranger's in the end.
    holding = [file for file in own_flash if traces(file.read_bytes(), templates)]
    assert len(holding) == len(town.doors) - 1
