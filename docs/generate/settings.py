# SPDX-License-Identifier: MIT
"""Every setting as Markdown tables, one for each section of the file."""

import json

from appliance.basics.strict_toml import Key, keys
from appliance.config.file import Config
from appliance.config.text import needs_restart

#: A longer default would burst the table.
_LONGEST = 40


def tables() -> str:
    """`[section]`, and a row for each of its keys."""
    return "\n\n".join(
        "\n".join(
            [
                f"### [{section.name}]",
                "",
                "| key | default | allowed | meaning |",
                "|---|---|---|---|",
                *(
                    f"| `{key.name}` | {_default(key.value)} | {_cell(key.allowed)} "
                    f"| {_meaning(key)} |"
                    for key in keys(section.value)
                ),
            ]
        )
        for section in keys(Config())
    )


def _default(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= _LONGEST else "see the file"


def _meaning(key: Key) -> str:
    return _cell(key.meaning) + " (restart)" * needs_restart(key)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
