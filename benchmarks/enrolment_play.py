"""The play of the enrolment proof: enrol, cheat, transfer, cheat again, and see who can punch."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from benchmarks.enrolment_books import Books
from benchmarks.enrolment_cast import TWIN_SHARE, Cast, Cheat, cast
from benchmarks.enrolment_officer import Ending, Officer, Touch, own
from benchmarks.enrolment_town import MONDAY, Citizen, ProofTown
from central import findings
from central.placement_planning import KEY_KEPT
from demo.door import Door
from demo.processes import DemoError, wait_for

_USUAL = ("right-index", "left-index")
_OTHERS = ("right-thumb", "left-thumb")
_SETTLE_S = 400.0
_SCREEN_S = 15.0
_LIFTED_S = 0.35
_TRIES = 3


class Play:
    """One run.

    Attributes:
        templates: the bytes of every template that was seen in a sensor, so that traces can be looked for.
    """

    def __init__(self, town: ProofTown, seed: int, twin_rate: float) -> None:
        self._town = town
        self._cast: Cast = cast(town.people, seed, twin_rate)
        self._books = Books(town.data_dir / "central.db")
        self._fingers: dict[str, tuple[str, str]] = {}
        self._caught: Counter[str] = Counter()
        self._missed: list[str] = []
        self.templates: set[bytes] = set()
        self._refused: list[str] = []
        self._office = {person.id: person.office for person in town.people}

    def run(self) -> dict[str, Any]:
        """Play all of it, and count."""
        try:
            self._make_twins()
            _tell("everybody honest is enrolled")
            self._everywhere(self._enrol_honest)
            self._settle("the first searches and installs")
            self._look_into_sensors()
            _tell("cheats at the same node, at another one, and with two fingers in one template")
            for one in self._cheats("same-node", "merged"):
                self._must_be_refused(one)
            for one in self._cheats("other-node"):
                self._slip_in(one)
            self._settle("the searches for them")
            self._must_be_found("other-node")
            self._clear_twins()
            self._transfer()
            for one in self._cheats("after-transfer"):
                self._must_be_refused(one)
            for one in self._cheats("left-behind"):
                self._slip_in(one)
            self._settle("the searches after the transfer")
            self._look_into_sensors()
            self._must_be_found("left-behind")
            _tell("everybody honest punches at every node of their office")
            self._everywhere(self._punch)
            self._let_go()
            self._swap_module()
        finally:
            self._books.close()
        return self._report()

    def _look_into_sensors(self) -> None:
        for door in self._town.doors.values():
            flash = door.finger("snapshot")["flash"]
            self.templates.update(bytes.fromhex(template) for template in flash["slots"].values())

    # -- enrolment

    def _make_twins(self) -> None:
        for one, other in self._cast.twins:
            for door in self._town.doors.values():
                for finger in _USUAL:
                    who = {"pA": one.id, "fA": finger, "pB": other.id, "fB": finger}
                    door.finger("twin", **who, share=TWIN_SHARE)

    def _enrol_honest(self, code: str) -> None:
        staff = [person for person in self._cast.honest if person.office == code]
        for person in sorted(staff, key=lambda one: one is not self._cast.witnesses[code]):
            if (
                not self._enrol(person, person.id).enrolled
                and not self._enrol(person, person.id, _OTHERS).enrolled
            ):
                self._refused.append(person.id)

    def _enrol(self, person: Citizen, hand: str, fingers: tuple[str, str] = _USUAL) -> Ending:
        """At the first node of the office where the person works by now, with the fingers of `hand`."""
        ending = Officer(self._door(person)).enrol(person.id, own(hand), self._witness(person), fingers)
        if ending.enrolled:
            self._fingers[person.id] = fingers
        return ending

    def _witness(self, person: Citizen) -> Touch | None:
        witness = self._cast.witnesses[self._office[person.id]]
        return None if witness.id == person.id else (witness.id, self._fingers[witness.id][0])

    # -- cheating

    def _cheats(self, *kinds: str) -> list[Cheat]:
        return [one for one in self._cast.cheats if one.kind in kinds]

    def _must_be_refused(self, one: Cheat) -> None:
        if one.kind == "merged":
            mine, theirs = one.cheat.id, one.victim.id
            hand = lambda number, finger: (mine if number == 1 else theirs, finger)  # noqa: E731
            ending = Officer(self._door(one.cheat)).enrol(mine, hand, self._witness(one.cheat))
        else:
            ending = self._enrol(one.cheat, one.victim.id)
        self._judge(one.kind, found=not ending.enrolled, what=f"{one.cheat.name}: {ending.said}")

    def _slip_in(self, one: Cheat) -> None:
        """No sensor at this place can know whose finger it is."""
        ending = self._enrol(one.cheat, one.victim.id)
        if not ending.enrolled:
            raise DemoError(f"{one.kind} was meant to get through at first: {ending.said}")

    def _must_be_found(self, kind: str) -> None:
        open_now = {(person, other) for _, person, other in self._books.findings()}
        travelled = self._holders_elsewhere()
        for one in self._cheats(kind):
            found = (one.cheat.id, one.victim.id) in open_now and one.cheat.id not in travelled
            self._judge(kind, found=found, what=f"{one.cheat.name} as {one.victim.name}")

    def _holders_elsewhere(self) -> set[str]:
        """Whose fingers any node holds but the first one of their office at the beginning."""
        holders = {door.node_id(): self._books.holders(door.node_id()) for door in self._town.doors.values()}
        home = {code: self._town.door_of(code).node_id() for code in self._town.offices}
        return {
            person.id
            for person in self._town.people
            for name, held in holders.items()
            if name != home[person.office] and person.id in held
        }

    def _judge(self, kind: str, *, found: bool, what: str) -> None:
        self._caught[kind] += found
        if not found:
            self._missed.append(f"{kind}: {what}")

    def _clear_twins(self) -> None:
        """People decide: both are who they say, and a sensor can't tell them apart."""
        pairs = {frozenset((one.id, other.id)) for one, other in self._cast.twins}
        # One decision answers every finding of the same two fingers, so the list is read anew after each.
        while numbers := [n for n, one, other in self._books.findings() if {one, other} in pairs]:
            with self._books.database.write() as connection:
                findings.decide(connection, numbers[0], "chance", "both have come", "proof", self._now_ms())
        self._settle("what was held back for twins")

    def _transfer(self) -> None:
        """Movers go from the first office to the second tomorrow; the cheats of before go the other way."""
        first, second = self._town.offices[:2]
        _tell("transfers, with a day's notice")
        for person in self._cast.movers:
            self._town.move(person, second, MONDAY + timedelta(days=1))
        going_back = [one.cheat for one in self._cheats("other-node")]
        for person in going_back:
            self._town.move(person, first, MONDAY + timedelta(days=1))
        wanted = {person.id for person in self._cast.movers}
        new_home = self._town.doors["n1"].node_id()
        wait_for(
            "the movers at their new office", lambda: wanted <= self._books.holders(new_home), None, _SETTLE_S
        )
        self._town.clock.advance(timedelta(days=1))
        old = [self._town.doors[name].node_id() for name in ("n0", "second")]
        for person in self._cast.movers:
            self._office[person.id] = second
        for name in old:
            gone = lambda name=name: not wanted & self._books.holders(name)  # noqa: E731
            wait_for("the movers' fingers to be erased at their old office", gone, None, _SETTLE_S)
        self._settle("the transfer")
        for one in self._cheats("other-node"):
            reached = any(one.cheat.id in self._books.holders(name) for name in old)
            self._judge("before-transfer", found=not reached, what=one.cheat.name)

    def _let_go(self) -> None:
        """Who leaves is erased at every node, and what is kept of their fingers can't be opened any more."""
        _tell("some leave, and their fingers are erased")
        gone = {person.id for person in self._cast.leavers}
        for person in gone:
            self._town.tell("leave", person, (MONDAY + timedelta(days=1)).isoformat())
        self._town.clock.advance(KEY_KEPT + timedelta(days=1))
        nodes = [door.node_id() for door in self._town.doors.values()]

        def erased() -> bool:
            return not gone & self._books.keys() and not any(
                gone & self._books.holders(name) for name in nodes
            )

        wait_for("the leavers' fingers to be erased", erased, None, _SETTLE_S)
        self._settle_orders()

    def _swap_module(self) -> None:
        door = self._town.doors[f"n{len(self._town.offices) - 1}"]
        outsider = ("outsider", "right-index")
        _tell("another module is put on the wires of a node")
        door.finger("swap", serial="FOREIGN1")
        door.finger("enrol", slot=0, person=outsider[0], finger=outsider[1], captures=3, quality=0.9)
        booked = self._tap(door, outsider)
        name = door.node_id()
        try:
            wait_for("the alarm", lambda: self._books.module_states().get(name) == "swapped", None, 60)
            alarmed = True
        except DemoError:
            alarmed = False
        self._judge(
            "swapped-module", found=alarmed and booked is None, what=f"alarm {alarmed}, booked {booked}"
        )

    # -- punching

    def _punch(self, code: str) -> None:
        doors = [door for door in self._town.doors.values() if door.office.code == code]
        for person in self._cast.honest:
            if self._office[person.id] != code or person.id in self._refused:
                continue
            for door in doors:
                if not self._booked(door, person):
                    self._refused.append(person.id)

    def _booked(self, door: Door, person: Citizen) -> bool:
        for _ in range(_TRIES):
            seq = self._tap(door, (person.id, self._fingers[person.id][0]))
            if seq is not None:
                return self._person_at_central(door.node_id(), seq) == person.id
        return False

    def _person_at_central(self, name: str, seq: int) -> str | None:
        wait_for("the punch at central", lambda: self._books.has(name, seq), None, 120)
        return self._books.person_of(name, seq)

    def _tap(self, door: Door, touch: Touch) -> int | None:
        """Put a finger down until the screen answers; the number of the event that it confirmed."""
        heard = len(door.shown())
        door.finger("place", person=touch[0], finger=touch[1], quality=0.9)
        end = time.monotonic() + _SCREEN_S
        answer: dict[str, Any] | None = None
        while answer is None and time.monotonic() < end:
            time.sleep(0.03)
            answer = next((said for said in door.shown()[heard:] if said["outcome"] != "ready"), None)
        door.finger("lift")
        time.sleep(_LIFTED_S)
        return answer["seq"] if answer is not None and answer["outcome"] == "stored" else None

    # -- waiting and counting

    def _settle(self, what: str) -> None:
        """Until every template is at central, every node has answered, and every order is done."""
        wait_for(what, self._settled, None, _SETTLE_S)

    def _settle_orders(self) -> None:
        wait_for("open orders", lambda: not self._books.open_placements(), None, _SETTLE_S)

    def _settled(self) -> bool:
        states = self._books.templates()
        everybody = all(len(states.get(person, ())) == 2 for person in self._fingers)
        no_more = not self._books.waiting_searches() and not self._books.open_placements()
        return everybody and no_more and not any("searching" in of_one for of_one in states.values())

    def _everywhere(self, work: Callable[[str], None]) -> None:
        with ThreadPoolExecutor(len(self._town.offices)) as pool:
            _all(pool.map(work, self._town.offices))

    def _door(self, person: Citizen) -> Door:
        return self._town.door_of(self._office[person.id])

    def _now_ms(self) -> int:
        return int(self._town.clock.now().timestamp() * 1000)

    def _report(self) -> dict[str, Any]:
        wanted = Counter(one.kind for one in self._cast.cheats)
        wanted |= Counter({"before-transfer": wanted["other-node"], "swapped-module": 1})
        return {
            "people": len(self._town.people),
            "cheats": wanted.total(),
            "cheats_found": self._caught.total(),
            "honest_refused": len(set(self._refused)),
            "kinds": dict(sorted(self._caught.items())),
            "missed": self._missed,
            "refused": sorted(set(self._refused)),
            "twins": 2 * len(self._cast.twins),
            "nodes": len(self._town.doors),
            "leavers_erased": len(self._cast.leavers),
        }


def _all(done: Iterable[None]) -> None:
    """Wait for every one; the first failure is raised."""
    for _ in done:
        pass


def _tell(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)
