# SPDX-License-Identifier: MIT
"""The sections of the configuration: every key with unit, range, default, meaning.

A key that only a new process reads is marked AT_START; one that has an effect only in
some [turns] modes names them. Both go into the `extra` of its Meta.
"""

from typing import Annotated, Literal, get_args

from appliance.basics.strict_toml import IN_WORDS, Meta, Section
from appliance.config.endpoint import LIVE_PATH

BuiltInTool = Literal["set_volume", "end_conversation", "device_status"]
Language = Literal["auto", "en", "de", "fr", "es", "it", "pt", "nl", "pl", "uk", "ja"]
#: What makes sound: each has its lines for config.txt in hw/config.txt.d.
Kit = Literal[
    "inmp441-max98357a", "voicehat", "wm8960", "hifiberry-dac", "max98357a", "usb"
]
BUILT_IN_TOOLS: tuple[BuiltInTool, ...] = get_args(BuiltInTool)

APPLIED, MODES = "applied", "modes"
#: Read once: devices, GPIO lines, and what is built with them.
AT_START = {APPLIED: "at start"}
HANDS_FREE = {MODES: ("server-vad",)}
NOT_HANDS_FREE = {MODES: ("activity", "client-content")}
NOT_CLIENT_CONTENT = {MODES: ("activity", "server-vad")}

_CardId = Annotated[
    str,
    Meta(
        pattern=r"^[\w-]{0,15}\Z",
        extra=AT_START | {IN_WORDS: "an id of up to 15 letters and digits"},
        description='ALSA card id, see voice-appliance sound; "": the one there is',
    ),
]
_Price = Annotated[float, Meta(ge=0, le=10_000, extra=AT_START)]
_Gpio = Annotated[int, Meta(ge=2, le=27, extra=AT_START)]
_GpioOrNone = Annotated[int, Meta(ge=0, le=27, extra=AT_START)]

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
    model: Annotated[str, Meta(description='name of a Live model, "models/..."')] = (
        "models/gemini-3.8-live"
    )
    voice: Annotated[str, Meta(description="one of " + " ".join(VOICES))] = "Aoede"
    system_instruction: Annotated[
        str, Meta(description="what the model is told first: its role, style, language")
    ] = (
        "You are the voice of a box with one button. Everything said to you is meant "
        "for you: always answer aloud, in a few sentences, in the user's language."
    )
    turn_coverage: Annotated[
        str,
        Meta(
            description='input that counts as part of a turn; "": the service decides',
            extra=NOT_CLIENT_CONTENT,
        ),
    ] = "TURN_INCLUDES_ONLY_ACTIVITY"
    idle_disconnect_s: Annotated[
        float,
        Meta(ge=10, le=480, description="close the link this long after the last turn"),
    ] = 300.0


class ButtonSection(Section, frozen=True):
    mode: Annotated[
        Literal["hold", "toggle"],
        Meta(
            description='"hold": talk while you hold the button; "toggle": press to '
            "start, press again to stop",
            extra=NOT_HANDS_FREE,
        ),
    ] = "hold"
    talk_gpio: Annotated[
        _Gpio, Meta(description="BCM number; not 16 (amplifier) or 18-21 (I2S)")
    ] = 17
    active_low: Annotated[
        bool,
        Meta(
            description="true: the button connects the pin to ground (pull-up on); "
            "false: to 3.3 V (pull-down on)",
            extra=AT_START,
        ),
    ] = True
    bounce_ms: Annotated[
        int, Meta(ge=0, le=50, description="debounce time", extra=AT_START)
    ] = 10


class LedSection(Section, frozen=True):
    gpio: Annotated[
        _Gpio, Meta(description="BCM number; not 16 (amplifier) or 18-21 (I2S)")
    ] = 27
    brightness: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1,
            description="brightness of every pattern but idle; 1 needs the least CPU",
        ),
    ] = 1.0
    idle_brightness: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="brightness at rest; 0 is off. In between, the LED is dim if "
            "the kernel has PWM on its pin (dtoverlay=pwm-gpio,gpio=27); otherwise it "
            "flashes every 4 s",
        ),
    ] = 0.05


