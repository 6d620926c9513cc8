# SPDX-License-Identifier: MIT
"""Hears turns: windows that the client marks, or speech that is detected. Sans I/O."""

from collections.abc import Callable

from appliance.core.pcm import seconds
from appliance.simulator.live import wire
from appliance.simulator.live.answer import Answers
from appliance.simulator.live.downlink import Downlink
from appliance.simulator.live.fields import Blob, Empty, RealtimeInput
from appliance.simulator.live.fields import RealtimeInputConfig as Config
from appliance.simulator.live.service import HeardTurn, Service
from appliance.simulator.live.sound import loudness
from appliance.simulator.live.wire import INVALID, POLICY, Refusal
from appliance.simulator.scenario import Point

_SPEECH_LOUDNESS = 0.01
_SPEECH_END_S = 0.8
_EXPLICIT_ACTIVITY = (
    "Explicit activity control is not supported when automatic activity detection "
    "is enabled."
)
_MEDIA_CHUNKS = (
    "realtime_input.media_chunks is deprecated. Use audio, video, or text instead."
)


class Activity:
    """The hearing half of a session.

    `reach(point, number)` is told when a turn gets to a point of the scenario;
    `config` is what the client asked for.
    """

    def __init__(
        self,
        service: Service,
        downlink: Downlink,
        answers: Answers,
        reach: Callable[[Point, int], None],
    ) -> None:
        self.config = Config()
        self._service = service
        self._downlink = downlink
        self._answers = answers
        self._reach = reach
        self._turn: HeardTurn | None = None
        self._quiet_s = 0.0

    @property
    def current(self) -> HeardTurn | None:
        """The turn whose window is open."""
        return self._turn

    def take(self, given: RealtimeInput) -> None:
        """Raises Refusal. Video and audioStreamEnd have no effect."""
        match given:
            case RealtimeInput(media_chunks=list()):
                raise Refusal(INVALID, _MEDIA_CHUNKS)
            case RealtimeInput(activity_start=Empty()):
                self._start()
            case RealtimeInput(activity_end=Empty()):
                self._end()
            case RealtimeInput(audio=Blob() as blob):
                self._hear(*wire.pcm_of(blob))
            case RealtimeInput(text=str() as text):
                self._read(text)

    def ask(self, text: str) -> None:
        """A turn of its own, in writing."""
        turn = self._open()
        turn.text = text
        self._close(turn)

    @property
    def _detecting(self) -> bool:
        return not self.config.automatic_activity_detection.disabled

    def _start(self) -> None:
        if self._detecting:
            raise Refusal(INVALID, _EXPLICIT_ACTIVITY)
        if self._turn is None:
            self._turn = self._answers.reopen() or self._open()

    def _end(self) -> None:
        if self._detecting:
            raise Refusal(INVALID, _EXPLICIT_ACTIVITY)
        turn, self._turn = self._turn, None
        if turn is None:
            raise Refusal(POLICY, "The operation was aborted.")
        if turn.empty:
            self._downlink.send(wire.turn_complete({}))
            raise Refusal(INVALID, "Precondition check failed.")
        self._close(turn)

    def _open(self) -> HeardTurn:
        if self.config.activity_handling == "START_OF_ACTIVITY_INTERRUPTS":
            self._answers.interrupt_soon()
        turn = self._service.open_turn(self._downlink.link, self._downlink.now)
        self._reach("turn_opened", turn.number)
        return turn

    def _close(self, turn: HeardTurn) -> None:
        turn.closed_at = self._downlink.now
        self._reach("turn_closed", turn.number)
        self._answers.add(turn)

    def _hear(self, pcm: bytes, rate_hz: int) -> None:
        if self._detecting and self._turn is None and _is_speech(pcm):
            self._turn = self._open()
        turn = self._turn
        if turn is None:
            return  # outside a window: discarded without a word
        first = not turn.has_audio
        turn.hear(pcm, rate_hz)
        if first and turn.has_audio:
            self._reach("first_audio", turn.number)
        if self._detecting:
            self._notice_silence(turn, pcm, seconds(pcm, rate_hz))

    def _notice_silence(self, turn: HeardTurn, pcm: bytes, length_s: float) -> None:
        self._quiet_s = 0.0 if _is_speech(pcm) else self._quiet_s + length_s
        if self._quiet_s >= _SPEECH_END_S:
            self._turn = None
            self._close(turn)

    def _read(self, text: str) -> None:
        if self._detecting:
            self.ask(text)
        elif self._turn is not None:
            self._turn.text += text


def _is_speech(pcm: bytes) -> bool:
    return loudness(pcm) > _SPEECH_LOUDNESS
