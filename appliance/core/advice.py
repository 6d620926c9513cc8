# SPDX-License-Identifier: MIT
"""What to do in each situation, in the words of the way the box is talked to."""

from appliance.core.signals import TABLE, Signal
from appliance.core.talk_mode import TalkMode

#: TABLE is worded for a button that is held; this is what differs.
_OTHERWISE: dict[TalkMode, dict[Signal, str]] = {
    TalkMode.HOLD: {},
    TalkMode.TOGGLE: {
        Signal.IDLE: "Press the button and talk.",
        Signal.LISTENING: "Talk; press again when you are done.",
        Signal.THINKING: "Wait; two quick presses cancel.",
        Signal.SPEAKING: "Press to talk over it; two quick presses hush.",
    },
    TalkMode.HANDS_FREE: {
        Signal.IDLE: "Press the button and talk.",
        Signal.LISTENING: "Talk, and pause; a press closes the microphone.",
        Signal.LISTENING_ENDS: "Talk, or the microphone closes by itself.",
        Signal.THINKING: "Wait for the answer.",
        Signal.SPEAKING: "A press silences it.",
    },
}


def advice(signal: Signal, mode: TalkMode) -> str:
    """A sentence or two."""
    return _OTHERWISE[mode].get(signal, TABLE[signal].advice)
