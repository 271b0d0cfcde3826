"""Templates and images over the line, both ways. Data packets are not acknowledged (ZFM-20 manual)."""

from emulators import fingers
from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import DataPhase, Device, Reply
from emulators.fingerprint_module.flash import CharFile
from emulators.fingerprint_module.steps import OK, Steps, ack
from emulators.fingerprint_module.wire import Frame, Pid

DATA_DEADLINE_MS = 1000.0


def up_char(device: Device, payload: bytes) -> Steps:
    """Send a buffer to the host."""
    yield device.work(5)
    charfile = device.ram.buffers.get(device.buffer_number(payload[0]))
    if charfile is None or "refuse_transfer" in device.flaws:
        return ack(Code.UPLOAD_FAILED)
    return Reply(OK.content, data=charfile.raw)


def up_image(device: Device, _payload: bytes) -> Steps:
    """Send the image to the host, high nibble first."""
    yield device.work(5)
    ram, profile = device.ram, device.profile
    if (ram.image is None and ram.image_bytes is None) or "refuse_transfer" in device.flaws:
        return ack(Code.IMAGE_UPLOAD_FAILED)
    if ram.image_bytes is None:
        ram.image_bytes = fingers.image(*ram.image_of, profile.image_width, profile.image_height)
    return Reply(OK.content, data=ram.image_bytes)


def down_char(device: Device, payload: bytes) -> Steps:
    """Get ready for a template from the host."""
    return _expect(device, device.buffer_number(payload[0]))


def down_image(device: Device, _payload: bytes) -> Steps:
    """Get ready for an image from the host."""
    return _expect(device, None)


def _expect(device: Device, target: int | None) -> Steps:
    yield device.work(5)
    if "refuse_transfer" in device.flaws:
        return ack(Code.CANNOT_RECEIVE)

    def open_phase() -> None:
        deadline_ms = device.now_ms + DATA_DEADLINE_MS * device.tempo.host_wait_scale
        device.awaiting = DataPhase(target, deadline_ms)

    return Reply(OK.content, after=open_phase)


def take_data(device: Device, frame: Frame) -> Reply | None:
    """One data packet of an open phase; the answer of models that acknowledge a bad sum unasked."""
    phase = device.awaiting
    assert phase is not None
    phase.deadline_ms = device.now_ms + DATA_DEADLINE_MS * device.tempo.host_wait_scale
    if frame.sum_ok:
        phase.got += frame.content
    else:
        phase.spoiled = True
    if frame.pid == Pid.END:
        close_phase(device)
    if not frame.sum_ok and device.profile.data_nak:
        return ack(Code.RECEIVE_ERROR)
    return None


def close_phase(device: Device, *, whole: bool = True) -> None:
    """End the phase: the buffer holds the bytes if they are whole and of the right size, else nothing."""
    phase = device.awaiting
    device.awaiting = None
    if phase is None:
        return
    ram, profile, got = device.ram, device.profile, bytes(phase.got)
    good = whole and not phase.spoiled
    ram.downloaded_at_ms = device.now_ms
    if phase.target is None:
        ram.image, ram.image_bytes = None, got if good and len(got) == profile.image_bytes else None
        return
    ram.live_since_download = False
    if good and len(got) == profile.template_bytes:
        ram.buffers[phase.target] = CharFile.of(got)
        ram.model = ram.buffers[phase.target]
        ram.fresh = True
    else:
        ram.buffers.pop(phase.target, None)
