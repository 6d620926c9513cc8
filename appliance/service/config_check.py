# SPDX-License-Identifier: MIT
"""What may be right in a configuration, and is not what its author wants."""

from collections.abc import Iterator
from pathlib import Path

from appliance.core.strict_toml import Unreadable, keys, shown
from appliance.service.config import Config
from appliance.service.reload import changed
from appliance.service.sections import ToolsSection, VadSection
from appliance.service.tools.declaration import each

NO_EFFECT_ID = "d9e148c821424d9a98bb8764ef4e2470"

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


def wrong_tools(tools: ToolsSection) -> Iterator[str]:
    """A line for each tool of the user's that cannot be used."""
    directory = Path(tools.directory)
    if tools.directory != ToolsSection().directory and not directory.is_dir():
        yield f"[tools] directory = {shown(tools.directory)}: there is no directory"
    for tool in each(directory):
        if isinstance(tool, Unreadable):
            yield str(tool)


def _cause(key: str, config: Config) -> str | None:
    mode, opened = config.turns.mode, config.microphone.open
    if key in _WITHOUT_EFFECT[mode]:
        return f'[turns] mode = "{mode}"'
    if key == "[microphone] pre_roll_ms" and opened != "always":
        return f'[microphone] open = "{opened}"'
    return None
