"""The control requests as methods, the same for a module in this process and for one behind a socket."""

from abc import ABC, abstractmethod
from typing import Any


class ControlError(RuntimeError):
    """The emulator refused; the sentence is its own."""


class Commands(ABC):
    """Everything a test does to the module from outside its line."""

    @abstractmethod
    def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request, return the answer as it is."""

    def _ask(self, what: str, **values: Any) -> dict[str, Any]:
        answer = self.do({"do": what, **values})
        if not answer.get("ok"):
            raise ControlError(str(answer.get("error")))
        return answer

    def place(self, person: str, finger: str, **how: float) -> None:
        """Put a finger on the glass; `quality`, `shift`, `wear` from 0 to 1."""
        self._ask("place", person=person, finger=finger, **how)

    def lift(self) -> None:
        """Take the finger off."""
        self._ask("lift")

    def tap(self, person: str, finger: str, hold_ms: float = 800.0, **how: float) -> None:
        """Place, and lift after `hold_ms` of module time."""
        self._ask("tap", person=person, finger=finger, hold_ms=hold_ms, **how)

    def enrol(self, slot: int, person: str, finger: str, captures: int = 3, quality: float = 0.9) -> None:
        """Write a template into flash without any traffic."""
        self._ask("enrol", slot=slot, person=person, finger=finger, captures=captures, quality=quality)

    def erase(self, slot: int) -> None:
        """Erase one slot."""
        self._ask("erase", slot=slot)

    def erase_all(self) -> None:
        """Erase all slots."""
        self._ask("erase_all")

    def fault(
        self,
        kind: str,
        when: dict[str, Any] | None = None,
        direction: str = "out",
        args: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> int:
        """Install a fault; returns its number."""
        answer = self._ask("fault", kind=kind, when=when or {}, dir=direction, args=args or {}, seed=seed)
        return int(answer["id"])

    def clear_faults(self) -> None:
        """No more faults."""
        self._ask("clear_faults")

    def mixed_faults(self, rate: float, seed: int = 0, **how: Any) -> None:
        """Faults of all kinds at a probability; `kinds`, `stall_ms`, `dribble_ms`."""
        self._ask("mixed_faults", rate=rate, seed=seed, **how)

    def power(self, on: bool) -> None:
        """Switch the supply."""
        self._ask("power", on=on)

    def unplug(self) -> None:
        """Pull the plug."""
        self._ask("unplug")

    def replug(self, link: str | None = None) -> None:
        """Plug in again, under another name if one is given."""
        self._ask("replug", link=link)

    def twin(self, of_person: str, of_finger: str, person: str, finger: str, share: float = 0.4) -> None:
        """Make one finger resemble another."""
        self._ask("twin", pA=of_person, fA=of_finger, pB=person, fB=finger, share=share)

    def swap(self, serial: str, *, keep_library: bool = False, **kept: bool) -> None:
        """Put another module on the same wires; `keep_notepad`, `keep_secret` as in `behind_the_back`."""
        self._ask("swap", serial=serial, keep_library=keep_library, **kept)

    def restore(self, flash: dict[str, Any]) -> None:
        """Put the flash of an earlier `snapshot` back, and power the module anew."""
        self._ask("restore", flash=flash)

    def state(self) -> dict[str, Any]:
        """How things stand."""
        return self._ask("state")

    def snapshot(self) -> dict[str, Any]:
        """The flash."""
        flash: dict[str, Any] = self._ask("snapshot")["flash"]
        return flash

    def log(self, last: int = 100) -> list[dict[str, Any]]:
        """The newest entries of the log."""
        entries: list[dict[str, Any]] = self._ask("log", last=last)["log"]
        return entries

    def counters(self) -> dict[str, int]:
        """What was counted so far."""
        counters: dict[str, int] = self._ask("counters")["counters"]
        return counters
