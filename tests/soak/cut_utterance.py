# SPDX-License-Identifier: MIT
"""One utterance whose link is cut under it, and what became of it."""

import asyncio
import time
from dataclasses import dataclass

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, seconds
from appliance.core.conversation import State
from appliance.core.events import (
    CaptureOverran,
    PlaybackUnderran,
    TalkPressed,
    TalkReleased,
)
from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.scenario import Close, Drop, Fault, GoAway
from tests.rig.living_box import CALM, LivingBox, without_silence
from tests.rig.network import Network

PHASES = ("first 250 ms", "mid-hold", "tail", "turn just closed", "thinking")
#: What the service does; None: the network resets the connection (RST).
MANNERS: dict[str, Fault | None] = {
    "reset": None,
    "aborted": Drop(),
    "closed 1011": Close(code=1011),
    "closed 1008": Close(code=1008, reason="The operation was aborted."),
    "closed 1001": Close(code=1001, reason=""),
    "go-away 1 s": GoAway(time_left_s=1.0),
}
LIMIT_S = 30.0
#: Unless the machine was so busy that the card overran: frames are missing then.
TOLERANCE_S = 0.02
_BEGINNING_BYTES = 4800

_PRE_ROLL_S = CALM.microphone.pre_roll_ms / 1000
_TAIL_S = CALM.turns.tail_ms / 1000
_CAPTURE_BYTES_PER_S = CAPTURE_RATE_HZ * FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Cut:
    """An utterance, and where and how the link is cut under it."""

    number: int
    hold_s: float
    phase: str
    #: Where in the phase, 0..1.
    part: float
    manner: str

    def __str__(self) -> str:
        where = f"{self.phase} ({self.part:.0%})"
        return f"#{self.number}: {self.hold_s:.2f} s, {self.manner} in {where}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    cut: Cut
    #: "" if it was heard whole and answered once, to the sample.
    complaint: str
    #: From the cut to the first sound of the answer at the server's end.
    recovery_s: float


class CutUtterance:
    """One, from the quiet before it to the quiet after."""

    def __init__(
        self, cut: Cut, box: LivingBox, server: LiveServer, network: Network
    ) -> None:
        self._cut = cut
        self._box = box
        self._server = server
        self._network = network
        self._turns_before = len(server.turns)
        self._cut_at = 0.0

    async def outcome(self) -> Outcome:
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._settled()
                spoken = len(self._box.card.spoken())
                heard = len(self._box.card.heard())
                await self._said()
                complaint = await self._judge(spoken - _CAPTURE_BYTES_PER_S, heard)
        except TimeoutError:
            complaint = f"stuck: {self._box.transitions[-1].after.state}"
        first = [t.first_audio_at for t in self._turns if t.first_audio_at]
        recovery_s = (first[-1] - self._cut_at) if first else LIMIT_S
        return Outcome(self._cut, complaint, recovery_s)

    @property
    def _turns(self) -> list[HeardTurn]:
        return self._server.turns[self._turns_before :]

    async def _settled(self) -> None:
        """Quiet for so long that the whole pre-roll counts, and the link is up."""
        await self._box.quiet()
        # Two speaker's periods, what the room still sounds, and the pre-roll.
        await self._box.captured(0.75)
        del self._box.transitions[:-1]
        await self._server.wait_for(lambda server: server.open_links == 1)

    async def _said(self) -> None:
        turn = self._box.transitions[-1].after.turn + 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sever())
            self._box.panel.press()
            await asyncio.sleep(self._cut.hold_s)
            self._box.panel.release()
        await self._box.until(lambda: self._is_over(turn))

    def _is_over(self, turn: int) -> bool:
        c = self._box.transitions[-1].after
        return c.turn == turn and c.state is State.IDLE

    async def _sever(self) -> None:
        part, hold_s = self._cut.part, self._cut.hold_s
        match self._cut.phase:
            case "first 250 ms":
                await asyncio.sleep(0.25 * part)
            case "mid-hold":
                await asyncio.sleep(0.25 + (hold_s - 0.25) * part)
            case "tail":
                await asyncio.sleep(hold_s + 0.2 * part)
            case "turn just closed":
                await self._server.wait_for(self._closed)
            case "thinking":
                await self._server.wait_for(self._closed)
                await asyncio.sleep(0.25 * part)
        self._cut_at = time.monotonic()
        if fault := MANNERS[self._cut.manner]:
            await self._server.inject(fault)
        else:
            self._network.reset()

    def _closed(self, _: LiveServer) -> bool:
        return any(turn.closed_at for turn in self._turns)

    async def _judge(self, spoken: int, heard: int) -> str:
        """What is wrong with how it was heard and answered; `spoken` and `heard` are
        where to look on the card's tapes."""
        answered = [turn for turn in self._turns if turn.answer]
        if not answered:
            return "lost: no answer"
        # The service may have begun to answer on the link that was cut, too: what
        # counts is what sounds, and both answers begin alike.
        turn = answered[-1]
        await self._heard(turn.answer, heard)
        played, answer = self._played(heard), self._compared(turn.answer)
        if (count := played.count(answer)) != 1:
            return f"its answer sounded {count} times, whole"
        if (count := played.count(answer[:_BEGINNING_BYTES])) != 1:
            return f"its answer began to sound {count} times"
        return self._edges_complaint(turn.heard, max(0, spoken))

    async def _heard(self, answer: bytes, since: int) -> None:
        until = time.monotonic() + 2.0
        while self._compared(answer) not in self._played(since):
            if time.monotonic() > until:
                return
            await asyncio.sleep(0.05)

    def _played(self, since: int) -> bytes:
        return self._compared(self._box.card.heard(since))

    def _compared(self, pcm: bytes) -> bytes:
        """To the sample; but where the box says that the card of a busy machine
        underran, silence is taken out."""
        return without_silence(pcm) if self._box.happened(PlaybackUnderran) else pcm

    def _edges_complaint(self, heard: bytes, since: int) -> str:
        """Whether it is one excerpt of the tape, from pre-roll to tail."""
        card = self._box.card
        place = card.spoken(since).find(heard)
        if place < 0:
            return "a gap: what was heard is not what was said"
        began_at = card.time_of_microphone_frame((since + place) // FRAME_BYTES)
        ended_at = began_at + seconds(heard, CAPTURE_RATE_HZ)
        pressed, released = (
            self._box.happened(kind)[0].event.at for kind in (TalkPressed, TalkReleased)
        )
        more_s = (pressed - _PRE_ROLL_S - began_at, ended_at - released - _TAIL_S)
        overran = self._box.happened(CaptureOverran)
        if max(map(abs, more_s)) > TOLERANCE_S and not overran:
            edges = f"{more_s[0]:+.3f} s before, {more_s[1]:+.3f} s after"
            return f"not what was said: {edges}"
        return ""
