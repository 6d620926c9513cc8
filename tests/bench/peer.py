# SPDX-License-Identifier: MIT
"""The programs that are compared, each in a process and an environment of its own."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench.stage import Stage
from tests.bench.usage import Usage, usage
from tests.rig.notify import NotifySocket

_HERE = Path(__file__).parent
ROOT = _HERE.parents[1]
_START_LIMIT_S = 60.0
#: What a program said last, if it fails.
_LAST_LINES = 20


@dataclass(frozen=True, slots=True)
class Program:
    """One of those that are compared; its environment goes by its `name`."""

    name: str
    what: str
    script: str
    #: It tells systemd when it is ready, and reads a configuration.
    is_service: bool = False


OURS = Program("ours", "this service", "ours.py", is_service=True)
FLOOR = Program("floor", "websockets, json, PyAudio", "floor.py")
GOOGLE_SDK = Program("google-genai", "Google's SDK and PyAudio", "google_sdk.py")
PIPECAT = Program("pipecat", "pipecat, local audio", "pipecat_live.py")
PROGRAMS = (OURS, GOOGLE_SDK, PIPECAT, FLOOR)


class Peer:
    """`program` on `stage`, an async context manager: from its start until it is
    connected and ready; killed in the end.

    Environments are folders in `environments`; `speaker` is added to that section of
    a service's configuration; `prefix` goes before the command.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        program: Program,
        stage: Stage,
        environments: Path,
        *,
        speaker: str = "",
        prefix: Sequence[str] = (),
    ) -> None:
        self.program = program
        self._speaker = speaker
        self._stage = stage
        python = environments.resolve() / program.name / "bin" / "python"
        self._command = (*prefix, str(python), str(_HERE / "peers" / program.script))

    async def __aenter__(self) -> Self:
        directory = self._stage.directory
        self._told = NotifySocket(directory / "notify", lambda: None)
        await self._told.__aenter__()
        with (directory / "stderr.log").open("wb") as log:
            self.started_at = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *self._arguments(),
                env=self._environment(),
                stdin=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            await self._stage.until(lambda: self.ready_at, _START_LIMIT_S)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, error: object, *_: object) -> None:
        await self._end()
        if error:
            said = (self._stage.directory / "stderr.log").read_text().splitlines()
            print("\n".join(said[-_LAST_LINES:]), file=sys.stderr)

    @property
    def ready_at(self) -> float | None:
        """When it was: connected, and a service READY, too (monotonic s)."""
        connected_at = self._stage.connected_at
        if not self.program.is_service:
            return connected_at
        return connected_at and self.said_ready_at

    @property
    def said_ready_at(self) -> float | None:
        return next(iter(self._told.times("READY=1")), None)

    @property
    def pid(self) -> int:
        return self._process.pid

    def press(self) -> float:
        """When (monotonic s)."""
        return self._order(b"press\n")

    def release(self) -> float:
        """When (monotonic s)."""
        return self._order(b"release\n")

    def usage(self) -> Usage:
        """So far, since its start."""
        return usage(self.pid)

    def _order(self, line: bytes) -> float:
        assert self._process.stdin is not None
        at = time.monotonic()
        self._process.stdin.write(line)
        return at

    async def _end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._told.__aexit__()

    def _arguments(self) -> tuple[str, ...]:
        if not self.program.is_service:
            return ()
        path = self._stage.directory / "config.toml"
        path.write_text(
            f'[live]\nendpoint = "{self._stage.url}"\n'
            # The kernel does not list the virtual card.
            '[microphone]\ndevice = "microphone"\n'
            f'[speaker]\ndevice = "speaker"\n{self._speaker}'
        )
        return ("run", "--config", str(path))

    def _environment(self) -> dict[str, str]:
        passed_on = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
        told = {
            "LIVE_URL": self._stage.url,
            "GEMINI_API_KEY": "any-key",
            "SSL_CERT_FILE": str(self._stage.certificates.authority),
            "NOTIFY_SOCKET": str(self._told.path),
            "PYTHONPATH": str(ROOT) if self.program.is_service else "",
        }
        return {**passed_on, **self._stage.card.environment, **told}
