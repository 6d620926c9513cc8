# SPDX-License-Identifier: MIT
"""The events of `demo --json`, for `demo --help` and the documents."""

#: event -> its fields, and when it is said.
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
    "sentence {name}": "what is wrong is said in words, if the box has any",
    "volume {percent}": "it was turned",
    "tool_called {name}": "the service wants a tool run",
    "tool_answered {name, response}": "its answer was sent",
    "tools_cancelled {names}": "nobody waits for these any more",
    "fault {kind, reason, advice}": "what keeps the box from answering",
    "fault_cleared {kind}": "it is over",
    "turn_over {turn, outcome, hold_ms, ...}": "the fields of the turn's journal line",
}
