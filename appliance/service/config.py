# SPDX-License-Identifier: MIT
"""The configuration: the file, what of it is checked, and what it means."""

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
from appliance.service.endpoint import check_endpoint
from appliance.service.sections import (
    COVERAGES,
    I2S_GPIOS,
    VOICES,
    ButtonSection,
    LedSection,
    LiveSection,
    LogSection,
    MicrophoneSection,
    SpeakerSection,
    TurnsSection,
    VadSection,
)

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
    live, pins = config.live, (config.button.talk_gpio, config.led.gpio)
    endpoint = check_endpoint(live.endpoint, f"{source}: [live] endpoint")
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
    for place, gpio in zip(("[button] talk_gpio", "[led] gpio"), pins, strict=True):
        if gpio in I2S_GPIOS:
            raise Unreadable(
                f"{source}: {place} = {gpio}: 18-21 are the I2S bus of microphone and "
                "amplifier; use another pin from 2 to 27"
            )
    if pins[0] == pins[1]:
        raise Unreadable(
            f"{source}: [button] talk_gpio and [led] gpio are both {pins[0]}; "
            "use two pins"
        )
    return config.changed(live=live.changed(endpoint=endpoint))


def limits(config: Config) -> Limits:
    """What the core needs, in seconds."""
    turns = config.turns
    return Limits(
        pre_roll_s=config.microphone.pre_roll_ms / 1000,
        min_hold_s=turns.min_hold_ms / 1000,
        tail_s=turns.tail_ms / 1000,
        hold_limit_s=turns.hold_limit_s,
        hold_warning_s=turns.hold_warning_s,
        turn_gap_s=turns.gap_ms / 1000,
        answer_limit_s=turns.answer_limit_s,
        delivery_limit_s=turns.delivery_limit_s,
        idle_disconnect_s=config.live.idle_disconnect_s,
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


def live_settings(config: Config) -> uplink.Settings:
    """What the setup message asks for."""
    return uplink.Settings(
        model=config.live.model,
        voice=config.live.voice,
        system_instruction=config.live.system_instruction,
        turn_coverage=config.live.turn_coverage,
        transcripts=config.log.transcripts,
        dialect=config.turns.mode,
        detection=_detection(config.vad),
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
