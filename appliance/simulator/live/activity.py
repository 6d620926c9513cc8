# SPDX-License-Identifier: MIT
"""Hears turns: windows that the client marks, or speech that is detected. Sans I/O."""

from collections.abc import Callable, Iterable

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.simulator.live import wire
from appliance.simulator.live.answer import Answers
from appliance.simulator.live.detector import Detector, Heard, Speech, SpeechEnded
from appliance.simulator.live.downlink import Downlink
from appliance.simulator.live.fields import Blob, RealtimeInput
from appliance.simulator.live.fields import RealtimeInputConfig as Config
from appliance.simulator.live.proto import Empty
from appliance.simulator.live.service import HeardTurn, Service
from appliance.simulator.live.sound import resample
from appliance.simulator.live.wire import INVALID, POLICY, Refusal
from appliance.simulator.scenario import Point

_EXPLICIT_ACTIVITY = (
    "Explicit activity control is not supported when automatic activity detection "
    "is enabled."
)
_MEDIA_CHUNKS = (
    "realtime_input.media_chunks is deprecated. Use audio, video, or text instead."
)


class Activity:
    """The hearing half of a session.

    `reach(point, number)` is told when a turn gets to a point of the scenario.
    """

    def __init__(
        self,
        service: Service,
        downlink: Downlink,
        answers: Answers,
        reach: Callable[[Point, int], None],
    ) -> None:
        self._service = service
        self._downlink = downlink
        self._answers = answers
        self._reach = reach
        self._turn: HeardTurn | None = None
        self.configure(Config())

    @property
    def current(self) -> HeardTurn | None:
        """The turn whose window is open."""
        return self._turn

    def configure(self, config: Config) -> None:
        """What the client asked for."""
        self._interrupts = config.activity_handling == "START_OF_ACTIVITY_INTERRUPTS"
        self._marked = config.automatic_activity_detection.disabled
        self._detector = Detector(config)

    def take(self, given: RealtimeInput) -> None:
        """Raises Refusal. Video has no effect."""
        match given:
            case RealtimeInput(media_chunks=list() as blobs):
                self._hear_chunks(blobs)
            case RealtimeInput(activity_start=Empty()):
                self._start()
            case RealtimeInput(activity_end=Empty()):
                self._end()
            case RealtimeInput(audio=Blob() as blob):
                self._hear(*wire.pcm_of(blob))
            case RealtimeInput(audio_stream_end=True):
                self._end_stream()
            case RealtimeInput(text=str() as text):
                self._read(text)

    def ask(self, text: str) -> None:
        """A turn of its own, in writing."""
        turn = self._open()
        turn.text = text
        self._close(turn)

    def end(self) -> None:
        """The client says that its turn is complete, in the words of 2025."""
        turn, self._turn = self._turn, None
        if turn is not None:
            self._close(turn)

    def _start(self) -> None:
        if not self._marked:
            raise Refusal(INVALID, _EXPLICIT_ACTIVITY)
        if self._turn is None:
            self._turn = self._answers.reopen() or self._open()

    def _end(self) -> None:
        if not self._marked:
            raise Refusal(INVALID, _EXPLICIT_ACTIVITY)
        turn, self._turn = self._turn, None
        if turn is None:
            raise Refusal(POLICY, "The operation was aborted.")
        if turn.empty:
            self._downlink.send(wire.turn_complete({}))
            raise Refusal(INVALID, "Precondition check failed.")
        self._close(turn)

    def _end_stream(self) -> None:
        """Not where the client marks its turns: there it has no effect."""
        if self._service.scenario.heeds_stream_end:
            self._notice(self._detector.end())

    def _open(self) -> HeardTurn:
        if self._interrupts:
            self._answers.interrupt_soon()
        self._answers.listening = True
        turn = self._service.open_turn(self._downlink.link, self._downlink.now)
        self._reach("turn_opened", turn.number)
        return turn

    def _close(self, turn: HeardTurn) -> None:
        turn.closed_at = self._downlink.now
        self._reach("turn_closed", turn.number)
        self._answers.listening = False
        self._answers.add(turn)

    def _hear_chunks(self, blobs: Iterable[Blob]) -> None:
        if self._service.dialect != "2025":
            raise Refusal(INVALID, _MEDIA_CHUNKS)
        for blob in blobs:
            if not blob.mime_type.startswith("image/"):
                self._hear(*wire.pcm_of(blob))

    def _hear(self, pcm: bytes, rate_hz: int) -> None:
        if self._turn is None or not self._interrupts:
            self._answers.calls.check_audio()
        pcm = resample(pcm, rate_hz, CAPTURE_RATE_HZ)
        if self._marked:
            if self._turn is not None:  # else it is discarded without a word
                self._add(self._turn, pcm)
        elif self._service.dialect == "2025":
            self._turn = self._turn or self._open()
            self._add(self._turn, pcm)
        else:
            self._notice(self._detector.hear(pcm))

    def _notice(self, found: Iterable[Heard]) -> None:
        for heard in found:
            match heard:
                case Speech(pcm):
                    self._turn = self._turn or self._open()
                    self._add(self._turn, pcm)
                case SpeechEnded():
                    self.end()

    def _add(self, turn: HeardTurn, pcm: bytes) -> None:
        first = not turn.has_audio
        turn.hear(pcm)
        if first and turn.has_audio:
            self._reach("first_audio", turn.number)

    def _read(self, text: str) -> None:
        if not self._marked:
            self.ask(text)
        elif self._turn is not None:
            self._turn.text += text
