"""Changes of state that the host did not ask for, as faults of the kind `STATE_CHANGES`."""

from collections.abc import Callable, Mapping
from typing import Any

from emulators import fingers
from emulators.fingerprint_module.device import Device
from emulators.fingerprint_module.faults import FaultError
from emulators.fingerprint_module.flash import CharFile, Flash
from emulators.fingerprint_module.module import Module

Args = Mapping[str, Any]


def enrol(
    device: Device, slot: int, person: str, finger: str, *, captures: int = 3, quality: float = 0.9
) -> CharFile:
    """Write a merged template straight into flash, as if an enrolment had been done long ago."""
    if not 0 <= slot < device.profile.capacity:
        raise FaultError(f"slot must lie between 0 and {device.profile.capacity - 1}, not {slot}")
    if captures < 1:
        raise FaultError("an enrolment takes at least one capture")
    # Numbers no touch ever gets, so that a punch never shows the very capture that was enrolled.
    parts = [
        device.world.capture(person, finger, 1_000_000 + number, quality).minutiae
        for number in range(captures)
    ]
    model = device.charfile(fingers.merge(parts, fingers.room(device.profile.template_bytes)))
    device.flash.write_slot(slot, model)
    return model


def _fill(module: Module, _args: Args) -> None:
    device = module.device
    for slot in range(device.profile.capacity):
        if slot not in device.flash.library.slots:
            enrol(device, slot, f"filler-{slot}", "thumb", captures=1)


def _exchange(module: Module, args: Args) -> None:
    flash = module.device.flash
    first, second = int(args["a"]), int(args["b"])
    one, other = flash.library.slots.get(first), flash.library.slots.get(second)
    flash.write_slot(first, other)
    flash.write_slot(second, one)


def swap(module: Module, args: Args) -> None:
    """Another module of the same model on the same wires: other serial, its own flash, powered anew.

    A copyist may have read the old one's library, and its notepad with that; `keep_notepad` false is one who
    forgot the notepad. `keep_secret`: it has got the same password and address.
    """
    old = module.device.flash
    fresh = Flash.fresh(module.device.profile, str(args.get("serial", "EMU99999")))
    if args.get("keep_library"):
        fresh.library = old.library
        if args.get("keep_notepad", True):
            fresh.notepad = old.notepad
    if args.get("keep_secret"):
        fresh.password, fresh.address = old.password, old.address
    _put_in(module, fresh)


def restore(module: Module, values: dict[str, Any]) -> None:
    """The same module with its flash as in an earlier snapshot.

    Raises:
        FlashFileError: that is no snapshot of this profile.
    """
    _put_in(module, Flash.from_json(values, module.device.profile))


def _put_in(module: Module, flash: Flash) -> None:
    was_on = module.powered
    module.power_off()
    module.device.flash = flash
    if was_on:
        module.power_on()


def _noise(module: Module, args: Args) -> None:
    raw = bytes.fromhex(args.get("hex", "55"))
    every_ms, count = float(args.get("every_ms", 100.0)), int(args.get("count", 1))
    for number in range(count):
        module.schedule(module.now_ms + number * every_ms, lambda: _when_idle(module, raw))


def _when_idle(module: Module, raw: bytes) -> None:
    module.transmit(raw)


def _set(name: str, read: Callable[[Args], Any]) -> Callable[[Module, Args], None]:
    def change(module: Module, args: Args) -> None:
        setattr(module.device.flash, name, read(args))
        module.device.flash.dirty = True
        module.device.ram.password_given = module.device.ram.password_given and name != "password"

    return change


def _brown_out(module: Module, args: Args) -> None:
    module.brown_outs = int(args.get("loops", 3))
    module.reboot()


CHANGES: Mapping[str, Callable[[Module, Args], None]] = {
    "baud_changed": _set("baud_multiple", lambda args: int(args["multiple"])),
    "password_set": _set("password", lambda args: _four(args, "password")),
    "address_changed": _set("address", lambda args: _four(args, "address")),
    "library_full": _fill,
    "library_emptied": lambda module, _args: module.device.flash.clear(),
    "slot_lost": lambda module, args: module.device.flash.write_slot(int(args["slot"]), None),
    "slots_exchanged": _exchange,
    "swapped": swap,
    "idle_noise": _noise,
    "power_off": lambda module, _args: module.power_off(),
    "brown_out": _brown_out,
}


def _four(args: Args, name: str) -> bytes:
    raw = bytes.fromhex(str(args[name]))
    if len(raw) != 4:
        raise FaultError(f"{name} must be 4 bytes, not {len(raw)}")
    return raw
