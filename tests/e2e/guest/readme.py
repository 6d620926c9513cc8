# SPDX-License-Identifier: MIT
"""The commands of README and pages, by section, to be typed in as they stand there."""

import re
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from verdict import expect

_TREE = Path("/tree")
#: In the order of a newcomer; those about another computer, or parts that are not here,
#: left out.
_PAGES = (
    "install",
    "use",
    "privacy",
    "cost",
    "configuration",
    "tools",
    "journal",
    "doctor",
)
#: A block of commands, or a command in the text.
_COMMANDS = re.compile(
    r"^ *```sh\n(.*?)^ *```"
    r"|`((?:sudo|systemctl|journalctl|ssh|scp|voice-appliance)\s[^`]+)`",
    re.MULTILINE | re.DOTALL,
)
#: Nobody needs sudo here, is asked, or may restart the machine; what follows the
#: journal for ever is stopped.
_SHELL = """
sudo() { "$@"; }
apt() { command apt --yes "$@"; }
reboot() { :; }
journalctl() { timeout 3 journalctl "$@"; }
"""
_STOPPED = 124


def sections() -> Iterator[tuple[str, list[str]]]:
    """Page and heading, and the commands below it, each once."""
    for page in ("README", *(f"docs/{name}" for name in _PAGES)):
        text = (_TREE / f"{page}.md").read_text()
        top, *parts = re.split(r"(?m)^##+ (.*)$", text)
        headings = [page, *(f"{page}, {heading}" for heading in parts[::2])]
        for heading, text in zip(headings, [top, *parts[1::2]], strict=True):
            found = [_apart(*groups) for groups in _COMMANDS.findall(text)]
            if found:
                yield heading, list(dict.fromkeys(chain(*found)))


def _apart(block: str, inline: str) -> list[str]:
    """A block is run as one, but that each look at the journal is to show something."""
    if not block:
        return [" ".join(inline.split())]
    lines = block.splitlines()
    return lines if all(line.startswith("journalctl") for line in lines) else [block]


def type_in(commands: str, stdin: str = "") -> str:
    """What the commands say. They must succeed, or go on until they are stopped."""
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", _SHELL + commands],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=Path.home(),
    )
    said = f"{done.stdout}{done.stderr}".strip()[-300:]
    why = f"{commands.strip()}: exit {done.returncode}: {said}"
    expect(done.returncode in (0, _STOPPED), why)
    return done.stdout
