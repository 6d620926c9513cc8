# SPDX-License-Identifier: MIT
"""Counts what a program executes: its start, a minute idle, a minute of conversation.

    python -m tests.bench.instructions [ours] [floor]

Counted by valgrind's callgrind: instructions outside of the kernel, on this machine's
architecture. Unlike CPU seconds they are the same however busy the machine is.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from pathlib import Path
from time import monotonic

from tests.bench import peer
from tests.bench.peer import PROGRAMS, Peer, Program
from tests.bench.stage import Stage
from tests.bench.talk import converse
from tests.rig.certificates import Certificates

_SPEECH_S = 5.0
_IDLE_S = 30.0
#: Under valgrind all takes fifty times as long, a start as well.
_START_LIMIT_S = 240.0
_SETTLE_S = 8.0
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = [program.name for program in PROGRAMS]
    parser.add_argument(
        "programs", nargs="*", default=[], metavar=f"[{'|'.join(names)}]"
    )
    parser.add_argument("--environments", type=Path, default=Path("build/bench"))
    options = parser.parse_args(arguments)
    peer._START_LIMIT_S = _START_LIMIT_S
    for program in PROGRAMS:
        if program.name in (options.programs or ["ours", "floor"]):
            counts = asyncio.run(_count(program, options.environments))
            for what, millions in counts.items():
                print(f"{program.name}: {what}: {millions:.0f} million", flush=True)
    return 0


async def _count(program: Program, environments: Path) -> dict[str, float]:
    """Millions of instructions."""
    certificates = Certificates(environments / "certificates")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        counter = _Counter(Path(scratch))
        stage = Stage(Path(scratch, "stage"), certificates, answer_s=_SPEECH_S)
        running = Peer(program, stage, environments, prefix=counter.command)
        async with stage, running:
            await asyncio.sleep(_SETTLE_S)
            started, _ = await counter.during(running, asyncio.sleep(0))
            idle, idle_s = await counter.during(running, asyncio.sleep(_IDLE_S))
            talk, talk_s = await counter.during(
                running, converse(running, stage, 1, _SPEECH_S)
            )
    return {
        "start": started,
        "idle minute": idle * 60 / idle_s,
        "minute of conversation": talk * 60 / talk_s,
    }


class _Counter:
    """callgrind, told to write down what it counted so far, and to begin anew."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.command = (
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={directory}/counted",
        )

    async def during(
        self, running: Peer, what: Awaitable[object]
    ) -> tuple[float, float]:
        """Millions of instructions since the call before, and how long that was."""
        began_at = monotonic()
        await what
        seconds = monotonic() - began_at
        dump = ("callgrind_control", "--dump", str(running.pid))
        await asyncio.to_thread(
            subprocess.run, dump, cwd=self._directory, check=True, capture_output=True
        )
        newest = max(
            self._directory.glob("counted.*"), key=lambda path: int(path.suffix[1:])
        )
        total = _TOTAL.search(newest.read_text())
        assert total
        return int(total[1]) / 1e6, seconds


if __name__ == "__main__":
    sys.exit(main())
