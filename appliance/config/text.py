# SPDX-License-Identifier: MIT
"""The configuration as text: what `config` prints, and the file that is shipped."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from appliance.basics.strict_toml import Key, keys, sections
from appliance.config.file import Config
from appliance.config.sections import APPLIED

_HEAD = """\
# voice-appliance configuration. Every key may be left out; a commented-out line shows
# the default. `voice-appliance config --check FILE` lists every mistake in a file.
# `systemctl reload voice-appliance` applies a change, but for keys marked "restart".
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
        for section in sections(old)
        for key in keys(section.value)
        if getattr(getattr(new, section.name), key.name) != key.value
    ]


def declared(name: str) -> dict[str, Any]:
    """The keys that declare `name`, as "[section] key", and what they declare."""
    return {
        f"[{section.name}] {key.name}": key.declared[name]
        for section in sections(Config())
        for key in keys(section.value)
        if name in key.declared
    }


def needs_restart(key: Key) -> bool:
    """Whether only a new process reads `key`."""
    return APPLIED in key.declared


def _text(config: Config, prefix: str) -> str:
    tables = sections(config)
    first = [key for key in keys(config) if key not in tables]
    return "\n".join(
        [
            "".join(_lines(first, prefix)),
            *(
                f"[{table.name}]\n" + "".join(_lines(keys(table.value), prefix))
                for table in tables
            ),
        ]
    )


def _lines(section: list[Key], prefix: str) -> Iterator[str]:
    for key in section:
        allowed = f"{key.allowed}; restart" if needs_restart(key) else key.allowed
        for line in textwrap.wrap(f"{key.meaning} [{allowed}]", 86):
            yield f"# {line}\n"
        # A JSON scalar is a TOML scalar, too.
        yield f"{prefix}{key.name} = {json.dumps(key.value, ensure_ascii=False)}\n"
