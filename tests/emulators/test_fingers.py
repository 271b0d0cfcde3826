"""Synthetic fingers: deterministic, told apart, better with quality and with more captures."""

from hashlib import sha256
from statistics import median

import pytest

from emulators import fingers

WORLD = fingers.Fingers(1)


def enrolled(person: str, captures: int = 3, quality: float = 0.9) -> frozenset[int]:
    parts = [WORLD.capture(person, "thumb", 1000 + n, quality).minutiae for n in range(captures)]
    return frozenset(minutia.descriptor for minutia in fingers.merge(parts, 84))


def genuine(quality: float, captures: int = 3, people: int = 40) -> list[int]:
    scores = []
    for number in range(people):
        template = enrolled(f"p{number}", captures, quality)
        for probe in range(3):
            seen = WORLD.capture(f"p{number}", "thumb", probe, quality).descriptors
            scores.append(fingers.score(seen, template))
    return sorted(scores)


def refused(scores: list[int], level: int) -> float:
    return sum(score < fingers.THRESHOLDS[level] for score in scores) / len(scores)


def test_the_same_names_and_number_give_the_same_bytes_on_every_machine() -> None:
    raw = fingers.encode(fingers.Fingers(42).capture("p1", "right_index", 3, 0.8).minutiae, 512)
    assert sha256(raw).hexdigest() == GOLDEN_SHA256


def test_another_seed_number_or_finger_gives_another_capture() -> None:
    one = WORLD.capture("p1", "thumb", 1)
    assert one == fingers.Fingers(1).capture("p1", "thumb", 1)
    assert one != WORLD.capture("p1", "thumb", 2)
    assert one != WORLD.capture("p1", "index", 1)
    assert one != fingers.Fingers(2).capture("p1", "thumb", 1)


def test_a_good_finger_is_always_found_and_scores_in_the_band_seen_in_the_field() -> None:
    scores = genuine(0.9)
    assert refused(scores, 3) == 0
    assert 150 <= median(scores) <= 260


def test_quality_costs_score_and_a_higher_level_refuses_more() -> None:
    good, fair, poor = genuine(0.9), genuine(0.65), genuine(0.4)
    assert median(good) > median(fair) > median(poor)
    assert refused(fair, 3) < refused(fair, 5)
    assert 0.05 < refused(poor, 3) < 0.4


def test_more_captures_in_a_template_refuse_fewer() -> None:
    assert refused(genuine(0.65, captures=1), 3) > 0.04 > refused(genuine(0.65, captures=3), 3)


def test_nobody_is_taken_for_another() -> None:
    templates = {number: enrolled(f"p{number}") for number in range(60)}
    for number in range(60):
        seen = WORLD.capture(f"p{number}", "thumb", 5).descriptors
        others = [fingers.score(seen, template) for other, template in templates.items() if other != number]
        assert max(others) < fingers.THRESHOLDS[1]


def test_a_twin_is_taken_for_the_other() -> None:
    world = fingers.Fingers(1)
    world.twin("p1", "thumb", "p2", "thumb", 0.7)
    assert fingers.score(world.capture("p2", "thumb", 1).descriptors, enrolled("p1")) >= fingers.THRESHOLDS[3]


def test_wear_takes_the_same_minutiae_every_time() -> None:
    whole = fingers.finger("p1", "thumb")
    seen: set[int] = set()
    for n in range(30):
        seen |= {
            one.descriptor for one in WORLD.capture("p1", "thumb", n, 1.0, wear=0.5).minutiae if one in whole
        }
    assert 15 < len(seen) < 45


@pytest.mark.parametrize("word", ["quality", "shift", "wear"])
def test_a_share_outside_0_to_1_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=word):
        WORLD.capture("p1", "thumb", 1, **{word: 1.1})


def test_a_template_reads_back_and_a_flipped_byte_costs_score() -> None:
    minutiae = WORLD.capture("p1", "thumb", 1).minutiae
    raw = bytearray(fingers.encode(minutiae, 768))
    assert len(raw) == 768
    assert fingers.decode(bytes(raw)) == minutiae
    for at in range(8, 8 + 6 * 10, 6):
        raw[at] ^= 0x10
    spoiled = frozenset(one.descriptor for one in fingers.decode(bytes(raw)))
    whole = frozenset(one.descriptor for one in minutiae)
    assert fingers.score(spoiled, whole) < fingers.score(whole, whole)


@pytest.mark.parametrize(
    "raw", [b"", b"HF", b"XX\x01\x00" + bytes(20), b"HF\x00\x00" + bytes(20), b"HF\xff\x00" + bytes(20)]
)
def test_what_is_no_template_is_refused(raw: bytes) -> None:
    with pytest.raises(fingers.UnreadableTemplateError):
        fingers.decode(raw)


def test_an_image_has_two_pixels_a_byte() -> None:
    assert len(fingers.image("p1", "thumb", 192, 192)) == 18432


GOLDEN_SHA256 = "4348b178361e32e96a5a180fabef24f2cf46cd74054ba10c8f3eeec544c00c6d"
