# SPDX-License-Identifier: MIT
"""`demo --say`: what the box says, and the sound before it."""

import asyncio
import os
import time
from collections.abc import Iterator

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.config.file import Config
from appliance.core.earcons import earcon_pcm
from appliance.core.events import Event, PlaybackDrained
from appliance.core.sentences import Sentence
from appliance.core.signals import TABLE, Signal
from appliance.demo.sound import Sound
from appliance.service import build_hardware
from appliance.speech import network, status
from appliance.speech.espeak import synthesize
from appliance.speech.language import FALLBACK, LANGUAGES, language
from appliance.speech.words import words

#: Where there is none.
_ADDRESS, _WIFI, _PERCENT = "192.168.1.23", network.Wifi("Home", 72), 100
#: Between sound and sentence, as a speaker with 20-ms periods has it.
_PAUSE = bytes(PLAYBACK_RATE_HZ // 25 * FRAME_BYTES)


def spoken_language(config: Config) -> str:
    """As the service would speak here."""
    return language(config.speech.language, os.environ) or FALLBACK


def sound_of(name: str, code: str) -> bytes:
    """Sound and sentence, or all that three taps lead to; s16le mono at 24 kHz.

    Raises SpeechUnavailable.
    """
    from appliance.speech.sound import fitted

    sentence, voice = Sentence(name), LANGUAGES[code].voice
    speech = (
        fitted(pcm, rate_hz)
        for rate_hz, pcm in (synthesize(text, voice) for text in _texts(sentence, code))
    )
    signal = Signal.__members__.get(sentence.name)
    row = TABLE[Signal.STARTING] if sentence is Sentence.READY else None
    row = TABLE[signal] if signal else row
    earcon = earcon_pcm(row.earcon) + _PAUSE if row and row.earcon else b""
    return earcon + b"".join(speech)


def _texts(sentence: Sentence, code: str) -> Iterator[str]:
    said = words(code)
    whole = status.fixed(said, network.host_name())
    yield whole[sentence]
    if sentence is Sentence.READY:
        yield whole[Sentence.HOST]
        address = network.address() or _ADDRESS
        yield from status.changing(said, address, _WIFI, _PERCENT)
        yield whole[Sentence.VERSION]


async def play(pcm: bytes, sound: Sound) -> None:
    """Returns once it has been heard. Raises as Speaker.open."""
    drained: asyncio.Queue[Event] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    speaker = build_hardware.speaker(
        sound.config,
        sound.speaker_card,
        sound.config.speaker.gain,
        lambda event: _forward(loop, drained, event),
    )
    await speaker.open()
    speaker.insert(pcm, 1)
    end = await drained.get()
    assert isinstance(end, PlaybackDrained)
    await asyncio.sleep(end.at - time.monotonic())
    await speaker.close()


def _forward(
    loop: asyncio.AbstractEventLoop, drained: "asyncio.Queue[Event]", event: Event
) -> None:
    if isinstance(event, PlaybackDrained):
        loop.call_soon_threadsafe(drained.put_nowait, event)
