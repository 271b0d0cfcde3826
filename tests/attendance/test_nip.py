from datetime import date

import pytest

from attendance.errors import PersonError
from attendance.people import Employee, Employment, check_nip, grouped_nip

GOOD = "198609262015051001"


def test_a_sound_nip_is_kept_as_text_without_a_warning() -> None:
    nip = check_nip(GOOD, Employment.PNS, on=date(2026, 1, 5))
    assert (nip.value, nip.warnings) == (GOOD, ())


def test_the_printed_form_and_the_apostrophe_of_spreadsheets_are_read() -> None:
    assert check_nip(grouped_nip(GOOD), Employment.PNS).value == GOOD
    assert check_nip("'" + GOOD, Employment.PNS).value == GOOD
    assert grouped_nip(GOOD) == "19860926 201505 1 001"


@pytest.mark.parametrize(
    "ruined", ["1.98609E+17", "1,98609E+17", "1.98609e17", " 1.98609262015051E+17 ", "2E17"]
)
def test_a_nip_that_excel_ruined_is_refused_by_that_name(ruined: str) -> None:
    with pytest.raises(PersonError, match="dirusak Excel"):
        check_nip(ruined, Employment.PNS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "kosong"),
        ("   ", "kosong"),
        (GOOD[:-1], "berisi 17 angka, seharusnya 18"),
        (GOOD + "0", "berisi 19 angka"),
        ("19860926201505100A", "hanya boleh berisi angka"),
        ("\u0661" * 18, "hanya boleh berisi angka"),
        ("-98609262015051001", "hanya boleh berisi angka"),
    ],
)
def test_what_can_be_no_nip_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(PersonError, match=words):
        check_nip(text, Employment.PNS)


@pytest.mark.parametrize(
    ("nip", "words"),
    [
        ("198613262015051001", "Tanggal lahir"),
        ("198602302015051001", "Tanggal lahir"),
        ("198609262015131001", "Bulan TMT CPNS 13"),
        ("198609262015001001", "Bulan TMT CPNS 00"),
        ("198609262015053001", "jenis kelamin 3"),
        ("198609262015051000", "Nomor urut 000"),
        ("201009262015051001", "Umur 4 tahun"),
        ("192009262015051001", "Umur 94 tahun"),
    ],
)
def test_what_looks_wrong_in_a_nip_is_a_warning_and_no_refusal(nip: str, words: str) -> None:
    assert any(words in warning for warning in check_nip(nip, Employment.PNS).warnings)


def test_the_digits_of_a_pppk_hold_no_month() -> None:
    nip = "198609262023211001"
    assert not check_nip(nip, Employment.PPPK).warnings
    assert check_nip(nip, Employment.CPNS).warnings


def test_the_age_is_judged_on_the_day_of_the_check() -> None:
    nip = "200801012023211001"
    assert check_nip(nip, Employment.PPPK, on=date(2023, 12, 31)).warnings == (
        "Umur 15 tahun pada 2023-12-31 tidak wajar.",
    )
    assert check_nip(nip, Employment.PPPK, on=date(2024, 1, 1)).warnings == ()


def test_hr_decides_the_salutation_and_the_sex_digit_only_fills_in() -> None:
    man = Employee("e1", "Budi", Employment.PNS, GOOD)
    assert man.spoken_salutation == "Bapak"
    assert Employee("e1", "Budi", Employment.PNS, GOOD, "Ibu").spoken_salutation == "Ibu"
    assert Employee("e2", "Ani", Employment.NON_ASN).spoken_salutation is None
    assert Employee("e3", "Ani", Employment.PNS, "198609262015052001").spoken_salutation == "Ibu"
    assert Employee("e4", "Ani", Employment.PNS, "198609262015059001").spoken_salutation is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "-x"}, "employee id"),
        ({"id": "x" * 33}, "employee id"),
        ({"name": "  "}, "no name"),
        ({"name": "Ani\nBudi"}, "no name"),
        ({"salutation": "Mr"}, "no salutation"),
        ({"nip": "12"}, "berisi 2 angka"),
    ],
)
def test_an_impossible_employee_is_refused_in_words(changes: dict[str, str], words: str) -> None:
    fields = {"id": "e1", "name": "Ani", "employment": Employment.PNS, **changes}
    with pytest.raises(PersonError, match=words):
        Employee(**fields)  # type: ignore[arg-type]
