"""A supervised enrolment over the emulated modules: what gets in, what is refused, and what is left of it."""

from pathlib import Path

import pytest

from attendance.enrolment import ENROL, INTENT, Enrolment
from tests.support.enrolment_world import world

PROFILES = ["r503_200", "zfm20", "r307_512", "as608_300", "fpm10a_150", "pid4750_lenient"]


@pytest.mark.parametrize("profile", PROFILES)
def test_two_fingers_are_enrolled_and_punch_at_once(tmp_path: Path, profile: str) -> None:
    baud = ["baud_multiple=6"] if profile == "pid4750_lenient" else []
    with world(tmp_path, profile, quirks=baud) as here:
        assert here.enrol() == "enrolled", here.lines
        assert here.types() == [INTENT, INTENT, ENROL]
        told = Enrolment.parse(here.events()[-1].content)
        assert [finger.slot for finger in told.fingers] == [0, 1]
        assert [finger.finger for finger in told.fingers] == ["right-index", "left-index"]
        assert all(score >= 80 for finger in told.fingers for score in finger.scores)
        assert (told.witness, told.witness_slot, told.witness_missing) == ("p-budi", 7, None)
        assert (told.legal_basis, told.notice, told.photo_missing) == ("SK 1/2017", "v1", "no-camera")
        assert set(here.flash()) == {0, 1, 7}
        assert here.who_taps("p-siti", "right-index") == "p-siti"
        assert here.who_taps("p-siti", "left-index") == "p-siti"
        assert here.who_taps("p-budi", "right-index") == "p-budi"
        assert here.known_as()["template_count"] == 3
