# SPDX-License-Identifier: MIT
"""What is made from the code and committed: `make docs` writes it anew."""

from pathlib import Path

from appliance.core.earcons import in_words
from appliance.core.signals import TABLE
from appliance.service.config_text import shipped

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SHIPPED = ROOT / "deploy" / "config" / "config.toml"
BEGIN, END = "<!-- signals: made by `make docs` -->", "<!-- end of signals -->"


def table() -> str:
    """The signals as Markdown."""
    rows = [
        f"| {row.situation} | {row.led} | {_sound(row.earcon)} | {row.advice} |"
        for row in TABLE.values()
    ]
    return "\n".join(
        ["| situation | LED | sound | what to do |", "|---|---|---|---|", *rows]
    )


def _sound(earcon) -> str:
    return f"`{earcon}`: {in_words(earcon)}" if earcon else "–"


def updated(readme: str) -> str:
    """`readme` with its table as the code has it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(updated(README.read_text()))
    SHIPPED.write_text(shipped())
