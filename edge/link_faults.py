"""The kinds of fault on the way to central: what each one says to people, and whether waiting may help."""

from enum import StrEnum

from edge.faults import LinkError


class LinkFault(StrEnum):
    """What is wrong between this node and central. The value is the stable name in logs."""

    UNREACHABLE = "unreachable"
    """No network, no such name, or nobody listens there."""
    TIMED_OUT = "timed-out"
    """The link is up and too slow, or silently dead."""
    CUT = "cut"
    """The connection broke in the middle of an exchange."""
    UNTRUSTED = "tls-untrusted"
    """Somebody else answers in central's name: a captive portal, a wrong address, or an attacker."""
    CLOCK = "tls-time"
    """The certificate is not valid at the time that this node believes it is."""
    STRANGER = "not-central"
    """Not our language: HTML, a redirect, broken JSON, a receipt that central did not sign."""
    TOO_LARGE = "answer-too-large"
    """The answer is larger than any that we asked for."""
    BUSY = "central-busy"
    """Central asks for patience, or is broken itself."""
    REFUSED = "central-refuses"
    """Central understood the request and does not want it."""
    SETTING = "link-setting"
    """The address or the file of the authority in the settings can't be used."""


SENTENCES: dict[str, str] = {
    "link-down": "Tidak ada jaringan. Absensi tetap tersimpan di alat ini.",
    "link-stranger": "Server tidak dikenal. Absensi tetap tersimpan. Hubungi teknisi.",
    "link-clock": "Jam alat salah, sambungan ditolak. Absensi tetap tersimpan. Hubungi teknisi.",
    "link-refused": "Server menolak alat ini. Absensi tetap tersimpan. Hubungi teknisi.",
    "link-setting": "Setelan server salah. Hubungi teknisi.",
}
"""Indonesian sentences for the display, by `Fault.sentence_id`."""

_RETRY_AND_SENTENCE: dict[LinkFault, tuple[bool, str]] = {
    LinkFault.UNREACHABLE: (True, "link-down"),
    LinkFault.TIMED_OUT: (True, "link-down"),
    LinkFault.CUT: (True, "link-down"),
    LinkFault.UNTRUSTED: (False, "link-stranger"),
    LinkFault.CLOCK: (False, "link-clock"),
    LinkFault.STRANGER: (True, "link-stranger"),
    LinkFault.TOO_LARGE: (True, "link-stranger"),
    LinkFault.BUSY: (True, "link-down"),
    LinkFault.REFUSED: (False, "link-refused"),
    LinkFault.SETTING: (False, "link-setting"),
}


def link_error(kind: LinkFault, message: str) -> LinkError:
    """The fault of this kind, with its sentence for the display and whether a retry may help."""
    retry, sentence_id = _RETRY_AND_SENTENCE[kind]
    return LinkError(kind, retry, message, sentence_id)
