# SPDX-License-Identifier: MIT
"""Somebody installs the box as the pages say, then does the rest of what they say.

Each of its commands is run as it stands there, also one that is new; those that cannot
be are named here, with the reason.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from textwrap import shorten

import board
import box
import readme
import turns
from live import API_KEY, NAME, live_service
from verdict import expect, scenario

_PACKAGE = Path("/tree/build/e2e/package.deb")
_FIRMWARE = Path("/boot/firmware")
_OVERLAY = _FIRMWARE / "overlays" / "voice-appliance.dtbo"
_FIRMWARE_CONFIG = _FIRMWARE / "config.txt"

#: What tells a command that is not run -> why not.
_NOT_HERE = {
    r"(^|\n) *make ": "for the computer on which this test is run",
    r"^scp ": "there is no second machine: the package is copied",
    r"deploy/install\.sh": "needs the network; `make test` runs it into a directory",
    r"voice-appliance (demo|simulate)": "`make test` runs it",
}
#: What tells the command that installs the package.
_INSTALLS = r"apt install [^\n]*\./"
#: What tells a command that takes away what the others need: those come last.
_REMOVES = re.compile(r"apt (remove|purge) ")
#: Of what is in a command, what is said otherwise here.
_SAID_HERE = {r"TURN=\d+": "TURN=1", r"^ssh (?:-t )?\S+ '(.*)'$": r"\1"}


@scenario("a package in the home directory, a boot partition as Raspberry Pi OS has it")
def _arrive() -> None:
    shutil.copy(_PACKAGE, Path.home() / "voice-appliance_0.1.0_all.deb")
    _OVERLAY.parent.mkdir()
    _FIRMWARE_CONFIG.write_text("dtparam=audio=on")
    board.synchronise()


@contextmanager
def _live() -> Iterator[None]:
    with live_service(api_key=box.key()), box.hosts(NAME):
        yield


def _first_answer(_: str) -> None:
    expect(not list(_FIRMWARE.glob("gemini-api-key*")), "the key was not taken")
    with _live():
        turns.answers()


def _sound_card(_: str) -> None:
    """What a Pi would boot with; this machine goes on with the card that it has."""
    expect(_OVERLAY.stat().st_size, "the overlay is empty")
    lines = _FIRMWARE_CONFIG.read_text().splitlines()
    expect(lines.count("dtoverlay=voice-appliance") == 1, f"config.txt: {lines}")
    _FIRMWARE_CONFIG.unlink()


def _another_key(_: str) -> None:
    expect(box.key() == API_KEY, "the key is another one")
    with _live():
        turns.answers()


def _something(said: str) -> None:
    expect(said.strip() and "-- No entries --" not in said, "it says nothing")


#: What tells a command -> what must be so when it is done; given what it said.
_THEN: dict[str, Callable[[str], None]] = {
    _INSTALLS: _first_answer,
    r"/sound-card ": _sound_card,
    r"systemd-creds encrypt": _another_key,
    # That one shows what a tool complains of: none does.
    r"^journalctl(?!.*d34c28d4536d44e59149e648c929f26f)": _something,
}


def _follow(commands: list[str]) -> str:
    """Do it all, and tell what was left out."""
    left_out = []
    for command in commands:
        if why := [why for what, why in _NOT_HERE.items() if re.search(what, command)]:
            left_out.append(f"{shorten(command, 40)} ({why[0]})")
        else:
            _do(command)
    told = f", not: {'; '.join(left_out)}" if left_out else ""
    return f"{len(commands) - len(left_out)} run{told}"


def _do(command: str) -> None:
    print(f"run: {command.strip()}")
    typed = command
    for there, here in _SAID_HERE.items():
        typed = re.sub(there, here, typed)
    with _live() if "doctor" in command else ExitStack():
        said = readme.type_in(typed, stdin=API_KEY)
    for what in _THEN:
        if re.search(what, command):
            _THEN[what](said)


def _needs_the_package(section: tuple[str, list[str]]) -> bool:
    return not any(re.search(_INSTALLS, command) for command in section[1])


_last = []
for heading, commands in sorted(readme.sections(), key=_needs_the_package):
    _last += [command for command in commands if _REMOVES.search(command)]
    if kept := [command for command in commands if not _REMOVES.search(command)]:
        scenario(heading)(partial(_follow, kept))
scenario("the commands that remove it again")(partial(_follow, _last))
