# SPDX-License-Identifier: MIT
"""A tool from the service's call to its answer: real programs, card, link and loop."""

import json
import subprocess
from pathlib import Path

import pytest

from appliance.core.conversation import State
from appliance.core.effects import AnswerTool, CancelTools, PlayEarcon, RunTool
from appliance.core.signals import Earcon
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Call, Drop, Scenario
from tests.rig.living_box import CALM, compact, living_box
from tests.rig.waiting import in_loop, noise

TIMER = Path(__file__).parents[2] / "deploy" / "tools.d" / "kitchen_timer.toml"
SETUP = ["> setup", "< setupComplete"]
TURN = ["> activityStart", "> audio", "> activityEnd"]
ANSWER = ["< audio", "< generationComplete", "< turnComplete"]
GOODBYE = ["> close 1000"]
QUICK = {"setup_delay_ms": 0, "answer_delay_ms": 10, "waits_for_playback": False}
LAMP = """\
name = "lamp"
description = "Switches the lamp."
command = ["/bin/sh", "-c", '''{}''']
time_limit_s = {}
"""


@pytest.fixture
def card(virtual_card):
    virtual_card.say(noise(480_000))
    return virtual_card


@pytest.fixture
def config(tmp_path):
    """A box whose lamp is `program`."""

    def with_lamp(program="cat", limit_s=20):
        (tmp_path / "lamp.toml").write_text(LAMP.format(program, limit_s))
        return CALM.changed(tools=CALM.tools.changed(directory=str(tmp_path)))

    return with_lamp


def calling(*names, **args):
    return Scenario(
        calls=tuple(Call(name=n, args=args, turn=1) for n in names), **QUICK
    )


@in_loop
async def test_a_tool_is_called_and_answers_before_the_turn_is(card, config):
    async with LiveServer(calling("lamp", "device_status", on=True)) as server:
        async with living_box(card, server.url, config()) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
        called = ["< toolCall", "> toolResponse", "> toolResponse"]
        assert compact(server.wire()) == SETUP + TURN + called + ANSWER + GOODBYE
        lamp, status = server.calls
        assert lamp.response == {"on": True}
        assert status.response["link"] == "up"


@in_loop
async def test_what_is_said_while_a_tool_runs_is_held_and_then_sent_whole(
    card, config, tmp_path
):
    wait = f"until test -e {tmp_path}/go; do sleep 0.05; done"
    async with LiveServer(calling("lamp")) as server:
        async with living_box(card, server.url, config(wait)) as box:
            await box.ready()
            await box.hold(0.4)
            await box.until(lambda: box.effects(RunTool))
            # Longer than the service takes audio for audio that was on its way.
            await box.hold(1.5)
            await box.state(State.THINKING)
            assert len(server.turns) == 1
            (tmp_path / "go").touch()
            await box.until(lambda: len(server.turns) == 2)
            await box.state(State.SPEAKING)
            await box.quiet()
            _, second = server.turns
            await box.heard(second.answer)
            assert second.heard in card.spoken()
            assert len(second.heard) / 32_000 > 1.5
        assert server.calls[0].response == {"result": "done"}
        assert "> close 1000" in server.wire()


@pytest.mark.parametrize(
    ("program", "limit_s", "says"),
    [
        ("sleep 1000", 0.4, "no answer in 0.4 s"),
        ("cat /dev/zero", 20, "answers with more than 64 KiB"),
        ("cat /dev/zero >&2", 20, "complains in more than 64 KiB"),
        ("kill -KILL $$", 20, "killed by signal 9"),
        ("exit 1", 20, "exit code 1"),
    ],
)
@in_loop
async def test_a_tool_that_misbehaves_is_told_and_the_turn_is_answered(
    card, config, program, limit_s, says
):
    async with LiveServer(calling("lamp")) as server:
        async with living_box(card, server.url, config(program, limit_s)) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            earcons = [effect.earcon for effect in box.effects(PlayEarcon)]
        assert server.calls[0].response == {"error": says}
        assert earcons == [Earcon.READY]


@in_loop
async def test_a_tool_ends_with_its_link_and_the_turn_is_told_as_lost(
    card, config, tmp_path
):
    sleeps = f"echo $$ > {tmp_path}/pid; exec sleep 1000"
    async with LiveServer(calling("lamp")) as server:
        async with living_box(card, server.url, config(sleeps)) as box:
            await box.ready()
            await box.hold(0.4)
            await box.until(lambda: box.effects(RunTool))
            await server.inject(Drop())
            await box.until(lambda: box.effects(CancelTools))
            await box.quiet()
            earcons = [effect.earcon for effect in box.effects(PlayEarcon)]
            assert earcons == [Earcon.READY, Earcon.LOST]
        assert box.effects(AnswerTool) == []


@in_loop
async def test_the_kitchen_timer_speaks_up_when_it_rings(card, tmp_path):
    text = TIMER.read_text().replace(
        "/usr/share/voice-appliance/tools.d", str(TIMER.parent)
    )
    (tmp_path / "kitchen_timer.toml").write_text(text)
    config = CALM.changed(tools=CALM.tools.changed(directory=str(tmp_path)))
    async with LiveServer(
        calling("kitchen_timer", minutes=0.05, label="eggs")
    ) as server:
        async with living_box(card, server.url, config) as box:
            await box.ready()
            await box.hold(0.4)
            await box.state(State.SPEAKING)
            await box.quiet()
            assert not box.effects(AnswerTool)
            await box.until(lambda: box.effects(AnswerTool))
            await box.state(State.SPEAKING)
            await box.quiet()
            (timer,) = server.calls
            await box.heard(timer.remark.answer)
            earcons = [effect.earcon for effect in box.effects(PlayEarcon)]
        wire = compact(server.wire())
        once = [*TURN, "< toolCall", *ANSWER]
        assert wire == [*SETUP, *once, "> toolResponse", *ANSWER, *GOODBYE]
        result = "eggs: 0.05 minutes are over, it rings now"
        assert timer.response == {"result": result}
        assert earcons == [Earcon.READY]


@pytest.mark.parametrize("stdin", ["[1]", "x", "", '{"minutes": "x"}'])
def test_the_kitchen_timer_answers_odd_arguments_with_one_line(stdin):
    ended = subprocess.run(
        [TIMER.with_name("kitchen-timer")], input=stdin, capture_output=True, text=True
    )
    (line,) = ended.stdout.splitlines()
    assert list(json.loads(line)) == ["error"]
    assert (ended.returncode, ended.stderr) == (0, "")
