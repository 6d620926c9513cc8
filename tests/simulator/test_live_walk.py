# SPDX-License-Identifier: MIT
"""Clients that talk, fall silent, interrupt and answer calls as chance will have it."""

import random

import pytest

from appliance.simulator.live.service import Service
from appliance.simulator.scenario import Call, Scenario
from tests.simulator.live_talk import END, SPEECH, START, Talk, audio

CALLS = (Call("wait"), Call("block", turn=3), Call("wait", turn=3), Call("nobody"))
TOOLS = [
    {"functionDeclarations": [{"name": "block", "behavior": "BLOCKING"}]},
    {"functionDeclarations": [{"name": "wait"}]},
]
MANUAL = {"automaticActivityDetection": {"disabled": True}}
SETUPS = {
    "marked": MANUAL,
    "detected": {},
    "queued": MANUAL | {"activityHandling": "NO_INTERRUPTION"},
}


class Walker:
    def __init__(self, config, seed):
        self.chance = random.Random(seed)
        scenario = Scenario(calls=CALLS, go_away_after_s=10**5)
        self.talk = Talk(service=Service(scenario))
        self.talk.set_up(realtimeInputConfig=config, tools=TOOLS)
        self.marked = config.get("automaticActivityDetection") is not None
        self.open = False

    def step(self):
        if self.chance.random() < 0.3 and self._waiting():
            self._respond(self.chance.choice(self._waiting()))
        elif any(call.blocking for call in self._waiting()):
            self._respond(next(call for call in self._waiting() if call.blocking))
        elif self.marked:
            self._mark()
        else:
            loud = self.chance.random() < 0.6
            pcm = SPEECH if loud else bytes(32_000)
            self.talk.say(audio(pcm[: self.chance.randrange(2, 32_000, 2)]))
        self.talk.wait(self.chance.choice([0, 0.01, 0.3, 1, 3]))

    def end(self):
        for _ in range(5):
            for call in self._waiting():
                self._respond(call)
            self.talk.wait(60)
            if self.open:
                self._mark()
            elif not self.marked:
                self.talk.say({"realtimeInput": {"audioStreamEnd": True}})
        self.talk.wait(600)

    def _mark(self):
        self.talk.say(*((END,) if self.open else (START, audio())))
        self.open = not self.open

    def _waiting(self):
        return [call for call in self.talk.service.calls if call.pending]

    def _respond(self, call):
        choices = ["INTERRUPT", "WHEN_IDLE", "SILENT"]
        said = {
            "id": call.id,
            "name": call.name,
            "response": {},
            "scheduling": self.chance.choice(choices),
        }
        self.talk.say({"toolResponse": {"functionResponses": [said]}})


@pytest.mark.parametrize("mode", SETUPS)
@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_each_turn_ends_once_and_stays_ended(mode, seed):
    walker = Walker(SETUPS[mode], seed)
    for _ in range(60):
        walker.step()
    walker.end()
    talk = walker.talk
    assert talk.closed is None
    remarks = {id(c.remark): c.remark for c in talk.service.calls if c.remark}
    turns = [*talk.service.turns, *remarks.values()]
    assert len(turns) > 5
    assert all(turn.complete != turn.interrupted for turn in turns)
    assert not any(call.pending for call in talk.service.calls)
    assert talk.lines.count("< turnComplete") == len(turns)
    assert talk.lines.count("< interrupted") == sum(t.interrupted for t in turns)
    assert sum(len(turn.answer) for turn in turns) == len(talk.spoken)
