"""An officer at a node, with the people around them: does what the dialogue of an enrolment says."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attendance.enrolment import FINGERS
from demo.door import Door, ask
from edge.enrolment_wording import finger_name

Touch = tuple[str, str]
"""Whose finger, and which one, as the finger emulator names them."""
Hand = Callable[[int, str], Touch]
"""(number of the touch of this finger, from 1; 0 for one that proves it; finger asked for) -> what comes."""
_LOOK_S = 0.02
_PATIENCE_S = 240.0
LEGAL_BASIS, NOTICE = "SK uji coba", "v1"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an enrolment ended.

    Attributes:
        said: the last line on the officer's screen.
        seconds: from "start" to the end, of this machine's time.
    """

    enrolled: bool
    said: str
    seconds: float


def own(person: str) -> Hand:
    """Somebody who puts down the finger that is asked for, their own."""
    return lambda _number, finger: (person, finger)


class Officer:
    """At one door. One thread."""

    def __init__(self, door: Door, reaction_s: float = 0.0) -> None:
        """Take a door.

        Args:
            door: the node, at work.
            reaction_s: how long a person takes from a prompt to the deed, in this machine's time.
        """
        self._door = door
        self._reaction_s = reaction_s
        self._socket = door.folder / "state/punch.sock"

    def enrol(
        self,
        person: str,
        hand: Hand,
        witness: Touch | None,
        fingers: tuple[str, str] = ("right-index", "left-index"),
    ) -> Ending:
        """Enrol an employee with whatever fingers the hand puts down.

        Raises:
            DemoError: the node refuses to begin, or does not come to an end.
        """
        began = time.monotonic()
        view = self._ask("start", 0, person=person, fingers=fingers, legal_basis=LEGAL_BASIS, notice=NOTICE)
        shown = 0
        last = ""
        while True:
            for line in view["lines"]:
                shown, last = shown + 1, line["text"]
                self._do(last, hand, witness)
            if view["state"] != "running":
                self._door.finger("lift")
                return Ending(view["state"] == "enrolled", last, time.monotonic() - began)
            if time.monotonic() - began > _PATIENCE_S:
                self._ask("cancel", shown)
            time.sleep(_LOOK_S)
            if view["face"]:
                time.sleep(self._reaction_s)
                view = self._ask("step", shown)
            elif view["fingers"]:
                view = self._ask("step", shown, finger=view["fingers"][0])
            else:
                view = self._ask("status", shown)

    def _do(self, text: str, hand: Hand, witness: Touch | None) -> None:
        touch = None
        if text.startswith("Pengawas: tempelkan"):
            assert witness is not None, "the node asks for a witness and nobody is there"
            touch = witness
        elif text.startswith(("Tempelkan", "Uji")):
            finger = next(one for one in FINGERS if finger_name(one) in text)
            number = 0 if text.startswith("Uji") else int(text.partition("sentuhan ")[2].split()[0])
            touch = hand(number, finger)
        elif not text.startswith("Angkat"):
            return
        time.sleep(self._reaction_s)
        if touch is None:
            self._door.finger("lift")
        else:
            self._door.finger("place", person=touch[0], finger=touch[1], quality=0.9)

    def _ask(self, what: str, after: int, **fields: Any) -> dict[str, Any]:
        return ask(self._socket, {"do": "enrol", "what": what, "after": after, **fields})
