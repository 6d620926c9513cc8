# SPDX-License-Identifier: MIT
"""The configuration of a box on the virtual card."""

from collections.abc import Mapping
from typing import Any

from appliance.config.file import Config

Sections = Mapping[str, Mapping[str, Any]]

#: A turn ends to the frame, and also where what the microphone hears never pauses.
FIXED_TAIL = Config().turns.changed(tail="fixed", tail_ms=200)
#: So that a test is short; the speaker's periods are such that a busy machine keeps up.
SHORT: Sections = {
    "microphone": {"device": "microphone"},
    "speaker": {"device": "speaker", "period_frames": 2400, "prefill_ms": 200},
    "turns": {
        "tail": FIXED_TAIL.tail,
        "tail_ms": FIXED_TAIL.tail_ms,
        "answer_limit_s": 4.0,
        "delivery_limit_s": 14.0,
    },
    "live": {"idle_disconnect_s": 480.0},
}


def text(endpoint: str, changes: Sections) -> str:
    """SHORT with `changes`, as TOML."""
    sections = {name: dict(keys) for name, keys in SHORT.items()}
    sections["live"]["endpoint"] = endpoint
    for name, keys in changes.items():
        sections.setdefault(name, {}).update(keys)
    lines = []
    for name, keys in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_value(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
