"""The words of an enrolment: a sentence for the officer's screen, two short lines for the node's display."""

from attendance.enrolment import FINGERS
from edge.enrolment_deeds import Line
from edge.wording import WIDTH, short_name

_FINGER_WORDS = {"thumb": "jempol", "index": "telunjuk", "middle": "tengah", "ring": "manis"} | {
    "little": "kelingking"
}
_HAND_WORDS = {"right": "kanan", "left": "kiri"}
_POOR = {
    "capture-failed": ("Jari bergerak. Diamkan jari sampai diminta mengangkat.", "Jari bergerak"),
    "messy": ("Gambar tidak jelas. Bersihkan jari dan kaca sensor, lalu ulangi.", "Bersihkan jari"),
    "too-dry": ("Jari terlalu kering. Gosokkan jari pada telapak tangan, lalu ulangi.", "Jari kering"),
    "too-wet": ("Jari basah. Keringkan dahulu, lalu ulangi.", "Keringkan jari"),
    "few-points": ("Jari kurang menempel. Letakkan di tengah dan tekan sedikit.", "Tekan sedikit"),
    "lifted": ("Jari terlalu cepat diangkat. Ulangi.", "Terlalu cepat"),
}
_NOTHING_STORED = ("Tak ada yang", "tersimpan")
_BEGIN_AGAIN = ("Mulai lagi dari", "halaman server")
_FROM_THE_START = ("Ulangi dari awal", "")
_ASK_ADMIN = ("Hub. admin OPD", "")
_POOR_OTHERWISE = ("Gambar sidik jari kurang baik. Ulangi.", "Kurang jelas")


def finger_name(finger: str) -> str:
    """ "telunjuk kanan" for "right-index": at most 16 characters."""
    hand, _, name = finger.partition("-")
    return f"{_FINGER_WORDS[name]} {_HAND_WORDS[hand]}"


def finger_from(words: str) -> str | None:
    """The finger that an officer names: "telunjuk kanan", "telunjuk-kanan" or "right-index"."""
    said = " ".join(words.lower().replace("-", " ").replace("_", " ").split())
    for finger in FINGERS:
        if said in (finger_name(finger), finger.replace("-", " ")):
            return finger
    return None


def step(text: str, first: str, second: str) -> Line:
    """What is to be done next."""
    return Line("step", text, first[:WIDTH], second[:WIDTH])


def hint(text: str, first: str, second: str = "Ulangi") -> Line:
    """What went wrong and how to do better."""
    return Line("hint", text, first[:WIDTH], second[:WIDTH])


def refusal(text: str, first: str, second: str, *more: tuple[str, str]) -> Line:
    """The end, without an enrolment: why, and on the pages after it what to do."""
    return Line("refusal", text, first[:WIDTH], second[:WIDTH], more)


def begun(name: str) -> Line:
    """The first line."""
    return step(f"Pendaftaran sidik jari {name} dimulai. Absensi dijeda.", "Pendaftaran", short_name(name))


def witness_wanted() -> Line:
    """The supervisor first."""
    return step(
        "Pengawas: tempelkan jari Anda sendiri yang sudah terdaftar di alat ini.",
        "Pengawas:",
        "tempelkan jari",
    )


def witness_seen(name: str) -> Line:
    """Who supervises."""
    return step(f"Pengawas: {name}.", "Pengawas", short_name(name))


def witness_unknown() -> Line:
    """A finger that does not make a witness."""
    return hint("Jari pengawas tidak dikenal di alat ini. Coba lagi.", "Tidak dikenal")


def witness_is_the_person() -> Line:
    """Nobody supervises themselves."""
    return hint("Pengawas harus orang lain, bukan yang didaftarkan.", "Harus orang lain", "Pengawas ulangi")


def no_witness() -> Line:
    """A new office, where nobody can be a witness yet."""
    return step(
        "Belum ada orang lain yang terdaftar di alat ini: pendaftaran ini dicatat tanpa pengawas.",
        "Tanpa pengawas",
        "dicatat",
    )


def touch(finger: str, number: int, of: int) -> Line:
    """One of the touches that the template is made of."""
    return step(
        f"Tempelkan {finger_name(finger)} (sentuhan {number} dari {of}).",
        f"Tempel {number}/{of}",
        finger_name(finger),
    )


