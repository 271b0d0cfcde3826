"""An enrolment that is started on central's page: real central, node and sync, emulated sensor, chromium."""

import re
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from demo.processes import wait_for
from tests.support.browser import CHROMIUM_ARGS, CHROMIUM_PATH
from tests.support.enrolment_office import BUDI, CITRA, CODE, SITI, AtTheDoor, Town, known_people, town

PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def office() -> Iterator[Town]:
    """One central with one node at work. In a short folder: paths of sockets have their limit."""
    with tempfile.TemporaryDirectory(prefix="hadir-e-") as folder, town(Path(folder) / "t") as made:
        yield made


@pytest.fixture(scope="module")
def page(office: Town) -> Iterator[Page]:
    """The browser of the office's admin, signed in."""
    made = office.tell("create-admin", "ratna", "--role", "unit_admin", "--unit", CODE)
    link = re.search(r"https://\S+/masuk/\S+", made)
    assert link
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=CHROMIUM_ARGS)
        opened = browser.new_context(
            ignore_https_errors=True, viewport={"width": 360, "height": 780}
        ).new_page()
        opened.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        opened.goto(link[0])
        opened.goto(f"{office.url}/pendaftaran")
        for _ in range(60):  # the node tells of its sensor as soon as it has met it
            if opened.locator("input[name=alat]:enabled").count():
                break
            opened.wait_for_timeout(500)
            opened.reload()
        yield opened
        browser.close()


def start(page: Page, office: Town, name: str) -> None:
    """Fill the form and press the button."""
    page.goto(f"{office.url}/pendaftaran")
    page.get_by_label("Nama atau NIP").fill(name)
    page.get_by_role("button", name="Tampilkan").click()
    page.get_by_label("Dasar hukum").fill("SK 800/12")
    page.get_by_label("Versi pemberitahuan").fill("v1")
    page.get_by_role("button", name="Mulai di alat").click()
    page.wait_for_url(re.compile(r"/pendaftaran/e-[0-9a-f]{12}$"))


def outcome(page: Page, words: str) -> None:
    expect(page.locator("#follow-state")).to_contain_text(words)


def test_a_new_employee_is_enrolled_from_the_page_and_stands_in_the_next_roster(
    office: Town, page: Page
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    with AtTheDoor(office.door, lambda finger: (SITI, finger)) as people:
        start(page, office, "siti")
        outcome(page, "Siti Aminah sudah dapat absen di alat ini.")
    expect(page.locator("#follow-result")).to_contain_text("telunjuk kanan")
    expect(page.locator("#follow-result")).to_contain_text("telunjuk kiri")
    expect(page.locator("#follow-result")).to_contain_text("Budi Santoso")
    expect(page.locator("#follow-result img")).to_have_js_property("complete", True)
    expect(page.get_by_role("link", name="Pegawai lain")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert people.saw[0] == ("Pendaftaran", "Siti Aminah")
    assert ("Lihat kamera", "Foto dalam 1") in people.saw
    assert people.saw[-1] == ("Terdaftar", "Siti Aminah")
    wait_for(
        "Siti in the roster of the node", lambda: known_people(office.door) == {BUDI, SITI}, patience_s=120
    )
    assert complaints == []


def test_a_colleagues_finger_is_refused_in_words_at_both_ends(office: Town, page: Page) -> None:
    with AtTheDoor(office.door, lambda _finger: (BUDI, "right_index")) as people:
        start(page, office, "citra")
        outcome(page, "Jari ini sudah terdaftar atas nama Budi Santoso.")
    assert ("Ditolak: jari", "milik orang lain") in people.saw
    expect(page.get_by_role("link", name="Mulai lagi")).to_be_visible()
    assert CITRA not in known_people(office.door)


def test_a_cancel_on_the_page_stops_the_node(office: Town, page: Page) -> None:
    with AtTheDoor(office.door, lambda _finger: ("nobody", "no_finger")) as people:
        start(page, office, "citra")
        outcome(page, "Ikuti layar alat.")
        page.get_by_role("button", name="Batalkan").click()
        outcome(page, "Tidak ada yang tersimpan.")
        wait_for("the node stops", lambda: ("Dibatalkan", "dari server") in people.saw, patience_s=120)
    expect(page.locator("#follow-steps")).to_contain_text("Dibatalkan")


def test_what_a_silent_node_does_not_fetch_expires(office: Town, page: Page) -> None:
    office.door.sync.stop()
    try:
        start(page, office, "citra")
        outcome(page, "Menunggu alat")
        office.clock.advance(timedelta(minutes=16))
        outcome(page, "Kedaluwarsa")
    finally:
        office.door.sync.start()
    page.get_by_role("link", name="Mulai lagi").click()
    expect(page.get_by_label("Dasar hukum")).to_have_value("SK 800/12")
    expect(page.get_by_role("radio", name="Citra Lestari")).to_be_checked()
