"""Puts the pages for people on the app: the last thing it is given, so that every endpoint is checked."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory, url_for

from central.office import Office
from central.pages import (
    access,
    board,
    enrolment_requests,
    error_pages,
    findings,
    fingerprints,
    guard,
    headers,
    language,
    nodes,
    own_days,
    photos,
    pin_reports,
    pins,
    sensors,
    sign_in,
    template_words,
    unit,
)
from central.pages.access import refuse_unmarked
from central.pages.blueprint import pages
from central.pages.desk import here_and_now, zone
from central.pages.language import gettext
from central.pages.live import LiveBoard
from central.pages.viewer import Viewer
from central.pages.words import (
    KIND_STATES,
    PRESENCE_STATES,
    clock_words,
    day_words,
    flag_words,
    kind_words,
    length_words,
    presence_words,
    role_words,
    since_words,
    zone_words,
)

_STATIC = Path(__file__).parent / "static"
VIEWS = (
    board,
    enrolment_requests,
    findings,
    fingerprints,
    nodes,
    own_days,
    photos,
    pin_reports,
    pins,
    sensors,
    sign_in,
    unit,
)
"""The modules whose views hang on the blueprint; importing them is what puts them there."""


@pages.get("/static/<path:filename>")
@access.anyone
def static(filename: str) -> Response:
    """Style sheet, scripts and pictures of the product itself."""
    return send_from_directory(_STATIC, filename)


def register_pages(app: Flask) -> None:
    """Put pages, guard, headers, languages and error pages on the app.

    Raises:
        UnmarkedEndpointError: an endpoint does not say who may call it.
    """
    office = app.extensions["hadir"]
    assert isinstance(office, Office)
    app.extensions["hadir-live"] = LiveBoard(office)
    if app.config["SESSION_COOKIE_SECURE"]:
        app.config["SESSION_COOKIE_NAME"] = "__Host-hadir"  # browsers then refuse it from anywhere else
    else:
        app.config["SESSION_COOKIE_NAME"] = "hadir"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        role_words=role_words,
        kind_words=kind_words,
        day_words=lambda day: day_words(day, language.current_language()),
        clock_words=lambda when, seconds=False: clock_words(when, zone(), seconds=seconds),
        since_words=lambda when: since_words(when, here_and_now(), zone(), language.current_language()),
        length_words=length_words,
    )
    app.jinja_env.globals.update(
        kind_states=KIND_STATES,
        presence_states=PRESENCE_STATES,
        presence_words=presence_words,
        flag_words=flag_words,
        flags_of=lambda people: frozenset().union(*(person.flags for person in people)),
    )
    app.jinja_env.filters.update(template_words.FILTERS)
    app.jinja_env.globals.update(template_words.GLOBALS)
    app.context_processor(_frame)
    language.install(app)
    headers.install(app)
    guard.install(app)
    error_pages.install(app)
    app.register_blueprint(pages)
    refuse_unmarked(app)


def _frame() -> dict[str, Any]:
    """What the frame around every page needs."""
    viewer = guard.current_viewer()
    return {
        "viewer": viewer,
        "menu": _menu(viewer) if viewer else [],
        "language": language.current_language(),
        "here": request.full_path.rstrip("?") if request.method == "GET" else url_for("pages.home"),
        "zone_words": zone_words(zone()),
        "software": _software(),
    }


def _menu(viewer: Viewer) -> list[dict[str, Any]]:
    entries = []
    if viewer.reads_people:
        entries.append(("pages.home", gettext("Papan")))
        entries.append(("pages.units", gettext("SKPD")))
        entries.append(("pages.fingerprints", gettext("Sidik jari")))
    if viewer.role in enrolment_requests.ENROLLERS:
        entries.append(("pages.enrolments", gettext("Pendaftaran")))
    if viewer.reads_pins:
        entries.append(("pages.pins", gettext("PIN")))
    if viewer.reads_nodes:
        entries.append(("pages.nodes", gettext("Alat")))
    if viewer.reads_templates and not viewer.reads_people:
        entries.append(("pages.sensors", gettext("Sidik jari")))
    if viewer.account.employee:
        entries.append(("pages.own_days", gettext("Absen saya")))
    return [
        {"address": url_for(endpoint), "words": words, "current": _is_current(endpoint)}
        for endpoint, words in entries
    ]


def _is_current(endpoint: str) -> bool:
    """Whether the page belongs to this entry of the menu."""
    return request.path.split("/")[1] == url_for(endpoint).split("/")[1]


def _software() -> str:
    try:
        return version("hadir")
    except PackageNotFoundError:
        return ""
