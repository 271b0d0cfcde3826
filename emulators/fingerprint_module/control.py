"""The control requests: one JSON object in, one out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emulators.fingerprint_module import behind_the_back
from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.device import Touch
from emulators.fingerprint_module.mixing import MixedFaults

Request = Mapping[str, Any]
Answer = dict[str, Any]


def _touch(request: Request) -> Touch:
    return Touch(
        str(request["person"]),
        str(request["finger"]),
        float(request.get("quality", 0.9)),
        float(request.get("shift", 0.0)),
        float(request.get("wear", 0.0)),
    )


def _place(bench: Bench, request: Request) -> Answer:
    bench.place(_touch(request))
    return {}


def _lift(bench: Bench, _request: Request) -> Answer:
    bench.lift()
    return {}


def _tap(bench: Bench, request: Request) -> Answer:
    bench.tap(_touch(request), float(request.get("hold_ms", 800.0)))
    return {}


def _enrol(bench: Bench, request: Request) -> Answer:
    model = behind_the_back.enrol(
        bench.device,
        int(request["slot"]),
        str(request["person"]),
        str(request["finger"]),
        captures=int(request.get("captures", 3)),
        quality=float(request.get("quality", 0.9)),
    )
    return {"minutiae": len(model.descriptors)}


def _erase(bench: Bench, request: Request) -> Answer:
    bench.device.flash.write_slot(int(request["slot"]), None)
    return {}


def _erase_all(bench: Bench, _request: Request) -> Answer:
    bench.device.flash.clear()
    return {}


def _fault(bench: Bench, request: Request) -> Answer:
    direction = request.get("dir", "out")
    if direction not in ("in", "out"):
        raise ValueError(f"dir must be in or out, not {direction!r}")
    fault = bench.fault(
        str(request["kind"]),
        dict(request.get("when") or {}),
        inbound=direction == "in",
        args=dict(request.get("args") or {}),
        seed=int(request.get("seed", 0)),
    )
    return {"id": fault.number}


def _clear_faults(bench: Bench, _request: Request) -> Answer:
    bench.clear_faults()
    return {}


def _mixed_faults(bench: Bench, request: Request) -> Answer:
    low, high = request.get("stall_ms", (50.0, 800.0))
    mixed = MixedFaults(
        float(request["rate"]),
        int(request.get("seed", 0)),
        tuple(request.get("kinds", ())),
        stall_ms=(float(low), float(high)),
        dribble_ms=float(request.get("dribble_ms", 2.0)),
    )
    bench.mix_faults(mixed if mixed.rate else None)
    return {}


def _power(bench: Bench, request: Request) -> Answer:
    if request["on"]:
        bench.module.power_on()
    else:
        bench.module.power_off()
    return {}


def _unplug(bench: Bench, _request: Request) -> Answer:
    bench.unplug()
    return {}


def _replug(bench: Bench, request: Request) -> Answer:
    link = request.get("link")
    bench.replug(Path(link) if link else None)
    return {}


def _twin(bench: Bench, request: Request) -> Answer:
    bench.device.world.twin(
        str(request["pA"]),
        str(request["fA"]),
        str(request["pB"]),
        str(request["fB"]),
        float(request.get("share", 0.4)),
    )
    return {}


def _swap(bench: Bench, request: Request) -> Answer:
    behind_the_back.swap(bench.module, request)
    return {}


def _restore(bench: Bench, request: Request) -> Answer:
    behind_the_back.restore(bench.module, dict(request["flash"]))
    return {}


def _state(bench: Bench, _request: Request) -> Answer:
    return bench.state()


def _snapshot(bench: Bench, _request: Request) -> Answer:
    return {"flash": bench.device.flash.as_json()}


def _log(bench: Bench, request: Request) -> Answer:
    return {"log": bench.module.log.last(int(request.get("last", 100)))}


def _counters(bench: Bench, _request: Request) -> Answer:
    return {"counters": dict(bench.device.counters)}


ACTIONS: Mapping[str, Callable[[Bench, Request], Answer]] = {
    "place": _place,
    "lift": _lift,
    "tap": _tap,
    "enrol": _enrol,
    "erase": _erase,
    "erase_all": _erase_all,
    "fault": _fault,
    "clear_faults": _clear_faults,
    "mixed_faults": _mixed_faults,
    "power": _power,
    "unplug": _unplug,
    "replug": _replug,
    "twin": _twin,
    "swap": _swap,
    "restore": _restore,
    "state": _state,
    "snapshot": _snapshot,
    "log": _log,
    "counters": _counters,
}


def perform(bench: Bench, request: Request) -> Answer:
    """Do what a request asks; what cannot be done is answered with a sentence, never raised."""
    action = ACTIONS.get(str(request.get("do")))
    if action is None:
        known = ", ".join(sorted(ACTIONS))
        return {"ok": False, "error": f"nothing is called {request.get('do')!r}; there are {known}"}
    try:
        return {"ok": True, **action(bench, request)}
    except KeyError as error:
        return {"ok": False, "error": f"{request['do']} needs {error.args[0]!r}"}
    except (ValueError, TypeError, OSError, OverflowError) as error:
        return {"ok": False, "error": str(error) or repr(error)}


def answer_line(bench: Bench, line: bytes) -> bytes:
    """One line of the control socket."""
    try:
        request = json.loads(line)
    except ValueError as error:
        answer: Answer = {"ok": False, "error": f"not JSON: {error}"}
    else:
        if isinstance(request, dict):
            answer = perform(bench, request)
        else:
            answer = {"ok": False, "error": "a request is a JSON object"}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
