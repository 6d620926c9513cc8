# SPDX-License-Identifier: MIT
"""The configuration: the file, what of it is checked, and what it means."""

from math import inf
from pathlib import Path

from appliance.core.limits import Limits
from appliance.core.strict_toml import (
    Section,
    Unreadable,
    parse,
    shown,
    suggestion,
)
from appliance.core.way import Manner, Way
from appliance.live import uplink
from appliance.live.tools import Function
from appliance.service.config_pins import check_pins, check_volume
from appliance.service.endpoint import check_endpoint
from appliance.service.sections import (
    COVERAGES,
    VOICES,
    ButtonSection,
    ConversationSection,
    LedSection,
    LiveSection,
    LogSection,
    MicrophoneSection,
    PricesSection,
    SpeakerSection,
    ToolsSection,
    TurnsSection,
    VadSection,
    VolumeSection,
)

#: A hold of the volume-down button.
_SHUT_DOWN_S = 8.0
DEFAULT_PATH = Path("/etc/voice-appliance/config.toml")


class Config(Section, frozen=True):
    """The whole file; every key may be left out."""

    live: LiveSection = LiveSection()
    button: ButtonSection = ButtonSection()
    led: LedSection = LedSection()
    microphone: MicrophoneSection = MicrophoneSection()
    speaker: SpeakerSection = SpeakerSection()
    turns: TurnsSection = TurnsSection()
    vad: VadSection = VadSection()
    volume: VolumeSection = VolumeSection()
    conversation: ConversationSection = ConversationSection()
    prices: PricesSection = PricesSection()
    tools: ToolsSection = ToolsSection()
    log: LogSection = LogSection()


def load(path: Path) -> Config:
    """The configuration at `path`.

    Raises:
        Unreadable: with one line that says what, where, what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path}: not UTF-8 text") from None
    return checked(parse(text, Config, str(path)), str(path))


def checked(config: Config, source: str) -> Config:
    """`config`, its endpoint with a path, if what types cannot say holds, too."""
    live = config.live
    endpoint = check_endpoint(live.endpoint, f"{source}: [live] endpoint")
    _check_model(live.model, source)
    if live.voice not in VOICES:
        raise Unreadable(
            f"{source}: [live] voice = {shown(live.voice)}: not a voice of the service"
            f"{suggestion(live.voice, VOICES)} (known: {', '.join(VOICES)})"
        )
    if live.turn_coverage not in COVERAGES:
        raise Unreadable(
            f"{source}: [live] turn_coverage = {shown(live.turn_coverage)}: expected "
            + ", ".join(f'"{known}"' for known in COVERAGES)
        )
    check_pins(config.button.talk_gpio, config.led.gpio, config.volume, source)
    check_volume(config.volume, source)
    _check_gain(config.speaker, source)
    _check_conversation(config.conversation, source)
    return config.changed(live=live.changed(endpoint=endpoint))


def _check_model(model: str, source: str) -> None:
    if not model.removeprefix("models/") or not model.startswith("models/"):
        raise Unreadable(
            f'{source}: [live] model = {shown(model)}: expected "models/" and a name, '
            f'as in "{LiveSection().model}"'
        )


def _check_gain(speaker: SpeakerSection, source: str) -> None:
    if speaker.gain > speaker.gain_limit:
        raise Unreadable(
            f"{source}: [speaker] gain = {speaker.gain:g}: expected at most gain_limit "
            f"= {speaker.gain_limit:g}; raise that, too, if it is to be so loud"
        )


def _check_conversation(conversation: ConversationSection, source: str) -> None:
    trigger, target = conversation.trigger_tokens, conversation.target_tokens
    if target >= trigger:
        raise Unreadable(
            f"{source}: [conversation] target_tokens = {target}: must be less than "
            f"trigger_tokens = {trigger}; half of it is a good value"
        )


def limits(config: Config) -> Limits:
    """What the core needs, in seconds."""
    turns, microphone = config.turns, config.microphone
    always_open = microphone.open == "always"
    return Limits(
        pre_roll_s=microphone.pre_roll_ms / 1000 if always_open else 0.0,
        min_hold_s=turns.min_hold_ms / 1000,
        tail_s=turns.tail_ms / 1000,
        hold_limit_s=turns.hold_limit_s,
        hold_warning_s=turns.hold_warning_s,
        turn_gap_s=turns.gap_ms / 1000,
        answer_limit_s=turns.answer_limit_s,
        delivery_limit_s=turns.delivery_limit_s,
        idle_disconnect_s=config.live.idle_disconnect_s,
        forget_after_s=60 * config.conversation.forget_after_min or inf,
        shut_down_s=_SHUT_DOWN_S if config.volume.shutdown else inf,
        tokens_per_day=config.conversation.tokens_per_day or inf,
    )


def manner(config: Config) -> Manner:
    """How the box is talked to."""
    turns = config.turns
    hands_free = turns.mode == "server-vad"
    return Manner(
        way=Way.HANDS_FREE if hands_free else Way(config.button.mode),
        half_duplex=turns.echo == "half-duplex",
        hands_free_limit_s=turns.hands_free_limit_s,
    )


def live_settings(
    config: Config, functions: tuple[Function, ...] = ()
) -> uplink.Settings:
    """What the setup message asks for."""
    return uplink.Settings(
        model=config.live.model,
        voice=config.live.voice,
        system_instruction=config.live.system_instruction,
        turn_coverage=config.live.turn_coverage,
        transcripts=config.log.transcripts,
        functions=functions,
        google_search=config.tools.google_search,
        dialect=config.turns.mode,
        detection=_detection(config.vad),
        trigger_tokens=config.conversation.trigger_tokens,
        target_tokens=config.conversation.target_tokens,
    )


def _detection(vad: VadSection) -> tuple[tuple[str, str | int], ...]:
    """In the words of automaticActivityDetection."""
    start, end = vad.start_sensitivity.upper(), vad.end_sensitivity.upper()
    wanted: dict[str, str | int] = {
        "startOfSpeechSensitivity": start and f"START_SENSITIVITY_{start}",
        "endOfSpeechSensitivity": end and f"END_SENSITIVITY_{end}",
        "prefixPaddingMs": vad.prefix_padding_ms,
        "silenceDurationMs": vad.silence_ms,
    }
    return tuple((name, value) for name, value in wanted.items() if value)
