"""The punch process: owner of sensor, journal and event key. It works with or without a network."""

import logging
import time
from collections import deque
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from attendance import sealing
from attendance.errors import EvidenceError
from attendance.punch import CLOCK, HEALTH, LISTENING, START, Listening
from attendance.seal import node_id, public_hex
from edge import keys, template_key, wording
from edge.board import Board
from edge.camera_socket import CameraSocket
from edge.clock import Clock, EmulatedClock, SetWatch, SystemClock
from edge.config import NodeConfig
from edge.documents import DocumentShelf
from edge.door import Door, Office, Tick
from edge.enrolment_office import EnrolmentOffice
from edge.errand_office import ErrandOffice
from edge.faults import Fault, SensorError, StorageError
from edge.indicator import Beeper, Indicator, open_display
from edge.keypad import Keypad
from edge.listening import Listener
from edge.local_socket import LocalSocket
from edge.logbook import Logbook
from edge.module_office import ModuleOffice
from edge.module_seal import ModuleSeal
from edge.pin_book import PinBook
from edge.pin_desk import PinDesk
from edge.punch_requests import MAX_REQUEST_BYTES, Answers, RequestQueue, server_record
from edge.sensor import Held, NoFinger
from edge.sensor_faults import SENTENCES, STOPPING
from edge.sensor_keeper import SensorKeeper
from edge.stopping import StopSignal
from edge.supervision import Supervision
from edge.wording import Outcome

_log = logging.getLogger(__name__)
_AGAIN_S = 0.1
_STORAGE_PAUSE_S = 2.0
_LIGHT_S = 1.5
_FIRST_HEALTH_MS = 30_000  # by then the camera has opened or will not
_TIDY_S = 5.0
_SCRUB_MS = 600_000
_SCRUB_HOURS = range(1, 4)  # local time; reading a segment can take a second on a small board
_TRANSIENT = "sensor-again"
_WORKS, _WILL_RETRY = "ok", "will-retry"


def run(config: NodeConfig) -> int:
    """Record punches until SIGTERM; returns the exit status."""
    stop = StopSignal()
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    indicator = Indicator(
        open_display(config.display),
        Beeper(config.display.buzzer_gpio),
        timedelta(milliseconds=config.display.page_ms),
    )
    indicator.show(wording.starting())
    try:
        key = keys.load_or_create(config.state_dir / "event.key")
        sealed_for = template_key.load_or_create(config.state_dir / "template.key")
        clock: Clock = EmulatedClock(config.clock.emulated) if config.clock.emulated else SystemClock()
        watch = None if config.clock.emulated else SetWatch()
        logbook = _opened(config, key, clock, watch, indicator, stop)
    except Fault as error:
        _log.error("%s", error)
        indicator.show(wording.out_of_order(retry=False))
        indicator.close()
        return 1
    if logbook is not None:
        PunchProcess(config, key, sealed_for, logbook, indicator).run(stop)
    indicator.close()
    return 0


def _opened(
    config: NodeConfig,
    key: Ed25519PrivateKey,
    clock: Clock,
    watch: SetWatch | None,
    indicator: Indicator,
    stop: StopSignal,
) -> Logbook | None:
    """The logbook, however long it takes; until then the display says that nothing is recorded."""
    record = server_record(config.state_dir / "server.json")
    epoch = record.epoch if record else 1
    while not stop.asked:
        try:
            return Logbook(config.state_dir, key, clock, epoch=epoch, rtc=config.clock.rtc, watch=watch)
        except (StorageError, OSError) as error:
            _log.error("the journal can't be opened: %s", error)
            indicator.show(wording.not_recorded())
            stop.wait(_STORAGE_PAUSE_S)
    return None


