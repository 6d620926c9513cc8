# SPDX-License-Identifier: MIT
"""What may be right in a configuration, and is not what its author wants."""

from appliance.basics.strict_toml import keys
from appliance.config.file import Config
from appliance.config.sections import VadSection
from appliance.config.text import changed

_HANDS_FREE_ONLY = {
    "[turns] echo",
    "[turns] hands_free_limit_s",
    *(f"[vad] {key.name}" for key in keys(VadSection())),
}
_NEVER_HANDS_FREE = {
    "[button] mode",
    "[microphone] pre_roll_ms",
    "[turns] min_hold_ms",
    "[turns] tail_ms",
    "[turns] hold_limit_s",
}
#: By [turns] mode.
_WITHOUT_EFFECT = {
    "activity": _HANDS_FREE_ONLY,
    "server-vad": _NEVER_HANDS_FREE,
    "client-content": _HANDS_FREE_ONLY | {"[live] turn_coverage"},
}


def without_effect(config: Config) -> list[str]:
    """A line for each key that is set, and that the other settings make pointless."""
    return [
        f"{key} has no effect: {cause}; change that, or leave this out"
        for key in changed(Config(), config)
        if (cause := _cause(key, config))
    ]


def _cause(key: str, config: Config) -> str | None:
    mode, opened = config.turns.mode, config.microphone.open
    if key in _WITHOUT_EFFECT[mode]:
        return f'[turns] mode = "{mode}"'
    if key == "[microphone] pre_roll_ms" and opened != "always":
        return f'[microphone] open = "{opened}"'
    return None
