# SPDX-License-Identifier: MIT
"""What the doctor says: of a box that is well, and of each thing that is wrong."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import board
import box
import sound
from live import API_KEY, ENDPOINT, NAME, live_service
from verdict import Failed, expect, run, scenario

from appliance.core.signals import TABLE, Signal

_LIBGPIOD = Path("/usr/lib/python3/dist-packages/gpiod")
_CHIP_NODE = Path("/dev/gpiochip0")
Line = dict[str, Any]
Condition = Callable[[], AbstractContextManager[None]]


def _examine(*sections: str) -> list[Line]:
    """Its lines. Raises Failed unless its exit code says the same."""
    options = [f"--section={section}" for section in sections]
    command = ["voice-appliance", "doctor", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(
        *(f"{line['verdict']:4} {line['check']}: {line['text']}" for line in lines),
        sep="\n",
    )
    expect(lines, f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
    expect(done.returncode == bool(_failed(lines)), f"exit {done.returncode}")
    return lines


def _failed(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["verdict"] == "FAIL"]


@contextmanager
def _live() -> Iterator[None]:
    with live_service(), box.hosts(NAME):
        yield


@contextmanager
def _finger() -> Iterator[None]:
    """Somebody presses the button now and then."""
    done = threading.Event()

    def press() -> None:
        while not done.wait(1.0):
            board.hold(0.3)

    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        yield
    finally:
        done.set()
        pressing.join()


@scenario("the service at work: nothing fails, and what it holds is left alone")
def _at_work() -> str:
    board.synchronise()
    with _live():
        box.shows_signal(Signal.IDLE, limit_s=60)
        pid = box.main_pid()
        lines = _examine()
    expect(not _failed(lines), f"{_failed(lines)}")
    expect(box.main_pid() == pid, "the service was restarted")
    held = [line["check"] for line in lines if "in use" in line["text"]]
    expect("talk button" in held and "microphone level" in held, f"left alone: {held}")
    return _count(lines)


@scenario("the service stopped: all of it is examined, and nothing fails")
def _all_well() -> str:
    run("systemctl", "stop", box.UNIT)
    with _live(), sound.room(), _finger():
        lines = _examine()
    expect(not _failed(lines), f"{_failed(lines)}")
    skipped = {line["section"] for line in lines if line["verdict"] == "SKIP"}
    # No Raspberry Pi, no Wi-Fi.
    expect(skipped <= {"board", "overlay", "health", "wifi"}, f"skipped: {skipped}")
    return _count(lines)


def _count(lines: list[Line]) -> str:
    verdicts = [line["verdict"] for line in lines]
    return ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A condition, and the line that is to be the first that fails."""

    title: str
    condition: Condition
    sections: tuple[str, ...]
    check: str
    signal: Signal | None = None


@contextmanager
def _without(part: str) -> Iterator[None]:
    board.fit(f"no-{part}")
    try:
        yield
    finally:
        board.fit(part)
        run("udevadm", "settle")


@contextmanager
def _without_chip() -> Iterator[None]:
    # Here root finds no registers of a Pi: gpiozero's last resort would crash on them.
    Path("/dev/mem").unlink(missing_ok=True)
    with _without("chip"):
        yield


@contextmanager
def _without_libgpiod() -> Iterator[None]:
    aside = _LIBGPIOD.rename(_LIBGPIOD.with_name("gpiod-aside"))
    try:
        with _finger():
            yield
    finally:
        aside.rename(_LIBGPIOD)


@contextmanager
def _busy() -> Iterator[None]:
    command = ["arecord", "--quiet", "--device=plughw:Loopback,0,0", "/dev/null"]
    with subprocess.Popen(command) as arecord:
        try:
            yield
        finally:
            arecord.terminate()


@contextmanager
def _shut() -> Iterator[None]:
    mode = _CHIP_NODE.stat().st_mode
    _CHIP_NODE.chmod(0o600)
    try:
        yield
    finally:
        _CHIP_NODE.chmod(mode)


@contextmanager
def _configured(section: str, **values: object) -> Iterator[None]:
    before = box.CONFIG.read_text()
    lines = [f"[live]\nendpoint = {json.dumps(ENDPOINT)}"]
    lines += [] if section == "live" else [f"[{section}]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    box.CONFIG.write_text("\n".join([*lines, ""]))
    try:
        yield
    finally:
        box.CONFIG.write_text(before)


@contextmanager
def _keyed(key: str) -> Iterator[None]:
    """The box has this key, or none."""
    box.KEY.unlink()
    if key:
        box.seal(key)
    try:
        with _live():
            yield
    finally:
        box.seal(API_KEY)


@contextmanager
def _in_1970() -> Iterator[None]:
    board.fit("1970")
    try:
        with _live():
            yield
    finally:
        board.set_true_date()
        board.synchronise()


@contextmanager
def _unknown_model() -> Iterator[None]:
    with _configured("live", model="models/of-yesterday"), _live():
        yield


_SOUND = ("cards", "rates", "microphone", "speaker")
_TROUBLES = (
    Trouble(
        "no sound card",
        partial(_without, "card"),
        _SOUND,
        "sound cards",
        Signal.MICROPHONE,
    ),
    Trouble("another program has the card", _busy, _SOUND, "microphone rate"),
    Trouble(
        "no such PCM",
        partial(_configured, "speaker", device="nowhere"),
        _SOUND,
        "speaker rate",
        Signal.SPEAKER,
    ),
    Trouble("digital silence", nullcontext, _SOUND, "microphone level", Signal.UNHEARD),
    Trouble("nobody presses the button", nullcontext, ("button",), "talk button"),
    Trouble(
        "no GPIO chip", _without_chip, ("button", "led"), "GPIO library", Signal.GPIO
    ),
    Trouble("no libgpiod, but lgpio", _without_libgpiod, ("button",), "GPIO library"),
    Trouble("the chip is root's only", _shut, ("permissions",), "devices"),
    Trouble("no network", nullcontext, ("dns", "tls"), "name server", Signal.NETWORK),
    Trouble("it is 1970", _in_1970, ("clock", "dns", "tls"), "clock", Signal.CLOCK),
    Trouble("no key", partial(_keyed, ""), ("key", "answer"), "API key", Signal.KEY),
    Trouble(
        "a wrong key",
        partial(_keyed, "not-the-key"),
        ("key", "model", "answer"),
        "API key",
        Signal.KEY,
    ),
    Trouble(
        "a model that is gone",
        _unknown_model,
        ("key", "model", "answer"),
        "model",
        Signal.REFUSED,
    ),
)


def _diagnose(trouble: Trouble) -> str:
    with trouble.condition():
        failed = _failed(_examine(*trouble.sections))
    if not failed:
        raise Failed("nothing fails")
    first = failed[0]
    expect(first["check"] == trouble.check, f"what fails first: {first}")
    expect(first["mend"], f"it does not say what mends it: {first}")
    shown = first["signal"]
    if trouble.signal:
        expect(shown == trouble.signal.value, f"shown by another signal: {first}")
    led = f" ({TABLE[Signal(shown)].led})" if shown else ""
    return f"{first['check']}: {first['text']}{led}"


for _trouble in _TROUBLES:
    scenario(f"{_trouble.title}: it says so, and what mends it")(
        partial(_diagnose, _trouble)
    )
