# SPDX-License-Identifier: MIT
"""One cut of each kind: how soon the speaker is silent, and whether it plays on."""

import asyncio
import time
from dataclasses import dataclass

from appliance.basics.pcm import melody
from appliance.core import events as ev
from appliance.core.liveness import LIMITS_S
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.recording import CARD_TROUBLE, Ear, opened
from appliance.doctor.result import Result, fail, ok, setting
from appliance.hardware.speaker import Cut, Speaker
from appliance.service import build_hardware
from appliance.service.inbox import Inbox

_TONE = ((1000.0, 3.0),)
#: By then the card holds nothing but the tone.
_TONE_BEFORE_S = 0.4
_LOOK_EVERY_S = 0.01
_POPS = "if one of the two tones ended with a pop, keep the other kind"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one cut."""

    silent_ms: int
    plays_on: bool


async def examine_cut(context: Context) -> Result:
    try:
        # What stops nothing comes first: the other may be the card's last sound.
        run_out = await _try(context, "run-out")
        restart = await _try(context, "restart") if run_out.plays_on else None
    except CARD_TROUBLE as error:
        return fail(str(error), "voice-appliance sound", Signal.SPEAKER)
    return judge_cuts(run_out, restart, context.config.speaker.cut)


def judge_cuts(run_out: Trial, restart: Trial | None, used: Cut) -> Result:
    """`used`: the kind that the service makes."""
    figures = {"run_out_ms": run_out.silent_ms, "run_out_plays_on": run_out.plays_on}
    if restart is None:
        return fail(
            "the card stopped in mid-sound, though nobody stopped it",
            "voice-appliance doctor --section speaker; sudo dmesg | tail",
            Signal.SPEAKER,
            **figures,
        )
    figures |= {"restart_ms": restart.silent_ms, "restart_plays_on": restart.plays_on}
    text = f"run-out: silent after {run_out.silent_ms} ms"
    if restart.plays_on:
        text += f"; restart: after {restart.silent_ms} ms; the card plays on after both"
        return ok(f"{text}; {_POPS}; taken: {used}", **figures)
    text += "; after a restart the card does not play on; if it stays so: sudo reboot"
    if used == "run-out":
        return ok(f'{text}; leave [speaker] cut = "run-out"', **figures)
    mend = setting("speaker", "cut", '"run-out"')
    return fail(text, mend, Signal.SPEAKER, **figures)


async def _try(context: Context, kind: Cut) -> Trial:
    """Raises as `record`."""
    wanted = context.config.speaker
    config = context.config.changed(speaker=wanted.changed(cut=kind))
    inbox = Inbox(asyncio.get_running_loop())
    ear = Ear(inbox)
    speaker = build_hardware.speaker(config, context.card, wanted.gain, inbox.post)
    async with opened(speaker):
        speaker.play(melody(_TONE))
        await ear.take("speaker", ev.PlaybackStarted)
        await asyncio.sleep(_TONE_BEFORE_S)
        cut_at = time.monotonic()
        speaker.drop()
        silenced = await ear.take("speaker", ev.PlaybackSilenced)
        silent_ms = round(1000 * (silenced.at - cut_at))
        return Trial(silent_ms, await _plays_on(speaker, silenced.at))


async def _plays_on(speaker: Speaker, since: float) -> bool:
    """Whether the card asks for more, once it is silent (monotonic s) and open."""
    while speaker.beat_at <= since:
        if time.monotonic() > max(since, speaker.reopened_at) + LIMITS_S["speaker"]:
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True
