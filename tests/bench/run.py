# SPDX-License-Identifier: MIT
"""One run of one program: what it took, and how fast it was."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from appliance.basics.pcm import PLAYBACK_RATE_HZ
from tests.bench.peer import Peer, Program
from tests.bench.stage import Stage
from tests.bench.talk import Hold, converse, talk_over
from tests.bench.tape import Gap, Tape
from tests.rig.certificates import Certificates

#: A start has its echo: the ready sound, caches, collections.
SETTLE_S = 1.5
_NO_SAMPLE_S = 1.5 / PLAYBACK_RATE_HZ

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Script:
    """How much is talked."""

    turns: int
    speech_s: float
    barge_ins: int


#: A minute: half of it somebody speaks, half of it the box does.
FULL = Script(turns=6, speech_s=5.0, barge_ins=8)
QUICK = Script(turns=2, speech_s=2.0, barge_ins=0)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things are: the programs' environments, and certificates for all runs."""

    environments: Path
    certificates: Certificates

    async def talk(self, program: Program, script: Script) -> Record:
        """A conversation, then answers that are talked over."""
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            stage = Stage(Path(scratch, "stage"), self.certificates, script.speech_s)
            async with stage, Peer(program, stage, self.environments) as peer:
                return await _talk(peer, stage, script)

    async def idle(self, programs: Sequence[Program], seconds: float) -> list[Record]:
        """All of them linked, at the same time, and nobody talks."""
        async with asyncio.TaskGroup() as tasks:
            idling = [tasks.create_task(self._idle(p, seconds)) for p in programs]
        return [task.result() for task in idling]

    async def _idle(self, program: Program, seconds: float) -> Record:
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            stage = Stage(Path(scratch, "stage"), self.certificates, answer_s=1.0)
            async with stage, Peer(program, stage, self.environments) as peer:
                await asyncio.sleep(2 * SETTLE_S)
                before = peer.usage()
                await asyncio.sleep(seconds)
                after = peer.usage()
        lasted_s = after.at - before.at
        return {
            "peer": program.name,
            "cpu_percent": 100 * (after.cpu_s - before.cpu_s) / lasted_s,
            "wakeups_per_s": (after.wakeups - before.wakeups) / lasted_s,
            "rss_kb": after.rss_kb,
        }


async def _talk(peer: Peer, stage: Stage, script: Script) -> Record:
    await asyncio.sleep(SETTLE_S)
    before = peer.usage()
    holds = await converse(peer, stage, script.turns, script.speech_s)
    after = peer.usage()
    if script.barge_ins:
        holds += await talk_over(peer, stage, script.barge_ins)
    assert stage.connected_at
    assert peer.ready_at
    return {
        "peer": peer.program.name,
        "cpu_s": after.cpu_s,
        "cpu_talk_s": after.cpu_s - before.cpu_s,
        "talk_s": after.at - before.at,
        "wakeups": after.wakeups - before.wakeups,
        "rss_kb": after.rss_kb,
        "peak_rss_kb": after.peak_rss_kb,
        "start_ms": 1000 * ((peer.said_ready_at or peer.ready_at) - peer.started_at),
        "connect_ms": 1000 * (stage.connected_at - peer.started_at),
        **latencies(stage, holds),
    }


def latencies(stage: Stage, holds: Sequence[Hold], tape: Tape | None = None) -> Record:
    """In ms, by the card's and the service's clocks; and gaps in what was played."""
    tape = tape or Tape(stage.card)
    turns = [(hold, turn) for hold, turn in zip(holds, stage.turns, strict=True)]
    gaps = list(_gaps(tape, turns))
    return {
        "press_to_audio_ms": [
            1000 * (stage.first_heard_at[turn.number] - hold.pressed_at)
            for hold, turn in turns
        ],
        "release_to_end_ms": [
            1000 * (turn.closed_at - hold.released_at) for hold, turn in turns
        ],
        "byte_to_dac_ms": [
            1000 * (tape.first_after(turn.first_audio_at) - turn.first_audio_at)
            for _, turn in turns
        ],
        "press_to_silence_ms": list(_silences(tape, turns)),
        "gaps": len(gaps),
        "gap_ms": 1000 * sum(gap.seconds for gap in gaps),
    }


def _gaps(tape: Tape, turns: Sequence[tuple[Hold, Any]]) -> Iterator[Gap]:
    """In the answers that were heard to their ends."""
    nexts = [turn.first_audio_at for _, turn in turns[1:]]
    for (hold, turn), next_at in zip(turns, [*nexts, inf], strict=True):
        if not hold.is_cut:
            yield from tape.gaps(turn.first_audio_at, next_at, _NO_SAMPLE_S)


def _silences(tape: Tape, turns: Sequence[tuple[Hold, Any]]) -> Iterator[float]:
    for (hold, _), (next_hold, next_turn) in zip(turns, turns[1:], strict=False):
        if hold.is_cut:
            last_at = tape.last_before(next_turn.first_audio_at)
            # It may be silent already: an answer that has run dry.
            if last_at > next_hold.pressed_at:
                yield 1000 * (last_at - next_hold.pressed_at)
