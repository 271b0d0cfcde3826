"""The enrolment desk over a real journal and an emulated module, with an officer and fingers that follow."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.chain import Event
from attendance.enrolment import FINGERS, TYPES
from attendance.exchange import sign_document
from attendance.moment import to_ms
from attendance.orders import Do, Order, Orders
from attendance.seal import node_id, public_hex
from edge import config, template_key
from edge.camera_socket import Photo
from edge.clock import EmulatedClock
from edge.documents import DocumentShelf
from edge.enrolment_office import EnrolmentOffice
from edge.enrolment_wording import finger_name
from edge.faults import SensorError
from edge.logbook import Logbook
from edge.module_seal import ModuleSeal
from edge.sensor import Held, Identification, Match, NoFinger
from edge.sensor_keeper import SensorKeeper
from edge.timing import Anchor
from edge.wording import Message, Page
from emulators.clock import EmulatedTime
from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.profiles import profile_named, with_quirks
from emulators.fingerprint_module.pty_module import PtyModule, unpaced
from tests.support.door_people import roster_content

SPEED = 20.0
NOW = datetime(2017, 6, 5, 0, 28, tzinfo=UTC)
HASH = "ab" * 32
Asked = dict[str, Any]
Pick = Callable[[str, int, str], tuple[str, str, float]]
"""(kind of touch, its number in the dialogue, finger asked for) -> whose finger comes, which, how well."""


@dataclass
class Screen:
    """An indicator that keeps what it was told."""

    pages: list[Page] = field(default_factory=list)

    def show(self, message: Message, seq: int | None = None) -> None:
        self.pages.extend(message.pages)


@dataclass
class Camera:
    """A camera that gives these photos in turn, the last one for ever; None is no camera."""

    photos: list[Photo] | None = None
    asked: int = 0

    @property
    def present(self) -> bool:
        return self.photos is not None

    def ask(self, at_monotonic_s: float, text: str) -> "Camera":
        assert text.startswith("Pendaftaran")
        self.asked += 1
        return self

    def result(self) -> Photo:
        assert self.photos is not None
        return self.photos[min(self.asked, len(self.photos)) - 1]


def order(id_: str = "e-1", person: str = "p-siti", *, expires: datetime | None = None) -> Order:
    """Central's wish to have somebody enrolled."""
    return Order(
        id_,
        Do.ENROL,
        person,
        "Siti Aminah",
        fingers=("right-index", "left-index"),
        legal_basis="SK 1/2017",
        notice="v1",
        expires_ms=to_ms(expires or NOW + timedelta(minutes=15)),
    )


def as_asked(person: str) -> Pick:
    return lambda _kind, _number, finger: (person, finger, 0.9)


