"""hadir.toml: what is accepted, and the sentence with the line for everything that is not."""

from pathlib import Path

import pytest

from edge import config
from edge.config_reading import ConfigError

SMALL = '[node]\nstate_dir = "/var/lib/hadir"\n'

FULL = """\
[node]
state_dir = "/var/lib/hadir"
zone = "Asia/Jayapura"
place = "Diskominfo"

[server]
url = "https://hadir.tanggamus.example/"
ca_file = "/etc/hadir/ca.crt"

[sensor]
path = "/dev/ttyAMA0"
baud_bps = 57600
password = 0x00C0FFEE
minimum_score = 60

[keypad]
path = "/dev/input/by-id/usb-pad-event-kbd"

[camera]
source = "socket:/run/kamera.sock"
photo_max_bytes = 30_000

[display]
kind = "lcd"
buzzer_gpio = 18

[clock]
source = "emulated:/run/jam.json"
rtc = true

[sync]
interval_s = 0.5
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text)
    return caught.value.problems


def test_a_folder_is_enough_for_a_node_that_nobody_claimed_yet() -> None:
    read = config.parse(SMALL)
    assert read.server is None
    assert read.camera.source == "none"
    assert read.clock.emulated is None
    assert not read.clock.rtc
    assert read.zone.key == "Asia/Jakarta"


def test_every_section_is_read() -> None:
    read = config.parse(FULL)
    assert read.server is not None
    assert (read.server.url, read.server.ca_file) == (
        "https://hadir.tanggamus.example",
        Path("/etc/hadir/ca.crt"),
    )
    assert (read.sensor.baud_bps, read.sensor.password, read.sensor.minimum_score) == (57600, 0xC0FFEE, 60)
    assert (read.camera.source, read.camera.socket) == ("socket", Path("/run/kamera.sock"))
    assert (read.display.kind, read.display.buzzer_gpio) == ("lcd", 18)
    assert read.clock.emulated == Path("/run/jam.json")
    assert read.clock.rtc
    assert read.sync.interval_s == 0.5
    assert read.zone.key == "Asia/Jayapura"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "hadir.toml baris 1: [node] state_dir wajib diisi."),
        ("[node]\n", "hadir.toml baris 1: [node] state_dir wajib diisi."),
        (
            '[node]\nstate_dir = "data"\n',
            'baris 2: [node] state_dir harus jalur penuh yang diawali "/", bukan "data".',
        ),
        (
            "[node]\nstate_dir = 5\n",
            "baris 2: [node] state_dir harus berupa teks yang tidak kosong, bukan 5.",
        ),
        ("node = 3\n", "baris 1: node harus berupa bagian [node]."),
        (SMALL + 'zone = "WIB"\n', 'baris 3: [node] zone "WIB" tidak dikenal.'),
        (SMALL + "[sensor]\nbaud = 57600\n", "baris 4: [sensor] baud tidak dikenal. Maksudnya baud_bps?"),
        (SMALL + "[sensor]\nadress = 1\n", "baris 4: [sensor] adress tidak dikenal. Maksudnya address?"),
        (SMALL + "[sensor]\nxyzzy = 1\n", "baris 4: [sensor] xyzzy tidak dikenal."),
        (SMALL + "[senzor]\n", "baris 3: bagian [senzor] tidak dikenal. Maksudnya sensor?"),
        (SMALL + '[sensor]\nbaud_bps = "57600"\n', 'sampai 115200, bukan "57600".'),
        (
            SMALL + "[sensor]\nbaud_bps = 57601\n",
            "baris 4: [sensor] baud_bps harus kelipatan 9600, bukan 57601.",
        ),
        (SMALL + "[sensor]\npassword = -1\n", "baris 4: [sensor] password harus bilangan bulat 0 sampai"),
        (SMALL + "[sensor]\npassword = true\n", "bukan true."),
        (SMALL + "[sensor]\ntime_scale = 0\n", "baris 4: [sensor] time_scale harus bilangan 0.001 sampai 1"),
        (SMALL + '[camera]\nsource = "webcam"\n', 'baris 4: [camera] source harus "picamera", "none" atau'),
        (SMALL + '[camera]\nsource = "socket:"\n', 'bukan "socket:".'),
        (
            SMALL + "[camera]\n# tunggu\nwait_ms = 151\n",
            "baris 5: [camera] wait_ms harus bilangan bulat 1 sampai 150",
        ),
        (
            SMALL + '[display]\nkind = "tv"\n',
            'baris 4: [display] kind harus salah satu dari "console", "lines"',
        ),
        (
            SMALL + '[display]\nsay_late = "ya"\n',
            'baris 4: [display] say_late harus true atau false, bukan "ya".',
        ),
        (SMALL + '[clock]\nsource = "emulated"\n', 'baris 4: [clock] source harus "system" atau "emulated:"'),
        (SMALL + "[clock]\nrtc = 1\n", "baris 4: [clock] rtc harus true atau false, bukan 1."),
        (SMALL + "[sync]\ninterval = 3\n", "baris 4: [sync] interval tidak dikenal. Maksudnya interval_s?"),
        (SMALL + "[server]\n", "baris 3: [server] url wajib diisi."),
        (
            SMALL + '[server]\nurl = "http://10.0.0.5"\n',
            "baris 4: [server] url tanpa https hanya boleh ke 127.0.0.1",
        ),
        (SMALL + '[server]\nurl = "hadir.example"\n', 'baris 4: [server] url harus diawali "https://"'),
        (SMALL + '[server]\nurl = "https://h:99999"\n', "bukan alamat yang sah."),
        (SMALL + "[sensor\n", "hadir.toml baris 3: bukan TOML yang sah"),
        (SMALL + 'zone = "Asia/Jakarta\n', "hadir.toml baris 3: bukan TOML yang sah"),
        (SMALL + 'state_dir = "/b"\n', "hadir.toml baris 3: bukan TOML yang sah"),
    ],
)
def test_each_mistake_gets_a_sentence_with_its_line(text: str, sentence: str) -> None:
    assert sentence in " ".join(problems(text))


def test_all_mistakes_are_told_at_once() -> None:
    found = problems('[node]\nstate_dir = "/s"\n[sensor]\nbaud = 1\n[camera]\nwait_ms = "x"\n[clok]\n')
    assert [line.split(":")[0] for line in found] == [
        "hadir.toml baris 4",
        "hadir.toml baris 6",
        "hadir.toml baris 7",
    ]


def test_a_line_number_is_right_behind_a_text_of_several_lines() -> None:
    text = '[node]\nstate_dir = """/a\n[camera]\nwait_ms = 7"""\nplace = 5\n'
    assert any(line.startswith("hadir.toml baris 5: [node] place") for line in problems(text))


def test_a_dotted_key_has_its_line_too() -> None:
    text = 'node.state_dir = "/s"\ncamera.wait_ms = 900\n'
    assert problems(text)[0].startswith("hadir.toml baris 2: [camera] wait_ms")


def test_a_missing_file_and_one_of_another_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hadir\.toml tidak dapat dibaca"):
        config.load(tmp_path / "hadir.toml")
    (tmp_path / "hadir.toml").write_bytes(b"[node]\nplace = '\xff'\n")
    with pytest.raises(ConfigError, match="bukan teks UTF-8"):
        config.load(tmp_path / "hadir.toml")


def test_a_good_file_is_read_from_disk(tmp_path: Path) -> None:
    (tmp_path / "hadir.toml").write_text(FULL)
    assert config.load(tmp_path / "hadir.toml") == config.parse(FULL)


def test_a_file_that_notepad_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "hadir.toml").write_text(SMALL.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert config.load(tmp_path / "hadir.toml").state_dir == Path("/var/lib/hadir")


def test_a_keypad_is_named_by_its_whole_path_or_not_at_all() -> None:
    assert config.parse(SMALL).keypad.path is None
    assert config.parse(FULL).keypad.path == Path("/dev/input/by-id/usb-pad-event-kbd")
    [problem] = problems(SMALL + '[keypad]\npath = "event0"\n')
    assert problem.startswith("hadir.toml baris 4: [keypad] path harus jalur penuh")
    assert problem.endswith('bukan "event0".')
    assert "tidak dikenal" in problems(SMALL + '[keypad]\ndevice = "/dev/input/event0"\n')[0]
