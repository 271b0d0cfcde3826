"""What a module answers to a command it will not work on: locked, unknown, or too short."""

from emulators.fingerprint_module.codes import Code, Op
from emulators.fingerprint_module.device import Device, Reply
from emulators.fingerprint_module.instructions import INSTRUCTIONS
from emulators.fingerprint_module.profiles import Unknown
from emulators.fingerprint_module.steps import Steps, ack

_NOTEPAD = (Op.WriteNotepad, Op.ReadNotepad)


def refusal(device: Device, content: bytes) -> Steps | None:
    """The answer instead of work, None if the command can be worked on."""
    opcode = content[0]
    if any(device.flash.password) and not device.ram.password_given and opcode != Op.VfyPwd:
        return _said(ack(Code.PASSWORD_NEEDED))
    lacking = device.profile.no_notepad and opcode in _NOTEPAD
    if lacking or opcode not in device.profile.opcodes or opcode not in INSTRUCTIONS:
        return _said(_unknown(device, content))
    if len(content) - 1 < INSTRUCTIONS[opcode].arguments:
        return _said(ack(Code.RECEIVE_ERROR))
    return None


def _unknown(device: Device, content: bytes) -> Reply:
    habit = device.profile.unknown
    if habit is Unknown.ECHO:
        return Reply(content)
    if habit is Unknown.SILENCE:
        return Reply(b"")
    return ack(Code.UNSUPPORTED if habit is Unknown.UNSUPPORTED else Code.RECEIVE_ERROR)


def _said(reply: Reply) -> Steps:
    yield 0.0
    return reply
