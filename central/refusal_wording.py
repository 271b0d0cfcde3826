"""What `hadir-central` says when it refuses.

Most errors of central are met by people alone and carry an Indonesian sentence already. Those that logs and
nodes read too stay in English where they are raised, and are introduced here.
"""

from attendance.errors import EvidenceError, HadirError, SignatureError
from central.database import StoreError

_INTRODUCTIONS: tuple[tuple[type[HadirError], str], ...] = (
    (StoreError, "Basis data gagal; coba lagi atau panggil teknisi."),
    (SignatureError, "Aturan atau dokumen di basis data tidak ditandatangani oleh kunci di data_dir."),
    (EvidenceError, "Data yang tersimpan tidak sah; panggil teknisi."),
)


def plain_sentence(error: HadirError) -> str:
    """The refusal in Indonesian; what only a technician reads follows as `Rincian`."""
    for kind, introduction in _INTRODUCTIONS:
        if isinstance(error, kind):
            return f"{introduction} Rincian: {_first_line(error)}"
    return str(error)


def _first_line(error: HadirError) -> str:
    """Below it SQLAlchemy writes the statement and where to read more."""
    return str(error).partition("\n")[0]
