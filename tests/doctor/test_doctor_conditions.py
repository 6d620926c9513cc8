# SPDX-License-Identifier: MIT
"""The report of a box with one thing wrong: one line fails, the others name it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import gpiozero
import numpy as np
import pytest

from appliance.core.signals import Signal
from appliance.doctor import microphone, pins, recording, speaker
from appliance.doctor.checks import CHECKS
from appliance.doctor.context import Context
from appliance.doctor.machine import Ran
from appliance.doctor.report import examine
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Close, Scenario
from tests.doctor.fixture import COMMANDS, CONFIG, PI, box, plant
from tests.rig.waiting import in_loop

SOUND = {"cards", "rates", "microphone", "speaker"}
WAY = {"clock", "dns", "tls", "key", "model", "answer"}
QUICK = {"setup_delay_ms": 0, "answer_delay_ms": 10, "answer_speed": 0}
NODE = "sys/bus/platform/devices/soc:sound/"
NO_OVERLAY = {f"{NODE}of_node/compatible": None, f"{NODE}driver/uevent": None}
NO_CARD = {"proc/asound/cards": "--- no soundcards ---\n"}
NOISE = np.random.default_rng(1).normal(0, 300, 80_000).astype("<i2")


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong with a box, the check that is to tell it, and those after it."""

    title: str
    check: str
    signal: Signal | None
    text: str
    sections: set[str]
    follow: tuple[str, ...] = ()
    #: Files of the Pi that are other than well; None: not there.
    files: dict[str, str | None] | None = None
    commands: dict[str, Ran] | None = None
    #: What is done to the virtual card: a fault of each part, and what it hears.
    faults: tuple[tuple[str, str], ...] = ()
    hears: bytes = NOISE.tobytes()
    live: dict[str, str] | None = None
    scenario: Scenario | None = None
    api_key: str | None = "any"
    in_use: bool = False


