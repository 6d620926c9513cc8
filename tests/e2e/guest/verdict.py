# SPDX-License-Identifier: MIT
"""What a scenario is, and how it is judged: one sentence, OK or FAIL, a figure."""

import signal
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

_LIMIT_S = 120
_LAST_LINES = 30
_T = TypeVar("_T")


class Failed(Exception):
    """What should have happened, and what was seen instead."""


class SoundImpaired(Failed):
    """Samples were lost between the two ends of the emulated card: worth one retry."""


class Scenario(NamedTuple):
    title: str
    #: Returns the figure for the table, if there is one.
    run: Callable[[], str | None]


class Verdict(NamedTuple):
    title: str
    ok: bool
    figure: str
    seconds: float
    retried: bool
    #: The journal's last lines, if it failed.
    journal: list[str]


#: In the order in which they are defined, which is that in which they run.
SCENARIOS: list[Scenario] = []


def scenario(title: str) -> Callable[[Callable[[], str | None]], None]:
    """Marks a function as the scenario of this title."""

    def add(run: Callable[[], str | None]) -> None:
        SCENARIOS.append(Scenario(title, run))

    return add


def judge(scenario: Scenario) -> Verdict:
    """Runs a scenario, for _LIMIT_S at most; again if only its sound was bad."""
    began, retried = time.monotonic(), False
    ok, figure = _try(scenario)
    if ok is None:
        retried = True
        ok, figure = _try(scenario)
    seconds = round(time.monotonic() - began, 1)
    journal = [] if ok else _last_lines()
    return Verdict(scenario.title, bool(ok), figure, seconds, retried, journal)


def _last_lines() -> list[str]:
    """The status that the service has given itself, and the end of the journal."""
    lines = f"--lines={_LAST_LINES}"
    journal = ["journalctl", "--boot", "--output=short-monotonic", lines]
    status = ["systemctl", "show", "--property=StatusText", "voice-appliance.service"]
    return [
        line
        for command in (status, journal)
        for line in subprocess.run(
            command, capture_output=True, text=True
        ).stdout.splitlines()
    ]


def _try(scenario: Scenario) -> tuple[bool | None, str]:
    """Whether it went well (None: but for the sound), and the figure or the reason."""
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(_LIMIT_S)
    try:
        return True, scenario.run() or ""
    except Exception as error:  # whatever it is, the other scenarios are to run
        traceback.print_exc()
        verdict = None if isinstance(error, SoundImpaired) else False
        return verdict, f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


def _out_of_time(*_: Any) -> None:
    raise Failed(f"not done after {_LIMIT_S} s")


def expect(holds: object, otherwise: str) -> None:
    """Raises Failed(otherwise) unless `holds`."""
    if not holds:
        raise Failed(otherwise)


def until(
    look: Callable[[], _T | None],
    what: str,
    limit_s: float = 30.0,
    every_s: float = 0.1,
) -> _T:
    """The first true value that `look` returns. Raises Failed after `limit_s`."""
    end_at = time.monotonic() + limit_s
    while not (seen := look()):
        if time.monotonic() > end_at:
            raise Failed(f"not within {limit_s:g} s: {what}")
        time.sleep(every_s)
    return seen


def run(*command: str | Path) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True)
    words, said = " ".join(map(str, command)), (done.stdout + done.stderr).splitlines()
    why = f"{words}: exit {done.returncode}: " + " / ".join(said[-3:])
    expect(done.returncode == 0, why)
    return done.stdout
