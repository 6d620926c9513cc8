# SPDX-License-Identifier: MIT
"""The table of all that the box says, in English and in German."""

from appliance.core.sentences import Sentence
from appliance.core.signals import TABLE, Signal
from appliance.speech.words import words

#: When it is said, where no signal of the table leads to it.
_WHEN = {
    Sentence.FIRST_START: "once in its life, when it is ready",
    Sentence.UPDATED: "once after an update, when it is ready",
    Sentence.KEY_TAKEN: "at the start: `gemini-api-key` on the boot partition was good",
    Sentence.KEY_UNUSABLE: "at the start: that file holds no key; "
    "`gemini-api-key.rejected.txt` says why",
    Sentence.CONFIGURATION: "at the start, which ends then with exit code 78: "
    "`/etc/voice-appliance.toml`, or a line that it names, is wrong",
    Sentence.SETTINGS_UNUSABLE: "at the start: `voice-appliance.toml` there has "
    "mistakes; `voice-appliance.toml.rejected.txt` lists them",
    Sentence.NO_MICROPHONE: "at the start: the microphone is missing for 5 s",
    Sentence.READY: "three taps: its state, this or a fault of the above",
    Sentence.HOST: "three taps",
    Sentence.ADDRESS: "three taps, if it has an address",
    Sentence.WIFI: "three taps, if NetworkManager has it in a Wi-Fi",
    Sentence.STRENGTH_GOOD: "the signal is 55 % or more",
    Sentence.STRENGTH_FAIR: "30 % or more",
    Sentence.STRENGTH_WEAK: "less",
    Sentence.VOLUME: "three taps",
    Sentence.VERSION: "three taps",
    Sentence.DOT: "in names: kitchen.local",
}


def table() -> str:
    """A row for each sentence."""
    english, german = words("en"), words("de")
    rows = [
        f"| `{s.value}` | {_when(s)} | {english[s]} | {german[s]} |" for s in Sentence
    ]
    head = ["| name | said | in English | in German |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _when(sentence: Sentence) -> str:
    if sentence in _WHEN:
        return _WHEN[sentence]
    row = TABLE[Signal[sentence.name]]
    return f"{row.situation}, after the sound `{row.earcon}`"
