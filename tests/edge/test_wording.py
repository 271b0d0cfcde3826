"""The words at the door: 16 characters, the name, the time, stored or not - and no verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.window import EarlierPunch, Kind
from edge import wording
from edge.punching import Standing, decide
from edge.wording import Message, Outcome, Page, short_name
from tests.support.door_people import standing, wib


def lines(message: Message) -> list[tuple[str, str]]:
    return [(page.first, page.second) for page in message.pages]


def confirmed(when: str, *, slot: int = 1, earlier: tuple[EarlierPunch, ...] = ()) -> Message:
    return wording.stored(decide(standing(), slot, 90, wib(when), earlier, None))


@pytest.mark.parametrize(
    ("when", "pages"),
    [
        ("2017-06-05 07:28:41", [("Siti Aminah", "Masuk 07:28  OK")]),
        ("2017-06-05 09:12:00", [("Siti Aminah", "Terlambat 12 mnt"), ("Siti Aminah", "Masuk 09:12")]),
        ("2017-06-05 11:45:00", [("Siti Aminah", "Terlambat 165mnt"), ("Siti Aminah", "Masuk 11:45")]),
        ("2017-06-05 15:10:00", [("Belum waktunya", "pulang: 15:30"), ("Siti Aminah", "Tercatat 15:10")]),
        ("2017-06-09 14:10:00", [("Belum waktunya", "pulang: 15:00"), ("Siti Aminah", "Tercatat 14:10")]),
        ("2017-06-05 16:03:10", [("Siti Aminah", "Pulang 16:03 OK")]),
        ("2017-06-05 04:02:00", [("Di luar jam", "Tercatat 04:02"), ("Siti Aminah", "Tercatat 04:02")]),
        ("2017-06-01 07:30:00", [("Siti Aminah", "Libur 07:30  OK")]),
    ],
)
def test_a_stored_punch_is_confirmed_with_name_and_time(when: str, pages: list[tuple[str, str]]) -> None:
    message = confirmed(when)
    assert lines(message) == pages
    assert message.outcome is Outcome.STORED
    assert message.voice


def test_a_repeat_is_told_with_the_first_time_and_confirmed() -> None:
    morning = EarlierPunch(Kind.IN, wib("2017-06-05 07:28:00"))
    assert lines(confirmed("2017-06-05 07:40:00", earlier=(morning,))) == [
        ("Sudah absen", "Masuk 07:28 lalu"),
        ("Siti Aminah", "Tercatat 07:40"),
    ]
    home = EarlierPunch(Kind.OUT, wib("2017-06-05 16:03:00"))
    assert lines(confirmed("2017-06-05 16:05:00", earlier=(home,)))[0] == ("Sudah absen", "Pulang 16:03")


def test_a_finger_of_nobody_is_confirmed_as_stored() -> None:
    assert lines(confirmed("2017-06-05 07:28:00", slot=50)) == [
        ("Belum terdaftar", "Hub. admin OPD"),
        ("Tersimpan", "Tercatat 07:28"),
    ]
    unclaimed = decide(Standing(), 50, 90, wib("2017-06-05 07:28:00"), (), None)
    assert lines(wording.stored(unclaimed)) == [("Tersimpan", "Tercatat 07:28")]


def test_a_person_without_rules_is_greeted_by_name() -> None:
    decision = decide(Standing(roster=standing().roster), 1, 90, wib("2017-06-05 07:28:00"), (), None)
    assert lines(wording.stored(decision)) == [("Siti Aminah", "Tercatat 07:28")]


def test_the_voice_uses_the_salutation_and_is_silent_about_lateness_where_the_regency_wants_it() -> None:
    assert confirmed("2017-06-05 07:28:00", slot=7).voice == (
        "Terima kasih, Bapak Drs. H. Budi Santoso Wijayakusuma, M.Si. Selamat bekerja."
    )
    late = decide(standing(), 1, 90, wib("2017-06-05 09:30:00"), (), None)
    assert wording.stored(late).voice == "Terima kasih. Tercatat terlambat."
    assert "terlambat" not in str(wording.stored(late, say_late=False).voice)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Siti Aminah", "Siti Aminah"),
        ("Drs. H. Budi Santoso Wijayakusuma, M.Si", "Budi Santoso W"),
        ("Muhammad Syahrul Ramadhan Putra", "Muhammad S R P"),
        ("dr. Ni Luh Ayu", "Ni Luh Ayu"),
        ("Abdurrahmansyahputra", "Abdurrahmansyahp"),
        ("Sri Rahayuningtyas Éka", "Sri R E"),
        ("王", "?"),
        ("Hj. Nur", "Nur"),
        ("Irma Drsanti", "Irma Drsanti"),
    ],
)
def test_a_name_fits_a_line(name: str, shown: str) -> None:
    assert short_name(name) == shown


@given(st.text(min_size=1, max_size=120))
def test_any_name_fits_a_line(name: str) -> None:
    Page(short_name(name), "")


@given(st.integers(0, 5000))
def test_any_count_of_minutes_or_events_fits_a_line(number: int) -> None:
    wording.not_sent_yet(number)
    Page("x", wording._late(number))


def test_the_other_messages() -> None:
    now = wib("2017-06-05 07:28:41")
    assert wording.idle(now) == Page("Tempelkan jari", "07:28:41 WIB")
    assert lines(wording.not_recorded()) == [("TIDAK TEREKAM", "Hub. admin OPD")]
    assert lines(wording.not_recognised(1)) == [("Jari tak dikenal", "Coba lagi (1/3)")]
    assert lines(wording.not_recognised(3))[1] == ("Belum terdaftar?", "Hub. admin OPD")
    assert lines(wording.not_recognised(9))[0] == ("Jari tak dikenal", "Coba lagi (3/3)")
    assert lines(wording.poor_image()) == [("Jari kotor/basah", "Bersihkan,ulangi")]
    assert lines(wording.out_of_order(retry=False)) == [("Alat gangguan", "Hub. admin OPD")]
    assert lines(wording.out_of_order(retry=True)) == [("Gangguan sensor", "Tempel jari lagi")]
    assert wording.clock_doubtful() == Page("Jam belum pas", "Hub. admin OPD")
    assert wording.camera_fault(now) == Page("Kamera gangguan", "Tercatat 07:28")
    assert wording.not_sent_yet(3) == Page("Tersimpan", "Belum terkirim:3")
    assert wording.not_sent_yet(12).second == "Blm terkirim:12"
    assert wording.starting().outcome is Outcome.READY


def test_only_a_stored_punch_is_green() -> None:
    others = (
        wording.not_recorded(),
        wording.not_recognised(1),
        wording.poor_image(),
        wording.out_of_order(retry=True),
        wording.starting(),
    )
    assert all(message.outcome is not Outcome.STORED for message in others)


@pytest.mark.parametrize("line", ["seventeen letters", "tab\t", "é"])
def test_a_line_that_does_not_fit_is_a_mistake_of_ours(line: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Page(line, "")


def test_pages_are_added_behind_the_confirmation() -> None:
    message = confirmed("2017-06-05 07:28:41").then(wording.clock_doubtful())
    assert lines(message)[-1] == ("Jam belum pas", "Hub. admin OPD")
    assert lines(message)[0][0] == "Siti Aminah"
