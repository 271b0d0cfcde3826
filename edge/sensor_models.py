"""What is known of the modules on the market, and which of them a probe has met.

Figures are from manuals and users' logs, not from a bench of ours (docs say where); scores are not comparable
between models, so each profile carries its own lowest score.
"""

from dataclasses import dataclass

from edge.sensor_frames import SystemParameters

PACKET_BYTES = (32, 64, 128, 256)
_MAX_CAPACITY = 3000
_MAX_BAUD_CODE = 12
_LEVELS = range(1, 6)


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What may be expected of a module.

    Attributes:
        name: Name in logs.
        ring: It has the light ring (0x35).
        serial: It tells a serial number (0x3C).
        template_bytes: Template sizes seen on it.
        minimum_score: Lowest score that may count as a match; a start value until a site has its own figures.
        baud_codes: Speeds it accepts, in units of 9600 bps.
        compares_captures: Match (0x03) compares two captures. On R503 it never did for anybody.
        captures: How many touches a template is made of; optical modules have two buffers.
    """

    name: str
    ring: bool
    serial: bool
    template_bytes: frozenset[int]
    minimum_score: int
    baud_codes: frozenset[int]
    compares_captures: bool
    captures: int


R503 = ModelProfile(
    "r503", True, True, frozenset({512, 768, 1536}), 50, frozenset({1, 2, 4, 6, 12}), False, 3
)
OPTICAL = ModelProfile(
    "optical",
    False,
    False,
    frozenset({512, 768, 810, 1536}),
    50,
    frozenset(range(1, _MAX_BAUD_CODE + 1)),
    True,
    2,
)


def profile_of(*, tells_serial: bool) -> ModelProfile:
    """The profile of a probed module.

    Capacity and system id differ per batch, so neither tells a model apart.
    """
    return R503 if tells_serial else OPTICAL


def odd_parameters(parameters: SystemParameters, address: int) -> str | None:
    """Why these parameters cannot be a module's, or None if they can.

    An odd value is a damaged answer, a counterfeit or a model nobody has met; a capacity of 0 or an unknown
    packet size would make the library fail later and obscurely.
    """
    if not 1 <= parameters.capacity <= _MAX_CAPACITY:
        return f"capacity {parameters.capacity}"
    if parameters.packet_size_code >= len(PACKET_BYTES):
        return f"packet size code {parameters.packet_size_code}"
    if not 1 <= parameters.baud_code <= _MAX_BAUD_CODE:
        return f"baud code {parameters.baud_code}"
    if parameters.level not in _LEVELS:
        return f"security level {parameters.level}"
    if parameters.address != address:
        return f"address {parameters.address:08X} inside an answer from {address:08X}"
    return None
