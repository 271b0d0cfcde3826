"""Keeps the English catalogue: `python -m central.pages.catalogue` takes in new texts and compiles it.

Indonesian texts stand in the code and the templates and are their own keys.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from central.pages.language import CATALOGUES

ENGLISH = CATALOGUES / "en" / "LC_MESSAGES" / "messages.po"
_PAGES = Path(__file__).parent
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def used() -> Catalog:
    """Every text that the pages say."""
    found = Catalog(locale="id", charset="utf-8")
    options = {"templates/**.html": {"silent": "false"}}  # a template that can't be read must not pass unseen
    for path, _, message, _, _ in extract_from_dir(_PAGES, _METHODS, options, _KEYWORDS):
        found.add(message, locations=[(path, 0)])
    return found


def english() -> Catalog:
    """The catalogue as it stands."""
    if not ENGLISH.exists():
        return Catalog(locale="en", charset="utf-8")
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def untranslated(texts: Catalog, catalogue: Catalog) -> list[str]:
    """The texts that have no translation."""
    missing = []
    for message in texts:
        if not message.id:
            continue
        known = catalogue.get(message.id)
        words = known.string if known is not None else ""
        if not (all(words) if isinstance(words, tuple) else words):
            missing.append(str(message.id))
    return missing


def update() -> list[str]:
    """Take new texts in, drop old ones, compile; return what still needs a translation."""
    catalogue = english()
    catalogue.update(used(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as file:
        write_po(file, catalogue, sort_output=True, no_location=True, omit_header=False, width=110)
    ENGLISH.with_suffix(".mo").write_bytes(compiled(catalogue))
    return untranslated(used(), catalogue)


if __name__ == "__main__":
    for text in update():
        print(text)
