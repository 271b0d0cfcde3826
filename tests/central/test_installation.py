"""`init` makes keys, certificates and books for central alone; `hadir-central` says what it did."""

import io
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509

from attendance.people import check_node_id
from central import authority, cli, commands, keys
from central.config import CentralConfig, ConfigError, load
from central.file_lock import LockError
from central.folding_thread import FoldingThread
from central.installation import initialise
from central.office import open_office
from central.private_files import PrivateFileError, write_private
from central.tables import attendance_day
from edge.config import parse as parse_node_config
from tests.support.central import Central, make_central
from tests.support.central_node import CentralNode


def test_secrets_are_for_central_alone_and_made_once(tmp_path: Path) -> None:
    config = CentralConfig(data_dir=tmp_path / "data")
    initialise(config)
    files = sorted(path for path in config.data_dir.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files if path.suffix in (".key", ".crt")}
    assert len(before) == 8
    for path in files:
        if path.suffix == ".key":
            assert path.stat().st_mode & 0o777 == 0o600, path
    for folder in ("", "keys", "tls", "photos"):
        assert (config.data_dir / folder).stat().st_mode & 0o777 == 0o700
    initialise(config)
    assert {path: path.read_bytes() for path in before} == before


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.make_keys(tmp_path)
    assert keys.load_keys(tmp_path).receipt_public != keys.load_keys(tmp_path).document_public
    assert "key" not in repr(keys.load_keys(tmp_path))
    (tmp_path / "keys" / "receipt.key").chmod(0o640)
    with pytest.raises(PrivateFileError, match="640"):
        keys.load_keys(tmp_path)


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PrivateFileError, match="data_dir"):
        initialise(CentralConfig(data_dir=tmp_path / "file"))


def test_a_database_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'central.db'}"
    with pytest.raises(LockError, match="foldernya"):
        initialise(CentralConfig(data_dir=tmp_path / "data", database_url=url))


def test_a_taken_port_is_said_before_anything_is_served(
    settings: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, "init")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("HADIR_PORT", str(other.getsockname()[1]))
        assert run(settings, "serve") == 2
    told = capsys.readouterr()
    assert "ganti host atau port" in told.err
    assert "melayani" not in told.out


@pytest.mark.parametrize("day", ["9999-12-31", "kemarin"])
def test_a_day_that_is_none_is_refused_by_the_command_line(settings: Path, day: str) -> None:
    run(settings, "init")
    with pytest.raises(SystemExit, match="2"):
        run(settings, "coverage", day)


def test_missing_damaged_and_existing_keys_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileError, match="init"):
        keys.load_keys(tmp_path)
    keys.make_keys(tmp_path)
    file = tmp_path / "keys" / "nonce.key"
    with pytest.raises(FileExistsError):
        write_private(file, b"x")
    file.write_bytes(b"short")
    with pytest.raises(PrivateFileError, match="5 bita"):
        keys.load_keys(tmp_path)


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def certificates(folder: Path, *names: str) -> tuple[x509.Certificate, x509.Certificate]:
    authority.make_authority(folder, names, NOW)
    server, _ = authority.server_files(folder)
    ca = x509.load_pem_x509_certificate(authority.ca_file(folder).read_bytes())
    return ca, x509.load_pem_x509_certificate(server.read_bytes())


def test_certificates_are_valid_for_a_clock_in_1970_and_for_years(tmp_path: Path) -> None:
    for certificate in certificates(tmp_path, "hadir.example.go.id", "10.1.2.3"):
        assert certificate.not_valid_before_utc == datetime(1970, 1, 1, tzinfo=UTC)
        assert certificate.not_valid_after_utc > NOW + timedelta(days=9 * 365)


def test_the_authority_vouches_only_for_the_names_it_was_made_for(tmp_path: Path) -> None:
    ca, server = certificates(tmp_path, "hadir.example.go.id", "10.1.2.3")
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    allowed = {str(name.value) for name in limits.value.permitted_subtrees or ()}
    assert allowed == {"hadir.example.go.id", "10.1.2.3/32", "localhost", "127.0.0.1/32"}
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["hadir.example.go.id", "10.1.2.3"]


