"""The two languages of the pages: Indonesian is what the code says, English is a catalogue."""

from pathlib import Path

import flask_babel
from flask import Flask, session

LANGUAGES = ("id", "en")
CATALOGUES = Path(__file__).parent.parent / "translations"
_KEY = "language"


def current_language() -> str:
    """The language of this session; Indonesian until somebody chooses."""
    chosen = session.get(_KEY)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def choose(language: str) -> None:
    """Keep a language in the session; one that we do not have changes nothing."""
    if language in LANGUAGES:
        session[_KEY] = language


def install(app: Flask) -> None:
    """Let templates and views speak the session's language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGUES)
    flask_babel.Babel(app, default_locale=LANGUAGES[0], locale_selector=current_language)


def gettext(text: str, **values: object) -> str:
    """The text in the session's language, with its values filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The text for one or for many in the session's language; `num` is filled in too."""
    return str(flask_babel.ngettext(one, many, num, **values))
