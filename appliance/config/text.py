# SPDX-License-Identifier: MIT
"""The configuration as the text of its file: what `config` prints, what is shipped."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from appliance.basics.strict_toml import Section, keys
from appliance.config.file import Config

_HEAD = """\
# voice-appliance configuration. Every key may be left out; what is commented out is
# the default. `voice-appliance config --check FILE` says whether a file is right.
"""


def effective(config: Config) -> str:
    """`config` as TOML, every key with its meaning and range."""
    return _text(config, prefix="")


def shipped() -> str:
    """The file that is installed: every default, commented out."""
    return f"{_HEAD}\n{_text(Config(), prefix='#')}"


def changed(old: Config, new: Config) -> list[str]:
    """The keys in which they differ, as "[section] key"."""
    return [
        f"[{section.name}] {key.name}"
        for section in keys(old)
        for key in keys(section.value)
        if getattr(getattr(new, section.name), key.name) != key.value
    ]


def declared(name: str) -> dict[str, Any]:
    """What the keys that declare `name` say there, by "[section] key"."""
    return {
        f"[{section.name}] {key.name}": key.declared[name]
        for section in keys(Config())
        for key in keys(section.value)
        if name in key.declared
    }


def _text(config: Config, prefix: str) -> str:
    return "\n".join(
        f"[{table.name}]\n" + "".join(_lines(table.value, prefix))
        for table in keys(config)
    )


def _lines(section: Section, prefix: str) -> Iterator[str]:
    for key in keys(section):
        for line in textwrap.wrap(f"{key.meaning}: {key.allowed}", 86):
            yield f"# {line}\n"
        # A JSON scalar is a TOML scalar, too.
        yield f"{prefix}{key.name} = {json.dumps(key.value, ensure_ascii=False)}\n"
