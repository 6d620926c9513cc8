# SPDX-License-Identifier: MIT
"""The sections of the configuration: every key with unit, range, default, meaning.

A key that only a new process reads says AT_START; one that has no effect in some
[turns] mode says in which it has. Both go into the `extra` of its Meta.
"""

from typing import Annotated, Literal, get_args

from appliance.basics.strict_toml import Meta, Section
from appliance.config.endpoint import LIVE_PATH

BuiltInTool = Literal["set_volume", "end_conversation", "device_status"]
Language = Literal["auto", "en", "de", "fr", "es", "it", "pt", "nl", "pl", "uk", "ja"]
BUILT_IN_TOOLS: tuple[BuiltInTool, ...] = get_args(BuiltInTool)

APPLIED, MODES = "applied", "modes"
#: Devices and lines, and what is built with them: only a new process reads these.
AT_START = {APPLIED: "at start"}
HANDS_FREE = {MODES: ("server-vad",)}
NOT_HANDS_FREE = {MODES: ("activity", "client-content")}
NOT_CLIENT_CONTENT = {MODES: ("activity", "server-vad")}

_Price = Annotated[float, Meta(ge=0, le=10_000, extra=AT_START)]

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


class LiveSection(Section, frozen=True):
    endpoint: Annotated[
        str, Meta(description="wss:// URL of the Live API (ws:// on loopback only)")
    ] = "wss://generativelanguage.googleapis.com" + LIVE_PATH
    proxy: Annotated[
        str, Meta(description='HTTP proxy, "http://HOST:PORT"; "" for none')
    ] = ""
    model: Annotated[str, Meta(description='a Live model, "models/..."')] = (
        "models/gemini-3.8-live"
    )
    voice: Annotated[str, Meta(description="one of " + " ".join(VOICES))] = "Aoede"
    system_instruction: Annotated[
        str, Meta(description="who answers, how, and in which language")
    ] = (
        "You are the voice of a box with one button. Everything said to you is meant "
        "for you: always answer aloud, in a few sentences, in the user's language."
    )
    turn_coverage: Annotated[
        str,
        Meta(
            description='what of the input makes a turn; "" leaves it out',
            extra=NOT_CLIENT_CONTENT,
        ),
    ] = "TURN_INCLUDES_ONLY_ACTIVITY"
    idle_disconnect_s: Annotated[
        float, Meta(ge=10, le=480, description="close the link this long after a turn")
    ] = 300.0


class ButtonSection(Section, frozen=True):
    mode: Annotated[
        Literal["hold", "toggle"],
        Meta(
            description='"hold": talk while it is held; "toggle": press, talk, press',
            extra=NOT_HANDS_FREE,
        ),
    ] = "hold"
    talk_gpio: Annotated[
        int,
        Meta(
            ge=2,
            le=27,
            description="BCM number, not 16 (amplifier) or 18-21 (I2S)",
            extra=AT_START,
        ),
    ] = 17
    active_low: Annotated[
        bool,
        Meta(
            description="the button connects the pin to ground (pull-up on)",
            extra=AT_START,
        ),
    ] = True
    bounce_ms: Annotated[
        int, Meta(ge=0, le=50, description="contact bounce", extra=AT_START)
    ] = 10


class LedSection(Section, frozen=True):
    gpio: Annotated[
        int,
        Meta(
            ge=2,
            le=27,
            description="BCM number, not 16 (amplifier) or 18-21 (I2S)",
            extra=AT_START,
        ),
    ] = 27
    brightness: Annotated[
        float,
        Meta(ge=0.05, le=1, description="of everything but idle; 1 costs least"),
    ] = 1.0
    idle_brightness: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="while idle; 0 is off; between 0 and 1 it is dim where the "
            "kernel has PWM on the pin (dtoverlay=pwm-gpio,gpio=27), else a short "
            "flash every 4 s",
        ),
    ] = 0.05


class MicrophoneSection(Section, frozen=True):
    device: Annotated[
        str,
        Meta(min_length=1, description="ALSA PCM name, see arecord -L", extra=AT_START),
    ] = "default"
    period_frames: Annotated[
        int,
        Meta(ge=256, le=8192, description="at 16 kHz; 2048 = 128 ms", extra=AT_START),
    ] = 2048
    open: Annotated[
        Literal["always", "while-held"],
        Meta(description='"while-held": closed unless you talk; there is no pre-roll'),
    ] = "always"
    pre_roll_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description="kept from before the press",
            extra=NOT_HANDS_FREE,
        ),
    ] = 300


class SpeakerSection(Section, frozen=True):
    device: Annotated[
        str,
        Meta(min_length=1, description="ALSA PCM name, see aplay -L", extra=AT_START),
    ] = "default"
    period_frames: Annotated[
        int, Meta(ge=120, le=4800, description="at 24 kHz; 960 = 40 ms", extra=AT_START)
    ] = 960
    prefill_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description="buffered before an answer starts",
            extra=AT_START,
        ),
    ] = 100
    gain: Annotated[
        float,
        Meta(ge=0, le=4, description="1 changes nothing; until the volume is turned"),
    ] = 1.0
    gain_limit: Annotated[
        float, Meta(ge=0.1, le=4, description="volume 100 %; loud voices clip above 1")
    ] = 1.0


