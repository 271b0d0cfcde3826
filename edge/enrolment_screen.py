"""`hadir-edge enrol`: the officer's screen in a terminal, for an enrolment at the node without a network.

It owns nothing: it shows what the punch process says and hands in what the officer answers.
"""

import contextlib
import select
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from attendance.body_reading import MAX_TEXT_CHARS
from edge.config import NodeConfig
from edge.enrolment_wording import finger_from, finger_name
from edge.faults import PunchSocketError
from edge.punch_socket import PunchSocket

ENROLLED, REFUSED, NO_ANSWER = 0, 1, 3
_LOOK_S = 0.2
_MARKS = {"step": "   ", "hint": " ! ", "refusal": " X ", "done": " * "}

Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Terminal(Protocol):
    """Lines out, lines in."""

    def say(self, text: str) -> None:
        """Show a line."""
        ...

    def line(self, wait_s: float | None) -> str | None:
        """What the officer types up to Enter, or None if nothing came in time.

        Raises:
            EOFError: nothing will come any more.
        """
        ...


class Console:
    """The terminal that the command was started in."""

    def say(self, text: str) -> None:
        """As Terminal."""
        print(text, flush=True)

    def line(self, wait_s: float | None) -> str | None:
        """As Terminal."""
        ready, _, _ = select.select([sys.stdin], [], [], wait_s)
        if not ready:
            return None
        typed = sys.stdin.readline()
        if not typed:
            raise EOFError
        return typed.strip()


class ScreenError(Exception):
    """It can't go on; the sentence is for the officer."""


def run(config: NodeConfig, who: str, fingers: Sequence[str], legal_basis: str, notice: str) -> int:
    """Guide one enrolment; the exit status."""
    punch = PunchSocket(config.state_dir / "punch.sock")
    return guide(punch.request, Console(), who, fingers, legal_basis, notice)


def guide(
    ask: Ask, terminal: Terminal, who: str, fingers: Sequence[str], legal_basis: str, notice: str
) -> int:
    """The same over any socket and any terminal.

    Args:
        ask: one request to the punch process.
        terminal: of the officer.
        who: NIP, id or part of a name; asked for if empty.
        fingers: two names.
        legal_basis: by which the data are kept; asked for if empty.
        notice: version of the privacy notice that was given; asked for if empty.
    """
    screen = _Screen(ask, terminal)
    try:
        return screen.guide(who, fingers, legal_basis, notice)
    except ScreenError as error:
        terminal.say(f" X {error}")
        return REFUSED
    except PunchSocketError:
        terminal.say(" X Program absensi di alat ini tidak menjawab. Tidak ada yang diubah oleh layar ini.")
        return NO_ANSWER
    except (KeyboardInterrupt, EOFError):
        with contextlib.suppress(ScreenError, PunchSocketError):
            screen.cancel()
        return REFUSED


class _Screen:
    def __init__(self, ask: Ask, terminal: Terminal) -> None:
        self._ask = ask
        self._terminal = terminal
        self._shown = 0

    def guide(self, who: str, fingers: Sequence[str], legal_basis: str, notice: str) -> int:
        codes = [_finger(words) for words in fingers]
        person = self._person(who or self._typed("NIP atau nama"))
        legal_basis = legal_basis or self._typed("Dasar hukum (misalnya nomor SK)")
        notice = notice or self._typed("Versi pemberitahuan privasi yang sudah dibacakan")
        self._terminal.say("=" * 60)
        self._terminal.say(f"PENDAFTARAN SIDIK JARI  {person['name']}  ({person['person']})")
        self._terminal.say(f"Jari: {' dan '.join(finger_name(code) for code in codes)}")
        self._terminal.say(f"Dasar: {legal_basis}   Pemberitahuan: {notice}")
        self._terminal.say("Batal: tekan Ctrl-C")
        self._terminal.say("=" * 60)
        view = self._request(
            "start", person=person["person"], fingers=codes, legal_basis=legal_basis, notice=notice
        )
        while True:
            self._show(view)
            if view["state"] != "running":
                return ENROLLED if view["state"] == "enrolled" else REFUSED
            view = self._next(view)

    def cancel(self) -> None:
        """Ask for the end, and show it."""
        view = self._request("cancel")
        while True:
            self._show(view)
            if view["state"] != "running":
                return
            with contextlib.suppress(EOFError):
                self._terminal.line(_LOOK_S)
            view = self._request("status")

    def _next(self, view: dict[str, Any]) -> dict[str, Any]:
        typed = self._terminal.line(_LOOK_S)
        if typed is None or not (view["face"] or view["fingers"]):
            return self._request("status")
        if view["face"]:
            return self._request("step")
        finger = finger_from(typed)
        if finger not in view["fingers"]:
            self._terminal.say(
                " ! Tulis salah satu: " + ", ".join(finger_name(one) for one in view["fingers"])
            )
            return self._request("status")
        return self._request("step", finger=finger)

    def _show(self, view: dict[str, Any]) -> None:
        for line in view["lines"]:
            self._terminal.say(_MARKS.get(line["kind"], "   ") + line["text"])
        self._shown += len(view["lines"])
        if view["lines"] and view["fingers"]:
            self._terminal.say("   Pilihan: " + ", ".join(finger_name(one) for one in view["fingers"]))

    def _person(self, who: str) -> dict[str, Any]:
        found = self._request("find", who=who)["persons"]
        if not found:
            raise ScreenError(f"Tidak ada pegawai di daftar alat ini yang cocok dengan {who!r}.")
        for number, one in enumerate(found, 1):
            state = "sudah terdaftar" if one["enrolled"] else "belum terdaftar"
            self._terminal.say(f"{number:>3}. {one['name']}  {one['person']}  ({state})")
        if len(found) == 1:
            return dict(found[0])
        typed = self._typed("Nomor urut")
        if not (typed.isascii() and typed.isdigit() and len(typed) < 4 and 1 <= int(typed) <= len(found)):
            raise ScreenError(f"{typed!r} bukan nomor urut di daftar.")
        return dict(found[int(typed) - 1])

    def _typed(self, question: str) -> str:
        self._terminal.say(f"{question}:")
        answer = (self._terminal.line(None) or "").strip()
        if not 0 < len(answer) <= MAX_TEXT_CHARS:
            raise ScreenError(f"{question} harus diisi, paling banyak {MAX_TEXT_CHARS} huruf.")
        return answer

    def _request(self, what: str, **fields: Any) -> dict[str, Any]:
        reply = self._ask({"do": "enrol", "what": what, "after": self._shown, **fields})
        if reply.get("ok") is not True:
            raise ScreenError(str(reply.get("text") or reply.get("error") or "ditolak"))
        return reply


def _finger(words: str) -> str:
    finger = finger_from(words)
    if finger is None:
        raise ScreenError(f"{words!r} bukan nama jari. Contoh: telunjuk-kanan, jempol-kiri.")
    return finger
