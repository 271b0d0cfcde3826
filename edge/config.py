"""The node's one configuration file, hadir.toml: read once, checked whole, frozen.

Every number carries its unit in its name. A mistake is refused with a sentence and its line; nothing is
guessed.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from edge.config_reading import ConfigError, Section, Source

_SECTIONS = ["node", "server", "sensor", "keypad", "camera", "display", "clock", "sync"]
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BAUD_BPS = tuple(9600 * n for n in range(1, 13))


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where central is. `url` is https, or plain http on loopback; `ca_file` pins the private CA."""

    url: str
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """The fingerprint module on its serial line.

    Attributes:
        baud_bps: speed of the line; at start the others are tried too, to name a wrong setting.
        password: the module's own 32-bit password.
        address: the module's own 32-bit address.
        minimum_score: a match below it is none.
        second_capture_below: a match below it needs a second capture that agrees.
        poll_interval_ms: pause between two looks at the empty glass.
        time_scale: factor on every deadline; below 1 only against an emulator that runs faster by as much.
        harden: whether a module with the factory's password gets a password and an address of its own.
    """

    path: str
    baud_bps: int
    password: int
    address: int
    minimum_score: int
    second_capture_below: int
    poll_interval_ms: int
    time_scale: float
    harden: bool


@dataclass(frozen=True, slots=True)
class KeypadConfig:
    """A USB number pad for people with a PIN. `path` is below /dev/input/by-id/; None where there is none."""

    path: Path | None


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """The camera. `source` is "none", "picamera" or "socket"; `socket` is where an emulated one listens.

    Attributes:
        wait_ms: how long a punch waits for its picture.
        photo_max_bytes: budget for one JPEG.
    """

    source: str
    socket: Path | None
    width_px: int
    height_px: int
    frames_per_s: int
    photo_max_bytes: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class DisplayConfig:
    """What the person at the door sees and hears.

    Attributes:
        kind: "console" for people, "lines" for programs (JSON lines), "lcd" for a 16x2 one on I2C, "none".
        page_ms: how long each page of a message stays.
        buzzer_gpio: BCM number of the pin, or None.
        say_late: whether lateness is said aloud; a choice of the regency.
    """

    kind: str
    page_ms: int
    i2c_bus: int
    i2c_address: int
    i2c_expander: str
    buzzer_gpio: int | None
    say_late: bool


@dataclass(frozen=True, slots=True)
class ClockConfig:
    """Whose time it is. `emulated` is the file of an emulated clock, or None for the system's.

    Attributes:
        rtc: whether a battery-backed clock keeps the time while the power is off.
    """

    emulated: Path | None
    rtc: bool


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """How the sync process uses the link.

    Attributes:
        interval_s: pause between two contacts when nothing waits.
        backoff_max_s: longest pause after failures.
        batch_events: most events in one batch.
        photo_piece_bytes: largest piece of a photo in one request.
        photo_rate_bytes_per_s: link budget for photos; 0 is no limit. Events always go first.
    """

    interval_s: float
    connect_timeout_s: float
    read_timeout_s: float
    backoff_max_s: float
    batch_events: int
    photo_piece_bytes: int
    photo_rate_bytes_per_s: int


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """All of hadir.toml.

    Attributes:
        state_dir: the folder with journal, keys, documents, photos and sockets.
        zone: the office's time zone, until a roster names another.
        place: what is drawn into pictures beside the time.
        health_interval_s: time between two health events.
        listening_span_s: longest open listening span; what a power cut can take from the coverage.
    """

    state_dir: Path
    zone: ZoneInfo
    place: str
    health_interval_s: int
    listening_span_s: int
    server: ServerConfig | None
    sensor: SensorConfig
    keypad: KeypadConfig
    camera: CameraConfig
    display: DisplayConfig
    clock: ClockConfig
    sync: SyncConfig


