# SPDX-License-Identifier: MIT
"""The events of a demo as flat records, for `demo --json` and for the terminal.

The names and fields are an interface: other programs read them. `demo --help` prints
EVENTS.
"""

import json
from collections.abc import Iterator
from typing import Any

from appliance.basics.pcm import FRAME_BYTES
from appliance.config.sections import PricesSection
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.advice import advice
from appliance.core.signals import pattern, signal_of
from appliance.journal.transition import Transition
from appliance.journal.turn_report import turn_fields

Record = dict[str, Any]

#: Event and its fields -> when it is told, or what the fields mean.
EVENTS: dict[str, str] = {
    "ready": "button, LED, microphone and speaker work",
    "press": "the button went down",
    "release": "the button went up",
    "tap": "that press was too short to be a turn; nothing was sent",
    "led {pattern}": "what the LED shows from now on",
    "link {state}": "the link is opening, up or down",
    "turn_opened {turn}": "activityStart was sent",
    "turn_closed {turn, frames}": "activityEnd was sent; frames: samples at 16 kHz",
    "answer_started {turn}": "the first of the answer arrived to be played",
    "answer_ended {turn}": "all of the answer has arrived",
    "answer_cut {turn}": "the rest of the answer will never come",
    "playback_dropped": "the speaker was silenced",
    "playback_drained": "all was played out",
    "earcon {name}": "a short sound",
    "sentence {name}": "a failure is said in words, if the box has a voice",
    "status {name, volume_percent}": "three taps: how the box is, and where, in words",
    "volume {percent}": "it was turned",
    "tool_called {name}": "the service wants a tool run",
    "tool_answered {name, response}": "its answer was sent",
    "tools_cancelled {names}": "the service no longer waits for these",
    "fault {kind, reason, advice}": "what keeps the box from answering",
    "fault_cleared {kind}": "it is over",
    "turn_over {turn, outcome, hold_ms, ...}": "the fields of the turn's journal line",
}


class Timeline:
    """Turns transitions into records. Threads: the event loop's only."""

    def __init__(self, prices: PricesSection, *, transcripts: bool = False) -> None:
        self._prices = prices
        self._transcripts = transcripts
        self._frames = 0
        self._shown = ""

    def records(self, transition: Transition) -> Iterator[Record]:
        """The records of `transition`, in order; `t` is time.monotonic()."""
        for name, fields in self._happenings(transition):
            yield {"t": round(transition.now, 6), "event": name, **fields}

    def _happenings(self, transition: Transition) -> Iterator[tuple[str, Record]]:
        before, after = transition.before, transition.after
        yield from _of_event(transition)
        for effect in transition.effects:
            yield from self._of_effect(effect, transition)
        if after.link.state is not before.link.state:
            yield "link", {"state": after.link.state.value}
        for fault in after.faults - before.faults:
            signal = signal_of(fault)
            what_to_do = advice(signal, after.talk.mode)
            why = {"reason": transition.reason, "advice": what_to_do}
            yield "fault", {"kind": signal.value, **why}
        for fault in before.faults - after.faults:
            yield "fault_cleared", {"kind": signal_of(fault).value}
        if after.volume != before.volume:
            yield "volume", {"percent": after.volume.percent}
        if (shown := pattern(after).name) != self._shown:
            self._shown = shown
            yield "led", {"pattern": shown}
        for report in transition.reports:
            fields = turn_fields(
                report, after.budget.spent, self._prices, transcripts=self._transcripts
            )
            yield "turn_over", {name.lower(): value for name, value in fields.items()}

    def _of_effect(
        self, effect: ef.Effect, transition: Transition
    ) -> Iterator[tuple[str, Record]]:
        before, after = transition.before, transition.after
        match effect:
            case ef.OpenTurn(turn):
                self._frames = 0
                yield "turn_opened", {"turn": turn}
            case ef.SendAudio(pcm):
                self._frames += len(pcm) // FRAME_BYTES
            case ef.CloseTurn(turn):
                yield "turn_closed", {"turn": turn, "frames": self._frames}
            case ef.Play() if not before.answer and after.answer:
                yield "answer_started", {"turn": after.answer.turn}
            case ef.Drain() if after.answer:
                whole = after.answer.aftermath is None
                name = "answer_ended" if whole else "answer_cut"
                yield name, {"turn": after.answer.turn}
            case ef.DropPlayback() if before.speaker.quiet_since is None:
                yield "playback_dropped", {}
            case ef.PlayEarcon(earcon):
                yield "earcon", {"name": earcon.value}
            case ef.Say(sentence):
                yield "sentence", {"name": sentence.value}
            case ef.SayStatus(state, percent):
                yield "status", {"name": state.value, "volume_percent": percent}
            case ef.RunTool(_, name):
                yield "tool_called", {"name": name}
            case ef.AnswerTool(_, name, response):
                yield "tool_answered", {"name": name, "response": json.loads(response)}
            case ef.CancelTools(call_ids):
                names = [k.name for k in before.calls if k.call_id in call_ids]
                yield "tools_cancelled", {"names": names}


def _of_event(transition: Transition) -> Iterator[tuple[str, Record]]:
    before, after = transition.before, transition.after
    match transition.event:
        case ev.TalkPressed() | ev.TalkReleased() as edge:
            yield "press" if isinstance(edge, ev.TalkPressed) else "release", {}
            if before.hold and not after.hold:
                yield "tap", {}
        case ev.DevicesReady():
            yield "ready", {}
        case ev.PlaybackDrained(segment) if segment == before.speaker.segment:
            yield "playback_drained", {}
