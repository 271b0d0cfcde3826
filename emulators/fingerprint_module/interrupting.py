"""Power cuts and failures inside a flash write."""

from emulators.fingerprint_module.codes import Op
from emulators.fingerprint_module.device import Device, Reply
from emulators.fingerprint_module.faults import Fault
from emulators.fingerprint_module.flash import CharFile
from emulators.fingerprint_module.steps import FLASH_WRITE_MS, Steps, two


def written_slot(content: bytes) -> int | None:
    """The slot a command writes or erases first, None if it writes no slot."""
    if content[0] == Op.Store and len(content) >= 4:
        return two(content, 2)
    if content[0] == Op.DeletChar and len(content) >= 3:
        return two(content, 1)
    return None


def flaw_applies(device: Device, fault: Fault, content: bytes) -> bool:
    """Whether a flaw concerns this command: a flash failure may be bound to a slot or a number of writes."""
    slot, writes = fault.args.get("slot"), fault.args.get("after_writes")
    if slot is not None and written_slot(content) != slot:
        return False
    return writes is None or device.flash.writes >= int(writes)


def half_written(device: Device, content: bytes, outcome: str) -> Steps:
    """Lose power in the middle of a write: the slot is `empty`, `old` or `torn`. There is no answer."""
    yield device.work(FLASH_WRITE_MS / 2)
    slot = written_slot(content)
    if slot is not None and slot < device.profile.capacity:
        if outcome == "empty":
            device.flash.write_slot(slot, None)
        elif outcome == "torn":
            device.flash.write_slot(slot, _torn(device, content))
    device.restart()
    return Reply(b"")


def _torn(device: Device, content: bytes) -> CharFile:
    source = device.ram.buffers.get(device.buffer_number(content[1])) if content[0] == Op.Store else None
    raw = source.raw if source is not None else b"\xff" * device.profile.template_bytes
    # NOR flash reads FF where nothing was programmed yet.
    half = len(raw) // 4
    return CharFile.of(raw[:half] + b"\xff" * (len(raw) - half))
