"""The words of the section of fingerprints, each trouble with the next step."""

from collections.abc import Callable

from attendance.templates import ModuleState
from central.pages.language import gettext


def nip_words(nip: str | None) -> str:
    """A NIP in its four groups, as people read it aloud; other numbers as they are."""
    if nip is None:
        return ""
    if len(nip) != 18:
        return nip
    return f"{nip[:8]} {nip[8:14]} {nip[14]} {nip[15:]}"


def finger_words(finger: str) -> str:
    """What a finger is called."""
    return {
        "right-thumb": gettext("jempol kanan"),
        "right-index": gettext("telunjuk kanan"),
        "right-middle": gettext("jari tengah kanan"),
        "right-ring": gettext("jari manis kanan"),
        "right-little": gettext("kelingking kanan"),
        "left-thumb": gettext("jempol kiri"),
        "left-index": gettext("telunjuk kiri"),
        "left-middle": gettext("jari tengah kiri"),
        "left-ring": gettext("jari manis kiri"),
        "left-little": gettext("kelingking kiri"),
    }.get(finger, gettext("jari tidak tercatat"))


def witness_missing_words(reason: str | None) -> str:
    """Why nobody vouched for an enrolment."""
    if reason == "nobody-else-enrolled":
        return gettext("belum ada orang lain yang terdaftar di alat itu")
    return reason or gettext("alasan tidak tercatat")


def finding_state_words(state: str) -> str:
    """What a finding was decided to be."""
    return {
        "open": gettext("Belum diputuskan"),
        "chance": gettext("Kebetulan"),
        "same-person": gettext("Orang yang sama"),
        "cheat": gettext("Kecurangan"),
        "cheat-other": gettext("Kecurangan: jari yang lama"),
    }.get(state, state)


FINDING_STATES = {
    "open": "late",
    "chance": "present",
    "same-person": "excused",
    "cheat": "absent",
    "cheat-other": "absent",
}
"""The class of the style sheet for each."""


def finding_kind_words(kind: str) -> str:
    """How a finding came to be."""
    if kind == "enrolment":
        return gettext("Ditolak saat pendaftaran")
    return gettext("Cocok di alat lain")


def refusal_words(reason: str) -> str:
    """Why a node does not do what it was asked, with the next step."""
    return {
        "other-class": gettext("sensornya dari kelas lain"),
        "slot-in-use": gettext("tempatnya sudah terpakai; teknisi perlu memeriksa isi sensor"),
        "slot-out-of-range": gettext("sensornya lebih kecil daripada yang tercatat"),
        "slot-empty": gettext("tempatnya sudah kosong"),
        "not-yours": gettext("menurut alat, tempat itu milik orang lain; teknisi perlu memeriksa"),
        "bad-seal": gettext("kiriman tidak dapat dibuka; sambungkan alat agar kuncinya diperbarui"),
        "bad-template": gettext("kiriman rusak; daftarkan ulang orangnya"),
        "not-stored": gettext("sensor tidak mau menyimpan; periksa sensor"),
        "expired": gettext("sudah lewat waktu"),
        "impossible": gettext("alat tidak sanggup; teknisi perlu memeriksa"),
    }.get(reason, gettext("alat menolak (%(reason)s)", reason=reason))


def purge_reason_words(reason: str) -> str:
    """Why a finger is to be erased."""
    return {
        "left": gettext("berhenti bekerja"),
        "moved": gettext("pindah kantor"),
        "replaced": gettext("diganti pendaftaran baru"),
        "decided": gettext("diputuskan dalam temuan"),
    }.get(reason, reason)


