"""Store, load, delete, count: what concerns the template slots. A flash write takes effect at its end."""

from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import Device
from emulators.fingerprint_module.steps import FLASH_WRITE_MS, OK, Steps, ack, two

_PAUSE_AFTER_DOWNLOAD_MS = 1000.0
_INDEX_BYTES = 32
_REMNANT = bytes((0x02, 0x00, 0x26))


def store(device: Device, payload: bytes) -> Steps:
    """Write a buffer into a slot."""
    began_ms = device.now_ms
    ram, slot = device.ram, two(payload, 1)
    if slot >= device.profile.capacity:
        yield device.work(3)
        return ack(Code.BAD_SLOT)
    yield device.work(FLASH_WRITE_MS)
    pause_ms = _PAUSE_AFTER_DOWNLOAD_MS * device.tempo.host_wait_scale
    if device.profile.store_needs_pause and began_ms - ram.downloaded_at_ms < pause_ms:
        return ack(Code.FLASH_ERROR)
    charfile = ram.buffers.get(device.buffer_number(payload[0]))
    if charfile is None or not charfile.readable:
        return ack(Code.BAD_TEMPLATE)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)
    device.flash.write_slot(slot, charfile)
    return OK


def load_char(device: Device, payload: bytes) -> Steps:
    """Read a slot into a buffer."""
    yield device.work(20)
    slot = two(payload, 1)
    if slot >= device.profile.capacity:
        return ack(Code.BAD_SLOT)
    charfile = device.flash.library.slots.get(slot)
    if charfile is None:
        return ack(device.profile.empty_slot_code)
    if not charfile.readable:
        return ack(Code.BAD_TEMPLATE)
    device.ram.buffers[device.buffer_number(payload[0])] = charfile
    device.ram.model = charfile
    device.ram.fresh = True
    return OK


def delet_char(device: Device, payload: bytes) -> Steps:
    """Erase `n` slots from a first one."""
    first, count = two(payload, 0), two(payload, 2)
    if count == 0 or first + count > device.profile.capacity:
        yield device.work(3)
        return ack(Code.DELETE_FAILED)
    yield device.work(FLASH_WRITE_MS)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)
    for slot in range(first, first + count):
        device.flash.write_slot(slot, None)
    return OK


def empty(device: Device, _payload: bytes) -> Steps:
    """Erase the library."""
    yield device.work(400 + 2.0 * device.profile.capacity)
    if "flash_failure" in device.flaws:
        return ack(Code.CLEAR_FAILED)
    device.flash.clear()
    return OK


def templete_num(device: Device, _payload: bytes) -> Steps:
    """How many slots are taken."""
    yield device.work(3)
    return ack(Code.OK, len(device.flash.library.slots).to_bytes(2, "big"))


def read_index_table(device: Device, payload: bytes) -> Steps:
    """The bitmap of 256 slots, the lowest bit first."""
    yield device.work(3)
    page = payload[0]
    if page > max(3, (device.profile.capacity - 1) // 256):
        return ack(Code.BAD_SLOT)
    first = 256 * page
    if first >= device.profile.capacity and device.profile.index_remnants:
        # A unit answered with remnants of the request beyond its capacity (libdriver/as608 transcript).
        return ack(Code.OK, _REMNANT + bytes(_INDEX_BYTES - len(_REMNANT)))
    shift = 1 if device.profile.index_off_by_one else 0
    bits = bytearray(_INDEX_BYTES)
    for slot in device.flash.library.slots:
        at = slot + shift - first
        if 0 <= at < 256:
            bits[at >> 3] |= 1 << (at & 7)
    return ack(Code.OK, bytes(bits))
