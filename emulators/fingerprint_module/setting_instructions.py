"""Settings, passwords, the notepad and what the module says about itself."""

from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import Device, Reply
from emulators.fingerprint_module.flash import NOTEPAD_PAGE_BYTES, NOTEPAD_PAGES
from emulators.fingerprint_module.steps import FLASH_WRITE_MS, OK, Run, Steps, ack

_ALGORITHM = b"HADIR-EMU-ALG-1"
_FIRMWARE = b"HADIR-EMU-FW-1"


def status(device: Device) -> int:
    """The status register; bit 0 (busy) is never seen, since a busy module does not answer."""
    ram = device.ram
    bits = ram.last_matched << 1 | ram.password_given << 2 | (ram.image is not None) << 3
    return bits & device.profile.status_mask


def read_sys_para(device: Device, _payload: bytes) -> Steps:
    """The sixteen bytes of system parameters."""
    yield device.work(3)
    flash, profile = device.flash, device.profile
    words = (status(device), profile.system_id, profile.capacity, flash.level)
    head = b"".join(word.to_bytes(2, "big") for word in words)
    tail = flash.packet_code.to_bytes(2, "big") + flash.baud_multiple.to_bytes(2, "big")
    return ack(Code.OK, head + flash.address + tail)


def set_sys_para(device: Device, payload: bytes) -> Steps:
    """Change baud (4), level (5) or packet size (6): answered at the old settings, then switched."""
    register, value = payload[0], payload[1]
    allowed = {4: device.profile.baud_multiples, 5: frozenset(range(1, 6)), 6: frozenset(range(4))}
    if register not in allowed:
        yield device.work(3)
        return ack(Code.BAD_REGISTER)
    if value not in allowed[register]:
        yield device.work(3)
        return ack(Code.BAD_VALUE)
    yield device.work(FLASH_WRITE_MS)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)

    def switch() -> None:
        name = {4: "baud_multiple", 5: "level", 6: "packet_code"}[register]
        setattr(device.flash, name, value)
        device.flash.touched()

    return Reply(OK.content, after=switch)


def set_pwd(device: Device, payload: bytes) -> Steps:
    """Set the password."""
    yield device.work(FLASH_WRITE_MS)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)
    device.flash.password = payload[:4]
    device.flash.touched()
    return OK


def vfy_pwd(device: Device, payload: bytes) -> Steps:
    """Verify the password; counts until power is lost."""
    yield device.work(3)
    if payload[:4] != device.flash.password:
        return ack(Code.WRONG_PASSWORD)
    device.ram.password_given = True
    return OK


def set_adder(device: Device, payload: bytes) -> Steps:
    """Set the address; the answer already carries it (ZFM-20 manual 6.1(3))."""
    yield device.work(FLASH_WRITE_MS)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)
    device.flash.address = payload[:4]
    device.flash.touched()
    return OK


def get_random_code(device: Device, _payload: bytes) -> Steps:
    """Four random bytes."""
    yield device.work(2)
    return ack(Code.OK, device.random.getrandbits(32).to_bytes(4, "big"))


def write_notepad(device: Device, payload: bytes) -> Steps:
    """Write one of 16 pages of 32 bytes."""
    if payload[0] >= NOTEPAD_PAGES:
        yield device.work(3)
        return ack(Code.BAD_PAGE)
    yield device.work(FLASH_WRITE_MS)
    if "flash_failure" in device.flaws:
        return ack(Code.FLASH_ERROR)
    device.flash.notepad[payload[0]] = payload[1 : 1 + NOTEPAD_PAGE_BYTES]
    device.flash.touched()
    return OK


def read_notepad(device: Device, payload: bytes) -> Steps:
    """Read one page."""
    yield device.work(3)
    if payload[0] >= NOTEPAD_PAGES:
        return ack(Code.BAD_PAGE)
    return ack(Code.OK, device.flash.notepad[payload[0]])


def read_inf_page(device: Device, _payload: bytes) -> Steps:
    """The information page of 512 bytes."""
    yield device.work(5)
    text = b"SYNO-EMU " + device.profile.model.encode() + b" " + device.flash.serial.encode()
    return Reply(OK.content, data=text.ljust(512, b"\x00"))


def read_prod_info(device: Device, _payload: bytes) -> Steps:
    """Model, batch, serial number, versions and sizes: 46 bytes."""
    yield device.work(3)
    profile = device.profile
    sizes = (profile.image_width, profile.image_height, profile.template_bytes, profile.capacity)
    info = b"".join(
        (
            profile.model.encode().ljust(16, b"\x00"),
            b"EMU1",
            device.flash.serial.encode()[:8].ljust(8, b"\x00"),
            b"\x01\x00",
            b"EMUGLASS",
            b"".join(size.to_bytes(2, "big") for size in sizes),
        )
    )
    return ack(Code.OK, info)


def text(value: bytes) -> Run:
    """An instruction that answers 32 bytes of text."""

    def run(device: Device, _payload: bytes) -> Steps:
        yield device.work(3)
        return ack(Code.OK, value.ljust(32, b"\x00"))

    return run


get_alg_ver = text(_ALGORITHM)
get_fw_ver = text(_FIRMWARE)


def read_gpio(device: Device, _payload: bytes) -> Steps:
    """The level of the chip's input pins (AS608); nothing hangs on them."""
    yield device.work(2)
    return ack(Code.OK, b"\x00")


def aura_led(device: Device, payload: bytes) -> Steps:
    """Drive the ring of light."""
    yield device.work(2)
    if "led_unsupported" in device.flaws:
        return ack(Code.UNSUPPORTED)
    device.ram.lamp = payload[:4]
    return OK


def check_sensor(device: Device, _payload: bytes) -> Steps:
    """Say whether the glass works."""
    yield device.work(20)
    return ack(Code.SENSOR_ABNORMAL) if "sensor_abnormal" in device.flaws else OK


def standby(device: Device, _payload: bytes) -> Steps:
    """Answer, then sleep with the line off until a finger comes or power is cut (R551)."""
    yield device.work(2)
    return Reply(OK.content, after=device.stand_by)


def soft_rst(device: Device, _payload: bytes) -> Steps:
    """Answer, then boot."""
    yield device.work(2)
    return Reply(OK.content, after=device.restart)