class TurnsSection(Section, frozen=True):
    mode: Annotated[
        Literal["activity", "server-vad", "client-content"],
        Meta(
            description='"activity": the button marks a turn; "server-vad": hands-free,'
            ' a press opens and closes the microphone; "client-content": as in 2025'
        ),
    ] = "activity"
    echo: Annotated[
        Literal["half-duplex", "full-duplex"],
        Meta(
            description='hands-free, while the speaker sounds: "half-duplex" sends '
            'silence; "full-duplex" needs a headset or echo cancelling',
            extra=HANDS_FREE,
        ),
    ] = "half-duplex"
    hands_free_limit_s: Annotated[
        float,
        Meta(
            ge=10,
            le=3600,
            description="hands-free ends this long after an answer",
            extra=HANDS_FREE,
        ),
    ] = 120.0
    hands_free_longest_s: Annotated[
        float,
        Meta(
            ge=10,
            le=86_400,
            description="hands-free ends this long after the last press",
            extra=HANDS_FREE,
        ),
    ] = 600.0
    min_hold_ms: Annotated[
        int,
        Meta(
            ge=50, le=1000, description="a shorter press is a tap", extra=NOT_HANDS_FREE
        ),
    ] = 250
    tail_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description="still listened to after the release",
            extra=NOT_HANDS_FREE,
        ),
    ] = 200
    hold_limit_s: Annotated[
        float, Meta(ge=10, le=300, description="the longest hold", extra=NOT_HANDS_FREE)
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


class VadSection(Section, frozen=True):
    """How the service detects speech, hands-free; "" and 0 leave it to the service."""

    start_sensitivity: Annotated[
        Literal["", "low", "high"],
        Meta(description="how easily speech begins", extra=HANDS_FREE),
    ] = ""
    end_sensitivity: Annotated[
        Literal["", "low", "high"],
        Meta(description="how easily speech ends", extra=HANDS_FREE),
    ] = ""
    prefix_padding_ms: Annotated[
        int,
        Meta(
            ge=0, le=1000, description="speech so long begins a turn", extra=HANDS_FREE
        ),
    ] = 0
    silence_ms: Annotated[
        int,
        Meta(
            ge=0, le=5000, description="silence so long ends a turn", extra=HANDS_FREE
        ),
    ] = 0


class VolumeSection(Section, frozen=True):
    up_gpio: Annotated[
        int,
        Meta(
            ge=0,
            le=27,
            description="a button to ground, louder; 0 for none",
            extra=AT_START,
        ),
    ] = 0
    down_gpio: Annotated[
        int,
        Meta(
            ge=0,
            le=27,
            description="a button to ground, quieter; 0 for none",
            extra=AT_START,
        ),
    ] = 0
    encoder_a_gpio: Annotated[
        int,
        Meta(
            ge=0,
            le=27,
            description="a rotary encoder, to ground; 0 for none",
            extra=AT_START,
        ),
    ] = 0
    encoder_b_gpio: Annotated[
        int,
        Meta(
            ge=0,
            le=27,
            description="its other line; clockwise is louder",
            extra=AT_START,
        ),
    ] = 0


class ConversationSection(Section, frozen=True):
    trigger_tokens: Annotated[
        int,
        Meta(
            ge=5000,
            le=128_000,
            description="cut what was talked about when it has grown to so much; all "
            "of it is paid for in each turn, 1000 tokens are 40 s of talk",
        ),
    ] = 12_800
    target_tokens: Annotated[
        int, Meta(ge=1000, le=64_000, description="to the newest so much of it")
    ] = 6_400
    forget_after_min: Annotated[
        float,
        Meta(ge=0, le=1440, description="all is forgotten after this pause; 0: never"),
    ] = 30.0
    tokens_per_day: Annotated[
        int,
        Meta(
            ge=0,
            le=10**9,
            description="the most in a day, both ways; then a press is refused until "
            "midnight; 0: no limit",
        ),
    ] = 0


class PricesSection(Section, frozen=True):
    currency: Annotated[
        str,
        Meta(
            max_length=8,
            description="of a million tokens each, as below",
            extra=AT_START,
        ),
    ] = "USD"
    text_in: Annotated[_Price, Meta(description="text that is sent")] = 0.75
    audio_in: Annotated[_Price, Meta(description="speech that is sent")] = 3.0
    image_in: Annotated[_Price, Meta(description="images that are sent")] = 1.0
    text_out: Annotated[
        _Price, Meta(description="thoughts and transcripts that come back")
    ] = 4.5
    audio_out: Annotated[_Price, Meta(description="speech that comes back")] = 12.0


class ToolsSection(Section, frozen=True):
    enabled: Annotated[
        tuple[BuiltInTool, ...],
        Meta(description="what the service may call of the box itself"),
    ] = BUILT_IN_TOOLS
    directory: Annotated[
        str, Meta(min_length=1, description="tools of your own, a NAME.toml each")
    ] = "/etc/voice-appliance/tools.d"
    google_search: Annotated[
        bool, Meta(description="the service may search the web, which may cost")
    ] = False


class SpeechSection(Section, frozen=True):
    language: Annotated[
        Language,
        Meta(
            description="what the box and the model speak; auto: that of the system, "
            "else of the keyboard, else English"
        ),
    ] = "auto"
    sentences: Annotated[
        bool,
        Meta(description="say in words what is wrong, after the sound; by espeak-ng"),
    ] = True


class LogSection(Section, frozen=True):
    transcripts: Annotated[
        bool,
        Meta(
            description="write what was said and answered into the journal",
            extra=AT_START,
        ),
    ] = False
