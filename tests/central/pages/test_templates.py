"""Promises about every template, script and style sheet."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from central.accounts import Role
from central.pages import site
from central.pages.headers import CONTENT_SECURITY_POLICY
from tests.support.board_world import NOW, BoardWorld
from tests.support.enrolment_requests import enter_request
from tests.support.template_world import TemplateWorld, fill

from .conftest import DINKES_NODE

TEMPLATES = sorted((Path(site.__file__).parent / "templates").glob("*.html"))
STATIC = sorted((Path(site.__file__).parent / "static").iterdir())
FINGERPRINTS = [
    "/sidik-jari",
    "/sidik-jari?daftar=semua",
    "/sidik-jari/temuan",
    "/sidik-jari/temuan/1",
    "/sidik-jari/hapus",
    "/sidik-jari/sensor",
]
PAGES = {
    Role.HR_ADMIN: [
        "/",
        "/skpd",
        "/skpd/DINKES",
        "/skpd/DINKES/rekap",
        "/alat",
        "/sandi",
        "/tidak-ada",
        "/pendaftaran",
        "/pendaftaran?skpd=DINKES",
        "/pendaftaran/e-1",
        *FINGERPRINTS,
    ],
    Role.EMPLOYEE: ["/saya", "/skpd"],
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_script_style_or_handlers(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "javascript:" not in text


@pytest.mark.parametrize("file", [*TEMPLATES, *STATIC], ids=lambda path: path.name)
def test_nothing_comes_from_another_place(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]{2,}", text)
    assert "url(" not in text.replace("url('pages", "")
    assert "@import" not in text


class Page(HTMLParser):
    """Collects what the checks below ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pages(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> dict[str, Page]:
    found = {}
    fill(TemplateWorld(world))
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW, "waiting")
    for role, paths in PAGES.items():
        client = client_of(role)
        for path in [*paths, f"/foto/{world.picture}"]:
            found[f"{role} {path}"] = Page(client.get(path).text)
    return found


def test_every_page_has_a_language_landmarks_and_one_heading(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    for name, page in pages(world, client_of).items():
        assert page.named("html")[0]["lang"] == "id", name
        for landmark in ("header", "nav", "main", "footer", "title"):
            assert len(page.named(landmark)) == 1, (name, landmark)
        assert len(page.named("h1")) == 1, name
        assert page.named("a")[0]["href"] == "#isi", name


def test_every_field_has_a_label_and_every_picture_a_text(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    for name, page in pages(world, client_of).items():
        labelled = {label.get("for") for label in page.named("label")}
        for field in [*page.named("input"), *page.named("textarea"), *page.named("select")]:
            if field.get("type") != "hidden" and field.get("aria-hidden") != "true":
                assert field["id"] in labelled, (name, field)
        assert all(picture.get("alt") for picture in page.named("img")), name


def test_every_table_names_its_columns_and_rows(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    for name, page in pages(world, client_of).items():
        assert all(cell.get("scope") in ("col", "row") for cell in page.named("th")), name
        assert len(page.named("caption")) == len(page.named("table")), name


def test_no_id_stands_twice(world: BoardWorld, client_of: Callable[[Role], FlaskClient]) -> None:
    for name, page in pages(world, client_of).items():
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), name


def test_every_answer_carries_the_policy_and_no_personal_page_is_stored(
    world: BoardWorld, app: Flask, client_of: Callable[[Role], FlaskClient]
) -> None:
    client = client_of(Role.HR_ADMIN)
    for path in ["/", "/tidak-ada", "/saya", "/v1/health", f"/foto/{world.picture}/penuh", "/masuk"]:
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store", path
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    with client.get("/static/hadir.css") as sheet:
        assert "no-store" not in sheet.headers["Cache-Control"]


def test_a_name_with_markup_in_it_stays_text(
    world: BoardWorld, client_of: Callable[[Role], FlaskClient]
) -> None:
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE employee SET name = '<script>x</script>' WHERE id = 'bob'")
    client = client_of(Role.LEADER)
    for path in ("/", "/skpd/KOMINFO"):
        assert "<script>x" not in client.get(path).text
        assert "&lt;script&gt;x" in client.get(path).text


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours like #a1b2c3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_is_readable_on_its_grounds(scheme: int) -> None:
    css = next(file for file in STATIC if file.suffix == ".css").read_text("utf-8")
    block = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    texts = ["ink", "muted", "link", "present", "late", "out", "waiting", "pending", "excused", "absent"]
    for text in texts:
        assert contrast(colours[text], colours["surface"]) >= 4.5, text
    for text in ("ink", "muted", "link"):
        assert contrast(colours[text], colours["ground"]) >= 4.5, text
        assert contrast(colours[text], colours["sunken"]) >= 4.5, text
    for ground in ("warn-ground", "bad-ground"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5, ground
    assert contrast(colours["brand-ink"], colours["brand"]) >= 4.5
    assert contrast(colours["focus"], colours["surface"]) >= 3
