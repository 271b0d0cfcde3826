"""Coming in and going out: password, second factor, one-time link, own password, language."""

from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from central import accounts, audit, sessions, throttling
from central.accounts import Account, AccountError, Refusal
from central.pages import access, language
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import SESSION, current_viewer, require_viewer
from central.pages.language import gettext
from central.pages.words import length_words

_HALF_WAY = "half-way"
_HALF_WAY_FOR_MS = timedelta(minutes=5) // timedelta(milliseconds=1)


@pages.get("/masuk")
@access.visitor
def sign_in() -> ResponseReturnValue:
    """The form; who is signed in already goes on to his page."""
    if current_viewer() is not None:
        return redirect(_safe(request.args.get("next")))
    return _form()


@pages.post("/masuk")
@access.visitor
def check_sign_in() -> ResponseReturnValue:
    """Check name and password."""
    desk, name = office(), request.form.get("name", "")
    found = accounts.authenticate(
        desk.database,
        name,
        request.form.get("password", ""),
        request.remote_addr or "unknown",
        desk.clock.now_ms(),
    )
    if isinstance(found, Refusal):
        if found.wait is None:
            return _form(gettext("Nama akun atau kata sandi tidak cocok. Periksa lalu coba lagi."), name), 401
        wait = length_words(found.wait)
        problem = gettext("Terlalu banyak percobaan. Tunggu %(wait)s, lalu coba lagi.", wait=wait)
        return _form(problem, name), 429
    if found.second_factor:
        session[_HALF_WAY] = {"account": found.id, "at_ms": desk.clock.now_ms()}
        return redirect(url_for("pages.second_factor", next=_safe(request.form.get("next"))))
    return _let_in(found, "password", _safe(request.form.get("next")))


@pages.route("/masuk/kode", methods=["GET", "POST"])
@access.visitor
def second_factor() -> ResponseReturnValue:
    """Ask for the code of the phone, after the password was right."""
    desk, half = office(), session.get(_HALF_WAY)
    now_ms = desk.clock.now_ms()
    if not isinstance(half, dict) or not 0 <= now_ms - half["at_ms"] <= _HALF_WAY_FOR_MS:
        session.pop(_HALF_WAY, None)
        return redirect(url_for("pages.sign_in"))
    target = _safe(request.values.get("next"))
    if request.method == "GET":
        return render_template("second_factor.html", problem=None, next_address=target)
    with desk.database.write() as connection:
        wait = throttling.count(connection, [f"name:code-{half['account']}"], now_ms)
        right = wait is None and accounts.check_second_factor(
            connection, half["account"], request.form.get("code", "").replace(" ", ""), now_ms
        )
        found = accounts.find(connection, half["account"])
    if right and found is not None:
        return _let_in(found, "password and code", target)
    if wait is not None:
        problem = gettext(
            "Terlalu banyak percobaan. Tunggu %(wait)s, lalu coba lagi.", wait=length_words(wait)
        )
        return render_template("second_factor.html", problem=problem, next_address=target), 429
    problem = gettext("Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya di ponsel Anda.")
    return render_template("second_factor.html", problem=problem, next_address=target), 401


@pages.get("/masuk/<token>")
@access.visitor
def open_link(token: str) -> ResponseReturnValue:
    """Sign in by a link that works once. HEAD, which link checkers send, burns nothing."""
    if request.method == "HEAD":
        return ""
    desk = office()
    with desk.database.write() as connection:
        found = sessions.redeem_link(connection, token, desk.clock.now_ms())
    if found is None:
        problem = gettext(
            "Tautan ini sudah dipakai atau kedaluwarsa. Minta tautan baru, atau masuk dengan kata sandi."
        )
        return _form(problem), 403
    return _let_in(found, "link", url_for("pages.home"))


@pages.post("/keluar")
@access.visitor
def sign_out() -> ResponseReturnValue:
    """Close the session here and in the books."""
    token, viewer = session.get(SESSION), current_viewer()
    if token and viewer is not None:
        desk = office()
        with desk.database.write() as connection:
            sessions.close_session(connection, token)
            audit.note(connection, desk.clock.now_ms(), viewer.account.name, "signed-out")
    spoken = language.current_language()
    session.clear()
    language.choose(spoken)
    flash(gettext("Anda sudah keluar."))
    return redirect(url_for("pages.sign_in"))


@pages.route("/sandi", methods=["GET", "POST"])
@access.signed_in
def own_password() -> ResponseReturnValue:
    """Change the own password, or make the first one after a one-time link."""
    viewer = require_viewer()
    asks_current = viewer.has_password
    problem, status = None, 200
    if request.method == "POST":
        problem, status = _change_password(viewer.account, asks_current)
        if problem is None:
            flash(gettext("Kata sandi sudah diganti. Perangkat lain sudah dikeluarkan."))
            return redirect(url_for("pages.home"))
    return (
        render_template(
            "password.html", problem=problem, asks_current=asks_current, shortest=accounts.MIN_PASSWORD_CHARS
        ),
        status,
    )


@pages.post("/bahasa")
@access.visitor
def set_language() -> ResponseReturnValue:
    """Keep the language in the session."""
    language.choose(request.form.get("language", ""))
    return redirect(_safe(request.form.get("back")))


def _change_password(account: Account, asks_current: bool) -> tuple[str | None, int]:
    """Do it, or say in words why not, with the status of the answer."""
    desk, new = office(), request.form.get("new", "")
    now_ms = desk.clock.now_ms()
    if new != request.form.get("again", ""):
        return gettext("Kata sandi baru dan ulangannya tidak sama. Ketik lagi keduanya."), 400
    if len(new) < accounts.MIN_PASSWORD_CHARS:
        length = accounts.MIN_PASSWORD_CHARS
        return gettext(
            "Kata sandi baru terlalu pendek: paling sedikit %(length)s huruf atau angka.", length=length
        ), 400
    if asks_current:
        current = request.form.get("current", "")
        if new == current:
            return gettext("Kata sandi baru harus berbeda dari yang sekarang."), 400
        address = request.remote_addr or "unknown"
        checked = accounts.authenticate(desk.database, account.name, current, address, now_ms)
        if isinstance(checked, Refusal):
            return gettext("Kata sandi sekarang tidak cocok."), 401
    try:
        with desk.database.write() as connection:
            accounts.set_password(connection, account.id, new, actor=account.name, now_ms=now_ms)
            sessions.close_all(connection, account.id)
            session[SESSION] = sessions.open_session(connection, account.id, now_ms)
    except AccountError as error:
        return str(error), 400
    return None, 200


def _let_in(account: Account, how: str, target: str) -> ResponseReturnValue:
    desk = office()
    now_ms = desk.clock.now_ms()
    with desk.database.write() as connection:
        token = sessions.open_session(connection, account.id, now_ms)
        audit.note(connection, now_ms, account.name, "signed-in", account.name, f"by {how}")
    spoken = language.current_language()
    session.clear()  # nothing of the visitor before survives, his form token neither
    session[SESSION] = token
    language.choose(spoken)
    return redirect(target)


def _form(problem: str | None = None, name: str = "") -> str:
    target = _safe(request.values.get("next"))
    return render_template("sign_in.html", problem=problem, name=name[:100], next_address=target)


def _safe(target: str | None) -> str:
    """An address on this site, or the front page: never a place that somebody put into a link."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or len(target) > 500:
        return url_for("pages.home")
    if any(ord(letter) < 32 for letter in target):
        abort(400)
    return target
