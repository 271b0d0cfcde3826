"""A fingerprint module in virtual time, for tests that need neither a pty nor a thread."""

from dataclasses import replace
from typing import Any

from emulators.fingerprint_module import wire
from emulators.fingerprint_module.behind_the_back import enrol
from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.device import Touch
from emulators.fingerprint_module.profiles import profile_named
from emulators.fingerprint_module.tempo import Tempo

ADDRESS = b"\xff" * 4


class Desk:
    """One booted module; `ask` sends a command and returns the contents of what comes back."""

    def __init__(self, profile: str = "r503_200", tempo: Tempo | None = None, **quirks: Any) -> None:
        kind = replace(profile_named(profile), **quirks)
        self.bench = Bench(kind, tempo or Tempo(1, work_scale=0.0, paced=False))
        self.device, self.module = self.bench.device, self.bench.module
        self.module.power_on()
        self.boot_bytes = self.wait(kind.work.boot + 1)

    def wait(self, ms: float) -> bytes:
        """Let module time pass; returns what came meanwhile."""
        self.module.advance(self.module.now_ms + ms)
        return b"".join(piece for _, piece in self.module.take_output())

    def send(self, raw: bytes, wait_ms: float = 5000.0) -> bytes:
        """Raw bytes in, raw bytes out."""
        self.module.receive(raw, self.module.now_ms)
        return self.wait(wait_ms)

    def raw(self, *payload: int, wait_ms: float = 5000.0) -> bytes:
        """A command in a good packet, raw bytes out."""
        return self.send(wire.encode(wire.Pid.COMMAND, bytes(payload), self.device.flash.address), wait_ms)

    def ask(self, *payload: int, wait_ms: float = 5000.0) -> bytes:
        """A command; the content of its acknowledgement, empty if nothing came."""
        frames = contents(self.raw(*payload, wait_ms=wait_ms))
        return frames[0] if frames else b""

    def place(self, person: str, finger: str = "thumb", quality: float = 0.9) -> None:
        self.bench.place(Touch(person, finger, quality, 0.0, 0.0))

    def enrol(self, slot: int, person: str, finger: str = "thumb") -> bytes:
        return enrol(self.device, slot, person, finger).raw

    def capture(self, person: str, buffer: int = 1, quality: float = 0.9) -> int:
        """Finger down, image, features, finger up; the code of the features."""
        self.place(person, quality=quality)
        assert self.ask(0x01) == b"\x00"
        code = self.ask(0x02, buffer)[0]
        self.bench.lift()
        return code

    def capture_anyhow(self) -> None:
        """A punch of which any part may fail."""
        self.place("p1")
        for payload in (b"\x01", b"\x02\x01", bytes.fromhex("04 01 0000 00C8")):
            self.raw(*payload, wait_ms=2000)
        self.bench.lift()

    def search(self, start: int = 0, count: int = 0xFFFF) -> bytes:
        return self.ask(0x04, 1, *start.to_bytes(2, "big"), *count.to_bytes(2, "big"))

    def fault(
        self, kind: str, when: dict[str, Any] | None = None, inbound: bool = False, **args: Any
    ) -> None:
        self.bench.fault(kind, when or {}, inbound=inbound, args=args)

    def memory(self) -> dict[str, Any]:
        """What a bad frame must not change."""
        return {"flash": self.device.flash.as_json(), "buffers": dict(self.device.ram.buffers)}


def frames(raw: bytes) -> list[wire.Frame]:
    return wire.Decoder().feed(raw)


def contents(raw: bytes) -> list[bytes]:
    return [frame.content for frame in frames(raw)]
