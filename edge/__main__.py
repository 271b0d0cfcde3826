"""`python -m edge punch|camera|sync|claim|enrol|sensor --config hadir.toml`: one role, one process."""

import argparse
import logging
import sys
from pathlib import Path

from edge import config
from edge.config_reading import ConfigError

BAD_CONFIG = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one role; returns the exit status."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        read = config.load(asked.config)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return BAD_CONFIG
    return _run(asked, read)


def _run(asked: argparse.Namespace, read: config.NodeConfig) -> int:
    """Each role imports what it touches and no more: the punch process has no HTTP client in it."""
    if asked.role == "punch":
        from edge import punch_process  # noqa: PLC0415

        return punch_process.run(read)
    if asked.role == "camera":
        from edge import camera_process  # noqa: PLC0415

        return camera_process.run(read)
    if asked.role == "sync":
        from edge import sync_process  # noqa: PLC0415

        return sync_process.run(read)
    if asked.role == "sensor":
        return _sensor(asked, read)
    if asked.role == "enrol":
        from edge import enrolment_screen  # noqa: PLC0415

        fingers = asked.fingers.split(",")
        return enrolment_screen.run(read, asked.who, fingers, asked.legal_basis, asked.notice)
    from edge import claiming  # noqa: PLC0415

    return claiming.run(read, asked.token)


def _sensor(asked: argparse.Namespace, read: config.NodeConfig) -> int:
    from edge import sensor_screen  # noqa: PLC0415

    if asked.what == "recover":
        return sensor_screen.recover(read, asked.password, asked.address)
    return sensor_screen.accept(read) if asked.what == "accept" else sensor_screen.status(read)


def _number(text: str) -> int:
    """A number of 32 bits, decimal or with 0x."""
    value = int(text, 0)
    if not 0 <= value < 1 << 32:
        raise ValueError(text)
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hadir-edge", description="Menjalankan satu bagian dari alat absensi."
    )
    roles = parser.add_subparsers(dest="role", required=True, metavar="punch|camera|sync|claim|enrol|sensor")
    roles.add_parser("punch", help="sidik jari dan pencatatan")
    roles.add_parser("camera", help="foto saat jari ditempelkan")
    roles.add_parser("sync", help="pengiriman ke server")
    claim = roles.add_parser("claim", help="mendaftarkan alat ini ke server, satu kali")
    claim.add_argument("token", help="kode dari server")
    enrol = roles.add_parser("enrol", help="mendaftarkan sidik jari seorang pegawai di alat ini")
    enrol.add_argument("who", nargs="?", default="", help="NIP, id atau bagian nama")
    enrol.add_argument(
        "--fingers", default="telunjuk-kanan,telunjuk-kiri", help="dua jari dari tangan yang berbeda"
    )
    enrol.add_argument("--legal-basis", default="", help="dasar hukum, misalnya nomor SK")
    enrol.add_argument("--notice", default="", help="versi pemberitahuan privasi yang sudah dibacakan")
    sensor = roles.add_parser("sensor", help="untuk teknisi: keadaan sensor sidik jari")
    words = sensor.add_subparsers(dest="what", required=True, metavar="status|accept|recover")
    words.add_parser("status", help="apa yang diketahui tentang sensor")
    words.add_parser("accept", help="sensor yang terpasang sekarang benar")
    recover = words.add_parser("recover", help="buka sensor dengan salinan kata sandi dari server")
    recover.add_argument("--password", type=_number, required=True, help="kata sandi sensor")
    recover.add_argument("--address", type=_number, required=True, help="alamat sensor")
    for role in (*roles.choices.values(), *words.choices.values()):
        if role is sensor:
            continue  # a default here would undo what its own words were given
        role.add_argument(
            "--config", type=Path, default=Path("/etc/hadir/hadir.toml"), help="berkas hadir.toml"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
