# SPDX-License-Identifier: MIT
"""Tries a mutant on a copy of the tree: the nearest tests first, then wider ones."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.finder import Mutant

ROOT = Path(__file__).parents[2]
#: What else can notice a mutant of a room, besides the tests of the room itself.
WIDER = {
    "basics": ["tests/config", "tests/core"],
    "core": ["tests/journal", "tests/demo"],
    "live": ["tests/service", "tests/doctor"],
    "hardware": ["tests/service", "tests/doctor"],
    "journal": ["tests/service", "tests/demo"],
    "config": ["tests/test_main.py", "tests/service", "tests/deploy"],
    "tools": ["tests/service"],
    "service": ["tests/test_main.py", "tests/faults"],
}
#: A mutant that makes the tests take so much longer hangs: it is noticed.
_SLOWER, _AT_LEAST_S = 4.0, 30.0
#: The random walks are as sharp with fewer events, a mutant at a time.
_ENVIRONMENT = {"WALK_EVENTS": "30000", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Noticed:
    """The first test that failed, or that the tests hung."""

    by: str


class Copy:
    """The files of the working tree in `directory`, to be broken one at a time.

    Threads: one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._usual_s: dict[tuple[str, ...], float] = {}
        listed = _output(
            "git", "ls-files", "--cached", "--others", "--exclude-standard"
        )
        for name in listed.splitlines():
            if (ROOT / name).is_file():
                target = directory / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((ROOT / name).read_bytes())
                target.chmod((ROOT / name).stat().st_mode)

    def stages(self, file: str) -> list[tuple[str, ...]]:
        """The tests for a mutant of `file`, nearest first."""
        _, room, *_ = Path(file).parts
        module = file.removesuffix(".py").replace("/", ".")
        package, _, name = module.rpartition(".")
        uses = re.compile(
            rf"{re.escape(module)}\b|from {package} import [^\n]*\b{name}\b"
        )
        own = sorted((self._directory / "tests" / room).glob("test_*.py"))
        nearest = [
            str(p.relative_to(self._directory))
            for p in own
            if uses.search(p.read_text())
        ]
        every = [(*nearest,), (f"tests/{room}",), (*WIDER.get(room, ()),)]
        return [
            stage for stage in every if stage and (self._directory / stage[0]).exists()
        ]

    def judge(self, mutant: Mutant) -> Noticed | None:
        """None: no test notices it."""
        path = self._directory / mutant.file
        original = path.read_bytes()
        for stage in self.stages(mutant.file):
            usual_s = self._usual(stage)
            path.write_bytes(mutant.applied_to(original))
            try:
                noticed = self._run(stage, _SLOWER * usual_s + _AT_LEAST_S)
            finally:
                path.write_bytes(original)
            if noticed:
                return noticed
        return None

    def _usual(self, stage: tuple[str, ...]) -> float:
        """How long it takes unbroken, in seconds. Exits where it fails even so."""
        if stage not in self._usual_s:
            began = time.monotonic()
            if noticed := self._run(stage, 1200.0):
                sys.exit(f"unbroken, this fails: {noticed.by}")
            self._usual_s[stage] = time.monotonic() - began
        return self._usual_s[stage]

    def _run(self, stage: tuple[str, ...], limit_s: float) -> Noticed | None:
        options = ["-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
        running = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *stage],
            cwd=self._directory,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = running.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return Noticed(f"hang of {' '.join(stage)} ({limit_s:.0f} s)")
        finally:
            _end_group(running.pid)
            running.wait()
        if running.returncode == 0:
            return None
        named = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.M)
        return Noticed(named[1] if named else output[-200:])


def _end_group(leader: int) -> None:
    """What the tests left behind ends with them."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _output(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
