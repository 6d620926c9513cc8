# SPDX-License-Identifier: MIT
"""The client messages the Live service knows, field by field.

A field that gemini-3.8-live does not know (proactivity, labels, affective dialog…)
is left out, so that it is refused by name as the service does.
"""

from typing import Any, Literal

from appliance.simulator.live.proto import Empty, Fields, Int32
from appliance.simulator.live.tool_fields import Tool, ToolList, ToolResponse


class Blob(Fields, frozen=True):
    data: str = ""
    mime_type: str = ""


class Part(Fields, frozen=True):
    text: str = ""
    thought: bool = False
    inline_data: Blob | None = None
    function_call: dict[str, Any] | None = None
    function_response: dict[str, Any] | None = None


class Content(Fields, frozen=True):
    parts: list[Part] = []
    role: Literal["user", "model", ""] = ""


class PrebuiltVoice(Fields, frozen=True):
    voice_name: str = ""


class VoiceConfig(Fields, frozen=True):
    prebuilt_voice_config: PrebuiltVoice = PrebuiltVoice()


class SpeechConfig(Fields, frozen=True):
    voice_config: VoiceConfig = VoiceConfig()
    language_code: str = ""


class ThinkingConfig(Fields, frozen=True):
    include_thoughts: bool = False
    thinking_budget: int = 0
    thinking_level: str = ""


class GenerationConfig(Fields, frozen=True):
    response_modalities: list[Literal["AUDIO", "TEXT", "IMAGE"]] = []
    speech_config: SpeechConfig = SpeechConfig()
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    max_output_tokens: int | None = None
    seed: int | None = None
    media_resolution: (
        Literal[
            "MEDIA_RESOLUTION_UNSPECIFIED",
            "MEDIA_RESOLUTION_LOW",
            "MEDIA_RESOLUTION_MEDIUM",
            "MEDIA_RESOLUTION_HIGH",
        ]
        | None
    ) = None
    thinking_config: ThinkingConfig | None = None


class SessionResumption(Fields, frozen=True):
    handle: str = ""


class SlidingWindow(Fields, frozen=True):
    target_tokens: int | None = None


class ContextWindowCompression(Fields, frozen=True):
    trigger_tokens: int | None = None
    sliding_window: SlidingWindow | None = None


class AudioTranscription(Fields, frozen=True):
    language_codes: list[str] = []
    language_hints: Any = None
    custom_vocabulary: list[str] = []
    adaptation_phrases: list[str] = []
    word_timestamp: bool = False
    diarization: bool = False
    mode: str = ""


class AutomaticActivityDetection(Fields, frozen=True):
    disabled: bool = False
    start_of_speech_sensitivity: (
        Literal["START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"] | None
    ) = None
    end_of_speech_sensitivity: (
        Literal["END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"] | None
    ) = None
    prefix_padding_ms: Int32 | None = None
    silence_duration_ms: Int32 | None = None


class RealtimeInputConfig(Fields, frozen=True):
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


class HistoryConfig(Fields, frozen=True):
    initial_history_in_client_content: bool = False


class SafetySetting(Fields, frozen=True):
    category: str = ""
    threshold: str = ""


class Setup(Fields, frozen=True):
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


class RealtimeInput(Fields, frozen=True):
    audio: Blob | None = None
    video: Blob | None = None
    text: str | None = None
    activity_start: Empty | None = None
    activity_end: Empty | None = None
    audio_stream_end: bool | None = None
    media_chunks: list[Blob] | None = None


class ClientContent(Fields, frozen=True):
    turns: list[Content] = []
    turn_complete: bool = False


class ContextUpdate(Fields, frozen=True):
    system_instruction: Content | None = None
    tools: ToolList | None = None


class ClientMessage(Fields, frozen=True):
    setup: Setup | None = None
    realtime_input: RealtimeInput | None = None
    client_content: ClientContent | None = None
    tool_response: ToolResponse | None = None
    context_update: ContextUpdate | None = None
