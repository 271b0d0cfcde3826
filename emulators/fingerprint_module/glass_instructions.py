"""Capture, feature extraction, matching, search and the model: what happens between glass and library."""

from emulators import fingers
from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import Device, Reply
from emulators.fingerprint_module.flash import CharFile
from emulators.fingerprint_module.steps import OK, Steps, ack, two

POOR_QUALITY = 0.25
FEWEST_MINUTIAE = 12
WET_QUALITY = 0.35


def gen_img(device: Device, _payload: bytes) -> Steps:
    """Take an image; the finger must lie still from the beginning to the end."""
    ram, work = device.ram, device.profile.work
    ram.fresh = False
    touch = device.touch
    if touch is None and "ghost_image" not in device.flaws:
        yield device.work(work.no_finger)
        return ack(Code.NO_FINGER)
    yield device.work(work.capture)
    if device.touch is not touch or "lift_mid_capture" in device.flaws:
        ram.image = None
        return ack(Code.CAPTURE_FAILED)
    if touch is None:
        ram.image, ram.image_of = fingers.Capture((), 0, 0.0), ("ghost", "")
    else:
        ram.image, ram.image_of = device.next_capture(touch), (touch.person, touch.finger)
    ram.image_bytes = None
    ram.live_since_download = True
    return OK


def get_image_ex(device: Device, payload: bytes) -> Steps:
    """GenImg that also judges the quality."""
    reply = yield from gen_img(device, payload)
    image = device.ram.image
    if reply is OK and image is not None and image.quality < POOR_QUALITY:
        return ack(Code.FEW_POINTS)
    return reply


def image_fault(device: Device, image: fingers.Capture | None) -> Code | None:
    """Why features cannot be had from this image, None if they can."""
    if image is None:
        return Code.NO_IMAGE
    if "messy" in device.flaws:
        return Code.MESSY
    if image.quality < POOR_QUALITY or len(image.minutiae) < FEWEST_MINUTIAE:
        return Code.FEW_POINTS
    if image.spurious * 4 > len(image.minutiae) and image.quality < WET_QUALITY:
        if device.profile.dry_wet_codes:
            return Code.TOO_WET if image.spurious % 2 else Code.TOO_DRY
        return Code.MESSY
    return None


def img_2_tz(device: Device, payload: bytes) -> Steps:
    """Extract the features of the image into a buffer."""
    yield device.work(device.profile.work.features)
    ram, image = device.ram, device.ram.image
    fault = image_fault(device, image)
    if fault is not None or image is None:
        return ack(fault or Code.NO_IMAGE)
    number = device.buffer_number(payload[0])
    ram.buffers[number] = device.charfile(image.minutiae)
    # The first buffer begins a new set of captures for RegModel.
    ram.filled = [number] if number == 1 else [*(one for one in ram.filled if one != number), number]
    ram.fresh = True
    return OK


def match(device: Device, _payload: bytes) -> Steps:
    """Compare two buffers, or on the R503 the last features with the model buffer."""
    yield device.work(40)
    ram = device.ram
    if device.profile.match_uses_model:
        one, other = ram.buffers.get(ram.filled[-1]) if ram.filled else None, ram.model
    else:
        one, other = ram.buffers.get(1), ram.buffers.get(2)
    ram.last_matched = False
    if one is None or other is None:
        return ack(Code.NO_MATCH, bytes(2))
    score = fingers.score(one.descriptors, other.descriptors)
    if score < fingers.THRESHOLDS[device.flash.level]:
        return ack(Code.NO_MATCH, bytes(2))
    ram.last_matched = True
    return ack(Code.OK, score.to_bytes(2, "big"))


def best_match(device: Device, probe: CharFile, start: int, count: int) -> tuple[int, int] | None:
    """(slot, score) of the winner in [start, start+count), the lowest on ties; None if all stay below."""
    threshold = fingers.THRESHOLDS[device.flash.level]
    winner: tuple[int, int] | None = None
    for slot, score in device.flash.library.scores(probe, start, count):
        if score < threshold:
            continue
        if device.profile.first_hit:
            return slot, score
        if winner is None or score > winner[1]:
            winner = slot, score
    return winner


def not_found(device: Device) -> Reply:
    """Not found, with the stale id some models leave in the field."""
    device.ram.last_matched = False
    return ack(Code.NOT_FOUND, device.profile.not_found_id.to_bytes(2, "big") + bytes(2))


def _search(device: Device, payload: bytes, stretch: float) -> Steps:
    work, ram = device.profile.work, device.ram
    start, count = two(payload, 1), two(payload, 3)
    if device.tempo.work_scale:
        searched = sum(start <= slot < start + count for slot in device.flash.library.slots)
        yield device.work(work.search_base + work.search_per_template * searched)
    if device.profile.search_after_down_01 and not ram.live_since_download:
        return ack(Code.RECEIVE_ERROR)
    probe = ram.buffers.get(device.buffer_number(payload[0]))
    spoiled = device.profile.getimage_spoils_search and not ram.fresh
    winner = None if probe is None or spoiled else best_match(device, probe, start, count)
    if winner is None:
        return not_found(device)
    slot, score = winner
    ram.last_matched = True
    return ack(Code.OK, slot.to_bytes(2, "big") + min(0xFFFF, round(score * stretch)).to_bytes(2, "big"))


def search(device: Device, payload: bytes) -> Steps:
    """Search [start, start+num) for the features in a buffer."""
    return _search(device, payload, 1.0)


def hi_speed_search(device: Device, payload: bytes) -> Steps:
    """The other search; users saw 343 where the plain one said 225 for the same finger."""
    return _search(device, payload, 343 / 225)


def merged(device: Device, parts: list[CharFile]) -> CharFile | None:
    """The template of several captures; None if one of them is another finger than those before it."""
    threshold = fingers.THRESHOLDS[device.flash.level]
    seen = parts[0].descriptors
    for part in parts[1:]:
        if fingers.score(part.descriptors, seen) < threshold and not device.profile.regmodel_lenient:
            return None
        seen |= part.descriptors
    limit = fingers.room(device.profile.template_bytes)
    return device.charfile(fingers.merge((part.minutiae for part in parts), limit))


def reg_model(device: Device, _payload: bytes) -> Steps:
    """Merge the captures taken since the last first one; the result lies in buffers 1 and 2."""
    yield device.work(120)
    ram = device.ram
    parts = [ram.buffers[number] for number in ram.filled if number in ram.buffers]
    model = merged(device, parts) if len(parts) >= 2 else None
    if model is None or not model.readable:
        return ack(Code.NOT_COMBINED)
    ram.model = ram.buffers[1] = ram.buffers[2] = model
    ram.filled = [1]
    return OK
