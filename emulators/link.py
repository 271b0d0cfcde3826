"""A slow, lossy link that is cut now and then, as a TCP proxy between a node and central.

    python -m emulators.link --listen 127.0.0.1:8444 --to 127.0.0.1:8443 --rate-bps 64000 --delay-ms 300
        --jitter-ms 100 --loss 0.03 --cut 20+15 --control link.sock

The control socket takes JSON lines: {"do":"cut"} (nothing passes, nothing is said),
{"do":"cut","how":"reset"} (every connection is torn down, new ones too), {"do":"heal"},
{"do":"set","rate_bps":9600,...}, {"do":"stats"}. Each answer says {"ok":true,...} with the figures so far.
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emulators.link_weather import SEGMENT_BYTES, Weather, WeatherError, Wire

_IN_FLIGHT = 48  # segments that are under way at once in each direction of a connection; then senders wait
_MAX_LINE_BYTES = 65_536
_RESET_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Cut:
    """A planned cut: begins `at_s` after the start and lasts `for_s` seconds."""

    at_s: float
    for_s: float
    how: str = "silent"

    @classmethod
    def parse(cls, text: str) -> "Cut":
        """Read `20+15` or `20+15:reset`.

        Raises:
            ValueError: anything else.
        """
        times, _, how = text.partition(":")
        at, _, lasting = times.partition("+")
        cut = cls(float(at), float(lasting), how or "silent")
        if cut.how not in ("silent", "reset") or cut.at_s < 0 or cut.for_s <= 0:
            raise ValueError(text)
        return cut


class Link:
    """The proxy. Use within one event loop."""

    def __init__(self, to: tuple[str, int], weather: Weather, seed: int = 0) -> None:
        """Nothing listens yet.

        Args:
            to: host and port of the far end.
            weather: to begin with.
            seed: the same seed, the same losses.
        """
        self.weather = weather
        self._to = to
        self._wires = {"up": Wire(random.Random(seed)), "down": Wire(random.Random(seed + 1))}
        self._passed = {"up": 0, "down": 0}
        self._whole = asyncio.Event()
        self._whole.set()
        self._resets = False
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._handlers = 0
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin to listen; returns the port, which is a free one for 0."""
        self._server = await asyncio.start_server(self._connected, host, port)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    def cut(self, how: str = "silent") -> None:
        """Let nothing through: silently, or by tearing every connection down."""
        self._resets = how == "reset"
        self._whole.clear()
        if self._resets:
            for writer in list(self._open):
                _tear_down(writer)

    def heal(self) -> None:
        """Let everything through again; what waited silently goes on, as TCP would."""
        self._resets = False
        self._whole.set()

    def stats(self) -> dict[str, Any]:
        """What passed so far."""
        return {
            "whole": self._whole.is_set(),
            "connections": len(self._open) // 2,
            "bytes_up": self._passed["up"],
            "bytes_down": self._passed["down"],
            "lost_segments": sum(wire.lost for wire in self._wires.values()),
            **asdict(self.weather),
        }

    async def close(self) -> None:
        """Tear everything down."""
        if self._server is not None:
            self._server.close()
        self.cut("reset")
        self._whole.set()
        # The pumps are cancelled and not the handlers of connections: those then end by themselves.
        for pump in list(self._pumps):
            pump.cancel()
        while self._handlers:
            await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(writer)
        self._handlers += 1
        try:
            await self._carry(reader, writer)
        finally:
            self._forget(writer)
            self._handlers -= 1

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._resets:
            await self._whole.wait()
        if self._resets:
            _tear_down(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            _tear_down(writer)
            return
        self._keep(far_writer)
        try:
            async with asyncio.TaskGroup() as group:
                for way, source, sink in (("up", reader, far_writer), ("down", far_reader, writer)):
                    pump = group.create_task(self._pump(way, source, sink))
                    self._pumps.add(pump)
                    pump.add_done_callback(self._pumps.discard)
        except* OSError:
            _tear_down(writer)  # one end is gone, so the other one goes too
            _tear_down(far_writer)
        finally:
            self._forget(far_writer)

    async def _pump(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction until its sender is done or gone."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        delivery = asyncio.create_task(self._deliver(way, under_way, writer))
        last = 0.0
        try:
            while data := await reader.read(SEGMENT_BYTES):
                last = self._wires[way].arrival(self.weather, loop.time(), len(data), last)
                await _put(under_way, (last, data), delivery)
            await _put(under_way, (last, b""), delivery)
            await delivery
        finally:
            delivery.cancel()

    async def _deliver(
        self, way: str, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            arrival, data = await under_way.get()
            await asyncio.sleep(max(0.0, arrival - loop.time()))
            await self._whole.wait()
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            self._passed[way] += len(data)

    def _keep(self, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        """Close after what is still to be written; one that was torn down stays so."""
        writer.close()
        self._open.discard(writer)


async def _put(
    queue: asyncio.Queue[tuple[float, bytes]], item: tuple[float, bytes], delivery: asyncio.Task[None]
) -> None:
    """Hand over, or end with the error of a delivery that can't go on."""
    if not queue.full() and not delivery.done():
        queue.put_nowait(item)
        return
    putting = asyncio.create_task(queue.put(item))
    await asyncio.wait({putting, delivery}, return_when=asyncio.FIRST_COMPLETED)
    if delivery.done():
        putting.cancel()
        await delivery


def _tear_down(writer: asyncio.StreamWriter) -> None:
    """Close, with a reset where something was still to be said."""
    if not writer.is_closing():
        handle = writer.get_extra_info("socket")
        if handle is not None:
            with contextlib.suppress(OSError):
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        writer.transport.abort()


async def serve_control(link: Link, path: Path) -> asyncio.Server:
    """Take orders over a Unix socket: one JSON object a line, one answer a line."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(json.dumps(obey(link, line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)
    return await asyncio.start_unix_server(talk, str(path), limit=_MAX_LINE_BYTES)


def obey(link: Link, line: bytes) -> dict[str, Any]:
    """Carry out one order; a refusal says why."""
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return {"ok": False, "error": "the order is not JSON"}
    if not isinstance(order, dict):
        return {"ok": False, "error": "the order is not an object"}
    deed, settings = str(order.get("do")), {key: value for key, value in order.items() if key != "do"}
    deeds: dict[str, Callable[[], None]] = {
        "cut": lambda: link.cut(settings.get("how", "silent")),
        "heal": link.heal,
        "set": lambda: setattr(link, "weather", link.weather.changed(settings)),
        "stats": lambda: None,
    }
    if deed not in deeds or (deed == "cut" and settings.get("how", "silent") not in ("silent", "reset")):
        return {"ok": False, "error": f"not an order that a link knows: {order}"}
    try:
        deeds[deed]()
    except WeatherError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, **link.stats()}


async def run(options: argparse.Namespace) -> None:
    """Listen until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    weather = Weather().changed(
        {name: getattr(options, name) for name in ("rate_bps", "delay_ms", "jitter_ms", "loss")}
    )
    link = Link(options.to, weather, options.seed)
    port = await link.listen(*options.listen)
    control = await serve_control(link, options.control) if options.control else None
    planned = [asyncio.create_task(_planned(link, cut)) for cut in options.cut]
    print(json.dumps({"listening": f"{options.listen[0]}:{port}"}), flush=True)
    await stop.wait()
    for task in planned:
        task.cancel()
    if control is not None:
        control.close()
        options.control.unlink(missing_ok=True)
    await link.close()


async def _planned(link: Link, cut: Cut) -> None:
    await asyncio.sleep(cut.at_s)
    link.cut(cut.how)
    await asyncio.sleep(cut.for_s)
    link.heal()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m emulators.link", description="A slow, lossy link.")
    parser.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--to", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--rate-bps", type=int, default=0, help="bits per second each way, 0 for no limit")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="one way")
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    parser.add_argument("--loss", type=float, default=0.0, help="share of segments, 0 to 0.9")
    parser.add_argument("--cut", type=Cut.parse, action="append", default=[], metavar="AT+FOR[:reset]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--control", type=Path, metavar="SOCKET")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(run(options))
    except (WeatherError, OSError) as error:
        sys.stderr.write(f"emulators.link: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
