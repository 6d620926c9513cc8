# SPDX-License-Identifier: MIT
"""One soak from start to end: user, mishaps, ledger and gauges, and the figures."""

import asyncio
import json
import os
import random
import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.soak import mishaps
from tests.soak.gauge import Gauge
from tests.soak.ledger import PATIENCE_S, Ledger
from tests.soak.surroundings import Surroundings
from tests.soak.user import User

_LOOK_EVERY_S = 1.0
_TELL_EVERY_S = 60.0
_KEEP_S = 150.0
#: What belongs to a mishap in the journal comes this long after its end.
_ECHO_S = 5.0
_MOST_LINES = 20


class Soak:
    """`run` it once; then `table`, `json` and `complaints` tell.

    Threads: the event loop's only.
    """

    def __init__(
        self, directory: Path, output: Path, seed: int, only: str | None
    ) -> None:
        self.seed = seed
        self.complaints: list[str] = []
        self._directory = directory
        self._output = output
        self._only = only
        self._injected: Counter[str] = Counter()
        self._lines: dict[str, list[int]] = defaultdict(list)
        self._gauges: dict[int, Gauge] = {}
        self._own_gauge = Gauge(os.getpid())
        self._written_at = 0.0
        self.minutes = 0.0
        self.streams_started: dict[str, int] = {}

    async def run(self, until: float) -> None:
        """Until then (monotonic s), and until all that was said is accounted for."""
        self._began_at = time.monotonic()
        async with Surroundings(self._directory, self.seed) as self._world:
            self._user = User(self._world, random.Random(self.seed))
            self._ledger = Ledger(self._world)
            acting = [
                asyncio.create_task(self._user.use()),
                asyncio.create_task(self._break(random.Random(self.seed + 1))),
            ]
            with (self._output / "journal.log").open("w") as self._log:
                while time.monotonic() < until and not any(t.done() for t in acting):
                    await self._look()
                await self._end(acting)
            self.streams_started = {
                stream: len(self._world.card.starts(stream))
                for stream in ("microphone", "speaker")
            }
            self.minutes = round((time.monotonic() - self._began_at) / 60, 1)
        self.complaints += self._ledger.complaints
        self.complaints += [f"the key was seen: {leak}" for leak in self._box.leaks]

    @property
    def _box(self):
        return self._world.box

    async def _end(self, acting: list[asyncio.Task[None]]) -> None:
        for task in acting:
            task.cancel()
        for ended in await asyncio.gather(*acting, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                self.complaints.append(f"the soak ended early: {ended!r}")
        await mishaps.mend_all(self._world)
        while self._user.holds:
            await self._look()

    async def _look(self) -> None:
        """Once a second: samples, what is due in the ledger, the journal to a file."""
        await asyncio.sleep(_LOOK_EVERY_S)
        now = time.monotonic()
        self._own_gauge.look(now)
        if self._box.runs:
            self._gauges.setdefault(self._box.pid, Gauge(self._box.pid)).look(now)
        while self._user.holds and self._user.holds[0].released_at < now - PATIENCE_S:
            self._ledger.enter(self._user.holds.pop(0))
        self._write_journal(now)
        self._world.forget(now - _KEEP_S)
        if int(now / _TELL_EVERY_S) > int((now - _LOOK_EVERY_S) / _TELL_EVERY_S):
            print(self._progress(now), flush=True)

    def _write_journal(self, now: float) -> None:
        for at, line in self._box.journal:
            if self._written_at < at <= now:
                print(f"{at - self._began_at:10.3f} {line}", file=self._log)
                if "Traceback" in line:
                    self.complaints.append(
                        f"a traceback at {at - self._began_at:.0f} s"
                    )
        self._written_at = now
        self._log.flush()

    async def _break(self, dice: random.Random) -> None:
        """One mishap after the other, each mended before the next."""
        while True:
            await asyncio.sleep(dice.uniform(2, 10))
            await self._box.until(lambda: self._box.ready, 90.0)
            kind = mishaps.choose(dice, self._only)
            began_at = time.monotonic()
            print(f"{began_at - self._began_at:10.3f} -- {kind.name}", file=self._log)
            try:
                await kind.happens(self._world, dice)
            except LookupError:
                continue  # No link is open that could be broken.
            self._injected[kind.name] += 1
            await asyncio.sleep(_ECHO_S)
            self._count_lines(kind.name, began_at)

    def _count_lines(self, name: str, since: float) -> None:
        """What a mishap, not a turn, has written."""
        lines = [
            line
            for line in self._box.lines(since)
            if not line.startswith(("INFO: turn ", "INFO: link closed"))
        ]
        self._lines[name].append(len(lines))
        if len(lines) > _MOST_LINES:
            some = "\n".join(f"    {line}" for line in lines[:6])
            self.complaints.append(f"{len(lines)} lines in the journal: {name}\n{some}")

    def _progress(self, now: float) -> str:
        fates = ", ".join(f"{n} {fate}" for fate, n in self._ledger.fates.items())
        gauge = self._gauges[self._box.pid].samples[-1]
        return (
            f"{(now - self._began_at) / 60:5.1f} min: said {self._user.said}: {fates};"
            f" {self._injected.total()} mishaps, {len(self._box.lives)} lives,"
            f" {gauge.rss_kb} kB, {len(self._ledger.complaints)} complaints"
        )

    def figures(self) -> dict[str, Any]:
        """All that was measured."""
        fates, user = self._ledger.fates, self._user
        lost = sum(n for fate, n in fates.items() if fate.startswith("LOST"))
        return {
            "seed": self.seed,
            "minutes": self.minutes,
            "said": user.said,
            "taps": user.taps,
            "fates": dict(fates),
            "lost_silently": lost,
            "refused_with_sound_on_the_tape": self._ledger.heard_told,
            "answered_with_a_gap_at_the_speaker": self._ledger.with_a_gap,
            "answered_with_an_overrun": self._ledger.with_an_overrun,
            "mishaps": dict(self._injected),
            "mishaps_total": self._injected.total(),
            "lives": len(self._box.lives),
            "exit_codes": Counter(str(life.exit_code) for life in self._box.lives[:-1]),
            "starved_by_the_watchdog": sum(x.starved for x in self._box.lives),
            "streams_started": self.streams_started,
            "journal_lines_per_mishap": {
                name: {"median": statistics.median(n), "most": max(n)}
                for name, n in self._lines.items()
            },
            "processes": [gauge.figures() for gauge in self._gauges.values()],
            "harness": self._own_gauge.figures(),
            "rss_slope_kb_per_h": self._slope(),
            "complaints": self.complaints,
        }

    def _slope(self) -> float | None:
        """Over all processes that lived long enough, by how long they lived."""
        slopes = [(g.slope_kb_per_h(), g.seconds) for g in self._gauges.values()]
        known = [(slope, s) for slope, s in slopes if slope is not None]
        if not known:
            return None
        return round(sum(slope * s for slope, s in known) / sum(s for _, s in known), 1)

    def json(self) -> str:
        return json.dumps(self.figures(), indent=1)

    def table(self) -> str:
        """The figures that matter, for people."""
        f = self.figures()
        rows = [
            (f"said in {f['minutes']} min (seed {f['seed']})", f["said"]),
            *((f"  {fate}", n) for fate, n in sorted(f["fates"].items())),
            ("lost silently", f["lost_silently"]),
            ("answered, with an overrun", f["answered_with_an_overrun"]),
            ("mishaps", f["mishaps_total"]),
            *((f"  {name}", n) for name, n in sorted(f["mishaps"].items())),
            ("processes, one after the other", f["lives"]),
            ("streams started", " ".join(map(str, f["streams_started"].values()))),
            ("RSS slope in kB/h", f["rss_slope_kb_per_h"]),
            ("complaints", len(self.complaints)),
        ]
        longest = max(f["processes"], key=lambda life: life["seconds"], default=None)
        if longest:
            for what in ("rss_kb", "threads", "files"):
                ends = f"{longest[what][0]} -> {longest[what][1]}"
                rows.append((f"longest process: {what}", ends))
        lines = [f"{name:<44}{value!s:>20}" for name, value in rows]
        return "\n".join([*lines, *(f"COMPLAINT {c}" for c in self.complaints)])
