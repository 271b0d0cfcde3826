"""What each `hadir-central` command does; the answer is the text to print. Words for people in Indonesian."""

import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from attendance.coverage import Span
from attendance.errors import PolicyError
from attendance.moment import from_ms
from attendance.policy_presets import PRESETS
from central import (
    accounts,
    claims,
    coverage,
    days,
    nodes,
    people,
    people_import,
    policies,
    sessions,
    shifts,
    slots,
    units,
)
from central.accounts import Role
from central.authority import ca_file
from central.csv_reading import CsvError, Outcome, RowReport
from central.office import Office
from central.progress import rows_done_on
from central.tables import unit

LINK_LIFETIME = timedelta(hours=24)
_MS = timedelta(milliseconds=1)


def create_account(
    office: Office, name: str, full_name: str, role: Role, unit_code: str | None, password: str | None
) -> str:
    """Make an account; without a password, print a link that opens it once."""
    now_ms = office.clock.now_ms()
    with office.database.write() as connection:
        key = accounts.create_account(
            connection,
            name,
            role,
            password=password,
            now_ms=now_ms,
            full_name=full_name,
            unit_code=unit_code,
        )
        if password is not None:
            return f"Akun {name} ({role.value}) dibuat."
        token = sessions.make_link(connection, key, now_ms, LINK_LIFETIME)
    until = _clock(office, now_ms + LINK_LIFETIME // _MS)
    return (
        f"Akun {name} ({role.value}) dibuat. Tautan masuk sekali pakai, berlaku sampai {until}:\n"
        f"{office.config.public_url}/masuk/{token}"
    )


def import_units(office: Office, file: Path) -> str:
    """Load offices."""
    with office.database.write() as connection:
        reports = units.import_units(connection, _read(file), office.config.zone, office.clock.now_ms())
    return _told(reports)


def import_people(office: Office, file: Path) -> str:
    """Load people."""
    now_ms = office.clock.now_ms()
    reports = people_import.import_people(
        office.database, _read(file), _today(office), now_ms, progress=rows_done_on(sys.stderr)
    )
    return _told(reports)


def leave(office: Office, person: str, last_day: date) -> str:
    """Let somebody's work here end."""
    with office.database.write() as connection:
        people.leave(connection, person, last_day, office.clock.now_ms())
    return (
        f"{person}: hari terakhir {last_day.isoformat()}. Sesudahnya sidik jarinya dihapus dari semua alat; "
        "yang belum menghapus terlihat di halaman Sidik jari."
    )


def import_slots(office: Office, file: Path) -> str:
    """Load whose finger each place holds."""
    with office.database.write() as connection:
        reports = slots.import_slots(connection, _read(file), office.clock.now_ms())
    return _told(reports)


def import_shifts(office: Office, file: Path) -> str:
    """Load who works which shift."""
    with office.database.write() as connection:
        stored = policies.newest(connection, office.keys.document_public)
        policy = stored.policy if stored is not None else None
        reports = shifts.import_shifts(connection, _read(file), policy, office.clock.now_ms())
    return _told(reports)


def assign_slot(office: Office, unit_code: str, number: int, person: str, node_id: str) -> str:
    """Say whose finger one place holds."""
    with office.database.write() as connection:
        outcome = slots.assign_slot(
            connection, unit_code, number, person, office.clock.now_ms(), node_id=node_id
        )
    return f"Slot {number} di {unit_code}: {outcome.value}."


def claim(office: Office, unit_code: str) -> str:
    """Make a claim token and print the node's configuration with it."""
    now_ms = office.clock.now_ms()
    with office.database.write() as connection:
        token = claims.issue(connection, unit_code, now_ms)
        row = connection.execute(select(unit).where(unit.c.code == unit_code)).one()
    until = _clock(office, now_ms + claims.TOKEN_LIFETIME // _MS)
    authority = "" if office.config.plain_http else 'ca_file = "/etc/hadir/ca.crt"\n'
    copy = (
        "" if office.config.plain_http else f"Salin juga {ca_file(office.config.data_dir)} ke /etc/hadir/.\n"
    )
    return (
        f"Token: {token}\n"
        f"Sekali pakai untuk satu alat {row.name}, berlaku sampai {until}; tidak dapat ditampilkan lagi.\n"
        f"{copy}\n"
        "# /etc/hadir/hadir.toml\n"
        "[node]\n"
        'state_dir = "/var/lib/hadir"\n'
        f'zone = "{row.zone}"\n'
        f'place = "{_toml_text(row.name)}"\n\n'
        "[server]\n"
        f'url = "{office.config.public_url}"\n'
        f"{authority}"
    )


def set_policy(office: Office, name: str) -> str:
    """Put a preset or a file in force."""
    if name not in PRESETS and not Path(name).exists():
        known = ", ".join(sorted(PRESETS))
        raise PolicyError(f"{name} bukan preset ({known}) dan tidak ada berkas dengan nama itu.")
    content = policies.preset_content(name) if name in PRESETS else policies.file_content(Path(name))
    with office.database.write() as connection:
        before = policies.newest_serial(connection)
        serial = policies.put_in_force(connection, office.keys, content, name, office.clock.now_ms())
        if serial != before:
            days.mark_everything(connection)
    if serial == before:
        return f"Aturan {name} sudah berlaku dengan nomor {serial}."
    return f"Aturan {name} berlaku dengan nomor {serial}."


def retire_node(office: Office, node_id: str) -> str:
    """Take a node out of service: nothing more is taken from it, and no later day waits for it."""
    with office.database.write() as connection:
        nodes.retire(connection, node_id, office.clock.now_ms(), actor="command")
    return f"Alat {node_id} tidak dipakai lagi."


def trust_node(office: Office, node_id: str, reason: str) -> str:
    """Take a distrusted node back after somebody has looked."""
    with office.database.write() as connection:
        nodes.trust_again(connection, node_id, reason, office.clock.now_ms(), actor="command")
    return f"Alat {node_id} dipercaya lagi."


def fold(office: Office) -> str:
    """Bring marked days up to date."""
    return f"{days.fold(office)} hari-orang dihitung."


def rebuild_days(office: Office) -> str:
    """Throw the derived days away and derive them again."""
    return f"{days.rebuild(office)} hari-orang dihitung ulang."


def tell_coverage(office: Office, day: date | None) -> str:
    """How complete a day is, which nodes are quiet, and what belongs to nobody."""
    now = from_ms(office.clock.now_ms())
    zone = ZoneInfo(office.config.zone)
    wanted = day if day is not None else _today(office)
    start = datetime.combine(wanted, datetime.min.time(), zone)
    window = Span(start, min(start + timedelta(days=1), now))
    with office.database.read() as connection:
        lines = [_coverage_line(line) for line in coverage.unit_coverage(connection, wanted, window)]
        for quiet in coverage.quiet_nodes(connection, now):
            since = _clock(office, quiet.since) if quiet.since is not None else "belum pernah"
            lines.append(f"Alat {quiet.node} ({quiet.unit}, {quiet.state.value}) diam sejak: {since}")
        lines += [
            f"Tanpa pemilik: {stray.event} slot {stray.slot} {_clock(office, stray.at)}"
            for stray in coverage.nobodys_punches(connection)
        ]
    return "\n".join(lines)


def _coverage_line(line: coverage.UnitCoverage) -> str:
    heard = "tanpa alat" if line.percent is None else f"{line.percent}% didengar"
    return f"{line.unit}: {heard}, {line.settled} dari {line.people} orang sudah pasti"


def _told(reports: Sequence[RowReport]) -> str:
    counts = {outcome: sum(report.outcome is outcome for report in reports) for outcome in Outcome}
    summary = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items() if count)
    told = [str(report) for report in reports if report.remarks]
    return "\n".join([*told, summary or "tidak ada baris"])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CsvError(f"{file} tidak dapat dibaca: {error.strerror}.") from error


def _today(office: Office) -> date:
    return from_ms(office.clock.now_ms()).astimezone(ZoneInfo(office.config.zone)).date()


def _clock(office: Office, when: int | datetime) -> str:
    moment = from_ms(when) if isinstance(when, int) else when
    return f"{moment.astimezone(ZoneInfo(office.config.zone)):%Y-%m-%d %H:%M}"


def _toml_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
