# SPDX-License-Identifier: MIT
"""The configuration: every key with its unit, range, default and meaning, once."""

from pathlib import Path
from typing import Annotated

from appliance.core.limits import Limits
from appliance.core.strict_toml import (
    Meta,
    Section,
    Unreadable,
    parse,
    shown,
    suggestion,
)
from appliance.live import uplink
from appliance.service.endpoint import LIVE_PATH, check_endpoint

DEFAULT_PATH = Path("/etc/voice-appliance/config.toml")
# fmt: off
VOICES = [
    "Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda", "Orus", "Aoede",
    "Callirrhoe", "Autonoe", "Enceladus", "Iapetus", "Umbriel", "Algieba", "Despina",
    "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar", "Alnilam", "Schedar",
    "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia",
    "Sadaltager", "Sulafat",
]
# fmt: on
COVERAGES = [
    "",
    "TURN_INCLUDES_ONLY_ACTIVITY",
    "TURN_INCLUDES_ALL_INPUT",
    "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
]
#: BCM numbers of the I2S bus: the microphone and the amplifier sit there.
I2S_GPIOS = range(18, 22)


class LiveSection(Section, frozen=True):
    endpoint: Annotated[
        str, Meta(description="wss:// URL of the Live API (ws:// on loopback only)")
    ] = "wss://generativelanguage.googleapis.com" + LIVE_PATH
    model: Annotated[
        str, Meta(pattern="^models/.+", description='a Live model, "models/..."')
    ] = "models/gemini-3.8-live"
    voice: Annotated[str, Meta(description="one of " + " ".join(VOICES))] = "Aoede"
    system_instruction: Annotated[
        str, Meta(description="who answers, how, and in which language")
    ] = (
        "You are the voice of a box with one button. Everything said to you is meant "
        "for you: always answer aloud, in a few sentences, in the user's language."
    )
    turn_coverage: Annotated[
        str, Meta(description='what of the input makes a turn; "" leaves it out')
    ] = "TURN_INCLUDES_ONLY_ACTIVITY"
    idle_disconnect_s: Annotated[
        float, Meta(ge=10, le=480, description="close the link this long after a turn")
    ] = 300.0


class ButtonSection(Section, frozen=True):
    talk_gpio: Annotated[
        int, Meta(ge=2, le=27, description="BCM number, not 18-21 (I2S)")
    ] = 17
    active_low: Annotated[
        bool, Meta(description="the button connects the pin to ground (pull-up on)")
    ] = True
    bounce_ms: Annotated[int, Meta(ge=0, le=50, description="contact bounce")] = 10


class LedSection(Section, frozen=True):
    gpio: Annotated[
        int, Meta(ge=2, le=27, description="BCM number, not 18-21 (I2S)")
    ] = 27
    brightness: Annotated[
        float, Meta(ge=0.05, le=1, description="of everything but idle")
    ] = 1.0
    idle_brightness: Annotated[
        float, Meta(ge=0, le=1, description="while idle; 0 is off")
    ] = 0.05


class MicrophoneSection(Section, frozen=True):
    device: Annotated[
        str, Meta(min_length=1, description="ALSA PCM name, see arecord -L")
    ] = "default"
    period_frames: Annotated[
        int, Meta(ge=256, le=8192, description="at 16 kHz; 2048 = 128 ms")
    ] = 2048
    pre_roll_ms: Annotated[
        int, Meta(ge=0, le=2000, description="kept from before the press")
    ] = 300


class SpeakerSection(Section, frozen=True):
    device: Annotated[
        str, Meta(min_length=1, description="ALSA PCM name, see aplay -L")
    ] = "default"
    period_frames: Annotated[
        int, Meta(ge=120, le=4800, description="at 24 kHz; 480 = 20 ms")
    ] = 480
    prefill_ms: Annotated[
        int, Meta(ge=0, le=2000, description="buffered before an answer starts")
    ] = 100
    gain: Annotated[float, Meta(ge=0, le=4, description="1 leaves it as it is")] = 1.0


class TurnsSection(Section, frozen=True):
    min_hold_ms: Annotated[
        int, Meta(ge=50, le=1000, description="a shorter press is a tap")
    ] = 250
    tail_ms: Annotated[
        int, Meta(ge=0, le=2000, description="still listened to after the release")
    ] = 200
    hold_limit_s: Annotated[
        float, Meta(ge=10, le=300, description="the longest hold")
    ] = 60.0
    hold_warning_s: Annotated[
        float, Meta(ge=0, le=10, description="the LED warns this long before it")
    ] = 5.0
    gap_ms: Annotated[
        int, Meta(ge=300, le=2000, description="between two turns on the wire")
    ] = 500
    answer_limit_s: Annotated[
        float, Meta(ge=2, le=60, description="silence of the service to give up after")
    ] = 10.0
    delivery_limit_s: Annotated[
        float, Meta(ge=5, le=300, description="waiting for a link to give up after")
    ] = 30.0


class LogSection(Section, frozen=True):
    transcripts: Annotated[
        bool, Meta(description="write what was said and answered into the journal")
    ] = False


class Config(Section, frozen=True):
    """The whole file; every key may be left out."""

    live: LiveSection = LiveSection()
    button: ButtonSection = ButtonSection()
    led: LedSection = LedSection()
    microphone: MicrophoneSection = MicrophoneSection()
    speaker: SpeakerSection = SpeakerSection()
    turns: TurnsSection = TurnsSection()
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


def live_settings(config: Config) -> uplink.Settings:
    """What the setup message asks for."""
    return uplink.Settings(
        model=config.live.model,
        voice=config.live.voice,
        system_instruction=config.live.system_instruction,
        turn_coverage=config.live.turn_coverage,
        transcripts=config.log.transcripts,
    )
