"""Confirmation and instruction codes (R503 manual V1.2.2 p.9-10, ZFM-20 manual 5.2, AS608 chip notes)."""

from enum import IntEnum


class Code(IntEnum):
    """What the first byte of an acknowledgement says."""

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
    UPLOAD_FAILED = 0x0D
    CANNOT_RECEIVE = 0x0E
    IMAGE_UPLOAD_FAILED = 0x0F
    DELETE_FAILED = 0x10
    CLEAR_FAILED = 0x11
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH_ERROR = 0x18
    BAD_REGISTER = 0x1A
    BAD_VALUE = 0x1B
    BAD_PAGE = 0x1C
    LIBRARY_FULL = 0x1F
    WRONG_ADDRESS = 0x20
    PASSWORD_NEEDED = 0x21
    EMPTY_TEMPLATE = 0x22
    LIBRARY_EMPTY = 0x24
    TIMED_OUT = 0x26
    FINGER_EXISTS = 0x27
    SENSOR_ABNORMAL = 0x29
    ECHO = 0x55
    UNSUPPORTED = 0xFC


class Op(IntEnum):
    """Instruction codes, by the names the manuals use."""

    GenImg = 0x01
    Img2Tz = 0x02
    Match = 0x03
    Search = 0x04
    RegModel = 0x05
    Store = 0x06
    LoadChar = 0x07
    UpChar = 0x08
    DownChar = 0x09
    UpImage = 0x0A
    DownImage = 0x0B
    DeletChar = 0x0C
    Empty = 0x0D
    SetSysPara = 0x0E
    ReadSysPara = 0x0F
    ChipEnrol = 0x10
    ChipIdentify = 0x11
    SetPwd = 0x12
    VfyPwd = 0x13
    GetRandomCode = 0x14
    SetAdder = 0x15
    ReadInfPage = 0x16
    PortControl = 0x17
    WriteNotepad = 0x18
    ReadNotepad = 0x19
    HiSpeedSearch = 0x1B
    BinaryImage = 0x1C
    TempleteNum = 0x1D
    ReadGpio = 0x1E
    ReadIndexTable = 0x1F
    GetImageEx = 0x28
    Cancel = 0x30
    AutoEnroll = 0x31
    AutoIdentify = 0x32
    Standby = 0x33
    AuraLedConfig = 0x35
    CheckSensor = 0x36
    GetAlgVer = 0x39
    GetFwVer = 0x3A
    ReadProdInfo = 0x3C
    SoftRst = 0x3D
    HandShake = 0x40
    LedOn = 0x50
    LedOff = 0x51
    GetImageNoLight = 0x52
    GetEcho = 0x53


def op_of(word: int | str) -> int:
    """An instruction by number or by name.

    Raises:
        ValueError: no instruction has that name.
    """
    if isinstance(word, int):
        return word
    try:
        return int(Op[word])
    except KeyError:
        raise ValueError(f"no instruction is called {word!r}") from None