def load(path: Path) -> NodeConfig:
    """Read and check hadir.toml.

    Raises:
        ConfigError: it is missing, not TOML, or any value in it is wrong; all mistakes at once.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Notepad puts a mark before the text
    except OSError as error:
        raise ConfigError([f"{path.name} tidak dapat dibaca: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path.name} bukan teks UTF-8 (byte ke-{error.start + 1})."]) from error
    return parse(text, path.name)


def parse(text: str, name: str = "hadir.toml") -> NodeConfig:
    """The configuration from its text.

    Raises:
        ConfigError: as `load`.
    """
    source = Source(text, name)
    source.refuse_unknown_sections(_SECTIONS)
    node = source.section("node")
    config = NodeConfig(
        state_dir=Path(node.text("state_dir")),
        zone=_zone(node),
        place=node.text("place", "Hadir"),
        health_interval_s=node.whole("health_interval_s", 60, 86_400, 3600),
        listening_span_s=node.whole("listening_span_s", 30, 3600, 600),
        server=_server(source.section("server")) if "server" in source.tables else None,
        sensor=_sensor(source.section("sensor")),
        keypad=_keypad(source.section("keypad")),
        camera=_camera(source.section("camera")),
        display=_display(source.section("display")),
        clock=_clock(source.section("clock")),
        sync=_sync(source.section("sync")),
    )
    if config.state_dir != Path() and not config.state_dir.is_absolute():
        node.problem(
            "state_dir", f'state_dir harus jalur penuh yang diawali "/", bukan "{config.state_dir}".'
        )
    node.finish()
    source.finish()
    return config


def _zone(node: Section) -> ZoneInfo:
    name = node.text("zone", "Asia/Jakarta")
    if name in available_timezones():
        return ZoneInfo(name)
    node.problem("zone", f'zone "{name}" tidak dikenal. Contoh: "Asia/Jakarta" untuk WIB.')
    return ZoneInfo("Asia/Jakarta")


def _server(section: Section) -> ServerConfig:
    url = section.text("url").rstrip("/")
    ca_file = section.optional_text("ca_file")
    if url:
        _check_url(section, url)
    section.finish()
    return ServerConfig(url, Path(ca_file) if ca_file else None)


def _check_url(section: Section, url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        section.problem("url", f'url "{url}" bukan alamat yang sah.')
        return
    if parts.scheme not in ("http", "https") or not host:
        section.problem("url", f'url harus diawali "https://" dan nama server, bukan "{url}".')
    elif parts.scheme == "http" and host not in _LOOPBACK:
        section.problem("url", "url tanpa https hanya boleh ke 127.0.0.1: absensi tidak boleh lewat terbuka.")


def _sensor(section: Section) -> SensorConfig:
    config = SensorConfig(
        path=section.text("path", "/dev/serial0"),
        baud_bps=section.whole("baud_bps", _BAUD_BPS[0], _BAUD_BPS[-1], 57_600),
        password=section.whole("password", 0, 0xFFFFFFFF, 0),
        address=section.whole("address", 0, 0xFFFFFFFF, 0xFFFFFFFF),
        minimum_score=section.whole("minimum_score", 0, 65_535, 50),
        second_capture_below=section.whole("second_capture_below", 0, 65_535, 100),
        poll_interval_ms=section.whole("poll_interval_ms", 1, 5000, 50),
        time_scale=section.fraction("time_scale", 0.001, 1, 1.0),
        harden=section.flag("harden", default=True),
    )
    if config.baud_bps not in _BAUD_BPS:
        section.problem("baud_bps", f"baud_bps harus kelipatan 9600, bukan {config.baud_bps}.")
    section.finish()
    return config


def _keypad(section: Section) -> KeypadConfig:
    path = section.optional_text("path")
    if path and not Path(path).is_absolute():
        section.problem("path", f'path harus jalur penuh, misalnya "/dev/input/by-id/...", bukan "{path}".')
    section.finish()
    return KeypadConfig(Path(path) if path else None)


def _camera(section: Section) -> CameraConfig:
    source = section.text("source", "none")
    kind, _, socket = source.partition(":")
    if kind not in ("none", "picamera", "socket") or (kind == "socket") != bool(socket):
        section.problem(
            "source", f'source harus "picamera", "none" atau "socket:" dan jalurnya, bukan "{source}".'
        )
    config = CameraConfig(
        source=kind,
        socket=Path(socket) if socket else None,
        width_px=section.whole("width_px", 160, 4608, 640),
        height_px=section.whole("height_px", 120, 2592, 480),
        frames_per_s=section.whole("frames_per_s", 1, 30, 5),
        photo_max_bytes=section.whole("photo_max_bytes", 4096, 200_000, 40_000),
        wait_ms=section.whole("wait_ms", 1, 150, 150),
    )
    section.finish()
    return config


def _display(section: Section) -> DisplayConfig:
    config = DisplayConfig(
        kind=section.choice("kind", ("console", "lines", "lcd", "none"), "console"),
        page_ms=section.whole("page_ms", 1, 10_000, 1800),
        i2c_bus=section.whole("i2c_bus", 0, 20, 1),
        i2c_address=section.whole("i2c_address", 0x03, 0x77, 0x27),
        i2c_expander=section.choice("i2c_expander", ("PCF8574", "MCP23008", "MCP23017"), "PCF8574"),
        buzzer_gpio=section.optional_whole("buzzer_gpio", 0, 27),
        say_late=section.flag("say_late", default=True),
    )
    section.finish()
    return config


def _clock(section: Section) -> ClockConfig:
    source = section.text("source", "system")
    kind, _, file = source.partition(":")
    if kind not in ("system", "emulated") or (kind == "emulated") != bool(file):
        section.problem(
            "source", f'source harus "system" atau "emulated:" dan jalur berkasnya, bukan "{source}".'
        )
    config = ClockConfig(Path(file) if file else None, section.flag("rtc", default=False))
    section.finish()
    return config


def _sync(section: Section) -> SyncConfig:
    config = SyncConfig(
        interval_s=section.fraction("interval_s", 0.05, 3600, 30),
        connect_timeout_s=section.fraction("connect_timeout_s", 0.1, 300, 10),
        read_timeout_s=section.fraction("read_timeout_s", 0.1, 600, 60),
        backoff_max_s=section.fraction("backoff_max_s", 0.1, 3600, 300),
        batch_events=section.whole("batch_events", 1, 500, 200),
        photo_piece_bytes=section.whole("photo_piece_bytes", 1024, 65_536, 65_536),
        photo_rate_bytes_per_s=section.whole("photo_rate_bytes_per_s", 0, 1_000_000_000, 0),
    )
    section.finish()
    return config
