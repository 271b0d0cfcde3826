"""One page of the module's notepad: sixteen pages of 32 bytes of flash that the host may use as it likes.

Flash wears: a page is written only where it does not hold the bytes already, and never while people punch.
"""

from collections.abc import Container

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_link import CheckedLink
from edge.sensor_opcodes import Code, Op

PAGE = 15
"""The last one; tools of vendors begin at the first."""
_ATTEMPTS = 4
_CLEAR_REFUSALS = 3
_WRITE_CODES = frozenset({Code.OK, Code.FLASH_ERROR})
_UNSURE = frozenset({SensorFault.NO_ANSWER, SensorFault.DAMAGED_ANSWER, SensorFault.FOREIGN_ANSWER})


def read_page(link: CheckedLink, likely: Container[str] = ()) -> str | None:
    """The page in hex, or None on a module that clearly refuses to read one.

    Asked until two answers agree, or one is what was likely: a damaged answer must not look like another
    module.

    Raises:
        SensorError: link-down; no-answer if there was neither a page nor a clear refusal.
    """
    told: list[str] = []
    refusals = 0
    for _ in range(_ATTEMPTS):
        answer = link.exchange(bytes([Op.READ_NOTEPAD, PAGE]))
        if answer is not None and answer[0] == Code.OK:
            page = answer[1:].hex()
            if page in likely or page in told:
                return page
            told.append(page)
            continue
        link.doubt()
        refusals += answer is not None
        if refusals >= _CLEAR_REFUSALS:
            return None
    raise sensor_error(SensorFault.NO_ANSWER, "the module does not tell what its notepad holds")


def write_page(commands: SensorCommands, data: bytes) -> None:
    """Write the page and see it written; an equal one is left alone.

    Raises:
        SensorError: flash-error; not-stored if it holds something else afterwards.
    """
    wanted = data.hex()
    if read_page(commands.link, (wanted,)) == wanted:
        return
    try:
        code = commands.once(lambda: commands.library.write_notepad(PAGE, data), _WRITE_CODES)
    except SensorError as error:
        if error.kind not in _UNSURE:
            raise
        code = Code.OK  # its answer was lost: what the page holds decides
    if code == Code.FLASH_ERROR:
        raise sensor_error(SensorFault.FLASH, "the module could not write its notepad")
    commands.link.doubt()
    commands.link.fence()
    if read_page(commands.link, (wanted,)) != wanted:
        raise sensor_error(SensorFault.NOT_STORED, "the notepad does not hold what was written")
