"""What every answer says to the browser: nothing from elsewhere, nothing inline, nothing kept."""

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_A_YEAR_S = 365 * 24 * 3600


def put_headers(answer: Response) -> Response:
    """Add the security headers to an answer; personal pages are never stored."""
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "DENY"
    # same-origin and not "no-referrer": the check against forged forms reads it on HTTPS
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR_S}"
    if request.endpoint != "pages.static":
        answer.headers["Cache-Control"] = "no-store"
    return answer


def install(app: Flask) -> None:
    """Put the headers on each answer of the app, errors included."""
    app.after_request(put_headers)
