"""Stands before every view: who is it, may he, and did he send this form himself?"""

from flask import Flask, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from central import sessions
from central.office import Office
from central.pages.access import Audience, Mark, Scope, mark_of
from central.pages.desk import office
from central.pages.viewer import Viewer, viewer_of

SESSION = "session"
"""Where the cookie keeps the token that `central.sessions` knows."""
_CHANGE_PAGE = "pages.own_password"


def current_viewer() -> Viewer | None:
    """Who is signed in on this request, or None."""
    if "viewer" not in g:
        g.viewer = find_viewer(office(), session.get(SESSION))
    found = g.viewer
    assert found is None or isinstance(found, Viewer)
    return found


def find_viewer(office_: Office, token: str | None) -> Viewer | None:
    """Who holds this token now; asked again and again by pages that stay open."""
    if not token:
        return None
    with office_.database.read() as connection:
        account = sessions.account_of(connection, token, office_.clock.now_ms())
        return viewer_of(connection, account) if account is not None else None


def require_viewer() -> Viewer:
    """The signed-in person, on an endpoint whose mark let only such people through."""
    found = current_viewer()
    assert found is not None
    return found


def check_access(mark: Mark) -> ResponseReturnValue | None:
    """Let the request through to its view (None), or answer in its place."""
    if mark.audience is not Audience.PERSON:
        return None
    viewer = current_viewer()
    if viewer is None:
        return _ask_to_sign_in()
    if viewer.must_change and request.endpoint != _CHANGE_PAGE:
        return redirect(url_for(_CHANGE_PAGE)) if _wants_page() else abort(403)
    if viewer.role not in mark.roles:
        abort(403)
    if mark.scope is Scope.UNIT and not viewer.sees((request.view_args or {}).get("code")):
        abort(404)
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if _wants_page():
        return redirect(url_for("pages.sign_in", next=request.full_path.rstrip("?")))
    return abort(401)


def _wants_page() -> bool:
    return request.method == "GET" and "text/html" in request.accept_mimetypes.values()


def install(app: Flask) -> None:
    """Check each request of the app, forms included, before its view runs."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # checked below: the mark says where
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form stays good as long as the session
    csrf = CSRFProtect(app)

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None  # no such address: the error page answers
        mark = mark_of(app.view_functions[request.endpoint])
        if mark is None:
            abort(403)  # refuse_unmarked made this impossible at the start
        if mark.forms_checked and request.method not in ("GET", "HEAD", "OPTIONS"):
            csrf.protect()
        return check_access(mark)
