"""The module as a state machine without I/O: bytes and module time in, timed bytes out.

`receive` takes what the host wrote, `advance` runs everything due, `take_output` gives what has left the
module, `next_due_ms` says when to come back. Work, stalls, boots and paced bytes are all events on one heap.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from emulators.fingerprint_module.codes import Code, Op
from emulators.fingerprint_module.damage import DAMAGES
from emulators.fingerprint_module.device import Device, Ram, Reply
from emulators.fingerprint_module.faults import FLAWS, STATE_CHANGES, Fault, FaultBook
from emulators.fingerprint_module.hex_log import HexLog
from emulators.fingerprint_module.instructions import INSTRUCTIONS
from emulators.fingerprint_module.interrupting import flaw_applies, half_written
from emulators.fingerprint_module.mixing import MixedFaults
from emulators.fingerprint_module.refusing import refusal
from emulators.fingerprint_module.sending import Outgoing, outgoing
from emulators.fingerprint_module.steps import Steps
from emulators.fingerprint_module.transfer_instructions import close_phase, take_data
from emulators.fingerprint_module.wire import Decoder, Frame, Pid, encode

SLICE_BYTES = 16
USB_SLICE_BYTES = 62
INTER_BYTE_GAP_MS = 100.0
_OP_AT = 9


@dataclass(slots=True)
class Exchange:
    """A command being worked on."""

    opcode: int
    ack_bytes: int
    faults: list[Fault]
    steps: Steps
    alive: bool = True


@dataclass(slots=True)
class _Held:
    """An answer kept back until further commands have come."""

    commands: int
    release: Callable[[], None]


class Module:
    """One powered or unpowered module on one line."""

    def __init__(self, device: Device, log: HexLog | None = None) -> None:
        self.device = device
        self.agenda = device.agenda
        self.faults = FaultBook()
        self.mixed: MixedFaults | None = None
        self.log = log or HexLog()
        self.line_matches: Callable[[], bool] = lambda: True
        """Whether the host's line settings are the module's; garbage otherwise."""
        self.change_state: Callable[[Fault], None] = lambda _fault: None
        """Does a fault of `STATE_CHANGES`."""
        self.powered = False
        self.ready = False
        self.hung = False
        self.asleep = False
        self.brown_outs = 0
        self._output: list[tuple[float, bytes]] = []
        self._decoder = Decoder()
        self._rx_free_ms = self._tx_free_ms = 0.0
        self._last_rx_ms = 0.0
        self._running: Exchange | None = None
        self._held: _Held | None = None
        self._queue: deque[Frame] = deque()
        garbling = list(range(256))
        random.Random(f"garble|{device.tempo.seed}").shuffle(garbling)
        self._garbling = bytes(garbling)
        device.restart = self.reboot
        device.stand_by = self._stand_by

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> float:
        """Module time."""
        return self.agenda.now_ms

    def schedule(self, at_ms: float, act: Callable[[], None], *, always: bool = False) -> None:
        """Do something at a module time; it is forgotten at a power loss unless `always`."""
        self.agenda.schedule(at_ms, act, always=always)

    def next_due_ms(self) -> float | None:
        """When to come back, None if nothing is planned."""
        return self.agenda.next_due_ms()

    def advance(self, now_ms: float) -> None:
        """Run all events up to this module time."""
        self.agenda.run(now_ms)

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way to the host."""
        return self.now_ms >= self._tx_free_ms

    def take_output(self) -> list[tuple[float, bytes]]:
        """(time of the last byte, bytes) that have left the module since the last call."""
        output, self._output = self._output, []
        return output

    # -- power -----------------------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Apply power: deaf until booted."""
        if not self.powered:
            self.powered = True
            self.hung = False
            self._boot()

    def power_off(self) -> None:
        """Cut power: RAM, running work and unsent bytes are gone; flash stays."""
        self.powered = False
        self._forget()

    def reboot(self) -> None:
        """Restart on its own: SoftRst, a dip of the supply, a crash."""
        self._forget()
        if self.powered:
            self._boot()

    def _forget(self) -> None:
        self.agenda.forget()
        self.ready = False
        self.device.ram = Ram()
        self.device.awaiting = None
        self._running = self._held = None
        self._queue.clear()
        self._decoder.reset()
        self._rx_free_ms = self._tx_free_ms = self.now_ms
        self.log.add(self.now_ms, "event", "RAM lost")

    def _stand_by(self) -> None:
        self.asleep = True

    def wake_up(self) -> None:
        """A finger ends standby."""
        self.asleep = False

    def _boot(self) -> None:
        self.asleep = False
        self.schedule(self.now_ms + self.device.profile.work.boot, self._booted)

    def _booted(self) -> None:
        self.ready = True
        self.log.add(self.now_ms, "event", "booted")
        profile = self.device.profile
        if profile.ready_byte:
            self.transmit(b"\x00\x55" if profile.ready_glitch else b"\x55")
        if self.brown_outs:
            self.brown_outs -= 1
            self.reboot()

    # -- line in ---------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now_ms: float) -> None:
        """Bytes the host wrote, all at this moment; with pacing they take their time to arrive."""
        self.advance(now_ms)
        if not self.ready:
            self.log.add(now_ms, "deaf", data)
            return
        if not self.line_matches():
            # The line's speed may change before the bytes would have arrived; garbage is garbage at once.
            self.device.counters["garbled_in"] += 1
            self.log.add(now_ms, "noise", data.translate(self._garbling))
            return
        data = self._spoiled(data)
        self.log.add(now_ms, "in", data)
        tempo = self.device.tempo
        if self._decoder.partial and now_ms - self._last_rx_ms > INTER_BYTE_GAP_MS * tempo.host_wait_scale:
            self.device.counters["partial_dropped"] += 1
            self._decoder.reset()
        byte_ms = tempo.byte_ms(self.device.flash.baud)
        begin_ms = max(now_ms, self._rx_free_ms)
        self._rx_free_ms = self._last_rx_ms = begin_ms + len(data) * byte_ms
        for frame in self._decoder.feed(data):
            if byte_ms:
                arrival_ms = begin_ms + (frame.last_at + 1) * byte_ms
                self.schedule(arrival_ms, lambda frame=frame: self._arrived(frame))  # type: ignore[misc]
            else:
                self._arrived(frame)

    def _spoiled(self, data: bytes) -> bytes:
        opcode = data[_OP_AT] if len(data) > _OP_AT else -1
        faults = self.faults.striking(opcode, self.now_ms, inbound=True)
        mixed = self.mixed.inbound() if self.mixed is not None else None
        for fault in [*faults, mixed] if mixed is not None else faults:
            self._note(fault)
            if fault.kind == "silence":
                return b""
            if data:
                data = DAMAGES[fault.kind](data, fault.random, fault.args)
        return data

    def _arrived(self, frame: Frame) -> None:
        device = self.device
        if not self.ready or self.hung or self.asleep:
            return
        if device.awaiting is not None and self.now_ms > device.awaiting.deadline_ms:
            close_phase(device, whole=False)
        if frame.address != device.flash.address:
            device.counters["foreign_address"] += 1
            if device.profile.wrong_address_code and self._running is None:
                self.transmit(encode(Pid.ACK, bytes((Code.WRONG_ADDRESS,)), device.flash.address))
        elif frame.pid in (Pid.DATA, Pid.END):
            self._data(frame)
        elif not frame.sum_ok:
            device.counters["bad_sum"] += 1
            if self._running is None:
                self.transmit(encode(Pid.ACK, bytes((Code.RECEIVE_ERROR,)), device.flash.address))
        elif frame.pid == Pid.COMMAND:
            self._command(frame)

    def _data(self, frame: Frame) -> None:
        if self.device.awaiting is None:
            self.device.counters["stray_data"] += 1
            return
        reply = take_data(self.device, frame)
        if reply is not None:
            self.transmit(encode(Pid.ACK, reply.content, self.device.flash.address))

    def _command(self, frame: Frame) -> None:
        running = self._running
        if running is None:
            self._start(frame)
            return
        if running.opcode in (Op.AutoEnroll, Op.AutoIdentify) and frame.content[0] == Op.Cancel:
            running.alive = False
            self._running = None
            self._start(frame)
            return
        room = self.device.profile.buffered_commands if self._held is None else self._held.commands
        if len(self._queue) < room:
            self._queue.append(frame)
        else:
            self.device.counters["dropped_busy"] += 1
        held = self._held
        if held is not None and len(self._queue) >= held.commands:
            self._held = None
            held.release()

    # -- work ------------------------------------------------------------------------------------------------

    def _start(self, frame: Frame) -> None:
        device, opcode = self.device, frame.content[0]
        device.counters["commands"] += 1
        if device.awaiting is not None:
            close_phase(device, whole=False)
        faults = self.faults.striking(opcode, self.now_ms)
        if self.mixed is not None:
            drawn = self.mixed.outbound()
            if drawn is not None:
                faults.append(drawn)
        if faults or device.flaws:
            self._prepare(faults, frame.content)
            if not self.ready or self.hung:
                return
        instruction = INSTRUCTIONS.get(opcode)
        ack_bytes = 1 if instruction is None else instruction.ack_bytes
        running = Exchange(opcode, ack_bytes, faults, self._steps(frame.content, faults))
        self._running = running
        turnaround_ms = device.tempo.turnaround_ms()
        if turnaround_ms:
            self.schedule(self.now_ms + turnaround_ms, lambda: self._step(running))
        else:
            self._step(running)

    def _prepare(self, faults: list[Fault], content: bytes) -> None:
        device = self.device
        for fault in faults:
            self._note(fault)
            if fault.kind in STATE_CHANGES:
                self.change_state(fault)
            elif fault.kind == "hang":
                self.hung = True
        device.flaws = {
            fault.kind for fault in faults if fault.kind in FLAWS and flaw_applies(device, fault, content)
        }

    def _steps(self, content: bytes, faults: list[Fault]) -> Steps:
        device = self.device
        refused = refusal(device, content)
        if refused is not None:
            return refused
        for fault in faults:
            if fault.kind == "reboot" and fault.args.get("at") == "mid_flash_write":
                return half_written(device, content, str(fault.args.get("outcome", "old")))
        return INSTRUCTIONS[content[0]].run(device, content[1:])

    def _step(self, running: Exchange) -> None:
        epoch = self.agenda.epoch
        while running.alive and epoch == self.agenda.epoch:
            try:
                step = next(running.steps)
            except StopIteration as done:
                self._answer(running, done.value)
                return
            if isinstance(step, bytes):
                self.transmit(encode(Pid.ACK, step, self.device.flash.address))
            elif step > 0.0:
                self.schedule(self.now_ms + step, lambda: self._step(running))
                return

    # -- line out --------------------------------------------------------------------------------------------

    def _answer(self, running: Exchange, reply: Reply) -> None:
        reboot = next((fault for fault in running.faults if fault.kind == "reboot"), None)
        if reboot is not None and reboot.args.get("at", "before_ack") == "before_ack":
            self.reboot()
            return
        out = outgoing(self.device, running.opcode, running.ack_bytes, reply, running.faults)

        def leave() -> None:
            end_ms = self._send(out)
            if end_ms > self.now_ms:
                self.schedule(end_ms, left)
            else:
                left()

        def left() -> None:
            if reply.after is not None:
                reply.after()
            if reboot is not None:
                self.reboot()
            elif self._running is running:
                self._idle()

        if out.after_commands:
            self._held = _Held(out.after_commands, leave)
        else:
            leave()

    def _idle(self) -> None:
        self._running = None
        if self._queue:
            self._start(self._queue.popleft())

    def _send(self, out: Outgoing) -> float:
        end_ms = self.now_ms
        start_ms = self.now_ms + out.delay_ms
        for packet in out.packets:
            end_ms = self.transmit(packet, start_ms, out.byte_gap_ms)
        return end_ms

    def transmit(self, raw: bytes, start_ms: float = 0.0, byte_gap_ms: float = 0.0) -> float:
        """Put bytes on the line behind those already there; returns when the last one has left."""
        tempo = self.device.tempo
        at_ms = max(self.now_ms, start_ms, self._tx_free_ms)
        byte_ms = max(tempo.byte_ms(self.device.flash.baud), byte_gap_ms)
        size = 1 if byte_gap_ms else USB_SLICE_BYTES if tempo.usb_latency_ms else SLICE_BYTES
        if not byte_ms and not tempo.usb_latency_ms:
            size = max(1, len(raw))
        for at in range(0, len(raw), size):
            piece = raw[at : at + size]
            at_ms += len(piece) * byte_ms
            due_ms = at_ms + (tempo.usb_latency_ms if len(piece) < USB_SLICE_BYTES else 0.0)
            if due_ms > self.now_ms:
                self.schedule(due_ms, lambda piece=piece: self._emit(piece))  # type: ignore[misc]
            else:
                self._emit(piece)
        self._tx_free_ms = at_ms
        return at_ms

    def _emit(self, piece: bytes) -> None:
        if not self.line_matches():
            self.device.counters["garbled_out"] += 1
            piece = piece.translate(self._garbling)
        self.log.add(self.now_ms, "out", piece)
        self._output.append((self.now_ms, piece))

    def _note(self, fault: Fault) -> None:
        self.device.counters["faults"] += 1
        self.device.counters[f"fault_{fault.kind}"] += 1
        self.log.add(self.now_ms, "fault", f"{fault.kind} #{fault.number}")
