# SPDX-License-Identifier: MIT
"""The configuration: reads and checks the file, and derives the settings of parts."""

from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Annotated

from appliance.basics.excerpt import has_key, quote, suggestion
from appliance.basics.strict_toml import (
    ConfigError,
    Meta,
    Problem,
    Section,
    keys,
    parse,
    sections,
)
from appliance.config.endpoint import KEY_NAME, check_endpoint, check_proxy
from appliance.config.pins import wrong_pins, wrong_volume
from appliance.config.sections import (
    COVERAGES,
    VOICES,
    ButtonSection,
    ConversationSection,
    Kit,
    LedSection,
    LiveSection,
    LogSection,
    MicrophoneSection,
    PricesSection,
    SpeakerSection,
    SpeechSection,
    ToolsSection,
    TurnsSection,
    VadSection,
    VolumeSection,
)
from appliance.core.limits import Limits
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.live import uplink
from appliance.live.tools import Function

DEFAULT_PATH = Path("/etc/voice-appliance/config.toml")


class Config(Section, frozen=True):
    """The whole file; every key may be left out."""

    kit: Annotated[
        Kit, Meta(description="the parts that make sound; read when the Pi boots")
    ] = "inmp441-max98357a"
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
    speech: SpeechSection = SpeechSection()
    log: LogSection = LogSection()


def load(path: Path) -> Config:
    """The configuration at `path`.

    Raises:
        ConfigError: with a line for each mistake: what, where, what is allowed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_config(content, str(path))


def parse_config(content: bytes, source: str) -> Config:
    """The configuration in the bytes of a file. Raises as load."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{source}: not UTF-8 text") from None
    # Windows line endings.
    text = text.replace("\r\n", "\n")
    config = parse(text, Config, source, _mistakes)
    endpoint = check_endpoint(config.live.endpoint, source)
    return config.changed(live=config.live.changed(endpoint=endpoint))


def _mistakes(config: Config) -> Iterator[Problem]:
    """The mistakes that types cannot rule out."""
    yield from _exposed_keys(config)
    yield from _wrong_live(config.live)
    yield from wrong_pins(config)
    yield from wrong_volume(config.volume)
    yield from _wrong_devices(config)
    yield from _wrong_gain(config.speaker)
    yield from _wrong_conversation(config.conversation)


def _exposed_keys(config: Config) -> Iterator[Problem]:
    """Everybody may read the file, and error messages quote it."""
    for section in sections(config):
        for key in keys(section.value):
            if isinstance(key.value, str) and has_key(key.value):
                place = f"[{section.name}] {key.name}"
                yield Problem(
                    (place,),
                    f"{place}: looks like an API key; it belongs in the credential "
                    f"{KEY_NAME}, not into this file",
                )


def _wrong_live(live: LiveSection) -> Iterator[Problem]:
    try:
        check_endpoint(live.endpoint, "[live] endpoint")
    except ConfigError as error:
        yield Problem(("[live] endpoint",), str(error))
    try:
        if live.proxy:
            check_proxy(live.proxy, "[live] proxy")
    except ConfigError as error:
        yield Problem(("[live] proxy",), str(error))
    name = live.model.removeprefix("models/")
    if not name or name == live.model:
        yield Problem(
            ("[live] model",),
            f'[live] model = {quote(live.model)}: expected "models/" and a name, '
            f'as in "{LiveSection().model}"',
        )
    if live.voice not in VOICES:
        yield Problem(
            ("[live] voice",),
            f"[live] voice = {quote(live.voice)}: not a voice of the service"
            f"{suggestion(live.voice, VOICES)} (known: {', '.join(VOICES)})",
        )
    if live.turn_coverage not in COVERAGES:
        yield Problem(
            ("[live] turn_coverage",),
            f"[live] turn_coverage = {quote(live.turn_coverage)}: expected "
            + ", ".join(f'"{known}"' for known in COVERAGES),
        )


def _wrong_devices(config: Config) -> Iterator[Problem]:
    microphone, speaker = config.microphone, config.speaker
    for name, card, device in (
        ("microphone", microphone.card, microphone.device),
        ("speaker", speaker.card, speaker.device),
    ):
        if card and device:
            yield Problem(
                (f"[{name}] card", f"[{name}] device"),
                f"[{name}] card = {quote(card)} and device = {quote(device)}: "
                "expected one of them; leave the other out",
            )


def _wrong_gain(speaker: SpeakerSection) -> Iterator[Problem]:
    if speaker.gain > speaker.gain_limit:
        yield Problem(
            ("[speaker] gain", "[speaker] gain_limit"),
            f"[speaker] gain = {speaker.gain:g}: expected at most gain_limit "
            f"= {speaker.gain_limit:g}; raise that, too, for more",
        )


def _wrong_conversation(conversation: ConversationSection) -> Iterator[Problem]:
    trigger, target = conversation.trigger_tokens, conversation.target_tokens
    if target >= trigger:
        yield Problem(
            ("[conversation] target_tokens", "[conversation] trigger_tokens"),
            f"[conversation] target_tokens = {target}: must be less than "
            f"trigger_tokens = {trigger}; half of it is a good value",
        )


def limits(config: Config) -> Limits:
    """What the core needs, in seconds."""
    turns, microphone = config.turns, config.microphone
    always_open = microphone.open == "always"
    return Limits(
        pre_roll_s=microphone.pre_roll_ms / 1000 if always_open else 0.0,
        min_hold_s=turns.min_hold_ms / 1000,
        tail_s=turns.tail_ms / 1000,
        tail_listens=turns.tail == "listen",
        hold_limit_s=turns.hold_limit_s,
        hold_warning_s=turns.hold_warning_s,
        turn_gap_s=turns.gap_ms / 1000,
        answer_limit_s=turns.answer_limit_s,
        delivery_limit_s=turns.delivery_limit_s,
        idle_disconnect_s=config.live.idle_disconnect_s,
        forget_after_s=60 * config.conversation.forget_after_min or inf,
        tokens_per_day=config.conversation.tokens_per_day or inf,
    )


def talk_settings(config: Config) -> TalkSettings:
    """The talk mode and its limits."""
    turns = config.turns
    hands_free = turns.mode == "server-vad"
    return TalkSettings(
        mode=TalkMode.HANDS_FREE if hands_free else TalkMode(config.button.mode),
        half_duplex=turns.echo == "half-duplex",
        hands_free_limit_s=turns.hands_free_limit_s,
        hands_free_longest_s=turns.hands_free_longest_s,
    )


def live_settings(
    config: Config, functions: tuple[Function, ...] = (), language: str | None = None
) -> uplink.Settings:
    """What the setup message asks for; `language` in English, None if unknown."""
    return uplink.Settings(
        model=config.live.model,
        voice=config.live.voice,
        system_instruction=_instruction(config.live.system_instruction, language),
        turn_coverage=config.live.turn_coverage,
        transcripts=config.log.transcripts,
        functions=functions,
        google_search=config.tools.google_search,
        dialect=config.turns.mode,
        detection=_detection(config.vad),
        trigger_tokens=config.conversation.trigger_tokens,
        target_tokens=config.conversation.target_tokens,
    )


def _instruction(configured: str, language: str | None) -> str:
    """An instruction written by the user is sent as it is: it may name a language."""
    if language is None or configured != LiveSection().system_instruction:
        return configured
    return f"{configured} Unless you hear another one, that is {language}."


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
