# SPDX-License-Identifier: MIT
"""The script of a run: talk, listen, talk over, by the button alone."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.bench.peer import Peer
from tests.bench.stage import Stage

#: Between an answer's end and the next press.
_PAUSE_S = 0.3
_ANSWER_LIMIT_S = 20.0
#: Longer than what a service takes for a tap.
_SHORT_HOLD_S = 0.45


@dataclass(frozen=True, slots=True)
class Hold:
    """Instants in monotonic seconds; the n-th hold is the service's n-th turn."""

    pressed_at: float
    released_at: float
    #: The next hold talked over its answer.
    is_cut: bool = False


async def converse(peer: Peer, stage: Stage, turns: int, speech_s: float) -> list[Hold]:
    """Each answer is heard to its end."""
    holds: list[Hold] = []
    for count in range(len(stage.turns) + 1, len(stage.turns) + turns + 1):
        pressed_at = peer.press()
        await asyncio.sleep(speech_s)
        holds.append(Hold(pressed_at, peer.release()))
        limit_s = stage.answer_s + _ANSWER_LIMIT_S
        await _until(stage, count, partial(_is_answered, stage, count), limit_s)
        await asyncio.sleep(_PAUSE_S)
    return holds


async def talk_over(peer: Peer, stage: Stage, times: int) -> list[Hold]:
    """Each answer but the last is cut by the next press, at any moment of its own."""
    holds = []
    dice = random.Random(5)
    last = len(stage.turns) + times + 1
    for count in range(len(stage.turns) + 1, last + 1):
        pressed_at = peer.press()
        await asyncio.sleep(_SHORT_HOLD_S)
        released_at = peer.release()
        begins = partial(_is_being_answered, stage, count)
        await _until(stage, count, begins, _ANSWER_LIMIT_S)
        holds.append(Hold(pressed_at, released_at, is_cut=count < last))
        await asyncio.sleep(dice.uniform(0.4, 0.8))
    return holds


async def _until(
    stage: Stage, count: int, condition: Callable[[], bool], limit_s: float
) -> None:
    try:
        await stage.until(condition, limit_s)
    except TimeoutError:
        heard = len(stage.turns)
        raise TimeoutError(
            f"hold {count}: not answered in {limit_s:g} s; {heard} turns were heard"
        ) from None


def _is_being_answered(stage: Stage, count: int) -> bool:
    """There were so many turns, and the answer to the last one is coming."""
    turns = stage.turns
    return len(turns) == count and turns[-1].first_audio_at is not None


def _is_answered(stage: Stage, count: int) -> bool:
    return len(stage.turns) == count and stage.turns[-1].complete
