# SPDX-License-Identifier: MIT
"""What is said to the Live service; no I/O.

Messages are JSON in text frames, one kind each. Source: ai.google.dev/api/live.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any, assert_never

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.basics.record import Struct
from appliance.core.effects import (
    AnswerTool,
    CloseTurn,
    OpenTurn,
    Order,
    SendAudio,
    SendText,
)
from appliance.live import tools

#: Written out: they are most of what is sent.
_AUDIO = b'{"realtimeInput":{"audio":{"data":"%b","mimeType":"%b"}}}'
_MEDIA_CHUNK = b'{"realtime_input":{"media_chunks":[{"data":"%b","mime_type":"%b"}]}}'
#: An empty turn of the user's, as the recipe of 2025 has it.
_GO_ON = b'{"client_content":{"turns":[{"role":"user","parts":[]}],"turn_complete":%b}}'
_MIME_TYPE = b"audio/pcm;rate=%d" % CAPTURE_RATE_HZ


class Settings(Struct, frozen=True):
    """What the service is asked to be, in the words of the setup message."""

    model: str
    voice: str
    system_instruction: str
    turn_coverage: str
    transcripts: bool
    #: A key of DIALECTS.
    dialect: str = "activity"
    #: How the service detects speech, where it does; what is left out, it chooses.
    detection: tuple[tuple[str, str | int], ...] = ()
    #: When the context is cut, and to how much of it; 0 leaves that to the service.
    trigger_tokens: int = 0
    target_tokens: int = 0
    functions: tuple[tools.Function, ...] = ()
    google_search: bool = False


class Dialect(Struct, frozen=True):
    """How a turn is said: the frames at its beginning and end, and between them."""

    opening: bytes | None
    closing: bytes
    audio: Callable[[bytes], bytes]
    text: Callable[[str], bytes]
    #: Sent after each message of the answer.
    go_on: bytes | None = None


def encode(order: Order, dialect: Dialect) -> bytes | None:
    """The frame that says it; None if the dialect has no word for it."""
    match order:
        case OpenTurn():
            return dialect.opening
        case SendAudio(pcm):
            return dialect.audio(pcm)
        case SendText(text):
            return dialect.text(text)
        case AnswerTool(call_id, name, response):
            return tools.response(call_id, name, response)
        case CloseTurn():
            return dialect.closing
        case _:
            assert_never(order)


def setup(settings: Settings, handle: str | None) -> bytes:
    """The first message, as small as the model accepts; `handle` resumes a session."""
    voice = {"prebuiltVoiceConfig": {"voiceName": settings.voice}}
    generation: dict[str, Any] = {
        "responseModalities": ["AUDIO"],
        "speechConfig": {"voiceConfig": voice},
    }
    if tools.EXTENDED_THINKING in settings.model:
        # These models refuse a setup without it, all others one with it.
        generation["thinkingConfig"] = {"thinkingLevel": "LOW"}
    message: dict[str, Any] = {
        "model": settings.model,
        "generationConfig": generation,
        "contextWindowCompression": _compression(settings),
        "sessionResumption": {"handle": handle} if handle else {},
    }
    if realtime_input := _realtime_input(settings):
        message["realtimeInputConfig"] = realtime_input
    if listed := tools.listed(
        settings.functions, settings.model, google_search=settings.google_search
    ):
        message["tools"] = listed
    if settings.system_instruction:
        text = {"text": settings.system_instruction}
        message["systemInstruction"] = {"parts": [text]}
    if settings.transcripts:
        message["inputAudioTranscription"] = {}
        message["outputAudioTranscription"] = {}
    return json.dumps({"setup": message}).encode()


def _compression(settings: Settings) -> dict[str, Any]:
    """Without it a session ends after 15 minutes of sound."""
    window: dict[str, Any] = {}
    if settings.target_tokens:
        window["targetTokens"] = settings.target_tokens
    config: dict[str, Any] = {"slidingWindow": window}
    if settings.trigger_tokens:
        config["triggerTokens"] = settings.trigger_tokens
    return config


def _realtime_input(settings: Settings) -> dict[str, Any]:
    """Who tells where a turn begins and ends."""
    if settings.dialect == "client-content":
        return {}
    detection: dict[str, Any] = {"disabled": True}
    if settings.dialect == "server-vad":
        detection = dict(settings.detection)
    config: dict[str, Any] = {"automaticActivityDetection": detection}
    if settings.turn_coverage:
        config["turnCoverage"] = settings.turn_coverage
    return config


def _audio(pcm: bytes) -> bytes:
    return _AUDIO % (b64encode(pcm), _MIME_TYPE)


def _media_chunk(pcm: bytes) -> bytes:
    return _MEDIA_CHUNK % (b64encode(pcm), _MIME_TYPE)


def _text(text: str) -> bytes:
    return json.dumps({"realtimeInput": {"text": text}}).encode()


def _content(text: str) -> bytes:
    turn = {"role": "user", "parts": [{"text": text}]}
    content = {"turns": [turn], "turn_complete": False}
    return json.dumps({"client_content": content}).encode()


#: By [turns] mode.
DIALECTS: dict[str, Dialect] = {
    "activity": Dialect(
        opening=b'{"realtimeInput":{"activityStart":{}}}',
        closing=b'{"realtimeInput":{"activityEnd":{}}}',
        audio=_audio,
        text=_text,
    ),
    "server-vad": Dialect(
        opening=None,
        closing=b'{"realtimeInput":{"audioStreamEnd":true}}',
        audio=_audio,
        text=_text,
    ),
    # The recipe of 2025; for models and gateways that still take it.
    "client-content": Dialect(
        opening=None,
        closing=_GO_ON % b"true",
        audio=_media_chunk,
        text=_content,
        go_on=_GO_ON % b"false",
    ),
}
