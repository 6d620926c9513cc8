# SPDX-License-Identifier: MIT
"""Answers turns one after the other, each to its end or to an interruption. Sans I/O.

Each turn gets exactly one turnComplete, unless the service is deaf. When it is idle it
speaks up in a turn of its own, should a tool have answered late.
"""

from collections import deque
from collections.abc import Generator

from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ, seconds
from appliance.simulator.live import wire
from appliance.simulator.live.calls import Calls
from appliance.simulator.live.downlink import Downlink, Script
from appliance.simulator.live.fields import Setup
from appliance.simulator.live.proto import encode
from appliance.simulator.live.service import HeardTurn, Service, ToolCall
from appliance.simulator.live.tool_fields import FunctionResponse, ToolResponse
from appliance.simulator.live.usage import Context
from appliance.simulator.live.voice import Voice, transcript

MERGE_GAP_S = 0.25  # activityEnd to activityStart, below which turns become one


class Answers:
    """The speaking half of a session.

    `setup` is what the client asked for, `context` what was said so far; while it is
    `listening` the service does not speak up.
    """

    def __init__(self, service: Service, downlink: Downlink, voice: Voice) -> None:
        self.setup = Setup()
        self.context = Context()
        self.calls = Calls(service, downlink)
        self.listening = False
        self._service = service
        self._scenario = service.scenario
        self._downlink = downlink
        self._voice = voice
        self._waiting: deque[HeardTurn] = deque()
        self._remarks: deque[HeardTurn] = deque()
        self._newest: HeardTurn | None = None
        self._turn: HeardTurn | None = None
        self._script: Generator[float] | None = None

    @property
    def answering(self) -> HeardTurn | None:
        """The turn that is being answered, or thought about."""
        return self._turn

    def add(self, turn: HeardTurn) -> None:
        """Answer `turn`, which has just closed, after those that wait."""
        self._newest = turn
        self._waiting.append(turn)
        self._next()

    def reopen(self) -> HeardTurn | None:
        """The turn closed so recently that a new activity goes on with it, if any.

        Its answer is withdrawn without a word.
        """
        turn, self._newest = self._newest, None
        if turn is None or turn.closed_at is None or turn.complete or turn.interrupted:
            return None
        if self._downlink.now - turn.closed_at >= MERGE_GAP_S:
            return None
        turn.closed_at = None
        self.listening = True
        if turn is self._turn:
            self.calls.cancel(turn)
            self._withdraw()
        elif turn in self._waiting:
            self._waiting.remove(turn)
        return turn

    def interrupt_soon(self) -> None:
        """The user speaks: end the running answer, but what is on its way arrives."""
        if self._turn is not None:
            self._downlink.start(self._interrupt_later(self._turn))

    def interrupt(self) -> None:
        """interrupted, turnComplete: in this order, without generationComplete."""
        if self._turn is not None:
            self.calls.cancel(self._turn)
        self._break_off()

    def take(self, given: ToolResponse) -> None:
        """The client answers calls. Raises Refusal."""
        was_blocked = self.calls.blocking
        taken = self.calls.take(given)
        for _, said in taken:
            self.context.read(encode(said.response))
        if was_blocked and not self.calls.blocking and self._turn is not None:
            self._start(self._go_on(self._turn))
        self._remark([pair for pair in taken if not pair[0].blocking])
        if taken and self._turn is None and not self.calls.pending:
            self.offer_resumption(resumable=True)

    def offer_resumption(self, *, resumable: bool) -> None:
        """A fresh handle, or word that there is none now; nothing if not asked for."""
        if self.setup.session_resumption is None:
            return
        update: wire.Message = {}
        if resumable:
            handle = self._service.issue_handle(self._downlink.link, self.context)
            update = {"newHandle": handle, "resumable": True}
        self._downlink.send({"sessionResumptionUpdate": update})

    def _next(self) -> None:
        if self._turn is not None:
            return
        if self._waiting:
            self._turn = self._waiting.popleft()
        elif self._remarks and not self.listening:
            self._turn = self._remarks.popleft()
        if self._turn is not None:
            self._start(self._answer(self._turn))

    def _start(self, script: Generator[float]) -> None:
        self._script = script
        self._downlink.start(script)

    def _withdraw(self) -> None:
        if self._script is not None:
            self._script.close()
        self._turn = self._script = None

    def _break_off(self) -> None:
        turn = self._turn
        self._withdraw()
        self._downlink.send(wire.content(interrupted=True))
        if turn is not None:
            turn.interrupted = True
        self._end_turn(turn)
        self._next()

    def _remark(self, taken: list[tuple[ToolCall, FunctionResponse]]) -> None:
        """Speak up about the responses that are not to be SILENT."""
        aloud = [(call, said) for call, said in taken if said.scheduling != "SILENT"]
        if not aloud:
            return
        now = self._downlink.now
        texts = (
            f"{call.name} {encode(said.response).decode()}" for call, said in aloud
        )
        remark = HeardTurn(0, self._downlink.link, now, now, text="; ".join(texts))
        for call, _ in aloud:
            call.remark = remark
        if any(said.scheduling == "INTERRUPT" for _, said in aloud):
            self._remarks.appendleft(remark)
            if self._turn is not None and not self.calls.blocking:
                self._break_off()
        else:
            self._remarks.append(remark)
        self._next()

    def _interrupt_later(self, turn: HeardTurn) -> Script:
        yield self._downlink.now + self._scenario.interrupt_delay_ms / 1000
        if self._turn is turn:
            self.interrupt()

    def _answer(self, turn: HeardTurn) -> Generator[float]:
        yield self._downlink.now + self._scenario.answer_delay_ms / 1000
        self.offer_resumption(resumable=False)
        if turn.number and not turn.in_conversation:
            self.context.turns += 1
            turn.in_conversation = self.context.turns
        if turn.number and self.setup.input_audio_transcription is not None:
            self._downlink.send(
                wire.content(inputTranscription={"text": transcript(turn)})
            )
        self.calls.make(turn)
        if not self.calls.blocking:
            yield from self._generate(turn)

    def _go_on(self, turn: HeardTurn) -> Generator[float]:
        """The answer that had to wait for a tool."""
        yield self._downlink.now + self._scenario.answer_delay_ms / 1000
        yield from self._generate(turn)

    def _generate(self, turn: HeardTurn) -> Script:
        if self._scenario.answer != "none":
            if self._scenario.thinking_ms:
                yield from self._voice.think(turn, self._scenario.thinking_ms / 1000)
            yield from self._speak(turn, self._downlink.now)
        self._turn = self._script = None
        self._next()

    def _speak(self, turn: HeardTurn, at: float) -> Script:
        yield from self._voice.speak(turn)
        if turn.answer:
            self._downlink.send(wire.content(generationComplete=True))
        if self._scenario.waits_for_playback:
            yield at + seconds(turn.answer, PLAYBACK_RATE_HZ)
        turn.complete = True
        self._end_turn(turn)
        self._voice.reach_soon("answer_ended", turn, self._downlink.now)

    def _end_turn(self, turn: HeardTurn | None) -> None:
        usage = self._bill(turn)
        if self._scenario.late_words:
            self._downlink.send(wire.turn_complete())
            self._voice.write(turn)
            self._downlink.send({"usageMetadata": usage})
        else:
            self._downlink.send(wire.turn_complete(usage))
        self.context.compress(self.setup)
        self.offer_resumption(resumable=not self.calls.pending)

    def _bill(self, turn: HeardTurn | None) -> wire.Message:
        if turn is None:
            return self.context.answer(0.0, "")
        self.context.hear(seconds(turn.heard, CAPTURE_RATE_HZ))
        if turn.number:
            self.context.read(turn.text)
        said = transcript(turn) if turn.answer and self._voice.transcribing else ""
        return self.context.answer(seconds(turn.answer, PLAYBACK_RATE_HZ), said)