RATES = ("microphone rate", "speaker rate")
LEVELS = ("microphone level", "record and play", "cuts")
NO_MIC, NO_SPEAKER = Signal.MICROPHONE, Signal.SPEAKER
CONDITIONS = [
    Condition(
        "no overlay in config.txt, no card",
        "overlay",
        None,
        "config.txt has no overlay for a sound card",
        SOUND | {"overlay"},
        ("sound cards", *RATES, *LEVELS),
        {**NO_OVERLAY, **NO_CARD, "boot/firmware/config.txt": "dtparam=audio=on\n"},
        faults=(("microphone", "gone"), ("speaker", "gone")),
    ),
    Condition(
        "overlay there, no driver for it",
        "overlay",
        None,
        "no driver has taken it",
        SOUND | {"overlay"},
        ("sound cards", *RATES, *LEVELS),
        {**NO_CARD, f"{NODE}driver/uevent": None},
        faults=(("microphone", "gone"), ("speaker", "gone")),
    ),
    Condition(
        "no card at all",
        "sound cards",
        NO_MIC,
        "there is no sound card",
        SOUND,
        (*RATES, *LEVELS),
        NO_CARD,
        faults=(("microphone", "gone"), ("speaker", "gone")),
    ),
    Condition(
        "the microphone is in other hands",
        "microphone rate",
        NO_MIC,
        "Device or resource busy",
        SOUND,
        ("microphone level", "record and play"),
        faults=(("microphone", "busy"),),
    ),
    Condition(
        "the whole card is in other hands",
        "microphone rate",
        NO_MIC,
        "Device or resource busy",
        SOUND,
        ("speaker rate", *LEVELS),
        faults=(("microphone", "busy"), ("speaker", "busy")),
    ),
    Condition(
        "the speaker is unplugged",
        "speaker rate",
        NO_SPEAKER,
        "No such device",
        SOUND,
        ("record and play", "cuts"),
        faults=(("speaker", "gone"),),
    ),
    Condition(
        "the microphone is silent",
        "microphone level",
        Signal.UNHEARD,
        "digital silence",
        SOUND,
        hears=bytes(160_000),
    ),
    Condition(
        "the microphone has too much DC",
        "microphone level",
        NO_MIC,
        "DC of 4",
        {"microphone"},
        hears=(NOISE + 14_000).astype("<i2").tobytes(),
    ),
    Condition(
        "the microphone's line is stuck",
        "microphone level",
        NO_MIC,
        "stuck at 25.0% of full scale",
        {"microphone"},
        hears=np.full(80_000, 8192, "<i2").tobytes(),
    ),
    Condition(
        "the microphone clips",
        "microphone level",
        NO_MIC,
        "of the frames clip",
        {"microphone"},
        hears=np.clip(NOISE * 40.0, -32768, 32767).astype("<i2").tobytes(),
    ),
    Condition(
        "the loudspeaker is not heard",
        "record and play",
        NO_SPEAKER,
        "two notes were played, and heard only",
        {"microphone", "speaker"},
    ),
    Condition(
        "no GPIO chip",
        "GPIO library",
        Signal.GPIO,
        "gpio",
        {"button", "led"},
        ("talk button", "status LED"),
    ),
    Condition(
        "Wi-Fi saves power",
        "Wi-Fi power save",
        None,
        "power save is on",
        {"wifi"},
        commands={"iw dev wlan0 get power_save": Ran(0, b"Power save: on\n")},
    ),
    Condition(
        "undervoltage",
        "power supply",
        None,
        "undervoltage now",
        {"health"},
        commands={"vcgencmd get_throttled": Ran(0, b"throttled=0x10001\n")},
    ),
    Condition(
        "the clock is not synchronised",
        "clock",
        Signal.CLOCK,
        "not synchronised with the network time",
        WAY,
        commands={
            "timedatectl show --property=NTPSynchronized --value": Ran(0, b"no\n")
        },
        scenario=Scenario(**QUICK, waits_for_playback=False),
    ),
    Condition(
        "no name server",
        "name server",
        Signal.NETWORK,
        "cannot be resolved",
        WAY,
        ("TLS", "API key", "model", "question and answer"),
        live={"endpoint": "wss://no-such-host.invalid/"},
    ),
    Condition(
        "nobody listens at the endpoint",
        "TLS",
        Signal.NETWORK,
        "refused",
        WAY,
        ("API key", "model", "question and answer"),
        live={"endpoint": "wss://127.0.0.1:9/"},
    ),
    Condition(
        "no key",
        "API key",
        Signal.KEY,
        "no API key",
        WAY,
        ("model", "question and answer"),
        scenario=Scenario(**QUICK),
        api_key=None,
    ),
    Condition(
        "the key is rejected",
        "API key",
        Signal.KEY,
        "API key not valid",
        WAY,
        ("question and answer",),
        scenario=Scenario(**QUICK),
        api_key="wrong",
    ),
    Condition(
        "the model is gone",
        "model",
        Signal.REFUSED,
        "models/gemini-2.0-flash-exp is not among the live models",
        WAY,
        ("question and answer",),
        live={"model": "models/gemini-2.0-flash-exp"},
        scenario=Scenario(**QUICK),
    ),
    Condition(
        "no quota",
        "question and answer",
        Signal.QUOTA,
        "RESOURCE_EXHAUSTED",
        WAY,
        scenario=Scenario(
            **QUICK, faults=(Close(at="turn_closed", reason="RESOURCE_EXHAUSTED"),)
        ),
    ),
    Condition(
        "the service has no answer",
        "question and answer",
        Signal.NO_ANSWER,
        "no answer: no sound in it",
        WAY,
        scenario=Scenario(**QUICK, answer="silent"),
    ),
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(recording, "_SETTLE_S", 0.1)
    monkeypatch.setattr(microphone, "_LISTEN_S", 0.4)
    monkeypatch.setattr(speaker, "_ROOM_S", 0.4)
    monkeypatch.setattr(pins, "PRESS_LIMIT_S", 0.1)
    for name in ("https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ill(tmp_path, virtual_card, monkeypatch) -> Callable[[Condition], Context]:
    """The box with that condition; its network is the caller's."""

    def make(condition: Condition) -> Context:
        files = {**PI, **(condition.files or {})}
        there = {name: text for name, text in files.items() if text is not None}
        root = plant(tmp_path / "pi", {"sys/class/net/wlan0/wireless": None, **there})
        virtual_card.say(condition.hears)
        for part, fault in condition.faults:
            virtual_card.fault(part, fault)
        monkeypatch.delenv("GEMINI_API_KEY", raising=False)
        if condition.api_key:
            monkeypatch.setenv("GEMINI_API_KEY", condition.api_key)
        if "gpio" in condition.text:
            monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none")
            monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
        commands = {**COMMANDS, **(condition.commands or {})}
        live = CONFIG.live.changed(**(condition.live or {}))
        return box(root, commands=commands, config=CONFIG.changed(live=live))

    return make


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.title)
@in_loop
async def test_one_thing_wrong_is_one_line_that_fails(condition, ill, capsys):
    context = ill(condition)
    if condition.scenario:
        key = "any" if condition.api_key == "wrong" else None
        async with LiveServer(condition.scenario, api_key=key) as server:
            live = context.config.live.changed(endpoint=server.url)
            config = context.config.changed(live=live)
            well = await examine(
                replace(context, config=config), condition.sections, as_json=True
            )
    else:
        well = await examine(context, condition.sections, as_json=True)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (failed,) = (line for line in said if line["verdict"] == "FAIL")
    signal = condition.signal and condition.signal.value
    assert not well
    assert (failed["check"], failed["signal"]) == (condition.check, signal)
    assert condition.text in failed["text"]
    assert failed["mend"]
    because = f"as {condition.check} failed: "
    follow = [line["check"] for line in said if line["text"].startswith(because)]
    assert tuple(follow) == condition.follow


def test_each_check_that_can_fail_here_has_a_condition():
    shown = {condition.check for condition in CONDITIONS}
    elsewhere = {"board and system", "talk button", "status LED", "devices", "words"}
    elsewhere |= {"cuts", "last failures"}
    assert shown | elsewhere == {c.name for c in CHECKS}