class PunchProcess:
    """The loop, and the parts that it turns."""

    def __init__(
        self,
        config: NodeConfig,
        key: Ed25519PrivateKey,
        sealed_for: X25519PrivateKey,
        logbook: Logbook,
        indicator: Indicator,
    ) -> None:
        state = config.state_dir
        node = node_id(public_hex(key))
        self._config = config
        self._logbook = logbook
        self._indicator = indicator
        self._board = Board()
        self._supervision = Supervision()
        self._sensor = SensorKeeper(config.sensor, state / "sensor.json", ModuleSeal.of(sealed_for))
        self._enrolment = EnrolmentOffice(config, self._sensor, logbook, indicator)
        self._errands = ErrandOffice(state, node, sealed_for, self._sensor, logbook, self._enrolment)
        self._shelf = DocumentShelf(
            state, node, lambda roster: self._sensor.book.lay_over(self._errands.lay_over(roster))
        )
        self._errands.serve(self._shelf)
        self._module = ModuleOffice(
            config, self._sensor, self._shelf, logbook, sealing.public_hex(sealed_for)
        )
        self._camera = CameraSocket(
            state / "camera.sock" if config.camera.source != "none" else None,
            timedelta(milliseconds=config.camera.wait_ms),
        )
        office = Office(node, config.place, config.zone, config.display.say_late, state / "sync-status.json")
        self._door = Door(logbook, self._shelf, self._camera, indicator, office)
        pad = Keypad(config.keypad.path) if config.keypad.path else None
        self._pins = PinDesk(
            pad, PinBook(sealed_for), self._shelf, logbook, self._camera, indicator, self._door
        )
        self._enrolment.serve(self._shelf, self._camera, lambda: self._door.local(logbook.reading()))
        self._requests = RequestQueue()
        self._answers = Answers(
            logbook,
            self._shelf,
            state / "server.json",
            self._facts,
            {"enrol": self._enrolment.handle, **self._errands.requests()},
        )
        self._listener = Listener(timedelta(seconds=config.listening_span_s))
        self._owed: deque[tuple[str, dict[str, Any]]] = deque()
        self._sensor_told = ""
        self._fault = wording.out_of_order(retry=False)
        self._health_due_bt_ms = 0
        self._light_until = 0.0
        self._mend_at = 0.0
        self._tidy_at = 0.0
        self._scrub_due_bt_ms = 0
        self._epoch_is_over = False

    def run(self, stop: StopSignal) -> None:
        """Look at the glass again and again, until `stop` or until a claim began another epoch."""
        self._begin()
        socket = LocalSocket(
            self._config.state_dir / "punch.sock", self._requests.answer, max_request_bytes=MAX_REQUEST_BYTES
        )
        self._supervision.ready()
        try:
            while not stop.asked and not self._epoch_is_over:
                wait_s = self._turn()
                self._requests.serve(self._answers.handle, wait_s)
                self._supervision.alive()
        finally:
            self._supervision.stopping()
            socket.close()
            self._sensor.close()
            self._pins.close()
            self._close_span(self._listener.lost())
            self._logbook.close()

    def _begin(self) -> None:
        record = server_record(self._config.state_dir / "server.json")
        problems = self._shelf.load(record.document_key if record else None)
        boot = self._logbook.new_boot()
        self._owe(
            START,
            {
                "software": version("hadir"),
                "clock_source": self._logbook.clock_source,
                "journal": self._logbook.opened,
                "board": self._board.model(),
                "sensor": {"path": self._config.sensor.path, "baud_bps": self._config.sensor.baud_bps},
                "camera": self._config.camera.source,
                "documents": {kind: self._shelf.serial(kind) for kind in ("policy", "roster")},
                "documents_refused": problems,
            },
        )
        if boot is not None:
            self._owe(CLOCK, boot)
        self._health_due_bt_ms = self._logbook.reading().bt_ms + _FIRST_HEALTH_MS

    def _turn(self) -> float:
        """One look at the clocks and at the glass; how many seconds to wait before the next one."""
        monotonic_s = time.monotonic()
        reading, oddities = self._logbook.look_at_clock()
        for body in oddities:
            self._record(CLOCK, body)
        tick = Tick(monotonic_s, reading)
        self._pins.turn(deaf=self._enrolment.running)
        if self._enrolment.running:
            # A finger that wants to be booked would not be heard now: nobody may be called absent for it.
            self._close_span(self._listener.lost())
            wait_s = self._enrolment.turn()
        else:
            wait_s = self._look(tick)
        if self._enrolment.running or self._pins.page is None:  # who stands at the keypad goes first
            self._enrolment.heed_orders()
            self._module.turn(self._door.local(reading), enrolling=self._enrolment.running)
            self._errands.turn()
        self._keep_up(tick)
        return wait_s

    def _look(self, tick: Tick) -> float:
        try:
            self._enrolment.before_look()
            seen = self._sensor.look()
        except SensorError as error:
            self._sensor_failed(error)
            return _AGAIN_S
        if seen is None:
            return _AGAIN_S
        self._enrolment.saw(seen)
        self._errands.saw(seen)
        self._heard(tick)
        said = self._pins.answer(seen, tick)
        if said is not None:
            self._light(said)
        return self._config.sensor.poll_interval_ms / 1000 if isinstance(seen, NoFinger | Held) else 0.0

    def _heard(self, tick: Tick) -> None:
        if self._sensor_told != _WORKS:
            self._sensor_told = _WORKS
            self._light_until = tick.monotonic_s
            self._record(HEALTH, self._health("sensor-ok"))
        if self._logbook.fault is None:
            moment = self._logbook.moment(tick.reading)
            self._close_span(self._listener.heard(moment, timedelta(seconds=tick.monotonic_s)))

    def _sensor_failed(self, error: SensorError) -> None:
        if error.sentence_id == _TRANSIENT:
            self._indicator.show(wording.out_of_order(retry=True))
            return
        self._close_span(self._listener.lost())
        # Told once: the kinds of a sensor that is away change with every try to open it.
        told = _WILL_RETRY if error.retry else error.kind
        if self._sensor_told != told:
            self._sensor_told = told
            sentence = SENTENCES.get(error.sentence_id)
            self._fault = wording.sensor_out_of_order(sentence, stopped=error.kind in STOPPING)
            self._indicator.show(self._fault)
            self._record(HEALTH, self._health("sensor-fault") | {"detail": error.message[:200]})

    def _keep_up(self, tick: Tick) -> None:
        """What is due: the idle page, the light, health events, and a storage that may work again."""
        local = self._door.local(tick.reading)
        broken = self._logbook.fault is not None
        faulty = self._sensor_told not in ("", _WORKS)
        if self._enrolment.page is not None:
            self._indicator.idle(self._enrolment.page)
        elif broken:
            self._indicator.idle(wording.not_recorded().pages[0])
        elif faulty:
            self._indicator.idle(self._fault.pages[0])
        else:
            self._indicator.idle(self._pins.page or wording.idle(local))
        if self._light_until and tick.monotonic_s >= self._light_until:
            self._light_until = 0.0
            self._sensor.light(Outcome.FAULT if broken else Outcome.READY)
        if broken and tick.monotonic_s >= self._mend_at:
            self._mend_at = tick.monotonic_s + _STORAGE_PAUSE_S
            self._close_span(self._listener.lost())
            self._record(HEALTH, self._health("storage-mended"))
        if tick.monotonic_s >= self._tidy_at:
            self._tidy_at = tick.monotonic_s + _TIDY_S
            self._logbook.tidy()
            self._look_at_epoch()
        if not broken and local.hour in _SCRUB_HOURS and tick.reading.bt_ms >= self._scrub_due_bt_ms:
            self._scrub_due_bt_ms = tick.reading.bt_ms + _SCRUB_MS
            self._logbook.scrub()
        if tick.reading.bt_ms >= self._health_due_bt_ms:
            self._health_due_bt_ms = tick.reading.bt_ms + self._config.health_interval_s * 1000
            self._record(HEALTH, self._health("regular"))

    def _look_at_epoch(self) -> None:
        """Central takes nothing of an old epoch: end, so that the next start goes on in the claim's."""
        record = server_record(self._config.state_dir / "server.json")
        if record is not None and record.epoch != self._logbook.link.epoch:
            _log.warning("the claim began epoch %d: starting anew", record.epoch)
            self._epoch_is_over = True

    def _light(self, outcome: Outcome) -> None:
        self._sensor.light(outcome)
        self._light_until = time.monotonic() + _LIGHT_S

    def _health(self, what: str) -> dict[str, Any]:
        counters = {name: count for name, count in sorted(self._door.counters.items()) if count}
        return {
            "what": what,
            "sensor": self._sensor.facts(),
            "camera": self._camera_facts(),
            "disk": self._board.disk(self._config.state_dir),
            "power": self._board.power(),
            "counters": counters,
            **self._pins.facts(),
        }

    def _camera_facts(self) -> dict[str, Any]:
        source = {"source": self._config.camera.source}
        return {**source, "state": self._camera.state()} if self._camera.present else source

    def _facts(self) -> dict[str, Any]:
        since, fault = self._listener.since, self._logbook.fault
        return {
            "sensor": self._sensor.state,
            "storage": fault.kind if fault else "ok",
            "listening_since_ms": since.wall_ms if since else None,
            "software": version("hadir"),
        }

    def _close_span(self, span: Listening | None) -> None:
        """Write a span that has ended, and what else is owed."""
        if span is not None:
            self._owe(LISTENING, span.content())
        self._pay()

    def _owe(self, type_: str, content: dict[str, Any]) -> None:
        """Write what stays true and must not be missing, as soon as something can be written."""
        self._owed.append((type_, content))
        self._pay()

    def _pay(self) -> bool:
        """Write what is owed; whether nothing is left of it."""
        while self._owed and self._write(*self._owed[0]):
            self._owed.popleft()
        return not self._owed

    def _record(self, type_: str, content: dict[str, Any]) -> None:
        """Write an event that nobody waits for or misses, behind what is owed."""
        if self._pay():
            self._write(type_, content)

    def _write(self, type_: str, content: dict[str, Any]) -> bool:
        """Write an event; False where another try may help. The idle page tells of the storage."""
        try:
            self._logbook.write(type_, content)
        except StorageError as error:
            _log.warning("a %s event is not recorded: %s", type_, error)
            return False
        except EvidenceError as error:
            _log.error("a %s event has no form: %s", type_, error)
        return True