def purge_step_words(state: str, *, quiet: bool, failed: bool) -> str:
    """What somebody should do so that a node confirms."""
    if state == "retired":
        return gettext(
            "Alat ini sudah dipensiunkan dan tidak akan menjawab. Kosongkan sensornya di tangan teknisi, "
            "atau musnahkan sensornya dan simpan berita acaranya."
        )
    if state == "distrusted":
        return gettext(
            "Alat ini tidak dipercaya, jadi jawabannya tidak diterima. Amankan alatnya; "
            "kosongkan sensornya di tangan teknisi."
        )
    if failed:
        return gettext("Alat menjawab tidak dapat menghapus. Teknisi perlu memeriksa sensornya di tempat.")
    if quiet:
        return gettext(
            "Alat ini mati atau tanpa jaringan. Nyalakan dan sambungkan, atau bawa ke kantor yang "
            "berjaringan: penghapusan berjalan sendiri. Bila tidak akan dipakai lagi, pensiunkan: "
            "hadir-central retire-node."
        )
    return gettext(
        "Alat sedang melapor. Penghapusan berjalan saat tidak ada yang absen; tunggu beberapa menit."
    )


def module_state_words(state: ModuleState) -> str:
    """What the state of a sensor is called."""
    return {
        ModuleState.TRUSTED: gettext("Dikenal"),
        ModuleState.NEW: gettext("Baru dikenal"),
        ModuleState.SWAPPED: gettext("Sensor lain terpasang"),
        ModuleState.EMPTIED: gettext("Sidik jari hilang"),
        ModuleState.ENRICHED: gettext("Ada sidik jari asing"),
        ModuleState.ROLLED_BACK: gettext("Isi lama kembali"),
        ModuleState.EXCHANGED: gettext("Isi tempat tertukar"),
    }[state]


def module_alarm_words(state: ModuleState) -> str:
    """What happened to a sensor, and what to do; empty where nothing did. Booking stands still meanwhile."""
    return {
        ModuleState.SWAPPED: gettext(
            "Sensor di alat ini bukan sensor yang kita kenal. Absen dengan jari dihentikan. Tanyakan siapa "
            "yang mengganti. Bila teknisi yang menggantinya, ia mengesahkan sensor baru di alat "
            "(hadir-edge sensor accept); bila tidak, pasang kembali sensor lama."
        ),
        ModuleState.EMPTIED: gettext(
            "Sebagian sidik jari hilang dari sensor. Absen dengan jari dihentikan. Teknisi memeriksa sensor "
            "di tempat; setelah sensor disahkan, sidik jari yang tersimpan di server dikirim kembali."
        ),
        ModuleState.ENRICHED: gettext(
            "Di sensor ada sidik jari yang tidak pernah didaftarkan lewat Hadir. Absen dengan jari "
            "dihentikan. Jangan hapus apa pun dulu: panggil auditor. Sesudah itu teknisi mengesahkan sensor "
            "(hadir-edge sensor accept); alat lalu menghapus sidik jari asing itu sendiri."
        ),
        ModuleState.ROLLED_BACK: gettext(
            "Isi sensor kembali ke keadaan lama, misalnya karena sensor disalin. Absen dengan jari "
            "dihentikan. Teknisi memeriksa asal sensor sebelum mengesahkannya "
            "(hadir-edge sensor accept)."
        ),
        ModuleState.EXCHANGED: gettext(
            "Sebuah tempat di sensor berisi sidik jari lain daripada yang didaftarkan. Absen dengan jari "
            "dihentikan. Panggil auditor; orang yang bersangkutan didaftarkan ulang di depan petugas."
        ),
    }.get(state, "")


FILTERS: dict[str, Callable[..., str]] = {
    "nip_words": nip_words,
    "finger_words": finger_words,
    "witness_missing_words": witness_missing_words,
    "finding_state_words": finding_state_words,
    "finding_kind_words": finding_kind_words,
    "refusal_words": refusal_words,
    "purge_reason_words": purge_reason_words,
}
"""What templates call these words by."""
GLOBALS: dict[str, object] = {
    "finding_states": FINDING_STATES,
    "purge_step_words": purge_step_words,
    "module_state_words": module_state_words,
    "module_alarm_words": module_alarm_words,
}
