"""The words of the screens for what the books say in codes. Indonesian here, English in the catalogue."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from central.accounts import Role
from central.pages.language import gettext, ngettext
from central.presence import Presence

_ZONE_WORDS = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def role_words(role: Role) -> str:
    """What a role is called."""
    return {
        Role.LEADER: gettext("Pimpinan"),
        Role.HR_ADMIN: gettext("Admin BKPSDM"),
        Role.UNIT_HEAD: gettext("Kepala SKPD"),
        Role.UNIT_ADMIN: gettext("Admin SKPD"),
        Role.TECHNICIAN: gettext("Teknisi"),
        Role.AUDITOR: gettext("Auditor"),
        Role.EMPLOYEE: gettext("Pegawai"),
    }[role]


def kind_words(kind: str) -> str:
    """What a punch was taken for."""
    return {
        "in": gettext("Masuk"),
        "late": gettext("Masuk terlambat"),
        "early": gettext("Sebelum jam pulang"),
        "out": gettext("Pulang"),
        "outside": gettext("Di luar jam absen"),
        "day-off": gettext("Hari libur"),
        "enrolment": gettext("Pendaftaran"),
    }.get(kind, gettext("Absen"))


KIND_STATES = {"in": "present", "late": "late", "early": "early", "out": "out"}
"""The class of the style sheet for each kind of punch; others are plain."""


def presence_words(state: Presence, late_minutes: int, early_minutes: int, code: str | None = None) -> str:
    """A person's state, with the minutes that explain it."""
    late = gettext("Terlambat %(minutes)s mnt", minutes=late_minutes)
    match state:
        case Presence.LATE:
            return late
        case Presence.EARLY:
            early = gettext("Pulang cepat %(minutes)s mnt", minutes=early_minutes)
            return f"{late}, {early}" if late_minutes else early
        case Presence.OUT:
            home = gettext("Sudah pulang")
            return f"{late}, {home}" if late_minutes else home
        case Presence.EXCUSED:
            return gettext("Berketerangan (%(code)s)", code=code or "")
        case _:
            return {
                Presence.PRESENT: gettext("Hadir"),
                Presence.NO_CHECK_IN: gettext("Pulang, tidak absen masuk"),
                Presence.WAITING: gettext("Belum absen"),
                Presence.PENDING: gettext("Belum lengkap"),
                Presence.ABSENT: gettext("Tanpa keterangan (TK)"),
                Presence.OFF: gettext("Libur"),
            }[state]


PRESENCE_STATES = {
    Presence.PRESENT: "present",
    Presence.LATE: "late",
    Presence.OUT: "out",
    Presence.EARLY: "early",
    Presence.NO_CHECK_IN: "early",
    Presence.WAITING: "waiting",
    Presence.PENDING: "pending",
    Presence.EXCUSED: "excused",
    Presence.ABSENT: "absent",
    Presence.OFF: "off",
}
"""The class of the style sheet for each state."""


def flag_words(flags: Iterable[str]) -> list[tuple[str, str]]:
    """What somebody should know of a day, each with the next step. None of it blames the person."""
    known = {
        "doubtful-time": (
            gettext("waktu diragukan"),
            gettext(
                "Jam alat belum pasti saat absen itu. Selama belum jelas, hari itu tidak dinilai terlambat."
            ),
        ),
        "finding-open": (
            gettext("sidik jari sedang diperiksa"),
            gettext(
                "Dua sidik jari tampak mirip bagi sensor; ini belum berarti ada yang salah. "
                "Absen tetap dihitung. Petugas memutuskannya di Sidik jari, Temuan."
            ),
        ),
        "no-windows": (
            gettext("jam kerja belum diketahui"),
            gettext(
                "Sif pada hari itu tidak ada dalam aturan. Admin memperbaiki daftar sif atau aturannya; "
                "hari itu lalu dihitung sendiri."
            ),
        ),
        "by-pin": (
            gettext("dengan PIN"),
            gettext("Absen dicatat dengan PIN, bukan jari. Bila jarinya dapat dibaca, daftarkan jarinya."),
        ),
    }
    return [words for name, words in known.items() if name in flags]


def zone_words(zone: ZoneInfo) -> str:
    """WIB, WITA or WIT; other zones by their own name."""
    return _ZONE_WORDS.get(zone.key, zone.key)


def day_words(day: date, language: str) -> str:
    """A date in full, like "Selasa, 24 November 2026"."""
    return str(format_date(day, "EEEE, d MMMM yyyy", locale=language))


def month_words(day: date, language: str) -> str:
    """The month of a date, like "November 2026"."""
    return str(format_date(day, "MMMM yyyy", locale=language))


def clock_words(when: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """The time of day, 24 hours."""
    return when.astimezone(zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def since_words(when: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """When something was, short: the time today, the date before."""
    local, here = when.astimezone(zone), now.astimezone(zone)
    clock = local.strftime("%H:%M")
    if local.date() == here.date():
        return clock
    return f"{format_date(local.date(), 'd MMM', locale=language)} {clock}"


def length_words(length: timedelta) -> str:
    """How long something takes, to one unit."""
    minutes = max(1, int(length.total_seconds() // 60))
    if minutes < 90:
        return ngettext("%(num)s menit", "%(num)s menit", minutes)
    if minutes < 48 * 60:
        return ngettext("%(num)s jam", "%(num)s jam", minutes // 60)
    return ngettext("%(num)s hari", "%(num)s hari", minutes // (24 * 60))
