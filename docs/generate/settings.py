# SPDX-License-Identifier: MIT
"""Every setting as Markdown tables, one for each section of the file."""

import json

from appliance.basics.strict_toml import Key, keys, sections
from appliance.config.file import Config
from appliance.config.text import needs_restart

#: A longer default would burst the table.
_LONGEST = 40


def tables() -> str:
    """A table of the keys above the first section, then one for each section."""
    tables = sections(Config())
    first = [key for key in keys(Config()) if key not in tables]
    return "\n\n".join(
        [
            _table("Above the first section", first),
            *(_table(f"[{table.name}]", keys(table.value)) for table in tables),
        ]
    )


def _table(title: str, rows: list[Key]) -> str:
    return "\n".join(
        [
            f"### {title}",
            "",
            "| key | default | allowed | meaning |",
            "|---|---|---|---|",
            *(
                f"| `{key.name}` | {_default(key.value)} | {_cell(key.allowed)} "
                f"| {_meaning(key)} |"
                for key in rows
            ),
        ]
    )


def _default(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= _LONGEST else "see the file"


def _meaning(key: Key) -> str:
    return _cell(key.meaning) + " (restart)" * needs_restart(key)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
