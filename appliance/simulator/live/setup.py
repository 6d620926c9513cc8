# SPDX-License-Identifier: MIT
"""What the service refuses in a setup for its 3.8 models, beyond unknown fields."""

from appliance.simulator.live.fields import Setup
from appliance.simulator.live.wire import INVALID, INVALID_ARGUMENT, POLICY, Refusal
from appliance.simulator.scenario import Dialect

MODELS = frozenset(
    {"models/gemini-3.8-live", "models/gemini-3.8-live-extended-thinking"}
)
#: Retired; a client of 2025 may still ask for them.
_OLD_MODELS = frozenset(
    {"models/gemini-2.0-flash-exp", "models/gemini-2.0-flash-live-001"}
)
_VOICES = (
    "Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus "
    "Iapetus Umbriel Algieba Despina Erinome Algenib Rasalgethi Laomedeia Achernar "
    "Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia "
    "Sadaltager Sulafat"
)
VOICES = frozenset(_VOICES.split())
_LONGEST_MS = 10_000
#: Of the models that think at length; one of them is required there.
THINKING_LEVELS = ("LOW", "MEDIUM", "HIGH")


def check_setup(setup: Setup, api_version: str, dialect: Dialect = "today") -> None:
    """Raises the Refusal with which the service closes on this setup, if it does."""
    if dialect == "today" or setup.model not in _OLD_MODELS:
        _check_model(setup.model, api_version)
    generation = setup.generation_config
    _check_thinking(setup)
    if set(generation.response_modalities) - {"AUDIO"}:
        raise Refusal(INVALID, "Cannot extract voices from a non-audio request.")
    _check_voice(setup)
    _check_detection(setup)
    _check_compression(setup)


def _check_model(model: str, api_version: str) -> None:
    if model not in MODELS:
        raise Refusal(
            POLICY,
            f"{model} is not found for API version {api_version}, or is not supported "
            "for bidiGenerateContent. Call ListModels to see the available models.",
        )


def _check_thinking(setup: Setup) -> None:
    config = setup.generation_config.thinking_config
    if "extended-thinking" not in setup.model:
        if config is not None:
            raise Refusal(INVALID, "Thinking level is not supported for this model.")
    elif config is None or config.thinking_level not in THINKING_LEVELS:
        raise Refusal(INVALID, "This thinking level is not supported for this model.")


def _check_voice(setup: Setup) -> None:
    speech = setup.generation_config.speech_config
    voice = speech.voice_config.prebuilt_voice_config.voice_name
    if speech.language_code:
        raise Refusal(
            INVALID,
            f"Unsupported language code '{speech.language_code}' for model "
            f"{setup.model}",
        )
    if voice and voice not in VOICES:
        raise Refusal(
            INVALID,
            f"Requested voice api_name '{voice}' is not available for model "
            f"{setup.model}",
        )


def _check_detection(setup: Setup) -> None:
    """The service's own limits are not known: these are generous."""
    wanted = setup.realtime_input_config.automatic_activity_detection
    for length_ms in (wanted.prefix_padding_ms, wanted.silence_duration_ms):
        if length_ms is not None and not 0 <= length_ms <= _LONGEST_MS:
            raise Refusal(INVALID, INVALID_ARGUMENT)


def _check_compression(setup: Setup) -> None:
    wanted = setup.context_window_compression
    if wanted is None or wanted.sliding_window is None:
        return
    trigger, target = wanted.trigger_tokens, wanted.sliding_window.target_tokens
    if (trigger is not None and trigger <= 0) or (target is not None and target < 0):
        raise Refusal(INVALID, INVALID_ARGUMENT)
    if trigger is not None and target is not None and target >= trigger:
        raise Refusal(INVALID, INVALID_ARGUMENT)
