"""The module's own password and address: written with proof, since there is no way back from a wrong one.

The manuals know no reset of a forgotten password. So a write is repeated only after the module has said
clearly that it does not take the new one, which also mends a password that was damaged on its way: the
session that set it is still open.
"""

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_opcodes import Code, Op

_ATTEMPTS = 3
_WRITE_CODES = frozenset({Code.OK, Code.FLASH_ERROR})
_UNSURE = frozenset({SensorFault.NO_ANSWER, SensorFault.DAMAGED_ANSWER, SensorFault.FOREIGN_ANSWER})


def set_password(commands: SensorCommands, password: int) -> None:
    """Give the module another password, and hear it take that one.

    Raises:
        SensorError: flash-error; not-stored if it goes on refusing it; no sound answer.
    """
    for _ in range(_ATTEMPTS):
        try:
            code = commands.once(lambda: commands.library.set_password(password), _WRITE_CODES)
        except SensorError as error:
            if error.kind not in _UNSURE:
                raise
            code = Code.OK  # its answer was lost: whether it takes the new one decides
        if code == Code.FLASH_ERROR:
            raise sensor_error(SensorFault.FLASH, "the module could not write its password")
        if _takes(commands, password):
            return
    raise sensor_error(SensorFault.NOT_STORED, "the module does not take the password that was just set")


def _takes(commands: SensorCommands, password: int) -> bool:
    link = commands.link
    for _ in range(_ATTEMPTS):
        link.doubt()
        answer = link.exchange(bytes([Op.VERIFY_PASSWORD]) + password.to_bytes(4, "big"))
        if answer is not None and answer[0] in (Code.OK, Code.WRONG_PASSWORD):
            return answer[0] == Code.OK
    raise sensor_error(SensorFault.NO_ANSWER, "the module does not say whether it takes the new password")


def set_address(commands: SensorCommands, address: int) -> None:
    """Give the module another address. It answers from there, which this link does not hear: connect anew.

    Raises:
        SensorError: link-down; refused, by a module that answers from the old address.
    """
    answer = commands.link.exchange(bytes([Op.SET_ADDRESS]) + address.to_bytes(4, "big"))
    if answer is not None and answer[0] != Code.OK:
        raise sensor_error(SensorFault.REFUSED, f"the module keeps its address ({answer[0]:02X})")
