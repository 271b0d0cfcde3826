"""What central orders of a node's sensor is done in a quiet moment, told once, and not done to a stranger."""

from pathlib import Path

import pytest

from tests.support.errand_world import FINGER, errand_world, export, purge

PROFILES = ["r503_200", "zfm20"]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_template_is_handed_in_sealed_for_central(tmp_path: Path, profile: str) -> None:
    with errand_world(tmp_path, profile, people=2) as here:
        here.give(export())
        here.work()
        parcel = here.handed_in[export().id]
        assert parcel.data.hex() == here.flash()[7]
        assert (parcel.person, parcel.finger, parcel.model_class) == ("p-budi", FINGER, here.model_class)
        assert here.told() == []


@pytest.mark.parametrize("profile", PROFILES)
def test_an_installed_template_punches_at_once_and_after_the_roster_says_the_same(
    tmp_path: Path, profile: str
) -> None:
    with errand_world(tmp_path, profile) as here:
        order = here.install(9)
        here.give(order)
        here.work()
        data = here.templates[order.template].data
        assert here.flash()[9] == data.hex()
        [(type_, told)] = here.told()
        assert type_ == "template-installed"
        assert (told["order"], told["slot"], told["person"]) == (order.id, 9, "p-siti")
        assert here.holder(9) == "p-siti"
        assert here.who_taps("p-siti", FINGER) == "p-siti"
        assert here.buffer(1) != data
        here.send_roster(s9="p-siti")
        here.give()
        here.crash()
        here.settle()
        here.idle()
        assert here.who_taps("p-siti", FINGER) == "p-siti"
        assert len(here.told()) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_a_purged_slot_is_empty_and_nobodys_before_the_roster_knows(tmp_path: Path, profile: str) -> None:
    with errand_world(tmp_path, profile, people=2) as here:
        here.give(purge(7))
        here.work()
        assert 7 not in here.flash()
        assert here.told() == [("purged", {"order": "p-0123456789ab", "person": "p-budi", "slots": [7]})]
        assert here.holder(7) is None
        here.crash()
        here.settle()
        here.idle()
        assert here.holder(7) is None
        assert len(here.told()) == 1
