"""Draws every page of the synthetic regency: `python -m tests.support.page_pictures FOLDER`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from central.accounts import Role
from tests.support import template_city
from tests.support.board_city import build
from tests.support.board_world import NOW, BoardWorld
from tests.support.browser import CHROMIUM_ARGS, CHROMIUM_PATH, Server

SIZES = {"desk": (1440, 900), "wall": (1920, 1080), "phone": (360, 780)}
PAGES = {
    "board": "/",
    "units": "/skpd",
    "unit": "/skpd/DISKOMINFO",
    "unit-parts": "/skpd/DINKES",
    "recap": "/skpd/DISKOMINFO/rekap",
    "nodes": "/alat",
    "fingerprints": "/sidik-jari",
    "fingerprints-all": "/sidik-jari?daftar=semua&cari=sari",
    "fingerprints-class": "/sidik-jari?daftar=kelas-lain",
    "unproven": "/sidik-jari?daftar=belum-terbukti",
    "findings": "/sidik-jari/temuan",
    "finding": "/sidik-jari/temuan/1",
    "finding-unknown": "/sidik-jari/temuan/3",
    "finding-decided": "/sidik-jari/temuan/4",
    "purges": "/sidik-jari/hapus",
    "sensors": "/sidik-jari/sensor",
    "own": "/saya",
    "password": "/sandi",
    "missing": "/tidak-ada",
}


def main(folder: Path, only: set[str], scheme: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        world = BoardWorld(Path(work))
        world.clock.at = NOW.replace(hour=7, minute=32)
        build(world)
        template_city.build(world)
        account = world.account(
            "ratu.sekda", Role.HR_ADMIN, employee="diskominfo-00", password="kuda-laut-77-x"
        )
        with Server(world.app()) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=CHROMIUM_ARGS)
            for size, (width, height) in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="id-ID"
                )
                page = context.new_page()
                if not only or "sign-in" in only:
                    page.goto(server.address + "/masuk")
                    page.screenshot(path=folder / f"sign-in-{size}.png")
                page.goto(server.address + world.link(account))
                for name, path in PAGES.items():
                    if only and name not in only:
                        continue
                    page.goto(server.address + path)
                    page.wait_for_timeout(1500 if name == "board" else 200)
                    page.screenshot(path=folder / f"{name}-{size}.png", full_page=size == "phone")
                    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
                    print(f"{name} {size}{' SCROLLS SIDEWAYS' if wide else ''}")
                context.close()
            browser.close()
        world.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[3:]), sys.argv[2] if len(sys.argv) > 2 else "light")
