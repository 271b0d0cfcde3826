"""Orders of central at one node: a real journal, the emulated module, a courier that a test walks by hand."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.chain import Event
from attendance.errors import EvidenceError
from attendance.exchange import sign_document
from attendance.orders import Do, Order, Orders, delivery_purpose, export_purpose
from attendance.seal import public_hex
from attendance.template_parcel import Parcel
from attendance.templates import TYPES
from edge import template_key
from edge.errand_office import ErrandOffice
from edge.faults import SensorError
from emulators.fingerprint_module import behind_the_back
from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.device import Device
from emulators.fingerprint_module.flash import Flash
from emulators.fingerprint_module.profiles import profile_named, with_quirks
from emulators.fingerprint_module.pty_module import PtyModule, unpaced
from tests.support.enrolment_world import SPEED, World

FINGER = "right-index"


class ErrandWorld(World):
    """A node with orders. `central` is everything that central and the courier would do."""

    errands: ErrandOffice

    def __init__(self, folder: Path, module: PtyModule, *, people: int = 0) -> None:
        self.central_x = X25519PrivateKey.generate()
        self.serial = 0
        self.templates: dict[str, Parcel] = {}
        self.handed_in: dict[str, Parcel] = {}
        self.listed: list[Order] = []
        super().__init__(folder, module, people=people)

    def start(self) -> None:
        super().start()
        key = template_key.load(self.folder / "template.key")
        self.node_key = sealing.public_hex(key)
        self.errands = ErrandOffice(self.folder, self.node, key, self.sensor, self.logbook, self.office)
        self.errands.serve(self.shelf)
        self.shelf._lay_over = lambda roster: self.sensor.book.lay_over(self.errands.lay_over(roster))
        self.sensor.book.on_doubt = self.shelf.refresh
        self.shelf.refresh()

    def _put_orders_in_force(self) -> None:
        """They are a document here, which the shelf keeps."""

    @property
    def model_class(self) -> str:
        memory = self.sensor.book.memory
        assert memory is not None
        assert memory.make is not None
        return memory.make.class_text

    # -- central

    def give(self, *orders: Order) -> None:
        """Central's list is this from now on."""
        self.serial += 1
        self.listed = list(orders)
        key = sealing.public_hex(self.central_x)
        content = Orders(self.serial, self.node, key, orders).content()
        data = sign_document(self.central, "orders", self.serial, content)
        self.shelf.accept("orders", data, public_hex(self.central))

    def template(self, person: str, finger: str = FINGER) -> bytes:
        """What another module of the same model made of this finger."""
        here = self.module.bench.device
        there = Device(here.profile, Flash.fresh(here.profile, "OTHER"), here.tempo, here.world)
        return behind_the_back.enrol(there, 0, person, finger).raw

    def install(self, slot: int, person: str = "p-siti", **change: Any) -> Order:
        return self._with_template(Do.INSTALL, f"i-{slot:012x}", person, slots=(slot,), **change)

    def search(self, person: str = "p-siti", **change: Any) -> Order:
        return self._with_template(Do.SEARCH, "s-0123456789abcdef", person, **change)

    def _with_template(self, do: Do, id_: str, person: str, **change: Any) -> Order:
        values = {"finger": FINGER, "template": f"{id_}-t", "model_class": self.model_class, **change}
        order = Order(id_, do, person, **values)
        data = self.template(person)
        self.templates[order.template] = Parcel(person, order.finger, order.model_class, data)
        return order

    # -- the courier

    def ask(self, what: str, **fields: Any) -> dict[str, Any]:
        if what not in ("errand", "errand-data", "errand-done"):
            return super().ask(what, **fields)
        try:
            return self.errands.requests()[what]({"do": what, **fields})
        except EvidenceError as error:
            return {"error": error.code}

    def sealed(self, order: Order, parcel: Parcel | None = None, key: str = "") -> bytes:
        plain = (parcel or self.templates[order.template]).encode()
        return sealing.seal_to(key or self.node_key, plain, delivery_purpose(self.node, order))

    def carry(self) -> str | None:
        """One walk of the courier; what it was for."""
        errand = self.ask("errand")["errand"]
        if errand is None:
            return None
        order = next(order for order in self.listed if order.id == errand["order"])
        if errand["what"] == "fetch":
            data = b64encode(self.sealed(order)).decode()
            assert self.ask("errand-data", order=order.id, data=data) == {}
        else:
            sealed = b64decode(errand["data"])
            plain = sealing.open_sealed(self.central_x, sealed, export_purpose(self.node, order))
            self.handed_in[order.id] = Parcel.parse(plain)
            assert self.ask("errand-done", order=order.id, code=None) == {}
        return str(errand["what"])

    # -- the node

    def step(self) -> None:
        """One turn of the loop with its orders, faults of the sensor included; all its pauses are over."""
        self.errands._look_at = self.errands._work_at = self.sensor._try_at = 0.0
        self.errands._patience._not_before.clear()
        try:
            seen = self.look()
            if seen is not None:
                self.errands.saw(seen)
        except SensorError as error:
            if not error.retry:
                raise
        else:
            self.errands.turn()
        self.sensor.pace.sleep(self.sensor.pace.s(0.02))

    def until(self, true: Callable[[], bool], turns: int = 400) -> None:
        for _ in range(turns):
            if true():
                return
            self.step()
        raise AssertionError(f"it never came: {self.told()}")

    def idle(self) -> None:
        """Let quiet moments pass in which something could be done."""
        for _ in range(40):
            self.step()

    def work(self, turns: int = 400) -> None:
        """Carry and do everything that is listed, until it has ended."""
        for _ in range(turns):
            self.carry()
            if not self.errands._listed():
                return
            self.step()
        raise AssertionError(f"it never ends: {self.told()}")

    def touch(self, person: str, finger: str = FINGER) -> None:
        """Somebody punches."""
        self.module.place(person, finger)
        for _ in range(10):
            self.step()
        self.module.lift()

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What the journal says of templates and modules, in order."""
        every: Sequence[Event] = self.logbook.events_after(0)
        return [
            (event.type, {key: value for key, value in event.content.items() if key != "salt"})
            for event in every
            if event.type in TYPES or event.content.get("what") == "slots-differ"
        ]

    def failures(self) -> list[str]:
        return [content["reason"] for type_, content in self.told() if type_ == "order-failed"]

    def enrolled_before(self, slot: int, person: str, *, in_roster: bool = True) -> None:
        """As if it had always been so: module, roster and what the node remembers of the module agree."""
        self.module.enrol(slot, person, FINGER)
        if in_roster:
            if all(row["person"] != person for row in self.roster["persons"]):
                row = {"person": person, "name": f"Orang {person}", "unit": "DISKOMINFO", "group": "umum"}
                self.roster["persons"].append(row)
            self.send_roster(**{f"s{slot}": person})
        self.acquaint()

    def acquaint(self) -> None:
        """The node meets this module, with what is in it now, for the first time."""
        self.end()
        (self.folder / "sensor.json").unlink()
        self.start()
        self.settle()

    def holder(self, slot: int) -> str | None:
        roster = self.shelf.standing.roster
        assert roster is not None
        person = roster.person_in(slot)
        return person.person if person else None

    def buffer(self, number: int) -> bytes:
        """What lies in the module's memory."""
        charfile = self.module.bench.device.ram.buffers.get(number)
        return charfile.raw if charfile else b""


def purge(*slots: int, person: str = "p-budi", id_: str = "p-0123456789ab") -> Order:
    return Order(id_, Do.PURGE, person, slots=slots, reason="left")


def export(slot: int = 7, person: str = "p-budi") -> Order:
    return Order(f"x-{slot}-01234567", Do.EXPORT, person, slots=(slot,), finger=FINGER)


@contextmanager
def errand_world(
    folder: Path, profile: str = "r503_200", *, people: int = 0, quirks: Sequence[str] = (), seed: int = 1
) -> Iterator[ErrandWorld]:
    bench = Bench(with_quirks(profile_named(profile), quirks), unpaced(seed))
    with PtyModule(bench, folder / "ttySENSOR", speed=SPEED) as module:
        made = ErrandWorld(folder, module, people=people)
        try:
            made.settle()
            yield made
        finally:
            made.end()


def changed(parcel: Parcel, **change: Any) -> Parcel:
    return replace(parcel, **change)
