# SPDX-License-Identifier: MIT
"""The real service as a process of its own, and systemd's part around it.

All that is known of it is what an outsider knows: its messages to systemd, its
journal, its exit code, and the two ends of its sound card.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from appliance.simulator.virtual_card import VirtualCard
from tests.rig import settings
from tests.rig.journal import Journal
from tests.rig.notify import NotifySocket

#: Looked for wherever it must not be.
KEY = "canary-0123456789-never-to-be-seen"
ENTRY = Path(__file__).with_name("sabotaged.py")
EXIT_CONFIG = 78

#: Files do not tell when they grow: a condition on them is looked at so often.
_LOOK_EVERY_S = 0.05


@dataclass(slots=True)
class Life:
    """One run of the process; instants are monotonic seconds."""

    pid: int
    started_at: float
    ended_at: float | None = None
    exit_code: int | None = None
    #: The watchdog had to end it.
    starved: bool = False


@dataclass
class Box:
    """A box on `card` that talks to `url`; an async context manager.

    Config `changes` ({section: {key: value}}) go on top of settings.SHORT. Whenever it
    ends it is started anew, as by systemd, unless that was wanted or 78. With
    `watchdog_s` it must ping, or is killed. `prefix` goes before the command.

    Threads: the event loop's only.
    """

    directory: Path
    card: VirtualCard
    url: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    watchdog_s: float | None = None
    restart_after_s: float = 0.3
    prefix: Sequence[str] = ()

    lives: list[Life] = field(default_factory=list, init=False)
    #: Where the key was seen.
    leaks: set[str] = field(default_factory=set, init=False)
    held: bool = field(default=False, init=False)

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._config = self.directory / "config.toml"
        self._config.write_text(settings.text(self.url, self.changes))
        self._stirred = asyncio.Event()
        self._stderr = Journal(self.stir)
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self.notify = NotifySocket(self.directory / "notify", self.stir)
        await self.notify.__aenter__()
        self._supervision = asyncio.create_task(self._supervise())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        self._signal("kill")
        await asyncio.wait([self._supervision])
        await self.notify.__aexit__()
        self._supervision.result()

    @property
    def status(self) -> str:
        return self.notify.newest("STATUS")

    @property
    def journal(self) -> list[tuple[float, str]]:
        """When, and what: each line on stderr, but for what a flood has too many."""
        return self._stderr.lines

    @property
    def journal_lines(self) -> int:
        """How many lines there were, the flood's included."""
        return self._stderr.total

    @property
    def pid(self) -> int:
        return self.lives[-1].pid

    @property
    def runs(self) -> bool:
        return bool(self.lives) and self.lives[-1].ended_at is None

    @property
    def ready(self) -> bool:
        """The process that runs now has said READY=1."""
        since = self.lives[-1].started_at if self.runs else float("inf")
        return bool(self.notify.times("READY=1", since))

    def lines(self, since: float = 0.0) -> list[str]:
        """The journal from `since` (monotonic s) on."""
        return [line for at, line in self.journal if at >= since]

    def stir(self) -> None:
        """Have every `until` look again."""
        self._stirred.set()

    async def until(
        self, condition: Callable[[], object], limit_s: float = 30.0
    ) -> float:
        """Wait until `condition` holds: when it did (monotonic s), or TimeoutError.

        A supervision that failed is raised here.
        """
        async with asyncio.timeout(limit_s):
            while not condition():
                if self._supervision.done():
                    self._supervision.result()
                self._stirred.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), _LOOK_EVERY_S)
        return time.monotonic()

    def press(self) -> float:
        """When it was ordered (monotonic s); a box that starts later sees the level."""
        self.held = True
        return self.command("press")

    def release(self) -> float:
        self.held = False
        return self.command("release")

    async def hold(self, seconds: float) -> tuple[float, float]:
        """When it was pressed and let go."""
        pressed_at = self.press()
        await asyncio.sleep(seconds)
        return pressed_at, self.release()

    def command(self, line: str) -> float:
        """Order one of sabotaged.COMMANDS; without a process it has no effect."""
        if self._process is not None:
            assert self._process.stdin is not None
            with suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(f"{line}\n".encode())
        return time.monotonic()

    async def stop(self, limit_s: float = 10.0) -> int:
        """SIGTERM, as `systemctl stop`; the exit code."""
        self._stopping = True
        self._signal("terminate")
        await asyncio.wait_for(asyncio.shield(self._supervision), limit_s)
        code = self.lives[-1].exit_code
        assert code is not None
        return code

    def kill(self) -> None:
        """SIGKILL; it is started anew."""
        self._signal("kill")

    def _signal(self, name: str) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                getattr(self._process, name)()

    async def _supervise(self) -> None:
        while not self._stopping:
            life = await self._live()
            self.stir()
            if life.exit_code == EXIT_CONFIG:
                return
            if not self._stopping:
                await asyncio.sleep(self.restart_after_s)

    async def _live(self) -> Life:
        process = self._process = await asyncio.create_subprocess_exec(
            *self.prefix,
            *(sys.executable, str(ENTRY), "run", "--config", str(self._config)),
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        life = Life(process.pid, time.monotonic())
        self.lives.append(life)
        if self._stopping:
            process.kill()
        if self.held:
            self.command("press")
        watching = asyncio.create_task(self._watch(life))
        assert process.stderr is not None
        await self._stderr.read(process.stderr)
        life.exit_code = await process.wait()
        life.ended_at = time.monotonic()
        watching.cancel()
        self._look_for_the_key(life)
        return life

    def _environment(self) -> dict[str, str]:
        told = {
            "GEMINI_API_KEY": KEY,
            "NOTIFY_SOCKET": str(self.notify.path),
            "PYTHONPATH": str(ENTRY.parents[2]),
        }
        if self.watchdog_s is not None:
            told["WATCHDOG_USEC"] = str(int(self.watchdog_s * 1e6))
        inherited = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
        return {**inherited, **self.card.environment, **told, **self.environment}

    async def _watch(self, life: Life) -> None:
        """Look for the key in what everybody can read; kill what does not ping."""
        limit_s = self.watchdog_s
        while True:
            await asyncio.sleep(1.0 if limit_s is None else limit_s / 4)
            with suppress(OSError):
                if KEY.encode() in Path(f"/proc/{life.pid}/cmdline").read_bytes():
                    self.leaks.add("command line")
            if limit_s is not None and self._starved(life, limit_s):
                life.starved = True
                self.kill()

    def _look_for_the_key(self, life: Life) -> None:
        if any(KEY in line for line in self.lines(life.started_at)):
            self.leaks.add("journal")
        if any(KEY in line for _, line in self.notify.messages):
            self.leaks.add("notify socket")

    def _starved(self, life: Life, limit_s: float) -> bool:
        for ready_at in self.notify.times("READY=1", life.started_at):
            return (
                time.monotonic() - max(self.notify.pinged_at or 0, ready_at) > limit_s
            )
        return False
