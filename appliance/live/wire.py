# SPDX-License-Identifier: MIT
"""The Gemini Live wire format, both ways; no I/O.

Client messages are JSON in text frames, one kind each. Server messages are JSON in
binary frames (text is taken, too); one may carry several fields, so each known field
is decoded on its own, and what is unknown or malformed is complained of, not fatal.
Source: ai.google.dev/api/live.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, ValidationError
from msgspec.json import decode as _from_json
from msgspec.json import encode as _to_json

from appliance.core import events as ev
from appliance.core.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service is asked to be, in the words of the setup message."""

    model: str
    voice: str
    system_instruction: str
    turn_coverage: str
    transcripts: bool


@dataclass(frozen=True, slots=True)
class SetupComplete:
    """The link may be used."""


@dataclass(frozen=True, slots=True)
class HandleIssued:
    """The next link may resume this session with `handle`."""

    handle: str


@dataclass(frozen=True, slots=True)
class GoAway:
    """The service will close this link in `time_left_s`."""

    time_left_s: float


Message = ev.Event | SetupComplete | HandleIssued | GoAway


class NotJson(ValueError):
    """A frame that is no JSON object: the peer does not speak the protocol."""


ACTIVITY_START = b'{"realtimeInput":{"activityStart":{}}}'
ACTIVITY_END = b'{"realtimeInput":{"activityEnd":{}}}'


def setup(settings: Settings, handle: str | None) -> bytes:
    """The first message, as small as the model accepts; `handle` resumes a session."""
    voice = {"prebuiltVoiceConfig": {"voiceName": settings.voice}}
    realtime_input: dict[str, Any] = {"automaticActivityDetection": {"disabled": True}}
    if settings.turn_coverage:
        realtime_input["turnCoverage"] = settings.turn_coverage
    message: dict[str, Any] = {
        "model": settings.model,
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": voice},
        },
        "realtimeInputConfig": realtime_input,
        "contextWindowCompression": {"slidingWindow": {}},
        "sessionResumption": {"handle": handle} if handle else {},
    }
    if settings.system_instruction:
        text = {"text": settings.system_instruction}
        message["systemInstruction"] = {"parts": [text]}
    if settings.transcripts:
        message["inputAudioTranscription"] = {}
        message["outputAudioTranscription"] = {}
    return _to_json({"setup": message})


class _Blob(Struct):
    data: bytes
    mimeType: str


class _Audio(Struct):
    audio: _Blob


class _RealtimeInput(Struct):
    realtimeInput: _Audio


def audio(pcm: bytes) -> bytes:
    """One audio message; `pcm` is s16le mono at 16 kHz."""
    blob = _Blob(pcm, f"audio/pcm;rate={CAPTURE_RATE_HZ}")
    return _to_json(_RealtimeInput(_Audio(blob)))


def decode(frame: bytes | str) -> tuple[list[Message], list[str]]:
    """What a server frame says, in the order it is to be acted on.

    Returns:
        The messages, and complaints: "unknown field x" and "malformed field x: why".

    Raises:
        NotJson: the frame is no JSON object.
    """
    try:
        fields = _from_json(frame, type=dict[str, Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson("a frame that is not a JSON object") from error
    reading = _Reading([], [])
    reading.read(fields, _TOP_LEVEL, "")
    return reading.messages, reading.complaints


class _Part(Struct):
    inlineData: _Blob | UnsetType = UNSET
    thought: bool = False


class _ModelTurn(Struct):
    parts: list[_Part] = []


class _Transcription(Struct):
    text: str = ""


class _Handle(Struct):
    newHandle: str = ""
    resumable: bool = False


class _GoAway(Struct):
    timeLeft: str = "0s"


class _Usage(Struct):
    promptTokenCount: int = 0
    responseTokenCount: int = 0
    thoughtsTokenCount: int = 0


@dataclass(slots=True)
class _Reading:
    """The fields of one frame being turned into messages."""

    messages: list[Message]
    complaints: list[str]

    def read(self, fields: dict[str, Raw], known: "_Known", where: str) -> None:
        for name in fields.keys() - known.keys() - _IGNORED:
            self.complaints.append(f"unknown field {where}{name}")
        for name, (type_, say) in known.items():
            if name in fields:
                try:
                    say(self, _from_json(fields[name], type=type_))
                except (ValidationError, ValueError) as error:
                    self.complaints.append(f"malformed field {where}{name}: {error}")

    def content(self, fields: dict[str, Raw]) -> None:
        # `reason` belongs to turnComplete, whichever comes first in the frame.
        reason = fields.pop("turnCompleteReason", None)
        self.read(fields, _SERVER_CONTENT, "serverContent.")
        if reason is not None and "turnComplete" in fields:
            text = _from_json(reason, type=str)
            self.messages = [
                ev.AnswerEnded(text) if isinstance(m, ev.AnswerEnded) else m
                for m in self.messages
            ]

    def model_turn(self, turn: _ModelTurn) -> None:
        for part in turn.parts:
            if part.inlineData is UNSET or part.thought:
                continue
            mime = part.inlineData.mimeType
            if mime != f"audio/pcm;rate={PLAYBACK_RATE_HZ}":
                raise ValueError(f"{mime!r} is not audio/pcm;rate={PLAYBACK_RATE_HZ}")
            self.messages.append(ev.AnswerAudio(part.inlineData.data))

    def transcript(self, said: _Transcription, *, spoken: bool) -> None:
        self.messages.append(ev.TranscriptHeard(said.text, spoken))

    def handle(self, update: _Handle) -> None:
        if update.resumable and update.newHandle:
            self.messages.append(HandleIssued(update.newHandle))

    def usage(self, usage: _Usage) -> None:
        tokens_out = usage.responseTokenCount + usage.thoughtsTokenCount
        self.messages.append(ev.TokensCounted(usage.promptTokenCount, tokens_out))

    def go_away(self, warning: _GoAway) -> None:
        self.messages.append(GoAway(float(warning.timeLeft.removesuffix("s"))))

    def flag(self, is_set: bool, message: Message) -> None:
        if is_set:
            self.messages.append(message)


_Known = dict[str, tuple[Any, Callable[[_Reading, Any], None]]]

#: In the order in which they are acted on.
_SERVER_CONTENT: _Known = {
    "modelTurn": (_ModelTurn, _Reading.model_turn),
    "inputTranscription": (
        _Transcription,
        lambda r, said: r.transcript(said, spoken=False),
    ),
    "outputTranscription": (
        _Transcription,
        lambda r, said: r.transcript(said, spoken=True),
    ),
    "generationComplete": (bool, lambda r, b: r.flag(b, ev.AnswerGenerated())),
    "interrupted": (bool, lambda r, b: r.flag(b, ev.AnswerInterrupted())),
    "turnComplete": (bool, lambda r, b: r.flag(b, ev.AnswerEnded())),
}
_TOP_LEVEL: _Known = {
    "setupComplete": (dict[str, Any], lambda r, _: r.flag(True, SetupComplete())),
    "usageMetadata": (_Usage, _Reading.usage),
    "serverContent": (dict[str, Raw], _Reading.content),
    "sessionResumptionUpdate": (_Handle, _Reading.handle),
    "goAway": (_GoAway, _Reading.go_away),
}
#: Known, and of no use to a push-to-talk box.
_IGNORED = {
    "interactionStatus",
    "waitingForInput",
    "groundingMetadata",
    "urlContextMetadata",
    "voiceActivity",
    "voiceActivityDetectionSignal",
}
