"""The words of an enrolment that is started here: how far it is, why it is not taken, why it was refused."""

from central.enrolment_requests import Refusal, State
from central.pages.language import gettext

STATES = {
    State.WAITING: "waiting",
    State.RUNNING: "pending",
    State.ENROLLED: "present",
    State.REFUSED: "absent",
    State.EXPIRED: "late",
    State.CANCELLED: "off",
}
"""The class of the style sheet for each state."""


def state_words(state: State) -> str:
    """How far a request is."""
    return {
        State.WAITING: gettext("Menunggu alat"),
        State.RUNNING: gettext("Berjalan di alat"),
        State.ENROLLED: gettext("Terdaftar"),
        State.REFUSED: gettext("Ditolak"),
        State.EXPIRED: gettext("Kedaluwarsa"),
        State.CANCELLED: gettext("Dibatalkan"),
    }[state]


def refusal_words(refusal: Refusal) -> str:
    """Why a request is not taken, with the next step."""
    return {
        Refusal.UNKNOWN_PERSON: gettext("Pilih pegawai yang akan didaftarkan."),
        Refusal.NOT_HERE: gettext(
            "Pegawai ini hari ini tidak ditempatkan di kantor alat itu. Perbaiki penempatannya, "
            "atau pilih alat di kantornya."
        ),
        Refusal.UNKNOWN_NODE: gettext("Pilih alat tempat pendaftaran dilakukan."),
        Refusal.DISTRUSTED: gettext("Alat itu tidak dipercaya lagi. Pilih alat lain, dan hubungi teknisi."),
        Refusal.RETIRED: gettext("Alat itu sudah dipensiunkan. Pilih alat lain."),
        Refusal.NO_MODULE: gettext(
            "Alat itu belum melaporkan sensornya. Nyalakan alat, sambungkan ke jaringan, "
            "tunggu satu menit, lalu coba lagi."
        ),
        Refusal.BUSY: gettext(
            "Di alat itu masih ada permintaan yang terbuka. Tunggu sampai selesai, atau batalkan dahulu."
        ),
        Refusal.NO_FINGERS: gettext("Pilih dua jari: satu dari tangan kanan, satu dari tangan kiri."),
        Refusal.ONE_HAND: gettext("Dua jari itu harus dari tangan yang berbeda."),
        Refusal.NO_BASIS: gettext("Isi dasar hukumnya, misalnya nomor SK."),
        Refusal.NO_NOTICE: gettext("Isi versi pemberitahuan privasi yang sudah dibacakan."),
        Refusal.TOO_LONG: gettext("Dasar hukum dan pemberitahuan paling panjang 200 huruf."),
    }[refusal]


def reason_words(reason: str, other: str | None) -> tuple[str, str]:
    """Why a node did not enrol, and what to do now.

    Args:
        reason: of the event.
        other: name of whom the finger belongs to, where it is somebody's.
    """
    again = gettext("Tidak ada yang tersimpan. Mulai lagi bila semua sudah siap di depan alat.")
    known = {
        "belongs-to-another": (
            gettext("Jari ini sudah terdaftar atas nama %(name)s.", name=other or gettext("orang lain")),
            gettext(
                "Ini belum tentu kecurangan: dua orang dapat mirip bagi sensor. Periksa kartu identitas "
                "kedua orang. Bila benar jari sendiri, mulai lagi dengan jari lain dan laporkan ke BKPSDM."
            ),
        ),
        "belongs-to-nobody": (
            gettext("Jari ini sudah ada di sensor tanpa nama."),
            gettext("Teknisi perlu memeriksa isi sensor alat ini sebelum mencoba lagi."),
        ),
        "full": (
            gettext("Sensor alat ini penuh."),
            gettext("Hapus orang yang sudah pindah, atau pasang alat kedua di kantor ini."),
        ),
        "no-usable-finger": (
            gettext("Tidak ada jari yang dapat dibaca."),
            gettext("Coba lagi dengan jari lain. Bila tetap tidak terbaca, pakai PIN dengan pengawas."),
        ),
        "timeout": (gettext("Terlalu lama tidak ada jari di alat."), again),
        "cancelled": (gettext("Dibatalkan di alat."), again),
        "interrupted": (
            gettext("Terputus: alat mati atau mulai ulang di tengah pendaftaran."),
            gettext("Alat sudah menghapus sisanya sendiri. Mulai lagi dari awal."),
        ),
        "busy": (
            gettext("Alat sedang dipakai untuk pendaftaran lain."),
            gettext("Tunggu sampai pendaftaran itu selesai, lalu mulai lagi."),
        ),
        "not-in-roster": (
            gettext("Orang ini belum ada di daftar alat."),
            gettext("Tunggu dua menit sampai daftar baru sampai di alat, lalu mulai lagi."),
        ),
        "not-recorded": (
            gettext("Alat tidak dapat mencatat."),
            gettext("Kartu memorinya penuh atau rusak. Hubungi teknisi."),
        ),
        "sensor": (
            gettext("Sensor alat tidak bekerja."),
            gettext("Periksa kabel dan kaca sensor, lalu mulai lagi. Bila berulang, hubungi teknisi."),
        ),
        "expired": (
            gettext("Permintaan sampai terlambat di alat."),
            gettext("Periksa jaringan alat, lalu mulai lagi."),
        ),
    }
    return known.get(
        reason,
        (
            gettext("Alat menghentikannya (%(reason)s).", reason=reason),
            gettext("Periksa kabel dan kaca sensor, lalu mulai lagi. Bila berulang, hubungi teknisi."),
        ),
    )


def photo_missing_words(reason: str | None) -> str:
    """Why there is no picture of the face."""
    if reason is None:
        return gettext("foto menyusul")
    if reason == "no-camera":
        return gettext("alat tanpa kamera")
    return gettext("tanpa foto (%(reason)s)", reason=reason)
