# SPDX-License-Identifier: MIT
"""Listens to the room: is there a microphone at all, and on which channel?"""

from collections.abc import Callable

from appliance.config.devices import microphone_choice
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.levels import Level, level
from appliance.doctor.rates import Granted, granted_to
from appliance.doctor.recording import CARD_TROUBLE, record
from appliance.doctor.result import Figures, Result, fail, ok, setting
from appliance.hardware.selection import Selected

_LISTEN_S = 1.5
#: INMP441 and SPH0645 have an offset of some percent of full scale, which the gain
#: multiplies. A broken data line gives more than that, or nothing that changes.
_MOST_OFFSET, _MENTIONED_DC, _MOST_DC = 0.1, 0.05, 0.3
_MOST_CLIPPED = 0.001
#: No room is that loud: a floating data line is (white noise has -4.8 dB).
_LOUDEST_DB = -9.0
_WIRING = (
    "check data line, clocks and L/R select of the microphone against hw/README.md"
)


async def examine_microphone(context: Context) -> Result:
    choice = microphone_choice(context.config)
    try:
        selected = await context.card.select("capture", choice)
        recording = await record(context, _LISTEN_S)
    except CARD_TROUBLE as error:
        return fail(str(error), "voice-appliance sound", Signal.MICROPHONE)
    channels = await channel_levels(context)
    return judge_microphone(level(recording.pcm), channels, selected)


def judge_microphone(
    heard: Level, channels: tuple[Level, ...], selected: Selected
) -> Result:
    """`heard` as the service hears it; `channels` at the card, if known."""
    figures = _figures(heard)
    text = f"{heard.rms_db:.0f} dB (peak {heard.peak_db:.0f} dB)"
    sounding = _names(channels, lambda at_card: not at_card.is_stuck)
    dead = _names(channels, lambda at_card: at_card.is_stuck)
    if heard.is_stuck and sounding:
        text = f"digital silence, but the card's {sounding} channel sounds: swapped"
        return fail(text, _swap(channels), Signal.UNHEARD, **figures)
    if heard.is_zero:
        by_hand = f"arecord -D {selected.by_hand} -f S16_LE -r 16000 -vv -d 5 /dev/null"
        mend = f"voice-appliance sound; {_WIRING}; {by_hand}"
        return fail("digital silence", mend, Signal.UNHEARD, **figures)
    if wrong := _wrong(heard, selected.gain_db):
        return fail(f"{text}: {wrong[0]}", wrong[1], Signal.MICROPHONE, **figures)
    if heard.dc > _MENTIONED_DC:
        text += f"; DC of {heard.dc:.1%} of full scale, which such microphones have"
    if dead and sounding:
        text += f"; the {dead} channel is dead, as it is with a single microphone"
    return ok(text, **figures)


async def channel_levels(context: Context) -> tuple[Level, ...]:
    """Of one second of each channel of the card itself; () if it has only one."""
    granted = await granted_to("microphone", context)
    if not isinstance(granted, Granted) or granted.card_channels < 2:
        return ()
    count, rate = granted.card_channels, str(granted.card_rate_hz)
    form = ["-t", "raw", "-f", "S16_LE", "-c", str(count), "-r", rate]
    device = granted.hardware or context.config.microphone.device
    ran = context.machine.run(["arecord", "-q", "-D", device, *form, "-s", rate])
    if ran is None or ran.code or len(ran.out) < 2 * count:
        return ()
    return tuple(level(ran.out, number, count) for number in range(count))


def _wrong(heard: Level, gain_db: float | None) -> tuple[str, str] | None:
    """The fault in the sound, and the fix; `gain_db` if it is known."""
    dc = f"DC of {heard.dc:.1%} of full scale"
    if heard.is_stuck:
        return f"stuck at {heard.dc:.1%} of full scale", _WIRING
    if gain_db is not None and heard.dc / 10 ** (gain_db / 20) > _MOST_OFFSET:
        return f"{dc}, more than any microphone has", _WIRING
    if heard.dc > _MOST_DC:
        return f"{dc} leaves no room for a loud voice", _less_gain(gain_db)
    if heard.clipped > _MOST_CLIPPED:
        return f"{heard.clipped:.1%} of the frames clip", _less_gain(gain_db)
    if heard.rms_db > _LOUDEST_DB:
        return "noise at full scale, no room is that loud", _WIRING
    return None


def _less_gain(gain_db: float | None) -> str:
    if gain_db is None:
        return "less gain in the definition of this PCM; alsamixer -V capture"
    if gain_db > 0:
        return setting("microphone", "gain_db", max(0.0, gain_db - 10))
    return "alsamixer -V capture: lower it; then sudo alsactl store"


def _swap(channels: tuple[Level, ...]) -> str:
    """What makes the channel heard that sounds."""
    number = next(n for n, at_card in enumerate(channels, 1) if not at_card.is_stuck)
    return (
        setting("microphone", "channel", number)
        + "; or tie the microphone's L/R select to the other level"
    )


def _figures(heard: Level) -> Figures:
    return {
        "rms_db": heard.rms_db,
        "peak_db": heard.peak_db,
        "dc": round(heard.dc, 4),
        "clipped": round(heard.clipped, 5),
    }


def _names(channels: tuple[Level, ...], wanted: Callable[[Level], bool]) -> str:
    """The channels that are as `wanted`, in words."""
    count = len(channels)
    names = ("left", "right") if count == 2 else [f"{n + 1}." for n in range(count)]
    pairs = zip(names, channels, strict=True)
    return ", ".join(name for name, at_card in pairs if wanted(at_card))
