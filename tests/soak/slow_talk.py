# SPDX-License-Identifier: MIT
"""What somebody says through a slow line, and what became of it."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES
from appliance.core.conversation import State
from appliance.core.effects import PlayEarcon
from appliance.core.events import PlaybackUnderran
from appliance.core.signals import Earcon
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from tests.rig.living_box import CALM, LivingBox, without_silence
from tests.rig.room import Room

HOLDS = CALM
HANDS_FREE = CALM.changed(
    turns=CALM.turns.changed(mode="server-vad", echo="full-duplex"),
    vad=CALM.vad.changed(silence_ms=500),
)
QUESTION_EVERY_S = 10.0
QUESTION_S = 1.5
#: More than the box lets an open microphone fall behind, at the slowest line's speed,
#: and what it waits for an answer.
_SETTLES_S = 60.0
#: What an open microphone costs.
_UPLINK_BYTES_PER_S = 43_300
_TELLS = (Earcon.NO_ANSWER, Earcon.LOST, Earcon.LINE_TOO_SLOW, Earcon.NO_NETWORK)
#: The service's detector may leave out a beginning of a period of 20 ms.
_EDGE_BYTES = CAPTURE_RATE_HZ * FRAME_BYTES // 25


@dataclass(frozen=True, slots=True)
class Found:
    """How many were said, answered whole, and told not to be."""

    said: int
    answered: int
    told: int
    tells: tuple[str, ...]
    #: From the end of what was said to the first sound of its answer, at worst.
    worst_wait_s: float

    @property
    def lost(self) -> int:
        """Silently."""
        return self.said - self.answered - self.told

    def __str__(self) -> str:
        tells = ", ".join(self.tells) or "nothing"
        return (
            f"{self.said} said, {self.answered} answered whole, {self.told} told"
            f" ({tells}), {self.lost} LOST; longest wait {self.worst_wait_s:.1f} s"
        )


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said through a line that takes so much up."""

    bytes_per_s: int

    async def through(
        self, box: LivingBox, server: LiveServer, directory: Path
    ) -> Found:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Hold(Talk):
    """The button is held for so long, once."""

    held_s: float

    def __str__(self) -> str:
        return f"hold of {self.held_s:.0f} s at {self.bytes_per_s / 1000:.0f} kB/s"

    async def through(
        self, box: LivingBox, server: LiveServer, directory: Path
    ) -> Found:
        delivery_s = self.held_s * _UPLINK_BYTES_PER_S / self.bytes_per_s
        async with Room(directory):
            await asyncio.sleep(1.0)
            since = time.monotonic()
            box.panel.press()
            await asyncio.sleep(self.held_s)
            box.panel.release()
            released_at = time.monotonic()
            turn = box.transitions[-1].after.turn
            await box.until(
                lambda: (
                    box.transitions[-1].after.state is State.IDLE
                    and box.transitions[-1].after.turn == turn
                    and not box.transitions[-1].after.owed
                ),
                delivery_s + self.held_s + _SETTLES_S,
            )
            await box.captured(1.0)
        tells = tells_since(box, since)
        heard = [t for t in server.turns if t.answer]
        spoken, played = box.card.spoken(), played_by(box)
        whole = bool(heard) and (
            heard[-1].heard in spoken
            and len(heard[-1].heard) >= self.held_s * CAPTURE_RATE_HZ * FRAME_BYTES
            and compared(box, heard[-1].answer) in played
        )
        first_at = heard[-1].first_audio_at if heard else None
        wait_s = (first_at or released_at) - released_at
        told = not whole and bool(tells)
        return Found(1, int(whole), int(told), names(tells), wait_s)


@dataclass(frozen=True, slots=True)
class Questions(Talk):
    """A question every ten seconds, hands-free."""

    seconds: float
    go_aways: bool

    def __str__(self) -> str:
        go_aways = ", go-aways" if self.go_aways else ""
        speed = f"{self.bytes_per_s / 1000:.0f} kB/s"
        return f"hands-free {self.seconds:.0f} s at {speed}{go_aways}"

    async def through(
        self, box: LivingBox, server: LiveServer, directory: Path
    ) -> Found:
        said: list[tuple[float, bytes]] = []
        dice = np.random.default_rng(1)
        began_at = time.monotonic()
        while time.monotonic() - began_at < self.seconds:
            # Somebody who hears that it has stopped listening lets it finish first.
            if box.transitions[-1].after.state is State.IDLE:
                tap(box)
                await box.captured(0.3)
            microphone = box.transitions[-1].after.microphone
            if microphone and not microphone.closing:
                question = loud(dice)
                said.append((time.monotonic(), question))
                box.card.say(question)
            await asyncio.sleep(QUESTION_EVERY_S)
        microphone = box.transitions[-1].after.microphone
        if microphone and not microphone.closing:
            tap(box)
        await box.until(lambda: is_settled(box), _SETTLES_S)
        await box.captured(1.0)
        return self._judge(box, server, said, began_at)

    def _judge(
        self,
        box: LivingBox,
        server: LiveServer,
        said: list[tuple[float, bytes]],
        began_at: float,
    ) -> Found:
        tells = tells_since(box, began_at)
        answered = told = 0
        waits_s = [0.0]
        for at, question in said:
            turns = answers_to(box, server, question)
            if turns:
                answered += 1
                first_at = turns[0].first_audio_at or at
                waits_s.append(first_at - at - QUESTION_S)
            elif any(at < told_at < at + _SETTLES_S for told_at, _ in tells):
                told += 1
            else:
                print(f"{self}: silently lost, said at {at - began_at:.1f} s")
        return Found(len(said), answered, told, names(tells), max(waits_s))


def answers_to(box: LivingBox, server: LiveServer, question: bytes) -> list[HeardTurn]:
    """The turns that heard all of it, and whose answer was heard whole."""
    played = played_by(box)
    return [
        turn
        for turn in server.turns
        if question[_EDGE_BYTES:-_EDGE_BYTES] in turn.heard
        and turn.answer
        and compared(box, turn.answer) in played
    ]


def is_settled(box: LivingBox) -> bool:
    c = box.transitions[-1].after
    return c.state is State.IDLE and not c.owed and c.speaker.quiet_since is not None


def tap(box: LivingBox) -> None:
    box.panel.press()
    box.panel.release()


def loud(dice: np.random.Generator) -> bytes:
    """A question: noise that repeats nowhere, loud from its beginning to its end."""
    frames = int(QUESTION_S * CAPTURE_RATE_HZ)
    return dice.integers(-12_000, 12_000, frames).astype("<i2").tobytes()


def tells_since(box: LivingBox, since: float) -> list[tuple[float, Earcon]]:
    """When the user was told what by a sound."""
    return [
        (m.now, effect.earcon)
        for m in box.transitions
        for effect in m.effects
        if m.now >= since and isinstance(effect, PlayEarcon)
        if effect.earcon in _TELLS
    ]


def names(tells: list[tuple[float, Earcon]]) -> tuple[str, ...]:
    return tuple(earcon.value for _, earcon in tells)


def played_by(box: LivingBox) -> bytes:
    return compared(box, box.card.heard())


def compared(box: LivingBox, pcm: bytes) -> bytes:
    """To the sample; but where the box says that the card of a busy machine underran,
    silence is taken out."""
    return without_silence(pcm) if box.happened(PlaybackUnderran) else pcm
