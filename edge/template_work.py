"""Does orders on the module: reads a template out, puts one in, erases. Nothing in clear leaves a method.

A finger that comes meanwhile is waited on at most for one transfer or one write: between them the glass is
looked at, and the order begins anew afterwards.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.errors import EvidenceError
from attendance.orders import Order, delivery_purpose, export_purpose
from attendance.seal import sha256_hex
from attendance.template_parcel import Parcel
from attendance.templates import Installed
from edge.errand_faults import FingerCameError, OrderRefusedError
from edge.faults import SensorError
from edge.install_intent import IntentFile
from edge.sensor_faults import SensorFault
from edge.sensor_keeper import SensorKeeper
from edge.sensor_templates import TemplateShelf

LIMIT_S = 20.0
"""Of the sensor's time, for one order. At 57600 bps one takes 1 to 3 s, at 9600 bps four times that."""
WORK_BUFFER = 1


class TemplateWork:
    """One order at a time, in the thread that owns the sensor."""

    def __init__(self, sensor: SensorKeeper, node: str, key: X25519PrivateKey, intents: IntentFile) -> None:
        """Touch nothing yet.

        Args:
            sensor: the module.
            node: id of this node, which seals are bound to.
            key: of this node, for templates.
            intents: what is being stored.
        """
        self._sensor = sensor
        self._node = node
        self._key = key
        self._intents = intents

    def export(self, order: Order, model_class: str, central_key: str) -> bytes:
        """The template of a slot, read twice and equal, sealed for central.

        Raises:
            OrderRefusedError: slot-empty, not-yours.
            SensorError: no sound answer, or the template was exchanged.
        """
        slot = order.slots[0]
        shelf = self._sensor.templates()
        with shelf.bounded(LIMIT_S):
            self._sensor.audit(slot)
            if slot in self._doubted:
                raise OrderRefusedError("not-yours", f"slot {slot} may hold another template than was stored")
            data = shelf.read_template(slot)
            shelf.overwrite(WORK_BUFFER)
        if data is None:
            raise OrderRefusedError("slot-empty", f"slot {slot} holds no template")
        parcel = Parcel(order.person, order.finger, model_class, data)
        return sealing.seal_to(central_key, parcel.encode(), export_purpose(self._node, order))

    def install(self, order: Order, sealed: bytes) -> Installed:
        """Put a template into its slot; one that is there already is left alone.

        That it is going to be stored is durable before. The note of it stays: whoever has written down that
        it is installed ends it.

        Raises:
            OrderRefusedError: bad-seal, bad-template, slot-in-use. FingerCameError: nothing has been stored.
            SensorError: no sound answer. OSError: it can't be noted.
        """
        parcel = self.opened(order, sealed)
        slot = order.slots[0]
        shelf = self._sensor.templates()
        sha256 = sha256_hex(parcel.data)
        told = Installed(order.id, order.person, order.finger, slot, order.template, sha256)
        with shelf.bounded(LIMIT_S):
            if slot in shelf.slots():
                if shelf.read_template(slot) != parcel.data:
                    raise OrderRefusedError("slot-in-use", f"slot {slot} holds another template")
                if slot in self._doubted:
                    with self._sensor.changing({slot}, {slot: sha256}):
                        pass  # it is proven now to hold what belongs there
                return told
            shelf.upload(parcel.data, WORK_BUFFER)
            shelf.settle()
            give_way(shelf)
            self._intents.begin(told)
            with self._sensor.changing({slot}, {slot: sha256}) as changing, changing.bounded(LIMIT_S):
                changing.store_uploaded(slot, parcel.data)
            self._sensor.templates().overwrite(WORK_BUFFER)
        return told

    def purge(self, order: Order) -> None:
        """Erase, and see the slots empty.

        Raises:
            SensorError: no sound answer, or they are not empty. OSError: it can't be noted.
        """
        shelf = self._sensor.templates()
        with shelf.bounded(LIMIT_S):
            there = shelf.slots() & set(order.slots)
        if there:
            with self._sensor.changing(there) as changing, changing.bounded(LIMIT_S):
                for slot in sorted(there):
                    changing.delete(slot)
        self._sensor.templates().overwrite(WORK_BUFFER)

    def look_after_cut(self, *, keep: bool) -> bool:
        """Find out what became of a template that was being stored; True if it is whole in its slot.

        Otherwise the slot is empty on return, and it is also where the template is not to be kept.

        Raises:
            SensorError: no sound answer. OSError: it can't be noted.
        """
        pending = self._intents.pending
        assert pending is not None
        slot = pending.slot
        shelf = self._sensor.templates()
        with shelf.bounded(LIMIT_S):
            if slot not in shelf.slots():
                self._sensor.keep_identity()
                return False
            if keep and self._holds(shelf, slot, pending.sha256):
                self._sensor.keep_identity({slot: pending.sha256})
                return True
            with self._sensor.changing({slot}) as changing:
                changing.delete(slot)
        return False

    @property
    def _doubted(self) -> AbstractSet[int]:
        memory = self._sensor.book.memory
        return memory.doubted.keys() if memory is not None else frozenset()

    def opened(self, order: Order, sealed: bytes) -> Parcel:
        """The template that was sent for this order.

        Raises:
            OrderRefusedError: bad-seal, bad-template.
        """
        try:
            plain = sealing.open_sealed(self._key, sealed, delivery_purpose(self._node, order))
        except sealing.SealError as error:
            raise OrderRefusedError("bad-seal", "it was not sealed for this node and order") from error
        try:
            parcel = Parcel.parse(plain)
        except EvidenceError as error:
            raise OrderRefusedError("bad-template", str(error)) from error
        wanted: Mapping[str, str] = {
            "person": order.person,
            "finger": order.finger,
            "model_class": order.model_class,
        }
        odd = [name for name, value in wanted.items() if getattr(parcel, name) != value]
        if odd:
            raise OrderRefusedError("bad-template", f"{' and '.join(odd)} differ from the order")
        return parcel

    def _holds(self, shelf: TemplateShelf, slot: int, sha256: str) -> bool:
        """Whether the slot holds the template with this hash; a torn one may have any size."""
        try:
            data = shelf.read_template(slot)
        except SensorError as error:
            if error.kind != SensorFault.TEMPLATE_SIZE:
                raise
            return False
        return data is not None and sha256_hex(data) == sha256


def give_way(shelf: TemplateShelf) -> None:
    """Look at the glass; whoever is there comes first.

    Raises:
        FingerCameError: somebody is there. SensorError: no sound answer.
    """
    if shelf.touching():
        raise FingerCameError