def touch_to_prove(finger: str, number: int, of: int) -> Line:
    """One of the touches that prove it."""
    return step(
        f"Uji {number} dari {of}: tempelkan {finger_name(finger)} sekali lagi.",
        f"Uji {number}/{of}",
        finger_name(finger),
    )


def lift() -> Line:
    """Between two touches."""
    return step("Angkat jari.", "Angkat jari", "")


def poor(reason: str, left: int) -> Line:
    """A touch that was of no use."""
    text, short = _POOR.get(reason, _POOR_OTHERWISE)
    return hint(f"{text} (sisa {left} percobaan)", short)


def same_finger_again() -> Line:
    """The second finger is the first one."""
    return hint(
        "Ini jari yang tadi. Gunakan jari lain dari tangan yang lain.", "Jari yang tadi", "Pakai jari lain"
    )


def other_finger() -> Line:
    """Touches of one template by two fingers."""
    return hint(
        "Jari ini tidak sama dengan sentuhan pertama. Ulangi dari awal dengan satu jari yang sama.",
        "Jari berbeda",
        "Ulangi dr awal",
    )


def not_combined() -> Line:
    """The module could not make a template of the touches."""
    return hint("Sentuhan belum cocok satu sama lain. Ulangi dari awal.", "Belum cocok", "Ulangi dr awal")


def not_proven() -> Line:
    """Stored, but the finger is not found again well enough."""
    return hint(
        "Hasilnya belum cukup kuat dan sudah dihapus. Ulangi dari awal, letakkan jari di tengah.",
        "Belum cukup kuat",
        "Ulangi dr awal",
    )


def finger_too_hard(finger: str) -> Line:
    """Another finger is needed."""
    return hint(
        f"{finger_name(finger).capitalize()} tidak dapat dipakai. Pilih jari lain.",
        "Pilih jari lain",
        "Lihat layar",
    )


def use_instead(finger: str, chosen: str) -> Line:
    """Another finger is needed, and nobody is there to choose it."""
    return hint(
        f"{finger_name(finger).capitalize()} tidak dapat dipakai. Sekarang {finger_name(chosen)}.",
        "Pakai jari lain:",
        finger_name(chosen),
    )


def replaces() -> Line:
    """The person's own older template."""
    return step(
        "Jari ini sudah terdaftar atas nama orang ini: akan diperbarui.", "Sudah terdaftar", "Diperbarui"
    )


def finger_done(finger: str) -> Line:
    """One finger is stored and proven."""
    return step(f"{finger_name(finger).capitalize()} tersimpan dan teruji.", "Tersimpan", finger_name(finger))


def face_wanted() -> Line:
    """The picture."""
    return step(
        "Foto wajah: hadapkan orang yang didaftarkan ke kamera, lalu tekan Enter.",
        "Foto wajah",
        "Lihat kamera",
    )


def face_soon(left_s: int) -> Line:
    """The picture, taken when the countdown ends."""
    return step(
        f"Foto wajah: hadapkan orang yang didaftarkan ke kamera. Foto dalam {left_s} detik.",
        "Lihat kamera",
        f"Foto dalam {left_s}",
    )


def face_failed(reason: str) -> Line:
    """No picture."""
    return hint(f"Kamera tidak memberi foto ({reason}).", "Foto gagal")


def enrolled(name: str) -> Line:
    """The good end."""
    return Line("done", f"Selesai. {name} sudah dapat absen di alat ini.", "Terdaftar", short_name(name))


def belongs_to_another(name: str) -> Line:
    """Somebody else's finger, or one so alike that the sensor takes it for theirs."""
    return refusal(
        f"DITOLAK: jari ini sudah terdaftar atas nama {name}. Tidak ada yang disimpan. Periksa identitas "
        "kedua orang. Bila ini benar jari orang yang didaftarkan, coba jari lain dan laporkan ke BKPSDM.",
        "Ditolak: jari",
        "milik orang lain",
        ("Periksa KTP,", "coba jari lain,"),
        ("lapor BKPSDM", ""),
    )


def belongs_to_nobody(slot: int) -> Line:
    """A template that the host's table does not know."""
    return refusal(
        f"DITOLAK: jari ini sudah ada di sensor tanpa nama (tempat {slot}). Tidak ada yang disimpan. "
        "Minta admin memeriksa tempat itu.",
        "Ditolak: jari",
        "tanpa nama",
        ("Minta admin", f"cek tempat {slot}"),
    )


