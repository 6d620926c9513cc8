# SPDX-License-Identifier: MIT
"""Says a sentence without a running box: in a demo, and when it cannot start."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.config.file import Config
from appliance.core.earcons import earcon_pcm
from appliance.core.events import Event, PlaybackDrained
from appliance.core.sentences import Sentence
from appliance.core.signals import TABLE, Signal
from appliance.hardware.card import Card, CardHung, DeviceUnavailable, DeviceUnknown
from appliance.service import build_hardware
from appliance.speech import network, status
from appliance.speech.espeak import SpeechUnavailable, synthesize
from appliance.speech.language import FALLBACK, LANGUAGES, language
from appliance.speech.words import words

#: Where there is none.
_ADDRESS, _WIFI, _PERCENT = "192.168.1.23", network.Wifi("Home", 72), 100
#: systemd waits for half a minute for a service to start, or to end.
_LIMIT_S = 20.0
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
    return _earcon(sentence) + b"".join(speech)


def _earcon(sentence: Sentence) -> bytes:
    """The sound before it, and a pause; most of what is only said has none."""
    signals = {Sentence.READY: Signal.STARTING, Sentence.CONFIGURATION: Signal.REFUSED}
    signal = Signal.__members__.get(sentence.name) or signals.get(sentence)
    earcon = TABLE[signal].earcon if signal else None
    return earcon_pcm(earcon) + _PAUSE if earcon else b""


def _texts(sentence: Sentence, code: str) -> Iterator[str]:
    said = words(code)
    whole = status.fixed(said, network.host_name())
    yield whole[sentence]
    if sentence is Sentence.READY:
        yield whole[Sentence.HOST]
        address = network.address() or _ADDRESS
        yield from status.changing(said, address, _WIFI, _PERCENT)
        yield whole[Sentence.VERSION]


async def say_why_it_ends(config: Config, card: Card) -> None:
    """That the configuration is wrong, where that can be heard; the journal says more.

    `config`: the defaults, if it cannot be read.
    """
    sentence = Sentence.CONFIGURATION
    pcm = _earcon(sentence)
    if config.speech.sentences:
        with contextlib.suppress(SpeechUnavailable):
            pcm = sound_of(sentence, spoken_language(config))
    with contextlib.suppress(DeviceUnavailable, DeviceUnknown, CardHung, TimeoutError):
        async with asyncio.timeout(_LIMIT_S):
            await play(pcm, config, card)


async def play(pcm: bytes, config: Config, card: Card) -> None:
    """Returns once it has been heard. Raises as Speaker.open."""
    drained: asyncio.Queue[Event] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    speaker = build_hardware.speaker(
        config,
        card,
        config.speaker.gain,
        lambda event: _forward(loop, drained, event),
    )
    await speaker.open()
    # Closing cuts off what the card still holds.
    speaker.insert(pcm + 5 * _PAUSE, 1)
    end = await drained.get()
    assert isinstance(end, PlaybackDrained)
    await asyncio.sleep(end.at - time.monotonic())
    await speaker.close()


def _forward(
    loop: asyncio.AbstractEventLoop, drained: "asyncio.Queue[Event]", event: Event
) -> None:
    if isinstance(event, PlaybackDrained):
        loop.call_soon_threadsafe(drained.put_nowait, event)