class World:
    """One node; `start` is a start of its process."""

    def __init__(self, folder: Path, module: PtyModule, *, people: int = 0) -> None:
        self.folder = folder
        self.module = module
        self.time = EmulatedTime(folder / "clock.json")
        self.time.start(NOW, rate=0)
        self.key, self.central = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.node = node_id(public_hex(self.key))
        self.camera = Camera()
        self.roster = roster_content(5, self.node)
        self.roster["slots"] = {"7": "p-budi"}
        for number in range(people):
            row = {"person": f"p{number}", "name": f"Orang {number}", "unit": "DISKOMINFO", "group": "umum"}
            self.roster["persons"].append(row)
            self.roster["slots"][str(100 + number)] = row["person"]
            module.enrol(100 + number, row["person"], "right-index")
        module.enrol(7, "p-budi", "right-index")
        self.witness = ("p-budi", "right-index")
        self.orders: Orders | None = None
        self.start()

    def start(self) -> None:
        """As the process starts: everything but what lies on the disk and in the module is new."""
        text = (
            f'[node]\nstate_dir = "{self.folder}"\n'
            f'[sensor]\npath = "{self.module.link}"\ntime_scale = {1 / SPEED}\n'
        )
        settings = config.parse(text)
        clock = EmulatedClock(self.folder / "clock.json")
        self.logbook = Logbook(self.folder, self.key, clock, epoch=1, rtc=True, watch=None)
        seal = ModuleSeal.of(template_key.load_or_create(self.folder / "template.key"))
        self.sensor = SensorKeeper(settings.sensor, self.folder / "sensor.json", seal)
        self.screen = Screen()
        self.office = EnrolmentOffice(settings, self.sensor, self.logbook, self.screen)  # type: ignore[arg-type]
        self.shelf = DocumentShelf(self.folder, self.node, self.office.lay_over)
        self.office.serve(self.shelf, self.camera, lambda: NOW)  # type: ignore[arg-type]
        self.shelf.load(public_hex(self.central))
        if self.shelf.standing.roster is None:
            self.send_roster()
        self._put_orders_in_force()
        self.office.heed_orders()

    def end(self) -> None:
        self.sensor.close()
        self.logbook.close()

    def crash(self) -> None:
        """The process is gone, as after SIGKILL: nothing is tidied up but what the kernel does."""
        self.end()
        self.start()

    def send_roster(self, **slots: str) -> None:
        """A newer roster; `s3="p-siti"` names slot 3."""
        self.roster["slots"].update({key[1:]: person for key, person in slots.items()})
        self.roster["serial"] += 1
        data = sign_document(self.central, "roster", self.roster["serial"], self.roster)
        self.shelf.accept("roster", data, public_hex(self.central))
        self.office._catch_up_at = 0.0

    def anchored(self) -> None:
        """Central's time comes: from now on the clock is trusted."""
        now = self.logbook.reading()
        claim = Anchor(now.wall_ms, 40, "server", now.boot, now.bt_ms, now.raw_ms)
        self.logbook.anchor(claim)

    def call(self, *calls: Order) -> None:
        """Central's orders are these from now on, also after a start."""
        number = self.orders.serial + 1 if self.orders else 1
        self.orders = Orders(number, self.node, public_hex(self.central), calls)
        self._put_orders_in_force()

    def _put_orders_in_force(self) -> None:
        self.shelf.standing = replace(self.shelf.standing, orders=self.orders)

    def look(self) -> Identification | None:
        """One turn of the loop without a dialogue."""
        self.office.before_look()
        seen = self.sensor.look()
        if seen is not None:
            self.office.saw(seen)
        return seen

    def until_running(self) -> None:
        """Turn the loop, orders included, until a dialogue runs."""
        for _ in range(2000):
            if self.office.running:
                return
            self.turn()
        raise AssertionError("nobody is called")

    def turn(self) -> None:
        """One turn of the process."""
        if self.office.running:
            self.office.turn()
        else:
            self.look()
        self.office._calls._look_at = 0.0
        self.office.heed_orders()
        self.sensor.pace.sleep(self.sensor.pace.s(0.02))

    def settle(self) -> None:
        """Turn the loop until the sensor is at work and nothing is left of a cut."""
        for _ in range(200):
            self.office._desk._recover_at = self.sensor._try_at = 0.0
            try:
                seen = self.look()
            except SensorError as error:
                if not error.retry:
                    raise
                continue
            if isinstance(seen, NoFinger | Held) and not self.office._desk.unfinished:
                return
        raise AssertionError(f"it never settles: {self.sensor.state}")

    def tap(self, person: str, finger: str) -> Identification:
        """What the door sees of this finger in everyday work."""
        self.bare()
        self.module.place(person, finger)
        try:
            for _ in range(200):
                seen = self.look()
                if seen is not None and not isinstance(seen, NoFinger | Held):
                    return seen
        finally:
            self.module.lift()
        raise AssertionError("the finger was never answered")

    def bare(self) -> None:
        """Lift, and look until the sensor has noticed."""
        self.module.lift()
        seen = 0
        while seen < 3:
            seen += isinstance(self.look(), NoFinger)
            self.sensor.pace.sleep(self.sensor.pace.s(0.11))

    def who_taps(self, person: str, finger: str) -> str | None:
        """Under whom a punch of this finger would be booked."""
        seen = self.tap(person, finger)
        roster = self.shelf.standing.roster
        assert roster is not None
        holder = roster.person_in(seen.slot) if isinstance(seen, Match) else None
        return holder.person if holder else None

    def ask(self, what: str, **fields: Any) -> dict[str, Any]:
        return self.office.handle({"what": what, **fields})

    def begin(self, person: str = "p-siti", fingers: Sequence[str] = ("right-index", "left-index")) -> None:
        self.settle()
        self.bare()
        self.ask("start", person=person, fingers=list(fingers), legal_basis="SK 1/2017", notice="v1")

    def enrol(
        self,
        person: str = "p-siti",
        fingers: Sequence[str] = ("right-index", "left-index"),
        pick: Pick | None = None,
        answer: Callable[[dict[str, Any]], Asked] = lambda _view: {},
    ) -> str:
        """The whole dialogue, with fingers that come as they are asked for; how it ended."""
        self.begin(person, fingers)
        return self.go_on(pick or as_asked(person), answer)

    def go_on(
        self,
        pick: Pick,
        answer: Callable[[dict[str, Any]], Asked] = lambda _view: {},
        until: Callable[[object], bool] = lambda _deed: False,
    ) -> str:
        """Run the dialogue to its end, or until its next deed is one to stop before.

        `answer` says what the officer answers to a question.
        """
        self.lines: list[str] = []
        shown = touches = 0
        for _ in range(3000):
            view = self.ask("status", after=shown)
            shown += len(view["lines"])
            for line in view["lines"]:
                self.lines.append(line["text"])
                touches += self._follow(line["text"], touches + 1, pick)
            if view["state"] != "running":
                self.module.lift()
                return str(view["state"])
            if until(self.office._desk._deed):
                return "stopped"
            if view["face"] or view["fingers"]:
                self.ask("step", **answer(view))
            wait_s = self.office.turn()
            self.office.heed_orders()
            if wait_s:
                self.sensor.pace.sleep(self.sensor.pace.s(0.02))
        raise AssertionError(f"it never ends: {self.lines}")

    def _follow(self, text: str, number: int, pick: Pick) -> bool:
        if text.startswith("Pengawas: tempelkan"):
            self.module.place(*self.witness)
        elif text.startswith("Angkat"):
            self.module.lift()
        elif text.startswith(("Tempelkan", "Uji")):
            asked = next(finger for finger in FINGERS if finger_name(finger) in text)
            person, finger, quality = pick(text.split(maxsplit=1)[0], number, asked)
            self.module.place(person, finger, quality=quality)
            return True
        return False

    def events(self) -> list[Event]:
        """What the journal holds of enrolments."""
        every = self.logbook.events_after(0)
        return [event for event in every if event.type in TYPES]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]

    def flash(self) -> dict[int, str]:
        """Templates by slot, as the module keeps them."""
        return {int(slot): data for slot, data in self.module.snapshot()["slots"].items()}

    def known_as(self) -> Any:
        return json.loads((self.folder / "sensor.json").read_bytes())


@contextmanager
def world(
    folder: Path, profile: str = "r503_200", *, people: int = 0, quirks: Sequence[str] = (), seed: int = 1
) -> Iterator[World]:
    bench = Bench(with_quirks(profile_named(profile), quirks), unpaced(seed))
    with PtyModule(bench, folder / "ttySENSOR", speed=SPEED) as module:
        made = World(folder, module, people=people)
        try:
            yield made
        finally:
            made.end()
