"""What the `hadir-central` commands about templates do; the answer is the text to print, in Indonesian."""

from central import sensor_recovery, template_rotation
from central.office import Office


def rotate_template_key(office: Office) -> str:
    """Wrap the keys of all people under a new key, printing how far it has got."""
    done = template_rotation.rotate(office, _tell)
    moved = f"{done.moved} kunci orang dibungkus ulang"
    lines = [
        f"Kunci sidik jari versi {done.version} dibuat dan dipakai: {moved}."
        if done.made
        else f"Penggantian ke versi {done.version} yang terputus diselesaikan: {moved}. "
        "Jalankan sekali lagi bila perlu kunci yang baru."
    ]
    lines += [f"Kunci {person} tidak dapat dibuka: {reason}" for person, reason in done.stuck]
    lines.append(
        f"Salin berkas kunci dari {office.template_keys.folder} ke tempat aman, "
        "terpisah dari cadangan basis data."
    )
    lines.append("Kunci lama masih ada; hapus dengan --remove-old.")
    return "\n".join(lines)


def remove_old_template_keys(office: Office) -> str:
    """Delete keys that nothing lies under any more."""
    done = template_rotation.remove_old(office)
    lines = [f"Kunci sidik jari versi {version} dihapus." for version in done.removed]
    if done.removed:
        lines.append("Cadangan basis data dari sebelum penggantian tidak dapat membuka sidik jari lagi.")
    lines += [
        f"Versi {version} tetap disimpan: {count} kunci orang masih memakainya. "
        "Jalankan rotate-template-key lebih dahulu."
        for version, count in sorted(done.in_use.items())
    ]
    return "\n".join(lines) or "Tidak ada kunci lama."


def forget_unreadable_templates(office: Office) -> str:
    """Give up what can't be opened any more."""
    lost = template_rotation.forget_unreadable(office)
    if not lost:
        return "Semua kunci orang dapat dibuka; tidak ada yang dihapus."
    return (
        f"Sidik jari {len(lost)} orang tidak dapat dibuka lagi dan dihapus dari server: {', '.join(lost)}.\n"
        "Alat diminta menyerahkannya lagi; pegawai tidak perlu didaftarkan ulang."
    )


def recover_sensor(office: Office, node: str) -> str:
    """Print how the module of a node is opened."""
    with office.database.write() as connection:
        secret = sensor_recovery.recover(
            connection, office.template_keys, node, office.clock.now_ms(), actor="command"
        )
    return (
        f"Sensor alat {node}, nomor seri {secret.serial or 'tidak ada'}\n"
        f"Kata sandi: 0x{secret.password:08x}\n"
        f"Alamat:     0x{secret.address:08x}\n"
        "Jangan kirim lewat pesan. Pembukaan ini tercatat di jejak audit."
    )


def _tell(done: int, total: int) -> None:
    print(f"{done} dari {total} kunci orang", flush=True)
