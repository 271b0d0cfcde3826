"""An answer on its way out, and what faults make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emulators.fingerprint_module.codes import Code, Op
from emulators.fingerprint_module.damage import DAMAGES
from emulators.fingerprint_module.device import Device, Reply
from emulators.fingerprint_module.faults import Fault
from emulators.fingerprint_module.wire import Pid, encode, split_data

_ENDLESS_ROUNDS = 40


@dataclass(slots=True)
class Outgoing:
    """Packets in order, and how they are sent.

    Attributes:
        packets: what goes over the line.
        delay_ms: before the first byte.
        byte_gap_ms: one byte each so many ms; 0 is the line's own pace.
        after_commands: hold everything back until so many further commands have come.
    """

    packets: list[bytes] = field(default_factory=list)
    delay_ms: float = 0.0
    byte_gap_ms: float = 0.0
    after_commands: int = 0


def outgoing(device: Device, opcode: int, ack_bytes: int, reply: Reply, faults: list[Fault]) -> Outgoing:
    """The packets of a reply, spoiled by the faults of its exchange."""
    content = reply.content
    for fault in faults:
        content = change_content(content, opcode, fault)
    if not content:
        return Outgoing()
    if device.profile.pad_errors and content[0] != Code.OK:
        content = content.ljust(ack_bytes, b"\x00")
    address = device.flash.address
    out = Outgoing([encode(Pid.ACK, content, address)])
    if reply.data and content[0] == Code.OK:
        out.packets += split_data(reply.data, device.flash.packet_bytes, address)
    for fault in faults:
        spoil(out, fault, address)
    return out


def change_content(content: bytes, opcode: int, fault: Fault) -> bytes:
    """The acknowledgement's content after a fault that changes what it says."""
    change = _CONTENT.get(fault.kind)
    return content if change is None else change(content, opcode, fault)


def spoil(out: Outgoing, fault: Fault, address: bytes) -> None:
    """Do to the packets, or to the way they are sent, what the fault does."""
    damage = DAMAGES.get(fault.kind)
    if damage is not None:
        # In a stream of packets any one may be hit; `packet` names it.
        at = fault.args.get("packet")
        index = fault.random.randrange(len(out.packets)) if at is None else int(at) % len(out.packets)
        if out.packets[index]:
            out.packets[index] = damage(out.packets[index], fault.random, fault.args)
        return
    act = _PLAN.get(fault.kind)
    if act is not None:
        act(out, fault, address)


def _stale_id(content: bytes, opcode: int, fault: Fault) -> bytes:
    """An error of a search with an id and a score in its fields all the same."""
    if opcode not in (Op.Search, Op.HiSpeedSearch) or content[:1] == b"\x00":
        return content
    number, score = int(fault.args.get("id", 1)), int(fault.args.get("score", 0))
    return content[:1] + number.to_bytes(2, "big") + score.to_bytes(2, "big")


def _answer_code(content: bytes, _opcode: int, fault: Fault) -> bytes:
    """Another code: in a short acknowledgement, or with `keep_length` in one of the same length."""
    code = bytes((int(fault.args.get("code", 1)) & 0xFF,))
    return code + content[1:] if fault.args.get("keep_length") else code


def _place(out: Outgoing, fault: Fault, raw: bytes) -> None:
    out.packets.insert(0 if fault.args.get("where", "before") == "before" else len(out.packets), raw)


def _extra_ack(out: Outgoing, fault: Fault, address: bytes) -> None:
    _place(out, fault, encode(Pid.ACK, bytes((int(fault.args.get("code", 1)) & 0xFF,)), address))


def _noise(out: Outgoing, fault: Fault, _address: bytes) -> None:
    _place(out, fault, bytes.fromhex(fault.args.get("hex", "55")))


def _silence(out: Outgoing, _fault: Fault, _address: bytes) -> None:
    out.packets.clear()


def _stall(out: Outgoing, fault: Fault, _address: bytes) -> None:
    out.delay_ms += float(fault.args.get("ms", 500.0))


def _late(out: Outgoing, fault: Fault, _address: bytes) -> None:
    out.after_commands = int(fault.args.get("commands", 1))
    out.delay_ms += float(fault.args.get("ms", 0.0))


def _dribble(out: Outgoing, fault: Fault, _address: bytes) -> None:
    out.byte_gap_ms = float(fault.args.get("ms", 5.0))


def _endless(out: Outgoing, fault: Fault, address: bytes) -> None:
    """An upload without an end (DY50, Arduino library #85)."""
    data = [packet[9:-2] for packet in out.packets[1:]]
    rounds = int(fault.args.get("rounds", _ENDLESS_ROUNDS))
    out.packets[1:] = [encode(Pid.DATA, piece, address) for piece in data] * rounds


_CONTENT: Mapping[str, Callable[[bytes, int, Fault], bytes]] = {
    "stale_id": _stale_id,
    "answer_code": _answer_code,
}
_PLAN: Mapping[str, Callable[[Outgoing, Fault, bytes], None]] = {
    "extra_ack": _extra_ack,
    "noise": _noise,
    "silence": _silence,
    "stall": _stall,
    "late": _late,
    "dribble": _dribble,
    "endless_upchar": _endless,
}
