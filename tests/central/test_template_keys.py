"""Keys of templates lie in files: made once, closed to others, whole or not there, systemd's own first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from central import private_files
from central.private_files import PrivateFileError, write_private
from central.template_keys import Kek, MissingKekError, TemplateKeys, load_template_keys, make_template_keys


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def test_they_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    make_template_keys(tmp_path)
    folder = tmp_path / "keys"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"template-kek-0001", "template-x25519"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    make_template_keys(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert load_template_keys(tmp_path).newest().key == before["template-kek-0001"]


def test_the_highest_version_is_in_use_and_the_others_stay_readable(tmp_path: Path) -> None:
    make_template_keys(tmp_path)
    keys = load_template_keys(tmp_path)
    first = keys.newest()
    (tmp_path / "keys" / ".template-kek-0009.0123").write_bytes(b"a draft that a cut left behind")
    (tmp_path / "keys" / "template-kek-0012.old").touch()
    second = keys.make_next()
    assert (first.version, second.version) == (1, 2)
    assert keys.newest() == second
    assert keys.kek(1) == first
    assert load_template_keys(tmp_path).newest() == second
    assert first.key != second.key


def test_what_is_missing_damaged_or_open_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileError, match="init"):
        load_template_keys(tmp_path)
    make_template_keys(tmp_path)
    keys = load_template_keys(tmp_path)
    file = tmp_path / "keys" / "template-kek-0001"
    file.chmod(0o640)
    with pytest.raises(PrivateFileError, match="640"):
        load_template_keys(tmp_path)
    file.chmod(0o600)
    file.write_bytes(bytes(33))
    with pytest.raises(PrivateFileError, match="33 bita"):
        load_template_keys(tmp_path)
    file.unlink()
    with pytest.raises(MissingKekError, match="template-kek-0001"):
        load_template_keys(tmp_path)
    with pytest.raises(MissingKekError, match="template-kek-0007"):
        keys.kek(7)


def test_a_cut_while_a_key_is_written_leaves_no_half_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_template_keys(tmp_path)
    keys = load_template_keys(tmp_path)

    def cut(fd: int) -> None:
        raise OSError(5, "the power went")

    monkeypatch.setattr(private_files.os, "fsync", cut)
    with pytest.raises(OSError, match="power"):
        keys.make_next()
    monkeypatch.undo()
    assert set(keys.versions()) == {1}
    assert keys.make_next().version == 2


def test_two_who_make_the_next_key_at_once_get_the_same(tmp_path: Path) -> None:
    make_template_keys(tmp_path)
    keys = load_template_keys(tmp_path)
    both = Barrier(2)

    class Together(TemplateKeys):
        def newest(self) -> Kek:
            newest = super().newest()
            both.wait(10)  # neither writes before both have looked
            return newest

    pair = [Together(keys.folder, None, keys.exchange) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(Together.make_next, pair))
    assert made == [keys.newest()] * 2
    assert set(keys.versions()) == {1, 2}


def test_a_secret_is_never_written_over(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "secret", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_bytes() == b"first"


def test_credentials_of_systemd_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, data in (("template-kek-0001", b"k" * 32), ("template-x25519", b"x" * 32)):
        (credentials / name).write_bytes(data)
        (credentials / name).chmod(0o440)  # as systemd shows them where it uses access lists
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    make_template_keys(tmp_path)
    assert list((tmp_path / "keys").iterdir()) == []
    keys = load_template_keys(tmp_path)
    assert keys.newest().key == b"k" * 32
    assert keys.exchange.private_bytes_raw() == b"x" * 32
    assert keys.make_next().version == 2
    assert (tmp_path / "keys" / "template-kek-0002").exists()
    assert set(keys.versions()) == {1, 2}
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    make_template_keys(tmp_path)
    assert load_template_keys(tmp_path).public_hex != keys.public_hex


def test_a_key_that_cannot_be_deleted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_template_keys(tmp_path)
    keys = load_template_keys(tmp_path)

    def refuse(path: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PrivateFileError, match="template-kek-0001"):
        keys.remove(1)
