"""How long an enrolment takes a person: one node whose sensor runs in real time, and somebody who reacts."""

import statistics
from pathlib import Path

from benchmarks.enrolment_officer import Officer, own
from benchmarks.enrolment_town import ProofTown, citizens
from demo.door import SensorKind
from demo.processes import wait_for

REACTION_S = 0.8
"""From a prompt on the display to the finger on the glass, or off it."""
_TIMES = 2


def seconds_per_enrolment(folder: Path) -> float:
    """Seconds from "start" to "enrolled", both fingers, witness and face: the mean of a few.

    Args:
        folder: for a second town, beside the first one.
    """
    people = citizens(_TIMES + 1, 1)
    town = ProofTown(folder.with_name(folder.name + "r"), people, 1)
    with town.running(nodes=False):
        door = town.add_door("n0", town.offices[0], SensorKind(speed=1))
        wait_for("the node in real time", door.ready, door.punch)
        officer = Officer(door, REACTION_S)
        officer.enrol(people[0].id, own(people[0].id), None)
        witness = (people[0].id, "right-index")
        endings = [officer.enrol(one.id, own(one.id), witness) for one in people[1:]]
        assert all(ending.enrolled for ending in endings), endings
        return round(statistics.mean(ending.seconds for ending in endings), 1)
