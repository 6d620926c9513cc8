# SPDX-License-Identifier: MIT
"""The README's commands, run as they stand there."""

import re
import subprocess
from pathlib import Path

from verdict import expect

_README = Path("/tree/README.md")
#: Nobody needs sudo here; what follows the journal for ever is stopped.
_SHELL = 'sudo() { "$@"; }; journalctl() { timeout 5 journalctl "$@"; }\n'
_STOPPED = 124


def block(containing: str) -> str:
    """The block of commands with these words in it."""
    blocks: list[str] = re.findall(r"(?ms)^```sh\n(.*?)^```", _README.read_text())
    found = [block for block in blocks if containing in block]
    expect(len(found) == 1, f"the README has {len(found)} blocks with {containing!r}")
    return found[0]


def lines(containing: str) -> list[str]:
    """The commands of a block in which each line is one."""
    return block(containing).splitlines()


def type_in(commands: str, stdin: str = "") -> str:
    """What the commands say. They must succeed, or go on until they are stopped."""
    typed = _SHELL + commands
    done = subprocess.run(
        ["bash", "-e", "-c", typed], input=stdin, capture_output=True, text=True
    )
    why = f"{commands.strip()}: exit {done.returncode}: {done.stderr.strip()}"
    expect(done.returncode in (0, _STOPPED), why)
    return done.stdout
