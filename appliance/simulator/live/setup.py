# SPDX-License-Identifier: MIT
"""What the service refuses in a setup for gemini-3.8-live, beyond unknown fields."""

from appliance.simulator.live.fields import Setup
from appliance.simulator.live.wire import INVALID, POLICY, Refusal

MODELS = frozenset({"models/gemini-3.8-live"})
_VOICES = (
    "Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus "
    "Iapetus Umbriel Algieba Despina Erinome Algenib Rasalgethi Laomedeia Achernar "
    "Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia "
    "Sadaltager Sulafat"
)
VOICES = frozenset(_VOICES.split())


def check_setup(setup: Setup, api_version: str) -> None:
    """Raises the Refusal with which the service closes on this setup, if it does."""
    _check_model(setup.model, api_version)
    generation = setup.generation_config
    if generation.thinking_config is not None:
        raise Refusal(INVALID, "Thinking level is not supported for this model.")
    if set(generation.response_modalities) - {"AUDIO"}:
        raise Refusal(INVALID, "Cannot extract voices from a non-audio request.")
    _check_voice(setup)


def _check_model(model: str, api_version: str) -> None:
    if model not in MODELS:
        raise Refusal(
            POLICY,
            f"{model} is not found for API version {api_version}, or is not supported "
            "for bidiGenerateContent. Call ListModels to see the available models.",
        )


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
