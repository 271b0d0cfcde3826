"""Who may sign in, how often one may guess, and how a session ends."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, text

from central import accounts, audit, sessions, throttling
from central.accounts import Account, AccountError, Refusal, Role
from central.database import StoreError
from central.tables import account, audit_log, session
from tests.support.central import Central

PASSWORD = "rahasia sekali"


def create(central: Central, name: str = "admin", password: str | None = PASSWORD, **more: object) -> int:
    with central.office.database.write() as connection:
        return accounts.create_account(
            connection,
            name,
            more.pop("role", Role.HR_ADMIN),  # type: ignore[arg-type]
            password=password,
            now_ms=central.clock.now_ms(),
            **more,  # type: ignore[arg-type]
        )


def guess(
    central: Central, password: str = PASSWORD, name: str = "admin", address: str = "10.0.0.1"
) -> Account | Refusal:
    return accounts.authenticate(central.office.database, name, password, address, central.clock.now_ms())


def test_the_right_password_opens_and_a_wrong_one_or_name_does_not(central: Central) -> None:
    create(central)
    found = guess(central)
    assert isinstance(found, Account)
    assert (found.name, found.role, found.unit, found.second_factor) == ("admin", Role.HR_ADMIN, None, False)
    assert isinstance(guess(central, name=" Admin "), Account)
    assert guess(central, "wrong") == Refusal()
    assert guess(central, name="nobody") == Refusal()
    assert guess(central, "x" * 5000) == Refusal()


def test_a_password_lies_in_the_books_only_as_argon2(central: Central) -> None:
    create(central)
    stored = central.rows(select(account.c.password_hash))[0].password_hash
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_too_many_guesses_must_wait_even_with_the_right_password(central: Central) -> None:
    create(central)
    for _ in range(throttling.FREE_GUESSES["name"]):
        assert guess(central, "wrong") == Refusal()
    waiting = guess(central)
    assert waiting == Refusal(timedelta(seconds=30))
    assert "sign-in-throttled" in central.audit_actions()
    central.clock.at += timedelta(seconds=31)
    assert isinstance(guess(central), Account)
    assert guess(central, "wrong") == Refusal()  # the right password has cleared the name


def test_waiting_grows_and_ends(central: Central) -> None:
    waits = [throttling.wait_after(failures, 5).total_seconds() for failures in range(4, 15)]
    assert waits == [0, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]
    assert throttling.wait_after(10**9, 5) == timedelta(minutes=15)


def test_an_address_that_tries_many_names_must_wait_too(central: Central) -> None:
    create(central)
    with central.office.database.write() as connection:
        for number in range(throttling.FREE_GUESSES["address"]):
            assert throttling.count(connection, [f"name:n{number}", "address:10.0.0.1"], 1000) is None
        assert throttling.count(connection, ["name:other", "address:10.0.0.1"], 1001) is not None
        assert throttling.count(connection, ["name:other", "address:10.0.0.2"], 1001) is None


def test_old_guesses_are_forgotten(central: Central) -> None:
    create(central)
    for _ in range(4):
        guess(central, "wrong")
    central.clock.at += timedelta(hours=2)
    for _ in range(4):
        assert guess(central, "wrong") == Refusal()


@pytest.mark.parametrize("name", ["", "ab", "Admin", "a b c", "admin'--", "../etc", "x" * 65])
def test_impossible_names_are_refused(central: Central, name: str) -> None:
    with pytest.raises(AccountError, match="tidak sah"):
        create(central, name)


def test_accounts_that_make_no_sense_are_refused(central: Central) -> None:
    create(central)
    with pytest.raises(AccountError, match="sudah dipakai"):
        create(central)
    with pytest.raises(AccountError, match="pendek"):
        create(central, "other", "short")
    with pytest.raises(AccountError, match="panjang"):
        create(central, "other", "x" * 300)
    with pytest.raises(AccountError, match="tidak dikenal"):
        create(central, "other", unit_code="NONE")
    with pytest.raises(AccountError, match="unit"):
        create(central, "other", role=Role.UNIT_HEAD)
    with pytest.raises(AccountError, match="pegawai"):
        create(central, "other", role=Role.EMPLOYEE)
    assert len(central.rows(select(account))) == 1


def test_an_account_without_a_password_opens_by_a_link_once(central: Central) -> None:
    key = create(central, password=None)
    assert guess(central, "") == Refusal()
    now_ms = central.clock.now_ms()
    with central.office.database.write() as connection:
        token = sessions.make_link(connection, key, now_ms, timedelta(hours=1))
    for expected in (key, None):
        with central.office.database.write() as connection:
            found = sessions.redeem_link(connection, token, now_ms)
        assert (found.id if found else None) == expected
    with central.office.database.write() as connection:
        late = sessions.make_link(connection, key, now_ms, timedelta(hours=1))
        assert sessions.redeem_link(connection, late, now_ms + 3_600_000) is None
        assert sessions.redeem_link(connection, "invented", now_ms) is None


def test_a_session_ends_by_time_by_hand_and_with_its_account(central: Central) -> None:
    key = create(central)
    now_ms = central.clock.now_ms()
    with central.office.database.write() as connection:
        tokens = [sessions.open_session(connection, key, now_ms) for _ in range(3)]
        found = sessions.account_of(connection, tokens[0], now_ms)
        assert found is not None
        assert found.id == key
        sessions.close_session(connection, tokens[0])
        assert sessions.account_of(connection, tokens[0], now_ms) is None
        later_ms = now_ms + sessions.SESSION_LIFETIME // timedelta(milliseconds=1)
        assert sessions.account_of(connection, tokens[1], later_ms - 1) is not None
        assert sessions.account_of(connection, tokens[1], later_ms) is None
        connection.execute(account.update().values(active=False))
        assert sessions.account_of(connection, tokens[1], now_ms) is None
        connection.execute(account.update().values(active=True))
        sessions.close_all(connection, key)
        assert sessions.account_of(connection, tokens[2], now_ms) is None
    assert guess(central) != Refusal()


def test_tokens_of_sessions_lie_in_the_books_only_as_hashes(central: Central) -> None:
    key = create(central)
    with central.office.database.write() as connection:
        token = sessions.open_session(connection, key, 1)
    assert token not in str(central.rows(select(session)))


def test_a_second_factor_opens_once_for_each_code(central: Central) -> None:
    key, now_ms = create(central), central.clock.now_ms()
    with central.office.database.write() as connection:
        assert not accounts.check_second_factor(connection, key, "000000", now_ms)
        secret = accounts.start_second_factor(connection, key)
        code = pyotp.TOTP(secret).at(now_ms // 1000)
        assert not accounts.check_second_factor(connection, key, "x", now_ms)
        assert accounts.check_second_factor(connection, key, code, now_ms)
        assert not accounts.check_second_factor(connection, key, code, now_ms)
        soon = pyotp.TOTP(secret).at(now_ms // 1000 + 30)
        assert accounts.check_second_factor(connection, key, soon, now_ms)
        late = pyotp.TOTP(secret).at(now_ms // 1000 + 300)
        assert not accounts.check_second_factor(connection, key, late, now_ms)
    found = guess(central)
    assert isinstance(found, Account)
    assert found.second_factor


def test_a_new_password_replaces_the_old_one(central: Central) -> None:
    key = create(central)
    with central.office.database.write() as connection:
        accounts.set_password(connection, key, "lebih rahasia lagi", actor="admin", now_ms=1)
    assert guess(central) == Refusal()
    assert isinstance(guess(central, "lebih rahasia lagi"), Account)


def test_accounts_are_found_by_number(central: Central) -> None:
    key = create(central)
    with central.office.database.read() as connection:
        found = accounts.find(connection, key)
        assert found is not None
        assert found.name == "admin"
        assert accounts.find(connection, key + 1) is None


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_audit_log_can_only_grow(central: Central, statement: str) -> None:
    with central.office.database.write() as connection:
        audit.note(connection, 1, "a", "done", "s", "x" * 5000)
    with pytest.raises(StoreError, match="append-only"), central.office.database.write() as connection:
        connection.execute(text(statement))
    row = central.rows(select(audit_log))[0]
    assert (row.actor, len(row.detail)) == ("a", 2000)
