"""The module on a pty: port, baud, plug, control socket, flash file, process."""

import json
import os
import signal
import socket
import threading
from pathlib import Path

import pytest
import serial
from adafruit_fingerprint import Adafruit_Fingerprint

from emulators.fingerprint_module.__main__ import clock_of, main, parse
from emulators.fingerprint_module.client import ModuleProcess, Remote
from emulators.fingerprint_module.commands import ControlError
from emulators.fingerprint_module.flash import Flash, FlashFileError, load, save
from emulators.fingerprint_module.profiles import profile_named
from emulators.fingerprint_module.pty_module import open_module
from emulators.fingerprint_module.pty_port import PtyPort
from emulators.fingerprint_module.tempo import Tempo
from emulators.fingerprint_module.wake_pin import WakeFifo
from tests.support.fingerprint_port import boot, plugged

VFY = bytes.fromhex("EF01FFFFFFFF010007130000000000 1B")
OK = bytes.fromhex("EF01FFFFFFFF07000300000A")


def test_the_real_library_punches_over_the_pty(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        for slot in range(20):
            module.enrol(slot, f"p{slot}", "thumb")
        sensor = Adafruit_Fingerprint(port)
        for number in range(20):
            module.place(f"p{number}", "thumb")
            assert (sensor.get_image(), sensor.image_2_tz(), sensor.finger_search()) == (0, 0, 0)
            assert sensor.finger_id == number
            module.lift()
        assert sensor.get_image() == 2


def test_the_real_library_enrols_backs_up_and_restores_a_template(tmp_path: Path) -> None:
    with plugged(tmp_path, "zfm20") as (module, port):
        sensor = Adafruit_Fingerprint(port)
        for buffer in (1, 2):
            module.place("p1", "thumb")
            assert (sensor.get_image(), sensor.image_2_tz(buffer)) == (0, 0)
        assert (sensor.create_model(), sensor.store_model(4)) == (0, 0)
        assert (sensor.load_model(4), sensor.read_templates(), sensor.templates) == (0, 0, [4])
        template = sensor.get_fpdata("char", 1)
        assert len(template) == 512
        assert sensor.send_fpdata(template, "char", 2)
        assert sensor.store_model(9, 2) == 0
        slots = module.snapshot()["slots"]
        assert slots["4"] == slots["9"] == bytes(template).hex()


@pytest.mark.parametrize(("profile", "size"), [("r503_200", 18432), ("zfm20", 36864)])
def test_a_whole_image_passes_a_buffer_that_is_smaller(tmp_path: Path, profile: str, size: int) -> None:
    with plugged(tmp_path, profile) as (module, port):
        module.place("p1", "thumb")
        sensor = Adafruit_Fingerprint(port)
        assert sensor.get_image() == 0
        assert len(sensor.get_fpdata("image")) == size


@pytest.mark.parametrize("baud", [9600, 28800, 115200])
def test_the_wrong_speed_gives_no_sense_and_the_right_one_does(tmp_path: Path, baud: int) -> None:
    with plugged(tmp_path, "zfm20", baud) as (module, port):
        port.write(VFY)
        assert port.read(12) == b""
        assert module.counters()["garbled_in"] == 1
        module.fault("baud_changed", args={"multiple": baud // 9600})
        port.write(VFY)
        assert port.read(12) == OK


def test_an_answer_at_another_speed_than_the_hosts_is_garbage(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        module.fault("stall", args={"ms": 30})
        port.write(VFY)
        module.fault("baud_changed", args={"multiple": 12})
        assert port.read(12) != OK


def test_stop_bits_matter(tmp_path: Path) -> None:
    with plugged(tmp_path) as (_, port):
        port.stopbits = serial.STOPBITS_TWO
        port.write(VFY)
        assert port.read(12) == b""
        port.stopbits = serial.STOPBITS_ONE
        port.write(VFY)
        assert port.read(12) == OK


def test_unplugging_takes_the_port_away_and_another_name_brings_it_back(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        module.enrol(1, "p1", "thumb")
        module.unplug()
        assert not (tmp_path / "tty").is_symlink()
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
        with pytest.raises(ControlError, match="not plugged in"):
            module.unplug()
        module.replug(str(tmp_path / "other"))
        boot(module)
        with serial.Serial(str(tmp_path / "other"), 57600, timeout=2) as again:
            sensor = Adafruit_Fingerprint(again)
            assert (sensor.count_templates(), sensor.template_count) == (0, 1)
        with pytest.raises(ControlError, match="plugged in already"):
            module.replug()


def test_a_scripted_unplug_comes_back_by_itself(tmp_path: Path) -> None:
    with plugged(tmp_path) as (module, port):
        module.fault("unplug", {"opcode": "VfyPwd"}, args={"replug_after_ms": 30})
        port.write(VFY)
        while not module.counters().get("fault_unplug") or not module.state()["ready"]:
            pass
        with serial.Serial(str(tmp_path / "tty"), 57600, timeout=2) as again:
            again.write(VFY)
            assert again.read(12) == OK


def test_a_thousand_unplugs_leave_no_descriptor_and_no_thread_behind(tmp_path: Path) -> None:
    with open_module("r503_200", tmp_path / "tty") as module:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(1000):
            module.unplug()
            module.replug()
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert "fingerprint-module" not in {thread.name for thread in threading.enumerate()}
    assert list(tmp_path.iterdir()) == []


def test_two_hosts_talk_to_two_modules_at_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with plugged(tmp_path / "a", "r503_200") as (_, one), plugged(tmp_path / "b", "zfm20") as (_, other):
        assert Adafruit_Fingerprint(one).library_size == 200
        assert Adafruit_Fingerprint(other).library_size == 162


def test_the_flash_file_outlives_the_module(tmp_path: Path) -> None:
    flash = tmp_path / "flash.json"
    with open_module("r503_200", tmp_path / "tty", flash_path=flash) as module:
        module.enrol(7, "p1", "thumb")
        module.fault("password_set", args={"password": "00000001"})
        kept = module.snapshot()
    with open_module("r503_200", tmp_path / "tty", flash_path=flash) as module:
        assert module.snapshot() == kept
        assert module.state()["slots"] == [7]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"profile":"zfm20"}', '{"profile":"r503_200","slots":3}'])
def test_a_file_that_is_no_flash_of_this_profile_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "flash.json"
    path.write_text(text)
    with pytest.raises(FlashFileError):
        load(path, profile_named("r503_200"), "X")
    assert main(["--link", str(tmp_path / "tty"), "--flash", str(path)]) == 2
    assert path.read_text() == text


def test_a_flash_file_is_replaced_whole_and_wear_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "flash.json"
    flash = Flash.fresh(profile_named("r503_200"))
    flash.write_slot(5, None)
    save(flash, path)
    again = load(path, flash.profile, "X")
    assert again.as_json() == flash.as_json()
    assert again.erase_counts[1] == 1
    assert [one.name for one in tmp_path.iterdir()] == ["flash.json"]


def test_control_requests_that_make_no_sense_are_answered_in_words(tmp_path: Path) -> None:
    with open_module("r503_200", tmp_path / "tty", control=tmp_path / "ctl") as module:
        for request, word in (
            ({"do": "sing"}, "sing"),
            ({}, "None"),
            ({"do": "place", "person": "p1"}, "finger"),
            ({"do": "place", "person": "p1", "finger": "thumb", "quality": 2}, "quality"),
            ({"do": "enrol", "slot": 200, "person": "p1", "finger": "thumb"}, "slot"),
            ({"do": "enrol", "slot": "x", "person": "p1", "finger": "thumb"}, "x"),
            ({"do": "enrol", "slot": 1, "person": "p1", "finger": "thumb", "captures": 0}, "capture"),
            ({"do": "fault", "kind": "flood"}, "flood"),
            ({"do": "fault", "kind": "silence", "dir": "up"}, "dir"),
            ({"do": "mixed_faults", "rate": 2}, "rate"),
        ):
            answer = module.do(request)
            assert answer["ok"] is False
            assert word in answer["error"]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "ctl"))
            lines = client.makefile("rb")
            for line, word in ((b"no json\n", "JSON"), (b"[1]\n", "object")):
                client.sendall(line)
                assert word in json.loads(lines.readline())["error"]
            client.sendall(b'{"do":"state"}\n{"do":"counters"}\n')
            assert json.loads(lines.readline())["profile"] == "r503_200"
            assert json.loads(lines.readline()) == {"ok": True, "counters": {}}
            lines.close()


def test_every_control_request_works_over_the_socket(tmp_path: Path) -> None:
    options = (
        "--profile",
        "r503_200",
        "--seed",
        "42",
        "--fast",
        "--speed",
        "inf",
        "--flash",
        str(tmp_path / "f"),
    )
    fifo = tmp_path / "wake"
    child = ModuleProcess(tmp_path / "tty", tmp_path / "ctl", *options, "--wake-fifo", str(fifo))
    with child as remote:
        boot(remote)  # its ready byte must not be taken for the answer to the first command
        pin = os.open(fifo, os.O_RDONLY)
        with serial.Serial(str(tmp_path / "tty"), 57600, timeout=2) as port:
            exercise(remote, Adafruit_Fingerprint(port))
        remote.place("p1", "right_index")
        assert os.read(pin, 2) == b"0\n"
        os.close(pin)
        child.process.send_signal(signal.SIGTERM)
        assert child.process.wait(10) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["f"]


def exercise(remote: Remote, sensor: Adafruit_Fingerprint) -> None:
    remote.enrol(5, "p1", "right_index")
    remote.twin("p1", "right_index", "p2", "right_index", share=0.9)
    remote.tap("p2", "right_index", hold_ms=3000)
    assert (sensor.get_image(), sensor.image_2_tz(), sensor.finger_search(), sensor.finger_id) == (0, 0, 0, 5)
    assert remote.fault("silence", {"opcode": "Search"}) == 1
    remote.mixed_faults(0.5, 7, stall_ms=[1, 2])
    remote.clear_faults()
    remote.lift()
    remote.erase(5)
    remote.enrol(6, "p1", "right_index")
    assert remote.state()["slots"] == [6]
    remote.erase_all()
    assert sensor.count_templates() == sensor.template_count == 0
    remote.swap("SWAPPED1")
    assert remote.snapshot()["serial"] == "SWAPPED1"
    remote.power(False)
    assert not remote.state()["powered"]
    remote.power(True)
    remote.unplug()
    remote.replug()
    assert {"in", "out", "event"} <= {entry["what"] for entry in remote.log(last=1000)}
    assert remote.log(last=0) == []
    assert remote.counters()["commands"] > 5


def test_the_log_file_holds_both_directions(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with ModuleProcess(tmp_path / "tty", tmp_path / "ctl", "--log", str(log)) as remote:
        boot(remote)
        with serial.Serial(str(tmp_path / "tty"), 57600, timeout=2) as port:
            port.write(VFY)
            assert port.read(12) == OK
    text = log.read_text()
    assert VFY.hex(" ") in text
    assert OK.hex(" ") in text


def test_the_clocks_of_the_command_line() -> None:
    def clock(*words: str) -> tuple[Tempo, float]:
        return clock_of(parse(["--link", "x", *words]))

    assert clock()[1] == clock("--realtime")[1] == 1.0
    assert clock("--fast")[1] == clock("--fast")[0].host_wait_scale == 20.0
    assert clock("--fast", "--speed", "5")[1] == 5.0
    tempo, speed = clock("--fast", "--speed", "inf")
    assert (tempo.work_scale, tempo.paced, speed) == (0.0, False, 1.0)
    tempo, _ = clock("--work-scale", "0")
    assert (tempo.work_scale, tempo.turnaround, tempo.paced) == (0.0, 0.0, True)
    assert clock("--work-scale", "0", "--turnaround-scale", "0.5")[0].turnaround == 0.5


@pytest.mark.parametrize(
    "words", [[], ["--link", "x", "--speed", "3"], ["--link", "x", "--fast", "--speed", "0"],
              ["--link", "x", "--work-scale", "-1"], ["--link", "x", "--profile", "r999"]]
)  # fmt: skip
def test_a_command_line_that_makes_no_sense_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    assert "error" in capsys.readouterr().err


def test_a_full_fifo_and_a_full_host_buffer_stop_nothing(tmp_path: Path) -> None:
    fifo = WakeFifo(tmp_path / "wake")
    for _ in range(40_000):
        fifo.write(True)
    fifo.close()
    assert not (tmp_path / "wake").exists()
    port = PtyPort(tmp_path / "tty")
    for _ in range(10):
        port.write(bytes(1_000_000))
    assert port.wants_write
    port.close()
