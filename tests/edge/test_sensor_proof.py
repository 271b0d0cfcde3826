"""The short form of `./dev prove sensor`."""

import pytest

from benchmarks import sensor_proof


@pytest.mark.parametrize(("fault_rate", "punches"), [(0.0, 100), (0.05, 250), (0.3, 30)])
def test_a_bad_wire_books_nobody_wrong(fault_rate: float, punches: int) -> None:
    figures = sensor_proof.prove(punches, seed=7, fault_rate=fault_rate, workers=1)
    assert figures["wrong"] == 0
    assert figures["right"] + figures["missed"] + figures["errors"] == punches
    if fault_rate <= 0.05:
        assert sensor_proof.gates_hold(figures, fault_rate)


def test_flips_that_keep_the_sum_book_nobody_wrong() -> None:
    figures = sensor_proof.prove(60, seed=3, fault_rate=0.15, workers=1, kinds=("flip_pair",))
    assert figures["wrong"] == 0
    assert figures["right"] > 0


def test_the_gates_fail_where_they_should() -> None:
    good = {"punches": 1000, "right": 1000, "wrong": 0, "missed": 0, "errors": 0}
    assert sensor_proof.gates_hold(good, 0.0)
    assert not sensor_proof.gates_hold({**good, "right": 999, "errors": 1}, 0.0)
    assert sensor_proof.gates_hold({**good, "right": 850, "errors": 150}, 0.05)
    assert not sensor_proof.gates_hold({**good, "right": 849, "errors": 151}, 0.05)
    assert not sensor_proof.gates_hold({**good, "right": 998, "missed": 2}, 0.05)
    assert not sensor_proof.gates_hold({**good, "wrong": 1}, 0.05)
