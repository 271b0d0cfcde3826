"""`python -m edge punch|camera|sync|claim|enrol --config hadir.toml`: one role of the node, one process."""

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

        return punch_process.run(read, accept_sensor=asked.accept_sensor)
    if asked.role == "camera":
        from edge import camera_process  # noqa: PLC0415

        return camera_process.run(read)
    if asked.role == "sync":
        from edge import sync_process  # noqa: PLC0415

        return sync_process.run(read)
    if asked.role == "enrol":
        from edge import enrolment_screen  # noqa: PLC0415

        fingers = asked.fingers.split(",")
        return enrolment_screen.run(read, asked.who, fingers, asked.legal_basis, asked.notice)
    from edge import claiming  # noqa: PLC0415

    return claiming.run(read, asked.token)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hadir-edge", description="Menjalankan satu bagian dari alat absensi."
    )
    roles = parser.add_subparsers(dest="role", required=True, metavar="punch|camera|sync|claim|enrol")
    punch = roles.add_parser("punch", help="sidik jari dan pencatatan")
    punch.add_argument(
        "--accept-sensor", action="store_true", help="teknisi menyatakan sensor yang terpasang sekarang benar"
    )
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
    for role in roles.choices.values():
        role.add_argument(
            "--config", type=Path, default=Path("/etc/hadir/hadir.toml"), help="berkas hadir.toml"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
