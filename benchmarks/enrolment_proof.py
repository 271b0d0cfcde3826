"""Proof that cheating at enrolment is refused or found, and that nobody honest is kept from punching.

`python -m benchmarks.enrolment_proof --people 60 [--seed 1]`; `./dev prove enrolment` runs it. Real processes
of central and of every node, with emulated sensors. What is played:

* everybody is enrolled at the first node of their office, with the first one there as witness;
* `same-node`: somebody offers an enrolled colleague's fingers at the same node;
* `other-node`: somebody offers the fingers of a person of another office, whom this sensor does not know;
* `merged`: one's own finger first and another's afterwards, on a module that combines any two fingers;
* `before-transfer`: the cheat of `other-node` is transferred to where the victim works;
* `after-transfer`: at the new office of somebody who was transferred, a colleague offers that person's
  fingers, and `left-behind`: at the old one, where they are erased by then;
* `swapped-module`: another module, with the cheat's finger in it, is put on the wires of a node;
* twins: honest pairs whose fingers a sensor takes for one, at a stated rate;
* in the end some leave, and their fingers must be gone from every node, and their keys from central.

A cheat is found if the node refuses, or if a finding is open at central and the template travels nowhere. An
honest person is refused if no finger of theirs is enrolled in the end, or if a punch of theirs at any node
where they work is not booked under their name.

The last line is JSON: {"people", "cheats", "cheats_found", "honest_refused", "seconds_per_enrolment"} and
what stands behind the sums. Exit status 0 if every cheat was found and nobody honest refused.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.enrolment_play import Play
from benchmarks.enrolment_real_time import seconds_per_enrolment
from benchmarks.enrolment_town import PEOPLE_PER_OFFICE, ProofTown, citizens

TARGET_S = 60.0
"""From "start" to "enrolled", both fingers, in real time: an office of forty people is done in a morning. Ten
touches with a lift between them, at human speed, can't take much less than half of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof and print its figures."""
    parser = argparse.ArgumentParser(prog="./dev prove enrolment", description=__doc__)
    parser.add_argument("--people", type=int, default=60, help="employees, cheats among them (at least 24)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--twin-rate", type=float, default=0.1, help="share of people in a pair of twins")
    parser.add_argument("--folder", type=Path, default=None, help="keep everything here, to look at it")
    parser.add_argument("--no-real-time", action="store_true", help="leave out the enrolments in real time")
    options = parser.parse_args(arguments)
    if options.people < 24 or not 0 <= options.twin_rate <= 0.3:
        parser.error("at least 24 people, and a twin rate of at most 0.3")
    if options.folder is not None:
        return _run(options, options.folder)
    with tempfile.TemporaryDirectory(prefix="hadir-ep-") as name:
        return _run(options, Path(name) / "t")


def _run(options: argparse.Namespace, folder: Path) -> int:
    offices = max(3, -(-options.people // PEOPLE_PER_OFFICE))
    town = ProofTown(folder, citizens(options.people, offices), offices)
    with town.running():
        report = Play(town, options.seed, options.twin_rate).run()
    report["target_s"] = TARGET_S
    report["seconds_per_enrolment"] = None if options.no_real_time else seconds_per_enrolment(folder)
    print(json.dumps(report))
    return 0 if report["cheats_found"] == report["cheats"] and report["honest_refused"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
