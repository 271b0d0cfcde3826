"""PINs for the people of `door_people`, sealed as central seals them."""

import base64

from attendance import pins, seal, sealing
from attendance.pins import Pin, PinHash

SITI_NUMBER, SITI_PIN = "4711", "480173"
SITI = Pin("p-siti", SITI_NUMBER, PinHash.of(SITI_PIN, bytes(range(16))))


def sealed_pins(template_key: str, node: str, *people: Pin) -> str:
    """The field `pins` of a roster."""
    plain = seal.canonical(pins.content(people or (SITI,)))
    return base64.b64encode(sealing.seal_to(template_key, plain, sealing.purpose("pins", node))).decode()
