# SPDX-License-Identifier: MIT
"""The client messages the Live service knows, field by field, and their JSON.

A field that gemini-3.8-live does not know (proactivity, labels, affective dialog…)
is left out, so that it is refused by name as the service does.
"""

import re
from typing import Any, Literal

import msgspec

_MISFIT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[\w.\[\]]*)`)?", re.DOTALL)


class Misfit(Exception):
    """JSON that does not fit: `what` is wrong, and at which path ("" for the top)."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where


class _Fields(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"
): ...


class Empty(_Fields, frozen=True): ...


class Blob(_Fields, frozen=True):
    data: str = ""
    mime_type: str = ""


class Part(_Fields, frozen=True):
    text: str = ""
    thought: bool = False
    inline_data: Blob | None = None
    function_call: dict[str, Any] | None = None
    function_response: dict[str, Any] | None = None


class Content(_Fields, frozen=True):
    parts: list[Part] = []
    role: Literal["user", "model", ""] = ""


class PrebuiltVoice(_Fields, frozen=True):
    voice_name: str = ""


class VoiceConfig(_Fields, frozen=True):
    prebuilt_voice_config: PrebuiltVoice = PrebuiltVoice()


class SpeechConfig(_Fields, frozen=True):
    voice_config: VoiceConfig = VoiceConfig()
    language_code: str = ""


class ThinkingConfig(_Fields, frozen=True):
    include_thoughts: bool = False
    thinking_budget: int = 0
    thinking_level: str = ""


class GenerationConfig(_Fields, frozen=True):
    response_modalities: list[Literal["AUDIO", "TEXT", "IMAGE"]] = []
    speech_config: SpeechConfig = SpeechConfig()
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    media_resolution: (
        Literal[
            "MEDIA_RESOLUTION_LOW",
            "MEDIA_RESOLUTION_MEDIUM",
            "MEDIA_RESOLUTION_HIGH",
        ]
        | None
    ) = None
    thinking_config: ThinkingConfig | None = None


class FunctionDeclaration(_Fields, frozen=True):
    name: str
    description: str = ""
    behavior: Literal["BLOCKING", "NON_BLOCKING"] = "NON_BLOCKING"
    parameters: Any = None
    parameters_json_schema: Any = None
    response: Any = None
    response_json_schema: Any = None


class Tool(_Fields, frozen=True):
    function_declarations: list[FunctionDeclaration] = []
    google_search: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None


class SessionResumption(_Fields, frozen=True):
    handle: str = ""


class SlidingWindow(_Fields, frozen=True):
    target_tokens: int | None = None


class ContextWindowCompression(_Fields, frozen=True):
    trigger_tokens: int | None = None
    sliding_window: SlidingWindow | None = None


class AudioTranscription(_Fields, frozen=True):
    language_codes: list[str] = []
    language_hints: Any = None
    custom_vocabulary: list[str] = []
    adaptation_phrases: list[str] = []
    word_timestamp: bool = False
    diarization: bool = False
    mode: str = ""


class AutomaticActivityDetection(_Fields, frozen=True):
    disabled: bool = False
    start_of_speech_sensitivity: (
        Literal["START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"] | None
    ) = None
    end_of_speech_sensitivity: (
        Literal["END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"] | None
    ) = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None


class RealtimeInputConfig(_Fields, frozen=True):
    automatic_activity_detection: AutomaticActivityDetection = (
        AutomaticActivityDetection()
    )
    activity_handling: Literal["START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"] = (
        "START_OF_ACTIVITY_INTERRUPTS"
    )
    turn_coverage: (
        Literal[
            "TURN_INCLUDES_ONLY_ACTIVITY",
            "TURN_INCLUDES_ALL_INPUT",
            "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
        ]
        | None
    ) = None


class HistoryConfig(_Fields, frozen=True):
    initial_history_in_client_content: bool = False


class SafetySetting(_Fields, frozen=True):
    category: str = ""
    threshold: str = ""


class Setup(_Fields, frozen=True):
    model: str = ""
    generation_config: GenerationConfig = GenerationConfig()
    system_instruction: Content | None = None
    tools: list[Tool] = []
    session_resumption: SessionResumption | None = None
    context_window_compression: ContextWindowCompression | None = None
    input_audio_transcription: AudioTranscription | None = None
    output_audio_transcription: AudioTranscription | None = None
    realtime_input_config: RealtimeInputConfig = RealtimeInputConfig()
    history_config: HistoryConfig = HistoryConfig()
    safety_settings: list[SafetySetting] = []


class RealtimeInput(_Fields, frozen=True):
    audio: Blob | None = None
    video: Blob | None = None
    text: str | None = None
    activity_start: Empty | None = None
    activity_end: Empty | None = None
    audio_stream_end: bool | None = None
    media_chunks: list[Blob] | None = None


class ClientContent(_Fields, frozen=True):
    turns: list[Content] = []
    turn_complete: bool = False


class FunctionResponse(_Fields, frozen=True):
    id: str = ""
    name: str = ""
    response: dict[str, Any] = {}
    scheduling: Literal["INTERRUPT", "WHEN_IDLE", "SILENT"] = "WHEN_IDLE"
    will_continue: bool = False


class ToolResponse(_Fields, frozen=True):
    function_responses: list[FunctionResponse] = []


class ToolList(_Fields, frozen=True):
    tools: list[Tool] = []


class ContextUpdate(_Fields, frozen=True):
    system_instruction: Content | None = None
    tools: ToolList | None = None


class ClientMessage(_Fields, frozen=True):
    setup: Setup | None = None
    realtime_input: RealtimeInput | None = None
    client_content: ClientContent | None = None
    tool_response: ToolResponse | None = None
    context_update: ContextUpdate | None = None


def decode(text: str) -> Any:
    """The JSON value in `text`. Raises Misfit."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Misfit(str(error)) from error


def encode(json: Any) -> bytes:
    """`json` as UTF-8, bytes in it as base64."""
    return msgspec.json.encode(json)


def fit(json: Any) -> ClientMessage:
    """`json`, in camelCase and without nulls, as a client message. Raises Misfit."""
    try:
        return msgspec.convert(json, ClientMessage, strict=False)
    except msgspec.ValidationError as error:
        parts = _MISFIT.fullmatch(str(error))
        assert parts is not None
        raise Misfit(parts["what"], parts["where"] or "") from error
