"""A new key of keys reaches everybody, cut off wherever it may be; the old one goes when nobody needs it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select, update

from central import cli, person_keys, template_commands, template_rotation
from central.tables import audit_log, person_key, template
from central.template_keys import Kek, MissingKekError, TemplateKeys
from tests.support.central import Central
from tests.support.template_vault_world import a_template, destroy, execute, keep, unseal

PEOPLE = [f"p{number}" for number in range(1, 8)]


@pytest.fixture
def town(central: Central, monkeypatch: pytest.MonkeyPatch) -> Central:
    monkeypatch.setattr(template_rotation, "CHUNK", 2)
    central.add_unit()
    for person in PEOPLE:
        central.add_person(person)
    return central


def versions(central: Central) -> dict[str, int]:
    return {row.employee: row.kek for row in central.rows(select(person_key))}


def kept(central: Central) -> dict[str, str]:
    return {keep(central, person): person for person in PEOPLE}


def all_open(central: Central, names: dict[str, str]) -> bool:
    return all(unseal(central, name) == a_template(f"{person} right-index") for name, person in names.items())


def quiet(_done: int, _total: int) -> None:
    """For those who need no progress."""


def test_everybody_moves_and_old_keys_go_when_nothing_needs_them(town: Central) -> None:
    names, told = kept(town), list[tuple[int, int]]()
    first = town.office.template_keys.newest()
    done = template_rotation.rotate(town.office, lambda *numbers: told.append(numbers))
    assert (done.version, done.made, done.moved, done.stuck) == (2, True, 7, ())
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]
    assert set(versions(town).values()) == {2}
    assert all_open(town, names)
    assert town.office.template_keys.kek(1) == first
    removal = template_rotation.remove_old(town.office)
    assert (removal.removed, removal.in_use) == ((1,), {})
    assert set(town.office.template_keys.versions()) == {2}
    assert all_open(town, names)
    assert template_rotation.remove_old(town.office).removed == ()
    notes = [(row.action, row.subject) for row in town.rows(select(audit_log))]
    assert notes[-2:] == [("template-key-made", "version 2"), ("template-key-removed", "version 1")]


@pytest.mark.parametrize("cut_at", range(1, 8))
def test_cut_off_at_any_row_everything_opens_and_the_next_run_ends_it(
    town: Central, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    monkeypatch.setattr(template_rotation, "CHUNK", 1)
    names = kept(town)

    def cut(done: int, _total: int) -> None:
        if done == cut_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        template_rotation.rotate(town.office, cut)
    assert sorted(versions(town).values()) == [1] * (7 - cut_at) + [2] * cut_at
    assert all_open(town, names)
    assert template_rotation.remove_old(town.office).removed == (() if cut_at < 7 else (1,))
    assert all_open(town, names)
    again = template_rotation.rotate(town.office, quiet)
    expected = (2, False, 7 - cut_at) if cut_at < 7 else (3, True, 7)
    assert (again.version, again.made, again.moved) == expected
    assert set(versions(town).values()) == {expected[0]}
    assert all_open(town, names)


def test_cut_off_inside_a_transaction_nothing_is_half(town: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    names = kept(town)
    real, calls = person_keys.wrap, list[str]()

    def cut(kek: Kek, person: str, key: bytes) -> bytes:
        calls.append(person)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(kek, person, key)

    monkeypatch.setattr(person_keys, "wrap", cut)
    with pytest.raises(KeyboardInterrupt):
        template_rotation.rotate(town.office, quiet)
    monkeypatch.setattr(person_keys, "wrap", real)
    assert sorted(versions(town).values()) == [1] * 5 + [2] * 2
    assert all_open(town, names)
    assert template_rotation.rotate(town.office, quiet).moved == 5
    assert all_open(town, names)


def test_cut_off_before_the_first_row_the_new_key_is_used_and_no_third_is_made(town: Central) -> None:
    names = kept(town)
    town.office.template_keys.make_next()
    done = template_rotation.rotate(town.office, quiet)
    assert (done.version, done.made, done.moved) == (2, False, 7)
    assert all_open(town, names)


def test_a_key_that_does_not_open_is_named_and_holds_nobody_else_back(town: Central) -> None:
    names = kept(town)
    execute(town, update(person_key).where(person_key.c.employee == "p3").values(wrapped=bytes(60)))
    done = template_rotation.rotate(town.office, quiet)
    assert (done.moved, [person for person, _ in done.stuck]) == (6, ["p3"])
    removal = template_rotation.remove_old(town.office)
    assert (removal.removed, removal.in_use) == ((), {1: 1})
    assert template_rotation.rotate(town.office, quiet).version == 3
    destroy(town, "p3")
    assert template_rotation.remove_old(town.office).removed == (1, 2)
    assert all_open(town, {name: person for name, person in names.items() if person != "p3"})


def test_what_is_lost_for_good_is_forgotten_and_asked_for_again(town: Central) -> None:
    names = kept(town)
    assert "tidak ada yang dihapus" in template_commands.forget_unreadable_templates(town.office)
    assert all_open(town, names)
    execute(town, update(person_key).where(person_key.c.employee == "p3").values(wrapped=bytes(60)))
    assert "1 orang" in template_commands.forget_unreadable_templates(town.office)
    assert "p3" not in versions(town)
    del names[next(name for name, person in names.items() if person == "p3")]
    assert all_open(town, names)
    town.office.template_keys.versions()[1].write_bytes(bytes(32))  # the file came back as another
    said = template_commands.forget_unreadable_templates(town.office)
    assert "6 orang" in said
    assert "p1, p2, p4" in said
    assert town.rows(select(template)) == []
    assert town.audit_actions().count("templates-forgotten") == 7
    assert all_open(town, kept(town))


def test_what_is_kept_during_a_rotation_lies_under_the_new_key(town: Central) -> None:
    keep(town, "p1")
    town.office.template_keys.make_next()
    keep(town, "p2")
    keep(town, "p1", "left-index")  # of one who has a key: it stays where it is until its turn
    assert versions(town) == {"p1": 1, "p2": 2}


class Behind(TemplateKeys):
    """Has looked for the newest key before another process made one and deleted the older."""

    def newest(self) -> Kek:
        before = super().newest()
        self.meanwhile()
        return before

    meanwhile: Callable[[], object]


def test_no_key_is_kept_under_one_that_is_deleted_meanwhile(town: Central) -> None:
    office = town.office
    keys = office.template_keys
    behind = Behind(keys.folder, None, keys.exchange)

    def another_process() -> None:
        keys.make_next()
        keys.remove(1)

    object.__setattr__(behind, "meanwhile", another_process)
    late = replace(town, office=replace(office, template_keys=behind))
    with pytest.raises(MissingKekError, match="coba lagi"):
        keep(late, "p1")
    assert versions(town) == {}
    keep(town, "p1")
    assert versions(town) == {"p1": 2}


def test_old_keys_are_not_deleted_while_somebody_keeps_one_under_them(town: Central) -> None:
    office = town.office
    office.template_keys.make_next()
    old = office.template_keys.kek(1)
    removals = list[template_rotation.Removal]()
    remover = Thread(target=lambda: removals.append(template_rotation.remove_old(office)))
    with office.database.write() as connection:
        values = {"employee": "p1", "kek": 1, "wrapped": person_keys.wrap(old, "p1", bytes(32))}
        connection.execute(person_key.insert().values(**values, created_ms=1))
        remover.start()
        remover.join(0.3)
        assert remover.is_alive()  # it waits for this transaction
    remover.join(20)
    assert [(one.removed, one.in_use) for one in removals] == [((), {1: 1})]
    assert 1 in office.template_keys.versions()


def test_the_command_line_rotates_removes_and_forgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "central.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\nplain_http = true\n')
    monkeypatch.setenv("HADIR_CONFIG", str(config))
    assert cli.main(["init"]) == 0
    verb = "rotate-template-key"
    for options, said in (([], "versi 2"), (["--remove-old"], "versi 1"), (["--forget-unreadable"], "Semua")):
        assert cli.main([verb, *options]) == 0
        assert said in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        cli.main([verb, "--remove-old", "--forget-unreadable"])
    assert cli.main(["recover-sensor", "nodea"]) == 2
    assert "belum menitipkan" in capsys.readouterr().err
    (tmp_path / "data" / "keys" / "template-kek-0002").unlink()
    assert cli.main([verb]) == 2
    assert "template-kek-0001" in capsys.readouterr().err


def test_the_commands_say_in_words_what_happened(town: Central, capsys: pytest.CaptureFixture[str]) -> None:
    kept(town)
    said = template_commands.rotate_template_key(town.office)
    assert "versi 2" in said
    assert "7 kunci orang" in said
    assert str(town.office.template_keys.folder) in said
    assert capsys.readouterr().out.splitlines()[-1] == "7 dari 7 kunci orang"
    said = template_commands.remove_old_template_keys(town.office)
    assert "versi 1 dihapus" in said
    assert "Cadangan" in said
    assert template_commands.remove_old_template_keys(town.office) == "Tidak ada kunci lama."
    town.office.template_keys.make_next()
    said = template_commands.remove_old_template_keys(town.office)
    assert "Versi 2 tetap disimpan: 7" in said
    assert "terputus diselesaikan" in template_commands.rotate_template_key(town.office)
