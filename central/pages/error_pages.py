"""Refusals and faults in plain words with a next step; the node door gets a code as JSON instead."""

import logging

from flask import Flask, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from central.database import StoreError
from central.pages.language import gettext

_log = logging.getLogger(__name__)

_CODES = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "oversize",
    429: "too-many-requests",
    500: "server-fault",
    503: "busy",
}


def _words(code: int) -> tuple[str, str, str]:
    match code:
        case 401:
            return (
                gettext("Anda belum masuk"),
                gettext("Sesi Anda sudah berakhir atau belum dimulai."),
                gettext("Masuk dengan akun Anda."),
            )
        case 403:
            return (
                gettext("Tidak berwenang"),
                gettext("Peran akun Anda tidak boleh membuka halaman ini."),
                gettext("Bila memang perlu untuk tugas Anda, minta Admin BKPSDM mengubah peran akun."),
            )
        case 404:
            return (
                gettext("Halaman tidak ada"),
                gettext("Alamat ini tidak ada, atau di luar unit kerja Anda."),
                gettext("Periksa alamatnya, atau mulai lagi dari halaman depan."),
            )
        case 413:
            return (
                gettext("Kiriman terlalu besar"),
                gettext("Berkas atau isian melebihi batas, dan tidak disimpan."),
                gettext("Perkecil berkasnya, lalu kirim lagi."),
            )
        case 429:
            return (
                gettext("Terlalu banyak percobaan"),
                gettext("Masuk dari akun atau jaringan ini ditahan sementara."),
                gettext("Tunggu 15 menit, lalu coba lagi. Lupa kata sandi? Hubungi Admin BKPSDM."),
            )
        case 400 | 405:
            return (
                gettext("Isian tidak diterima"),
                gettext("Halaman ini mungkin dibuka terlalu lama, atau isiannya tidak lengkap."),
                gettext("Kembali ke halaman sebelumnya, muat ulang, lalu kirim lagi."),
            )
        case 503:
            return (
                gettext("Server sedang penuh"),
                gettext("Permintaan Anda belum dapat dilayani. Data absen tidak hilang."),
                gettext("Coba lagi satu menit lagi."),
            )
        case _:
            return (
                gettext("Gangguan di server"),
                gettext("Terjadi kesalahan di server. Absen di alat tetap tersimpan dan akan terkirim."),
                gettext("Muat ulang halaman ini. Bila terulang, beri tahu teknisi waktu kejadiannya."),
            )


def _page(code: int) -> ResponseReturnValue:
    if request.path.startswith("/v1/"):
        return jsonify({"error": _CODES.get(code, "bad-request")}), code
    heading, explanation, next_step = _words(code)
    page = render_template(
        "error.html", code=code, heading=heading, explanation=explanation, next_step=next_step
    )
    return page, code


def _refusal(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # a redirect, or an answer that the view made itself
    answer = make_response(_page(error.code))
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            answer.headers[name] = value  # Allow, Retry-After
    return answer


def _forged(error: CSRFError) -> ResponseReturnValue:
    _log.info("form refused at %s: %s", request.path, error.description)
    return _page(400)


def _no_books(error: StoreError) -> ResponseReturnValue:
    _log.error("the books can't be opened at %s", request.path, exc_info=error)
    return _plain_page(503)


def _fault(error: Exception) -> ResponseReturnValue:
    _log.error("fault at %s", request.path, exc_info=error)
    return _plain_page(500)


def _plain_page(code: int) -> ResponseReturnValue:
    """A page that does not ask the books who is looking: they may be what failed."""
    g.setdefault("viewer", None)
    return _page(code)


def install(app: Flask) -> None:
    """Answer each refusal and fault with a page of our own."""
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _refusal)
    app.register_error_handler(StoreError, _no_books)
    app.register_error_handler(Exception, _fault)
