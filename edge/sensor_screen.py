"""`hadir-edge sensor status|accept|recover`: the technician's words about the module, in a terminal.

It talks to nobody: it reads what the punch process has written, and leaves word for it in the state folder.
"""

from collections.abc import Callable

from attendance.templates import ModuleState
from edge.config import NodeConfig
from edge.faults import SensorError
from edge.module_memory import MemoryFile, ModuleMemory
from edge.module_secret import Lock, LockFile, Secret, Stage
from edge.sensor_searching import usable_slots
from edge.technician import TechnicianWord, hand_over

DONE, REFUSED = 0, 1
MEMORY, SECRET = "sensor.json", "sensor-secret.json"
Say = Callable[[str], None]

_STATES = {
    ModuleState.TRUSTED: "Keadaan: dipercaya.",
    ModuleState.NEW: "Keadaan: baru dikenal. Isinya sedang dicatat.",
    ModuleState.SWAPPED: "Keadaan: BERHENTI. Sensor diganti.",
    ModuleState.EMPTIED: "Keadaan: BERHENTI. Ada sidik jari yang hilang dari sensor.",
    ModuleState.ENRICHED: "Keadaan: BERHENTI. Ada sidik jari di sensor yang tidak disimpan oleh alat ini.",
    ModuleState.ROLLED_BACK: "Keadaan: BERHENTI. Isi sensor kembali ke keadaan lama.",
    ModuleState.EXCHANGED: "Keadaan: BERHENTI. Isi satu tempat di sensor tidak sama lagi.",
}
_STAGES = {
    None: "Kata sandi sensor: menurut hadir.toml.",
    Stage.PREPARED: "Kata sandi sensor: menurut hadir.toml; yang baru sudah disiapkan.",
    Stage.TOLD: "Kata sandi sensor: sedang diganti.",
    Stage.SET: "Kata sandi sensor: acak, khusus alat ini. Salinannya ada di server.",
}


def status(config: NodeConfig, say: Say = print) -> int:
    """Say what is known of the module; the exit status is not 0 where booking is stopped."""
    try:
        memory = MemoryFile(config.state_dir / MEMORY).read()
        lock = LockFile(config.state_dir / SECRET).read()
    except SensorError as error:
        say(f"Catatan tentang sensor tidak dapat dibaca: {error.message}")
        say("Periksa sensor, lalu: hadir-edge sensor accept")
        return REFUSED
    if memory is None:
        say("Belum ada sensor yang dikenal alat ini.")
        return DONE
    for line in _described(memory):
        say(line)
    say(_STAGES[lock.stage if lock else None])
    if not memory.state.alarming:
        return DONE
    say(f"Catatan mesin: {memory.detail}")
    say("Tidak ada absensi sidik jari sampai teknisi memeriksa sensor dan kabelnya.")
    say("Jika sensor yang terpasang memang benar: hadir-edge sensor accept")
    return REFUSED


def accept(config: NodeConfig, say: Say = print) -> int:
    """Leave word that the module that is there now is the right one."""
    try:
        TechnicianWord(config.state_dir).leave()
    except OSError as error:
        say(f"Tidak dapat ditulis: {error.strerror}. Jalankan dengan sudo.")
        return REFUSED
    say("Dicatat: sensor yang terpasang sekarang dianggap benar. Server diberi tahu.")
    say("Lihat layar alat: dalam beberapa detik harus muncul 'Tempelkan jari'.")
    say("Isi yang tidak terbukti disimpan oleh alat ini akan dihapus, dan server diberi tahu.")
    say("Sidik jari di sensor lain tidak ikut pindah: periksa daftar pegawai di server.")
    return DONE


def recover(config: NodeConfig, password: int, address: int, say: Say = print) -> int:
    """Open the module from now on with the password and the address of its recovery copy."""
    file = config.state_dir / SECRET
    try:
        LockFile(file).write(Lock(Secret(password, address), Stage.SET))
        hand_over(file)
    except OSError as error:
        say(f"Tidak dapat ditulis: {error.strerror}. Jalankan dengan sudo.")
        return REFUSED
    say("Dicatat: sensor dibuka dengan kata sandi dan alamat ini, paling lambat dalam 10 detik.")
    say("Jika layar alat tetap meminta teknisi: hadir-edge sensor accept")
    return DONE


def _described(memory: ModuleMemory) -> list[str]:
    known = memory.identity
    make = memory.make
    number = f"nomor seri {known.serial}" if known.serial else "tanpa nomor seri"
    lines = [
        f"Sensor: {make.model if make else known.model}, {number}.",
        f"Terisi: {len(memory.slots)} dari {usable_slots(known.capacity)} tempat.",
        _STATES[memory.state],
    ]
    if make is not None:
        lines.append(f"Kelas sidik jari: {make.class_text}")
    if memory.doubted:
        lines.append(f"{len(memory.doubted)} tempat belum terbukti isinya: tidak dihitung sebagai absen.")
    if known.notepad is None:
        lines.append("Sensor ini tidak punya buku catatan: penggantian lebih sulit dikenali.")
    return lines