class MicrophoneSection(Section, frozen=True):
    card: _CardId = ""
    device: Annotated[
        str,
        Meta(
            description='ALSA PCM name (arecord -L) instead of a card; "": none',
            extra=AT_START,
        ),
    ] = ""
    channel: Annotated[
        int,
        Meta(
            ge=1,
            le=32,
            description="channel of the card; 1 is the left one",
            extra=AT_START,
        ),
    ] = 1
    gain_db: Annotated[
        float,
        Meta(
            ge=-1,
            le=40,
            description="gain of the channel; -1: 20 for a bare I2S microphone, else 0",
            extra=AT_START,
        ),
    ] = -1.0
    period_frames: Annotated[
        int,
        Meta(
            ge=256,
            le=8192,
            description="length of a period at 16 kHz; 2048 = 128 ms",
            extra=AT_START,
        ),
    ] = 2048
    open: Annotated[
        Literal["always", "while-held"],
        Meta(description='"while-held": only while you talk, and without pre-roll'),
    ] = "always"
    pre_roll_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description="sound kept from before the press",
            extra=NOT_HANDS_FREE,
        ),
    ] = 300


class SpeakerSection(Section, frozen=True):
    card: _CardId = ""
    device: Annotated[
        str,
        Meta(
            description='ALSA PCM name (aplay -L) instead of a card; "": none',
            extra=AT_START,
        ),
    ] = ""
    period_frames: Annotated[
        int,
        Meta(
            ge=120,
            le=4800,
            description="length of a period at 24 kHz; 960 = 40 ms. Two of them run "
            "out at a cut: 480 halves that, but wakes the box twice as often",
            extra=AT_START,
        ),
    ] = 960
    cut: Annotated[
        Literal["run-out", "restart"],
        Meta(
            description='a press on an answer: "run-out" plays the two periods that '
            'the card holds; "restart" discards them, but stops the card: some pop',
            extra=AT_START,
        ),
    ] = "run-out"
    prefill: Annotated[
        Literal["adaptive", "fixed"],
        Meta(
            description='"adaptive": what is buffered before an answer starts to play '
            "follows how evenly answers arrive, from a period up to 500 ms",
            extra=AT_START,
        ),
    ] = "adaptive"
    prefill_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description="sound buffered before the first answer starts to play; with "
            'prefill = "fixed" before each',
            extra=AT_START,
        ),
    ] = 100
    gain: Annotated[
        float,
        Meta(
            ge=0,
            le=4,
            description="gain until the volume is first changed; 1 changes nothing",
        ),
    ] = 1.0
    gain_limit: Annotated[
        float,
        Meta(
            ge=0.1,
            le=4,
            description="gain at volume 100 %; above 1, loud voices clip",
        ),
    ] = 1.0


class TurnsSection(Section, frozen=True):
    mode: Annotated[
        Literal["activity", "server-vad", "client-content"],
        Meta(
            description='"activity": the button marks a turn; "server-vad": hands-free,'
            ' a press opens and closes the microphone; "client-content": the older '
            "protocol (media chunks)"
        ),
    ] = "activity"
    echo: Annotated[
        Literal["half-duplex", "full-duplex"],
        Meta(
            description='hands-free: "half-duplex" sends silence while the speaker '
            'plays; "full-duplex" sends the microphone, for a headset or echo '
            "cancelling",
            extra=HANDS_FREE,
        ),
    ] = "half-duplex"
    hands_free_limit_s: Annotated[
        float,
        Meta(
            ge=10,
            le=3600,
            description="hands-free: close the microphone this long after an answer",
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
            ge=50,
            le=1000,
            description="a shorter press is a tap, which sends nothing",
            extra=NOT_HANDS_FREE,
        ),
    ] = 250
    tail: Annotated[
        Literal["listen", "fixed"],
        Meta(
            description='a turn ends after the release: "listen": once you have '
            'stopped talking; "fixed": after tail_ms',
            extra=NOT_HANDS_FREE,
        ),
    ] = "listen"
    tail_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=2000,
            description='longest recording after the release; 200 suits "fixed"',
            extra=NOT_HANDS_FREE,
        ),
    ] = 500
    hold_limit_s: Annotated[
        float,
        Meta(
            ge=10,
            le=300,
            description="longest hold; it then ends by itself",
            extra=NOT_HANDS_FREE,
        ),
    ] = 60.0
    hold_warning_s: Annotated[
        float,
        Meta(ge=0, le=10, description="the LED warns this long before that limit"),
    ] = 5.0
    gap_ms: Annotated[
        int, Meta(ge=300, le=2000, description="least pause between two turns sent")
    ] = 500
    answer_limit_s: Annotated[
        float,
        Meta(
            ge=2,
            le=60,
            description="silence of the service after which the question is sent once "
            "more, then given up",
        ),
    ] = 10.0
    delivery_limit_s: Annotated[
        float,
        Meta(
            ge=5,
            le=300,
            description="give up a question when the network has taken nothing for "
            "this long",
        ),
    ] = 30.0


