"""The emulated link: slow, lossy and cut, yet every byte that arrives is the one that was sent, in order."""

import asyncio
import itertools
import json
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from emulators.link import Cut, Link, obey
from emulators.link_weather import SEGMENT_BYTES, Weather, WeatherError, Wire

DATA = random.Random(7).randbytes(200_000)


def test_a_slow_rate_takes_the_time_that_the_bits_take() -> None:
    wire, weather = Wire(random.Random(0)), Weather(rate_bps=8_000)
    arrivals = [wire.arrival(weather, 0.0, 1_000, 0.0) for _ in range(3)]
    assert arrivals == [1.0, 2.0, 3.0]


def test_two_connections_share_the_rate() -> None:
    wire, weather = Wire(random.Random(0)), Weather(rate_bps=8_000, delay_ms=500)
    assert wire.arrival(weather, 0.0, 1_000, 0.0) == 1.5
    assert wire.arrival(weather, 0.0, 1_000, 0.0) == 2.5


def test_a_lost_segment_is_a_stall_and_those_behind_it_wait() -> None:
    wire, weather = Wire(random.Random(3)), Weather(loss=0.3, delay_ms=100, jitter_ms=50)
    last, arrivals = 0.0, []
    for number in range(200):
        last = wire.arrival(weather, number * 0.01, SEGMENT_BYTES, last)
        arrivals.append(last)
    assert wire.lost > 20
    assert arrivals == sorted(arrivals)
    stalls = [after - before for before, after in itertools.pairwise(arrivals)]
    assert max(stalls) > 0.3  # at least one patience of the sender


def test_the_same_seed_gives_the_same_weather() -> None:
    weather = Weather(loss=0.2, jitter_ms=30)
    runs = [[w.arrival(weather, 0.0, 100, 0.0) for _ in range(50)] for w in (Wire(random.Random(1)),) * 1]
    again = Wire(random.Random(1))
    assert runs[0] == [again.arrival(weather, 0.0, 100, 0.0) for _ in range(50)]


@pytest.mark.parametrize(
    "settings",
    [{"rate": 5}, {"loss": 1.5}, {"delay_ms": -1}, {"rate_bps": 1.5}, {"loss": "0.1"}, {"loss": True}],
)
def test_an_impossible_setting_is_refused_in_words(settings: dict[str, object]) -> None:
    with pytest.raises(WeatherError):
        Weather().changed(settings)


@pytest.mark.parametrize("text", ["20", "20+x", "-1+5", "3+0", "3+5:softly"])
def test_an_impossible_cut_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - argparse makes the sentence
        Cut.parse(text)


def with_echo(test: Callable[[Link, int], Awaitable[None]], weather: Weather | None = None) -> None:
    """Run a test between a client and an echo server with the link in between."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        link = Link(server.sockets[0].getsockname(), weather or Weather())
        port = await link.listen("127.0.0.1", 0)
        try:
            async with asyncio.timeout(60):
                await test(link, port)
        finally:
            await link.close()
            server.close()

    asyncio.run(main())


async def echoed(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    if not answer:
        raise ConnectionResetError("closed without an answer")
    return answer


@pytest.mark.parametrize(
    "weather", [Weather(), Weather(rate_bps=20_000_000, delay_ms=5, jitter_ms=10), Weather(loss=0.01)]
)
def test_every_byte_arrives_in_order_in_any_weather(weather: Weather) -> None:
    async def test(link: Link, port: int) -> None:
        answers = await asyncio.gather(echoed(port, DATA), echoed(port, DATA[::-1]))
        assert answers == [DATA, DATA[::-1]]
        assert link.stats()["bytes_up"] == link.stats()["bytes_down"] == 2 * len(DATA)

    with_echo(test, weather)


def test_a_silent_cut_lets_nothing_through_and_healing_goes_on_where_it_was() -> None:
    async def test(link: Link, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        link.cut()
        writer.write(b"during")
        waiting = asyncio.create_task(reader.readexactly(6))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert link.stats()["bytes_up"] == 6
        link.heal()
        assert await waiting == b"during"
        writer.close()

    with_echo(test)


def test_a_reset_tears_connections_down_and_refuses_new_ones_until_healed() -> None:
    async def test(link: Link, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        await reader.readexactly(1)
        link.cut("reset")
        with pytest.raises(ConnectionError):
            await reader.readexactly(1)
        writer.close()
        with pytest.raises(ConnectionError):
            await echoed(port, b"y")
        link.heal()
        assert await echoed(port, b"z") == b"z"

    with_echo(test)


def test_a_far_end_that_is_not_there_ends_the_connection() -> None:
    async def main() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            link = Link(nobody.getsockname(), Weather())
        port = await link.listen("127.0.0.1", 0)
        with pytest.raises(ConnectionError):
            await echoed(port, b"x")
        await link.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"do":"explode"}',
        b'{"do":"cut","how":"softly"}',
        b'{"do":"set","loss":7}',
        b'{"do":[]}',
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(line: bytes) -> None:
    async def main() -> None:
        link = Link(("127.0.0.1", 9), Weather(delay_ms=3))
        before = link.stats()
        answer = obey(link, line)
        assert answer["ok"] is False
        assert answer["error"]
        assert link.stats() == before

    asyncio.run(main())


def test_the_command_takes_orders_over_its_control_socket_and_ends_on_sigterm(tmp_path: Path) -> None:
    control = tmp_path / "link.sock"
    command = [sys.executable, "-m", "emulators.link", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9"]
    options = ["--rate-bps", "64000", "--delay-ms", "30", "--loss", "0.01", "--control", str(control)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["listening"].startswith("127.0.0.1:")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(control))
            lines = connection.makefile("rw")
            answers = []
            for order in ({"do": "cut"}, {"do": "set", "rate_bps": 9600}, {"do": "heal"}, {"do": "stats"}):
                lines.write(json.dumps(order) + "\n")
                lines.flush()
                answers.append(json.loads(lines.readline()))
            lines.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [answer["whole"] for answer in answers] == [False, False, True, True]
    assert answers[-1]["rate_bps"] == 9600
    assert not control.exists()