def test_openssl_refuses_a_name_outside_the_constraints(tmp_path: Path) -> None:
    """The authority's key, stolen, signs for another server: nobody who trusts the authority believes it."""
    certificates(tmp_path, "hadir.example.go.id")
    (tmp_path / "tls" / "server.key").unlink()
    certificates(tmp_path, "bank.example.com")
    server, _ = authority.server_files(tmp_path)
    verified = subprocess.run(
        ["openssl", "verify", "-CAfile", authority.ca_file(tmp_path), server], capture_output=True, text=True
    )
    assert verified.returncode != 0
    assert "permitted subtree" in verified.stderr + verified.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('data_dir = "/x"\nprot = 5\n', r"baris 2: 'prot' bukan setelan"),
        ('data_dir = "/x"\nport = "5"\n', "baris 2: port harus bilangan bulat"),
        ('data_dir = "/x"\nport = true\n', "baris 2: port harus bilangan bulat"),
        ('data_dir = "/x"\nport = 70000\n', "di antara 0 dan 65535"),
        ('data_dir = "/x"\nplain_http = "yes"\n', "baris 2: plain_http harus true atau false"),
        ("data_dir = 5\n", "baris 1: data_dir harus teks"),
        ("port = 5\n", "data_dir tidak ada"),
        ("data_dir = ", "bukan TOML"),
        ('data_dir = "/x"\nzone = "Mars/Base"\n', "bukan zona waktu"),
        ('data_dir = "/x"\nthreads = 0\n', "threads 0"),
        ('data_dir = "/x"\ndatabase_url = "mysql://x"\n', "harus diawali"),
        ('data_dir = "/x"\ndatabase_url = "sqlite:///:memory:"\n', "hilang"),
        ('data_dir = "/x"\ndatabase_url = "postgresql+psycopg://a:b@[::1"\n', "USER@HOST"),
        ('data_dir = "/x"\nserver_names = []\n', "server_names harus daftar"),
        ('data_dir = "/x"\nserver_names = ["hadir", "hadir kab"]\n', "memuat 'hadir kab'"),
        ('data_dir = "/x"\nserver_names = [" hadir"]\n', "memuat ' hadir'"),
        ('data_dir = "/x"\nplain_http = true\nhost = "0.0.0.0"\n', "HTTPS"),
    ],
)
def test_mistakes_in_the_configuration_get_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "central.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load(file, {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "central.toml"
    file.write_text('data_dir = "/x"\nport = 5\n')
    config = load(
        file, {"HADIR_PORT": "6", "HADIR_SERVER_NAMES": "a,b", "HADIR_PLAIN_HTTP": "true", "X": "y"}
    )
    assert (config.port, config.server_names, config.plain_http) == (6, ("a", "b"), True)
    assert config.database_url == "sqlite:////x/central.db"
    for wrong in ({"HADIR_PORT": "x"}, {"HADIR_PLAIN_HTTP": "1"}):
        with pytest.raises(ConfigError, match="HADIR_"):
            load(file, wrong)
    with pytest.raises(ConfigError, match="tidak dapat dibaca"):
        load(tmp_path / "missing.toml", {})


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "central.toml"
    file.write_text(
        f'data_dir = "{tmp_path / "data"}"\nport = {port}\npublic_url = "https://127.0.0.1:{port}"\n'
    )
    return file


def run(settings: Path, *arguments: str) -> int:
    return cli.main([*arguments, "--config", str(settings)])