class VadSection(Section, frozen=True):
    """How the service detects speech, hands-free; "" and 0 leave it to the service."""

    start_sensitivity: Annotated[
        Literal["", "low", "high"],
        Meta(
            description='how easily a sound begins a turn; "": the service decides',
            extra=HANDS_FREE,
        ),
    ] = ""
    end_sensitivity: Annotated[
        Literal["", "low", "high"],
        Meta(
            description='how easily a pause ends a turn; "": the service decides',
            extra=HANDS_FREE,
        ),
    ] = ""
    prefix_padding_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="length of speech that begins a turn; 0: the service decides",
            extra=HANDS_FREE,
        ),
    ] = 0
    silence_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=5000,
            description="length of silence that ends a turn; 0: the service decides",
            extra=HANDS_FREE,
        ),
    ] = 0


class VolumeSection(Section, frozen=True):
    up_gpio: Annotated[
        _GpioOrNone, Meta(description="button to ground, louder; 0: none")
    ] = 0
    down_gpio: Annotated[
        _GpioOrNone, Meta(description="button to ground, quieter; 0: none")
    ] = 0
    encoder_a_gpio: Annotated[
        _GpioOrNone, Meta(description="line A of a rotary encoder; 0: none")
    ] = 0
    encoder_b_gpio: Annotated[
        _GpioOrNone, Meta(description="line B; clockwise is louder")
    ] = 0


class ConversationSection(Section, frozen=True):
    trigger_tokens: Annotated[
        int,
        Meta(
            ge=5000,
            le=128_000,
            description="cut the conversation when it has grown to this size: each "
            "turn is billed with all before it; 1000 tokens are 40 s of sound",
        ),
    ] = 12_800
    target_tokens: Annotated[
        int, Meta(ge=1000, le=64_000, description="size of the newest part that stays")
    ] = 6_400
    forget_after_min: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="begin a new conversation after this pause; 0: never",
        ),
    ] = 30.0
    tokens_per_day: Annotated[
        int,
        Meta(
            ge=0,
            le=10**9,
            description="limit for a day, sent and received; past it, presses are "
            "refused until midnight; 0: no limit",
        ),
    ] = 0


class PricesSection(Section, frozen=True):
    currency: Annotated[
        str,
        Meta(
            max_length=8,
            description="currency of the prices below, each for a million tokens",
            extra=AT_START,
        ),
    ] = "USD"
    text_in: Annotated[_Price, Meta(description="text sent")] = 0.75
    audio_in: Annotated[_Price, Meta(description="sound sent")] = 3.0
    image_in: Annotated[_Price, Meta(description="images sent")] = 1.0
    text_out: Annotated[
        _Price, Meta(description="text received: thoughts, transcripts")
    ] = 4.5
    audio_out: Annotated[_Price, Meta(description="sound received")] = 12.0


class ToolsSection(Section, frozen=True):
    enabled: Annotated[
        tuple[BuiltInTool, ...],
        Meta(description="built-in tools that the model may call"),
    ] = BUILT_IN_TOOLS
    directory: Annotated[
        str, Meta(min_length=1, description="your own tools, one NAME.toml each")
    ] = "/etc/voice-appliance/tools.d"
    google_search: Annotated[
        bool, Meta(description="let the service search the web, which may cost extra")
    ] = False


class SpeechSection(Section, frozen=True):
    language: Annotated[
        Language,
        Meta(
            description="what the box and the model speak; auto: the language of the "
            "system, else of the keyboard, else English"
        ),
    ] = "auto"
    sentences: Annotated[
        bool,
        Meta(description="say in words what failed, after its sound; needs espeak-ng"),
    ] = True


class LogSection(Section, frozen=True):
    transcripts: Annotated[
        bool,
        Meta(description="write the words of each turn to the journal", extra=AT_START),
    ] = False
