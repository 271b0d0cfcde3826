"""`./dev bench`: run the named measurements, print a table and say which gates hold.

Each measurement is a ratio taken in alternation with its floor and its peer in the same run; an absolute
figure of one machine says little about another.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named measurement.

    Attributes:
        module: in this package; its `measure()` returns at least `ratio`, `floor` and `peer`.
        what: what the ratio is of.
        at_most, at_least: the gate on the ratio, from performance.md and issue 2.
        more: further gates by key, as (lowest, highest).
    """

    module: str
    what: str
    at_most: float | None = None
    at_least: float | None = None
    more: Mapping[str, tuple[float, float]] | None = None

    def misses(self, result: Mapping[str, Any]) -> list[str]:
        """The gates that this result does not hold, in words."""
        gates = {"ratio": (self.at_least or 0.0, float("inf") if self.at_most is None else self.at_most)}
        gates.update(self.more or {})
        return [
            f"{key} is {result[key]:.3g}, wanted {low:g} to {high:g}"
            for key, (low, high) in gates.items()
            if not low <= result[key] <= high
        ]


ANY = float("inf")
BENCHMARKS = {
    "E1": Benchmark(
        "punch_to_feedback",
        "match to durable in both copies, against one overwrite + one append with fdatasync",
        at_most=2.0,
        more={"p99_ratio": (0, 4.0), "peer_ratio": (2.0, ANY)},
    ),
    "E2": Benchmark("identify", "identify with confirming search, against the wire's own time", at_most=1.15),
    "E3": Benchmark(
        "punch_while_draining", "p99 of a punch while the backlog drains, against alone", at_most=2.0
    ),
    "W1": Benchmark("bytes_per_event", "bytes per event, against a signature for each event", at_most=0.8),
    "S1": Benchmark("signed_ingest", "signed events per second, against raw executemany", at_least=0.25),
    "S3": Benchmark(
        "resend",
        "events sent again per second, against raw INSERT OR IGNORE",
        at_least=0.3,
        more={"peer_ratio": (8.0, ANY)},
    ),
    "T1": Benchmark(
        "truth_under_fault", "acknowledged but not stored, storage broken mid-batch", at_most=0.0
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen measurements; the exit status says whether every gate holds."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")

    results: dict[str, dict[str, Any]] = {}
    missed = False
    print(f"{'':4}{'ratio':>8}  {'floor':>12}  {'peer':>12}  gate")
    for name in options.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        result = importlib.import_module(f"benchmarks.{benchmark.module}").measure()
        misses = benchmark.misses(result)
        missed = missed or bool(misses)
        results[name] = result
        verdict = "; ".join(misses) or "holds"
        print(
            f"{name:4}{result['ratio']:8.3f}  {result['floor']:12.4g}  {result['peer']:12.4g}  {verdict}"
            f"  ({benchmark.what})",
            flush=True,
        )
    if options.json:
        print(json.dumps(results))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
