"""`hadir-central`: one verb for each deed. Refusals are one sentence on standard error and exit status 2."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from attendance.errors import HadirError
from central import commands, template_commands, template_report
from central.accounts import Role
from central.authority import require_server_files
from central.config import CentralConfig, load
from central.installation import initialise
from central.office import Office, open_office
from central.refusal_wording import plain_sentence
from central.serving_web import WebServer, refuse_taken

_USUAL_CONFIGS = (Path("central.toml"), Path("/etc/hadir/central.toml"))
_Deed = Callable[[Office, argparse.Namespace], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when it was done, 2 when it was refused; the reason stands on standard error.
    """
    options = _parser().parse_args(arguments)
    try:
        config = load(_config_file(options.config))
        if options.verb == "init":
            return _init(config)
        if options.verb == "serve":
            return _serve(config)
        office = open_office(config)
        try:
            print(options.deed(office, options))
        finally:
            office.database.close()
    except HadirError as error:
        print(f"hadir-central: {plain_sentence(error)}", file=sys.stderr)
        return 2
    return 0


def _init(config: CentralConfig) -> int:
    initialise(config)
    print(f"Hadir siap di {config.data_dir}. Alamat: {config.public_url}")
    return 0


def _serve(config: CentralConfig) -> int:
    # Tried once here, so that what is missing is said in one sentence and not by a failing worker.
    office = open_office(config)
    office.database.close()
    office.clock.now_ms()
    if not config.plain_http:
        require_server_files(config.data_dir)
    refuse_taken(config)
    print(f"Hadir melayani {config.public_url}", flush=True)
    WebServer(config).run()
    return 0


def _config_file(named: Path | None) -> Path | None:
    if named is not None:
        return named
    if "HADIR_CONFIG" in os.environ:
        return Path(os.environ["HADIR_CONFIG"])
    return next((path for path in _USUAL_CONFIGS if path.exists()), None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hadir-central", description="Pembukuan kehadiran Hadir.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    _verb(verbs, "init", "menyiapkan kunci, sertifikat dan basis data, atau memperbaruinya")
    _verb(verbs, "serve", "melayani alat dan halaman")
    _add_account_verb(verbs)
    for name, help_text, deed in (
        ("import-units", "memuat unit dari CSV", commands.import_units),
        ("import-people", "memuat pegawai dari CSV", commands.import_people),
        ("import-slots", "memuat isi slot sensor dari CSV", commands.import_slots),
        ("import-shifts", "memuat jadwal shift dari CSV (nip;tanggal;shift)", commands.import_shifts),
    ):
        verb = _verb(verbs, name, help_text, _with_file(deed))
        verb.add_argument("file", type=Path)
    slot = _verb(verbs, "assign-slot", "mencatat pemilik satu slot sensor", _assign_slot)
    slot.add_argument("unit")
    slot.add_argument("slot", type=int)
    slot.add_argument("person", help="id pegawai atau NIP")
    slot.add_argument("--node", default="", help="hanya alat ini; tanpa ini semua alat unit")
    leave = _verb(
        verbs, "leave", "mencatat pegawai yang berhenti", lambda o, a: commands.leave(o, a.person, a.last_day)
    )
    leave.add_argument("person", help="id pegawai atau NIP")
    leave.add_argument("last_day", type=_day, help="hari kerja terakhir, misalnya 2026-11-30")
    claim = _verb(verbs, "claim", "membuat token untuk satu alat", lambda o, a: commands.claim(o, a.unit))
    claim.add_argument("unit")
    _add_policy_verb(verbs)
    retire = _verb(verbs, "retire-node", "memberhentikan alat", lambda o, a: commands.retire_node(o, a.node))
    retire.add_argument("node")
    trust = _verb(verbs, "trust-node", "mempercayai lagi alat yang sudah diperiksa", _trust)
    trust.add_argument("node")
    trust.add_argument("reason", help="apa yang diperiksa, oleh siapa; dicatat di jejak audit")
    _add_template_verbs(verbs)
    _verb(verbs, "fold", "menghitung hari yang berubah", lambda o, _: commands.fold(o))
    _verb(verbs, "rebuild-days", "menghitung ulang semua hari", lambda o, _: commands.rebuild_days(o))
    coverage = _verb(
        verbs, "coverage", "kelengkapan satu hari", lambda o, a: commands.tell_coverage(o, a.day)
    )
    coverage.add_argument("day", nargs="?", type=_day, help="2026-11-24; tanpa ini hari ini")
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_text: str,
    deed: _Deed | None = None,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=help_text, description=help_text)
    parser.add_argument("--config", type=Path, help="central.toml")
    parser.set_defaults(deed=deed)
    return parser


def _add_account_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = _verb(verbs, "create-admin", "membuat akun; tanpa kata sandi mencetak tautan masuk", _create)
    verb.add_argument("account")
    verb.add_argument("--name", default="", help="nama lengkap")
    verb.add_argument("--role", type=Role, choices=list(Role), default=Role.HR_ADMIN)
    verb.add_argument("--unit", help="hanya unit ini dan di bawahnya; tanpa ini semua unit")
    verb.add_argument("--password-stdin", action="store_true", help="baca kata sandi dari masukan standar")


def _add_policy_verb(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = _verb(verbs, "policy", "memberlakukan aturan", lambda o, a: commands.set_policy(o, a.policy))
    verb.add_argument("action", choices=["set"])
    verb.add_argument("policy", metavar="PRESET|FILE")


def _add_template_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = _verb(verbs, "rotate-template-key", "mengganti kunci yang membungkus sidik jari", _rotate)
    instead = verb.add_mutually_exclusive_group()
    instead.add_argument("--remove-old", action="store_true", help="hanya hapus kunci lama yang tak terpakai")
    instead.add_argument(
        "--forget-unreadable",
        action="store_true",
        help="hanya hapus sidik jari yang kuncinya hilang atau rusak; alat menyerahkannya lagi",
    )
    verb = _verb(
        verbs,
        "recover-sensor",
        "menampilkan kata sandi dan alamat sensor satu alat; tercatat",
        lambda o, a: template_commands.recover_sensor(o, a.node),
    )
    verb.add_argument("node")
    _verb(
        verbs,
        "templates",
        "sidik jari: status, pencarian, penghapusan dan kapasitas",
        lambda o, _: template_report.tell_templates(o),
    )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        if 1970 <= day.year < 2200:
            return day
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} bukan tanggal; tulis 2026-11-24")


def _create(office: Office, options: argparse.Namespace) -> str:
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None
    return commands.create_account(
        office, options.account, options.name, options.role, options.unit, password
    )


def _assign_slot(office: Office, options: argparse.Namespace) -> str:
    return commands.assign_slot(office, options.unit, options.slot, options.person, options.node)


def _trust(office: Office, options: argparse.Namespace) -> str:
    return commands.trust_node(office, options.node, options.reason)


def _rotate(office: Office, options: argparse.Namespace) -> str:
    if options.remove_old:
        return template_commands.remove_old_template_keys(office)
    if options.forget_unreadable:
        return template_commands.forget_unreadable_templates(office)
    return template_commands.rotate_template_key(office)


def _with_file(deed: Callable[[Office, Path], str]) -> _Deed:
    return lambda office, options: deed(office, options.file)


if __name__ == "__main__":
    sys.exit(main())
