# SPDX-License-Identifier: MIT
"""Real messages and files, with the places where a mutation can do something clever."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.config.text import shipped

GOLDEN = Path(__file__).parents[1] / "golden"
TALKS = ("turn", "barge_in", "resumption", "odd_frames")
KEY = "AIzaSyD-not-a-real-key-0123456789abcdefg"

#: From one byte to the other.
Span = tuple[int, int]


@dataclass(slots=True)
class Specimen:
    """A text, and where its keys, values and members (key and value) are."""

    text: bytes = b""
    keys: list[Span] = field(default_factory=list)
    values: list[Span] = field(default_factory=list)
    members: list[Span] = field(default_factory=list)
    #: Between members, if there must be one.
    comma: bytes = b","


def of_json(message: Any) -> Specimen:
    specimen = Specimen()
    _write(message, specimen)
    return specimen


def of_toml(text: str) -> Specimen:
    specimen = Specimen(text.encode(), comma=b"")
    for line in re.finditer(rb"^(\S+) = (.+)\n", specimen.text, re.MULTILINE):
        specimen.keys.append(line.span(1))
        specimen.values.append(line.span(2))
        specimen.members.append(line.span())
    return specimen


def _write(json_value: Any, into: Specimen) -> None:
    start = len(into.text)
    match json_value:
        case dict():
            _write_all(json_value.items(), b"{}", into)
        case list():
            _write_all(json_value, b"[]", into)
        case _:
            into.text += json.dumps(json_value).encode()
    into.values.append((start, len(into.text)))


def _write_all(inner: Any, brackets: bytes, into: Specimen) -> None:
    into.text += brackets[:1]
    for index, each in enumerate(inner):
        into.text += b"," if index else b""
        start = len(into.text)
        if isinstance(each, tuple):
            key, each = each
            into.text += json.dumps(key).encode()
            into.keys.append((start, len(into.text)))
            into.text += b":"
        _write(each, into)
        into.members.append((start, len(into.text)))
    into.text += brackets[1:]


def _lines(kind: str) -> Iterator[Any]:
    for talk in TALKS:
        for line in (GOLDEN / f"{talk}.jsonl").read_text("utf-8").splitlines():
            if kind in (message := json.loads(line)):
                yield message[kind]


#: What the service says, in the order in which it says it.
SERVER = [of_json(message) for message in _lines("received")]
#: What clients say once they are set up: ours, and what ours never says.
TALK = [
    of_json(message)
    for message in [
        *(message for message in _lines("sent") if "setup" not in message),
        {"clientContent": {"turns": [], "turnComplete": True}},
        {
            "toolResponse": {
                "functionResponses": [
                    {
                        "id": "1",
                        "name": "f",
                        "response": {"a": 1},
                        "scheduling": "WHEN_IDLE",
                        "willContinue": False,
                    }
                ]
            }
        },
        {
            "realtime_input": {
                "media_chunks": [{"data": "AAEC", "mime_type": "audio/pcm"}]
            }
        },
        {"contextUpdate": {"systemInstruction": {"parts": [{"text": "Be brief."}]}}},
        {"realtimeInput": {"activityStart": {}}},
        {"realtimeInput": {"text": "What time is it?"}},
        {"realtimeInput": {"audioStreamEnd": True}},
        {"realtimeInput": {"activityEnd": {}}},
        {
            "clientContent": {
                "turns": [{"role": "user", "parts": [{"text": "Hi"}]}],
                "turnComplete": True,
            }
        },
    ]
]
SETUPS = [
    of_json(message)
    for message in [
        *(message for message in _lines("sent") if "setup" in message),
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "generationConfig": {"temperature": 0.5, "seed": 1, "topK": 40},
                "tools": [{"functionDeclarations": [{"name": "f", "parameters": {}}]}],
                "sessionResumption": {"handle": "h-1"},
                "contextWindowCompression": {"triggerTokens": "25600"},
                "historyConfig": {"initialHistoryInClientContent": True},
                "safetySettings": [{"category": "X", "threshold": "Y"}],
            }
        },
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "tools": [
                    {
                        "functionDeclarations": [
                            {
                                "name": "start_timer",
                                "description": "Rings.",
                                "behavior": "BLOCKING",
                                "parameters": {
                                    "type": "OBJECT",
                                    "properties": {
                                        "minutes": {"type": "INTEGER", "minimum": 1},
                                        "days": {
                                            "type": "ARRAY",
                                            "items": {"type": "STRING"},
                                        },
                                    },
                                    "required": ["minutes"],
                                },
                            }
                        ]
                    },
                    {"googleSearch": {}},
                ],
                "realtimeInputConfig": {
                    "automaticActivityDetection": {
                        "startOfSpeechSensitivity": "START_SENSITIVITY_LOW",
                        "prefixPaddingMs": 300,
                        "silenceDurationMs": 500,
                    },
                    "turnCoverage": "TURN_INCLUDES_ALL_INPUT",
                },
            }
        },
    ]
]
CONFIG = [of_toml(re.sub(r"(?m)^#(?=\w+ = )", "", shipped()))]
SCENARIOS = [
    of_toml(text)
    for text in (
        'answer = "echo"\nanswer_delay_ms = 300\nanswer_speed = 4.0\n'
        "waits_for_playback = true\npong_delay_s = 30\ngo_away_after_s = 2.5\n"
        '[[fault]]\naction = "close"\nat = "mid_answer"\nturn = 2\ncode = 1011\n'
        'reason = "Internal error encountered."\nrepeat = false\n',
        '[[fault]]\naction = "slow"\nat = "setup"\nlink = 1\nspeed = 0.5\n'
        '[[fault]]\naction = "oversized"\nat = "first_audio"\nsize_bytes = 2097152\n'
        '[[fault]]\naction = "go_away"\nat = "turn_closed"\ntime_left_s = 50.0\n',
        '[[call]]\nname = "set_volume"\nturn = 2\nargs = { percent = 30 }\n',
    )
]
