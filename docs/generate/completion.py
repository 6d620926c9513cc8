# SPDX-License-Identifier: MIT
"""What bash completes after `voice-appliance`."""

import argparse

from appliance.cli import parser

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