def test_the_commands_prepare_a_whole_office(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(settings, "fold") == 2
    assert "init" in capsys.readouterr().err
    assert run(settings, "init") == 0
    for name, text in {
        "units": 'kode;nama\nDISKOMINFO;Dinas "Kominfo"\n'.replace('"', "'"),
        "people": "nip;nama;skpd\n198609262015051001;Siti;DISKOMINFO\n1;Rusak;DISKOMINFO\n",
        "slots": "skpd;slot;nip\nDISKOMINFO;1;198609262015051001\n",
    }.items():
        file = tmp_path / f"{name}.csv"
        file.write_text(text)
        assert run(settings, f"import-{name}", str(file)) == 0
    told = capsys.readouterr().out
    assert "1 baru, 1 ditolak" in told
    assert "Baris 3: ditolak" in told
    assert run(settings, "assign-slot", "DISKOMINFO", "2", "198609262015051001") == 0
    assert run(settings, "policy", "set", "tanggamus-2017") == 0
    for verb in ("fold", "rebuild-days", "coverage"):
        assert run(settings, verb) == 0
    assert "DISKOMINFO: tanpa alat" in capsys.readouterr().out
    assert run(settings, "claim", "DISKOMINFO") == 0
    printed = capsys.readouterr().out
    assert re.search(r"Token: [a-z2-7]{32}\n", printed)
    node = parse_node_config(printed.partition("# /etc/hadir/hadir.toml\n")[2])
    assert node.server is not None
    assert node.server.ca_file is not None
    monkeypatch.setattr(sys, "stdin", io.StringIO("rahasia sekali\n"))
    assert run(settings, "create-admin", "kepala", "--password-stdin") == 0
    assert run(settings, "create-admin", "demo", "--name", "Pengguna Demo") == 0
    assert re.search(r"https://127\.0\.0\.1:\d+/masuk/\S+", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["claim", "NONE"], "Unit NONE tidak dikenal"),
        (["policy", "set", "none"], "bukan preset (asn-2023"),
        (["import-people", "/nonexistent.csv"], "tidak dapat dibaca"),
        (["retire-node", "nobody"], "Alat nobody tidak dikenal di sini"),
        (["trust-node", "nobody", "x"], "Alat nobody tidak dikenal di sini"),
        (["assign-slot", "NONE", "1", "x"], "tidak dikenal"),
        (["create-admin", "x"], "tidak sah"),
    ],
)
def test_a_refusal_is_one_sentence_and_status_2(
    settings: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    run(settings, "init")
    assert run(settings, *arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


def damage_clock(folder: Path) -> None:
    (folder / "clock").write_text('{"wall_ms": 1e300, "rate": 1, "at_monotonic_ns": 0}')


def damage_certificate(folder: Path) -> None:
    (folder / "data" / "tls" / "server.crt").write_text("rusak")


def lose_authority(folder: Path) -> None:
    (folder / "data" / "ca.crt").unlink()
    (folder / "data" / "tls" / "server.key").unlink()


def lose_template_key(folder: Path) -> None:
    (folder / "data" / "keys" / "template-kek-0001").unlink()


def forge_rules(folder: Path) -> None:
    office = open_office(CentralConfig(data_dir=folder / "data"))
    commands.set_policy(office, "tanggamus-2017")
    office.database.close()
    (folder / "data" / "keys" / "document.key").write_bytes(b"x" * 32)


def break_books(folder: Path) -> None:
    (folder / "data" / "central.db").write_bytes(b"rusak" * 4000)


def empty_books(folder: Path) -> None:
    for file in (folder / "data").glob("central.db*"):
        file.unlink()


def write_rules(folder: Path) -> None:
    (folder / "rules.toml").write_text('id = "x"\n')


def nothing(_folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("verb", "damage", "sentence"),
    [
        ("serve", nothing, "Jam buatan .*clock tidak dapat dibaca: No such file"),
        ("serve", damage_clock, "Jam buatan .*clock tidak dapat dibaca: isinya bukan jam buatan"),
        ("coverage", damage_clock, "Jam buatan .*clock tidak dapat dibaca: isinya bukan jam buatan"),
        ("serve", damage_certificate, "server.crt atau .*server.key hilang atau rusak"),
        ("init", lose_authority, "ca.crt atau .*ca.key hilang atau rusak"),
        ("serve", lose_template_key, "Kunci sidik jari template-kek-0001 tidak ada"),
        ("fold", forge_rules, "tidak ditandatangani oleh kunci di data_dir"),
        ("fold", break_books, "Basis data gagal; coba lagi atau panggil teknisi"),
        ("fold", empty_books, "Basis data masih kosong"),
        ("policy set rules.toml", write_rules, "Aturan rules.toml tidak dapat dipakai"),
    ],
)
def test_what_is_damaged_is_said_in_one_indonesian_sentence(
    settings: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    damage: Callable[[Path], None],
    sentence: str,
) -> None:
    assert run(settings, "init") == 0
    monkeypatch.chdir(settings.parent)
    damage(settings.parent)
    if "Jam" in sentence:
        monkeypatch.setenv("HADIR_CLOCK_FILE", str(settings.parent / "clock"))
    assert run(settings, *verb.split()) == 2
    told = capfd.readouterr().err
    assert re.match(f"hadir-central: .*{sentence}", told), told
    assert "Traceback" not in told
    assert told.count("\n") == 1, told


@pytest.fixture
def served(settings: Path) -> Iterator[CentralConfig]:
    assert run(settings, "init") == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "central.cli", "serve", "--config", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    config = load(settings, {})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", config.port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            break
    yield config
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    assert not (config.data_dir / "central.db-wal").exists()  # it folded its log in and let go of everything


def test_central_is_served_over_tls_of_its_own_authority_and_stops_cleanly(served: CentralConfig) -> None:
    ca = str(authority.ca_file(served.data_dir))
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{served.public_url}/v1/health", verify=ca, timeout=30)
        assert answer.json()["ok"] is True
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{served.public_url}/v1/health", timeout=30)
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"http://127.0.0.1:{served.port}/v1/health", timeout=30)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(ca)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", served.port), 30) as raw,
        old.wrap_socket(raw, server_hostname="127.0.0.1") as secure,
    ):
        assert secure.version() == "TLSv1.2"


def test_the_folding_thread_folds_and_stops(tmp_path: Path) -> None:
    central: Central = make_central(tmp_path / "central")
    central.add_unit()
    central.add_person("p1")
    node = CentralNode(central)
    node.claim()
    assert check_node_id(node.id)
    office = open_office(central.office.config)
    commands.set_policy(central.office, "tanggamus-2017")
    thread = FoldingThread(office, every=timedelta(milliseconds=10))
    thread.start()
    deadline = time.monotonic() + 30
    while not central.rows(attendance_day.select()) and time.monotonic() < deadline:
        time.sleep(0.02)
    thread.stop()
    assert central.rows(attendance_day.select())
    office.database.close()
    central.office.database.close()
