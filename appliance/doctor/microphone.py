# SPDX-License-Identifier: MIT
"""Listens to the room: is there a microphone at all, and on which channel?"""

from collections.abc import Callable

from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.levels import Level, level
from appliance.doctor.rates import Granted, granted_to
from appliance.doctor.recording import CARD_TROUBLE, record
from appliance.doctor.result import Figures, Result, fail, ok

_LISTEN_S = 1.5
_MOST_DC, _MOST_CLIPPED = 0.1, 0.001
#: No room is that loud: a floating data line is (white noise has -4.8 dB).
_LOUDEST_DB = -9.0
_WIRING = (
    "check data line, clocks and L/R select of the microphone against hw/README.md"
)
_SWAP = (
    "tie the microphone's L/R select to the other level, or choose that channel in "
    "/etc/asound.conf"
)


async def examine_microphone(context: Context) -> Result:
    device = context.config.microphone.device
    try:
        recording = await record(context, _LISTEN_S)
    except CARD_TROUBLE as error:
        mend = f"arecord -v -D {device} -d 2 /dev/null"
        return fail(str(error), mend, Signal.MICROPHONE)
    return judge_microphone(level(recording.pcm), channel_levels(context), device)


def judge_microphone(heard: Level, channels: tuple[Level, ...], device: str) -> Result:
    """`heard` through [microphone] device; `channels` at the card, if known."""
    figures = _figures(heard)
    text = f"{heard.rms_db:.0f} dB (peak {heard.peak_db:.0f} dB)"
    sounding = _names(channels, lambda at_card: not at_card.is_stuck)
    dead = _names(channels, lambda at_card: at_card.is_stuck)
    if heard.is_stuck and sounding:
        text = f"digital silence, but the card's {sounding} channel sounds: swapped"
        return fail(text, _SWAP, Signal.UNHEARD, **figures)
    if heard.is_zero:
        mend = f"{_WIRING}; arecord -D {device} -f S16_LE -r 16000 -vv -d 5 /dev/null"
        return fail("digital silence", mend, Signal.UNHEARD, **figures)
    if wrong := _wrong(heard):
        return fail(f"{text}: {wrong[0]}", wrong[1], Signal.MICROPHONE, **figures)
    if dead and sounding:
        text += f"; the {dead} channel is dead, as it is with a single microphone"
    return ok(text, **figures)


def channel_levels(context: Context) -> tuple[Level, ...]:
    """Of one second of each channel of the card itself; () if it has only one."""
    granted = granted_to("microphone", context)
    if not isinstance(granted, Granted) or granted.card_channels < 2:
        return ()
    device = granted.hardware or context.config.microphone.device
    count, rate = granted.card_channels, str(granted.card_rate_hz)
    form = ["-t", "raw", "-f", "S16_LE", "-c", str(count), "-r", rate]
    ran = context.machine.run(["arecord", "-q", "-D", device, *form, "-s", rate])
    if ran is None or ran.code or len(ran.out) < 2 * count:
        return ()
    return tuple(level(ran.out, number, count) for number in range(count))


def _wrong(heard: Level) -> tuple[str, str] | None:
    """What is wrong with the sound, and the fix."""
    if heard.is_stuck:
        return f"stuck at {heard.dc:.1%} of full scale", _WIRING
    if heard.dc > _MOST_DC:
        return f"DC of {heard.dc:.1%} of full scale", _WIRING
    if heard.clipped > _MOST_CLIPPED:
        return (
            f"{heard.clipped:.1%} of it clips",
            "alsamixer -V capture; with hw/asound.conf: a smaller ttable.0.0",
        )
    if heard.rms_db > _LOUDEST_DB:
        return "noise at full scale, no room is that loud", _WIRING
    return None


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
