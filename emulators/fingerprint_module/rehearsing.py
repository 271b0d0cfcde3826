"""Tries a fault on paper when it is installed, so that a wrong argument is refused then, not in mid-run."""

import random
from collections.abc import Mapping
from typing import Any

from emulators.fingerprint_module.damage import DAMAGES
from emulators.fingerprint_module.faults import Fault, FaultError, When
from emulators.fingerprint_module.sending import Outgoing, change_content, spoil
from emulators.fingerprint_module.wire import Pid, encode

_ADDRESS = b"\xff" * 4
_CONTENT = bytes((9, 0, 0, 0, 0))
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "baud_changed": ("multiple",),
    "password_set": ("password",),
    "address_changed": ("address",),
    "slot_lost": ("slot",),
    "slots_exchanged": ("a", "b"),
}
_NUMBERS = frozenset(
    {
        "multiple",
        "slot",
        "a",
        "b",
        "loops",
        "count",
        "every_ms",
        "after_writes",
        "replug_after_ms",
        "commands",
    }
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "at": ("before_ack", "after_ack", "mid_flash_write"),
    "outcome": ("empty", "old", "torn"),
}


def rehearse(kind: str, args: Mapping[str, Any]) -> None:
    """Refuse arguments the fault could not use.

    Raises:
        FaultError: an argument is missing or of the wrong kind.
    """
    for name in _NEEDS.get(kind, ()):
        if name not in args:
            raise FaultError(f"{kind} needs {name!r}")
    for name in _NUMBERS & args.keys():
        if not isinstance(args[name], int | float) and args[name] is not None:
            raise FaultError(f"{name} is a number, not {args[name]!r}")
    for name in ("password", "address"):
        if name in args and len(_bytes(name, args[name])) != 4:
            raise FaultError(f"{name} is 4 bytes in hexadecimal, not {args[name]!r}")
    if "hex" in args:
        _bytes("hex", args["hex"])
    if kind == "reboot":
        for name, choices in _CHOICES.items():
            if args.get(name, choices[0]) not in choices:
                raise FaultError(f"{name} is one of {', '.join(choices)}, not {args[name]!r}")
    _on_paper(kind, args)


def _bytes(name: str, value: object) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise FaultError(f"{name} is hexadecimal, not {value!r}") from None


def _on_paper(kind: str, args: Mapping[str, Any]) -> None:
    fault = Fault(0, kind, When(), False, args, random.Random(0))
    packet = encode(Pid.ACK, _CONTENT, _ADDRESS)
    try:
        if kind in DAMAGES:
            DAMAGES[kind](packet, fault.random, args)
        else:
            change_content(_CONTENT, 4, fault)
            spoil(Outgoing([packet]), fault, _ADDRESS)
    except (ValueError, TypeError, OverflowError) as error:
        raise FaultError(f"{kind}: {error}") from error
