# SPDX-License-Identifier: MIT
"""How to get an utterance into each phase, and how to know that it is there."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.faults.promise import TALKING, Phase
from tests.faults.stage import Stage

HOLD_S = 1.2
#: A link is closed this soon where the box is to fall asleep.
ASLEEP_AFTER_S = 10.0


async def reach(stage: Stage, phase: Phase, hold_s: float = HOLD_S) -> None:
    """Returns in `phase`; in one of TALKING but the tail, the button is held."""
    await _WAYS[phase](stage, hold_s)


async def finish(stage: Stage, phase: Phase, hold_s: float = HOLD_S) -> None:
    """The rest of the utterance; where there is none yet, one begins now."""
    if phase in (Phase.IDLE, Phase.ASLEEP):
        await stage.hold(hold_s)
    elif phase in TALKING and phase is not Phase.TAIL:
        held_s = time.monotonic() - stage.pressed_at
        await asyncio.sleep(max(0.0, hold_s - held_s))
        stage.release()


async def _idle(stage: Stage, hold_s: float) -> None:
    """As it is when the stage is set."""


async def _first_250_ms(stage: Stage, hold_s: float) -> None:
    stage.press()
    await asyncio.sleep(0.1)


async def _mid_hold(stage: Stage, hold_s: float) -> None:
    turns = len(stage.turns)
    stage.press()
    await stage.until(lambda: len(stage.turns) > turns and stage.turns[-1].has_audio)
    held_s = time.monotonic() - stage.pressed_at
    await asyncio.sleep(max(0.0, hold_s / 2 - held_s))


async def _tail(stage: Stage, hold_s: float) -> None:
    await stage.hold(hold_s)


async def _thinking(stage: Stage, hold_s: float) -> None:
    turns = len(stage.turns)
    await stage.hold(hold_s)
    await stage.until(lambda: len(stage.turns) > turns and stage.turns[-1].closed_at)


async def _first_audio(stage: Stage, hold_s: float) -> None:
    await _thinking(stage, hold_s)
    await stage.until(lambda: stage.turns[-1].first_audio_at)


async def _mid_answer(stage: Stage, hold_s: float) -> None:
    await _thinking(stage, hold_s)
    turn = stage.turns[-1]
    # An echo at 24 kHz of what was heard at 16 kHz: this is half of it.
    await stage.until(lambda: len(turn.answer) >= 0.75 * len(turn.heard))


async def _draining(stage: Stage, hold_s: float) -> None:
    await _thinking(stage, hold_s)
    await stage.until(lambda: stage.generated)
    # It is on its way to the box.
    await asyncio.sleep(0.1)


async def _asleep(stage: Stage, hold_s: float) -> None:
    await stage.until(lambda: not stage.server.open_links, 2 * ASLEEP_AFTER_S)


_WAYS: dict[Phase, Callable[[Stage, float], Awaitable[None]]] = {
    Phase.IDLE: _idle,
    Phase.FIRST_250_MS: _first_250_ms,
    Phase.MID_HOLD: _mid_hold,
    Phase.TAIL: _tail,
    Phase.THINKING: _thinking,
    Phase.FIRST_AUDIO: _first_audio,
    Phase.MID_ANSWER: _mid_answer,
    Phase.DRAINING: _draining,
    Phase.ASLEEP: _asleep,
}
