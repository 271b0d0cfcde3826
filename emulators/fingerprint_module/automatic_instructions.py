"""AutoEnroll and AutoIdentify of the R503: several acknowledgements from one command, aborted by Cancel."""

from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import Device
from emulators.fingerprint_module.flash import CharFile
from emulators.fingerprint_module.glass_instructions import best_match, image_fault, merged
from emulators.fingerprint_module.steps import FLASH_WRITE_MS, Steps, ack

_POLL_MS = 50.0
_FINGER_TIMEOUT_MS = 10_000.0
_CAPTURES = 6
_DUPLICATE_CHECK, _MERGE, _STORED = 0x0D, 0x0E, 0x0F


def _await_touch(device: Device, *, present: bool) -> Steps:
    """Wait for the finger to come (or go); the reply is OK or the timeout."""
    until_ms = device.now_ms + _FINGER_TIMEOUT_MS
    while (device.touch is not None) != present:
        if device.now_ms >= until_ms:
            return ack(Code.TIMED_OUT)
        yield _POLL_MS
    return ack(Code.OK)


def _features(device: Device) -> tuple[CharFile | None, Code]:
    touch = device.touch
    if touch is None:
        return None, Code.NO_FINGER
    device.ram.image, device.ram.image_of = device.next_capture(touch), (touch.person, touch.finger)
    fault = image_fault(device, device.ram.image)
    if fault is not None:
        return None, Code.FEW_POINTS
    return device.charfile(device.ram.image.minutiae), Code.OK


def auto_enroll(device: Device, payload: bytes) -> Steps:
    """Six captures, duplicate check, merge, store. Flags: overwrite, duplicates, interim acks, lift."""
    slot, overwrite, duplicates, interim, lift = payload[:5]
    tail = bytes((slot,))
    if slot >= device.profile.capacity:
        return ack(Code.BAD_SLOT, b"\x00" + tail)
    if slot in device.flash.library.slots and not overwrite:
        return ack(Code.EMPTY_TEMPLATE, b"\x00" + tail)
    parts: list[CharFile] = []
    for number in range(_CAPTURES):
        refused = yield from _auto_capture(device, parts, 2 * number + 1, tail, interim=interim, lift=lift)
        if refused.content[0] != Code.OK:
            return refused
    if not duplicates and best_match(device, parts[-1], 0, device.profile.capacity):
        return ack(Code.FINGER_EXISTS, bytes((_DUPLICATE_CHECK,)) + tail)
    model = merged(device, parts)
    if model is None:
        return ack(Code.NOT_COMBINED, bytes((_MERGE,)) + tail)
    if interim:
        yield bytes((Code.OK, _DUPLICATE_CHECK)) + tail
        yield bytes((Code.OK, _MERGE)) + tail
    yield device.work(FLASH_WRITE_MS)
    device.flash.write_slot(slot, model)
    return ack(Code.OK, bytes((_STORED,)) + tail)


def _auto_capture(
    device: Device, parts: list[CharFile], step: int, tail: bytes, *, interim: int, lift: int
) -> Steps:
    """One of the captures of an enrolment: the finger comes, the image, its features."""
    if parts and lift:
        yield from _await_touch(device, present=False)
    waited = yield from _await_touch(device, present=True)
    if waited.content[0] != Code.OK:
        return ack(Code.TIMED_OUT, bytes((step,)) + tail)
    yield device.work(device.profile.work.capture)
    if interim:
        yield bytes((Code.OK, step)) + tail
    yield device.work(device.profile.work.features)
    charfile, code = _features(device)
    if charfile is None:
        return ack(code, bytes((step + 1,)) + tail)
    parts.append(charfile)
    if interim:
        yield bytes((Code.OK, step + 1)) + tail
    return ack(Code.OK)


def auto_identify(device: Device, payload: bytes) -> Steps:
    """Wait for a finger and search it. Arguments: level, start, num, interim acks, tries."""
    _level, start, count, interim, _tries = payload[:5]
    if not device.flash.library.slots:
        return ack(Code.LIBRARY_EMPTY, b"\x00" + bytes(4))
    waited = yield from _await_touch(device, present=True)
    if waited.content[0] != Code.OK:
        return ack(Code.TIMED_OUT, b"\x01" + bytes(4))
    yield device.work(device.profile.work.capture)
    if interim:
        yield bytes((Code.OK, 0x01)) + bytes(4)
    yield device.work(device.profile.work.features)
    charfile, code = _features(device)
    if charfile is None:
        return ack(code, b"\x02" + bytes(4))
    if interim:
        yield bytes((Code.OK, 0x02)) + bytes(4)
    work = device.profile.work
    yield device.work(work.search_base + work.search_per_template * len(device.flash.library.slots))
    winner = best_match(device, charfile, start, 256 if count == 0xFF else count)
    if winner is None:
        return ack(Code.NOT_FOUND, b"\x03" + bytes(4))
    slot, score = winner
    return ack(Code.OK, b"\x03" + slot.to_bytes(2, "big") + score.to_bytes(2, "big"))


def chip_enrol(device: Device, _payload: bytes) -> Steps:
    """AS608 chip: one capture into the lowest free slot; answers code and slot."""
    yield device.work(device.profile.work.capture + device.profile.work.features)
    charfile, code = _features(device)
    if charfile is None:
        return ack(code, bytes(2))
    taken = device.flash.library.slots
    slot = next((one for one in range(device.profile.capacity) if one not in taken), None)
    if slot is None:
        return ack(Code.LIBRARY_FULL, bytes(2))
    yield device.work(FLASH_WRITE_MS)
    device.flash.write_slot(slot, charfile)
    return ack(Code.OK, slot.to_bytes(2, "big"))


def chip_identify(device: Device, _payload: bytes) -> Steps:
    """AS608 chip: capture and search at one go; answers code, slot and score."""
    work = device.profile.work
    yield device.work(work.capture + work.features)
    charfile, code = _features(device)
    if charfile is None:
        return ack(code, bytes(4))
    yield device.work(work.search_base + work.search_per_template * len(device.flash.library.slots))
    winner = best_match(device, charfile, 0, device.profile.capacity)
    if winner is None:
        return ack(Code.NOT_FOUND, bytes(4))
    slot, score = winner
    return ack(Code.OK, slot.to_bytes(2, "big") + score.to_bytes(2, "big"))
