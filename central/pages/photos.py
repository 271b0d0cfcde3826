"""Photos of punches: only for those who may see the person, and each look at a full one is written down."""

import io
from functools import lru_cache
from pathlib import Path

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from PIL import Image, UnidentifiedImageError
from sqlalchemy import Connection

from central import audit
from central.accounts import Role
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import require_viewer
from central.pages.viewer import PEOPLE_READERS, Viewer
from central.photo_subjects import PhotoSubject, subjects
from central.photos import photo_file

_READERS = (*PEOPLE_READERS, Role.EMPLOYEE)
_THUMBNAIL_PX = (160, 120)
_THUMBNAILS_KEPT = 512


@pages.get("/foto/<sha256>")
@access.allow(*_READERS, scope=Scope.FILTERED)
def photo(sha256: str) -> ResponseReturnValue:
    """One photo, and whose it is."""
    subject = _visible(sha256, require_viewer())
    return render_template("photo.html", subject=subject, sha256=sha256)


@pages.get("/foto/<sha256>/penuh")
@access.allow(*_READERS, scope=Scope.FILTERED)
def full_photo(sha256: str) -> Response:
    """The photo itself. Who looked at whom is written down first."""
    viewer, desk = require_viewer(), office()
    subject = _visible(sha256, viewer)
    data = _bytes_of(sha256)
    with desk.database.write() as connection:
        audit.note(
            connection,
            desk.clock.now_ms(),
            viewer.account.name,
            "photo-viewed",
            subject.person or "unknown finger",
            f"photo {sha256} of event {subject.reference}",
        )
    return Response(data, mimetype="image/jpeg")


@pages.get("/foto/<sha256>/kecil")
@access.allow(*_READERS, scope=Scope.FILTERED)
def thumbnail(sha256: str) -> Response:
    """The photo small, for lists."""
    _visible(sha256, require_viewer())
    try:
        return Response(_small(_path(sha256)), mimetype="image/jpeg")
    except (OSError, UnidentifiedImageError):
        abort(404)


def _visible(sha256: str, viewer: Viewer) -> PhotoSubject:
    """The event that shows the photo to this viewer; what he may not see does not exist for him."""
    with office().database.read() as connection:
        return shown_by(connection, sha256, viewer) or abort(404)


def shown_by(connection: Connection, sha256: str, viewer: Viewer) -> PhotoSubject | None:
    """The event that shows the photo to this viewer, or None where none does."""
    visible = (subject for subject in subjects(connection, sha256) if _may_see(viewer, subject))
    return next(visible, None)


def _may_see(viewer: Viewer, subject: PhotoSubject) -> bool:
    own = subject.person is not None and subject.person == viewer.account.employee
    return own or viewer.sees(subject.unit)


def _path(sha256: str) -> Path:
    # Only hashes that an event names come here, so this is never a path that somebody typed.
    return photo_file(office().config.photo_dir, sha256)


def _bytes_of(sha256: str) -> bytes:
    try:
        return _path(sha256).read_bytes()
    except OSError:
        abort(404)


@lru_cache(maxsize=_THUMBNAILS_KEPT)
def _small(path: Path) -> bytes:
    with Image.open(path) as picture:
        picture.draft("RGB", _THUMBNAIL_PX)  # decodes only as many pixels as are needed
        small = picture.convert("RGB")
        small.thumbnail(_THUMBNAIL_PX)
        target = io.BytesIO()
        small.save(target, "JPEG", quality=70)
    return target.getvalue()
