"""What each command looks like: its answer's length, how long it may take, whether it may be repeated.

From the R503 manual V1.2.2 and the ZFM-20 manual v2.0. Commands not listed here are not sent by this project;
0x1A ("burn code" on AS608 chips) must never be.
"""

from dataclasses import dataclass
from enum import IntEnum


class Op(IntEnum):
    """Instruction codes."""

    GEN_IMAGE = 0x01
    IMAGE_TO_FEATURES = 0x02
    COMPARE = 0x03
    SEARCH = 0x04
    MAKE_MODEL = 0x05
    STORE = 0x06
    LOAD = 0x07
    UPLOAD = 0x08
    DOWNLOAD = 0x09
    UPLOAD_IMAGE = 0x0A
    DOWNLOAD_IMAGE = 0x0B
    DELETE = 0x0C
    EMPTY = 0x0D
    SET_PARAMETER = 0x0E
    READ_PARAMETERS = 0x0F
    SET_PASSWORD = 0x12
    VERIFY_PASSWORD = 0x13
    SET_ADDRESS = 0x15
    WRITE_NOTEPAD = 0x18
    READ_NOTEPAD = 0x19
    FAST_SEARCH = 0x1B
    COUNT = 0x1D
    INDEX = 0x1F
    LIGHT = 0x35
    CHECK_SENSOR = 0x36
    ALGORITHM_VERSION = 0x39
    FIRMWARE_VERSION = 0x3A
    PRODUCT = 0x3C
    SOFT_RESET = 0x3D
    ECHO = 0x53


class Code(IntEnum):
    """Confirmation codes that are told apart here. Every other code is a failure."""

    OK = 0x00
    RECEIVE_ERROR = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAILED = 0x03
    TOO_DRY = 0x04
    TOO_WET = 0x05
    MESSY = 0x06
    FEW_POINTS = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    NOT_COMBINED = 0x0A
    BAD_SLOT = 0x0B
    BAD_TEMPLATE = 0x0C
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    RESIDUE = 0x17
    FLASH_ERROR = 0x18
    BAD_ADDRESS = 0x20
    PASSWORD_NEEDED = 0x21
    EMPTY_SLOT = 0x22
    LIBRARY_EMPTY = 0x24
    SENSOR_ABNORMAL = 0x29
    UNSUPPORTED = 0xFC
    HARDWARE_ERROR = 0xFD


@dataclass(frozen=True, slots=True)
class Shape:
    """How a command is answered.

    Attributes:
        ack_bytes: Content of the OK ack with its code.
        deadline_s: How long the module may take to answer.
        repeatable: True if sending it twice does no more than sending it once.
        data_in: True if data packets follow the OK ack.
        data_out: True if the host sends data packets after the OK ack.
    """

    ack_bytes: int
    deadline_s: float
    repeatable: bool
    data_in: bool = False
    data_out: bool = False


_DEFAULT = Shape(1, 1.0, repeatable=False)

SHAPES: dict[int, Shape] = {
    Op.GEN_IMAGE: Shape(1, 1.5, repeatable=True),
    Op.IMAGE_TO_FEATURES: Shape(1, 1.5, repeatable=True),
    Op.COMPARE: Shape(3, 1.0, repeatable=True),
    Op.SEARCH: Shape(5, 2.5, repeatable=True),
    Op.MAKE_MODEL: Shape(1, 1.0, repeatable=False),
    Op.STORE: Shape(1, 1.5, repeatable=False),
    Op.LOAD: Shape(1, 1.0, repeatable=True),
    Op.UPLOAD: Shape(1, 1.0, repeatable=True, data_in=True),
    Op.DOWNLOAD: Shape(1, 1.0, repeatable=False, data_out=True),
    Op.UPLOAD_IMAGE: Shape(1, 1.0, repeatable=True, data_in=True),
    Op.DOWNLOAD_IMAGE: Shape(1, 1.0, repeatable=False, data_out=True),
    Op.DELETE: Shape(1, 1.0, repeatable=False),
    Op.EMPTY: Shape(1, 3.0, repeatable=False),
    Op.READ_PARAMETERS: Shape(17, 0.5, repeatable=True),
    Op.VERIFY_PASSWORD: Shape(1, 0.5, repeatable=True),
    Op.SET_PASSWORD: Shape(1, 1.0, repeatable=False),
    Op.SET_ADDRESS: Shape(1, 1.0, repeatable=False),
    Op.WRITE_NOTEPAD: Shape(1, 1.0, repeatable=False),
    Op.READ_NOTEPAD: Shape(33, 0.5, repeatable=True),
    Op.FAST_SEARCH: Shape(5, 2.5, repeatable=True),
    Op.COUNT: Shape(3, 0.5, repeatable=True),
    Op.INDEX: Shape(33, 0.5, repeatable=True),
    Op.LIGHT: Shape(1, 0.5, repeatable=True),
    Op.CHECK_SENSOR: Shape(1, 1.0, repeatable=True),
    Op.ALGORITHM_VERSION: Shape(33, 0.5, repeatable=True),
    Op.FIRMWARE_VERSION: Shape(33, 0.5, repeatable=True),
    Op.PRODUCT: Shape(47, 0.5, repeatable=True),
    Op.SOFT_RESET: Shape(1, 0.5, repeatable=False),
}

SEARCH_PER_SLOT_S = 0.0025
"""Allowance for each slot a search covers; matters above 800 slots, where 2.5 s would be too short."""

BAUD_UNIT_BPS = 9600
"""A module's baud code times this is its speed."""


def shape_of(opcode: int) -> Shape:
    """The shape of a command; one that is not listed is taken as answered in 12 bytes and not repeatable."""
    return SHAPES.get(opcode, _DEFAULT)


def deadline_s(command: bytes) -> float:
    """How long the module may take for this command content, in seconds."""
    shape = shape_of(command[0])
    if command[0] in (Op.SEARCH, Op.FAST_SEARCH) and len(command) == 6:
        return max(shape.deadline_s, 0.5 + SEARCH_PER_SLOT_S * int.from_bytes(command[4:6], "big"))
    return shape.deadline_s
