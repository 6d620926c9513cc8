# SPDX-License-Identifier: MIT
"""The report: order, lines, JSON, exit code; and that no fault is without its line."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import gpiozero
import pytest

from appliance.core.signals import TABLE, Fault, Signal, signal_of
from appliance.demo.demo import Panel
from appliance.doctor import (
    answer,
    cards,
    clock,
    microphone,
    models,
    network,
    pins,
    report,
    speaker,
)
from appliance.doctor.checks import CHECKS, SECTIONS, Check
from appliance.doctor.levels import Echo, level
from appliance.doctor.report import as_line, as_object, examine
from appliance.doctor.result import fail, ok, skip
from appliance.hardware.gpio import GpioUnavailable
from appliance.hardware.selection import Selected
from appliance.live.close_codes import Classification, Next, SessionEnd
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from tests.doctor.fixture import COMMANDS, CONFIG, FAIL, OK, PI, SKIP, Room, box, plant
from tests.rig.waiting import in_loop

ROOT = Path(__file__).parents[2]

#: A failing result of each situation that the LED tells, by the check that makes it.
FOUND = {
    Signal.NETWORK: lambda: network.connection_failure("x", ConnectionRefusedError()),
    Signal.KEY: lambda: models.judge_key(models.Reply(401, {})),
    Signal.QUOTA: lambda: models.judge_key(models.Reply(429, {})),
    Signal.REFUSED: lambda: models.judge_model(models.Reply(200, {"models": []}), "m"),
    Signal.MICROPHONE: lambda: cards.judge_cards([], CONFIG),
    Signal.SPEAKER: lambda: speaker.judge_speaker(Echo(0.0, 0.0), 1.0, "default"),
    Signal.CLOCK: lambda: clock.judge_clock(datetime.now(UTC), False),
    Signal.GPIO: lambda: pins.unavailable(GpioUnavailable("[led] gpio = 27: x")),
    Signal.NO_ANSWER: lambda: answer.judge_answer(
        answer.RoundTrip(0.0, up_at=1.0, sent_at=2.0, ended=True), 10.0
    ),
    Signal.LOST: lambda: answer.judge_answer(
        answer.RoundTrip(
            0.0,
            up_at=1.0,
            sent_at=2.0,
            loss=SessionEnd(Classification(Next.RETRY), "1006"),
        ),
        10.0,
    ),
    Signal.UNHEARD: lambda: microphone.judge_microphone(level(bytes(98)), (), PCM),
}
#: What takes its time, and is examined elsewhere.
PCM = Selected("x", "x", None, None)
HANDS_ON = {"microphone", "speaker", "button", "led"}
#: What is no failure, but wanted.
WELL = {
    Signal.STARTING,
    Signal.IDLE,
    Signal.LISTENING,
    Signal.LISTENING_ENDS,
    Signal.THINKING,
    Signal.SPEAKING,
    Signal.DAILY_LIMIT,
    # It takes minutes of talk to find out.
    Signal.LINE_TOO_SLOW,
}


def test_every_failure_that_the_box_can_show_has_its_line():
    assert FOUND.keys() == TABLE.keys() - WELL
    assert FOUND.keys() >= {signal_of(fault) for fault in Fault} - WELL


@pytest.mark.parametrize("signal", FOUND, ids=lambda signal: signal.value)
def test_the_line_of_a_failure_tells_blinks_and_mending(signal):
    result = FOUND[signal]()
    assert (result.verdict, result.signal) == (FAIL, signal)
    line = as_line(Check("s", "the check", None), result)
    assert line.startswith("FAIL  the check ")
    assert f"({TABLE[signal].led}); fix: " in line
    assert "\n" not in line


def test_a_line_is_as_short_as_what_there_is_to_say():
    check = Check("clock", "clock", None)
    assert as_line(check, ok("ticks")).split() == ["OK", "clock", "ticks"]
    assert as_line(check, skip("dark", "sudo")).endswith("dark; fix: sudo")


def test_an_object_has_all_that_a_line_has_and_the_figures():
    result = fail("it stands", "wind it up", Signal.CLOCK, days=3)
    assert json.loads(as_object(Check("clock", "the clock", None), result)) == {
        "section": "clock",
        "check": "the clock",
        "verdict": "FAIL",
        "text": "it stands",
        "mend": "wind it up",
        "signal": "clock",
        "figures": {"days": 3},
        "lines": [],
    }


def test_names_of_checks_are_unique_and_sections_in_one_piece():
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
    sections = [check.section for check in CHECKS]
    assert sections == sorted(sections, key=SECTIONS.index)


def judged(monkeypatch, *results):
    """Checks that come to `findings`."""

    def check(result):
        async def examine(context):
            return result

        return Check("s", result.text, examine)

    monkeypatch.setattr(report, "CHECKS", tuple(map(check, results)))


@pytest.mark.parametrize(
    ("results", "well"),
    [
        ([ok("a"), skip("b")], True),
        ([ok("a"), fail("b", "mend")], False),
        ([], True),
    ],
)
@in_loop
async def test_only_failures_make_it_unwell(monkeypatch, capsys, results, well):
    judged(monkeypatch, *results)
    assert await examine(box(), [], as_json=False) is well
    assert len(capsys.readouterr().out.splitlines()) == len(results) + 1


@in_loop
async def test_while_the_service_runs_what_it_holds_is_left_alone(tmp_path, capsys):
    context = box(plant(tmp_path, PI), commands=COMMANDS, in_use=True)
    await examine(context, {c.section for c in CHECKS if c.exclusive}, as_json=True)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    skipped = {line["section"] for line in said if line["verdict"] == "SKIP"}
    assert skipped == {"rates", "microphone", "speaker", "button", "led"}
    for line in said:
        if line["verdict"] == "SKIP":
            assert line["text"] == "in use by the running service"
            assert line["mend"] == "sudo systemctl stop voice-appliance"


@in_loop
async def test_what_the_service_says_is_one_line_without_a_key(monkeypatch, capsys):
    hostile = "no\n\x1b[2JOK    key AIza" + "x" * 30
    checks = (doomed("a", fail(hostile, hostile)),)
    monkeypatch.setattr(report, "CHECKS", checks)
    for as_json in (False, True):
        await examine(box(), [], as_json=as_json)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "AIzax" not in shown
    assert len(shown.splitlines()) == 3


def doomed(name, result, after=()):
    async def examine(context):
        return result

    return Check("s", name, examine, after=after)


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (doomed("b", fail("no card either", "look"), after=("a",)), SKIP),
        (doomed("b", fail("no card either", "plug it in")), SKIP),
        (doomed("b", fail("another thing", "look")), FAIL),
        (doomed("b", ok("well all the same"), after=("a",)), OK),
        (doomed("b", skip("not here"), after=("a",)), SKIP),
    ],
    ids=["follows", "same mending", "of its own", "well", "left out"],
)
@in_loop
async def test_of_failures_with_one_cause_the_first_is_told(
    monkeypatch, capsys, later, verdict
):
    first = doomed("a", fail("no card", "plug it in", Signal.MICROPHONE))
    monkeypatch.setattr(report, "CHECKS", (first, later))
    assert not await examine(box(), [], as_json=True)
    said = told(capsys)
    assert [line["verdict"] for line in said] == [FAIL, verdict]
    if "no card either" in said[1]["text"]:
        assert said[1]["text"] == "as a failed: no card either"
        assert said[1]["mend"] == ""


@in_loop
async def test_the_cause_of_all_is_named_not_the_one_between(monkeypatch, capsys):
    chain = (
        doomed("a", fail("1", "x")),
        doomed("b", fail("2", "y"), after=("a",)),
        doomed("c", fail("3", "y", Signal.SPEAKER)),
    )
    monkeypatch.setattr(report, "CHECKS", chain)
    await examine(box(), [], as_json=False)
    last = capsys.readouterr().out.splitlines()[2]
    assert last.endswith("as a failed: 3 (6 blinks, pause)")


@in_loop
async def test_what_has_the_same_mending_is_the_cause_not_what_came_before(
    monkeypatch, capsys
):
    checks = (
        doomed("dns", fail("no such name", "look at the network")),
        doomed("key", fail("no API key", "put one there")),
        doomed("answer", fail("no API key", "put one there"), after=("dns",)),
    )
    monkeypatch.setattr(report, "CHECKS", checks)
    await examine(box(), [], as_json=True)
    assert told(capsys)[2]["text"] == "as key failed: no API key"


def test_what_a_check_comes_after_is_examined_before_it():
    names = [check.name for check in CHECKS]
    for number, check in enumerate(CHECKS):
        assert set(check.after) <= set(names[:number])


@pytest.fixture
def doctor(tmp_path, virtual_card):
    """Runs the verb as its user does, on mock pins and the virtual card."""

    def run(*arguments: str, **environment: str):
        return subprocess.run(
            [sys.executable, "-m", "appliance", "doctor", *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "GPIOZERO_PIN_FACTORY": "mock",
                "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin",
                **virtual_card.environment,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def configured(tmp_path) -> Iterator[Path]:
    path = tmp_path / "c.toml"
    path.write_text(
        '[live]\nendpoint = "ws://127.0.0.1:9"\n[microphone]\ndevice = "microphone"\n'
        '[speaker]\ndevice = "speaker"\n'
    )
    return path


def test_all_that_is_asked_for_holds_and_the_exit_code_is_0(doctor, configured):
    ended = doctor(
        "--config", str(configured), "--section", "rates", "--section", "led"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert [line[:22].strip() for line in lines] == [
        "OK    microphone rate",
        "OK    speaker rate",
        "OK    status LED",
        "3 OK, 0 FAIL, 0 SKIP",
    ]


def test_one_failure_is_exit_code_1_and_a_line_of_json(doctor, configured):
    ended = doctor("--json", "--config", str(configured), "--section", "microphone")
    assert (ended.returncode, ended.stderr) == (1, "")
    (line,) = ended.stdout.splitlines()
    assert json.loads(line)["signal"] == "unheard"


def test_an_ill_box_is_examined_to_the_end_and_the_key_is_hidden(doctor, configured):
    sections = [f"--section={name}" for name in SECTIONS if name not in HANDS_ON]
    options = ["--config", str(configured), "--json", *sections]
    ended = doctor(*options, GEMINI_API_KEY="s3cret")
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr) == (1, "")
    assert [line["check"] for line in said] == [
        check.name for check in CHECKS if check.section not in HANDS_ON
    ]
    assert "s3cret" not in ended.stdout
    assert all(line["mend"] for line in said if line["verdict"] == "FAIL")


def test_an_unknown_section_is_a_usage_error(doctor):
    ended = doctor("--section", "feet")
    assert ended.returncode == 2
    assert "invalid choice: 'feet'" in ended.stderr


@pytest.fixture
def room(virtual_card) -> Iterator[Room]:
    room = Room(virtual_card)
    room.start()
    yield room
    room.end()


@pytest.fixture
def panel() -> Iterator[Panel]:
    yield Panel(17, active_low=True)
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = None


@in_loop
async def test_a_healthy_pi_is_well(tmp_path, room, panel, monkeypatch, capsys):
    """A Pi's files and commands; sound, pins and network are real, or as good."""
    monkeypatch.setenv("GEMINI_API_KEY", "any")
    root = plant(tmp_path / "pi", PI)

    def press(request: str) -> None:
        asyncio.get_running_loop().call_later(0.05, panel.press)
        asyncio.get_running_loop().call_later(0.25, panel.release)

    async with LiveServer(Scenario(answer_speed=0, waits_for_playback=False)) as server:
        live = CONFIG.live.changed(endpoint=server.url)
        context = box(root, commands=COMMANDS, config=CONFIG.changed(live=live))
        assert await examine(replace(context, ask=press), [], as_json=True)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["check"] for line in said] == [check.name for check in CHECKS]
    left_out = [line["check"] for line in said if line["verdict"] != OK]
    assert left_out == ["devices", "TLS"]
