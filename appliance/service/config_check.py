# SPDX-License-Identifier: MIT
"""What may be right in a configuration, and is not what its author wants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.core.repeated import shown_path
from appliance.core.strict_toml import Unreadable, keys
from appliance.service.config import Config
from appliance.service.reload import changed
from appliance.service.sections import ToolsSection, VadSection
from appliance.service.tools.declaration import each, unseen_by_the_service

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


@dataclass(slots=True)
class OwnTools:
    """The names of the user's tools, and a line for each file that is none."""

    taken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def own_tools(tools: ToolsSection, source: str) -> OwnTools:
    """What comes of the directory of tools that the file `source` names."""
    directory, own = Path(tools.directory), OwnTools()
    if tools.directory != ToolsSection().directory and not directory.is_dir():
        what = f"[tools] directory = {shown_path(tools.directory)}"
        own.wrong.append(f"{source}: {what}: there is no directory")
    words: set[str] = set()
    for tool in each(directory):
        if isinstance(tool, Unreadable):
            own.wrong += tool.lines
            continue
        words.update(tool.command)
        if unseen := unseen_by_the_service(tool):
            own.wrong.append(f"{directory}: {tool.name}: {unseen}")
        else:
            own.taken.append(tool.name)
    own.ignored += _ignored(directory, words)
    return own


def _ignored(directory: Path, programs: set[str]) -> Iterator[str]:
    """A tool's program may lie beside it."""
    for path in sorted(directory.glob("[!.]*")):
        if path.suffix != ".toml" and path.is_file() and str(path) not in programs:
            yield f"{path}: ignored: its name does not end in .toml"


def _cause(key: str, config: Config) -> str | None:
    mode, opened = config.turns.mode, config.microphone.open
    if key in _WITHOUT_EFFECT[mode]:
        return f'[turns] mode = "{mode}"'
    if key == "[microphone] pre_roll_ms" and opened != "always":
        return f'[microphone] open = "{opened}"'
    return None
