"""The kinds of sensor fault: what each one says in the log, on the display, and whether a retry may help."""

from enum import StrEnum

from edge.faults import SensorError


class SensorFault(StrEnum):
    """What is wrong with the sensor or its wire. The value is the stable name in logs and metrics."""

    PORT_MISSING = "port-missing"
    PORT_BUSY = "port-busy"
    LINK_DOWN = "link-down"
    SILENT = "sensor-silent"
    NO_ANSWER = "no-answer"
    DAMAGED_ANSWER = "damaged-answer"
    FOREIGN_ANSWER = "foreign-answer"
    REFUSED = "command-refused"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a fault
    PASSWORD_NEEDED = "password-needed"  # noqa: S105 - the name of a fault
    OTHER_ADDRESS = "other-address"
    WRONG_BAUD = "wrong-baud"
    NO_PARAMETERS = "no-parameters"
    ODD_PARAMETERS = "odd-parameters"
    SWAPPED = "sensor-swapped"
    EMPTIED = "sensor-emptied"
    ENRICHED = "sensor-enriched"
    ROLLED_BACK = "sensor-rolled-back"
    EXCHANGED = "sensor-exchanged"
    BROKEN = "sensor-broken"
    FLASH = "flash-error"
    NOT_STORED = "not-stored"
    SLOT_RANGE = "slot-out-of-range"
    TEMPLATE_SIZE = "template-size"
    WRONG_THREAD = "wrong-thread"
    CLOSED = "sensor-closed"


SENTENCES: dict[str, str] = {
    "sensor-wait": "Sensor sibuk. Tunggu sebentar.",
    "sensor-again": "Gangguan sensor. Tempelkan jari sekali lagi.",
    "sensor-disconnected": "Sensor terputus. Hubungi teknisi.",
    "sensor-setting": "Setelan sensor salah. Hubungi teknisi.",
    "sensor-changed": "Sensor diganti. Absensi dihentikan. Hubungi teknisi.",
    "sensor-emptied": "Sidik jari hilang dari sensor. Absensi dihentikan. Hubungi teknisi.",
    "sensor-enriched": "Ada sidik jari asing di sensor. Absensi dihentikan. Hubungi teknisi.",
    "sensor-rolled-back": "Isi sensor kembali ke keadaan lama. Absensi dihentikan. Hubungi teknisi.",
    "sensor-exchanged": "Isi sensor berubah. Absensi dihentikan. Hubungi teknisi.",
    "sensor-broken": "Sensor rusak. Hubungi teknisi.",
    "template-failed": "Sidik jari tidak tersimpan. Ulangi pendaftaran.",
}
"""Indonesian sentences for the display, by `Fault.sentence_id`."""

_RETRY_AND_SENTENCE: dict[SensorFault, tuple[bool, str]] = {
    SensorFault.PORT_MISSING: (True, "sensor-disconnected"),
    SensorFault.PORT_BUSY: (True, "sensor-wait"),
    SensorFault.LINK_DOWN: (True, "sensor-disconnected"),
    SensorFault.SILENT: (True, "sensor-disconnected"),
    SensorFault.NO_ANSWER: (True, "sensor-again"),
    SensorFault.DAMAGED_ANSWER: (True, "sensor-again"),
    SensorFault.FOREIGN_ANSWER: (True, "sensor-again"),
    SensorFault.REFUSED: (True, "sensor-again"),
    SensorFault.WRONG_PASSWORD: (False, "sensor-setting"),
    SensorFault.PASSWORD_NEEDED: (True, "sensor-again"),
    SensorFault.OTHER_ADDRESS: (False, "sensor-setting"),
    SensorFault.WRONG_BAUD: (False, "sensor-setting"),
    SensorFault.NO_PARAMETERS: (False, "sensor-setting"),
    SensorFault.ODD_PARAMETERS: (False, "sensor-setting"),
    SensorFault.SWAPPED: (False, "sensor-changed"),
    SensorFault.EMPTIED: (False, "sensor-emptied"),
    SensorFault.ENRICHED: (False, "sensor-enriched"),
    SensorFault.ROLLED_BACK: (False, "sensor-rolled-back"),
    SensorFault.EXCHANGED: (False, "sensor-exchanged"),
    SensorFault.BROKEN: (False, "sensor-broken"),
    SensorFault.FLASH: (False, "template-failed"),
    SensorFault.NOT_STORED: (True, "template-failed"),
    SensorFault.SLOT_RANGE: (False, "template-failed"),
    SensorFault.TEMPLATE_SIZE: (False, "template-failed"),
    SensorFault.WRONG_THREAD: (False, "sensor-wait"),
    SensorFault.CLOSED: (False, "sensor-wait"),
}

STOPPING = frozenset(
    {
        SensorFault.SWAPPED,
        SensorFault.EMPTIED,
        SensorFault.ENRICHED,
        SensorFault.ROLLED_BACK,
        SensorFault.EXCHANGED,
    }
)
"""The module or its contents are not what they were: nothing is booked until a technician has been there."""

PORT_FAULTS = frozenset({SensorFault.PORT_MISSING, SensorFault.PORT_BUSY, SensorFault.LINK_DOWN})
"""Faults after which the port must be opened again."""


def sensor_error(kind: SensorFault, message: str) -> SensorError:
    """The fault of this kind, with its sentence for the display and whether a retry may help."""
    retry, sentence_id = _RETRY_AND_SENTENCE[kind]
    return SensorError(kind, retry, message, sentence_id)
