"""The words for PINs that can't be set."""

from central.pages.language import gettext
from central.pins import LONGEST_REASON, MOST_MONTHLY_QUOTA, SHORTEST_REASON, Problem


def problem_words(problem: Problem) -> str:
    """What is wrong, and what to do."""
    match problem:
        case Problem.NO_PIN:
            return gettext("PIN harus enam angka.")
        case Problem.NOT_TWICE:
            return gettext("Kedua PIN tidak sama. Minta pegawai mengetiknya sekali lagi.")
        case Problem.EASY:
            return gettext("PIN ini mudah ditebak (angka berulang atau berurutan). Pilih yang lain.")
        case Problem.BIRTH_DATE:
            return gettext(
                "PIN ini ada di NIP atau tanggal lahirnya, dan rekan kerja tahu itu. Pilih yang lain."
            )
        case Problem.REASON:
            return gettext(
                "Tulis alasan mengapa jarinya tidak terbaca (%(low)s sampai %(high)s huruf).",
                low=SHORTEST_REASON,
                high=LONGEST_REASON,
            )
        case Problem.QUOTA:
            return gettext("Jatah sebulan harus bilangan 1 sampai %(most)s.", most=MOST_MONTHLY_QUOTA)
        case Problem.NOT_HERE:
            return gettext("Tidak ada pegawai dengan NIP atau id itu di unit Anda.")
        case Problem.OWN:
            return gettext("PIN Anda sendiri diatur oleh admin lain.")
        case Problem.NO_NUMBER_LEFT:
            return gettext("Semua nomor sudah terpakai. Cabut PIN yang tidak dipakai lagi.")
