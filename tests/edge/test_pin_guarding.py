"""Who may try a PIN now: three wrong tries of a number, ten of any, and time heals both."""

from edge.pin_guarding import MOST_WRONG, PAUSE, TRIES, WITHIN, Guard

PAUSE_S, WITHIN_S = PAUSE.total_seconds(), WITHIN.total_seconds()


def test_the_third_wrong_try_pauses_the_number_for_a_quarter_of_an_hour_and_no_other_number() -> None:
    guard = Guard()
    for tried in range(1, TRIES + 1):
        assert guard.paused_until("1234", 100) is None
        assert guard.wrong("1234", 100 + tried) == tried
    assert guard.paused_until("1234", 104) == 103 + PAUSE_S
    assert guard.paused_until("5678", 104) is None
    assert guard.paused_until("1234", 103 + PAUSE_S - 1) is not None
    assert guard.paused_until("1234", 103 + PAUSE_S) is None
    assert guard.wrong("1234", 103 + PAUSE_S) == 1


def test_tries_that_are_a_quarter_of_an_hour_apart_are_slips_and_pause_nobody() -> None:
    guard = Guard()
    for round_ in range(10):
        assert guard.wrong("1234", round_ * PAUSE_S) == 1
        assert guard.paused_until("1234", round_ * PAUSE_S) is None


def test_a_right_pin_forgets_the_slips_before_it() -> None:
    guard = Guard()
    guard.wrong("1234", 0)
    guard.wrong("1234", 1)
    guard.right("1234")
    assert guard.wrong("1234", 2) == 1


def test_going_through_many_numbers_pauses_the_keypad_as_a_whole() -> None:
    guard = Guard()
    for tried in range(MOST_WRONG):
        assert guard.paused_until("9999", tried) is None
        guard.wrong(str(1000 + tried), tried)
    assert guard.paused_until("9999", MOST_WRONG) == WITHIN_S
    assert guard.paused_until("9999", WITHIN_S) is None
    guard.wrong("9999", WITHIN_S)
    assert guard.paused_until("8888", WITHIN_S) == WITHIN_S + 1


def test_nothing_grows_with_the_tries() -> None:
    guard = Guard()
    for tried in range(2000):
        guard.wrong(str(tried), tried * 60.0)
    assert len(guard._numbers) <= 16
    assert len(guard._recent) <= MOST_WRONG
