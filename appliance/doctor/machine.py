# SPDX-License-Identifier: MIT
"""The machine as the doctor sees it: files below a root, and commands."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LIMIT_S = 10.0
#: As of timeout(1).
TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: bytes
    err: str = ""

    @property
    def text(self) -> str:
        return self.out.decode(errors="replace").strip()

    @property
    def complaint(self) -> str:
        """The last line of stderr."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


#: Runs a command to its end; None if it is not installed.
Run = Callable[[list[str]], Ran | None]


def run(command: list[str]) -> Ran | None:
    """Runs `command` for `_LIMIT_S` at most, with messages in English."""
    try:
        ran = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=_LIMIT_S,
        )
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return Ran(TIMED_OUT, b"", f"{command[0]}: not done within {_LIMIT_S:g} s")
    return Ran(ran.returncode, ran.stdout, ran.stderr.decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Machine:
    """Reads, and runs commands; changes nothing."""

    root: Path = Path("/")
    run: Run = run

    def read(self, path: str) -> str | None:
        """The text of a file, None if it cannot be read.

        The device tree ends its texts with a NUL.
        """
        try:
            return (self.root / path).read_text(errors="replace").strip("\0\n ")
        except OSError:
            return None

    def find(self, pattern: str) -> list[Path]:
        """What matches the glob `pattern` below the root, in order."""
        return sorted(self.root.glob(pattern))
