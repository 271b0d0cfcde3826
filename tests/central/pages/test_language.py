import re
from collections.abc import Callable

from flask.testing import FlaskClient

from central.accounts import Role
from central.pages import catalogue


def test_every_text_has_an_english_translation() -> None:
    used = catalogue.used()
    assert len(used) > 150
    assert catalogue.untranslated(used, catalogue.english()) == []


def test_a_new_text_without_translation_would_be_seen() -> None:
    used = catalogue.used()
    used.add("Teks baru yang belum diterjemahkan")
    assert catalogue.untranslated(used, catalogue.english()) == ["Teks baru yang belum diterjemahkan"]


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    used = catalogue.used()
    assert [message.id for message in catalogue.english() if message.id and message.id not in used] == []


def test_translations_keep_their_placeholders() -> None:
    for message in catalogue.english():
        if message.id:
            first = message.id[0] if isinstance(message.id, tuple) else message.id
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            for string in strings:
                holes = r"%\(\w+\)s|\{\w+\}"
                assert sorted(re.findall(holes, string)) == sorted(re.findall(holes, first)), first


def test_the_shipped_catalogue_is_the_compiled_one() -> None:
    shipped = catalogue.ENGLISH.with_suffix(".mo").read_bytes()
    assert shipped == catalogue.compiled(catalogue.english())


def test_the_language_is_kept_in_the_session(client_of: Callable[[Role], FlaskClient]) -> None:
    client = client_of(Role.LEADER)
    page = client.get("/").text
    assert 'lang="id"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    data = {"csrf_token": token[1], "language": "en", "back": "/skpd"}
    assert client.post("/bahasa", data=data).headers["Location"] == "/skpd"
    page = client.get("/").text
    assert '<html lang="en">' in page
    assert "Attendance board" in page
    assert "Tuesday, 24 November 2026" in page
    assert "Last punches" in page
    assert "Came late" in page
    client.post("/bahasa", data={**data, "language": "xx"})
    assert '<html lang="en">' in client.get("/").text


def test_english_board_fragments_never_reach_an_indonesian_viewer(
    client_of: Callable[[Role], FlaskClient],
) -> None:
    english, indonesian = client_of(Role.LEADER), client_of(Role.LEADER)
    with english.session_transaction() as session:
        session["language"] = "en"
    assert "Last punches" in english.get("/").text
    assert "Absen terakhir" in indonesian.get("/").text
