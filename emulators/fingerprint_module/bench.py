"""A module on a bench: hands that put fingers on it, pull its plug and script its faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulators.fingerprint_module import behind_the_back, flash
from emulators.fingerprint_module.device import Device, Touch
from emulators.fingerprint_module.faults import STATE_CHANGES, Fault, When
from emulators.fingerprint_module.hex_log import HexLog
from emulators.fingerprint_module.mixing import MixedFaults
from emulators.fingerprint_module.module import Module
from emulators.fingerprint_module.profiles import Profile
from emulators.fingerprint_module.rehearsing import rehearse
from emulators.fingerprint_module.tempo import Tempo
from emulators.fingerprint_module.wake_pin import WakePin
from emulators.fingers import Fingers


class BenchError(ValueError):
    """Something that cannot be done to the module now; the sentence says why."""


class Bench:
    """One module and everything that can be done to it from outside its line."""

    def __init__(
        self,
        profile: Profile,
        tempo: Tempo,
        *,
        flash_path: Path | None = None,
        serial: str = "EMU00001",
        log: HexLog | None = None,
    ) -> None:
        kept = (
            flash.Flash.fresh(profile, serial)
            if flash_path is None
            else flash.load(flash_path, profile, serial)
        )
        self.device = Device(profile, kept, tempo, Fingers(tempo.seed))
        self.module = Module(self.device, log)
        self.module.change_state = self._change
        self.wake_pin = WakePin(self.module)
        self._flash_path = flash_path
        self.plug_out: Callable[[], None] = lambda: None
        self.plug_in: Callable[[Path | None], None] = lambda _link: None
        self.plugged = True

    def save_flash(self) -> None:
        """Bring the flash file up to date, if there is one and something changed."""
        if self._flash_path is not None and self.device.flash.dirty:
            flash.save(self.device.flash, self._flash_path)

    def place(self, touch: Touch) -> None:
        """Put a finger on the glass, instead of whatever lies there."""
        self.device.touch = touch
        self.module.wake_up()
        self.module.log.add(self.module.now_ms, "event", f"finger {touch.person}/{touch.finger}")
        self.wake_pin.finger_changed()

    def lift(self) -> None:
        """Take the finger off."""
        if self.device.touch is not None:
            self.device.touch = None
            self.module.log.add(self.module.now_ms, "event", "lifted")
            self.wake_pin.finger_changed()

    def tap(self, touch: Touch, hold_ms: float) -> None:
        """Put a finger on the glass and take it off after so long in module time."""
        self.place(touch)

        def lift_this() -> None:
            if self.device.touch is touch:
                self.lift()

        self.module.schedule(self.module.now_ms + hold_ms, lift_this, always=True)

    def fault(
        self, kind: str, when: dict[str, Any], *, inbound: bool, args: dict[str, Any], seed: int = 0
    ) -> Fault:
        """Install a fault; a change of state without any condition happens at once.

        Raises:
            FaultError: the kind, the condition or the direction makes no sense.
        """
        condition = When.parse(when)
        rehearse(kind, args)
        if kind not in STATE_CHANGES:
            return self.module.faults.install(kind, condition, inbound=inbound, args=args, seed=seed)
        only_at = condition == When(from_ms=condition.from_ms)
        fault = self.module.faults.install(kind, condition, inbound=inbound, args=args, seed=seed)
        if only_at:
            self.module.faults.outbound.remove(fault)
            if condition.at_once:
                self._change(fault)
            else:
                self.module.schedule(condition.from_ms or 0.0, lambda: self._change(fault), always=True)
        return fault

    def _change(self, fault: Fault) -> None:
        self.module.log.add(self.module.now_ms, "event", fault.kind)
        if fault.kind == "unplug":
            self._pull(fault)
        else:
            behind_the_back.CHANGES[fault.kind](self.module, fault.args)

    def _pull(self, fault: Fault) -> None:
        if not self.plugged:
            return
        self.unplug()
        after_ms = fault.args.get("replug_after_ms")
        if after_ms is None:
            return
        link = fault.args.get("link")
        again = Path(link) if link else None

        def plug() -> None:
            if not self.plugged:
                self.replug(again)

        self.module.schedule(self.module.now_ms + float(after_ms), plug, always=True)

    def mix_faults(self, mixed: MixedFaults | None) -> None:
        """Begin (or with None end) the weather of mixed faults."""
        self.module.mixed = mixed

    def clear_faults(self) -> None:
        """No more faults; a module that hangs goes on hanging until its power is cut."""
        self.module.faults.clear()
        self.module.mixed = None
        self.device.flaws = set()

    def unplug(self) -> None:
        """Pull the plug: the port vanishes and the module loses power.

        Raises:
            BenchError: it is not plugged in.
        """
        if not self.plugged:
            raise BenchError("the module is not plugged in")
        self.plugged = False
        self.module.power_off()
        self.plug_out()

    def replug(self, link: Path | None) -> None:
        """Plug it in again, under the same or another name.

        Raises:
            BenchError: it is plugged in.
        """
        if self.plugged:
            raise BenchError("the module is plugged in already")
        self.plugged = True
        self.plug_in(link)
        self.module.power_on()

    def state(self) -> dict[str, Any]:
        """How things stand."""
        module, device = self.module, self.device
        touch = device.touch
        return {
            "profile": device.profile.name,
            "now_ms": module.now_ms,
            "plugged": self.plugged,
            "powered": module.powered,
            "ready": module.ready,
            "quiet": module.quiet,
            "hung": module.hung,
            "finger": None if touch is None else {"person": touch.person, "finger": touch.finger},
            "serial": device.flash.serial,
            "capacity": device.profile.capacity,
            "slots": sorted(device.flash.library.slots),
            "level": device.flash.level,
            "baud": device.flash.baud,
            "password_given": device.ram.password_given,
            "lamp": device.ram.lamp.hex(),
            "wake_level": self.wake_pin.level,
        }
