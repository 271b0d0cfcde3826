"""The nodes: who is quiet, whose clock or sensor is in doubt, and what to do about it."""

from flask import render_template
from flask.typing import ResponseReturnValue

from attendance.moment import ClockState
from central.clock import now
from central.module_lines import read_modules
from central.node_reports import OK, STARTING, NodeReport, is_fault, node_reports
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import require_viewer
from central.pages.language import gettext
from central.pages.viewer import NODE_READERS


@pages.get("/alat")
@access.allow(*NODE_READERS, scope=Scope.FILTERED)
def nodes() -> ResponseReturnValue:
    """Every node that the viewer sees, those that need somebody first."""
    with office().database.read() as connection:
        reports = node_reports(connection, now(office().clock), require_viewer().units)
        sensors = read_modules(connection, require_viewer().units)
    return render_template(
        "nodes.html",
        reports=[(report, alarms(report)) for report in reports],
        active=sum(report.state == "active" for report in reports),
        quiet=sum(report.quiet for report in reports),
        alarmed=sum(report.state == "distrusted" for report in reports),
        clock_words=_clock_words,
        part_words=_part_words,
        wrong_sensors={line.node: line.sensor.state for line in sensors if line.sensor and line.alarming},
    )


def alarms(report: NodeReport) -> list[str]:
    """What is wrong with a node, each with the next step."""
    if report.state == "retired":
        return []
    found = []
    if report.state == "distrusted":
        reason = report.state_reason or gettext("alasan tidak tercatat")
        found.append(
            gettext(
                "Alat ini tidak dipercaya lagi (%(reason)s). Absen barunya tidak diterima. "
                "Cabut alat, amankan kartunya, lalu pasang alat baru dengan klaim baru.",
                reason=reason,
            )
        )
    if report.forks:
        found.append(
            gettext(
                "Alat ini pernah mengirim dua catatan yang berbeda untuk nomor yang sama: "
                "mungkin kartunya digandakan. Periksa siapa yang memegang alat dan kartunya, "
                "dan laporkan ke auditor."
            )
        )
    if report.quiet and report.seen is None:
        found.append(
            gettext("Belum pernah melapor. Nyalakan alat, periksa jaringan, dan ulangi klaim bila perlu.")
        )
    elif report.quiet:
        found.append(
            gettext(
                "Diam. Periksa listrik dan jaringan di kantor itu; "
                "absen tetap tersimpan di alat dan menyusul."
            )
        )
    if report.clock is ClockState.DOUBTFUL:
        found.append(
            gettext("Jamnya diragukan. Sambungkan ke jaringan supaya jamnya dibetulkan; periksa baterai jam.")
        )
    if is_fault(report.sensor):
        found.append(
            gettext("Sensor sidik jari bermasalah. Bersihkan kaca, periksa kabel, atau ganti sensor.")
        )
    if is_fault(report.camera):
        found.append(gettext("Kamera bermasalah. Absen tetap diterima tanpa foto. Periksa kabel kamera."))
    if report.emulated:
        found.append(gettext("Memakai jam buatan: hanya untuk peragaan dan uji coba."))
    return found + [_warning_words(kind) for kind in report.warnings]


def _warning_words(kind: str) -> str:
    """What a node told people to know, with the next step."""
    match kind:
        case "recovery":
            return gettext(
                "Satu salinan catatan di alat rusak dan sudah dipulihkan. Siapkan kartu pengganti."
            )
        case "central-rolled-back":
            return gettext(
                "Server pernah dipulihkan dari cadangan; alat mengirim ulang. Beri tahu admin server."
            )
        case "forked" | "central-ahead" | "own-chain-broken":
            return gettext(
                "Catatan alat dan server tidak cocok (%(kind)s). "
                "Jangan hapus apa pun di alat; panggil auditor.",
                kind=kind,
            )
        case _:
            return gettext("Alat memberi peringatan: %(kind)s. Beri tahu teknisi.", kind=kind)


def _clock_words(state: ClockState | None) -> str:
    match state:
        case ClockState.ANCHORED:
            return gettext("cocok dengan server")
        case ClockState.RTC:
            return gettext("dari baterai jam, belum dicocokkan")
        case ClockState.DOUBTFUL:
            return gettext("diragukan")
        case _:
            return gettext("belum diketahui")


def _part_words(state: str | None) -> str:
    if state is None:
        return gettext("belum diketahui")
    if state == STARTING:
        return gettext("sedang mulai")
    return gettext("baik") if state == OK else gettext("gangguan (%(state)s)", state=state)
