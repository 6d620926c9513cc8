# SPDX-License-Identifier: MIT
"""What ALSA grants to microphone and speaker, and with which converter of rates."""

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ
from appliance.config.devices import microphone_choice, speaker_choice
from appliance.config.file import Config
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.machine import TIMED_OUT
from appliance.doctor.result import Figures, Result, fail, ok, setting, skip
from appliance.hardware.abilities import DIRECTIONS
from appliance.hardware.card import CardHung, DeviceUnavailable
from appliance.hardware.selection import Selected

Part = Literal["microphone", "speaker"]

_SIGNALS = {"microphone": Signal.MICROPHONE, "speaker": Signal.SPEAKER}
_TOOLS = {"microphone": "arecord", "speaker": "aplay"}
_ALSA_UTILS = "sudo apt install alsa-utils"
_SETTING = re.compile(r"^ +(\w+) *: (\S+)", re.MULTILINE)
_CONVERTER = re.compile(r"^Converter: (.+)$", re.MULTILINE)
_HARDWARE = re.compile(r"Hardware PCM card (\d+) .* device (\d+) subdevice")
#: PortAudio evens out periods of another length, but not any.
_TOLERANCE = 2.0
#: A PCM that is named may do anything; the one that is made for a card does it all.
_A_CARD = (
    "voice-appliance sound; "
    + setting("{part}", "card", "its id")
    + "; and leave device out"
)


@dataclass(frozen=True, slots=True)
class Granted:
    """A stream as ALSA set it up: for us, and at the card itself."""

    rate_hz: int
    period_frames: int
    buffer_frames: int
    card_rate_hz: int
    card_format: str
    card_channels: int
    #: What converts the rate, None if nothing does.
    converter: str | None
    #: The card's own PCM, None if it is none of the kernel's.
    hardware: str | None

    def __str__(self) -> str:
        return (
            f"{self.rate_hz} Hz, periods of {self.period_frames} frames, "
            f"buffer {self.buffer_frames}; at the card {self.card_rate_hz} Hz, "
            f"{self.card_format}, {self.card_channels} channel(s)"
        )

    @property
    def figures(self) -> Figures:
        return {
            "rate_hz": self.rate_hz,
            "period_frames": self.period_frames,
            "buffer_frames": self.buffer_frames,
            "card_rate_hz": self.card_rate_hz,
            "converter": self.converter,
        }


async def examine_rate(part: Part, context: Context) -> Result:
    granted = await granted_to(part, context)
    if isinstance(granted, Result):
        return granted
    rate_hz, period_frames = _wanted(part, context.config)
    return judge_rate(part, rate_hz, period_frames, granted)


examine_microphone_rate = partial(examine_rate, "microphone")
examine_speaker_rate = partial(examine_rate, "speaker")


def judge_rate(
    part: Part, rate_hz: int, period_frames: int, granted: Granted
) -> Result:
    if granted.rate_hz != rate_hz:
        return fail(
            f"{granted}; needed: {rate_hz} Hz",
            _A_CARD.format(part=part),
            _SIGNALS[part],
            **granted.figures,
        )
    if "linear" in (granted.converter or ""):
        return fail(
            f"{granted}, converted without a filter, which aliases",
            "sudo apt install libasound2-plugins; sudoedit /etc/asound.conf: "
            'rate_converter "speexrate_medium"',
            **granted.figures,
        )
    ratio = granted.period_frames / period_frames
    if not 1 / _TOLERANCE <= ratio <= _TOLERANCE:
        return fail(
            f"{granted}; needed: periods of {period_frames}",
            setting(part, "period_frames", granted.period_frames),
            **granted.figures,
        )
    return ok(str(granted), **granted.figures)


async def granted_to(part: Part, context: Context) -> Granted | Result:
    """What ALSA grants to `part` when asked as the service asks; or why it does not.

    One period is read from the microphone, which shows that its clock runs.
    """
    choice = (microphone_choice if part == "microphone" else speaker_choice)(
        context.config
    )
    try:
        selected = await context.card.select(DIRECTIONS[part], choice)
    except (DeviceUnavailable, CardHung) as error:
        return fail(str(error), "voice-appliance sound", _SIGNALS[part])
    ran = context.machine.run(command(part, selected.pcm, context.config))
    if ran is None:
        return skip(f"{_TOOLS[part]} is not installed", _ALSA_UTILS)
    if ran.code == 0 and (granted := read_dump(ran.err)):
        return replace(granted, hardware=granted.hardware or selected.by_hand)
    return refusal(part, selected, ran.code, ran.complaint)


def command(part: Part, pcm: str, config: Config) -> list[str]:
    rate_hz, period_frames = _wanted(part, config)
    form = ["-v", "-D", pcm, "-t", "raw", "-f", "S16_LE", "-c", "1"]
    size = [f"--period-size={period_frames}", f"--buffer-size={2 * period_frames}"]
    what = ["-s", str(period_frames)] if part == "microphone" else ["/dev/null"]
    return [_TOOLS[part], *form, "-r", str(rate_hz), *size, *what]


def refusal(part: Part, selected: Selected, code: int, complaint: str) -> Result:
    """Why there is no stream, by the last line of arecord or aplay."""
    text = f"{selected.label}: {complaint.rpartition('error: ')[2]}"
    mends = {
        "busy": "sudo fuser -v /dev/snd/*",
        "Permission denied": "sudo voice-appliance doctor, or "
        "sudo usermod -aG audio $USER and log in again",
        "No such file": f"{_TOOLS[part]} -L; {_A_CARD.format(part=part)}",
    }
    otherwise = (
        f"{_TOOLS[part]} -v -D {selected.by_hand} -d 2 /dev/null; check wiring, overlay"
    )
    if code == TIMED_OUT:
        text = f"{selected.label}: its clock does not run"
    mend = next((mends[word] for word in mends if word in complaint), otherwise)
    return fail(text, mend, _SIGNALS[part])


def read_dump(dump: str) -> Granted | None:
    """What snd_pcm_dump() wrote: one set-up a stage, the card's comes last."""
    stages = [dict(_SETTING.findall(text)) for text in dump.split("Its setup is:")[1:]]
    if not stages:
        return None
    ours, card = stages[0], stages[-1]
    converter, hardware = _CONVERTER.search(dump), _HARDWARE.search(dump)
    return Granted(
        rate_hz=int(ours["rate"]),
        period_frames=int(ours["period_size"]),
        buffer_frames=int(ours["buffer_size"]),
        card_rate_hz=int(card["rate"]),
        card_format=card["format"],
        card_channels=int(card["channels"]),
        converter=converter[1] if converter else None,
        hardware=f"plughw:{hardware[1]},{hardware[2]}" if hardware else None,
    )


def _wanted(part: Part, config: Config) -> tuple[int, int]:
    if part == "microphone":
        return CAPTURE_RATE_HZ, config.microphone.period_frames
    return PLAYBACK_RATE_HZ, config.speaker.period_frames
