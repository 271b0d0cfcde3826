"""Draws pages and display of an enrolment: `python -m tests.support.enrolment_pictures FOLDER [dark]`.

The pages are those of a real chromium over a synthetic office; the display shows the words that the node
itself uses. `docs/enrolment.md` holds what comes out of it.
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import insert

from attendance.enrolment import ENROL, FAILED, EnrolledFinger, Enrolment, FailedEnrolment
from central.accounts import Role
from central.tables import slot
from edge import enrolment_wording as words
from edge.enrolment_deeds import Line
from edge.wording import WIDTH
from tests.support.board_world import NOW, PASSWORD, BoardWorld
from tests.support.browser import CHROMIUM_ARGS, CHROMIUM_PATH, Server
from tests.support.enrolment_requests import enter_request, tell_module

OFFICE, DOOR = "DISKOMINFO", "kominfo234567abc"
SITI = "Siti Aminah"
_SIZES = {"desk": (1280, 900), "phone": (360, 780)}
_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
_CELL = (17, 30)
_GLASS, _INK = (196, 214, 60), (34, 44, 18)
_COLOURS = 128
STEPS: dict[str, list[Line]] = {
    "layar-alat": [
        words.begun(SITI),
        words.witness_wanted(),
        words.touch("right-index", 1, 3),
        words.lift(),
        words.touch_to_prove("right-index", 1, 2),
        words.finger_done("right-index"),
        words.face_soon(3),
        words.enrolled(SITI),
    ],
    "layar-ditolak": [words.belongs_to_another("Budi Santoso")],
}


def display(lines: list[Line]) -> Image.Image:
    """The pages of a 16x2 display, in the order in which they come, in two columns."""
    pages = [page for line in lines for page in ((line.first, line.second), *line.more)]
    wide, high = _CELL[0] * WIDTH + 40, _CELL[1] * 2 + 40
    rows = -(-len(pages) // 2)
    sheet = Image.new("RGB", (2 * wide + 30, rows * (high + 10) + 10), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(_FONT, 24)
    for number, page in enumerate(pages):
        left, top = 10 + (number % 2) * (wide + 10), 10 + (number // 2) * (high + 10)
        pen.rounded_rectangle((left, top, left + wide, top + high), 6, fill=(26, 30, 34))
        pen.rectangle((left + 12, top + 12, left + wide - 12, top + high - 12), fill=_GLASS)
        for row, text in enumerate(page):
            for place, letter in enumerate(f"{text:<{WIDTH}}"):
                x, y = left + 20 + place * _CELL[0], top + 20 + row * _CELL[1]
                pen.rectangle((x, y, x + _CELL[0] - 2, y + _CELL[1] - 3), fill=(186, 204, 54))
                pen.text((x + 1, y - 1), letter, fill=_INK, font=font)
    return sheet


def office(folder: Path) -> tuple[BoardWorld, int]:
    """An office on a morning, with people of whom some are enrolled; the admin's account."""
    world = BoardWorld(folder)
    world.unit("KAB", "Kabupaten Tanggamus", kind="kabupaten")
    world.unit(OFFICE, "Dinas Komunikasi dan Informatika", parent="KAB")
    names = ("Agus Firmansyah", "Budi Santoso", "Citra Lestari", "Dewi Anggraini", SITI)
    people = [
        (f"p{number}", name, OFFICE, f"198502142010011{number:03}") for number, name in enumerate(names)
    ]
    world.people(people)
    world.node(DOOR, OFFICE, seen=NOW - timedelta(seconds=14))
    tell_module(world.office, DOOR)
    enter_request(world.office, "e-old", DOOR, "p1", NOW - timedelta(hours=2), "enrolled")
    with world.office.database.write() as connection:
        for number in (1, 2):
            values = {"unit": OFFICE, "node": DOOR, "slot": number, "employee": "p1"}
            connection.execute(insert(slot).values(**values))
    return world, world.account("ratna.admin", Role.UNIT_ADMIN, unit=OFFICE, password=PASSWORD)


def pictures(world: BoardWorld) -> dict[str, str]:
    """Address by name of the picture; each request stands in another state."""
    at = NOW - timedelta(seconds=20)
    fingers = (
        EnrolledFinger("right-index", 4, 3, 1, (121, 98)),
        EnrolledFinger("left-index", 5, 3, 0, (99, 131)),
    )
    done = Enrolment("p4", fingers, "p1", 1, None, "r503", "SK 800/12", "v1", 1, None, "e-3")
    photo = world.photo(DOOR, 5, "Pendaftaran 24-11-2026 08:11  Diskominfo")
    stored = world.event(DOOR, ENROL, NOW, done.content(), photo=photo)
    refused = FailedEnrolment("p4", "belongs-to-another", (), "p1", 1, request="e-4")
    told = world.event(DOOR, FAILED, NOW, refused.content())
    now_ms = world.clock.now_ms()
    enter_request(world.office, "e-1", DOOR, "p4", at, "waiting")
    enter_request(world.office, "e-2", DOOR, "p4", at, "running", begun_ms=now_ms)
    enter_request(
        world.office, "e-3", DOOR, "p4", at, "enrolled", event=stored, begun_ms=now_ms, ended_ms=now_ms
    )
    more = {"event": told, "reason": refused.reason, "begun_ms": now_ms, "ended_ms": now_ms}
    enter_request(world.office, "e-4", DOOR, "p4", at, "refused", **more)
    enter_request(world.office, "e-5", DOOR, "p4", NOW - timedelta(minutes=20), "waiting")
    return {
        "mulai": "/pendaftaran?cari=siti",
        "semua": "/pendaftaran",
        "menunggu": "/pendaftaran/e-1",
        "berjalan": "/pendaftaran/e-2",
        "terdaftar": "/pendaftaran/e-3",
        "ditolak": "/pendaftaran/e-4",
        "kedaluwarsa": "/pendaftaran/e-5",
    }


def shoot(browser: Browser, world: BoardWorld, account: int, folder: Path, scheme: str) -> None:
    """Every page in each size."""
    addresses = pictures(world)
    with Server(world.app()) as server:
        for size, (width, height) in _SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale="id-ID"
            )
            page = context.new_page()
            page.goto(server.address + world.link(account))
            for name, path in addresses.items():
                page.goto(server.address + path)
                page.wait_for_load_state("networkidle")
                _save(page, folder / f"enrolment-{name}-{size}.png")
            context.close()


def _save(page: Page, file: Path) -> None:
    page.screenshot(path=file, full_page=True)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        print(f"{file.name} SCROLLS SIDEWAYS")
    _shrink(Image.open(file), file)


def _shrink(image: Image.Image, file: Path) -> None:
    image.convert("RGB").quantize(_COLOURS).save(file, optimize=True)
    print(f"{file.name} {file.stat().st_size // 1000} kB")


def main(folder: Path, scheme: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in STEPS.items():
        _shrink(display(lines), folder / f"enrolment-{name}.png")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        world, account = office(Path(work))
        browser = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=CHROMIUM_ARGS)
        shoot(browser, world, account, folder, scheme)
        browser.close()
        world.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "light")
