# SPDX-License-Identifier: MIT
"""Settings that are valid, but have no effect."""

from appliance.basics.excerpt import quote
from appliance.config.file import Config
from appliance.config.sections import MODES
from appliance.config.text import changed, declared

#: A PCM that is named has a definition of its own.
_OF_A_CARD = {"[microphone] channel", "[microphone] gain_db"}


def without_effect(config: Config) -> list[str]:
    """A line for each key that is set, and that the other settings make pointless."""
    return [
        f"{key} has no effect: {cause}; change that, or leave this out"
        for key in changed(Config(), config)
        if (cause := _cause(key, config))
    ]


def _cause(key: str, config: Config) -> str | None:
    mode, opened = config.turns.mode, config.microphone.open
    if mode not in declared(MODES).get(key, (mode,)):
        return f'[turns] mode = "{mode}"'
    if key in _OF_A_CARD and config.microphone.device:
        return f"[microphone] device = {quote(config.microphone.device)}"
    if key == "[microphone] pre_roll_ms" and opened != "always":
        return f'[microphone] open = "{opened}"'
    return None
