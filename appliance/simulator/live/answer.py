# SPDX-License-Identifier: MIT
"""Answers turns one after the other, each to its end or to an interruption. Sans I/O.

Each turn gets exactly one turnComplete, unless the service is deaf.
"""

from collections import deque
from collections.abc import Callable, Generator

from appliance.core.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ, seconds
from appliance.simulator.live import wire
from appliance.simulator.live.downlink import Downlink, Script
from appliance.simulator.live.fields import Setup
from appliance.simulator.live.service import HeardTurn, Service
from appliance.simulator.live.sound import PERIOD_S, periods, tokens
from appliance.simulator.scenario import Point

MERGE_GAP_S = 0.25  # activityEnd to activityStart, below which turns become one


class Answers:
    """The speaking half of a session.

    `reach(point, number)` is told when an answer gets to a point of the scenario;
    `setup` is what the client asked for.
    """

    def __init__(
        self,
        service: Service,
        downlink: Downlink,
        reach: Callable[[Point, int], None],
    ) -> None:
        self.setup = Setup()
        self._service = service
        self._scenario = service.scenario
        self._downlink = downlink
        self._reach = reach
        self._waiting: deque[HeardTurn] = deque()
        self._newest: HeardTurn | None = None
        self._turn: HeardTurn | None = None
        self._script: Generator[float] | None = None
        self._silent: set[int] = set()
        self._speeds: dict[int, float] = {}
        self._context_tokens = 0

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
        if turn is self._turn:
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
        turn = self._turn
        self._withdraw()
        self._downlink.send(wire.content(interrupted=True))
        if turn is not None:
            turn.interrupted = True
        self._end_turn(turn)
        self._next()

    def mute(self, number: int) -> None:
        """The answer to turn `number` has no (more) audio."""
        self._silent.add(number)

    def slow(self, number: int, speed: float) -> None:
        """The answer to turn `number` goes on at `speed` times real time."""
        self._speeds[number] = speed

    def offer_resumption(self, *, resumable: bool) -> None:
        """A fresh handle, or word that there is none now; nothing if not asked for."""
        if self.setup.session_resumption is None:
            return
        update: wire.Message = {}
        if resumable:
            handle = self._service.issue_handle(self._downlink.link)
            update = {"newHandle": handle, "resumable": True}
        self._downlink.send({"sessionResumptionUpdate": update})

    def _next(self) -> None:
        if self._turn is None and self._waiting:
            self._turn = self._waiting.popleft()
            self._script = self._answer(self._turn)
            self._downlink.start(self._script)

    def _withdraw(self) -> None:
        if self._script is not None:
            self._script.close()
        self._turn = self._script = None

    def _interrupt_later(self, turn: HeardTurn) -> Script:
        yield self._downlink.now + self._scenario.interrupt_delay_ms / 1000
        if self._turn is turn:
            self.interrupt()

    def _answer(self, turn: HeardTurn) -> Generator[float]:
        yield self._downlink.now + self._scenario.answer_delay_ms / 1000
        self.offer_resumption(resumable=False)
        if self.setup.input_audio_transcription is not None:
            self._downlink.send(wire.content(inputTranscription=_transcript(turn)))
        if self._scenario.answer != "none":
            yield from self._speak(turn, self._downlink.now)
        self._turn = self._script = None
        self._next()

    def _speak(self, turn: HeardTurn, at: float) -> Script:
        yield from self._say_all(turn, at)
        if turn.answer:
            self._downlink.send(wire.content(generationComplete=True))
        if self._scenario.waits_for_playback:
            yield at + seconds(turn.answer, PLAYBACK_RATE_HZ)
        turn.complete = True
        self._end_turn(turn)
        self._downlink.start(self._pass("answer_ended", turn, self._downlink.now))

    def _say_all(self, turn: HeardTurn, at: float) -> Script:
        """The audio of the answer, period by period, from `at` on."""
        pieces = list(periods(self._service.answer_to(turn)))
        for index, piece in enumerate(pieces):
            if turn.number in self._silent:
                return
            self._say(turn, piece, first=index == 0)
            if index == 0:
                self._downlink.start(self._pass("answer_started", turn, at))
            if index == len(pieces) // 2:
                self._downlink.start(self._pass("mid_answer", turn, at))
            speed = self._speeds.get(turn.number, self._scenario.answer_speed)
            at += PERIOD_S / speed if speed else 0.0
            yield at

    def _say(self, turn: HeardTurn, piece: bytes, *, first: bool) -> None:
        turn.say(piece, self._downlink.now)
        said: wire.Message = {"modelTurn": wire.spoken(piece)}
        # The service puts several things into one message, too: clients must cope.
        if first and self.setup.output_audio_transcription is not None:
            said["outputTranscription"] = _transcript(turn)
        self._downlink.send(wire.content(**said))

    def _pass(self, point: Point, turn: HeardTurn, at: float) -> Script:
        """Reach `point` once the step at hand is over."""
        yield at
        self._reach(point, turn.number)

    def _end_turn(self, turn: HeardTurn | None) -> None:
        heard_s = seconds(turn.heard, CAPTURE_RATE_HZ) if turn else 0.0
        spoken_s = seconds(turn.answer, PLAYBACK_RATE_HZ) if turn else 0.0
        self._context_tokens += tokens(heard_s)
        usage = wire.usage(self._context_tokens, tokens(spoken_s))
        self._context_tokens += tokens(spoken_s)
        self._downlink.send(wire.turn_complete(usage))
        self.offer_resumption(resumable=True)


def _transcript(turn: HeardTurn) -> wire.Message:
    heard_s = seconds(turn.heard, CAPTURE_RATE_HZ)
    return {"text": turn.text or f" {heard_s:.1f} seconds of speech."}
