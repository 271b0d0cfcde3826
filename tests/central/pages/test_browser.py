"""What a person sees in a real browser (Debian's chromium). A wait ends when the thing is there."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from central.accounts import Role
from central.pages import live
from tests.support.board_world import NOW, PASSWORD, BoardWorld
from tests.support.browser import CHROMIUM_ARGS, CHROMIUM_PATH, Server
from tests.support.enrolment_requests import enter_request
from tests.support.template_world import TemplateWorld, fill

from .conftest import DINKES_NODE, KOMINFO_NODE

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=CHROMIUM_ARGS)
        yield started
        started.close()


@pytest.fixture
def server(world: BoardWorld) -> Iterator[Server]:
    with Server(world.app()) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when its console speaks of an error or a breach of the policy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield opened
    context.close()


def complaints_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def open_board(page: Page, server: Server, world: BoardWorld, role: Role = Role.LEADER) -> None:
    page.goto(server.address + world.link(world.accounts[role]))
    expect(page.locator("#link-state")).to_contain_text("Langsung")


def test_a_punch_appears_by_itself_and_a_lost_connection_is_said_plainly(
    page: Page, server: Server, world: BoardWorld
) -> None:
    complaints = complaints_of(page)
    open_board(page, server, world)
    expect(page.locator("#board-punches li")).to_have_count(2)
    kept = page.locator("#board-punches li").first.element_handle()

    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW, photo=world.picture)
    expect(page.locator("#board-punches li").first).to_contain_text("Charlie Cahyono")
    expect(page.locator("#board-totals .present .figure")).to_contain_text("3 dari 4")
    expect(page.locator("#skpd-KOMINFO")).to_contain_text("2/2")
    expect(page.locator("#board-punches img").first).to_have_js_property("complete", True)
    assert kept
    assert kept.evaluate("node => node.isConnected"), "what did not change was drawn anew"
    assert complaints == []

    server.stop()
    expect(page.locator("#link-state")).to_contain_text("Sambungan terputus · data berumur")
    expect(page.locator("#link-spoken")).to_contain_text("terputus")
    with Server(world.app(), server.port):
        expect(page.locator("#link-state")).to_contain_text("Langsung")
        expect(page.locator("#link-spoken")).to_have_text("")


def test_the_keyboard_stays_where_it_was_when_the_board_moves(
    page: Page, server: Server, world: BoardWorld
) -> None:
    open_board(page, server, world)
    page.locator("#skpd-link-KOMINFO").focus()
    world.arrive(KOMINFO_NODE, "charlie", "KOMINFO", NOW)
    expect(page.locator("#skpd-KOMINFO")).to_contain_text("2/2")
    assert page.evaluate("document.activeElement.id") == "skpd-link-KOMINFO"


def test_what_the_viewer_opened_stays_open_when_the_board_moves(
    page: Page, server: Server, world: BoardWorld
) -> None:
    world.unit("DISHUB", "Dinas Perhubungan", parent="KAB")
    world.person("dewi", "Dewi Damayanti", "DISHUB")
    open_board(page, server, world)
    page.locator("#on-paper summary").click()
    expect(page.locator("#on-paper p")).to_be_visible()
    world.unit("DINSOS", "Dinas Sosial", parent="KAB")
    world.person("eka", "Eka Efendi", "DINSOS")
    expect(page.locator("#on-paper p")).to_contain_text("Dinas Sosial")
    expect(page.locator("#on-paper p")).to_be_visible()


def test_an_empty_board_fills_itself_when_the_first_office_comes(
    page: Page, server: Server, world: BoardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REREAD_EVERY", timedelta(seconds=1))
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET unit = 'PKM' WHERE name = 'head'")
        connection.exec_driver_sql("UPDATE unit SET valid_to = '2020-01-01' WHERE code = 'PKM'")
    open_board(page, server, world, Role.UNIT_HEAD)
    expect(page.locator("#board-empty")).to_contain_text("Belum ada SKPD.")
    with world.office.database.write() as connection:
        connection.exec_driver_sql("UPDATE unit SET valid_to = NULL WHERE code = 'PKM'")
    expect(page.locator("#skpd-PKM")).to_contain_text("Puskesmas Satu")


def test_the_board_leaves_with_the_session(page: Page, server: Server, world: BoardWorld) -> None:
    open_board(page, server, world)
    with world.office.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM session")
    world.arrive(DINKES_NODE, "pia", "PKM", NOW - timedelta(minutes=1))
    page.wait_for_url(re.compile(r"/masuk\?next=/$"))


def test_a_person_signs_in_looks_around_and_signs_out(page: Page, server: Server, world: BoardWorld) -> None:
    complaints = complaints_of(page)
    world.account("sekda", Role.LEADER, password=PASSWORD)
    page.goto(server.address + "/")
    page.get_by_label("Nama akun").fill("sekda")
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk ke Hadir").click()
    page.get_by_role("link", name="Dinas Kominfo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dinas Kominfo")
    page.get_by_label("Tanggal").fill("2026-11-20")
    page.get_by_role("button", name="Tampilkan").click()
    expect(page.get_by_text("Jumat, 20 November 2026")).to_be_visible()
    page.get_by_role("link", name="Rekap bulan").click()
    expect(page.get_by_text("Rekap November 2026").first).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Hadir")
    assert complaints == []


def test_a_finding_is_decided_by_keyboard_alone(page: Page, server: Server, world: BoardWorld) -> None:
    complaints = complaints_of(page)
    fill(TemplateWorld(world))
    page.goto(server.address + world.link(world.accounts[Role.HR_ADMIN]))
    page.get_by_role("link", name="temuan sidik jari").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Nomor 1").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Kebetulan").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Keduanya menempelkan jari bergantian.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Diputuskan: Kebetulan")).to_be_visible()
    expect(page.get_by_text("Keduanya menempelkan jari bergantian.")).to_be_visible()
    page.get_by_text("Betulkan keputusan").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kecurangan", exact=True)).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [360, 1440, 1920])
def test_no_page_scrolls_sideways(browser: Browser, server: Server, world: BoardWorld, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(server.address + "/masuk")
    fill(TemplateWorld(world))
    addresses = ["/", "/skpd", "/skpd/DINKES", "/skpd/KOMINFO/rekap", "/alat", "/sandi", "/tidak-ada"]
    addresses += ["/sidik-jari", "/sidik-jari?daftar=semua", "/sidik-jari/temuan", "/sidik-jari/temuan/1"]
    addresses += ["/sidik-jari/hapus", "/sidik-jari/sensor"]
    enter_request(world.office, "e-1", DINKES_NODE, "alice", NOW, "waiting")
    addresses += ["/pendaftaran?skpd=DINKES", "/pendaftaran/e-1"]
    page.goto(server.address + world.link(world.accounts[Role.HR_ADMIN]))
    for address in [*addresses, f"/foto/{world.picture}"]:
        page.goto(server.address + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (width, address)
    context.close()