def full() -> Line:
    """No slot is free."""
    return refusal(
        "DITOLAK: sensor penuh. Tidak ada yang disimpan. Minta admin menghapus orang yang sudah pindah "
        "atau menambah alat.",
        "Sensor penuh",
        "Tak tersimpan",
        _ASK_ADMIN,
    )


def no_usable_finger() -> Line:
    """Finger after finger could not be read."""
    return refusal(
        "DITOLAK: tidak ada jari yang dapat dibaca. Tidak ada yang disimpan. Hubungi admin untuk cara lain.",
        "Jari tak terbaca",
        "Tak tersimpan",
        ("Hub. admin OPD", "untuk cara lain"),
    )


def cancelled() -> Line:
    """By the officer."""
    return refusal("Dibatalkan. Tidak ada yang disimpan.", "Dibatalkan", "Tak tersimpan")


def withdrawn() -> Line:
    """By whoever had asked for it on central's page."""
    return refusal(
        "Dibatalkan dari server. Tidak ada yang disimpan.", "Dibatalkan", "dari server", _NOTHING_STORED
    )


def timed_out() -> Line:
    """Nobody did anything."""
    return refusal(
        "Dihentikan karena terlalu lama diam. Tidak ada yang disimpan.",
        "Terlalu lama",
        "Dihentikan",
        _NOTHING_STORED,
        _FROM_THE_START,
    )


def officer_away() -> Line:
    """The officer's screen was closed."""
    return refusal("Dihentikan karena layar petugas tertutup. Tidak ada yang disimpan.", "Dihentikan", "")


def sensor_failed(sentence: str) -> Line:
    """A fault of the sensor."""
    return refusal(
        f"Dihentikan: {sentence} Tidak ada yang disimpan.",
        "Gangguan sensor",
        "Dihentikan",
        ("Bila terulang,", "hub. teknisi"),
    )


def not_recorded() -> Line:
    """A fault of the storage."""
    return refusal(
        "Dihentikan: alat tidak dapat mencatat. Tidak ada yang disimpan. Hubungi teknisi.",
        "TIDAK TEREKAM",
        "Dihentikan",
        ("Kartu penuh atau", "rusak: teknisi"),
    )


def left_open() -> Line:
    """Even taking back failed; the node does that by itself as soon as it can."""
    return refusal(
        "Sisa pendaftaran ini akan dihapus sendiri oleh alat begitu sensor pulih. Ulangi sesudahnya.",
        "Belum bersih",
        "Ulangi nanti",
    )


# -- orders of central that are not begun


def not_begun_expired() -> Line:
    """It came too late."""
    return refusal(
        "Permintaan dari server sudah kedaluwarsa. Mulai lagi dari halaman server.",
        "Permintaan",
        "kedaluwarsa",
        _BEGIN_AGAIN,
    )


def not_begun_busy() -> Line:
    """An officer enrols somebody here."""
    return refusal(
        "Pendaftaran lain sedang berjalan di alat ini. Tunggu selesai, lalu mulai lagi dari server.",
        "Alat dipakai",
        "Tunggu selesai",
        _BEGIN_AGAIN,
    )


def not_begun_sensor() -> Line:
    """The sensor does not work."""
    return refusal(
        "Sensor sedang tidak bekerja. Hubungi teknisi, lalu mulai lagi dari server.",
        "Gangguan sensor",
        "Tak bisa daftar",
        ("Hub. teknisi", ""),
        _BEGIN_AGAIN,
    )


def not_begun_stranger(name: str) -> Line:
    """Nobody of this id is on the roster."""
    return refusal(
        f"{name} tidak ada di daftar alat ini. Minta admin memeriksa unitnya, lalu mulai lagi dari server.",
        short_name(name),
        "tak ada di alat",
        ("Minta admin cek", "unit kerjanya"),
        _BEGIN_AGAIN,
    )


def not_begun_fingers() -> Line:
    """Fingers of one hand, from a central that should not have asked for them."""
    return refusal(
        "Dua jari itu harus dari tangan yang berbeda. Mulai lagi dari server.",
        "Harus 2 tangan",
        "yang berbeda",
        _BEGIN_AGAIN,
    )


def interrupted() -> Line:
    """The node was off in the middle of it."""
    return refusal(
        "Pendaftaran terputus. Sisanya sudah dihapus. Ulangi dari awal.",
        "Pendaftaran",
        "terputus",
        _NOTHING_STORED,
        _FROM_THE_START,
    )
