# SPDX-License-Identifier: MIT
"""The documents that are made from the code and committed."""

import argparse
from pathlib import Path

from appliance.cli import parser
from appliance.core.earcons import in_words
from appliance.core.signals import TABLE, Earcon

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DEPLOY = ROOT / "deploy"
SHIPPED = DEPLOY / "config" / "config.toml"
CATALOG = DEPLOY / "catalog" / "voice-appliance.catalog"
COMPLETION = DEPLOY / "completions" / "voice-appliance"
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


def _sound(earcon: Earcon | None) -> str:
    return f"`{earcon}`: {in_words(earcon)}" if earcon else "–"


def updated(readme: str) -> str:
    """`readme` with its table as the code has it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


_COMPLETION = """\
# Made from the code by `make docs`.
_voice_appliance() {
    local word=${COMP_WORDS[COMP_CWORD]} words=
    case $COMP_CWORD:${COMP_WORDS[1]} in
%s
    esac
    # Anything else is completed as a file name.
    [[ $COMP_CWORD -eq 1 || $word == -* ]] || return
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o bashdefault -o default -F _voice_appliance voice-appliance
"""


def completion() -> str:
    """Verbs and options for bash."""
    own, verbs = arguments()
    lines = [f"    1:*) words='{' '.join([*verbs, *own])}' ;;"]
    lines += [f"    *:{verb}) words='{' '.join(o)}' ;;" for verb, o in verbs.items()]
    return _COMPLETION % "\n".join(lines)


def arguments() -> tuple[list[str], dict[str, list[str]]]:
    """The options without a verb, and those of each verb, as argparse has them."""
    top = parser()
    (verbs,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return _options(top), {verb: _options(p) for verb, p in verbs.choices.items()}


def _options(of: argparse.ArgumentParser) -> list[str]:
    return [o for a in of._actions for o in a.option_strings if o.startswith("--")]
