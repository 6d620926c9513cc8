# SPDX-License-Identifier: MIT
"""Checks the user's directory of tools, for `config --check`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.basics.excerpt import LONGEST_TEXT, printable
from appliance.basics.strict_toml import ConfigError
from appliance.config.sections import ToolsSection
from appliance.tools.declaration import each, tool_files, unseen_by_the_service


@dataclass(slots=True)
class UserTools:
    """The names of the user's tools, and a line for each file that is not a tool."""

    taken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def user_tools(tools: ToolsSection, source: str) -> UserTools:
    """The tools in the directory that the file `source` names."""
    directory, own = Path(tools.directory), UserTools()
    try:
        files = tool_files(tools.directory)
    except ConfigError as error:
        return UserTools(wrong=[f"{source}: {error}"])
    words: set[str] = set()
    for tool in each(files):
        if isinstance(tool, ConfigError):
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
        is_file = path.suffix != ".toml" and os.path.isfile(path)
        if is_file and str(path) not in programs:
            name = printable(str(path), LONGEST_TEXT)
            yield f"{name}: ignored: its name does not end in .toml"
