# SPDX-License-Identifier: MIT
"""What can be heard of the box: two notes, and whether it can speak sentences."""

from appliance.basics.pcm import melody
from appliance.config.devices import speaker_choice
from appliance.core.signals import Signal
from appliance.doctor.context import Context
from appliance.doctor.levels import Echo, echo, level
from appliance.doctor.recording import CARD_TROUBLE, record
from appliance.doctor.result import Result, fail, ok, setting, skip

_PITCHES_HZ = (1000.0, 1500.0)
_NOTE_S = 0.4
_ROOM_S = 0.7
_NEEDED_DB = 10.0
_INSTALL = (
    "sudo apt install espeak-ng && sudo systemctl restart voice-appliance; "
    "without it there are sounds and blinks only"
)


async def examine_speaker(context: Context) -> Result:
    notes = melody((pitch_hz, _NOTE_S) for pitch_hz in _PITCHES_HZ)
    try:
        selected = await context.card.select("playback", speaker_choice(context.config))
        recording = await record(context, _ROOM_S, notes)
    except CARD_TROUBLE as error:
        is_microphone = "microphone" in str(error)
        signal = Signal.MICROPHONE if is_microphone else Signal.SPEAKER
        return fail(str(error), "voice-appliance sound", signal)
    if level(recording.pcm).is_stuck:
        return skip(
            "two notes were played, but the microphone hears nothing",
            "voice-appliance doctor --section microphone",
        )
    heard = echo(recording.pcm, _PITCHES_HZ, recording.played_frame)
    return judge_speaker(heard, context.config.speaker.gain, selected.by_hand)


def judge_speaker(heard: Echo, gain: float, device: str) -> Result:
    figures = {"margin_db": round(heard.margin_db, 1), "delay_ms": heard.delay_ms}
    if heard.margin_db >= _NEEDED_DB:
        return ok(
            f"both notes heard {heard.margin_db:.0f} dB above the room, "
            f"{heard.delay_ms:.0f} ms after they were played",
            **figures,
        )
    mend = (
        "voice-appliance sound --fix opens a mixer that is shut; "
        f"speaker-test -D {device} -c 1 -t sine -l 1; check the amplifier"
    )
    if gain < 0.1:
        mend = setting("speaker", "gain", 1.0)
    return fail(
        f"two notes were played, and heard only {heard.margin_db:.0f} dB above the "
        f"room; needed: {_NEEDED_DB:.0f}",
        mend,
        Signal.SPEAKER,
        **figures,
    )


async def examine_words(context: Context) -> Result:
    if not context.config.speech.sentences:
        return skip("[speech] sentences = false")
    ran = context.machine.run(["espeak-ng", "--version"])
    if ran is None:
        return skip("espeak-ng is not installed: the box has no words", _INSTALL)
    if ran.code:
        return fail(f"espeak-ng: {ran.complaint}", _INSTALL)
    return ok(f"espeak-ng is installed, language: {context.config.speech.language}")
