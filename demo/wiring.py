"""Central and three doors, wired together in one folder: real processes, an emulated outside."""

from datetime import datetime
from pathlib import Path

from demo import town
from demo.door import Door
from demo.installation import Installation
from demo.processes import wait_for


class Town(Installation):
    """The running demo."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.residents = town.residents()

    def prepare(self, begin: datetime) -> None:
        """Start from nothing, with the clock at `begin`; central learns offices, people, rules and slots."""
        self.install(begin, town.units_csv(), town.people_csv(), town.slots_csv())

    def open(self) -> None:
        """Start central, then every door, and wait until each has its rules, its roster and the time."""
        self.start_central()
        for office in town.OFFICES:
            door = Door(office, self.place(office.code.lower()))
            self.doors[office.code] = door
            staff = tuple(person for person in self.residents if person.office == office)
            door.start(self.claim_token(office.code), staff)
        for door in self.doors.values():
            wait_for(f"rules, roster and time at {door.office.code}", door.ready, door.punch)
