"""`python -m emulators.fingerprint_module`: a fingerprint module on a pty."""

import argparse
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.hex_log import HexLog
from emulators.fingerprint_module.profiles import PROFILES, profile_named, with_quirks
from emulators.fingerprint_module.pty_module import PtyModule
from emulators.fingerprint_module.tempo import Tempo
from emulators.fingerprint_module.wake_pin import WakeFifo

DEFAULT_FAST_SPEED = 20.0


def _positive(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value <= 0:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return value


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m emulators.fingerprint_module", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="r503_200")
    parser.add_argument("--quirk", action="append", default=[], help="NAME=VALUE over the profile's own")
    parser.add_argument("--flash", type=Path, help="file that keeps the flash; without it nothing is kept")
    parser.add_argument("--link", type=Path, required=True, help="where the serial port appears")
    parser.add_argument("--control", type=Path, help="Unix socket for JSON lines")
    parser.add_argument("--wake-fifo", type=Path, help="FIFO that tells the level of the wake pin")
    parser.add_argument("--log", type=Path, help="file that every byte and event is written to")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serial", default="EMU00001", help="serial number of a factory-fresh module")
    clock = parser.add_mutually_exclusive_group()
    clock.add_argument("--fast", action="store_true", help="module time runs faster than real time")
    clock.add_argument("--realtime", action="store_true", help="module time is real time (default)")
    parser.add_argument(
        "--speed",
        type=_positive,
        help=f"factor of --fast (default {DEFAULT_FAST_SPEED:g}); inf: no work time and no pacing at all",
    )
    parser.add_argument(
        "--work-scale", type=_not_negative, default=1.0, help="factor on work times; 0: wire only"
    )
    parser.add_argument(
        "--turnaround-scale", type=_not_negative, help="factor on turnarounds (default: work scale)"
    )
    parser.add_argument(
        "--host-pace",
        type=_positive,
        default=1.0,
        help="how much faster than real time the host takes its own pauses (with --fast; default 1)",
    )
    parser.add_argument(
        "--usb-latency-ms", type=_not_negative, default=0.0, help="hold replies like an FTDI bridge"
    )
    options = parser.parse_args(arguments)
    if options.speed is not None and not options.fast:
        parser.error("--speed goes with --fast")
    return options


def clock_of(options: argparse.Namespace) -> tuple[Tempo, float]:
    """The time model and the speed of the module's clock."""
    speed = (options.speed or DEFAULT_FAST_SPEED) if options.fast else 1.0
    endless = math.isinf(speed)
    tempo = Tempo(
        options.seed,
        work_scale=0.0 if endless else options.work_scale,
        turnaround_scale=0.0 if endless else options.turnaround_scale,
        paced=not endless,
        usb_latency_ms=options.usb_latency_ms,
        host_wait_scale=1.0 if endless else speed / options.host_pace,
    )
    return tempo, 1.0 if endless else speed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    tempo, speed = clock_of(options)
    sink = options.log.open("a", encoding="utf-8", buffering=1) if options.log is not None else None
    log = HexLog(None if sink is None else lambda line: print(line, end="", file=sink))
    try:
        profile = with_quirks(profile_named(options.profile), options.quirk)
        bench = Bench(profile, tempo, flash_path=options.flash, serial=options.serial, log=log)
        module = PtyModule(bench, options.link, control=options.control, speed=speed)
    except (ValueError, OSError) as error:
        print(f"fingerprint module: {error}", file=sys.stderr)
        return 2
    fifo = WakeFifo(options.wake_fifo) if options.wake_fifo is not None else None
    if fifo is not None:
        bench.wake_pin.on_change = fifo.write
    ending: list[int] = []

    def end(number: int, _frame: object) -> None:
        ending.append(number)
        module.wake()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        module.serve(lambda: bool(ending))
    finally:
        if fifo is not None:
            fifo.close()
        if sink is not None:
            sink.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
