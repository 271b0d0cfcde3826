"""Draws the pictures on sensors and findings: `python -m tests.support.manual_pictures FOLDER`.

The pages are those of a real chromium over the synthetic regency; the display shows the words that the node
itself uses. `docs/technician-sensor.md` and `docs/findings.md` hold what comes out of it.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from central.accounts import Role
from edge import wording
from edge.enrolment_deeds import Line
from edge.sensor_faults import SENTENCES
from tests.support import template_city
from tests.support.board_city import build
from tests.support.board_world import NOW, PASSWORD, WIB, BoardWorld
from tests.support.browser import CHROMIUM_ARGS, CHROMIUM_PATH, Server
from tests.support.enrolment_pictures import display

_WINDOW: ViewportSize = {"width": 1360, "height": 800}
_COLOURS = 96
_MARGIN = 8
_DISPLAY = (
    *wording.sensor_out_of_order(SENTENCES["sensor-changed"], stopped=True).pages,
    *wording.sensor_out_of_order(SENTENCES["sensor-disconnected"], stopped=False).pages,
    *wording.out_of_order(retry=True).pages,
    wording.idle(NOW.astimezone(WIB)),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One page, and what of it is shown.

    Attributes:
        role: of whoever looks.
        opened: selector of what is clicked open first; "" for nothing.
        only: selector of the one part that is drawn; "" for the page.
        until: selector of the last thing that is drawn; "" for all of it.
    """

    path: str
    role: Role = Role.HR_ADMIN
    opened: str = ""
    only: str = ""
    until: str = ""


PICTURES = {
    "sensor-halaman": Picture("/sidik-jari/sensor", Role.TECHNICIAN, until=".nodes-list li:nth-child(4)"),
    "sensor-hapus": Picture("/sidik-jari/hapus", Role.TECHNICIAN, until="table"),
    "findings-daftar": Picture("/sidik-jari/temuan", until="table"),
    "findings-temuan": Picture("/sidik-jari/temuan/1", until=".sides + .card"),
    "findings-keputusan": Picture("/sidik-jari/temuan/1", only="form.decision"),
    "findings-diputuskan": Picture("/sidik-jari/temuan/4", until=".decided"),
    "findings-diperiksa": Picture(
        "/sidik-jari", opened=".persons tr:nth-child(2) summary", until=".persons tr:nth-child(3)"
    ),
}


def main(folder: Path) -> None:
    """Draw them all."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [Line("step", "", page.first, page.second) for page in _DISPLAY]
    _shrink(display(lines), folder / "sensor-layar-alat.png")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        world = BoardWorld(Path(work))
        world.clock.at = NOW.replace(hour=7, minute=32)
        build(world)
        template_city.build(world)
        accounts = {
            Role.HR_ADMIN: world.account("ratna.bkpsdm", Role.HR_ADMIN, password=PASSWORD),
            Role.TECHNICIAN: world.account("teguh.teknisi", Role.TECHNICIAN, password=PASSWORD),
        }
        browser = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=CHROMIUM_ARGS)
        with Server(world.app()) as server:
            for role, account in accounts.items():
                page = browser.new_context(viewport=_WINDOW, color_scheme="light", locale="id-ID").new_page()
                page.goto(server.address + world.link(account))
                for name, picture in PICTURES.items():
                    if picture.role is role:
                        page.goto(server.address + picture.path)
                        _draw(page, picture, folder / f"{name}.png")
        browser.close()
        world.close()


def _draw(page: Page, picture: Picture, file: Path) -> None:
    page.wait_for_load_state("networkidle")
    if picture.opened:
        page.locator(picture.opened).click()
    if picture.only:
        page.locator(picture.only).screenshot(path=file)
    else:
        page.screenshot(path=file, full_page=True)
    image: Image.Image = Image.open(file)
    if picture.until:
        box = page.locator(picture.until).bounding_box()
        assert box is not None
        image = image.crop((0, 0, image.width, round(box["y"] + box["height"]) + _MARGIN))
    _shrink(image, file)


def _shrink(image: Image.Image, file: Path) -> None:
    image.convert("RGB").quantize(_COLOURS).save(file, optimize=True)
    print(f"{file.name} {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
