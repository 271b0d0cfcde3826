"""What the officer's screen may ask of the enrolment desk, over the punch process's socket.

`{"do":"enrol","what":"find"|"start"|"status"|"step"|"cancel",...}`; each reply but that of "find" is the view
of the dialogue, with the lines after the number that the screen has shown already.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attendance.body_reading import MAX_TEXT_CHARS
from attendance.errors import EvidenceError, MalformedError
from attendance.people import Roster, RosterPerson
from edge.documents import DocumentShelf
from edge.enrolling import Plan, why_not
from edge.enrolment_deeds import ChooseFinger, ConfirmFace
from edge.enrolment_desk import Desk
from edge.sensor_keeper import SensorKeeper

_MOST_FOUND = 20


class EnrolmentRefusedError(EvidenceError):
    """It can't be done now or for these words; the sentence is for the officer."""

    code = "enrolment-refused"


class EnrolmentRequests:
    """Between the socket and the desk; in the owner's thread."""

    def __init__(
        self, desk: Desk, shelf: DocumentShelf, sensor: SensorKeeper, *, minimum_score: int, camera: bool
    ) -> None:
        """Nothing is asked yet.

        Args:
            desk: where it happens.
            shelf: with the roster.
            sensor: which must be at work.
            minimum_score: below which a punch is none.
            camera: whether the node has one.
        """
        self._desk = desk
        self._shelf = shelf
        self._sensor = sensor
        self._minimum_score = minimum_score
        self._camera = camera

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply.

        Raises:
            MalformedError: it is no request.
            EnrolmentRefusedError: it can't be done; the sentence says why.
        """
        deeds: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "find": self._find,
            "start": self._start,
            "status": self._view,
            "step": self._step,
            "cancel": self._cancel,
        }
        deed = deeds.get(str(request.get("what")))
        if deed is None:
            raise MalformedError(f"{request.get('what')!r} is nothing that can be asked of an enrolment")
        return deed(request)

    def _find(self, request: dict[str, Any]) -> dict[str, Any]:
        found = people_like(self._roster(), _text(request, "who"))
        enrolled = set(self._roster().slots.values())
        return {
            "persons": [
                {"person": one.person, "name": one.name, "enrolled": one.person in enrolled} for one in found
            ]
        }

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        person = self._roster().persons.get(_text(request, "person"))
        if person is None:
            raise EnrolmentRefusedError(
                "Orang ini tidak ada di daftar alat ini. Minta admin memeriksa unitnya."
            )
        fingers = request.get("fingers")
        if not isinstance(fingers, list) or not all(isinstance(finger, str) for finger in fingers):
            raise MalformedError("the fingers of an enrolment are a list of two")
        problem = why_not(fingers) or self._not_now()
        if problem is not None:
            raise EnrolmentRefusedError(problem)
        plan = Plan(
            person.person,
            person.name,
            (fingers[0], fingers[1]),
            _text(request, "legal_basis"),
            _text(request, "notice"),
            self._roster().serial,
            self._minimum_score,
            self._camera,
        )
        self._desk.begin(plan)
        return self._view(request)

    def _not_now(self) -> str | None:
        if self._desk.running:
            return "Pendaftaran lain sedang berjalan di alat ini."
        if self._desk.unfinished:
            return "Alat sedang membersihkan pendaftaran yang terputus. Coba lagi sebentar."
        if self._sensor.state != "ok":
            return "Sensor sedang tidak bekerja. Periksa layar alat."
        return None

    def _step(self, request: dict[str, Any]) -> dict[str, Any]:
        waits_for = self._desk.waits_for
        if isinstance(waits_for, ChooseFinger):
            finger = request.get("finger")
            if finger not in waits_for.fingers:
                raise EnrolmentRefusedError("Jari itu tidak dapat dipilih di sini.")
            self._desk.answer(finger)
        elif isinstance(waits_for, ConfirmFace):
            self._desk.answer(None)
        else:
            raise EnrolmentRefusedError("Pendaftaran tidak sedang menunggu jawaban.")
        return self._view(request)

    def _cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._desk.running:
            self._desk.cancel()
        return self._view(request)

    def _view(self, request: dict[str, Any]) -> dict[str, Any]:
        self._desk.heard_officer()
        after = request.get("after", 0)
        if type(after) is not int or after < 0:
            raise MalformedError("after is the number of lines that were shown already")
        waits_for = self._desk.waits_for
        return {
            "state": self._desk.state,
            "lines": [{"kind": line.kind, "text": line.text} for line in self._desk.lines[after:]],
            "face": isinstance(waits_for, ConfirmFace),
            "fingers": list(waits_for.fingers) if isinstance(waits_for, ChooseFinger) else [],
        }

    def _roster(self) -> Roster:
        roster = self._shelf.standing.roster
        if roster is None:
            raise EnrolmentRefusedError("Alat ini belum menerima daftar pegawai dari server.")
        return roster


def people_like(roster: Roster, words: str) -> list[RosterPerson]:
    """Who has this id (a NIP may be typed with spaces), or else every word in the name."""
    exact = roster.persons.get(words.strip()) or roster.persons.get("".join(words.split()))
    if exact is not None:
        return [exact]
    wanted = words.casefold().split()
    found = [one for one in roster.persons.values() if all(word in one.name.casefold() for word in wanted)]
    return sorted(found, key=lambda one: (one.name, one.person))[:_MOST_FOUND]


def _text(request: dict[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_TEXT_CHARS:
        raise MalformedError(f"{key} is text of 1 to {MAX_TEXT_CHARS} characters")
    return value.strip()
