# SPDX-License-Identifier: MIT
"""The four states and what leads from one to another, as a Mermaid diagram."""

from appliance.core import events as ev
from appliance.core.conversation import State
from docs.generate.transitions import Transitions, transitions

IDLE, LISTENING, THINKING, SPEAKING = State

#: An event and the state after it -> what the diagram says, in its order.
WORDS: dict[tuple[type[ev.Event], State], str] = {
    (ev.TalkPressed, LISTENING): "press",
    (ev.PlaybackDrained, IDLE): "played out",
    (ev.PlaybackDrained, THINKING): "it was a filler",
    (ev.AnswerPaused, THINKING): "it was a filler",
    (ev.TalkReleased, IDLE): "it was a tap",
    (ev.PeriodCaptured, THINKING): "tail captured",
    (ev.PeriodCaptured, IDLE): "digital silence",
    (ev.TimePassed, THINKING): "tail overdue",
    (ev.TimePassed, IDLE): "a time limit",
    (ev.FaultRaised, THINKING): "microphone lost",
    (ev.FaultRaised, IDLE): "microphone fault",
    (ev.LinkLost, IDLE): "refused, or lost twice",
    (ev.AnswerAudio, SPEAKING): "the answer sounds",
    (ev.AnswerAudio, IDLE): "no speaker for it",
    (ev.AnswerEnded, IDLE): "no sound in it",
    (ev.AnswerInterrupted, IDLE): "the service breaks off",
    (ev.StopRequested, IDLE): "stop",
}


def diagram(found: Transitions | None = None) -> str:
    """The block for a page. KeyError if a transition has no words here."""
    arrows = [
        f"    {before.value} --> {after.value}: {_reasons(kinds, after)}"
        for (before, after), kinds in (found or transitions()).items()
    ]
    head = ["stateDiagram-v2", "    direction LR", "    [*] --> idle"]
    return "\n".join(["```mermaid", *head, *sorted(arrows), "```"])


def _reasons(kinds: set[type[ev.Event]], after: State) -> str:
    words = {WORDS[kind, after] for kind in kinds}
    return " · ".join(word for word in dict.fromkeys(WORDS.values()) if word in words)
