# SPDX-License-Identifier: MIT
"""Speaks answers: their audio, period by period, faster than real time. Sans I/O."""

from collections.abc import Callable

from appliance.basics.pcm import CAPTURE_RATE_HZ, seconds
from appliance.simulator.live import wire
from appliance.simulator.live.downlink import Downlink, Script
from appliance.simulator.live.service import HeardTurn, Service
from appliance.simulator.live.sound import PERIOD_S, babble, periods
from appliance.simulator.scenario import Point


class Voice:
    """The voice of a session, which can be muted or slowed for a turn.

    `reach(point, number)` is told when an answer gets to a point of the scenario;
    `transcribing` is whether the client asked for text as well.
    """

    def __init__(
        self,
        service: Service,
        downlink: Downlink,
        reach: Callable[[Point, int], None],
    ) -> None:
        self.transcribing = False
        self._service = service
        self._downlink = downlink
        self._reach = reach
        self._silent: set[int] = set()
        self._speeds: dict[int, float] = {}

    def mute(self, number: int) -> None:
        """The answer to turn `number` has no (more) audio."""
        self._silent.add(number)

    def slow(self, number: int, speed: float) -> None:
        """The answer to turn `number` goes on at `speed` times real time."""
        self._speeds[number] = speed

    def speak(self, turn: HeardTurn) -> Script:
        """The audio of the answer."""
        at = self._downlink.now
        pieces = list(periods(self._service.answer_to(turn)))
        for index, piece in enumerate(pieces):
            if turn.number in self._silent:
                return
            self._say(turn, piece, first=index == 0)
            if index == 0:
                self.reach_soon("answer_started", turn, at)
            if index == len(pieces) // 2:
                self.reach_soon("mid_answer", turn, at)
            speed = self._speeds.get(turn.number, self._service.scenario.answer_speed)
            at += PERIOD_S / speed if speed else 0.0
            yield at

    def think(self, turn: HeardTurn, thinking_s: float) -> Script:
        """A filler, and then thoughts, one a second: a model that thinks at length."""
        for piece in periods(babble()):
            self._say(turn, piece, first=False)
        self._downlink.send(wire.content(generationComplete=True))
        self._downlink.send(wire.turn_paused())
        until = self._downlink.now + thinking_s
        while (left_s := until - self._downlink.now) > 0:
            self._downlink.send(wire.thought("Hm."))
            yield self._downlink.now + min(1.0, left_s)

    def reach_soon(self, point: Point, turn: HeardTurn, at: float) -> None:
        """Reach `point` at `at`, once the step at hand is over."""
        self._downlink.start(self._pass(point, turn, at))

    def write(self, turn: HeardTurn | None) -> None:
        """The words of an answer whose sound is over."""
        if turn is not None and turn.answer and self.transcribing:
            words = {"text": transcript(turn)}
            self._downlink.send(wire.content(outputTranscription=words))

    def _say(self, turn: HeardTurn, piece: bytes, *, first: bool) -> None:
        turn.say(piece, self._downlink.now)
        said: wire.Message = {"modelTurn": wire.spoken(piece)}
        # The service puts several things into one message, too: clients must cope.
        if first and self.transcribing and not self._service.scenario.late_words:
            said["outputTranscription"] = {"text": transcript(turn)}
        self._downlink.send(wire.content(**said))

    def _pass(self, point: Point, turn: HeardTurn, at: float) -> Script:
        yield at
        self._reach(point, turn.number)


def transcript(turn: HeardTurn) -> str:
    """What was said in `turn`, and in its answer: an echo."""
    heard_s = seconds(turn.heard, CAPTURE_RATE_HZ)
    return turn.text or f" {heard_s:.1f} seconds of speech."
