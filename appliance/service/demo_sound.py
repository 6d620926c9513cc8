# SPDX-License-Identifier: MIT
"""Which microphone and which speaker a demo has, and who talks into the microphone."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.core.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ
from appliance.hardware.sound_card import (
    AlsaCard,
    Card,
    DeviceUnavailable,
    DeviceUnknown,
)
from appliance.service.config import Config
from appliance.simulator.virtual_card import VirtualCard
from appliance.simulator.wav import WavUnusable, read_wav
from appliance.simulator.wav_card import RecordingCard, WavCard

#: Made with espeak-ng and sox for this project.
QUESTION = Path(__file__).parents[1] / "simulator" / "question.wav"
ANSWER = Path("answer.wav")

_ALSA = "alsa:"


@dataclass(frozen=True, slots=True)
class Sound:
    """The cards of a demo, and its configuration with their devices."""

    config: Config
    microphone_card: Card
    speaker_card: Card
    #: Ask the question; silence where the microphone is a real one.
    ask: Callable[[], None]
    #: Where the answer is written, if it is.
    wav: Path | None


def question() -> bytes:
    """s16le mono at 16 kHz."""
    return read_wav(QUESTION, CAPTURE_RATE_HZ)


async def choose_sound(
    config: Config, *, microphone: str | None, speaker: str | None
) -> Sound:
    """The sound of `--mic` and `--speaker`: a WAV file, alsa:NAME, or the default.

    Raises:
        WavUnusable: the microphone's file cannot be read or is of the wrong kind.
    """
    if microphone and speaker and Path(microphone) == Path(speaker):
        raise WavUnusable(f"{speaker}: --speaker would overwrite what --mic plays")
    alsa = AlsaCard()
    ask: Callable[[], None] = _nothing
    microphone_card: Card = alsa
    if microphone is None:
        said = WavCard()
        microphone_card, ask = said, lambda: said.say(question())
    elif microphone.startswith(_ALSA):
        config = _with_device(config, "microphone", microphone)
    else:
        ambience = read_wav(Path(microphone), CAPTURE_RATE_HZ)
        microphone_card = WavCard(ambience=ambience)
    wav: Path | None = None
    speaker_card: Card = alsa
    if speaker is not None and speaker.startswith(_ALSA):
        config = _with_device(config, "speaker", speaker)
    elif speaker is not None:
        wav = Path(speaker)
        speaker_card = WavCard(heard=wav)
    else:
        wav = ANSWER
        there = await _is_there(alsa, config)
        speaker_card = RecordingCard(alsa, wav) if there else WavCard(heard=wav)
    return Sound(config, microphone_card, speaker_card, ask, wav)


def virtual_sound(config: Config, directory: Path) -> Sound:
    """Real PyAudio on a virtual card in `directory`, for this process.

    Raises:
        VirtualCardUnavailable: it cannot be built here.
    """
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    config = _with_device(config, "microphone", "alsa:microphone")
    config = _with_device(config, "speaker", "alsa:speaker")
    alsa = AlsaCard()
    return Sound(
        config,
        alsa,
        RecordingCard(alsa, ANSWER),
        lambda: card.say(question()),
        ANSWER,
    )


def _with_device(config: Config, section: str, name: str) -> Config:
    device = getattr(config, section).changed(device=name.removeprefix(_ALSA))
    return config.changed(**{section: device})


async def _is_there(card: AlsaCard, config: Config) -> bool:
    """Whether this machine has a speaker."""
    frames = config.speaker.period_frames
    try:
        stream = await card.open_playback(
            config.speaker.device, PLAYBACK_RATE_HZ, frames, lambda _: bytes(2 * frames)
        )
    except (DeviceUnknown, DeviceUnavailable):
        return False
    await stream.close()
    return True


def _nothing() -> None:
    """A real microphone hears whoever is there."""
