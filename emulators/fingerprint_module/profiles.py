"""Module models as data. EVERY figure is from paper or from users' logs: no module was on the bench.

Each profile says where its figures come from. Times in ms, sizes in bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from emulators.fingerprint_module.codes import Op

_CORE_OPS: frozenset[int] = frozenset(
    {
        Op.GenImg, Op.Img2Tz, Op.Match, Op.Search, Op.RegModel, Op.Store, Op.LoadChar, Op.UpChar, Op.DownChar,
        Op.UpImage, Op.DownImage, Op.DeletChar, Op.Empty, Op.SetSysPara, Op.ReadSysPara, Op.SetPwd, Op.VfyPwd,
        Op.GetRandomCode, Op.SetAdder, Op.ReadInfPage, Op.WriteNotepad, Op.ReadNotepad, Op.TempleteNum,
        Op.ReadIndexTable,
    }
)  # fmt: skip
_OPTICAL_OPS = _CORE_OPS | {Op.HiSpeedSearch, Op.PortControl}
_R503_OPS = _CORE_OPS | {
    Op.GetImageEx, Op.Cancel, Op.AutoEnroll, Op.AutoIdentify, Op.AuraLedConfig, Op.CheckSensor, Op.GetAlgVer,
    Op.GetFwVer, Op.ReadProdInfo, Op.SoftRst, Op.HandShake,
}  # fmt: skip


class Unknown(StrEnum):
    """How a model answers an instruction it does not have."""

    UNSUPPORTED = "fc"
    RECEIVE_ERROR = "01"
    SILENCE = "silence"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Work:
    """Work times in ms by section 4.4 of the design notes; bounded by the manuals, proposals otherwise."""

    no_finger: float
    capture: float
    features: float
    search_base: float
    search_per_template: float
    boot: float


OPTICAL_WORK = Work(120, 350, 320, 20, 1.0, 500)
R503_WORK = Work(60, 180, 220, 15, 2.0, 50)


@dataclass(frozen=True, slots=True)
class Profile:
    """One model and its habits. `quirks` in the field names are those of section 4.3."""

    name: str
    source: str
    capacity: int
    template_bytes: int
    image_width: int
    image_height: int
    work: Work
    model: str
    opcodes: frozenset[int]
    buffers: int = 2
    system_id: int = 0
    status_mask: int = 0x000F
    baud_multiples: frozenset[int] = frozenset(range(1, 13))
    baud_multiple: int = 6
    unknown: Unknown = Unknown.RECEIVE_ERROR
    wrong_address_code: bool = False
    buffered_commands: int = 1
    pad_errors: bool = False
    ready_byte: bool = True
    ready_glitch: bool = False
    wake_active_low: bool = True
    wake_pulse_only: bool = False
    getimage_spoils_search: bool = False
    not_found_id: int = 0
    regmodel_lenient: bool = False
    match_uses_model: bool = False
    first_hit: bool = False
    dry_wet_codes: bool = False
    index_off_by_one: bool = False
    index_remnants: bool = False
    empty_slot_code: int = 0x0C
    data_nak: bool = False
    store_needs_pause: bool = False
    search_after_down_01: bool = False
    no_notepad: bool = False

    @property
    def image_bytes(self) -> int:
        """Size of an image on the wire: two pixels a byte."""
        return self.image_width * self.image_height // 2


_ZFM20 = Profile(
    "zfm20",
    "ZFM-20 manual v2.0 (162 slots in type A; boot 500 ms; capture < 1 s)",
    capacity=162,
    template_bytes=512,
    image_width=256,
    image_height=288,
    work=OPTICAL_WORK,
    model="ZFM-20",
    opcodes=_OPTICAL_OPS,
    ready_byte=False,
)
_R307 = replace(
    _ZFM20,
    name="r307_512",
    source="R307 manual (scribd 748546410): 1000 slots, 512 B, boot ~200 ms, TOUCH active low",
    capacity=1000,
    model="R307",
    system_id=9,
    work=replace(OPTICAL_WORK, boot=200),
    ready_byte=True,
    search_after_down_01=True,
)
_R503 = Profile(
    "r503_200",
    "R503 manual V1.2.2: 200 slots, 192x192, boot 50 ms, baud N 1 2 4 6 12; 1536 B by users; "
    "FPM PR #25 (GenImg spoils the search, id on not found); pyfingerprint #90 (Match of raw captures fails)",
    capacity=200,
    template_bytes=1536,
    image_width=192,
    image_height=192,
    work=R503_WORK,
    model="R503",
    opcodes=_R503_OPS,
    buffers=6,
    status_mask=0x0007,
    baud_multiples=frozenset({1, 2, 4, 6, 12}),
    unknown=Unknown.UNSUPPORTED,
    ready_glitch=True,
    getimage_spoils_search=True,
    not_found_id=0x01EE,
    match_uses_model=True,
    empty_slot_code=0x22,
    store_needs_pause=True,
)

_ALL = (
    _ZFM20,
    replace(
        _ZFM20,
        name="r305",
        source="python-r305-doc (256 slots); fpmatch #9 (512 B templates)",
        capacity=256,
        model="R305",
        system_id=9,
    ),
    _R307,
    replace(_R307, name="r307_768", source="fpmatch #9: R307 with 768-byte templates", template_bytes=768),
    replace(
        _R307,
        name="as608_300",
        source="libdriver/as608 Pi transcript: 300 slots, 768 B, status 0, request remnants beyond capacity; "
        "wake pin active high by Chinese notes",
        capacity=300,
        template_bytes=768,
        model="AS608",
        status_mask=0,
        wake_active_low=False,
        opcodes=_OPTICAL_OPS | {Op.ChipEnrol, Op.ChipIdentify, Op.BinaryImage, Op.ReadGpio},
        dry_wet_codes=True,
        index_remnants=True,
        data_nak=True,
        search_after_down_01=False,
    ),
    replace(
        _R307,
        name="fpm10a_150",
        source="FPM #4, #23: 150 slots read from a unit, 512 B, image 36864 B; "
        "Arduino library #85 (UpChar without end)",
        capacity=150,
        model="FPM10A",
        buffered_commands=0,
        first_hit=True,
    ),
    _R503,
    replace(
        _R503,
        name="r503_pro_1500",
        source="OpenKNX documentation: R503-Pro with 1500 slots; the rest as R503",
        capacity=1500,
        model="R503-Pro",
    ),
    replace(
        _R503,
        name="pid4750_lenient",
        source="CircuitPython #30 (80 slots, N=12), Arduino library #104: RegModel merges two fingers",
        capacity=80,
        model="PID4750",
        baud_multiple=12,
        regmodel_lenient=True,
        unknown=Unknown.SILENCE,
        wake_pulse_only=True,
    ),
    replace(
        _R503,
        name="r551_quirky",
        source="FPM README, #8, #16: R551 with 500 slots, 768 B, index off by one, unknown codes echoed, "
        "no DownChar",
        capacity=500,
        template_bytes=768,
        model="R551",
        opcodes=(_CORE_OPS | {Op.Standby, Op.HandShake}) - {Op.DownChar},
        unknown=Unknown.ECHO,
        index_off_by_one=True,
    ),
    replace(
        _ZFM20,
        name="r308_noparam",
        source="FPM README, pyfingerprint #44: R308 has no ReadSysPara",
        capacity=500,
        model="R308",
        opcodes=(_OPTICAL_OPS | {Op.LedOn, Op.LedOff, Op.GetImageNoLight, Op.GetEcho}) - {Op.ReadSysPara},
        wrong_address_code=True,
    ),
)
PROFILES = {profile.name: profile for profile in _ALL}


def profile_named(name: str) -> Profile:
    """The profile of that name.

    Raises:
        ValueError: no such profile; the sentence lists those there are.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile {name!r}; there are {', '.join(sorted(PROFILES))}") from None


def with_quirks(profile: Profile, words: Sequence[str]) -> Profile:
    """The profile with some of its values replaced: `regmodel_lenient=true`, `capacity=20`.

    Raises:
        ValueError: no such value, or one that is neither a number nor true or false.
    """
    kinds = {field.name: field.type for field in fields(Profile)}
    changes: dict[str, bool | int] = {}
    for word in words:
        name, _, value = word.partition("=")
        if kinds.get(name) not in (bool, int):
            raise ValueError(f"no quirk is called {name!r}")
        if kinds[name] is bool:
            if value not in ("true", "false"):
                raise ValueError(f"{name} is true or false, not {value!r}")
            changes[name] = value == "true"
        else:
            changes[name] = int(value, 0)
    return replace(profile, **changes)  # type: ignore[arg-type]
